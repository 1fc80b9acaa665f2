"""How well a model agrees with its map at other scales."""

from __future__ import annotations

from collections.abc import Sequence

from vrs_scipion.results.plots import Axis, Mark, Plot, Series


def scale_plot(scales: Sequence[float], correlations: Sequence[float], fitted: float) -> Plot:
    """Return the plot of correlations against the scale of the model, the fitted one marked."""
    order = sorted(range(len(scales)), key=lambda i: scales[i])
    return Plot(
        x=Axis(label="Scale of the model"),
        y=Axis(label="Correlation of map and model"),
        series=(
            Series(
                name="where the model should lie",
                x=tuple(scales[i] for i in order),
                y=tuple(correlations[i] for i in order),
            ),
        ),
        marks=(
            Mark(value=1.0, label="as given"),
            Mark(value=fitted, label=f"fitted, {fitted:.4f}"),
        ),
    )
