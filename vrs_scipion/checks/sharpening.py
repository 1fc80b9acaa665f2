"""0.d's and 0.f's verdict: is a B-factor that of a map neither over- nor undersharpened?

B-factors are in Å², negative where amplitudes decay. What a well sharpened map has grows with the
square of its resolution d: a limit in squares of d joins the one in Å², and the laxer of both
counts (measured by benchmarks/verdicts).
"""

from __future__ import annotations

from vrs_scipion.checks.check import Growth, Limit
from vrs_scipion.checks.findings import Findings

LOWEST, HIGHEST = "b_factor_lowest", "b_factor_highest"

SERVICE_LOWEST, DECAY_SQUARES = -300.0, -15.0
"""What the B-factor of a map's Guinier plot falls to, in Å² as the Validation Report Service has it
and in squares of the resolution, if nobody blurred or low-pass filtered the map."""


def sharpening_limits(
    what: str,
    subject: str,
    lowest: float,
    highest: float,
    *,
    too_low: str,
    too_high: str,
) -> tuple[Limit, ...]:
    """The limits of a check that judges ``what``, the ``subject`` of its criteria.

    ``lowest`` and ``highest`` are those in squares of the resolution; in Å² they are the Validation
    Report Service's, −300 and 0. ``too_low`` and ``too_high`` are the advice.
    """
    return (
        Limit(
            LOWEST,
            SERVICE_LOWEST,
            "Å²",
            f"Lowest {what}",
            f"The check warns when the {what} is below this and below the next limit: the map is "
            "undersharpened. Decaying amplitudes have a negative B-factor.",
            subject,
            ">=",
            advice=too_low,
            grows=Growth(
                lowest,
                2,
                f"Lowest {what} in squares of the resolution",
                f"The check warns when the {what} divided by the square of the resolution d is "
                "below this and the limit in Å² is passed too: coarse maps, well sharpened, have "
                "B-factors that a fine map never has.",
            ),
        ),
        Limit(
            HIGHEST,
            0.0,
            "Å²",
            f"Highest {what}",
            f"The check warns when the {what} is above this and above the next limit: the map is "
            "oversharpened.",
            subject,
            "<=",
            advice=too_high,
            grows=Growth(
                highest,
                2,
                f"Highest {what} in squares of the resolution",
                f"The check warns when the {what} divided by the square of the resolution d is "
                "above this and the limit in Å² is passed too: an amplitude is never measured "
                "exactly.",
            ),
        ),
    )


def judge_sharpening(found: Findings, b_factor: float, resolution: float) -> str:
    """Note the criteria; 'undersharpened', 'oversharpened', or '' for neither."""
    limits = found.task.limit
    under = b_factor < limits(LOWEST, resolution)
    over = b_factor > limits(HIGHEST, resolution)
    for key, fails, words in (
        (LOWEST, under, "the map is undersharpened"),
        (HIGHEST, over, "the map is oversharpened"),
    ):
        found.judge(key, b_factor, resolution=resolution, detail=words if fails else "")
    return "undersharpened" if under else "oversharpened" if over else ""
