"""1.f Directional resolution: how well is each voxel resolved along different directions?"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from vrs_scipion import __version__
from vrs_scipion.checks.check import Check, Limit
from vrs_scipion.checks.directions import (
    REPORTED,
    doubt_dependent,
    note_axes,
    reported_limit,
    role_of_evenness,
    symmetry_in_words,
    vector,
)
from vrs_scipion.checks.findings import Findings
from vrs_scipion.checks.half_maps_words import FOREIGN, SOLVENT
from vrs_scipion.checks.independence import INDEPENDENCE
from vrs_scipion.checks.local_bands import COPIES, surface_file
from vrs_scipion.checks.local_values import (
    LocalValues,
    draw_coloured_surface,
    keep_volume,
    refused,
)
from vrs_scipion.checks.references import VILAS_2020
from vrs_scipion.checks.task import Task
from vrs_scipion.entry.entry import Entry
from vrs_scipion.figures.local_directions import axes_plot, radial_plot, spread_plot
from vrs_scipion.maps.density import Volume
from vrs_scipion.maps.kind import Trait
from vrs_scipion.maps.masks import runs_through
from vrs_scipion.methods import monodir_xmipp, monores_xmipp, xmipp
from vrs_scipion.methods.directional import Estimate
from vrs_scipion.methods.engine import BUILTIN, Availability
from vrs_scipion.methods.fsc import GOLD_STANDARD, HALF
from vrs_scipion.methods.local_bands import HALF_ANGLE, windows_in
from vrs_scipion.methods.local_directions import (
    FEWEST_VOXELS,
    RADIAL,
    TANGENTIAL,
    DirectionalResolution,
    Preference,
    RadialMeans,
    Slope,
    Uniformity,
    local_directions,
    preference_of,
    radial_means,
    radii_in,
    slope_of,
    uniformity_of,
)
from vrs_scipion.methods.local_sweep import NotMeasurableError
from vrs_scipion.methods.shells import Reals
from vrs_scipion.results import Column, Engine, ResolutionEstimate
from vrs_scipion.results.model import Role
from vrs_scipion.results.numbers import number, quantity, with_error
from vrs_scipion.results.plots import Role as Look

COARSEST = 10.0
"""Å, of a reported resolution: beyond, the question makes no sense."""

RESOLVED, UNEVEN, CHANCE, RATIO, SLOPE = (
    "resolved_lowest",
    "uneven_highest",
    "chance_lowest",
    "direction_ratio_highest",
    "tangential_slope_highest",
)
_WORDS = {
    "best": "local resolution along its finest direction",
    "worst": "local resolution along its coarsest direction",
    "mean": "local resolution, mean over directions",
    "radial": "local resolution along the radius",
    "tangential": "local resolution across the radius",
}
_SHORT: dict[str, tuple[str, Look]] = {
    "best": ("finest direction", "corrected"),
    "mean": ("mean over directions", "measured"),
    "worst": ("coarsest direction", "absent"),
    "radial": ("along the radius", "part"),
    "tangential": ("across the radius", "expected"),
}
_KEPT = ("best", "worst", "mean")
_PER = 10.0
"""Å, over which slopes are given."""
_SURE, _STEEP = 2.0, 3.0
"""Standard errors by which a ratio, and a slope, has to miss its limit."""
_WORTH_A_WORD = 5e-4


@dataclass(frozen=True)
class Answer:
    """What an engine found.

    Attributes
    ----------
    volumes : best, worst, mean, radial and tangential resolution: Å, NaN outside the mask
    directions : unit vectors along z, y, x, shape (directions, 3)
    shares : of the voxels that are best resolved along each, of which the sum is 1
    along : mean resolution along each, Å
    claimed : mean over the mask of what a reported resolution is held against, Å
    resolved, nyquist_limited : shares of the mask; None where not known
    error : of a voxel along a direction, median, Å; None where not known
    preference : how the resolution depends on direction on the whole; None where not known
    copies : whether the half maps are copies of each other
    """

    volumes: Mapping[str, Volume]
    directions: Reals
    shares: Reals
    along: Reals
    claimed: float
    resolved: float | None = None
    nyquist_limited: float | None = None
    error: float | None = None
    preference: Preference | None = None
    copies: bool = False

    @property
    def anisotropy(self) -> Volume:
        """(worst − best) / mean, NaN outside the mask."""
        best, worst, mean = (self.volumes[name] for name in _KEPT)
        return np.asarray((worst - best) / mean, np.float32)

    def mean_of(self, name: str) -> float:
        """Mean over the mask, Å."""
        return float(np.nanmean(self.volumes[name], dtype=np.float64))


@dataclass(frozen=True)
class _Trends:
    """What changes with direction and with the distance from the centre.

    Attributes
    ----------
    uniformity : of the finest directions
    means : by distance
    slope, across : of the mean resolution, and of that across the radius less that along it
    """

    uniformity: Uniformity
    means: RadialMeans
    slope: Slope
    across: Slope


def measure_local_directions(task: Task) -> Findings:
    """Answer 1.f."""
    found = Findings(task)
    try:
        answer = _ENGINES[task.engine](found)
    except NotMeasurableError as error:
        found.does_not_apply = refused(error)
        return found
    trends = _trends(found, answer)
    _note(found, answer, trends)
    _tabulate(found, answer, trends)
    if answer.copies:
        _say_copies(found)
        return found
    _describe(found, answer, trends)
    _draw(found, answer, trends)
    _judge(found, answer, trends)
    doubt_dependent(found)
    return found


def _builtin(found: Findings) -> Answer:
    """Bands of frequency in cones, with error bars."""
    task = found.task
    entry, halves = task.entry, task.entry.half_maps()
    size = halves.first.voxel_size
    found.engine = Engine(
        name=BUILTIN, version=__version__, arguments={"half_angle": HALF_ANGLE, "level": HALF}
    )
    measured = local_directions(
        *entry.half_spectra(task.threads),
        halves.hard,
        size,
        resolution=entry.resolution,
        threads=task.threads,
    )
    half, on_voxels = measured.half, measured.half.grid.on_voxels
    radial, tangential = half.along_radius(size)
    columns = zip(_WORDS, (half.best, half.worst, half.mean, radial, tangential), strict=True)
    inside = half.in_mask
    share = half.finest.mean(axis=1)
    return Answer(
        volumes={name: on_voxels(values) for name, values in columns},
        directions=half.axes,
        shares=share / share.sum() if share.sum() else np.full(share.size, 1 / share.size),
        along=1 / half.frequency[:, inside].mean(axis=1),
        claimed=float(np.nanmean(on_voxels(measured.gold.mean), dtype=np.float64)),
        resolved=float(half.rises[:, inside].mean()),
        nyquist_limited=float(1 - half.falls[:, inside].mean()),
        error=_median(half.error[:, inside]),
        preference=_preference(found, half),
        copies=measured.agreement > COPIES,
    )


def _median(values: Reals) -> float | None:
    known = values[np.isfinite(values)]
    return float(np.median(known)) if known.size else None


def _preference(found: Findings, half: DirectionalResolution) -> Preference | None:
    """How the resolution depends on direction on the whole, with its error."""
    frequency = half.frequency[:, half.in_mask]
    error = _median(half.error[:, half.in_mask] * frequency**2)
    if error is None:
        return None
    independent = _independent(found, float(np.median(half.mean[half.in_mask])))
    return preference_of(half.axes, frequency.mean(axis=1), error / math.sqrt(independent))


def _independent(found: Findings, resolution: float) -> float:
    """Windows of a resolution (Å) in the mask, those that a symmetry repeats counted once."""
    entry = found.task.entry
    record = entry.half_maps_record
    volume = record.hard_mask.voxels * math.prod(record.voxel_size)
    return max(1.0, windows_in(volume, resolution) / (entry.symmetry_order or 1))


def _xmipp(found: Findings) -> Answer:
    """Xmipp's program, which looks at the mean of the half maps alone."""
    task = found.task
    halves, record = task.entry.half_maps(), task.entry.half_maps_record
    program, monores = map(xmipp.require_program, (monodir_xmipp.PROGRAM, monores_xmipp.PROGRAM))
    size, mask = record.voxel_size, halves.hard
    found.engine = Engine(
        name=xmipp.NAME,
        version=program.version,
        arguments={
            "program": program.name,
            "arguments": monodir_xmipp.arguments(size[2], mask.shape[0], task.threads),
        },
    )
    said = monodir_xmipp.directional_resolution(
        program,
        monores,
        [task.entry.path("half_maps", half.file) for half in record.halves],
        np.asarray((halves.first.values + halves.second.values) / 2, np.float32),
        mask,
        size,
        threads=task.threads,
    )
    found.paragraphs.append(
        "These are the numbers of Xmipp's program. It looks at the mean of the half maps alone and "
        "takes the noise from around the molecule; its mean is what MonoRes says, whatever the "
        "direction; its directions are not even, and a voxel counts for all that are equally fine, "
        "so that their spread is printed and decides nothing."
    )
    volumes = said.best, said.worst, said.whole, said.radial, said.tangential
    return Answer(
        volumes=dict(zip(_WORDS, volumes, strict=True)),
        directions=said.directions,
        shares=said.counts / said.counts.sum(),
        along=said.resolutions,
        claimed=float(np.nanmean(said.whole, dtype=np.float64)),
    )


