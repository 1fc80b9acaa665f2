"""0.e Local resolution: how well resolved is each part of the map, by its looks?"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from vrs_scipion import __version__
from vrs_scipion.checks.check import SERVICE, Check, Limit
from vrs_scipion.checks.findings import Findings
from vrs_scipion.checks.local_values import (
    PERCENTILES,
    LocalValues,
    draw_coloured_surface,
    draw_distribution,
    keep_volume,
    note_percentiles,
    remark_if_homogeneous,
)
from vrs_scipion.checks.task import Task
from vrs_scipion.entry.entry import Entry
from vrs_scipion.maps.density import Density, Mask, Volume
from vrs_scipion.maps.writing import write_volume
from vrs_scipion.methods import deep_learning_toolkit, deepres_xmipp, xmipp
from vrs_scipion.methods.deep_learning_toolkit import Tools
from vrs_scipion.methods.deepres_xmipp import DEEPRES
from vrs_scipion.methods.engine import BUILTIN, Availability
from vrs_scipion.methods.guinier import (
    WORST_RESOLUTION,
    FitRangeError,
    fit_guinier,
    is_cubic,
    nyquist,
)
from vrs_scipion.methods.local_resolution import (
    COARSEST,
    FINEST,
    LocalResolution,
    flattened,
    local_resolution,
)
from vrs_scipion.methods.resolution_by_looks import QUANTILE, ByLooks, resolution_by_looks
from vrs_scipion.results import Column, Engine, Reference, ResolutionEstimate
from vrs_scipion.results.numbers import number, with_error

BEST, WORST = 2.0, 13.0
"""Å: reported resolutions between which the check applies."""

UNSHARPENED = 1.0
"""Å: if flattening the spectrum changes the median by more, the map looks unsharpened."""

DECISIVE = 1.3
"""A claim is supported only if one so many times coarser is ruled out."""

UNSHARPENED_SQUARES = -12.5
"""Lowest B-factor, in squares of the resolution, of good maps that were hardly sharpened."""

SERVICES_PERCENTILE = 0.1
END_OF_SCALE = 0.98 * COARSEST

VOLUME_FILE = "local_resolution.mrc"
ERROR_FILE = "local_resolution_error.mrc"
FLATTENED_FILE = "local_resolution_flattened.mrc"
FLATTENED_ERROR_FILE = "local_resolution_flattened_error.mrc"

_HOMOGENEOUS = 0.01
_KEY, _WORDS, _FORMAT = "resolution", "local resolution", ".2f"


@dataclass(frozen=True)
class Measured:
    """What an engine answered for a map.

    Attributes
    ----------
    values : Å, float32 array of any shape, from which the percentiles are taken; NaN for none
    volume : the same on the map's grid
    builtin : what the built-in networks have to say beyond that
    """

    values: Volume
    volume: Volume
    builtin: LocalResolution | None = None

    @property
    def percentiles(self) -> list[float]:
        """Of the local resolution, Å."""
        return [float(v) for v in np.nanpercentile(self.values, PERCENTILES)]


def measure_local_resolution(task: Task) -> Findings:
    """Answer 0.e."""
    found, entry = Findings(task), task.entry
    reported = entry.resolution
    density, mask = entry.density(), entry.hard_mask()
    engine = _engine(found, density)
    measured = engine(task, density, mask, entry.map_path)
    flat = _after_flattening(task, engine, density, mask, reported or measured.percentiles[0])
    local = LocalValues(_KEY, _WORDS, "Å", measured.values, _FORMAT)
    percentiles = note_percentiles(
        found, local, "Local resolution in the mask", _columns(measured, flat.measured)
    )
    _describe(found, percentiles)
    _describe_error(found, measured)
    _compare(found, percentiles[2], flat)
    marks = [] if reported is None else [(reported, f"reported {number(reported)}")]
    draw_distribution(found, local, percentiles, marks=marks)
    _keep(found, measured, density, percentiles)
    if flat.trusted and flat.measured is not None:
        _keep_flattened(found, flat.measured, density)
    if percentiles[0] < COARSEST:
        remark_if_homogeneous(found, local, percentiles, _HOMOGENEOUS)
    else:
        found.paragraphs.append(
            f"Nearly all of the molecule looks coarser than {number(COARSEST)} Å, which is the end "
            "of the scale: beyond it local resolutions are not told apart."
        )
    share = None if reported is None else _share_better_than(found, local, reported)
    believed = _believed(measured, flat)
    if believed is None:
        _judge_alone(found, percentiles, share)
    else:
        _judge(found, resolution_by_looks(believed.half_amplitude), reported)
        if share is not None:
            found.judge(
                "reported_percentile_lowest",
                share,
                limit=SERVICES_PERCENTILE,
                role="advice",
                detail=f"as {SERVICE} does, without errors",
            )
    return found


def _not_applicable(entry: Entry) -> str:
    reported = entry.resolution
    if reported is not None and reported < BEST:
        return (
            f"The reported resolution, {number(reported)} Å, is better than {number(BEST)} Å: "
            "local resolution was not learnt by looks there."
        )
    if reported is not None and reported > WORST:
        return (
            f"The reported resolution, {number(reported)} Å, is worse than {number(WORST)} Å: "
            "all such maps look alike."
        )
    return ""


class _Builtin:
    """The networks of the package."""

    def __call__(self, task: Task, density: Density, mask: Mask, path: Path) -> Measured:
        result = local_resolution(density, mask, threads=task.threads)
        return Measured(result.resolution, result.resolution, result)


@dataclass(frozen=True)
class _Xmipp:
    """Xmipp's DeepRes."""

    tools: Tools

    def __call__(self, task: Task, density: Density, mask: Mask, path: Path) -> Measured:
        answer = deepres_xmipp.deepres(
            self.tools,
            path,
            task.entry.hard_mask_path,
            mask,
            density.voxel_size[2],
            deepres_xmipp.range_for(task.entry.resolution or WORST),
            threads=task.threads,
        )
        return Measured(answer.values, answer.volume)


