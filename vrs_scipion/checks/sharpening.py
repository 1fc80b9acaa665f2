"""0.d's and 0.f's verdict: is a B-factor that of a map neither over- nor undersharpened?

B-factors are in Å², negative where amplitudes decay. What a well sharpened map has grows with the
square of its resolution d: a limit in squares of d joins the one in Å², and the laxer of both
counts (measured by benchmarks/verdicts).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from vrs_scipion.checks.check import Findings, Limit
from vrs_scipion.results import Criterion
from vrs_scipion.results.numbers import number

LOWEST, LOWEST_SQUARES, HIGHEST = "b_factor_lowest", "b_factor_lowest_squares", "b_factor_highest"


def sharpening_limits(what: str, squares: float) -> tuple[Limit, ...]:
    """The limits of a check that judges ``what``, whose lowest is ``squares``·d² beyond −300 Å²."""
    return (
        Limit(
            LOWEST,
            -300.0,
            "Å²",
            f"Lowest {what}",
            f"The check warns when the {what} is below this and below the next limit: the map is "
            "undersharpened. Decaying amplitudes have a negative B-factor.",
        ),
        Limit(
            LOWEST_SQUARES,
            squares,
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
            f"The check warns when the {what} is above this: the map is oversharpened.",
        ),
    )


@dataclass(frozen=True)
class Accepted:
    """The B-factors in Å² that draw no warning."""

    lowest: float
    highest: float
    fixed_lowest: float
    squares: float

    @classmethod
    def at(cls, resolution: float, limits: Mapping[str, float]) -> Accepted:
        """For a map of this resolution in Å."""
        fixed, squares = limits[LOWEST], limits[LOWEST_SQUARES]
        return cls(min(fixed, squares * resolution**2), limits[HIGHEST], fixed, squares)

    def judge(self, found: Findings, b_factor: float, subject: str) -> str:
        """Note the criteria; 'undersharpened', 'oversharpened', or '' for neither."""
        under, over = b_factor < self.lowest, b_factor > self.highest
        found.criteria += [
            Criterion(
                key=LOWEST,
                subject=subject,
                value=b_factor,
                comparison=">=",
                limit=self.lowest,
                unit="Å²",
                detail="the map is undersharpened" if under else "",
            ),
            Criterion(
                key=HIGHEST,
                subject=subject,
                value=b_factor,
                comparison="<=",
                limit=self.highest,
                unit="Å²",
                detail="the map is oversharpened" if over else "",
            ),
        ]
        if self.lowest < self.fixed_lowest:
            found.criteria.append(
                Criterion(
                    key=f"{LOWEST}_fixed",
                    subject=subject,
                    value=b_factor,
                    comparison=">=",
                    limit=self.fixed_lowest,
                    unit="Å²",
                    role="advice",
                    detail="the limit of the Validation Report Service at any resolution; at this "
                    f"one the limit is {number(self.squares)}·d²",
                )
            )
        return "undersharpened" if under else "oversharpened" if over else ""
