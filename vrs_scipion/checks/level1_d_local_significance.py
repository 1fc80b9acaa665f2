"""1.d Local significance: to which resolution is there signal around each voxel?"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from vrs_scipion.checks.check import Check, Limit
from vrs_scipion.checks.findings import Findings
from vrs_scipion.checks.independence import INDEPENDENCE, doubt
from vrs_scipion.checks.local_bands import (
    are_copies,
    correlations,
    describe_ends,
    draw,
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
from vrs_scipion.checks.references import BENJAMINI_2001, KUCUKELBIR_2014
from vrs_scipion.checks.task import Task
from vrs_scipion.maps.kind import Trait
from vrs_scipion.methods import resmap
from vrs_scipion.methods.engine import BUILTIN
from vrs_scipion.methods.local_bands import (
    COARSEST,
    LocalResolution,
    critical_correlations,
    local_resolution,
)
from vrs_scipion.methods.local_sweep import NotMeasurableError
from vrs_scipion.results import Column, Engine, ResolutionEstimate
from vrs_scipion.results.numbers import number

RATE = 0.01
"""Share of false discoveries among the points that are called signal in a band."""
SERVICES_FACTOR = 0.8

_FILE = "local_significance"
_WORDS = "resolution to which there is significant signal"
_OURS = (
    "This is our own test in the place of ResMap's: the correlation of the half maps around each "
    "voxel, band by band, is held against what independent noise would give by chance. At most "
    f"{100 * RATE:g} % of the voxels that are called signal in a band are to be none."
)
_COARSER = 2.0
_MEDIAN = PERCENTILES.index(50.0)
_HOMOGENEOUS = 0.01
_MOSTLY = 0.5


def measure_local_significance(task: Task) -> Findings:
    """Answer 1.d."""
    found = Findings(task)
    try:
        resolution, copies = _ENGINES[task.engine](found)
    except NotMeasurableError as error:
        found.does_not_apply = refused(error)
        return found
    percentiles = _note(found, resolution)
    _describe(found, resolution, percentiles)
    draw(found, resolution, percentiles, _WORDS, _FILE)
    if copies:
        found.cannot_tell = (
            "The half maps are copies of each other: without noise of their own nothing can be "
            "told from chance."
        )
        found.headline = "The half maps are copies: what is significant in them cannot be told."
    else:
        _judge(found, resolution, percentiles)
    return found


def _builtin(found: Findings) -> tuple[LocalResolution, bool]:
    """The resolution of every voxel, and whether the halves are copies."""
    local = correlations(found.task)
    return local_resolution(local, critical_correlations(local, RATE)), are_copies(local)


def _resmap(found: Findings) -> tuple[LocalResolution, bool]:
    """That of ResMap's program, which cannot know that halves are copies."""
    entry = found.task.entry
    record, mask = entry.half_maps_record, entry.half_maps().hard
    coarsest = max(COARSEST, _COARSER * (entry.resolution or 0.0))
    found.engine = Engine(
        name=resmap.NAME,
        version=resmap.version(),
        arguments={"pVal": resmap.P_VALUE, "stepRes": resmap.STEP, "maxRes": coarsest},
    )
    answer = resmap.local_resolution(
        [entry.path("half_maps", half.file) for half in record.halves],
        mask,
        record.voxel_size,
        coarsest,
        threads=found.task.threads,
    )
    finest = 2 * max(record.voxel_size)
    return LocalResolution.without_errors(answer, finest, coarsest), False


_ENGINES = {BUILTIN: _builtin, resmap.NAME: _resmap}


def _note(found: Findings, resolution: LocalResolution) -> list[float]:
    percentiles = measure_percentiles(found, resolution, "", " with significant signal")
    found.measure(
        "nyquist_limited_fraction",
        resolution.never_falls,
        "",
        "fraction of the mask with significant signal up to the finest band that the voxels hold",
    )
    found.measure(
        "not_resolved_fraction",
        resolution.never_rises,
        "",
        "fraction of the mask without significant signal in the coarsest band",
    )
    found.measure("error_p50", median_error(resolution), "Å", "error bar of a voxel (68 %), median")
    found.tabulate(
        "resolution",
        "Resolution to which there is significant signal in the mask",
        [
            Column(key="percentile", label="Percentile", unit="%", format="g"),
            Column(key="value", label="Resolution", unit="Å", format=".2f"),
        ],
        list(zip(PERCENTILES, percentiles, strict=True)),
    )
    return percentiles


def _describe(found: Findings, resolution: LocalResolution, percentiles: Sequence[float]) -> None:
    found.paragraphs.append(
        _OURS
        if found.task.engine == BUILTIN
        else "ResMap's program tested the half maps, step by step of resolution."
    )
    found.paragraphs.append(
        f"The signal around the median voxel is significant to {percentiles[_MEDIAN]:.2f} Å; 95 % "
        f"of the voxels lie between {percentiles[0]:.2f} and {percentiles[-1]:.2f} Å "
        "({tab:resolution}, {fig:resolution_histogram})."
    )
    describe_ends(found, resolution, "below what is significant")


