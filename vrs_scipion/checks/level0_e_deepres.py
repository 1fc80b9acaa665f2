"""0.e DeepRes: how well resolved is each part of the map, by its looks?"""

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
from vrs_scipion.checks.sharpening import decays_plausibly
from vrs_scipion.checks.task import Task
from vrs_scipion.entry.entry import Entry
from vrs_scipion.maps.density import Density, Mask, Volume
from vrs_scipion.maps.writing import write_volume
from vrs_scipion.methods import deepres_xmipp, xmipp
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
from vrs_scipion.results import Column, Engine, Reference, ResolutionEstimate
from vrs_scipion.results.numbers import number

BEST, WORST = 2.0, 13.0
"""Å: reported resolutions between which the check applies."""

UNSHARPENED = 1.0
"""Å: if flattening the spectrum changes the median by more, the map looks unsharpened."""

BENEFIT = 1.5
"""Error bars by which a voxel may be better than it looks, before the report is doubted."""

VOLUME_FILE = "local_resolution.mrc"
ERROR_FILE = "local_resolution_error.mrc"

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
    assert reported is not None
    density, mask = entry.density(), entry.hard_mask()
    engine = _engine(found, density)
    measured = engine(task, density, mask, entry.map_path)
    flat = _after_flattening(task, engine, density, mask, reported)
    local = LocalValues(_KEY, _WORDS, "Å", measured.values, _FORMAT)
    percentiles = note_percentiles(
        found, local, "Local resolution in the mask", _columns(measured, flat.measured)
    )
    share = 100 * float(np.mean(local.inside < reported))
    found.measure(
        "reported_percentile", share, "%", "voxels whose local resolution is better than reported"
    )
    _describe(found, percentiles, reported, share)
    possible = _possibly_better(measured, flat.measured if flat.trusted else None, reported)
    _describe_error(found, measured)
    _describe_beyond_nyquist(found, entry, reported)
    _compare(found, percentiles[2], flat)
    draw_distribution(found, local, percentiles, marks=[(reported, f"reported {number(reported)}")])
    _keep(found, measured, density, percentiles)
    if percentiles[0] < COARSEST:
        remark_if_homogeneous(found, local, percentiles, _HOMOGENEOUS)
    else:
        found.paragraphs.append(
            f"Nearly all of the molecule looks coarser than {number(COARSEST)} Å, beyond which "
            "local resolutions are not told apart."
        )
    _judge(found, share, possible, _telling(percentiles[2], flat), reported)
    return found


@dataclass(frozen=True)
class _Telling:
    """The median, Å, that says most of the map's resolution, and whether of the flattened map."""

    median: float
    flattened: bool

    @property
    def words(self) -> str:
        of = ", with the spectrum flattened" if self.flattened else ""
        return f"median {self.median:.2f} Å{of}"


def _possibly_better(measured: Measured, second: Measured | None, reported: float) -> float | None:
    """% of voxels that may be as well resolved as reported, in the sharper of both maps.

    The reported resolution is held against the one at half amplitude: that is where a map that
    was filtered by its Fourier shell correlation ends (doi:10.1016/j.jmb.2003.07.013). Error
    bars above the median one count as the median: not to know is no merit. None for an engine that
    knows no errors.
    """
    results = [m.builtin for m in (measured, second) if m is not None and m.builtin is not None]
    if not results:
        return None
    sharper = min(results, key=lambda result: float(np.nanmedian(result.half_amplitude)))
    inside = np.isfinite(sharper.half_amplitude)
    errors = sharper.uncertainty[inside]
    best = sharper.half_amplitude[inside] - BENEFIT * np.minimum(errors, np.median(errors))
    return 100 * float(np.mean(best < reported))


