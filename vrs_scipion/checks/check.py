"""What a check is: a question with its limits and references, and a function that answers it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from vrs_scipion.entry.entry import Entry
from vrs_scipion.maps.kind import Trait
from vrs_scipion.methods.engine import BUILTIN, Availability
from vrs_scipion.results import Reference
from vrs_scipion.results.model import Comparison, Role
from vrs_scipion.results.numbers import number

if TYPE_CHECKING:
    from vrs_scipion.checks.findings import Findings
    from vrs_scipion.checks.task import Task

SERVICE = "the Validation Report Service"


@dataclass(frozen=True)
class Parameter:
    """A number that a form asks for."""

    key: str
    default: float
    unit: str
    label: str
    help: str

    @property
    def title(self) -> str:
        """The label with the unit."""
        return f"{self.label} ({self.unit})" if self.unit else self.label


@dataclass(frozen=True)
class Growth:
    """How a limit is relaxed as maps get coarser: to ``default`` · d ** ``power``, d in Å.

    The laxer of this and the fixed limit counts; the fixed one is then the service's, unless
    ``fixed_by_service`` says that it is ours.
    """

    default: float
    power: int
    label: str
    help: str
    fixed_by_service: bool = True

    @property
    def unit(self) -> str:
        return {1: "d", 2: "d²", 3: "d³"}[self.power]

    @property
    def suffix(self) -> str:
        return {1: "share", 2: "squares", 3: "cubes"}[self.power]


@dataclass(frozen=True)
class Limit:
    """A limit of a criterion: its only home.

    Attributes
    ----------
    key : of the criterion, and of the advanced parameter that the protocol offers
    default, unit : of the limit
    label, help : as the form says it
    subject : what is held against it, e.g. 'the largest decentering'
    comparison : how
    role : whether it decides the outcome, or is printed beside
    advice : what a failure most often means and what to try next
    service : the limit of the Validation Report Service, where that is another
    service_words : what to call that one
    grows : how it is relaxed for coarse maps
    """

    key: str
    default: float
    unit: str
    label: str
    help: str
    subject: str
    comparison: Comparison
    role: Role = "verdict"
    advice: str = ""
    service: float | None = None
    service_words: str = f"the limit of {SERVICE}"
    grows: Growth | None = None

    @property
    def parameters(self) -> Iterator[Parameter]:
        """What the form asks for."""
        yield Parameter(self.key, self.default, self.unit, self.label, self.help)
        if self.grows is not None:
            yield Parameter(
                f"{self.key}_{self.grows.suffix}",
                self.grows.default,
                self.grows.unit,
                self.grows.label,
                self.grows.help,
            )

    def at(self, values: Mapping[str, float], resolution: float | None = None) -> float:
        """The limit at a resolution (Å), from the values of all parameters of the check."""
        fixed = values[self.key]
        if self.grows is None or resolution is None:
            return fixed
        grown = values[f"{self.key}_{self.grows.suffix}"] * resolution**self.grows.power
        return max(fixed, grown) if self.comparison in ("<", "<=") else min(fixed, grown)

    def services(self, values: Mapping[str, float], limit: float) -> tuple[float, str] | None:
        """The service's own limit and what to call it, where it is another than ``limit``."""
        grows = self.grows if self.grows is not None and self.grows.fixed_by_service else None
        own = self.service if grows is None else values[self.key]
        if own is None or own == limit:
            return None
        if grows is None:
            return own, self.service_words
        factor = number(values[f"{self.key}_{grows.suffix}"])
        return own, (
            f"{self.service_words} at any resolution; at this one the limit is "
            f"{factor}·{grows.unit}"
        )


def always(entry: Entry) -> str:
    """The reason why a check does not apply to an entry: none."""
    return ""


def no_other(entry: Entry | None) -> Sequence[Availability]:
    """The engines of a check beside what is built in: none."""
    return ()


@dataclass(frozen=True)
class Check:
    """A check as the report and the protocols know it.

    Attributes
    ----------
    code : its letter inside its level, e.g. '0.b'
    name : as in the table of checks
    label : in a word or two, for boxes of a project
    purpose : one line
    in_short : what is measured, and what decides, in the few sentences that the README has
    explanation : paragraph of the report that says what is measured and why
    answer : the function that measures
    needs : keys of the inputs that it measures
    after : codes of the checks whose results it reads
    listens_to : codes of the checks whose results it reads where they are made
    relies_on : what the map must have for it; what a kind of volume lacks, `maps.kind` says
    applies : from the entry to the reason why it does not apply; '' where it does
    limits : of its criteria
    references : papers of the method
    engines : names that may be asked for, besides 'auto'
    external : looks for the external ones, best first, for an entry or for none in particular
    differs : where it deviates from the Validation Report Service, and why
    volumes : float32 volumes of the map's size that it holds at once
    judges : whether it ends with a verdict; a look at an input does not
    """

    code: str
    name: str
    label: str
    purpose: str
    explanation: str
    answer: Callable[[Task], Findings]
    needs: tuple[str, ...] = ("map",)
    after: tuple[str, ...] = ()
    listens_to: tuple[str, ...] = ()
    relies_on: tuple[Trait, ...] = (Trait.DENSITY,)
    applies: Callable[[Entry], str] = always
    limits: tuple[Limit, ...] = ()
    references: tuple[Reference, ...] = ()
    engines: tuple[str, ...] = (BUILTIN,)
    external: Callable[[Entry | None], Sequence[Availability]] = no_other
    differs: str = ""
    volumes: int = 16
    judges: bool = True
    in_short: str = ""

    def does_not_apply(self, entry: Entry) -> str:
        """The reason why it does not apply to an entry; '' where it does."""
        return entry.map.recognised.unfit(self.relies_on) or self.applies(entry)

    @property
    def earlier(self) -> tuple[str, ...]:
        """Codes of the checks that are done before it, where they are done at all."""
        return (*self.after, *self.listens_to)

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """What its form asks for."""
        return tuple(parameter for limit in self.limits for parameter in limit.parameters)

    def limit(self, key: str) -> Limit:
        """One of its limits."""
        return next(limit for limit in self.limits if limit.key == key)

    def limit_values(self, given: Mapping[str, float] | None = None) -> dict[str, float]:
        """Every parameter's value: the given one, or its default.

        Raises
        ------
        ValueError
            if a limit is given that the check does not have.
        """
        values = {parameter.key: parameter.default for parameter in self.parameters}
        unknown = set(given or {}) - set(values)
        if unknown:
            raise ValueError(f"check {self.code} has no limit {', '.join(sorted(unknown))}")
        return values | dict(given or {})
