"""How the resolution of two half maps depends on how wide their mask is."""

from __future__ import annotations

from collections.abc import Sequence

from vrs_scipion.results.plots import Axis, Interval, Mark, Plot, Series

_MARGIN = 0.1
_LEAST = 0.02
"""Of the resolutions, the least that a margin is."""


def dilation_plot(
    dilations: Sequence[float],
    resolutions: Sequence[float | None],
    reported: float | None,
    given: float | None = None,
) -> Plot:
    """Return the plot of resolutions against how much wider than the mask of the checks one is.

    Parameters
    ----------
    dilations : Å, increasing, 0 among them; negative for narrower ones
    resolutions : Å under each of them, None where the correlation does not fall
    reported : the reported resolution, Å, or None
    given : the resolution under a mask that was given, Å, or None
    """
    shown = [r for r in (*resolutions, reported, given) if r is not None]
    width = _around(dilations, 0.0)
    series = [
        Series(
            name="under the mask of the checks, moved",
            x=tuple(dilations),
            y=tuple(resolutions),
            style="points",
        )
    ]
    if given is not None:
        name = "under the mask that was given"
        series.append(Series(name=name, x=width, y=(given, given), role="expected"))
    marks = [Mark(value=0.0, label="mask of the checks")]
    if reported is not None:
        marks.append(Mark(value=reported, label=f"reported {reported:g} Å", axis="y"))
    return Plot(
        x=Axis(label="Border of the mask, moved outwards by", unit="Å", range=width),
        y=Axis(
            label="Resolution",
            unit="Å",
            range=_around(shown, _LEAST * max(shown)) if shown else (0.0, 1.0),
        ),
        series=tuple(series),
        marks=tuple(marks),
    )


def _around(values: Sequence[float], least: float) -> Interval:
    margin = max(_MARGIN * (max(values) - min(values)), least)
    return min(values) - margin, max(values) + margin
