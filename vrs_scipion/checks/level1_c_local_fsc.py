"""1.c Local FSC: how well do the half maps agree around each voxel?"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from vrs_scipion import __version__
from vrs_scipion.checks.check import SERVICE, Check, Limit
from vrs_scipion.checks.findings import Findings
from vrs_scipion.checks.half_maps_words import FOREIGN, SOLVENT
from vrs_scipion.checks.independence import INDEPENDENCE, doubt
from vrs_scipion.checks.local_bands import (
    are_copies,
    correlations,
    describe_ends,
    draw,
    keep,
    measure_percentiles,
    median_error,
    supported,
)
from vrs_scipion.checks.local_values import (
    PERCENTILES,
    LocalValues,
    refused,
    remark_if_homogeneous,
)
from vrs_scipion.checks.references import CARDONE_2013
from vrs_scipion.checks.task import Task
from vrs_scipion.entry.entry import Entry
from vrs_scipion.maps.kind import Trait
from vrs_scipion.methods import blocres
from vrs_scipion.methods.engine import BUILTIN, Availability
from vrs_scipion.methods.fsc import GOLD_STANDARD, HALF
from vrs_scipion.methods.local_bands import (
    LocalCorrelations,
    LocalResolution,
    local_resolution,
)
from vrs_scipion.methods.local_bands.blocks import block_correlations
from vrs_scipion.methods.local_sweep import NotMeasurableError
from vrs_scipion.results import Column, Engine, ResolutionEstimate
from vrs_scipion.results.numbers import number

BLOCK = "block"
"""The engine that measures in blocks, for comparison with BlocRes."""

_FILE = "local_fsc"
_WORDS = f"local resolution at a correlation of {HALF:g}"
_MEDIAN = PERCENTILES.index(50.0)
_HOMOGENEOUS = 0.01
_MOSTLY = 0.5

SERVICES_SHARE = 0.1
"""% of the voxels that the Validation Report Service asks for."""


@dataclass(frozen=True)
class Answer:
    """What an engine found.

    Attributes
    ----------
    half, gold : local resolution at correlations of 0.5 and of 0.143
    copies : whether the halves are copies of each other
    """

    half: LocalResolution
    gold: LocalResolution
    copies: bool = False


def measure_local_fsc(task: Task) -> Findings:
    """Answer 1.c."""
    found = Findings(task)
    try:
        answer = _ENGINES[task.engine](found)
    except NotMeasurableError as error:
        found.does_not_apply = refused(error)
        return found
    percentiles, at_gold = _note(found, answer)
    _describe(found, answer, percentiles, at_gold)
    draw(found, answer.half, percentiles, _WORDS, _FILE)
    _keep(found, answer.gold)
    if answer.copies:
        _say_copies(found)
    else:
        _judge(found, answer, percentiles, at_gold)
    return found


def _builtin(found: Findings) -> Answer:
    """Bands of frequency, with error bars."""
    return _of_correlations(correlations(found.task))


def _blocks(found: Findings) -> Answer:
    """Blocks with cosine borders, with error bars."""
    halves, resolution = found.task.entry.half_maps(), _asked_of_blocks(found)
    found.engine = Engine(name=BLOCK, version=__version__, arguments={"resolution": resolution})
    return _of_correlations(
        block_correlations(
            halves.first.values,
            halves.second.values,
            halves.hard,
            halves.first.voxel_size,
            resolution,
            threads=found.task.threads,
        )
    )


def _of_correlations(local: LocalCorrelations) -> Answer:
    half, gold = (local_resolution(local, level) for level in (HALF, GOLD_STANDARD))
    return Answer(half, gold, are_copies(local))


def _blocres(found: Findings) -> Answer:
    """Bsoft's program, once for each level."""
    entry, resolution = found.task.entry, _asked_of_blocks(found)
    record, mask = entry.half_maps_record, entry.half_maps().hard
    found.engine = Engine(
        name=blocres.NAME,
        version=blocres.version(),
        arguments={"resolution": resolution, "block": blocres.BLOCK},
    )
    half, gold = (
        LocalResolution.without_errors(
            blocres.local_resolution(
                [entry.path("half_maps", half.file) for half in record.halves],
                mask,
                record.voxel_size,
                resolution,
                level,
                threads=found.task.threads,
            ),
            finest=2 * max(record.voxel_size),
            coarsest=math.inf,
        )
        for level in (HALF, GOLD_STANDARD)
    )
    return Answer(half, gold)


def _asked_of_blocks(found: Findings) -> float:
    """Å, from which the size of a block follows: reported, or twice the Nyquist limit."""
    entry = found.task.entry
    return entry.resolution or 4 * max(entry.half_maps_record.voxel_size)


_ENGINES = {BUILTIN: _builtin, BLOCK: _blocks, blocres.NAME: _blocres}


