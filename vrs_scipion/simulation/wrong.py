"""Something that is wrong by intent: what it is, and how much of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, TypeVar

import numpy as np
from pydantic import ValidationError, model_validator

from vrs_scipion.simulation.record import Parameters, first_problem

Subject = TypeVar("Subject")
_Some = TypeVar("_Some", bound="Wrong")


@dataclass(frozen=True)
class Kind(Generic[Subject]):
    """A way to be wrong.

    Attributes
    ----------
    words : what is wrong; ``unit`` says in what its size is counted, '' if it has none
    usual : size where none is given
    least, most : sizes that make sense
    apply : makes it so
    in_the_data : whether it is there before the map is made
    """

    words: str
    apply: Callable[[Subject, float], Subject]
    unit: str = ""
    usual: float = 1.0
    least: float = -np.inf
    most: float = np.inf
    in_the_data: bool = False

    @property
    def help(self) -> str:
        """What it is, and its usual size."""
        return f"{self.words}, {self.usual:g} {self.unit}" if self.unit else self.words


class Wrong(Parameters):
    """A kind, of those that there are, and its size.

    Attributes
    ----------
    KINDS : by name
    NOUN : what they are called
    """

    KINDS: ClassVar[Mapping[str, Kind[Any]]]
    NOUN: ClassVar[str]

    kind: str
    size: float

    @classmethod
    def parsed(cls: type[_Some], text: str) -> _Some:
        """From a name with or without a size, such as 'shared=0.3'.

        Raises
        ------
        ValueError
            If there is no such kind, or none of that size.
        """
        name, _, size = text.partition("=")
        if name not in cls.KINDS:
            raise ValueError(
                f"'{name}' is no {cls.NOUN} that is known; give {', '.join(cls.KINDS)}"
            )
        try:
            number = float(size) if size else cls.KINDS[name].usual
        except ValueError:
            raise ValueError(f"'{size}' is no size of {name}; give a number") from None
        try:
            return cls(kind=name, size=number)
        except ValidationError as error:
            raise ValueError(f"'{text}': {first_problem(error)}") from error

    @model_validator(mode="after")
    def _possible(self) -> Wrong:
        kind = self.KINDS.get(self.kind)
        if kind is None:
            raise ValueError(f"'{self.kind}' is no {self.NOUN} that is known")
        if not kind.least <= self.size <= kind.most:
            raise ValueError(
                f"the size of {self.kind} is from {kind.least:g} to {kind.most:g}, "
                f"not {self.size:g}"
            )
        return self

    @property
    def words(self) -> str:
        """What is wrong, and how much."""
        kind = self.KINDS[self.kind]
        return f"{kind.words}: {self.size:g} {kind.unit}" if kind.unit else kind.words