def _external(entry: Entry | None) -> Sequence[Availability]:
    preferred = entry is None or is_cubic(entry)
    return (deep_learning_toolkit.availability(DEEPRES, preferred),)


def _engine(found: Findings, density: Density) -> _Builtin | _Xmipp:
    """The engine chosen, noted and named in words."""
    if found.task.engine == BUILTIN:
        found.engine = Engine(name=BUILTIN, version=__version__)
        found.paragraphs.append(
            "The local resolution was measured by this program's own networks, which were "
            "trained on simulated maps after the idea of DeepRes: these are not DeepRes' numbers."
        )
        return _Builtin()
    tools = deep_learning_toolkit.require(DEEPRES)
    wanted = deepres_xmipp.range_for(found.task.entry.resolution or WORST)
    found.engine = Engine(
        name=xmipp.NAME,
        version=tools.version,
        arguments={"program": deepres_xmipp.PROGRAM, "model": wanted.model},
    )
    found.paragraphs.append(
        f"The local resolution is that of DeepRes' network for {wanted.finest:g} to "
        f"{wanted.coarsest:g} Å, run by Xmipp on voxels of {wanted.voxel:g} Å. Percentiles are "
        "taken of all of its answers; the volume holds them interpolated to the map's voxels."
    )
    if not is_cubic(density):
        found.paragraphs.append(
            "Xmipp takes voxels for cubes, which these are not: its numbers are not to be relied "
            "on. The built-in engine has no such limit."
        )
    return _Xmipp(tools)


@dataclass(frozen=True)
class _Flattened:
    """What was found after flattening the map's spectrum; or why it was not.

    ``trusted`` tells whether the spectrum decays as that of an unsharpened map may. One that falls
    off a cliff was filtered, and flattening brings back what there is no signal for.
    """

    measured: Measured | None
    about: str
    trusted: bool = False


def _after_flattening(
    task: Task, engine: _Builtin | _Xmipp, density: Density, mask: Mask, reported: float
) -> _Flattened:
    """The same of the map with a flat spectrum."""
    finest = max(reported, nyquist(density.voxel_size))
    if finest > WORST_RESOLUTION:
        return _Flattened(
            None,
            f"The map's spectrum was not flattened: beyond {number(WORST_RESOLUTION)} Å there is "
            "no line to fit to it.",
        )
    try:
        b_factor = fit_guinier(density, finest, threads=task.threads).b_factor
    except FitRangeError as error:
        return _Flattened(None, f"The map's spectrum was not flattened: {error}.")
    flat = flattened(density, b_factor, finest)
    with tempfile.TemporaryDirectory(prefix=".flattened_", dir=task.folder) as name:
        path = Path(name) / "map.mrc"
        if isinstance(engine, _Xmipp):
            write_volume(path, flat.values, density.voxel_size)
        return _Flattened(
            engine(task, flat, mask, path),
            f"{number(b_factor)} Å²",
            b_factor >= UNSHARPENED_SQUARES * reported**2,
        )