def _not_applicable(entry: Entry) -> str:
    reported = entry.resolution
    if reported is None:
        return "No resolution was reported: there is nothing to compare the local one with."
    if reported < BEST:
        return (
            f"The reported resolution, {number(reported)} Å, is better than {number(BEST)} Å: "
            "local resolution was not learnt by looks there."
        )
    if reported > WORST:
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

    tools: deepres_xmipp.DeepRes

    def __call__(self, task: Task, density: Density, mask: Mask, path: Path) -> Measured:
        answer = deepres_xmipp.deepres(
            self.tools,
            path,
            task.entry.hard_mask_path,
            mask,
            density.voxel_size[2],
            deepres_xmipp.range_for(task.entry.resolution or WORST),
        )
        return Measured(answer.values, answer.volume)


def _external(entry: Entry | None) -> Sequence[Availability]:
    return (deepres_xmipp.availability(preferred=entry is None or is_cubic(entry)),)


def _engine(found: Findings, density: Density) -> _Builtin | _Xmipp:
    """The engine chosen, noted and named in words."""
    if found.task.engine == BUILTIN:
        found.engine = Engine(name=BUILTIN, version=__version__)
        found.paragraphs.append(
            "The local resolution was measured by this program's own networks, which were "
            "trained on simulated maps after the idea of DeepRes: these are not DeepRes' numbers."
        )
        return _Builtin()
    tools = deepres_xmipp.require_deepres()
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
            decays_plausibly(b_factor, reported),
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


def _describe(found: Findings, percentiles: Sequence[float], reported: float, share: float) -> None:
    low, _, median, _, high = percentiles
    found.paragraphs.append(
        f"The median of the local resolution is {median:.2f} Å, and 95 % of the voxels lie "
        f"between {low:.2f} and {high:.2f} Å ({{tab:{_KEY}}}, {{fig:{_KEY}_histogram}}). "
        f"{share:.1f} % of the voxels are better resolved than the reported resolution, "
        f"{number(reported)} Å: it is at that percentile."
    )


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


def _describe_beyond_nyquist(found: Findings, entry: Entry, reported: float) -> None:
    finest = nyquist(entry.voxel_size)
    if reported <= finest:
        found.paragraphs.append(
            f"The map's voxels hold nothing finer than {number(finest)} Å, so that no voxel can "
            f"be as well resolved as the reported {number(reported)} Å. Check the voxel size, or "
            "use the map on its original voxels."
        )


def _telling(median: float, flat: _Flattened) -> _Telling:
    """Of a map that looks unsharpened the flattened one's, else that of the map as it is."""
    if flat.measured is not None and flat.trusted:
        flattened_median = flat.measured.percentiles[2]
        if flattened_median < median - UNSHARPENED:
            return _Telling(flattened_median, True)
    return _Telling(median, False)


def _compare(found: Findings, median: float, flattened: _Flattened) -> None:
    """The second line: what a flat spectrum changes."""
    if flattened.measured is None:
        found.paragraphs.append(flattened.about)
        return
    flat = flattened.measured.percentiles[2]
    found.measure("flattened_p50", flat, "Å", "median after flattening the map's spectrum")
    text = (
        f"With the spectrum flattened by the B-factor of its Guinier plot, {flattened.about}, up "
        f"to the end of that fit, the median is {flat:.2f} Å."
    )
    if not flattened.trusted:
        found.paragraphs.append(
            f"{text} No map decays like that for want of sharpening alone: it was blurred or "
            "low-pass filtered, flattening brings back noise, and the first number is the one to "
            "be trusted."
        )
        return
    if flat < median - UNSHARPENED:
        found.paragraphs.append(
            f"{text} It differs by {median - flat:.1f} Å: the map looks unsharpened. By its looks "
            "a decay of the amplitudes cannot be told from a lower resolution; of such a map the "
            "second number is the more telling one."
        )
        return
    if flat > median + UNSHARPENED:
        found.paragraphs.append(
            f"{text} It is worse by {flat - median:.1f} Å: flattening has amplified noise or "
            "taken from fine detail, and the first number is the more telling one."
        )
        return
    found.paragraphs.append(f"{text} The two agree: the map's sharpening does not mislead.")


