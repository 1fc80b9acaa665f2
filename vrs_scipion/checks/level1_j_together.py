"""1.j Map and half maps: do they belong together?"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from vrs_scipion.checks.check import Check, Limit
from vrs_scipion.checks.findings import Findings
from vrs_scipion.checks.references import GUIZAR_2008, ROSENTHAL_2003
from vrs_scipion.checks.task import Task
from vrs_scipion.entry.entry import HalfMaps
from vrs_scipion.figures.fsc import fsc_plot
from vrs_scipion.figures.transfer import gain_plot
from vrs_scipion.maps.density import Density, Triple, Volume
from vrs_scipion.maps.kind import Trait
from vrs_scipion.methods.belonging import (
    PASSED,
    POSES,
    Cube,
    Magnification,
    Placement,
    Sharpening,
    Transfer,
    find_magnification,
    find_placement,
    measure_transfer,
)
from vrs_scipion.methods.fsc import GOLD_STANDARD, FscCurve, correlate
from vrs_scipion.results import CheckResult, Column
from vrs_scipion.results.numbers import number, quantity, with_error

HALVES_POSE, HALVES_SHIFT = "halves_pose_highest", "halves_shift_highest"
MAP_POSE, MAP_SHIFT = "map_pose_highest", "map_shift_highest"
SIZE, PHASES, BEYOND = "size_highest", "phases_lowest", "beyond_highest"

_GLOBAL = "1.a"
_ERRORS = 3.0
"""Standard errors that are allowed beyond a limit."""
_FOREIGN = 0.7
"""Correlation of map and mean below which the map was not made of these halves at all."""
_SAME = 1e-4
"""Of a half map's standard deviation, by which a map that is the mean differs from it at most."""
_DATA = 0.8
"""Of the resolution: what is finer lies beyond the data."""
_UNFILTERED = 0.5
"""Correlation with the mean above which what lies beyond the data is the halves' own noise."""
_FLAT = 5.0
"""Å², and twice its error: a sharpening below that is none."""
_FINEST = 1e-3
"""Voxel, the least error of a shift that is told."""
_NO_GAIN = 1e-5
"""Of the most, below which there is nothing but rounding."""


@dataclass(frozen=True)
class _OfHalves:
    """What 1.a found of the half maps, or the correlation without a mask where it did not run.

    Attributes
    ----------
    curve : their correlation
    resolution : Å to which they agree; None where they do as far as their voxels reach
    """

    curve: FscCurve
    resolution: float | None

    @classmethod
    def of(cls, task: Task, halves: HalfMaps) -> _OfHalves:
        known = task.results.get(_GLOBAL)
        if known is not None and known.resolution_estimate is not None and "fsc" in known.tables:
            return cls(_masked_curve(known), known.resolution_estimate.value)
        spectra, grid = task.entry.half_spectra(task.threads), halves.first
        curve = correlate(*spectra, grid.box, grid.voxel_size)
        return cls(curve, curve.resolution(GOLD_STANDARD))


def _masked_curve(known: CheckResult) -> FscCurve:
    table = known.tables["fsc"]
    keys = [column.key for column in table.columns]
    columns = ([row[keys.index(k)] for row in table.rows] for k in ("frequency", "masked", "n_eff"))
    return FscCurve(*(np.array(column, np.float64) for column in columns))


@dataclass(frozen=True)
class _Map:
    """The map against the mean of the half maps.

    Attributes
    ----------
    placed : how it lies to them
    in_pose : whether that is their pose
    magnification : how much larger it is; None where that cannot be told
    transfer : what was done to it
    end : Å up to which it is compared: the reported resolution, or that of the halves
    sharpening : None where there are too few shells
    beyond : its power beyond the data over what the weights of the halves leave there
    """

    placed: Placement
    in_pose: bool
    magnification: Magnification | None
    transfer: Transfer
    end: float
    sharpening: Sharpening | None
    beyond: float | None

    @cached_property
    def agreement(self) -> tuple[float, float]:
        """Its correlation with the mean, and how its phases agree with those of the mean."""
        return self.transfer.agreement(self.end)

    @property
    def is_foreign(self) -> bool:
        """Whether it was not made of these halves at all."""
        return self.agreement[0] < _FOREIGN