def _external(entry: Entry | None) -> Sequence[Availability]:
    blocks = Availability(BLOCK, True, f"vrs_scipion {__version__}", preferred=False)
    return blocks, blocres.availability()


def _note(found: Findings, answer: Answer) -> tuple[list[float], list[float]]:
    """Measure and tabulate; the percentiles at both levels."""
    columns = []
    for resolution, level, suffix in (
        (answer.half, HALF, ""),
        (answer.gold, GOLD_STANDARD, "_0143"),
    ):
        at = f"at a correlation of {level:g}"
        columns.append(measure_percentiles(found, resolution, suffix, f" {at}"))
        found.measure(
            f"nyquist_limited_fraction{suffix}",
            resolution.never_falls,
            "",
            f"fraction of the mask whose correlation does not fall below {level:g} before the "
            "finest band that the voxels hold",
        )
        found.measure(
            f"unresolved_fraction{suffix}",
            resolution.never_rises,
            "",
            f"fraction of the mask whose correlation lies below {level:g} from the coarsest band "
            "on",
        )
        found.measure(
            f"error_p50{suffix}",
            median_error(resolution),
            "Å",
            f"error bar of a voxel (68 %) {at}, median",
        )
    found.tabulate(
        "resolution",
        "Local resolution in the mask",
        [
            Column(key="percentile", label="Percentile", unit="%", format="g"),
            Column(key="half", label=f"At {HALF:g}", unit="Å", format=".2f"),
            Column(key="gold", label=f"At {GOLD_STANDARD:g}", unit="Å", format=".2f"),
        ],
        list(zip(PERCENTILES, *columns, strict=True)),
    )
    return columns[0], columns[1]


def _describe(
    found: Findings, answer: Answer, percentiles: Sequence[float], at_gold: Sequence[float]
) -> None:
    found.paragraphs.append(
        f"Around the median voxel of the mask the half maps' correlation falls below {HALF:g} at "
        f"{percentiles[_MEDIAN]:.2f} Å; 95 % of the voxels lie between {percentiles[0]:.2f} and "
        f"{percentiles[-1]:.2f} Å ({{tab:resolution}}, {{fig:resolution_histogram}}). At "
        f"{GOLD_STANDARD:g}, the level at which resolutions are reported, the median is "
        f"{at_gold[_MEDIAN]:.2f} Å."
    )
    describe_ends(found, answer.half, f"below {HALF:g}")
    error = median_error(answer.half)
    if error is not None:
        found.paragraphs.append(
            f"The error bar of a voxel is typically ± {error:.2f} Å (68 %). It follows from the "
            "number of independent samples around the voxel and from how steeply the correlation "
            "falls there. Errors of neighbours go together, over about three times the resolution."
        )


def _keep(found: Findings, gold: LocalResolution) -> None:
    """Volumes of what the text has as numbers alone: the resolution at 0.143, and its error."""
    grid, words = found.task.entry.half_maps().first, f"local resolution at {GOLD_STANDARD:g}"
    local = LocalValues("resolution_0143", words, "Å", gold.resolution, ".2f")
    keep(found, local, grid, f"{_FILE}_0143.mrc", local.label)
    error = LocalValues("error_0143", f"error bar of the {words}", "Å", gold.error, ".2f")
    if error.inside.size:
        keep(found, error, grid, f"{_FILE}_0143_error.mrc", "Error bar (Å)")


def _say_copies(found: Findings) -> None:
    found.cannot_tell = (
        "The half maps correlate nearly perfectly around every voxel and at every resolution: "
        "they are copies of each other, and what they resolve cannot be told from them."
    )
    found.headline = "The half maps are copies: their local resolution means nothing."


def _judge(
    found: Findings, answer: Answer, percentiles: Sequence[float], at_gold: Sequence[float]
) -> None:
    reported = found.task.entry.resolution
    signal = found.judge("resolved_lowest", 100 * (1 - answer.gold.never_rises))
    if not signal.passed:
        found.headline = "Around most of the molecule the half maps have no signal in common."
        return
    if answer.half.never_falls < _MOSTLY:
        local = LocalValues("resolution", _WORDS, "Å", answer.half.resolution, ".2f")
        remark_if_homogeneous(found, local, percentiles, _HOMOGENEOUS)
    met = reported is None or _hold_against(found, answer, reported)
    found.resolution_estimate = ResolutionEstimate(
        method=f"Local FSC (median at {GOLD_STANDARD:g})",
        value=at_gold[_MEDIAN],
        contradicts=not met,
    )
    spans = (
        f"The local resolution is {percentiles[0]:.2f} to {percentiles[-1]:.2f} Å (median "
        f"{percentiles[_MEDIAN]:.2f} Å) at a correlation of {HALF:g}"
    )
    if not met:
        found.headline = (
            f"The reported resolution, {number(reported)} Å, is finer than that around nearly "
            "every voxel."
        )
    elif found.warnings:
        found.headline = "The local resolution is suspiciously homogeneous."
    elif reason := doubt(found.task):
        found.cannot_tell = reason
        found.headline = "The half maps are not independent: their local resolution is in doubt."
    elif reported is None:
        found.headline = f"{spans}."
    else:
        found.headline = f"{spans}, and supports the reported {number(reported)} Å."