_ENGINES = {BUILTIN: _builtin, xmipp.NAME: _xmipp}


def _external(entry: Entry | None) -> Sequence[Availability]:
    return (xmipp.availability(monodir_xmipp.PROGRAM, preferred=False),)


def _applies(entry: Entry) -> str:
    if entry.resolution is None or entry.resolution <= COARSEST:
        return ""
    return (
        f"The reported resolution, {number(entry.resolution)} Å, is coarser than "
        f"{COARSEST:g} Å: that far there is no telling how well a voxel is resolved along one "
        "direction."
    )


def _trends(found: Findings, answer: Answer) -> _Trends:
    halves = found.task.entry.half_maps()
    mask, size = halves.hard, halves.first.voxel_size
    volumes, radius = answer.volumes, radii_in(mask, size)
    independent = _independent(found, float(np.nanmedian(volumes["mean"])))

    def slope(values: Volume) -> Slope:
        known = np.isfinite(values[mask])
        return slope_of(values[mask][known].astype(np.float64), radius[known], independent)

    return _Trends(
        uniformity=uniformity_of(answer.shares, independent),
        means=radial_means(volumes, radius, mask, max(size)),
        slope=slope(volumes["mean"]),
        across=slope(volumes["tangential"] - volumes["radial"]),
    )


