"""The fields of the inputs as options of a command: made from the table, typed nowhere else."""

from __future__ import annotations

import argparse

from vrs_scipion.entry.input import Field
from vrs_scipion.entry.inputs import FIELDS, INPUTS
from vrs_scipion.entry.request import Value
from vrs_scipion.files import InputError

FIRST = next(iter(FIELDS))
"""The field that is given without an option."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Ask for everything that people type, the first input's own file by its place."""
    for one in INPUTS.values():
        group = parser.add_argument_group(one.title.lower())
        for field in one.fields:
            if not field.offered:
                continue
            said = f"{field.title}: {field.help[:1].lower()}{field.help[1:]} {field.besides}"
            said = said.strip().replace("%", "%%")
            if field.key == FIRST:
                group.add_argument(field.key, metavar=field.metavar, nargs="?", help=said)
            else:
                group.add_argument(field.option, metavar=field.metavar, help=said)


def given(options: argparse.Namespace) -> dict[str, Value]:
    """What was given, by the keys of the fields.

    Raises
    ------
    InputError
        if something should be a number and is none.
    """
    said = {field.key: getattr(options, field.key, None) for field in FIELDS.values()}
    return {
        key: _value(FIELDS[key], str(value))
        for key, value in said.items()
        if value not in (None, "")
    }


def _value(field: Field, text: str) -> Value:
    try:
        return field.value(text)
    except ValueError as error:
        raise InputError(field.option, f"{error}; give a number") from error
