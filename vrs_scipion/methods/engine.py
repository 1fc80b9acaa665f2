"""Engines: what a method can be computed with, and which of them is really here."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

AUTO = "auto"
BUILTIN = "builtin"


class EngineUnavailableError(RuntimeError):
    """An engine was asked for that is not here: one sentence that says how to get it."""


class EngineFailedError(RuntimeError):
    """An external engine did not do its work: one sentence that says what happened."""


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

    @property
    def absence(self) -> str:
        """That it is not here, and how to get it."""
        return f"{self.name} is not available here: {self.detail}"


@dataclass(frozen=True)
class Choice:
    """The engine to use, and why it is not one that would have been taken before it."""

    name: str
    why_no_other: str = ""


def choose(asked: str, external: Callable[[], Sequence[Availability]]) -> Choice:
    """The engine to use.

    Parameters
    ----------
    asked : 'auto', 'builtin' or the name of an external engine
    external : looks for the external engines of the method, best first

    Raises
    ------
    EngineUnavailableError
        if the engine asked for is not here.
    ValueError
        if the method has no such engine.
    """
    if asked == BUILTIN:
        return Choice(BUILTIN)
    if asked == AUTO:
        preferred = [engine for engine in external() if engine.preferred]
        taken = next((engine.name for engine in preferred if engine.here), BUILTIN)
        absent = [engine.absence for engine in preferred if not engine.here]
        return Choice(taken, "" if taken != BUILTIN else "; ".join(absent))
    for engine in external():
        if engine.name == asked:
            if not engine.here:
                raise EngineUnavailableError(engine.absence)
            return Choice(asked)
    raise ValueError(f"there is no engine {asked!r} for this method")