def _keep(
    found: Findings, measured: Measured, density: Density, percentiles: Sequence[float]
) -> None:
    """Volumes on the map's grid, and its surface in their colours."""
    reach = (percentiles[0], percentiles[-1])
    local = LocalValues(_KEY, _WORDS, "Å", measured.volume, _FORMAT)
    keep_volume(found, local, density, VOLUME_FILE, reach)
    if measured.builtin is not None:
        errors = measured.builtin.uncertainty
        error = LocalValues(
            f"{_KEY}_error", "error bar of the local resolution (68 %)", "Å", errors, _FORMAT
        )
        low, high = (float(v) for v in np.nanpercentile(errors, (2.5, 97.5)))
        keep_volume(found, error, density, ERROR_FILE, (low, high), "Error bar (Å)")
    draw_coloured_surface(found, local, density, found.task.entry.map_path)


def _judge(
    found: Findings, share: float, possible: float | None, telling: _Telling, reported: float
) -> None:
    if possible is None:
        judged = found.judge("reported_percentile_lowest", share, role="verdict")
    else:
        found.measure(
            "possibly_better",
            possible,
            "%",
            f"voxels that may be as well resolved as reported, within {BENEFIT:g} error bars",
        )
        judged = found.judge(
            "possibly_better_lowest",
            possible,
            detail=f"at half amplitude, within {BENEFIT:g} of their error bars, of the map or, if "
            "it decays as unsharpened maps do and looks sharper then, of the flattened one",
        )
        found.judge(
            "reported_percentile_lowest", share, detail=f"without error bars, as {SERVICE} does"
        )
    method = "DeepRes" if found.engine.name == xmipp.NAME else "Local resolution by looks"
    found.resolution_estimate = ResolutionEstimate(
        method=f"{method} of the map with its spectrum flattened" if telling.flattened else method,
        value=telling.median,
    )
    if not judged.passed:
        found.headline = (
            f"The reported resolution, {number(reported)} Å, is better than the local resolution "
            f"of nearly every voxel ({telling.words})."
        )
    elif found.warnings:
        found.headline = "The local resolution is suspiciously homogeneous."
    else:
        found.headline = (
            f"The reported resolution, {number(reported)} Å, is within the range of the local one "
            f"and its errors ({telling.words})."
        )


_TOO_FINE_A_CLAIM = (
    "Hardly any density looks as fine as the reported resolution says. Most often the map was not "
    "sharpened, or was filtered or resampled after the resolution was measured: validate the "
    "sharpened map on its original voxels. Else the mask of the Fourier shell correlation may have "
    "been too tight; look at the half maps."
)

CHECK = Check(
    code="0.e",
    name="DeepRes",
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
        "should lie within the range of these local ones, their errors granted. What networks see "
        "is the map as it is: one that was not sharpened looks worse, so that it is measured again "
        f"with its spectrum flattened. Local resolutions from {FINEST:g} to {COARSEST:g} Å "
        "are told apart."
    ),
    answer=measure_local_resolution,
    applies=_not_applicable,
    limits=(
        Limit(
            "possibly_better_lowest",
            0.1,
            "%",
            "Lowest share of voxels as well resolved as reported",
            f"The check warns when fewer voxels than this may, within {BENEFIT:g} error bars, be "
            "better resolved than reported.",
            "the share of voxels that may be as well resolved as reported",
            ">=",
            advice=_TOO_FINE_A_CLAIM,
        ),
        Limit(
            "reported_percentile_lowest",
            0.1,
            "%",
            "Lowest percentile of the reported resolution",
            "The same without error bars: it decides for engines that know none.",
            "the percentile of the reported resolution among the local ones",
            ">=",
            role="advice",
            advice=_TOO_FINE_A_CLAIM,
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
        "the engine that measured is named in the table of engines. The built-in one knows its "
        "errors: a voxel counts as well resolved as reported if it may be so within one and a "
        "half of its error bars, at half the filter's amplitude, in the map or, if it decays as "
        "unsharpened maps do and looks sharper then, in the flattened one. The limit on their "
        "share is the service's; its own criterion, which knows no errors, is printed beside it."
    ),
)
