"""0.d B-factor: do the map's amplitudes fall with resolution as they should?"""

from __future__ import annotations

from vrs_scipion import __version__
from vrs_scipion.checks.check import Check, Findings, Task
from vrs_scipion.checks.sharpening import DECAY_SQUARES, Accepted, sharpening_limits
from vrs_scipion.entry.files import load_map
from vrs_scipion.figures.curves import draw_guinier
from vrs_scipion.figures.plotting import plot_file
from vrs_scipion.figures.slices import draw_slices, max_variance_indices
from vrs_scipion.maps.density import Density
from vrs_scipion.maps.writing import write_volume
from vrs_scipion.methods import guinier_xmipp, xmipp
from vrs_scipion.methods.engine import BUILTIN, choose
from vrs_scipion.methods.guinier import (
    COARSEST,
    CorrectedMap,
    FitRangeError,
    GuinierFit,
    analyse,
    is_cubic,
    nyquist,
    require_fit_range,
)
from vrs_scipion.results import Engine, Figure, OutputVolume, Reference

WORST_RESOLUTION = 8.0
"""Å: coarser maps have no range in which the amplitudes of a protein fall steadily."""

_NYQUIST_TOLERANCE = 1e-3


def measure_b_factor(task: Task) -> Findings:
    """Answer 0.d."""
    entry, found = task.entry, Findings()
    reported = entry.resolution
    if reported is None:
        found.does_not_apply = "No resolution was reported: there is no end for the fit."
        return found
    finest = nyquist(entry.voxel_size)
    beyond_nyquist = reported < finest * (1 - _NYQUIST_TOLERANCE)
    if (finest if beyond_nyquist else reported) > WORST_RESOLUTION:
        found.does_not_apply = _too_coarse(reported, finest)
        return found
    resolution = max(reported, finest)
    density = load_map(entry, task.entry_folder)
    try:
        require_fit_range(density, resolution)
    except FitRangeError as error:
        found.does_not_apply = f"No line can be fitted: {error}."
        return found
    if beyond_nyquist:
        found.paragraphs.append(
            f"The reported resolution, {reported:g} Å, lies beyond the Nyquist limit of the "
            f"voxels: the fit ends there, at {finest:.4g} Å."
        )
    fit, corrected = _fit(task, found, density, resolution)
    _note(found, fit)
    _describe(found, fit)
    _draw(task, found, fit, corrected)
    _judge(task, found, fit.resolution, fit.b_factor)
    return found


def _too_coarse(reported: float, finest: float) -> str:
    if reported > WORST_RESOLUTION:
        return (
            f"The map's resolution, {reported:g} Å, is worse than {WORST_RESOLUTION:g} Å: "
            "its amplitudes do not follow a line."
        )
    return (
        f"The map's voxels hold no detail finer than {finest:.4g} Å, which is worse than "
        f"{WORST_RESOLUTION:g} Å: its amplitudes do not follow a line."
    )


def _fit(
    task: Task, found: Findings, density: Density, resolution: float
) -> tuple[GuinierFit, CorrectedMap]:
    """Fit and correct with the engine asked for, and note which one that was."""
    cubic = is_cubic(density)
    here = xmipp.availability(guinier_xmipp.PROGRAM, preferred=cubic)
    if choose(task.engine, [here]) == xmipp.NAME:
        program = xmipp.require_program(guinier_xmipp.PROGRAM)
        found.engine = Engine(
            name=xmipp.NAME,
            version=program.version,
            arguments={
                "program": program.name,
                "arguments": guinier_xmipp.arguments(density, resolution),
            },
        )
        if not cubic:
            found.paragraphs.append(
                "Xmipp takes box and voxels for cubes, which these are not: its shells mix "
                "resolutions, and the numbers here are not to be relied on. The built-in engine "
                "has no such limit."
            )
        return guinier_xmipp.fit(
            program, task.entry_folder / task.entry.map_file, density, resolution
        )
    found.engine = Engine(
        name=BUILTIN,
        version=__version__,
        arguments={"resolution": resolution, "coarsest": COARSEST},
    )
    return analyse(density, resolution, threads=task.threads)


def _note(found: Findings, fit: GuinierFit) -> None:
    found.measure("slope", fit.slope, "Å²", "slope of ln(mean amplitude) against 1/d²")
    found.measure("intercept", fit.intercept, "", "its value at 1/d² = 0")
    found.measure("b_factor", fit.b_factor, "Å²", "B-factor, 4 × the slope")
    found.measure("fit_coarsest", fit.coarsest, "Å", "where the fit starts")
    found.measure("fit_finest", fit.resolution, "Å", "where the fit ends")
    found.measure("fit_shells", fit.shells, "", "Fourier shells in the fit")
    found.measure(
        "correlation", fit.correlation, "", "correlation of ln(mean amplitude) with 1/d² in the fit"
    )


