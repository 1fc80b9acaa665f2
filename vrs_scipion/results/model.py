"""What a check has to say, as data: the contract between the checks and everything behind them.

Every class here is immutable and is written to and read from JSON through pydantic. Numbers are
JSON numbers; what is not a number (NaN, infinity) becomes null.
"""

from __future__ import annotations

import math
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, computed_field

from vrs_scipion.results.numbers import quantity
from vrs_scipion.results.outcome import Outcome

CHECK_SCHEMA: Literal["vrs-check-result/2"] = "vrs-check-result/2"
REPORT_SCHEMA: Literal["vrs-report/2"] = "vrs-report/2"

Comparison = Literal["<", "<=", ">", ">="]
Role = Literal["verdict", "advice"]


def _finite_or_none(value: Any) -> Any:
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


Number = Annotated[int | float | None, BeforeValidator(_finite_or_none)]


class Record(BaseModel):
    """Immutable, and strict about names: a misspelt key is an error, not a silent loss."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Measurement(Record):
    """One number: ``value`` in ``unit`` ('' when it has none); null when it is undefined."""

    value: Number
    unit: str = ""
    description: str


class Criterion(Record):
    """A measured value held against a limit.

    The sentences that the report prints are made from the same fields that are evaluated, so
    that they cannot disagree. ``verdict`` criteria decide the outcome; ``advice`` ones are
    printed beside them and never change it. A criterion without a value passes when
    ``vacuous`` says why there was nothing to measure, and fails otherwise. ``advice`` is what a
    failure most often means and what to try next.
    """

    key: str
    subject: str
    value: Number
    comparison: Comparison
    limit: float
    unit: str = ""
    role: Role = "verdict"
    detail: str = ""
    vacuous: str = ""
    advice: str = ""

    model_config = ConfigDict(frozen=True, extra="ignore")

    @computed_field  # type: ignore[prop-decorator]
    @property
    def passed(self) -> bool:
        if self.value is None:
            return bool(self.vacuous)
        return {
            "<": self.value < self.limit,
            "<=": self.value <= self.limit,
            ">": self.value > self.limit,
            ">=": self.value >= self.limit,
        }[self.comparison]

    @computed_field  # type: ignore[prop-decorator]
    @property
    def requirement(self) -> str:
        """What is asked, e.g. 'the largest decentering should be below 20 %'."""
        return f"{self.subject} should be {self._bound}"

    @computed_field  # type: ignore[prop-decorator]
    @property
    def sentence(self) -> str:
        """What was found, e.g. 'The largest decentering (X) is 27.1 %; should be below 20 %.'"""
        subject = self.subject[:1].upper() + self.subject[1:]
        if self.detail:
            subject += f" ({self.detail})"
        if self.value is None:
            if self.vacuous:
                return f"{subject} has nothing to be measured on: {self.vacuous}."
            return f"{subject} is undefined."
        near = " (borderline)" if self.is_borderline else ""
        return f"{subject} is {quantity(self.value, self.unit)}; should be {self._bound}{near}."

    @property
    def is_borderline(self) -> bool:
        """Whether the limit is missed by no more than a twentieth of itself."""
        if self.value is None or self.passed:
            return False
        return abs(self.value - self.limit) <= _NEAR * abs(self.limit)

    @property
    def _bound(self) -> str:
        return f"{_WORDS[self.comparison]} {quantity(self.limit, self.unit)}"


_NEAR = 0.05
_WORDS = {"<": "below", "<=": "at most", ">": "above", ">=": "at least"}


class Column(Record):
    """A column of a table: ``format`` is a Python format specification for its numbers."""

    key: str
    label: str
    unit: str = ""
    format: str = ""


class Table(Record):
    """Rows of numbers or words under ``columns``."""

    caption: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Number | str, ...], ...]


class SurfaceColours(Record):
    """How the map's surface was coloured: by which volume, and which values the colours span.

    ``volume`` (MRC) is relative to the result's folder.
    """

    volume: str
    label: str
    low: float
    high: float


class Figure(Record):
    """A picture beside the result: ``file`` is relative to the result's folder.

    ``plot`` names the plot that the picture was drawn from (see `vrs_scipion.results.plots`), and
    ``surface`` the colours of a surface, for readers that can draw either anew.
    """

    key: str
    file: str
    caption: str
    alt: str
    plot: str = ""
    surface: SurfaceColours | None = None


class OutputVolume(Record):
    """A volume that the check computed: ``file`` (MRC) is relative to the result's folder.

    A 'density' is looked at by itself; 'values' (``unit``, '' for none) colour the map, the ends of
    the palette at ``range``, and are 0 where there is none. ``label`` is for colour keys.
    """

    key: str
    file: str
    description: str
    kind: Literal["density", "values"] = "density"
    label: str = ""
    unit: str = ""
    range: tuple[float, float] | None = None


class OutputModel(Record):
    """An atomic model that the check made: ``file`` (mmCIF) is relative to the result's folder."""

    key: str
    file: str
    description: str