def _note(found: Findings, answer: Answer, trends: _Trends) -> None:
    at = f"at a correlation of {HALF:g}" if answer.resolved is not None else "by MonoDir"
    volumes, uniformity = answer.volumes, trends.uniformity
    found.measure(
        "directional_mean", answer.mean_of("mean"), "Å", f"local resolution {at}, mean of the mask"
    )
    if answer.resolved is not None:
        found.measure(
            "directional_mean_0143",
            answer.claimed,
            "Å",
            f"the same at a correlation of {GOLD_STANDARD:g}",
        )
    for name in _KEPT:
        median = float(np.nanmedian(volumes[name]))
        found.measure(f"resolution_{name}_p50", median, "Å", f"{_WORDS[name]} {at}, median")
    found.measure("error_p50", answer.error, "Å", "error bar of a voxel along one axis, median")
    found.measure(
        "anisotropy_p50",
        float(np.nanmedian(answer.anisotropy)),
        "",
        "coarsest less finest direction of a voxel, over their mean; median, chance and all",
    )
    for key, value, words in (
        ("uniformity_p", uniformity.p, "probability of such shares if all directions are alike"),
        ("uniformity_tv", uniformity.effect, "share of the voxels that would have to change"),
        ("uniformity_tv_chance", uniformity.chance, "what chance makes of that, on average"),
        ("effective_voxels", uniformity.independent, "independent voxels by finest direction"),
    ):
        found.measure(key, value, "", words)
    for key, slope, words in (
        ("radial_slope", trends.slope, "mean resolution"),
        ("tangential_slope", trends.across, "resolution across the radius less that along it"),
    ):
        found.measure(key, _PER * slope.value, "Å", f"{words}: how much it grows over {_PER:g} Å")
        found.measure(f"{key}_se", _PER * slope.error, "Å", "standard error of that")
    if answer.resolved is not None:
        found.measure(
            "nyquist_limited_fraction",
            answer.nyquist_limited,
            "",
            f"fraction of voxels and axes whose correlation does not fall below {HALF:g}",
        )
        found.measure(
            "unresolved_fraction",
            1 - answer.resolved,
            "",
            f"fraction of voxels and axes whose correlation lies below {HALF:g} from the start",
        )
    if answer.preference is not None:
        ratio = answer.preference.ratio
        found.measure(
            "direction_ratio",
            ratio.value,
            "",
            "coarsest over finest resolution by direction, all voxels together",
        )
        found.measure("direction_ratio_se", ratio.error, "", "standard error of it, by chance")
        note_axes(found, answer.preference)