def measure_belonging(task: Task) -> Findings:
    """Answer 1.j."""
    found, entry = Findings(task), task.entry
    halves = entry.half_maps()
    size = halves.first.voxel_size
    mask = Cube.of_mask(halves.mask, size)
    first, second = Cube.of(halves.first), Cube.of(halves.second)
    placed = find_placement(second, first, mask)
    _note_halves(found, placed, size)
    found.paragraphs.append(_told_of_halves(found, placed, size))
    whole = _map_to_compare(found, halves)
    seen = None if whole is None else _see(task, halves, whole, (first, second), mask)
    if seen is not None:
        _note_map(found, seen, size)
        _draw(found, seen)
        found.paragraphs += _told_of_map(found, seen, size)
    _judge(found, placed, seen, size)
    return found


# ----------------------------------------------------------------------- what is measured


def _map_to_compare(found: Findings, halves: HalfMaps) -> Volume | None:
    """The map on the grid of the halves; None, and the reason told, where it is their mean."""
    entry = found.task.entry
    if entry.map.halves:
        found.paragraphs.append(
            "No map was given, and the mean of the half maps stands for it: there is nothing to "
            "compare with them."
        )
        return None
    whole, record = entry.map_on_halves(), entry.half_maps_record
    trifle = _SAME * record.halves[0].standard_deviation
    planes = zip(whole, halves.first.values, halves.second.values, strict=True)
    if all(float(np.abs(of_map - (a + b) / 2).max()) < trifle for of_map, a, b in planes):
        found.paragraphs.append(
            "The map is the mean of the half maps, voxel by voxel: nothing was done to it, and "
            "there is nothing more to compare."
        )
        return None
    return whole


def _see(task: Task, halves: HalfMaps, whole: Volume, cubes: tuple[Cube, Cube], mask: Cube) -> _Map:
    size = halves.first.voxel_size
    one, other = cubes
    of_map = Cube.of(Density(whole, size))
    of_mean = Cube((one.values + other.values) / 2, one.voxel)
    placed = find_placement(of_map, of_mean, mask)
    in_pose = placed.is_found and placed.gain <= task.limit(MAP_POSE)
    shift = placed.shift.vector if in_pose and placed.shift else (0.0, 0.0, 0.0)
    transfer = measure_transfer(
        whole,
        task.entry.half_spectra(task.threads),
        halves.mask,
        size,
        shift=shift,
        threads=task.threads,
    )
    known = _OfHalves.of(task, halves)
    end = task.entry.resolution or known.resolution or 1 / float(transfer.frequency[-1])
    return _Map(
        placed,
        in_pose,
        find_magnification(of_map, of_mean.moved(shift), mask) if in_pose else None,
        transfer,
        end,
        transfer.sharpening(end, known.curve.correlation) if in_pose else None,
        transfer.beyond(known.resolution, _DATA, known.curve) if known.resolution else None,
    )


# ----------------------------------------------------------------------- what is noted


def _note_pose(found: Findings, placed: Placement, key: str, of: str) -> None:
    search = placed.search
    found.measure(
        f"{key}best_permutation",
        POSES.index(search.best.pose),
        "",
        f"number of the pose in which {of} fits best, of 48, 0 as it is: {search.best.pose.words}",
    )
    for name, value, where in (
        ("best_permutation_correlation", search.best_correlation, "in that pose"),
        ("identity_correlation", search.identity_correlation, "as both are"),
    ):
        found.measure(f"{key}{name}", value, "", f"correlation {where}, all shells as strong")


