"""What a check is: a question with its limits and references, and a function that answers it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from vrs_scipion import __version__
from vrs_scipion.entry.model import Entry
from vrs_scipion.methods.engine import BUILTIN, Availability
from vrs_scipion.results import (
    Column,
    Criterion,
    Engine,
    Figure,
    Measurement,
    OutputVolume,
    Reference,
    ResolutionEstimate,
    Table,
)


@dataclass(frozen=True)
class Limit:
    """A limit of a criterion: its only home. The protocol offers it as an advanced parameter."""

    key: str
    default: float
    unit: str
    label: str
    help: str


@dataclass(frozen=True)
class Task:
    """One check of one entry.

    Attributes
    ----------
    entry, entry_folder : the prepared map
    folder : where the check may write figures and volumes
    limits : value of every limit of the check, by key
    engine : 'auto', or the engine asked for
    threads : how many threads the check may use
    """

    entry: Entry
    entry_folder: Path
    folder: Path
    limits: Mapping[str, float]
    engine: str = "auto"
    threads: int = 1


def builtin_engine() -> Engine:
    """The engine of checks that the package computes itself."""
    return Engine(name=BUILTIN, version=__version__)


@dataclass
class Findings:
    """What a check found, gathered while it runs.

    ``headline`` is the check's sentence in the report's summary; ``does_not_apply`` says why
    there is no verdict, if there is none; ``remarks`` are warnings beyond the failed criteria.
    """

    engine: Engine = field(default_factory=builtin_engine)
    does_not_apply: str = ""
    headline: str = ""
    paragraphs: list[str] = field(default_factory=list)
    measurements: dict[str, Measurement] = field(default_factory=dict)
    tables: dict[str, Table] = field(default_factory=dict)
    figures: list[Figure] = field(default_factory=list)
    volumes: list[OutputVolume] = field(default_factory=list)
    criteria: list[Criterion] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    resolution_estimate: ResolutionEstimate | None = None

    def measure(self, key: str, value: float | None, unit: str, description: str) -> None:
        """Note one number under the key that other programs rely on."""
        self.measurements[key] = Measurement(value=value, unit=unit, description=description)

    def tabulate(
        self, key: str, caption: str, columns: list[Column], rows: Sequence[tuple[float | str, ...]]
    ) -> None:
        """Note a table."""
        self.tables[key] = Table(caption=caption, columns=tuple(columns), rows=tuple(rows))

    @property
    def warnings(self) -> tuple[str, ...]:
        """One sentence per failed criterion that decides, then the remarks."""
        failed = [c.sentence for c in self.criteria if c.role == "verdict" and not c.passed]
        return (*failed, *self.remarks)


@dataclass(frozen=True)
class Check:
    """A check as the report and the protocols know it.

    Attributes
    ----------
    code : its letter inside its level, e.g. '0.b'
    name : as in the table of checks
    purpose : one line
    explanation : paragraph of the report that says what is measured and why
    answer : the function that measures
    limits : of its criteria
    advice : by criterion's key, what its failure most often means and what to try next
    references : papers of the method
    engines : names that may be asked for, besides 'auto'
    external : looks for the external ones, best first
    """

    code: str
    name: str
    purpose: str
    explanation: str
    answer: Callable[[Task], Findings]
    limits: tuple[Limit, ...] = ()
    advice: Mapping[str, str] = field(default_factory=dict, hash=False)
    references: tuple[Reference, ...] = ()
    engines: tuple[str, ...] = (BUILTIN,)
    external: Callable[[], Sequence[Availability]] = tuple

    def advised(self, criterion: Criterion) -> Criterion:
        """A criterion with the check's advice, if it was not met."""
        if criterion.passed:
            return criterion
        return criterion.model_copy(update={"advice": self.advice.get(criterion.key, "")})

    def limit_values(self, given: Mapping[str, float] | None = None) -> dict[str, float]:
        """Every limit's value: the given one, or its default.

        Raises
        ------
        ValueError
            if a limit is given that the check does not have.
        """
        values = {limit.key: limit.default for limit in self.limits}
        unknown = set(given or {}) - set(values)
        if unknown:
            raise ValueError(f"check {self.code} has no limit {', '.join(sorted(unknown))}")
        return values | dict(given or {})