def _hold_against(found: Findings, answer: Answer, reported: float) -> bool:
    """Whether enough of the molecule is as well resolved as reported."""
    nyquist = 2 * max(found.task.entry.half_maps_record.voxel_size)
    share = supported(answer.gold, reported, nyquist)
    sure = median_error(answer.gold) is not None
    met = found.judge(
        "supported_lowest",
        share,
        limit=None if sure else SERVICES_SHARE,
        detail=f"{number(reported)} Å" + ("" if sure else "; this engine knows no errors"),
    )
    better = 100 * float(np.mean(answer.half.inside < reported))
    found.measure(
        "reported_percentile",
        better,
        "%",
        f"voxels whose local resolution at {HALF:g} is better than reported",
    )
    found.measure(
        "supported_share",
        share,
        "%",
        f"voxels whose local resolution at {GOLD_STANDARD:g} is, within one error bar, as fine as "
        "reported",
    )
    found.judge("better_lowest", better, detail=f"as {SERVICE} does")
    found.paragraphs.append(
        f"Resolutions are reported at {GOLD_STANDARD:g}: at that level, {share:.1f} % of the mask "
        f"is as well resolved as {number(reported)} Å within one error bar. At {HALF:g} "
        f"{better:.1f} % is better, which says little of a resolution that was not read off there."
    )
    return met.passed


CHECK = Check(
    code="1.c",
    name="Local FSC",
    label="local FSC",
    purpose="How well do the half maps agree around each voxel?",
    in_short=(
        "The half maps' correlation in bands of frequency, in a window around every voxel that "
        "ends where the molecule does, and the resolution at which it falls below 0.5 and below "
        "0.143, with an error bar at every voxel. A tenth of the molecule must be as well resolved "
        "as reported, within the error bars. The question of BlocRes."
    ),
    explanation=(
        "A molecule is not equally well resolved everywhere: cores are rigid, loops and domains "
        "move. Around each voxel, in a window about three times as wide as the detail that is "
        "looked at, the correlation of the two half maps is measured in bands of spatial "
        "frequency, coarse to fine. The resolution at which it falls below 0.5 is the local "
        "resolution as most programs give it; at 0.143, the level of reported resolutions, it is "
        "finer. Windows are cut where the molecule ends: the noise around it would make its "
        "surface look worse resolved than it is. A window holds so many independent samples, from "
        "which the error bar follows. Half maps that share noise, or that were filtered by each "
        "other, look better than they are: 1.i asks for that."
    ),
    answer=measure_local_fsc,
    needs=("map", "half_maps"),
    listens_to=(INDEPENDENCE,),
    relies_on=(Trait.SHAPE,),
    limits=(
        Limit(
            "resolved_lowest",
            _MOSTLY * 100,
            "%",
            "Least of the molecule where the half maps correlate",
            "The check warns when around fewer voxels of the mask the half maps correlate by 0.143 "
            "in the coarsest band: they have no signal in common.",
            "the share of the mask around which the half maps correlate at all",
            ">=",
            advice=FOREIGN + SOLVENT,
        ),
        Limit(
            "supported_lowest",
            10.0,
            "%",
            "Least of the molecule that is as well resolved as reported",
            "The check warns when fewer voxels of the mask are, at 0.143 and within one error bar, "
            "as well resolved as reported.",
            "the share of the mask that is as well resolved as reported",
            ">=",
            advice=(
                "Hardly any part of the molecule is as well resolved as reported. Most often the "
                "resolution was read off a curve under a mask that is too tight: see 1.a and 1.k, "
                "and report where the mask-free curve falls below 0.143."
            ),
        ),
        Limit(
            "better_lowest",
            SERVICES_SHARE,
            "%",
            "Least of the molecule that is better resolved than reported, at 0.5",
            "Printed beside the verdict, which it does not decide.",
            "the share of the mask that is better resolved than reported at 0.5",
            ">=",
            role="advice",
        ),
    ),
    references=(CARDONE_2013,),
    engines=tuple(_ENGINES),
    external=_external,
    differs=(
        "The service runs BlocRes at 0.5, counts every voxel above 0 in the box, and accepts a "
        "reported resolution if 0.1 % of them is better. A resolution reported at 0.143 is finer "
        "than nearly every voxel's at 0.5: of 40 good pairs of half maps of rigid molecules none "
        "passes that. Here the hard mask is counted, the level is the one at which the "
        "resolution was reported, error bars count, and the service's criterion is printed beside. "
        "The resolution that joins the others is the median at 0.143."
    ),
    volumes=20,
)