def _tabulate(found: Findings, answer: Answer, trends: _Trends) -> None:
    found.tabulate(
        "directions",
        "Directions: which share of the voxels is best resolved along each, and how well all are",
        [
            Column(key="number", label="Axis", format="d"),
            *(Column(key=axis, label=axis, format=".3f") for axis in "xyz"),
            Column(key="share", label="Voxels", unit="%", format=".1f"),
            Column(key="resolution", label="Mean resolution", unit="Å", format=".2f"),
        ],
        [
            (place, *map(float, direction[::-1] + 0.0), 100 * float(share), float(resolution))
            for place, (direction, share, resolution) in enumerate(
                zip(answer.directions, answer.shares, answer.along, strict=True), 1
            )
        ],
    )
    means = trends.means
    if not means.radius.size:
        return
    found.tabulate(
        "radial",
        "Mean resolution by distance from the centre of the box, where the mask has at least "
        f"{FEWEST_VOXELS} voxels",
        [
            Column(key="radius", label="Distance", unit="Å", format=".1f"),
            Column(key="voxels", label="Voxels", format="d"),
            *(
                Column(key=name, label=words.capitalize(), unit="Å", format=".2f")
                for name, (words, _) in _SHORT.items()
            ),
        ],
        [
            (float(radius), int(voxels), *map(float, values))
            for radius, voxels, *values in zip(
                means.radius, means.voxels, *(means.means[name] for name in _SHORT), strict=True
            )
        ],
    )


def _say_copies(found: Findings) -> None:
    found.cannot_tell = (
        "The half maps correlate nearly perfectly along every axis and at every resolution: they "
        "are copies of each other, without noise of their own, and what they resolve cannot be "
        "told from them."
    )
    found.headline = "The half maps are copies: their directional resolution means nothing."


def _describe(found: Findings, answer: Answer, trends: _Trends) -> None:
    best, worst, mean = (float(np.nanmedian(answer.volumes[name])) for name in _KEPT)
    where = (
        f"where the half maps' correlation in cones about {len(answer.directions)} axes falls "
        f"below {HALF:g}"
        if answer.resolved is not None
        else f"by Xmipp in {len(answer.directions)} directions"
    )
    found.paragraphs.append(
        f"The median voxel is resolved to {mean:.2f} Å, {best:.2f} Å along its finest direction "
        f"and {worst:.2f} Å along its coarsest, {where} ({{fig:directional_histogram}})."
        + _error_in_words(answer)
    )
    if answer.nyquist_limited is not None and answer.nyquist_limited >= _WORTH_A_WORD:
        found.paragraphs.append(
            f"Of all voxels and axes {100 * answer.nyquist_limited:.1f} % do not fall so far "
            "before the finest band that the voxels hold: there the resolution is that of the "
            "band or finer."
        )
    found.paragraphs.append(_uniformity_in_words(found, answer, trends.uniformity))
    found.paragraphs.append(_trend_in_words(trends))


def _error_in_words(answer: Answer) -> str:
    if answer.error is None:
        return ""
    return (
        f" A cone holds few independent values, so that each of these is uncertain by "
        f"± {answer.error:.2f} Å (68 %), typically: the finest of so many always seems finer than "
        "the coarsest, and what says something are the patterns of many voxels."
    )