def _note_halves(found: Findings, placed: Placement, size: Triple) -> None:
    _note_pose(found, placed, "halves_", "half map 2")
    found.measure("halves_shift", _distance(placed, size), "voxel", "of half map 2 from half map 1")
    found.measure("halves_shift_se", _distance_error(placed, size), "voxel", "its standard error")


def _note_map(found: Findings, seen: _Map, size: Triple) -> None:
    _note_pose(found, seen.placed, "", "the map")
    steps = _voxels(seen.placed, size) or (None, None, None)
    for axis, step in zip("xyz", steps[::-1], strict=True):
        found.measure(f"shift_{axis}", step, "voxel", f"of the map from the half maps along {axis}")
    found.measure("shift_se", _distance_error(seen.placed, size), "voxel", "its standard error")
    larger, sharp = seen.magnification, seen.sharpening
    for key, value, unit, words in (
        (
            "magnification",
            larger.value if larger else None,
            "",
            "size of the map over that of the half maps",
        ),
        ("magnification_error", larger.error if larger else None, "", "how far off it may be"),
        (
            "map_mean_fsc",
            seen.agreement[0],
            "",
            "median correlation of the map with the mean of the half maps, from twice to once the "
            "resolution",
        ),
        (
            "map_mean_phases",
            seen.agreement[1],
            "",
            "median of the mean cosine between the phases of both, in the same range",
        ),
        (
            "sharpening_b",
            sharp.b_factor if sharp else None,
            "Å²",
            "B-factor of the map's gain over that mean, positive where detail was made stronger",
        ),
        ("sharpening_b_se", sharp.error if sharp else None, "Å²", "its standard error"),
        (
            "lowpass_cutoff",
            seen.transfer.cutoff,
            "Å",
            f"where that gain falls to {PASSED:g} of its most",
        ),
        (
            "beyond_data",
            seen.beyond,
            "",
            "power of the map beyond the data over what weights by the halves' correlation leave",
        ),
    ):
        found.measure(key, value, unit, words)
    _tabulate(found, seen.transfer)


def _tabulate(found: Findings, transfer: Transfer) -> None:
    gain = transfer.gain / np.nanmax(transfer.gain)
    gain = np.where(gain >= _NO_GAIN, gain, np.nan)
    columns = (transfer.frequency, transfer.correlation, transfer.phases, gain)
    found.tabulate(
        "transfer",
        "The map against the mean of the half maps",
        [
            Column(key="frequency", label="Frequency", unit="1/Å", format=".4f"),
            Column(key="resolution", label="Resolution", unit="Å", format=".2f"),
            Column(key="fsc", label="Correlation", format=".3f"),
            Column(key="phases", label="Cosine of phases", format=".4f"),
            Column(key="gain", label="Gain", format=".3g"),
        ],
        [(f, 1 / f, *rest) for f, *rest in zip(*(c.tolist() for c in columns), strict=True)],
    )


def _draw(found: Findings, seen: _Map) -> None:
    transfer, sharp = seen.transfer, seen.sharpening
    reported = found.task.entry.resolution
    found.plot(
        "transfer",
        gain_plot(
            transfer.frequency,
            transfer.gain,
            reported,
            transfer.cutoff,
            (sharp.b_factor, sharp.coarsest, sharp.finest) if sharp else None,
        ),
        "By how much the map is stronger than the mean of the half maps, frequency by frequency, "
        "1 where it is most.",
        "A curve of the gain against spatial frequency, on a logarithmic axis.",
    )
    found.plot(
        "map_fsc",
        fsc_plot(
            transfer.frequency,
            [
                ("correlation with the mean of the half maps", transfer.correlation, "measured"),
                ("cosine of their phases", transfer.phases, "corrected"),
            ],
            (_FOREIGN,),
            reported,
        ),
        "Fourier shell correlation of the map with the mean of the half maps under the soft mask, "
        "and the mean cosine of the angles between their phases: a filter alone leaves both at 1.",
        "Two curves against spatial frequency.",
    )


