"""What an input is: the fields that ask for it, how it is inspected, and how it is prepared."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

from vrs_scipion.entry.entry import Entry
from vrs_scipion.entry.records import InputRecord
from vrs_scipion.entry.request import Request, Value
from vrs_scipion.entry.words import number_from
from vrs_scipion.maps.location import location_path


class Kind(str, Enum):
    """What a value is."""

    PATH = "path"
    NUMBER = "number"
    TEXT = "text"


@dataclass(frozen=True)
class Field:
    """One thing that can be given.

    Attributes
    ----------
    key : its name in tables, in ``request.json``, in forms and, with dashes, on the command line
    kind : what its values are
    label, help : as a form and the help of the command say it
    unit : of a number
    besides : what else the command understands, in a sentence
    metavar : stands for the value in the help of the command
    required : whether the input is not given without it
    offered : whether people type it; else programs hand it on
    identifies : whether another value makes another validation
    copied : whether the file is small, and kept beside the results
    in_words : what else stands for a number, put in the words that are understood further on, or
        None for what does not; None where only numbers do
    """

    key: str
    kind: Kind
    label: str
    help: str
    unit: str = ""
    besides: str = ""
    metavar: str = ""
    required: bool = False
    offered: bool = True
    identifies: bool = True
    copied: bool = False
    in_words: Callable[[str], str | None] | None = None

    @property
    def option(self) -> str:
        """On the command line."""
        return f"--{self.key.replace('_', '-')}"

    @property
    def title(self) -> str:
        """The label with the unit."""
        return f"{self.label} ({self.unit})" if self.unit else self.label

    def value(self, text: str) -> Value:
        """The value that a text stands for.

        Raises
        ------
        ValueError
            if it should be a number and is none.
        """
        if self.kind is Kind.NUMBER:
            words = self.in_words(text) if self.in_words else None
            return number_from(text, self.unit) if words is None else words
        return location_path(text) if self.kind is Kind.PATH else text


@dataclass(frozen=True)
class Input:
    """Something that a validation can be given.

    Attributes
    ----------
    key : its name in ``report.json`` and of its folder
    title : for the head of a section, e.g. 'Half maps'
    noun : for the middle of a sentence, e.g. 'the two half maps'
    fields : what asks for it; it is given when one that is required is
    instead : fields of another input that it can be made from where it is not given itself
    inspect : reads it and refuses what cannot be validated, writing nothing: from the request and
        what was inspected or prepared before, by key, to something with ``warnings``
    prepare : writes what was inspected into a folder, its record last: from what was inspected and
        the inputs prepared before
    after : keys of the inputs that it is prepared after
    """

    key: str
    title: str
    noun: str
    fields: tuple[Field, ...]
    inspect: Callable[[Request, Mapping[str, Any]], Any]
    prepare: Callable[[Any, Entry, Path], InputRecord]
    after: tuple[str, ...] = ()
    instead: tuple[str, ...] = ()

    def is_given(self, request: Request) -> bool:
        """Whether the request holds anything that this input cannot do without."""
        return self.is_named(request) or any(key in request.values for key in self.instead)

    def is_named(self, request: Request) -> bool:
        """The same of the input's own fields."""
        return any(one.key in request.values for one in self.fields if one.required)

    @property
    def options(self) -> str:
        """What gives it on the command line, e.g. '--half1, --half2'."""
        return ", ".join(one.option for one in self.fields if one.required)
