"""1.g Fourier shell occupancy: in how many directions do the half maps hold a signal?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from vrs_scipion.checks.check import Check, Limit
from vrs_scipion.checks.directions import (
    REPORTED,
    SIGNAL_LIMIT,
    HalvesByDirection,
    axes_in_words,
    builtin,
    cannot_measure,
    doubt_dependent,
    draw_reach,
    mask_at_faces,
    note_axes,
    reported_limit,
    role_of_evenness,
    symmetry_in_words,
)
from vrs_scipion.checks.findings import Findings
from vrs_scipion.checks.half_maps_words import resolution_words
from vrs_scipion.checks.independence import INDEPENDENCE
from vrs_scipion.checks.references import VILAS_2023
from vrs_scipion.checks.task import Task
from vrs_scipion.entry.entry import Entry
from vrs_scipion.figures.directional import occupancy_plot
from vrs_scipion.maps.kind import Trait
from vrs_scipion.methods import fso_xmipp, xmipp
from vrs_scipion.methods.directional import (
    EMPTY,
    FULL,
    MIDDLE,
    Cones,
    Occupancy,
    measure_occupancy,
)
from vrs_scipion.methods.engine import BUILTIN, Availability
from vrs_scipion.methods.fsc import GOLD_STANDARD
from vrs_scipion.methods.guinier import is_cubic
from vrs_scipion.methods.shells import Reals
from vrs_scipion.results import Column, Criterion, Engine, ResolutionEstimate
from vrs_scipion.results.model import Role
from vrs_scipion.results.numbers import number, with_error
from vrs_scipion.results.plots import Role as Look

HALF_ANGLE = 17.0
"""Degrees, of the cones."""

WIDTH = "width_highest"
_CURVES = "The correlation by frequency and the share of directions are in {fig:fso} and {tab:fso}"
_SHARES = ((FULL, "09"), (MIDDLE, "05"), (EMPTY, "01"))


@dataclass(frozen=True)
class _Answer:
    """What the engine says: where the occupancy falls below 0.9, 0.5 and 0.1, in Å or None."""

    full: float | None
    middle: float | None
    empty: float | None

    @classmethod
    def of(cls, occupancy: Occupancy | fso_xmipp.Occupancy) -> _Answer:
        return cls(*(occupancy.resolution(share) for share, _ in _SHARES))

    @property
    def width(self) -> float | None:
        """Frequency where little is left over that where little is lost."""
        return None if self.full is None or self.empty is None else self.full / self.empty


def measure_occupancy_of_shells(task: Task) -> Findings:
    """Answer 1.g."""
    found = Findings(task)
    halves = HalvesByDirection.of(task)
    cones = halves.cones(HALF_ANGLE)
    found.engine = builtin(HALF_ANGLE, len(cones.directions))
    own = measure_occupancy(cones)
    other = _by_xmipp(found) if task.engine != BUILTIN else None
    answer = _Answer.of(other or own)
    _note(found, own, answer)
    _tabulate(found, cones, own, other)
    _draw(found, own, other, answer)
    if cannot_measure(found, cones):
        found.paragraphs.append(f"{_CURVES}.")
        return found
    note_axes(found, own.reach)
    _describe(found, cones, own, other, answer)
    _tabulate_directions(found, own)
    _draw_directions(found, own)
    role = role_of_evenness(found, halves.filament)
    _judge(found, answer, _isotropic(own), own.error(MIDDLE), role)
    doubt_dependent(found)
    return found


def _by_xmipp(found: Findings) -> fso_xmipp.Occupancy:
    """The same by Xmipp, whose curve then counts."""
    task = found.task
    program = xmipp.require_program(fso_xmipp.PROGRAM)
    record = task.entry.half_maps_record
    size = record.voxel_size
    found.engine = Engine(
        name=xmipp.NAME,
        version=program.version,
        arguments={
            "program": program.name,
            "arguments": fso_xmipp.arguments(size, HALF_ANGLE, GOLD_STANDARD, task.threads),
        },
    )
    if not is_cubic(record):
        found.paragraphs.append(
            "Xmipp takes box and voxels for cubes, which these are not: its directions and shells "
            "are wrong, and its numbers are not to be relied on. The built-in engine has no such "
            "limit."
        )
    return fso_xmipp.occupancy(
        program,
        [task.entry.path("half_maps", half.file) for half in record.halves],
        task.entry.path("half_maps", record.soft_mask.file),
        size,
        HALF_ANGLE,
        GOLD_STANDARD,
        threads=task.threads,
    )


def _external(entry: Entry | None) -> Sequence[Availability]:
    return (xmipp.availability(fso_xmipp.PROGRAM, preferred=False),)


def _note(found: Findings, own: Occupancy, answer: _Answer) -> None:
    resolutions = (answer.full, answer.middle, answer.empty)
    for (share, suffix), resolution in zip(_SHARES, resolutions, strict=True):
        found.measure(
            f"resolution_fso_{suffix}",
            resolution,
            "Å",
            f"where the share of directions with a signal first falls below {share:g}",
        )
    found.measure(
        "resolution_fso_05_se", own.error(MIDDLE), "Å", "standard error of that at 0.5, by chance"
    )
    found.measure(
        "fso_width",
        answer.width,
        "",
        f"frequency where it falls below {EMPTY:g} over that where it falls below {FULL:g}",
    )
    isotropic = _isotropic(own)
    found.measure(
        "fso_width_isotropic",
        isotropic.width,
        "",
        "what chance alone would make of that, were the half maps alike in all directions",
    )


def _isotropic(own: Occupancy) -> _Answer:
    return _Answer(*(own.isotropic_resolution(share) for share, _ in _SHARES))


def _tabulate(
    found: Findings, cones: Cones, own: Occupancy, other: fso_xmipp.Occupancy | None
) -> None:
    columns: list[tuple[Column, Reals]] = [
        (Column(key="frequency", label="Frequency", unit="1/Å", format=".4f"), own.frequency),
        (Column(key="resolution", label="Resolution", unit="Å", format=".2f"), 1 / own.frequency),
        (Column(key="fso", label="Occupancy", format=".3f"), own.share),
        (Column(key="isotropic", label="By chance", format=".3f"), own.isotropic),
        (Column(key="fsc", label="FSC", format=".3f"), cones.whole.correlation),
        (
            Column(key="mean", label="Mean of directions", format=".3f"),
            cones.correlation.mean(axis=1),
        ),
        (Column(key="sigma", label="σ of directions", format=".3f"), cones.correlation.std(axis=1)),
    ]
    if other is not None:
        columns += [
            (Column(key="xmipp", label="Xmipp's occupancy", format=".3f"), other.at(own.frequency)),
            (
                Column(key="anisotropy", label="Xmipp's Bingham test", format=".3g"),
                other.bingham_at(own.frequency),
            ),
        ]
    found.tabulate(
        "fso",
        "Fourier shell occupancy: share of the directions whose correlation is at least "
        f"{GOLD_STANDARD:g}",
        [column for column, _ in columns],
        [tuple(map(float, row)) for row in zip(*(values for _, values in columns), strict=True)],
    )


def _tabulate_directions(found: Findings, own: Occupancy) -> None:
    reach = own.reach
    found.tabulate(
        "directions",
        "Resolution by direction",
        [
            *(Column(key=axis, label=axis, format=".3f") for axis in "xyz"),
            Column(key="resolution_0143", label=f"At {GOLD_STANDARD:g}", unit="Å", format=".2f"),
            Column(key="resolution_05", label="At 0.5", unit="Å", format=".2f"),
            Column(key="se", label="Standard error at 0.143", unit="Å", format=".2f"),
        ],
        [
            (*map(float, direction[::-1]), float(1 / gold), float(1 / half), float(error))
            for direction, gold, half, error in zip(
                reach.directions,
                reach.measured,
                own.half,
                reach.error / reach.measured**2,
                strict=True,
            )
        ],
    )


def _draw(
    found: Findings, own: Occupancy, other: fso_xmipp.Occupancy | None, answer: _Answer
) -> None:
    curves: list[tuple[str, Reals, Look]] = [
        ("half maps", own.share, "measured"),
        ("chance alone, alike in all directions", own.isotropic, "expected"),
    ]
    if other is not None:
        curves.insert(1, ("half maps, by Xmipp", other.at(own.frequency), "part"))
    fall = None
    if answer.full is not None and answer.empty is not None:
        fall = (1 / answer.full, 1 / answer.empty)
    found.plot(
        "fso",
        occupancy_plot(own.frequency, curves, fall, MIDDLE, found.task.entry.resolution),
        "Fourier shell occupancy: the share of directions in which the half maps correlate by at "
        f"least {GOLD_STANDARD:g}, and what chance would make of half maps that are alike in all "
        "directions. Shaded: where it falls from 0.9 to 0.1.",
        "A curve that falls from 1 to 0 with spatial frequency, and a second one beside it.",
    )


def _draw_directions(found: Findings, own: Occupancy) -> None:
    draw_reach(
        found,
        "directions_sphere",
        own.reach,
        own.reach.measured,
        f"Resolution by direction at a correlation of {GOLD_STANDARD:g}, in cones of "
        f"{HALF_ANGLE:g}°, as measured: chance makes patches of it.",
    )


def _describe(
    found: Findings,
    cones: Cones,
    own: Occupancy,
    other: fso_xmipp.Occupancy | None,
    answer: _Answer,
) -> None:
    typical = float(np.median(own.reach.error / own.reach.measured**2))
    found.paragraphs.append(
        f"In {len(cones.directions):,} directions the correlation of the half maps was measured in "
        f"cones of {HALF_ANGLE:g}° under the soft mask. The share of those where it is at least "
        f"{GOLD_STANDARD:g} falls below {FULL:g} at {resolution_words(answer.full)}, below "
        f"{MIDDLE:g} at {_middle(own, answer)} and below {EMPTY:g} at "
        f"{resolution_words(answer.empty)} ({{fig:fso}}, {{tab:fso}}): half of the directions hold "
        "a signal up to the second of these." + mask_at_faces(found)
    )
    found.paragraphs.append(_width_in_words(answer, _isotropic(own)))
    found.paragraphs.append(
        f"The resolution along single directions is in {{fig:directions_sphere}} and "
        f"{{tab:directions}}; each is uncertain by ± {typical:.2f} Å, typically. Without what that "
        f"explains, {axes_in_words(own.reach)}. How far these two differ for certain is what 1.h "
        f"asks.{symmetry_in_words(found)}"
    )
    if other is not None:
        apart = resolution_words(own.resolution(MIDDLE))
        found.paragraphs.append(
            f"The curve that counts is Xmipp's; the built-in engine finds 0.5 at {apart}. Xmipp's "
            "Bingham test asks whether the directions that are left cluster; its p is in the "
            "table and decides nothing."
        )


def _width_in_words(answer: _Answer, isotropic: _Answer) -> str:
    if answer.width is None:
        return (
            f"The occupancy does not fall below {EMPTY:g} before the Nyquist limit: either some "
            "directions hold a signal up to there, or so few values are left of the noise that "
            "chance keeps some above the level."
        )
    chance = "" if isotropic.width is None else f", where chance alone makes {isotropic.width:.2f}"
    return (
        f"From {FULL:g} to {EMPTY:g} the frequency grows by a factor of {answer.width:.2f}{chance}."
    )


def _middle(own: Occupancy, answer: _Answer) -> str:
    error = own.error(MIDDLE)
    if answer.middle is None or error is None:
        return resolution_words(answer.middle)
    return f"{with_error(answer.middle, error)}\u00a0Å"


def _judge(
    found: Findings, answer: _Answer, isotropic: _Answer, error: float | None, even: Role
) -> None:
    entry, middle = found.task.entry, answer.middle
    narrow = _judge_width(found, answer.width, isotropic.width, even)
    if middle is None:
        found.headline = "In most directions the half maps agree as far as their voxels reach."
        return
    met = entry.resolution is None or (
        found.judge(
            REPORTED,
            100 * entry.resolution / middle,
            detail=f"{number(entry.resolution)} Å of {number(middle)} Å",
        ).passed
    )
    found.resolution_estimate = ResolutionEstimate(
        method="Fourier shell occupancy", value=middle, error=error, contradicts=not met
    )
    half = f"half of the directions hold a signal up to {middle:.2f} Å"
    if not met:
        found.headline = (
            f"The reported resolution, {number(entry.resolution)} Å, goes beyond what the half "
            f"maps hold: {half}."
        )
    elif not narrow.passed and narrow.role == "verdict":
        found.headline = (
            f"The resolution depends strongly on direction: {half}, but one in ten only to "
            f"{resolution_words(answer.full)}."
        )
    else:
        found.headline = (
            f"{half[0].upper()}{half[1:]}, and nearly all to {resolution_words(answer.full)}."
        )


def _judge_width(
    found: Findings, width: float | None, by_chance: float | None, even: Role
) -> Criterion:
    if width is None or by_chance is None:
        vacuous = f"the occupancy does not fall below {EMPTY:g} before Nyquist, or need not"
        return found.judge(WIDTH, None, role=even, vacuous=vacuous)
    detail = f"{width:.2f} where chance alone makes {by_chance:.2f}"
    return found.judge(WIDTH, width / by_chance, role=even, detail=detail)


CHECK = Check(
    code="1.g",
    name="Fourier shell occupancy",
    label="shell occupancy",
    purpose="In how many directions do the half maps hold a signal?",
    in_short=(
        "Their correlation in cones about a thousand directions, and the share of the directions "
        "in which it reaches 0.143, beside the curve that chance would make of half maps that are "
        "alike in all directions. While that share falls from 0.9 to 0.1, the frequency may not "
        "grow by much more than chance makes it grow. The question of Xmipp's FSO."
    ),
    explanation=(
        "Where particles lie in few orientations on the grid, or a specimen is flat, some "
        "directions of space are seen less well than others, and the map is smeared along them. "
        "The correlation of the half maps is therefore measured direction by direction, in cones. "
        "The share of directions with a signal, the Fourier shell occupancy, falls from 1 to 0 "
        "with spatial frequency: steeply when all directions are alike, slowly when they are not. "
        "Where it falls below 0.5, half of the directions are resolved. Each direction has few "
        "values of its own, so that chance alone makes the fall less steep, in small boxes more "
        "than in large ones: the curve to compare with is drawn beside it. What is seen are "
        "differences between directions of the map; a molecule whose own amplitudes differ by "
        "direction shows a little of that, too."
    ),
    answer=measure_occupancy_of_shells,
    needs=("map", "half_maps"),
    listens_to=(INDEPENDENCE,),
    relies_on=(Trait.SHAPE,),
    limits=(
        SIGNAL_LIMIT,
        Limit(
            WIDTH,
            1.15,
            "",
            "Widest fall of the occupancy",
            "The check warns when the frequency grows, while the occupancy falls from 0.9 to 0.1, "
            "by more than this factor beyond what chance alone makes of it.",
            "the growth of frequency while the occupancy falls, over that by chance",
            "<=",
            advice=(
                "The map is much worse resolved along some directions: look at the distribution of "
                "the particles' orientations, and at features along the coarsest direction, which "
                "are smeared and not to be built into. Tilting the grid, another support film or "
                "a detergent bring the missing views."
            ),
        ),
        reported_limit(
            "the reported resolution as a share of that of half of the directions",
            "the one at which the occupancy falls below 0.5",
        ),
    ),
    references=(VILAS_2023,),
    engines=(BUILTIN, xmipp.NAME),
    external=_external,
    differs=(
        "The service does not judge anisotropy, and stops where the occupancy falls below 0.9 but "
        "not below 0.1; here that is said. Xmipp's FSO takes a hard mask, whose own shape "
        "correlates, so that its resolutions are finer; under the same mask the two engines agree "
        "within a shell. Its test of anisotropy is printed, and decides nothing."
    ),
    volumes=8,
)