def _judge(found: Findings, resolution: LocalResolution, percentiles: Sequence[float]) -> None:
    reported = found.task.entry.resolution
    signal = found.judge("resolved_lowest", 100 * (1 - resolution.never_rises))
    if not signal.passed:
        found.headline = "Most of the molecule has no significant signal at any resolution."
        return
    if resolution.never_falls < _MOSTLY:
        local = LocalValues("resolution", _WORDS, "Å", resolution.resolution, ".2f")
        remark_if_homogeneous(found, local, percentiles, _HOMOGENEOUS)
    met = reported is None or _hold_against(found, resolution, reported)
    found.resolution_estimate = ResolutionEstimate(
        method="Local significance (median)", value=percentiles[_MEDIAN], contradicts=not met
    )
    if not met:
        found.headline = (
            f"Hardly anywhere is there significant signal near the reported {number(reported)} Å."
        )
    elif found.warnings:
        found.headline = f"The {_WORDS} is suspiciously homogeneous."
    elif reason := doubt(found.task):
        found.cannot_tell = reason
        found.headline = "The half maps are not independent: what is significant is in doubt."
    else:
        found.headline = (
            f"There is significant signal to {percentiles[_MEDIAN]:.2f} Å around the median voxel."
        )


def _hold_against(found: Findings, resolution: LocalResolution, reported: float) -> bool:
    """Whether enough of the molecule has signal near the reported resolution."""
    nyquist = 2 * max(found.task.entry.half_maps_record.voxel_size)
    share = supported(resolution, reported, nyquist, 1 / SERVICES_FACTOR)
    found.measure(
        "reported_percentile",
        100 * float(np.mean(resolution.inside < reported)),
        "%",
        "voxels with significant signal beyond the reported resolution",
    )
    found.measure(
        "supported_share",
        share,
        "%",
        f"voxels with significant signal, within one error bar, at {1 / SERVICES_FACTOR:g} times "
        "the reported resolution",
    )
    met = found.judge("supported_lowest", share, detail=f"{number(reported)} Å")
    return met.passed


CHECK = Check(
    code="1.d",
    name="Local significance",
    label="local significance",
    purpose="To which resolution is there signal around each voxel?",
    in_short=(
        "The same correlations as in 1.c, held in every band against what independent noise would "
        "give, with the false discoveries among the voxels of the molecule held to 1 %. The "
        "question of ResMap, with a test of our own."
    ),
    explanation=(
        "Local resolution can also be asked as: up to which detail is there anything but noise "
        "around a voxel? Around each voxel, in a window that ends where the molecule does, the "
        "correlation of the half maps in a band of spatial frequency is compared with its "
        "scatter for independent noise, which follows from the number of independent samples in "
        "the window. Many voxels are tested at once, so that some would pass by chance: the "
        "procedure of Benjamini and Yekutieli keeps those to 1 % of all that pass. The "
        "resolution is where the correlation sinks below what is significant. Significant signal "
        "can be weak: this is not the resolution at which a model can be built."
    ),
    answer=measure_local_significance,
    needs=("map", "half_maps"),
    listens_to=(INDEPENDENCE,),
    relies_on=(Trait.SHAPE,),
    limits=(
        Limit(
            "resolved_lowest",
            100 * _MOSTLY,
            "%",
            "Least of the molecule with significant signal",
            "The check warns when around fewer voxels of the mask there is significant signal in "
            "the coarsest band.",
            "the share of the mask around which there is significant signal at all",
            ">=",
            advice=(
                "There is nothing but noise that the half maps have in common around most of the "
                "molecule: they do not belong together, or the contour level is so low that the "
                "mask is mostly solvent: see 0.b, 1.a and 1.j."
            ),
        ),
        Limit(
            "supported_lowest",
            10.0,
            "%",
            "Least of the molecule with signal near the reported resolution",
            "The check warns when fewer voxels of the mask have, within one error bar, significant "
            f"signal at {1 / SERVICES_FACTOR:g} times the reported resolution.",
            "the share of the mask with significant signal near the reported resolution",
            ">=",
            advice=(
                "The reported resolution is finer than any detail that rises above the noise. Most "
                "often it was read off a curve under a mask that is too tight: see 1.a and 1.k."
            ),
        ),
    ),
    references=(KUCUKELBIR_2014, BENJAMINI_2001),
    engines=tuple(_ENGINES),
    external=lambda _: (resmap.availability(),),
    differs=(
        "The service runs ResMap, blurs its answer with the mask's outside filled by the mean "
        "before it takes percentiles, which pulls all of them towards the mean, and accepts a "
        "reported resolution if 0.1 % of the voxels is better. Here the voxels of the mask are "
        "counted as they are; voxels without significant signal are a number of their own; and a "
        "resolution is the one where the correlation crosses what is significant, not the last "
        "band before."
    ),
    volumes=20,
)
