"""How a map differs from its surrogates."""

from __future__ import annotations

import numpy as np

from vrs_scipion.methods.shells import Reals
from vrs_scipion.results.plots import Axis, Band, Mark, Plot, Series

_BINS = 8


def surrogates_plot(surrogates: Reals, effect: float, lowest: float) -> Plot:
    """Return the histogram of the surrogates' effects, with the map's marked.

    Parameters
    ----------
    surrogates : effect of each, shape (n,), 0 on average
    effect : the map's
    lowest : the limit on it
    """
    counts, edges = np.histogram(surrogates, _BINS)
    centres = (edges[:-1] + edges[1:]) / 2
    low, high = min(float(edges[0]), effect, 0.0), max(float(edges[-1]), effect, lowest)
    margin = 0.05 * (high - low)
    return Plot(
        x=Axis(label="Effect of structure", range=(low - margin, high + margin)),
        y=Axis(label="Surrogates", range=(0.0, 1.1 * float(counts.max()))),
        series=(
            Series(
                name="surrogates",
                x=tuple(centres.tolist()),
                y=tuple(float(c) for c in counts),
                style="bars",
                role="expected",
                width=float(edges[1] - edges[0]),
            ),
        ),
        marks=(Mark(value=effect, label=f"this map {effect:.2f}"),),
        bands=(Band(low=lowest, high=None, label="structure"),),
    )