def _uniformity_in_words(found: Findings, answer: Answer, uniformity: Uniformity) -> str:
    top = int(np.argmax(answer.shares))
    words = (
        f"The axis that is the finest for most voxels, {100 * answer.shares[top]:.1f} %, is "
        f"{vector(answer.directions[top])}; were all directions alike each would have "
        f"{100 / answer.shares.size:.1f} % ({{fig:directions}}, {{fig:directions_disc}}, "
        f"{{tab:directions}}). The shares differ from even ones by "
        f"{100 * uniformity.effect:.0f} % of the voxels, where chance makes "
        f"{100 * uniformity.chance:.0f} % of about {uniformity.independent:.0f} independent ones; "
        f"p is {number(uniformity.p, '.2g')}."
    )
    if answer.preference is None:
        return words
    ratio = answer.preference.ratio
    return (
        f"{words} All voxels together, the resolution is finest along "
        f"{vector(answer.preference.best)} and coarsest along {vector(answer.preference.worst)}, "
        f"by a factor of {_pm(ratio)}, in part by the molecule's own "
        f"shape; 1.h measures that in more directions.{symmetry_in_words(found)}"
    )


def _trend_in_words(trends: _Trends) -> str:
    slope, across = (
        f"{with_error(_PER * one.value, _PER * one.error)} Å"
        for one in (trends.slope, trends.across)
    )
    shown = "; {fig:radial}, {tab:radial}" if trends.means.radius.size else ""
    return (
        f"From the centre of the box outwards the resolution changes by {slope} over {_PER:g} Å, "
        f"and across the radius (axes {TANGENTIAL:g}° from it or more) by {across} more than along "
        f"it (axes within {RADIAL:g}°{shown}). Errors of the particles' "
        "angles blur what is far from the centre, and only across the radius. Along all directions "
        "most molecules get coarser outwards, even rigid ones: their density is weaker there."
    )


def _draw(found: Findings, answer: Answer, trends: _Trends) -> None:
    entry, inside = found.task.entry, {}
    for name, values in answer.volumes.items():
        inside[name] = values[np.isfinite(values)]
    reported = entry.resolution
    found.plot(
        "directional_histogram",
        spread_plot(
            [
                (_SHORT[name][0], inside[name], _SHORT[name][1])
                for name in ("best", "mean", "worst")
            ],
            () if reported is None else ((reported, f"reported {number(reported)}"),),
        ),
        "How the local resolution is distributed over the mask: along each voxel's finest "
        "direction, on average, and along its coarsest.",
        "Three histograms of resolutions, side by side.",
    )
    found.plot(
        "directions",
        axes_plot(answer.shares),
        "Share of the voxels that are best resolved along each axis, numbered as in the table of "
        "directions, and what it would be were all alike.",
        "A bar for each axis, and a line at the even share.",
    )
    _draw_disc(found, answer)
    _draw_means(found, trends.means)
    _keep_volumes(found, answer)


def _draw_means(found: Findings, means: RadialMeans) -> None:
    if not means.radius.size:
        return
    found.plot(
        "radial",
        radial_plot(
            means.radius,
            {words: (means.means[name], look) for name, (words, look) in _SHORT.items()},
            found.task.entry.resolution,
        ),
        "Mean local resolution by distance from the centre of the box: along the voxels' finest "
        "and coarsest direction, on average, along the radius and across it.",
        "Five curves of resolution by distance.",
    )


def _draw_disc(found: Findings, answer: Answer) -> None:
    from vrs_scipion.figures.sphere import draw_axes  # slow to load

    found.picture(
        "directions_disc",
        lambda path: draw_axes(
            answer.directions, answer.shares, answer.along, path, label="Mean resolution (Å)"
        ),
        "The axes on half the sphere of directions, seen from z, x to the right, y up. The area of "
        "a circle is the share of the voxels that are best resolved along it, its colour the mean "
        "resolution along it. An axis in the plane is drawn at both ends; dotted circles lie 30 "
        "and 60° from z.",
        "A disc with a circle for each axis.",
    )


def _keep_volumes(found: Findings, answer: Answer) -> None:
    grid = found.task.entry.half_maps().first
    kept = [LocalValues(name, _WORDS[name], "Å", answer.volumes[name], ".2f") for name in _KEPT]
    kept.append(LocalValues("anisotropy", "local anisotropy", "", answer.anisotropy, ".2f"))
    with surface_file(found.task, grid) as path:
        for values in kept:
            low, high = (float(v) for v in np.percentile(values.inside, (2.5, 97.5)))
            keep_volume(found, values, grid, f"directional_{values.key}.mrc", (low, high))
            if values.key in ("mean", "anisotropy") and low < high:
                draw_coloured_surface(found, values, grid, path)