# ----------------------------------------------------------------------- what is told


def _told_of_halves(found: Findings, placed: Placement, size: Triple) -> str:
    if not placed.shares_signal:
        return (
            "In none of the 48 ways to exchange and reverse the axes do the half maps share more "
            "than noise does."
        )
    if placed.is_inverted:
        return "The half maps agree but for their sign: what is density in one is a hole in other."
    told = _pose_words(
        placed, "The half maps", "Half map 2", "half map 1", found.task.limit(HALVES_POSE)
    )
    if placed.shift is None:
        return told
    return f"{told} They lie {_distance_words(placed, size)} apart."


def _told_of_map(found: Findings, seen: _Map, size: Triple) -> Iterator[str]:
    """The results in words."""
    placed = seen.placed
    brought = found.task.entry.half_maps_record.map_placed
    if brought:
        yield f"The map lies on another grid than the half maps: it was {brought}."
    if not placed.is_found:
        yield (
            "The map agrees with the mean of the half maps "
            + ("but for its sign." if placed.is_inverted else "in none of 48 poses.")
        )
    else:
        told = _pose_words(
            placed,
            "The map and the mean of the half maps",
            "The map",
            "the mean of the half maps",
            found.task.limit(MAP_POSE),
        )
        if placed.shift is not None and seen.in_pose:
            told += f" They lie {_distance_words(placed, size)} apart."
        yield told
    if seen.magnification is not None:
        yield _size_words(seen.magnification)
    yield from _filter_words(seen)


def _pose_words(placed: Placement, both: str, one: str, other: str, limit: float) -> str:
    search = placed.search
    if placed.gain <= limit:
        return (
            f"{both} are in one pose: to exchange or reverse axes, in any of 48 ways, makes their "
            f"correlation of {search.identity_correlation:.2f} no better."
        )
    return (
        f"{one} fits {other} best if its axes are changed: it is {search.best.pose.words}. The "
        f"correlation is {search.best_correlation:.2f} then, and "
        f"{search.identity_correlation:.2f} as they are."
    )


def _size_words(larger: Magnification) -> str:
    off, error = 100 * (larger.value - 1), 100 * larger.error
    start = "By the stretch at which they agree best"
    if abs(off) <= error:
        return f"{start}, both are of one size, give or take {quantity(round(error, 2), '%')}."
    words = "larger" if off > 0 else "smaller"
    return f"{start}, the map is {with_error(abs(off), error)} % {words} than the half maps."


def _filter_words(seen: _Map) -> Iterator[str]:
    correlation, phases = seen.agreement
    if seen.placed.is_found and not seen.in_pose:
        yield (
            f"As they are, the map correlates with that mean by {correlation:.3f}; what was done "
            "to it ({fig:transfer}, {fig:map_fsc}, {tab:transfer}) can be told after one of them "
            "was turned."
        )
        return
    yield (
        f"From twice the resolution on, {_range(seen)}, the map correlates with the mean of the "
        f"half maps by {correlation:.3f}, and the cosine of the angles between their phases is "
        f"{phases:.4f} ({{fig:map_fsc}}, {{tab:transfer}}). A filter, sharpening and low-pass "
        "included, leaves phases as they are, those of the noise too, and the cosine at 1; a mask "
        "takes a little off. Where the filter is the same in all directions, the correlation is 1, "
        "too."
    )
    if seen.in_pose:
        sharpened, cut = _sharpening_words(seen.sharpening), _cutoff_words(seen.transfer)
        yield f"{sharpened} {cut} ({{fig:transfer}})."
    else:
        yield "How much stronger or weaker it is, frequency by frequency, is in {fig:transfer}."


def _range(seen: _Map) -> str:
    return f"to {quantity(round(max(seen.end, seen.transfer.cutoff or 0.0), 2), 'Å')}"


