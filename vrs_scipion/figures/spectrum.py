"""The rotationally averaged power spectrum of a map."""

from __future__ import annotations

from collections.abc import Sequence

from vrs_scipion.maps.density import Triple, Volume
from vrs_scipion.methods.shells import Reals, power_spectrum
from vrs_scipion.results.plots import Axis, Mark, OppositeAxis, Plot, Role, Series

RESOLUTION = OppositeAxis(label="Resolution d", unit="Å", power=-1.0)


def spectrum_plot(
    volume: Volume, voxel_size: Triple, resolution: float | None, threads: int = 1
) -> Plot:
    """Return the plot of `power_spectrum`, the reported resolution (Å) marked if there is one."""
    frequencies, power = power_spectrum(volume, voxel_size, threads)
    return spectra_plot(frequencies, [("mean power", power, "measured")], resolution)


def spectra_plot(
    frequencies: Reals,
    spectra: Sequence[tuple[str, Reals, Role]],
    resolution: float | None,
) -> Plot:
    """Return the plot of several power spectra, each with its name and its role."""
    return Plot(
        x=frequency_axis(frequencies),
        y=Axis(label="Mean power", scale="log"),
        series=tuple(
            Series(
                name=name,
                x=tuple(frequencies.tolist()),
                y=tuple(float(p) if p > 0 else None for p in power),
                role=role,
            )
            for name, power, role in spectra
        ),
        marks=() if resolution is None else (reported_mark(resolution),),
    )


def frequency_axis(frequencies: Reals) -> Axis:
    """An axis of spatial frequencies from 0 to the last of them; its other side reads Å."""
    return Axis(
        label="Spatial frequency",
        unit="1/Å",
        range=(0.0, float(frequencies[-1])),
        opposite=RESOLUTION,
    )


def reported_mark(resolution: float) -> Mark:
    """A line at the reported resolution (Å) across an axis of spatial frequencies."""
    return Mark(value=1 / resolution, label=f"reported resolution {resolution:g} Å")
