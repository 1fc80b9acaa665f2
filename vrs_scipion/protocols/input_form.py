"""The parts of a form that ask for inputs, and the prepared inputs that a protocol points to."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyworkflow.protocol.params as params
from pwem.protocols import EMProtocol

from vrs_scipion.entry.entry import Entry
from vrs_scipion.entry.input import Field, Kind
from vrs_scipion.entry.inputs import INPUTS
from vrs_scipion.objects import VrsEntry, VrsHalfMaps, VrsModel, VrsPrepared


@dataclass(frozen=True)
class Pointer:
    """How a form points to a prepared input: the parameter's name, and the class of the object."""

    name: str
    kind: type[VrsPrepared]


POINTERS = {
    "map": Pointer("inputEntry", VrsEntry),
    "half_maps": Pointer("inputHalfMaps", VrsHalfMaps),
    "model": Pointer("inputModel", VrsModel),
}
"""By the key of the input."""


def add_pointers(form: Any, keys: Iterable[str], optional: Collection[str] = ()) -> None:
    """Ask for prepared inputs; without one that is not optional the protocol cannot be run."""
    for key in keys:
        one, pointer = INPUTS[key], POINTERS[key]
        form.addParam(
            pointer.name,
            params.PointerParam,
            pointerClass=pointer.kind.__name__,
            important=True,
            allowsNull=key in optional,
            label=f"Prepared {one.title[:1].lower()}{one.title[1:]}",
            help=f"Output of the protocol 'prepare {one.title.lower()}'."
            + (" None where there is none." if key in optional else ""),
        )


def add_outcomes(form: Any, about: str, *, required: bool = False) -> None:
    """Ask for outcomes of checks whose results are read; ``about`` says of which."""
    form.addParam(
        "inputResults",
        params.MultiPointerParam,
        pointerClass="VrsCheckOutcome",
        important=required,
        allowsNull=not required,
        label="Outcomes",
        help=about,
    )


def earlier_folders(protocol: EMProtocol) -> dict[str, Path]:
    """The folders of the results that a protocol points to, by the codes of their checks."""
    outcomes = [outcome for p in protocol.inputResults if (outcome := p.get()) is not None]
    return {outcome.getCode(): outcome.getFolder() for outcome in outcomes}


def add_field(form: Any, field: Field, **options: Any) -> None:
    """Ask for one field of an input."""
    name = options.pop("name", field.key)
    kinds: dict[Kind, tuple[Any, dict[str, Any]]] = {
        Kind.PATH: (params.FileParam, {"allowsNull": True}),
        Kind.NUMBER: (params.FloatParam, {} if field.required else {"default": 0}),
        Kind.TEXT: (params.StringParam, {"default": ""}),
    }
    kind, usual = kinds[field.kind]
    said = {"label": field.title, "help": field.help, "important": field.required}
    form.addParam(name, kind, **{**said, **usual, **options})


def prepared_folders(protocol: EMProtocol) -> dict[str, Path]:
    """The folders of the prepared inputs that a protocol points to, by key."""
    found = {}
    for key, pointer in POINTERS.items():
        pointing = getattr(protocol, pointer.name, None)
        prepared = None if pointing is None else pointing.get()
        if prepared is not None:
            found[key] = prepared.getFolder()
    return found


def entry_of(protocol: EMProtocol) -> Entry:
    """The prepared inputs that a protocol points to."""
    return Entry(prepared_folders(protocol))


def main_pointer(protocol: EMProtocol, keys: Iterable[str]) -> Any:
    """The pointer to the first of some inputs that is set: what outputs are said to come from."""
    named = (getattr(protocol, POINTERS[key].name, None) for key in keys)
    return next((one for one in named if one is not None and one.get() is not None), None)
