"""0.d's and 0.f's verdict: is a B-factor that of a map neither over- nor undersharpened?

B-factors are in Å², negative where amplitudes decay. What a well sharpened map has grows with the
square of its resolution d: a limit in squares of d joins the one in Å², and the laxer of both
counts (measured by benchmarks/verdicts).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from vrs_scipion.checks.check import Findings, Limit
from vrs_scipion.results import Criterion
from vrs_scipion.results.numbers import number

LOWEST, LOWEST_SQUARES = "b_factor_lowest", "b_factor_lowest_squares"
HIGHEST, HIGHEST_SQUARES = "b_factor_highest", "b_factor_highest_squares"


SERVICE_LOWEST, DECAY_SQUARES = -300.0, -15.0
"""What the B-factor of a map's Guinier plot falls to, in Å² and in squares of the resolution, if
nobody blurred or low-pass filtered the map."""


def decays_plausibly(b_factor: float, resolution: float) -> bool:
    """Whether a map of this resolution (Å) that nobody filtered may have this B-factor (Å²)."""
    return b_factor >= min(SERVICE_LOWEST, DECAY_SQUARES * resolution**2)


def sharpening_limits(what: str, lowest: float, highest: float) -> tuple[Limit, ...]:
    """The limits of a check that judges ``what``.

    ``lowest`` and ``highest`` are those in squares of the resolution; in Å² they are the Validation
    Report Service's, −300 and 0.
    """
    return (
        Limit(
            LOWEST,
            SERVICE_LOWEST,
            "Å²",
            f"Lowest {what}",
            f"The check warns when the {what} is below this and below the next limit: the map is "
            "undersharpened. Decaying amplitudes have a negative B-factor.",
        ),
        Limit(
            LOWEST_SQUARES,
            lowest,
            "d²",
            f"Lowest {what} in squares of the resolution",
            f"The check warns when the {what} divided by the square of the resolution d is below "
            "this and the limit in Å² is passed too: coarse maps, well sharpened, have B-factors "
            "that a fine map never has.",
        ),
        Limit(
            HIGHEST,
            0.0,
            "Å²",
            f"Highest {what}",
            f"The check warns when the {what} is above this and above the next limit: the map is "
            "oversharpened.",
        ),
        Limit(
            HIGHEST_SQUARES,
            highest,
            "d²",
            f"Highest {what} in squares of the resolution",
            f"The check warns when the {what} divided by the square of the resolution d is above "
            "this and the limit in Å² is passed too: an amplitude is never measured exactly.",
        ),
    )


@dataclass(frozen=True)
class _Bound:
    """A limit of the Validation Report Service, in Å², and ours in squares of the resolution."""

    fixed: float
    squares: float
    resolution: float

    @property
    def measured(self) -> float:
        return self.squares * self.resolution**2


@dataclass(frozen=True)
class Accepted:
    """The B-factors in Å² that draw no warning."""

    below: _Bound
    above: _Bound

    @classmethod
    def at(cls, resolution: float, limits: Mapping[str, float]) -> Accepted:
        """For a map of this resolution in Å."""
        return cls(
            _Bound(limits[LOWEST], limits[LOWEST_SQUARES], resolution),
            _Bound(limits[HIGHEST], limits[HIGHEST_SQUARES], resolution),
        )

    @property
    def lowest(self) -> float:
        return min(self.below.fixed, self.below.measured)

    @property
    def highest(self) -> float:
        return max(self.above.fixed, self.above.measured)

    def judge(self, found: Findings, b_factor: float, subject: str) -> str:
        """Note the criteria; 'undersharpened', 'oversharpened', or '' for neither."""
        under, over = b_factor < self.lowest, b_factor > self.highest

        def criterion(
            key: str,
            comparison: Literal["<=", ">="],
            limit: float,
            detail: str,
            role: Literal["verdict", "advice"] = "verdict",
        ) -> Criterion:
            return Criterion(
                key=key,
                subject=subject,
                value=b_factor,
                comparison=comparison,
                limit=limit,
                unit="Å²",
                detail=detail,
                role=role,
            )

        found.criteria += [
            criterion(LOWEST, ">=", self.lowest, "the map is undersharpened" if under else ""),
            criterion(HIGHEST, "<=", self.highest, "the map is oversharpened" if over else ""),
        ]
        if self.lowest < self.below.fixed:
            found.criteria.append(
                criterion(f"{LOWEST}_fixed", ">=", self.below.fixed, _reason(self.below), "advice")
            )
        if self.highest > self.above.fixed:
            found.criteria.append(
                criterion(f"{HIGHEST}_fixed", "<=", self.above.fixed, _reason(self.above), "advice")
            )
        return "undersharpened" if under else "oversharpened" if over else ""


def _reason(bound: _Bound) -> str:
    return (
        "the limit of the Validation Report Service at any resolution; at this one the limit is "
        f"{number(bound.squares)}·d²"
    )