def _sharpening_words(sharp: Sharpening | None) -> str:
    if sharp is None:
        return "There are too few shells to tell by how much the map was sharpened."
    between = f"between {number(round(sharp.coarsest, 2))} and {number(round(sharp.finest, 2))} Å"
    value = with_error(abs(sharp.b_factor), sharp.error)
    if abs(sharp.b_factor) < max(_FLAT, 2 * sharp.error):
        return f"The map was neither sharpened nor blurred {between}."
    if sharp.b_factor > 0:
        return (
            f"The map was sharpened by {value} Å² {between}, which refinement programs call a "
            f"B-factor of −{abs(sharp.b_factor):.0f} Å²."
        )
    return f"The map was blurred by {value} Å² {between}."


def _cutoff_words(transfer: Transfer) -> str:
    if transfer.cutoff is None:
        return "It was not low-pass filtered before the Nyquist limit of the voxels"
    return (
        f"Its gain falls to a tenth of its most at {quantity(round(transfer.cutoff, 2), 'Å')}: "
        "what is finer was filtered away"
    )


def _distance_words(placed: Placement, size: Triple) -> str:
    distance, error = _distance(placed, size), _distance_error(placed, size)
    assert distance is not None
    assert error is not None
    return f"{with_error(distance, max(error, _FINEST))} voxel"


def _voxels(placed: Placement, size: Triple) -> Triple | None:
    """The shift in voxels along z, y, x."""
    if placed.shift is None:
        return None
    z, y, x = (step / s for step, s in zip(placed.shift.vector, size, strict=True))
    return z, y, x


def _distance(placed: Placement, size: Triple) -> float | None:
    steps = _voxels(placed, size)
    return None if steps is None else math.hypot(*steps)


def _distance_error(placed: Placement, size: Triple) -> float | None:
    if placed.shift is None:
        return None
    return max(error / s for error, s in zip(placed.shift.error, size, strict=True))


# ----------------------------------------------------------------------- what decides


def _judge(found: Findings, placed: Placement, seen: _Map | None, size: Triple) -> None:
    if not placed.shares_signal:
        found.cannot_tell = (
            "The half maps have no signal in common: in which pose they are, and whether a map of "
            "their mean is theirs, cannot be told of noise."
        )
        found.headline = "The half maps have no signal in common."
        return
    _judge_halves(found, placed, size)
    if found.warnings:
        found.headline = (
            "The half maps agree but for their sign."
            if placed.is_inverted
            else "The half maps do not lie on each other."
        )
        return
    if seen is None:
        found.headline = "The half maps lie on each other; there is no other map to compare."
        return
    _judge_map(found, seen, size)
    found.headline = _conclusion(found, seen)


def _judge_halves(found: Findings, placed: Placement, size: Triple) -> None:
    if placed.is_inverted:
        found.remarks.append(
            "The half maps agree but for their sign: one of them has its contrast inverted. "
            "Invert it, and look at which of the two has density where the molecule is."
        )
        return
    _judge_pose(found, HALVES_POSE, placed)
    if placed.shift is not None and not found.warnings:
        _judge_shift(found, HALVES_SHIFT, placed, size)


def _judge_pose(found: Findings, key: str, placed: Placement) -> None:
    gain = placed.gain if placed.is_found else 0.0
    other = "" if gain <= found.task.limit(key) else placed.search.best.pose.words
    found.judge(key, gain, detail=other)


def _judge_shift(found: Findings, key: str, placed: Placement, size: Triple) -> None:
    distance, error = _distance(placed, size), _distance_error(placed, size)
    assert error is not None
    assert distance is not None
    limit = found.task.limit(key) + round(_ERRORS * error, 3)
    found.judge(key, round(distance, 3), limit=limit)