def _describe(found: Findings, fit: GuinierFit) -> None:
    sign = "−" if fit.intercept < 0 else "+"
    found.paragraphs.append(
        f"The line through the {fit.shells} shells from {fit.coarsest:g} to {fit.resolution:.4g} Å "
        f"is ln(amplitude) = {fit.slope:.6g} Å² · 1/d² {sign} {abs(fit.intercept):.6g}, "
        f"so that the B-factor is {fit.b_factor:.1f} Å². The correlation of ln(amplitude) "
        f"with 1/d² in that range is {fit.correlation:.3f}. The Guinier plot is in "
        "{fig:guinier}."
    )
    found.paragraphs.append(
        "Slices of the map after the correction of its B-factor down to "
        f"{fit.resolution:.4g} Å are in {{fig:corrected_slices}}."
    )


def _draw(task: Task, found: Findings, fit: GuinierFit, corrected: CorrectedMap) -> None:
    entry = task.entry
    draw_guinier(
        task.folder / "guinier.svg",
        inverse_square=fit.inverse_square,
        experimental=fit.log_amplitude,
        corrected=corrected.log_amplitude,
        fitted=(fit.slope, fit.intercept),
        fit_range=fit.fit_range,
    )
    found.figures.append(
        Figure(
            key="guinier",
            file="guinier.svg",
            caption="Guinier plot: logarithm of the mean amplitude of each shell against 1/d², for "
            "the map and after the correction of its B-factor, with the fitted line.",
            alt="Curves of the logarithm of the amplitude of the map and of the corrected map "
            f"against 1/d², with a line of slope {fit.slope:.4g} Å² from {fit.coarsest:g} to "
            f"{fit.resolution:.4g} Å.",
            plot=plot_file("guinier.svg"),
        )
    )
    indices = max_variance_indices(corrected.values)
    draw_slices(corrected.values, entry.voxel_size, indices, task.folder / "corrected_slices.png")
    z, y, x = indices
    found.figures.append(
        Figure(
            key="corrected_slices",
            file="corrected_slices.png",
            caption="Slices of maximum variance of the map after the correction of its B-factor: "
            f"X slice {x}, Y slice {y}, Z slice {z}.",
            alt="Three slices of the map after the correction of its B-factor.",
        )
    )
    write_volume(
        task.folder / "corrected.mrc",
        corrected.values,
        entry.voxel_size,
        nstart=entry.nstart,
        origin=entry.origin,
    )
    found.volumes.append(
        OutputVolume(
            key="corrected",
            file="corrected.mrc",
            description="the map after the correction of its B-factor down to "
            f"{fit.resolution:.4g} Å; finer frequencies are as they were",
        )
    )


def _judge(task: Task, found: Findings, resolution: float, b_factor: float) -> None:
    verdict = Accepted.at(resolution, task.limits).judge(found, b_factor, "the B-factor")
    found.headline = {
        "oversharpened": f"The map seems to be oversharpened (B-factor {b_factor:.1f} Å²): its "
        "high frequencies are stronger than those of a molecule.",
        "undersharpened": f"The map seems to be undersharpened (B-factor {b_factor:.1f} Å²): its "
        "high frequencies are weaker than usual.",
        "": f"There is no problem with the map's B-factor, {b_factor:.1f} Å².",
    }[verdict]


CHECK = Check(
    code="0.d",
    name="B-factor analysis",
    purpose="Do the map's amplitudes fall with resolution as they should?",
    explanation=(
        "The Guinier plot shows the natural logarithm of the mean amplitude of each Fourier shell "
        "against 1/d², d being its resolution. Between 15 Å and the reported resolution a straight "
        "line is fitted to it, and the B-factor is four times its slope. The sign is Xmipp's, the "
        "opposite of the usual one: amplitudes that decay have a negative B-factor. Maps normally "
        "have one between −300 (from 4.5 Å on, −15·d²) and 0 Å² (give or take 1.5·d², for the line "
        "is never quite straight); a positive one means that the high frequencies have been "
        "amplified beyond those of a molecule (oversharpened), a very negative one that they "
        "remain too weak (undersharpened)."
    ),
    answer=measure_b_factor,
    limits=sharpening_limits("B-factor", DECAY_SQUARES, 1.5),
    advice={
        "b_factor_lowest": (
            "The map was most often deposited before sharpening. Sharpen it, by its own B-factor "
            "or locally, and deposit both maps; where blurring remains, flexibility or errors of "
            "the orientations are likely."
        ),
        "b_factor_highest": (
            "The map was most often sharpened by too large a B-factor, or with noise left beyond "
            "its true resolution: sharpen less, low-pass filter at the resolution of the Fourier "
            "shell correlation, and check that curve for a value that does not fall to zero."
        ),
    },
    references=(
        Reference(
            key="RosenthalHenderson2003",
            text="Rosenthal PB, Henderson R (2003). Optimal determination of particle orientation, "
            "absolute hand, and contrast loss in single-particle electron cryomicroscopy. Journal "
            "of Molecular Biology 333, 721–745.",
            doi="10.1016/j.jmb.2003.07.013",
        ),
    ),
    engines=(BUILTIN, xmipp.NAME),
    external=lambda: (xmipp.availability(guinier_xmipp.PROGRAM),),
)
