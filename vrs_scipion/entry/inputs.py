"""What a validation can be given: one line for each input, in the order of preparing."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from vrs_scipion.entry.entry import Entry
from vrs_scipion.entry.input import Field, Input
from vrs_scipion.entry.prepare_half_maps import HALF_MAPS
from vrs_scipion.entry.prepare_map import MAP
from vrs_scipion.entry.prepare_model import MODEL
from vrs_scipion.entry.request import Request
from vrs_scipion.files import InputError

INPUTS: dict[str, Input] = {one.key: one for one in (MAP, HALF_MAPS, MODEL)}

FIELDS: dict[str, Field] = {one.key: one for kind in INPUTS.values() for one in kind.fields}
"""Everything that can be asked for, by its key; those of the first input come first."""


def given_inputs(request: Request) -> tuple[Input, ...]:
    """The inputs that a request gives, in the order of preparing."""
    return tuple(one for one in INPUTS.values() if one.is_given(request))


def given_keys(request: Request) -> list[str]:
    """The keys of the inputs that a request gives, in the order of preparing."""
    return [one.key for one in given_inputs(request)]


def inspect(request: Request) -> dict[str, Any]:
    """Read everything that a request gives and refuse what cannot be validated; writes nothing.

    Returns
    -------
    dict
        What was inspected, by the keys of the inputs.

    Raises
    ------
    InputError
        one sentence that names the file, what is wrong and what to do.
    """
    _refuse_what_would_be_ignored(request)
    found: dict[str, Any] = {}
    for one in given_inputs(request):
        missing = [key for key in one.after if key not in found]
        if missing:
            needed = " and ".join(INPUTS[key].noun for key in missing)
            path = next(request.path(f.key) for f in one.fields if f.key in request.values)
            raise InputError(path or one.title, f"{one.noun} cannot be validated without {needed}")
        found[one.key] = one.inspect(request, found)
    return found


def _refuse_what_would_be_ignored(request: Request) -> None:
    """Refuse what goes with an input that is not given."""
    for one in INPUTS.values():
        named = [field for field in one.fields if field.key in request.values]
        if named and not one.is_given(request):
            raise InputError(
                named[0].option, f"it means nothing without {one.noun}; give {one.options} too"
            )


def prepare(request: Request, folder: Path, inspected: Mapping[str, Any] | None = None) -> Entry:
    """Prepare everything that a request gives, each input in a subfolder of ``folder``.

    An input is complete when its record is there: it is written last. ``inspected`` spares reading
    again what was just inspected.

    Raises
    ------
    InputError
        if something cannot be validated: before anything is written, but for what can only be seen
        once the inputs before it are prepared.
    """
    entry = Entry({})
    for key, found in (inspect(request) if inspected is None else inspected).items():
        INPUTS[key].prepare(found, entry, folder / key)
        entry = Entry({**entry.folders, key: folder / key})
    return entry