class Score(Record):
    """A number, or a word, that a check gives to each residue or atom of the model.

    ``key`` names its column in the file of all scores of the result (see
    `vrs_scipion.models.score_table`), where nothing stands for those that have none. ``worst`` and
    ``best`` are the values of the colours' two ends, whichever is larger; null of words.
    """

    key: str
    of: Literal["residues", "atoms"] = "residues"
    label: str
    description: str
    unit: str = ""
    worst: Number = None
    best: Number = None


class Reference(Record):
    """A publication; ``authors`` as 'Family, I. N.', the last one 'others' where there are more."""

    key: str
    authors: tuple[str, ...] = ()
    year: int | None = None
    title: str
    journal: str = ""
    volume: str = ""
    pages: str = ""
    doi: str

    model_config = ConfigDict(frozen=True, extra="ignore")

    @computed_field  # type: ignore[prop-decorator]
    @property
    def text(self) -> str:
        """As a list of references prints it."""
        if not self.authors:
            return self.title
        names = [
            "et al." if name == "others" else name.replace(",", "").replace(". ", "").rstrip(".")
            for name in self.authors
        ]
        listed = ", ".join(names).replace(", et al.", " et al.")
        place = f"{self.journal} {self.volume}, {self.pages}"
        return f"{listed} ({self.year}). {self.title}. {place}."

    @property
    def bibtex(self) -> str:
        """As BibTeX reads it."""
        fields = {
            "title": self.title,
            "author": " and ".join(self.authors),
            "journal": self.journal,
            "volume": self.volume,
            "pages": self.pages.replace("–", "--"),
            "year": str(self.year),
            "doi": self.doi,
        }
        lines = "".join(f"  {name} = {{{value}}},\n" for name, value in fields.items())
        return f"@article{{{self.key},\n{lines}}}\n"


class Engine(Record):
    """What computed the numbers, precisely enough to compute them again.

    ``why_no_other`` says why it was not the external engine that would have been preferred.
    """

    name: str
    version: str
    arguments: dict[str, Any] = Field(default_factory=dict)
    weights_sha256: str | None = None
    why_no_other: str = ""


class ResolutionEstimate(Record):
    """A resolution in Å that a check found, with the name of its method.

    ``error`` (68 %, Å) is null where the method knows none; ``contradicts`` says that the reported
    resolution is finer than it allows; ``leads`` that it answers the very question to which a
    reported resolution is the answer, and the others are read beside it.
    """

    method: str
    value: float
    error: float | None = None
    contradicts: bool = False
    leads: bool = False


class InputUsed(Record):
    """Which input a result was computed from.

    ``sha256`` are those of the files as they were given; ``prepared`` is that of the files and of
    everything that was asked for with them, such as the contour level.
    """

    sha256: tuple[str, ...]
    prepared: str


class CheckResult(Record):
    """Everything that one check found; written as ``result.json`` beside its files.

    ``paragraphs`` are the results in words. In them ``{fig:KEY}`` and ``{tab:KEY}`` stand for
    references to the check's own figures and tables, which the report numbers. ``inputs`` are what
    it was computed from, by the keys of the inputs.
    """

    schema_version: Literal["vrs-check-result/2"] = Field(default=CHECK_SCHEMA, alias="schema")
    code: str
    name: str
    outcome: Outcome
    reason: str = ""
    headline: str = ""
    explanation: str = ""
    inputs: dict[str, InputUsed] = Field(default_factory=dict)
    paragraphs: tuple[str, ...] = ()
    engine: Engine
    measurements: dict[str, Measurement] = Field(default_factory=dict)
    tables: dict[str, Table] = Field(default_factory=dict)
    figures: tuple[Figure, ...] = ()
    volumes: tuple[OutputVolume, ...] = ()
    models: tuple[OutputModel, ...] = ()
    scores: tuple[Score, ...] = ()
    criteria: tuple[Criterion, ...] = ()
    warnings: tuple[str, ...] = ()
    resolution_estimate: ResolutionEstimate | None = None
    references: tuple[Reference, ...] = ()
    seconds: float = 0.0
    peak_memory_bytes: int = 0

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)
