"""Engines: what a method can be computed with, and which of them is really here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

AUTO = "auto"
BUILTIN = "builtin"


class EngineUnavailableError(RuntimeError):
    """An engine was asked for that is not here: one sentence that says how to get it."""


@dataclass(frozen=True)
class Availability:
    """Whether an external engine is here.

    Attributes
    ----------
    name : as on the command line, e.g. 'xmipp'
    here : program, package and whatever else it needs were found
    detail : its version where it is here, else how to get it
    preferred : whether 'auto' takes it where it is here
    """

    name: str
    here: bool
    detail: str
    preferred: bool = True


def choose(asked: str, external: Sequence[Availability]) -> str:
    """Name of the engine to use.

    Parameters
    ----------
    asked : 'auto', 'builtin' or the name of an external engine
    external : the external engines of the method, best first

    Raises
    ------
    EngineUnavailableError
        if the engine asked for is not here.
    ValueError
        if the method has no such engine.
    """
    if asked == BUILTIN:
        return BUILTIN
    if asked == AUTO:
        return next((e.name for e in external if e.here and e.preferred), BUILTIN)
    for engine in external:
        if engine.name == asked:
            if not engine.here:
                raise EngineUnavailableError(f"{asked} is not available here: {engine.detail}")
            return asked
    raise ValueError(f"there is no engine {asked!r} for this method")