def _judge_map(found: Findings, seen: _Map, size: Triple) -> None:
    placed, larger = seen.placed, seen.magnification
    if placed.is_inverted:
        found.remarks.append(
            "The map agrees with its half maps but for the sign: either it or they have their "
            "contrast inverted."
        )
        return
    _judge_pose(found, MAP_POSE, placed)
    if found.warnings:
        return
    if placed.shift is not None and seen.in_pose:
        _judge_shift(found, MAP_SHIFT, placed, size)
    if larger is not None:
        limit = found.task.limit(SIZE) + round(100 * larger.error, 2)
        found.judge(SIZE, round(100 * abs(larger.value - 1), 2), limit=limit)
    if any(c.key == SIZE and not c.passed for c in found.criteria):
        return
    phases = seen.agreement[1]
    found.judge(PHASES, phases, advice=_FOREIGN_ADVICE if seen.is_foreign else "")
    if seen.beyond is not None:
        _judge_beyond(found, seen, seen.beyond)


def _judge_beyond(found: Findings, seen: _Map, beyond: float) -> None:
    transfer = seen.transfer
    finer = transfer.frequency > 1 / (_DATA * seen.end)
    theirs = bool(finer.any()) and np.nanmedian(transfer.correlation[finer]) > _UNFILTERED
    found.judge(BEYOND, round(beyond, 2), advice=_NOISE_ADVICE if theirs else "")


def _conclusion(found: Findings, seen: _Map) -> str:
    failed = {c.key for c in found.criteria if c.role == "verdict" and not c.passed}
    pose = seen.placed.search.best.pose.words
    if seen.placed.is_inverted:
        return "Map and half maps agree but for their sign."
    if MAP_POSE in failed:
        return f"The map is not in the pose of its half maps: {pose}."
    if SIZE in failed:
        assert seen.magnification is not None
        percent = 100 * (seen.magnification.value - 1)
        return f"Map and half maps are of different size, by {abs(percent):.1f} %."
    if PHASES in failed and seen.is_foreign:
        return "The map does not come from these half maps."
    if PHASES in failed:
        return "The map is not a filtered mean of these half maps."
    if MAP_SHIFT in failed:
        return "The map lies beside its half maps."
    return "The map is the mean of its half maps, filtered: they belong together."


_FOREIGN_ADVICE = (
    "The map does not come from these half maps. Most often they are those of another refinement, "
    "class or focused mask, or the map was turned, as to a symmetry axis or onto a model, after "
    "they were made: give the half maps of this very map, or turn them alike."
)
_NOISE_ADVICE = (
    "It is the half maps' own noise, which nobody filtered away: low-pass filter the map at the "
    "resolution of the half maps before you look for detail in it."
)