def _judge(found: Findings, answer: Answer, trends: _Trends) -> None:
    if answer.resolved is not None:
        signal = found.judge(RESOLVED, 100 * answer.resolved)
        if not signal.passed:
            found.headline = "Around most of the molecule the half maps have no signal in common."
            return
    role: Role = "advice"
    if answer.preference is not None or answer.resolved is not None:
        role = role_of_evenness(found, any(runs_through(found.task.entry.half_maps().hard)))
    even = _judge_evenness(found, answer, trends.uniformity, role)
    _judge_slope(found, trends.across)
    reported = found.task.entry.resolution
    met = (
        reported is None
        or found.judge(
            REPORTED,
            100 * reported / answer.claimed,
            detail=f"{number(reported)} Å of {number(answer.claimed)} Å",
        ).passed
    )
    found.resolution_estimate = ResolutionEstimate(
        method=f"Directional resolution (mean at {GOLD_STANDARD:g})"
        if answer.resolved is not None
        else "MonoDir (mean)",
        value=answer.claimed,
        contradicts=not met,
    )
    best, worst = (float(np.nanmedian(answer.volumes[name])) for name in ("best", "worst"))
    spans = (
        f"The median voxel is resolved to {best:.2f} Å along its finest direction and to "
        f"{worst:.2f} Å along its coarsest"
    )
    if not even:
        found.headline = f"Some directions are resolved better than others: {_favoured(answer)}."
    elif not met:
        found.headline = (
            f"The reported resolution, {number(reported)} Å, goes beyond what the voxels have on "
            f"average, {quantity(answer.claimed, 'Å')}."
        )
    elif answer.preference is not None:
        ratio = _pm(answer.preference.ratio)
        found.headline = f"{spans}; on the whole directions differ by a factor of {ratio}."
    else:
        found.headline = f"{spans}."


def _judge_evenness(found: Findings, answer: Answer, uniformity: Uniformity, role: Role) -> bool:
    """Whether no direction is favoured as far as the verdict goes."""
    sure = not found.judge(CHANCE, uniformity.p).passed
    found.judge(UNEVEN, 100 * uniformity.excess, detail="" if sure else "which may be chance")
    if answer.preference is None:
        return True
    ratio = answer.preference.ratio
    value = ratio.value - _SURE * ratio.error
    return found.judge(RATIO, value, role=role, detail=_pm(ratio)).passed or role != "verdict"


def _judge_slope(found: Findings, slope: Slope) -> None:
    value, error = _PER * slope.value, _PER * slope.error
    sure = value > _STEEP * error
    found.judge(
        SLOPE,
        value if sure else None,
        vacuous="" if sure else f"it may be chance, {with_error(value, error)} Å",
    )


def _pm(estimate: Estimate) -> str:
    return with_error(estimate.value, estimate.error)


def _favoured(answer: Answer) -> str:
    if answer.preference is not None:
        return (
            f"all voxels together, the coarsest, {vector(answer.preference.worst)}, has a "
            f"resolution {_pm(answer.preference.ratio)} times that of the finest, "
            f"{vector(answer.preference.best)}"
        )
    top, bottom = (int(place(answer.shares)) for place in (np.argmax, np.argmin))
    return (
        f"{100 * answer.shares[top]:.0f} % of the voxels are finest along "
        f"{vector(answer.directions[top])}, {100 * answer.shares[bottom]:.0f} % along "
        f"{vector(answer.directions[bottom])}"
    )


_SMEARED = (
    "The map is smeared along some directions, most often because the particles lie in few "
    "orientations on the grid: features along the coarse ones are not to be built into. See 1.g "
    "and 1.h for how much; tilting the grid, another support film or a detergent bring the missing "
    "views. Long, parallel parts of the molecule, such as bundles of helices, do a little of it, "
    "too."
)

