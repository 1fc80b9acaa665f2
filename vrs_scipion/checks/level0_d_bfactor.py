"""0.d B-factor: do the map's amplitudes fall with resolution as they should?"""

from __future__ import annotations

from collections.abc import Sequence

from vrs_scipion import __version__
from vrs_scipion.checks.check import Check
from vrs_scipion.checks.findings import Findings
from vrs_scipion.checks.pictures import slices
from vrs_scipion.checks.references import ROSENTHAL_2003
from vrs_scipion.checks.sharpening import DECAY_SQUARES, judge_sharpening, sharpening_limits
from vrs_scipion.checks.task import Task
from vrs_scipion.entry.entry import Entry
from vrs_scipion.figures.guinier import guinier_plot
from vrs_scipion.maps.density import Density
from vrs_scipion.methods import guinier_xmipp, xmipp
from vrs_scipion.methods.engine import BUILTIN, Availability
from vrs_scipion.methods.guinier import (
    COARSEST,
    WORST_RESOLUTION,
    CorrectedMap,
    FitRangeError,
    GuinierFit,
    analyse,
    is_cubic,
    nyquist,
    require_fit_range,
)
from vrs_scipion.results import Engine

_NYQUIST_TOLERANCE = 1e-3


def measure_b_factor(task: Task) -> Findings:
    """Answer 0.d."""
    entry, found = task.entry, Findings(task)
    assert entry.resolution is not None
    finest = nyquist(entry.voxel_size)
    resolution = max(entry.resolution, finest)
    density = entry.density()
    try:
        require_fit_range(density, resolution)
    except FitRangeError as error:
        found.does_not_apply = f"No line can be fitted: {error}."
        return found
    if _beyond_nyquist(entry.resolution, finest):
        found.paragraphs.append(
            f"The reported resolution, {entry.resolution:g} Å, lies beyond the Nyquist limit of "
            f"the voxels: the fit ends there, at {finest:.4g} Å."
        )
    fit, corrected = _fit(found, density, resolution)
    _note(found, fit)
    _describe(found, fit)
    _draw(found, fit, corrected, density)
    _judge(found, fit.resolution, fit.b_factor)
    return found


def _not_applicable(entry: Entry) -> str:
    if entry.resolution is None:
        return "No resolution was reported: there is no end for the fit."
    finest = nyquist(entry.voxel_size)
    end = finest if _beyond_nyquist(entry.resolution, finest) else entry.resolution
    return _too_coarse(entry.resolution, finest) if end > WORST_RESOLUTION else ""


def _beyond_nyquist(reported: float, finest: float) -> bool:
    return reported < finest * (1 - _NYQUIST_TOLERANCE)


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


def _external(entry: Entry | None) -> Sequence[Availability]:
    preferred = entry is None or is_cubic(entry)
    return (xmipp.availability(guinier_xmipp.PROGRAM, preferred=preferred),)


def _fit(found: Findings, density: Density, resolution: float) -> tuple[GuinierFit, CorrectedMap]:
    """Fit and correct with the engine chosen, and note its arguments."""
    task = found.task
    if task.engine == BUILTIN:
        found.engine = Engine(
            name=BUILTIN,
            version=__version__,
            arguments={"resolution": resolution, "coarsest": COARSEST},
        )
        return analyse(density, resolution, threads=task.threads)
    program = xmipp.require_program(guinier_xmipp.PROGRAM)
    found.engine = Engine(
        name=xmipp.NAME,
        version=program.version,
        arguments={
            "program": program.name,
            "arguments": guinier_xmipp.arguments(density, resolution),
        },
    )
    if not is_cubic(density):
        found.paragraphs.append(
            "Xmipp takes box and voxels for cubes, which these are not: its shells mix "
            "resolutions, and the numbers here are not to be relied on. The built-in engine has "
            "no such limit."
        )
    return guinier_xmipp.fit(
        program, task.entry.map_path, density, resolution, threads=task.threads
    )


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


def _draw(found: Findings, fit: GuinierFit, corrected: CorrectedMap, density: Density) -> None:
    found.plot(
        "guinier",
        guinier_plot(
            inverse_square=fit.inverse_square,
            experimental=fit.log_amplitude,
            corrected=corrected.log_amplitude,
            fitted=(fit.slope, fit.intercept),
            fit_range=fit.fit_range,
        ),
        "Guinier plot: logarithm of the mean amplitude of each shell against 1/d², for the map and "
        "after the correction of its B-factor, with the fitted line.",
        "Curves of the logarithm of the amplitude of the map and of the corrected map against "
        f"1/d², with a line of slope {fit.slope:.4g} Å² from {fit.coarsest:g} to "
        f"{fit.resolution:.4g} Å.",
    )
    slices(
        found,
        "corrected_slices",
        corrected.values,
        density.voxel_size,
        "the map after the correction of its B-factor",
        "Three slices of the map after the correction of its B-factor.",
    )
    found.volume(
        "corrected",
        corrected.values,
        density,
        "the map after the correction of its B-factor down to "
        f"{fit.resolution:.4g} Å; finer frequencies are as they were",
    )


def _judge(found: Findings, resolution: float, b_factor: float) -> None:
    verdict = judge_sharpening(found, b_factor, resolution)
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
    label="B-factor",
    purpose="Do the map's amplitudes fall with resolution as they should?",
    in_short=(
        "The Guinier fit of Xmipp's ``xmipp_volume_correct_bfactor``, to the last digit on "
        "cubic boxes, right on others too; the corrected map."
    ),
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
    applies=_not_applicable,
    limits=sharpening_limits(
        "B-factor",
        "the B-factor",
        DECAY_SQUARES,
        1.5,
        too_low=(
            "The map was most often deposited before sharpening. Sharpen it, by its own B-factor "
            "or locally, and deposit both maps; where blurring remains, flexibility or errors of "
            "the orientations are likely."
        ),
        too_high=(
            "The map was most often sharpened by too large a B-factor, or with noise left beyond "
            "its true resolution: sharpen less, low-pass filter at the resolution of the Fourier "
            "shell correlation, and check that curve for a value that does not fall to zero."
        ),
    ),
    references=(ROSENTHAL_2003,),
    engines=(BUILTIN, xmipp.NAME),
    external=_external,
    differs=(
        "The service accepts −300 to 0 Å² at any resolution (its text names 0 to 300 Å², the same "
        "with the opposite sign). Coarse maps, well sharpened, have B-factors that a fine map "
        "never has: here the lower limit falls with the square of the resolution once that is "
        "below −300 Å², and a positive one within the errors of the fit, 1.5·d², is no "
        "oversharpening. The service's limits are printed beside ours where they differ."
    ),
)