CHECK = Check(
    code="1.j",
    name="Map and half maps",
    label="map and half maps",
    purpose="Do map and half maps belong together?",
    in_short=(
        "Pose (48 ways to exchange and reverse axes, the other hand among them), shift and size of "
        "the map against the mean of the half maps, pose and shift of the half maps; what was done "
        "to the mean to make the map of it: sharpening as a B-factor, low-pass, and whether it was "
        "a filter at all. How often that is right is in ``benchmarks/verdicts/RESULTS.md``."
    ),
    explanation=(
        "Half maps tell of a map only if the map was made of them. Files get exchanged, their axes "
        "come in another order, boxes are cut and voxels resized, and what is deposited may be "
        "another class or an earlier round. So the map is compared with the mean of the half maps, "
        "and they with each other: in all 48 poses that axes can be exchanged and reversed to, "
        "mirror images among them, each at its best place; then how far they lie apart, to a "
        "fraction of a voxel, and at which relative size they agree best. What remains is what was "
        "done to the mean. A filter that is the same everywhere makes some frequencies stronger "
        "than others and leaves all phases alone, those of the noise too, and "
        "the ratio of their strengths is the filter, from which sharpening and low-pass are read. "
        "Where phases differ, the map was treated differently from place to place, as local "
        "filters, density modification and neural networks do, or it is made of other data."
    ),
    answer=measure_belonging,
    needs=("map", "half_maps"),
    after=(_GLOBAL,),
    relies_on=(Trait.SHAPE,),
    limits=(
        Limit(
            HALVES_POSE,
            0.05,
            "",
            "Gain of the half maps in another pose",
            "The check warns when the correlation of the half maps is higher by more than this, "
            "and above 0.3, after axes of one of them are exchanged or reversed.",
            "what the half maps' correlation gains in another pose",
            "<=",
            advice=(
                "One of the half maps is of the other hand or stored with its axes in another "
                "order than the other one. Most often one of them was flipped or converted and the "
                "other was not: take both as the refinement left them."
            ),
        ),
        Limit(
            HALVES_SHIFT,
            0.25,
            "voxel",
            "Shift of the half maps",
            "The check warns when the half maps lie farther apart than this and three standard "
            "errors.",
            "the distance between the half maps",
            "<=",
            advice=(
                "The half maps drifted apart, so that their mean is blurred and their correlation "
                "too low. Most often they were refined from different references, or one was "
                "shifted or resampled afterwards: align the references, or shift one half back."
            ),
        ),
        Limit(
            MAP_POSE,
            0.05,
            "",
            "Gain of the map in another pose",
            "The check warns when the correlation of the map with the mean of the half maps is "
            "higher by more than this, and above 0.3, after axes are exchanged or reversed.",
            "what the map's correlation with the mean of its half maps gains in another pose",
            "<=",
            advice=(
                "The map was mirrored, turned or stored with its axes in another order after the "
                "half maps were made; to correct the hand of the map alone does it. Treat the half "
                "maps alike, or deposit the map as it came from them."
            ),
        ),
        Limit(
            MAP_SHIFT,
            1.0,
            "voxel",
            "Shift of the map",
            "The check warns when the map lies farther from the half maps than this and three "
            "standard errors.",
            "the distance of the map from its half maps",
            "<=",
            advice=(
                "The map was moved in its box, or cut out without its place being written down. "
                "Masks and models of the map do not fit the half maps then: shift them alike, or "
                "write the origin into the header."
            ),
        ),
        Limit(
            SIZE,
            0.5,
            "%",
            "Difference in size",
            "The check warns when map and half maps differ in size by more than this and what a "
            "mask or a local filter can make of it.",
            "the difference in size of map and half maps",
            "<=",
            advice=(
                "The voxel size in the header of one of them is wrong: most often that of the map "
                "was calibrated, against a model, and that of the half maps was not. Write the "
                "same, right voxel size into all three headers."
            ),
        ),
        Limit(
            PHASES,
            0.993,
            "",
            "Agreement of the phases of the map",
            "The check warns when the cosine of the angles between the phases of the map and of "
            "the mean of its half maps, from twice to once the resolution, is below this.",
            "the cosine between the phases of the map and of the mean of its half maps",
            ">=",
            advice=(
                "The map is not a filtered mean of these half maps: a local filter, density "
                "modification or a neural network was at work, or it holds other data as well. The "
                "resolution of the half maps is not that of such a map, and what it shows beyond "
                "them is not measured: deposit the filtered mean too, and say what was done."
            ),
        ),
        Limit(
            BEYOND,
            10.0,
            "",
            "Power beyond the data",
            "Remarked when the map holds this many times the power beyond the half maps' "
            "resolution that weights by their correlation leave there.",
            "the map's power beyond the data over what weights leave there",
            "<=",
            role="advice",
            advice=(
                "Detail beyond the resolution of the half maps is not in them: a neural network, "
                "density modification or a strong sharpening put it there. Do not interpret it."
            ),
        ),
    ),
    references=(GUIZAR_2008, ROSENTHAL_2003),
    differs="The Validation Report Service has no such check.",
    volumes=12,
)