def _columns(measured: Measured, second: Measured | None) -> list[tuple[Column, Sequence[float]]]:
    columns: list[tuple[Column, Sequence[float]]] = []
    if measured.builtin is not None:
        columns.append(
            (
                Column(key="error", label="± error", unit="Å", format=_FORMAT),
                _typical_errors(measured.builtin, measured.percentiles),
            )
        )
        half = np.nanpercentile(measured.builtin.half_amplitude, PERCENTILES)
        columns.append(
            (
                Column(key="half_amplitude", label="At half amplitude", unit="Å", format=_FORMAT),
                [float(v) for v in half],
            )
        )
    if second is not None:
        columns.append(
            (
                Column(key="flattened", label="Flattened map", unit="Å", format=_FORMAT),
                second.percentiles,
            )
        )
    return columns


def _typical_errors(result: LocalResolution, percentiles: Sequence[float]) -> list[float]:
    """Median error bar of the voxels whose local resolution is nearest to each percentile."""
    inside = np.isfinite(result.resolution)
    resolution, error = result.resolution[inside], result.uncertainty[inside]
    order = np.argsort(resolution, kind="stable")
    width = max(1, len(order) // 40)
    typical = []
    for p in percentiles:
        at = int(np.searchsorted(resolution[order], p))
        near = order[max(0, at - width) : at + width]
        typical.append(float(np.median(error[near])))
    return typical


def _describe(found: Findings, percentiles: Sequence[float]) -> None:
    low, _, median, _, high = percentiles
    found.paragraphs.append(
        f"The median of the local resolution is {_on_the_scale(median)}, and 95 % of the voxels "
        f"lie between {_on_the_scale(low)} and {_on_the_scale(high)} ({{tab:{_KEY}}}, "
        f"{{fig:{_KEY}_histogram}})."
    )


def _on_the_scale(resolution: float) -> str:
    """A local resolution in words, unless it is an end of the scale."""
    if resolution >= END_OF_SCALE:
        return f"more than {number(END_OF_SCALE)} Å (the end of the scale)"
    return f"{resolution:.1f} Å"


def _believed(measured: Measured, flat: _Flattened) -> LocalResolution | None:
    """What the built-in networks answered for the map that decides; None for another engine."""
    decisive = flat.measured if flat.trusted and flat.measured else measured
    return decisive.builtin


def _share_better_than(found: Findings, local: LocalValues, reported: float) -> float:
    """% of the voxels that are better resolved than reported, told to the reader."""
    share = 100 * float(np.mean(local.inside < reported))
    found.measure(
        "reported_percentile", share, "%", "voxels whose local resolution is better than reported"
    )
    found.paragraphs.append(
        f"{share:.1f} % of the voxels are better resolved than the reported resolution, "
        f"{number(reported)} Å: it is at that percentile."
    )
    _describe_beyond_nyquist(found, reported)
    return share


def _describe_error(found: Findings, measured: Measured) -> None:
    result = measured.builtin
    if result is None:
        return
    half = float(np.nanmedian(result.half_amplitude))
    error = float(np.nanmedian(result.uncertainty))
    found.engine = found.engine.model_copy(
        update={
            "weights_sha256": result.networks[0].sha256,
            "arguments": {f"weights_{n.name}": n.sha256 for n in result.networks},
        }
    )
    found.measure("error_p50", error, "Å", "error bar of a voxel (68 %), median")
    found.measure(
        "half_amplitude_p50",
        half,
        "Å",
        "median of the resolution at which the amplitude of the equivalent filter is one half",
    )
    found.measure(
        "fine_fraction",
        result.fine_fraction,
        "",
        "fraction of the mask that the network for 1.5 to 3 Å answered for",
    )
    found.paragraphs.append(
        f"The error bar of a voxel is typically ± {error:.2f} Å: of two thirds of the voxels of "
        "simulated maps that the networks were not trained on, the true local resolution lay "
        "within it. Real maps have faults that were not simulated, and the errors of neighbouring "
        "voxels go together, so that averages are not much more certain. "
        + _who_answered(result.fine_fraction)
        + f" In DeepRes' convention, used here, a map low-passed at d still holds half the "
        f"amplitude at 1/d + 0.01/Å; by that amplitude the median is {half:.2f} Å."
    )


def _who_answered(fine: float) -> str:
    if not fine:
        return "The network for 2.5 to 13 Å answered for all voxels."
    if fine > 0.9995:
        return "The network for 1.5 to 3 Å answered for all voxels."
    return (
        f"For {100 * fine:.1f} % of the voxels the network for 1.5 to 3 Å answered, for the others "
        "that for coarser ones."
    )


def _describe_beyond_nyquist(found: Findings, reported: float) -> None:
    finest = nyquist(found.task.entry.voxel_size)
    if reported <= finest:
        found.paragraphs.append(
            f"The map's voxels hold nothing finer than {number(finest)} Å, so that no voxel can "
            f"be as well resolved as the reported {number(reported)} Å. Check the voxel size, or "
            "use the map on its original voxels."
        )


def _compare(found: Findings, median: float, flattened: _Flattened) -> None:
    """The second line: what a flat spectrum changes."""
    if flattened.measured is None:
        found.paragraphs.append(flattened.about)
        return
    flat = flattened.measured.percentiles[2]
    found.measure("flattened_p50", flat, "Å", "median after flattening the map's spectrum")
    text = (
        f"With the spectrum flattened by the B-factor of its Guinier plot, {flattened.about}, up "
        f"to the end of that fit, the median is {_on_the_scale(flat)}."
    )
    if flattened.trusted:
        found.paragraphs.append(
            f"{text} That map decides: by its looks a decay of the amplitudes, which sharpening "
            "undoes, cannot be told from a lower resolution."
            + (" As it is, the map looks unsharpened." if flat < median - UNSHARPENED else "")
        )
    else:
        found.paragraphs.append(
            f"{text} No map decays like that for want of sharpening alone: it was blurred or "
            "low-pass filtered, flattening brings back noise, and the map as it is decides."
        )


def _keep(
    found: Findings, measured: Measured, density: Density, percentiles: Sequence[float]
) -> None:
    """Volumes on the map's grid, and its surface in their colours."""
    reach = (percentiles[0], percentiles[-1])
    local = LocalValues(_KEY, _WORDS, "Å", measured.volume, _FORMAT)
    keep_volume(found, local, density, VOLUME_FILE, reach)
    _keep_errors(found, measured, density, local, ERROR_FILE)
    draw_coloured_surface(found, local, density, found.task.entry.map_path)


def _keep_flattened(found: Findings, measured: Measured, density: Density) -> None:
    """Volumes of the local resolution that decides, where it is that of the flattened map."""
    words = f"{_WORDS} of the map with its spectrum flattened"
    local = LocalValues(f"{_KEY}_flattened", words, "Å", measured.volume, _FORMAT)
    reach = (measured.percentiles[0], measured.percentiles[-1])
    keep_volume(found, local, density, FLATTENED_FILE, reach)
    _keep_errors(found, measured, density, local, FLATTENED_ERROR_FILE)


def _keep_errors(
    found: Findings, measured: Measured, density: Density, of: LocalValues, file: str
) -> None:
    """A volume of the error bars, where there are any."""
    if measured.builtin is None:
        return
    errors = measured.builtin.uncertainty
    words = f"error bar of the {of.words} (68 %)"
    error = LocalValues(f"{of.key}_error", words, "Å", errors, _FORMAT)
    low, high = (float(v) for v in np.nanpercentile(errors, (2.5, 97.5)))
    keep_volume(found, error, density, file, (low, high), "Error bar (Å)")


def _judge_alone(found: Findings, percentiles: Sequence[float], share: float | None) -> None:
    """The verdict on local resolutions without errors, of which Xmipp's network gives none."""
    if share is None:
        found.cannot_tell = "No resolution was reported to hold the local one against."
        found.headline = f"The median of the local resolution is {_on_the_scale(percentiles[2])}."
        return
    judged = found.judge("reported_percentile_lowest", share, role="verdict")
    found.resolution_estimate = ResolutionEstimate(
        method="DeepRes", value=percentiles[2], contradicts=not judged.passed
    )
    found.headline = (
        "The reported resolution is within the range of the local one."
        if judged.passed
        else "The reported resolution is better than the local one of nearly every voxel."
    )


def _judge(found: Findings, looks: ByLooks, reported: float | None) -> None:
    """The verdict, the headline and the estimate, all from one number and its error."""
    found.measure(
        "looks_resolution",
        looks.resolution,
        "Å",
        "what the best resolved twentieth of the molecule looks like, on the scale of resolutions "
        "reported by Fourier shell correlation",
    )
    found.measure("looks_error", looks.error, "Å", "its error (68 %), from one map to another")
    said = f"{with_error(looks.resolution, looks.error)} Å"
    best = f"At best this map looks like {said}"
    if reported is None:
        found.resolution_estimate = _estimate(looks, contradicts=False)
        found.cannot_tell = "No resolution was reported to hold the local one against."
        found.headline = f"{best}."
        return
    judged = found.judge("looks_errors_highest", max(0.0, looks.errors_beyond(reported)))
    found.resolution_estimate = _estimate(looks, contradicts=not judged.passed)
    claim = f"the reported resolution, {number(reported)} Å,"
    coarsest = looks.at_most(found.task.limit("looks_errors_highest"))
    if not judged.passed:
        found.headline = f"{best}: {claim} is finer than that."
    elif coarsest > DECISIVE * reported:
        found.cannot_tell = (
            f"{best}, by which {number(reported)} Å cannot be told from "
            f"{number(DECISIVE * reported)} Å."
        )
        found.headline = f"{best}, which does not tell whether {claim} is right."
    elif found.warnings:
        found.headline = "The local resolution is suspiciously homogeneous."
    else:
        found.headline = f"{best}, with which {claim} agrees."


def _estimate(looks: ByLooks, contradicts: bool) -> ResolutionEstimate:
    return ResolutionEstimate(
        method="Local resolution (built-in network)",
        value=looks.resolution,
        error=looks.error,
        contradicts=contradicts,
    )


_TOO_FINE_A_CLAIM = (
    "Hardly any density looks as fine as the reported resolution says. Most often the map was not "
    "sharpened, or was filtered or resampled after the resolution was measured: validate the "
    "sharpened map on its original voxels. Else the mask of the Fourier shell correlation may have "
    "been too tight; look at the half maps."
)

CHECK = Check(
    code="0.e",
    name="Local resolution",
    label="local resolution",
    purpose="How well resolved is each part of the map, by its looks?",
    in_short=(
        "A network of our own after the idea of DeepRes, with an error bar at every voxel, once "
        "for the map and once for the map with its spectrum flattened; its model card is "
        "``vrs_scipion/methods/weights/resolution.md``. DeepRes itself, through Xmipp, where "
        "program, environment and weights are there."
    ),
    explanation=(
        "Density looks different at each resolution: side chains, helices and domains disappear "
        "one after the other. DeepRes trained a neural network to tell the resolution around each "
        "voxel from the looks of the density alone, without half maps. The reported resolution "
        "should not be finer than the best resolved parts of the molecule look. What networks see "
        "is the map as it is: one that was not sharpened looks worse, so that it is measured again "
        f"with its spectrum flattened. Local resolutions from {FINEST:g} to {COARSEST:g} Å "
        "are told apart."
    ),
    answer=measure_local_resolution,
    applies=_not_applicable,
    limits=(
        Limit(
            "looks_errors_highest",
            1.64,
            "",
            "Errors by which the map may look coarser",
            "The check warns when the reported resolution is finer than what the best resolved "
            "twentieth of the molecule looks like, by more than this many errors of that.",
            "the number of errors by which the reported resolution is finer than the map looks",
            "<=",
            advice=_TOO_FINE_A_CLAIM,
        ),
        Limit(
            "reported_percentile_lowest",
            QUANTILE,
            "%",
            "Lowest percentile of the reported resolution",
            "Decides for engines that know no errors.",
            "the percentile of the reported resolution among the local ones",
            ">=",
            role="advice",
            advice=_TOO_FINE_A_CLAIM,
            service=SERVICES_PERCENTILE,
        ),
    ),
    references=(
        Reference(
            key="RamirezAportela2019",
            authors=(
                "Ramírez-Aportela, E.",
                "Mota, J.",
                "Conesa, P.",
                "Carazo, J. M.",
                "Sorzano, C. O. S.",
            ),
            year=2019,
            title="DeepRes: a new deep-learning- and aspect-based local resolution method for "
            "electron-microscopy maps",
            journal="IUCrJ",
            volume="6",
            pages="1054–1063",
            doi="10.1107/S2052252519011692",
        ),
    ),
    engines=(BUILTIN, xmipp.NAME),
    external=_external,
    differs=(
        "Local resolutions of another engine than Xmipp's DeepRes are not the service's numbers: "
        "the engine that measured is named in the table of engines. The service accepts a reported "
        "resolution if a thousandth of the voxels is better; here it has to agree with the best "
        "resolved twentieth of the molecule, within the error of that as simulated maps show it, "
        "at half the filter's amplitude, in the map with its spectrum flattened or, where it was "
        "filtered, as it is. The service's criterion is printed beside it."
    ),
)