CHECK = Check(
    code="1.f",
    name="Local directional resolution",
    label="local directions",
    purpose="How well is each voxel resolved along different directions?",
    in_short=(
        "The half maps' correlation around every voxel, in cones about the 15 twofold axes of an "
        "icosahedron: its finest, coarsest and mean resolution, which axis is the finest for how "
        "many voxels, and how all that changes with the distance from the centre. It warns where "
        "all voxels together are resolved far better along one direction than along another. The "
        "question of MonoDir."
    ),
    explanation=(
        "A voxel may be well resolved along one direction and badly along another: where particles "
        "lie in few orientations, all voxels along the same; where their angles are in error, "
        "across the line to the centre, and the more the farther out. The correlation of the half "
        "maps in a window around each voxel is therefore measured in cones of directions, "
        f"{HALF_ANGLE:g}° from the axis to the side, band by band. The resolution along an axis is "
        f"where it falls below {HALF:g}. Each voxel then has a finest axis. Were the map alike in "
        "all directions each axis would be the finest for as many voxels; how far the shares "
        "differ is held against what chance makes of the independent voxels that there are, which "
        "are far fewer than the voxels. All voxels together tell more surely how the resolution "
        "depends on direction: its even part of second degree, as which a loss along one direction "
        "shows, has a finest and a coarsest direction, and their ratio an error bar. A reported "
        f"resolution is held against the mean over voxels and axes at {GOLD_STANDARD:g}, the level "
        "where resolutions are reported."
    ),
    answer=measure_local_directions,
    needs=("map", "half_maps"),
    listens_to=(INDEPENDENCE,),
    relies_on=(Trait.SHAPE,),
    applies=_applies,
    limits=(
        Limit(
            RESOLVED,
            50.0,
            "%",
            "Least of voxels and axes where the half maps correlate",
            "The check warns when around fewer voxels and along fewer axes the half maps "
            f"correlate by {HALF:g} in the coarsest band: they have no signal in common.",
            "the share of voxels and axes along which the half maps correlate at all",
            ">=",
            advice=FOREIGN + SOLVENT,
        ),
        Limit(
            CHANCE,
            0.001,
            "",
            "Least probability that directions seem uneven by chance",
            "Above this the spread of the finest directions is not judged.",
            "the probability that chance spreads even directions so",
            ">=",
            role="advice",
        ),
        Limit(
            UNEVEN,
            35.0,
            "%",
            "Most voxels that favour some directions",
            "More of the voxels than this, beyond what chance makes, would have to have another "
            "finest direction for all to be alike. It decides nothing: the helices of good half "
            "maps make 27 to 47 % of it, and a loss of 30 % along one direction 31 %.",
            "the share of voxels that favour some directions, beyond chance,",
            "<=",
            role="advice",
        ),
        Limit(
            RATIO,
            1.25,
            "",
            "Largest ratio of directions",
            "The check warns when the coarsest resolution by direction over the finest one, all "
            "voxels together and less two standard errors, is above this.",
            "the ratio of the coarsest to the finest direction less two standard errors",
            "<=",
            advice=_SMEARED,
        ),
        Limit(
            SLOPE,
            0.1,
            "Å",
            "Steepest loss of resolution across the radius",
            "The report says so when the resolution across the radius, against that along it, gets "
            f"coarser by more than this over {_PER:g} Å from the centre outwards, and by more than "
            "three standard errors.",
            f"the loss across the radius, against that along it, over {_PER:g} Å outwards",
            "<=",
            role="advice",
            advice=(
                "Far from the centre the map is blurred across the radius: the particles' angles "
                "are in error. Finer angular sampling, a better reference or a local refinement "
                "helps."
            ),
        ),
        reported_limit(
            "the reported resolution as a share of that of the voxels",
            f"the mean over voxels and axes at {GOLD_STANDARD:g}",
        ),
    ),
    references=(VILAS_2020,),
    engines=tuple(_ENGINES),
    external=_external,
    differs=(
        "The service draws 50,000 samples from the counts of the finest directions, holds them "
        "against a uniform law that lacks the last direction, so that a perfectly even count is "
        "called uneven, and states the test backwards; its averages count radii, not voxels. Here "
        "independent voxels are counted, and a test has to be failed by much, not only for "
        "certain. Xmipp's MonoDir looks at one map against the noise around it: of two "
        "recorded pairs the median voxel's coarsest direction ends near 16 Å, where its sweep "
        "starts, while the half maps correlate along it down to 3.7 Å."
    ),
    volumes=16,
)
