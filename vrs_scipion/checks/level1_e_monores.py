"""1.e MonoRes: to which resolution does the density around each voxel rise above its noise?"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from vrs_scipion import __version__
from vrs_scipion.checks.check import SERVICE, Check, Limit
from vrs_scipion.checks.findings import Findings
from vrs_scipion.checks.independence import INDEPENDENCE, doubt
from vrs_scipion.checks.local_bands import draw, measure_percentiles, supported
from vrs_scipion.checks.local_values import (
    PERCENTILES,
    LocalValues,
    refused,
    remark_if_homogeneous,
)
from vrs_scipion.checks.references import VILAS_2018
from vrs_scipion.checks.task import Task
from vrs_scipion.entry.entry import Entry
from vrs_scipion.maps.kind import Trait
from vrs_scipion.maps.masks import inscribed_sphere
from vrs_scipion.methods import monores_xmipp, xmipp
from vrs_scipion.methods.engine import BUILTIN, Availability
from vrs_scipion.methods.local_bands import LocalResolution
from vrs_scipion.methods.local_sweep import NotMeasurableError
from vrs_scipion.methods.monores import (
    SIGNIFICANCE,
    STEP,
    coarsest_of,
    monogenic_resolution,
)
from vrs_scipion.results import Column, Engine, ResolutionEstimate
from vrs_scipion.results.numbers import number

CHANCE = 100 * (1 - SIGNIFICANCE)
"""% of the voxels of pure noise that pass a step."""
SUPPORTED = 2 * CHANCE
"""% of the voxels: more than chance alone brings to any resolution."""
ABOVE_CHANCE = 3 * CHANCE
"""% of the voxels: more than have a resolution where there is nothing but noise."""
SERVICES_FACTOR = 0.8
"""By which it lets a resolution be finer than one it estimates; so does this check, since most
voxels sink into the noise before the halves' correlation falls to 0.143."""
SERVICES_SHARE = 0.1
"""% of the voxels that the Validation Report Service asks for."""
COPIES = 10.0
"""Amplitude of the median voxel, in units of the noise's limit, above which at every step halves
are copies of each other: they correlate by 0.99 or more."""

_FILE = "monores"
_WORDS = "local resolution by MonoRes"
_MEDIAN = PERCENTILES.index(50.0)
_HOMOGENEOUS = 0.01
_MOSTLY = 0.5
_WORTH_A_WORD = 5e-4
_FAINT = (
    "Only in {share:.0f} % of the molecule does the density rise above the noise. The noise of all "
    "that is finer than a step counts, so that noisy voxels beyond the resolution hide what there "
    "is. MonoRes sees strong density alone; 1.a and 1.c say how well the half maps agree."
)
_NOT_NEAR = (
    "No more of the molecule rises above the noise near the reported {reported} Å than noise alone "
    "would bring there. That does not speak against it: MonoRes sees strong density alone, and "
    "most voxels sink into the noise before the half maps cease to agree. See 1.a and 1.c."
)


@dataclass(frozen=True)
class Answer:
    """What an engine found.

    Attributes
    ----------
    local : the resolutions, NaN where a voxel has none
    finest_share : share of the mask that is resolved at the finest step; None where not known
    contrast : the median voxel's least amplitude over the noise's limit; None where not known
    """

    local: LocalResolution
    finest_share: float | None = None
    contrast: float | None = None


def measure_monores(task: Task) -> Findings:
    """Answer 1.e."""
    found = Findings(task)
    try:
        answer = _ENGINES[task.engine](found)
    except NotMeasurableError as error:
        found.does_not_apply = refused(error)
        return found
    resolved = _share_with_a_value(found, answer)
    percentiles = _note(found, answer, resolved) if resolved else []
    if percentiles:
        _describe(found, answer, percentiles, resolved)
        draw(found, answer.local, percentiles, _WORDS, _FILE)
    if answer.contrast is not None and answer.contrast > COPIES:
        _say_copies(found)
    else:
        _judge(found, answer, percentiles, resolved)
    return found


def _builtin(found: Findings) -> Answer:
    task = found.task
    halves = task.entry.half_maps()
    size = halves.first.voxel_size
    coarsest = coarsest_of(task.entry.resolution, size)
    found.engine = Engine(
        name=BUILTIN,
        version=__version__,
        arguments={"coarsest": coarsest, "step": STEP, "significance": SIGNIFICANCE},
    )
    answer = monogenic_resolution(
        halves.first.values,
        halves.second.values,
        halves.hard,
        size,
        coarsest=coarsest,
        threads=task.threads,
    )
    local = LocalResolution(
        resolution=answer.resolution,
        error=np.full_like(answer.resolution, np.nan),
        never_falls=answer.finest_share,
        never_rises=float(np.isnan(answer.resolution[halves.hard]).mean()),
        finest=answer.steps[-1],
        coarsest=answer.steps[0],
    )
    return Answer(local, answer.finest_share, min(answer.contrasts))


def _xmipp(found: Findings) -> Answer:
    task = found.task
    record, mask = task.entry.half_maps_record, task.entry.half_maps().hard
    size = record.voxel_size
    program = xmipp.require_program(monores_xmipp.PROGRAM)
    coarsest = coarsest_of(task.entry.resolution, size)
    found.engine = Engine(
        name=xmipp.NAME,
        version=program.version,
        arguments={
            "program": program.name,
            "arguments": monores_xmipp.arguments(size[2], coarsest, task.threads),
        },
    )
    values = monores_xmipp.local_resolution(
        program,
        [task.entry.path("half_maps", half.file) for half in record.halves],
        mask,
        size,
        coarsest,
        threads=task.threads,
    )
    return Answer(LocalResolution.without_errors(values, 2 * max(size), math.inf))


_ENGINES = {BUILTIN: _builtin, xmipp.NAME: _xmipp}


def _external(entry: Entry | None) -> Sequence[Availability]:
    return (xmipp.availability(monores_xmipp.PROGRAM, preferred=False),)


def _share_with_a_value(found: Findings, answer: Answer) -> float:
    """Share of the mask that has a resolution."""
    voxels = np.count_nonzero(found.task.entry.half_maps().hard)
    share = answer.local.inside.size / voxels
    found.measure(
        "not_resolved_fraction",
        1 - share,
        "",
        "fraction of the mask that has no resolution: there the density does not rise above the "
        "noise where the sweep starts",
    )
    return share


def _note(found: Findings, answer: Answer, resolved: float) -> list[float]:
    percentiles = measure_percentiles(found, answer.local, "", " by MonoRes")
    found.measure(
        "nyquist_limited_fraction",
        answer.finest_share,
        "",
        "fraction of the mask that is resolved at the finest step that the voxels hold",
    )
    found.tabulate(
        "resolution",
        "Local resolution by MonoRes in the mask",
        [
            Column(key="percentile", label="Percentile", unit="%", format="g"),
            Column(key="value", label="Resolution", unit="Å", format=".2f"),
        ],
        list(zip(PERCENTILES, percentiles, strict=True)),
    )
    return percentiles


def _describe(
    found: Findings, answer: Answer, percentiles: Sequence[float], resolved: float
) -> None:
    found.paragraphs.append(
        f"The density around the median voxel rises above the noise down to "
        f"{percentiles[_MEDIAN]:.2f} Å; 95 % of the voxels lie between {percentiles[0]:.2f} and "
        f"{percentiles[-1]:.2f} Å ({{tab:resolution}}, {{fig:resolution_histogram}})."
    )
    if 1 - resolved >= _WORTH_A_WORD:
        found.paragraphs.append(
            f"{100 * (1 - resolved):.1f} % of the voxels of the mask have no resolution: their "
            "density does not rise above the noise where the sweep starts. They are not among the "
            "percentiles."
        )
    if answer.finest_share is not None and answer.finest_share >= _WORTH_A_WORD:
        found.paragraphs.append(
            f"{100 * answer.finest_share:.1f} % of the mask are resolved at the finest step, "
            f"{number(answer.local.finest)} Å: smaller voxels would tell how much finer they are. "
            f"Of noise alone up to {CHANCE:.0f} % pass any one step."
        )


def _say_copies(found: Findings) -> None:
    found.cannot_tell = (
        "The half maps hardly differ at any resolution: they are copies of each other, and without "
        "noise of their own there is nothing to hold the density against."
    )
    found.headline = "The half maps are copies: their local resolution means nothing."


def _judge(found: Findings, answer: Answer, percentiles: Sequence[float], resolved: float) -> None:
    signal = found.judge("resolved_lowest", 100 * resolved)
    if not signal.passed:
        found.headline = "Hardly anywhere does the density rise above the noise."
        return
    if (answer.finest_share or 0.0) < _MOSTLY:
        local = LocalValues("resolution", _WORDS, "Å", answer.local.resolution, ".2f")
        remark_if_homogeneous(found, local, percentiles, _HOMOGENEOUS)
    reported = found.task.entry.resolution
    met = reported is None or _hold_against(found, answer, reported, resolved)
    median = percentiles[_MEDIAN]
    if resolved >= _MOSTLY:
        found.resolution_estimate = ResolutionEstimate(method="MonoRes (median)", value=median)
    reason = _masked(found) or doubt(found.task)
    if found.warnings:
        found.headline = f"The {_WORDS} is suspiciously homogeneous."
    elif reason:
        found.cannot_tell = reason
        found.headline = "The noise of the half maps is not what it was: MonoRes is in doubt."
    elif resolved < _MOSTLY:
        found.cannot_tell = _FAINT.format(share=100 * resolved)
        found.headline = "In most of the molecule the density does not rise above the noise."
    elif not met:
        found.cannot_tell = _NOT_NEAR.format(reported=number(reported))
        found.headline = (
            f"Hardly anywhere does the density rise above the noise near the reported "
            f"{number(reported)} Å."
        )
    else:
        found.headline = (
            f"The density rises above the noise down to {percentiles[0]:.2f} to "
            f"{percentiles[-1]:.2f} Å (median {median:.2f} Å)."
        )


def _hold_against(found: Findings, answer: Answer, reported: float, resolved: float) -> bool:
    """Whether more of the molecule is resolved near what was reported than chance alone makes."""
    nyquist = 2 * max(found.task.entry.half_maps_record.voxel_size)
    better = 100 * resolved * float(np.mean(answer.local.inside < reported))
    found.measure(
        "reported_percentile",
        better,
        "%",
        "voxels of the mask whose local resolution is better than reported",
    )
    share = resolved * supported(answer.local, reported, nyquist, 1 / SERVICES_FACTOR)
    found.measure(
        "supported_share",
        share,
        "%",
        "voxels of the mask whose local resolution is better than "
        f"{1 / SERVICES_FACTOR:g} times what was reported",
    )
    met = found.judge("supported_lowest", share, detail=f"{number(reported)} Å")
    found.judge("better_lowest", better, detail=f"as {SERVICE} does")
    return met.passed


def _masked(found: Findings) -> str:
    """Why the noise is not to be trusted: the halves were masked; '' for no reason."""
    halves = found.task.entry.half_maps()
    around = inscribed_sphere(halves.hard.shape, halves.first.voxel_size) & ~halves.hard
    same = halves.first.values[around] == halves.second.values[around]
    if not same.size or same.mean() <= _MOSTLY:
        return ""
    return (
        f"The half maps were masked: {100 * same.mean():.0f} % of the voxels around the molecule "
        "are the same in both. MonoRes takes the noise where the molecule is, and a mask that "
        "ends there takes some of it away. Give the half maps as the refinement wrote them."
    )


CHECK = Check(
    code="1.e",
    name="MonoRes",
    label="MonoRes",
    purpose="To which resolution does the density around each voxel rise above its noise?",
    in_short=(
        "The local amplitude of the half maps' mean, from coarse to fine, against that of half "
        "their difference, which is the mean's noise. A voxel's resolution is the finest at which "
        "its amplitude exceeds what 95 % of the noise stays below. Where no more of the molecule "
        "than chance alone makes is resolved near the reported resolution, it cannot tell. The "
        "question of MonoRes."
    ),
    explanation=(
        "Half the difference of two half maps is the noise of their mean. From coarse to fine, "
        "all that is coarser than a resolution is taken away from both, and what is left is "
        "measured around each voxel by its monogenic amplitude, which says how strong the waves "
        "there are, whatever their phase. A voxel is resolved where the mean's amplitude is larger "
        f"than what {100 * SIGNIFICANCE:.0f} % of the noise in the molecule stays below; where two "
        "steps in a row are not, its sweep ends. Strong density is seen farther into the noise "
        "than weak density: this is the resolution of what is there, not of how well two halves "
        "agree, and most voxels sink into the noise before the halves' correlation falls to 0.143. "
        "Voxels whose density does not rise above the noise even at the coarsest step have no "
        "resolution: they are counted by themselves."
    ),
    answer=measure_monores,
    needs=("map", "half_maps"),
    listens_to=(INDEPENDENCE,),
    relies_on=(Trait.SHAPE,),
    limits=(
        Limit(
            "resolved_lowest",
            ABOVE_CHANCE,
            "%",
            "Least of the molecule that rises above the noise",
            "The check warns when fewer voxels of the mask have a resolution at all: of noise "
            f"alone {CHANCE:.0f} to {2 * CHANCE:.0f} % have one. Below {100 * _MOSTLY:.0f} % it "
            "cannot tell.",
            "the share of the mask that rises above the noise at all",
            ">=",
            advice=(
                "The mask is no denser than noise: the half maps hold nothing in common, "
                "one is mirrored, shifted or inverted, or the contour level is so low that the "
                "mask is mostly solvent. See 0.b, 1.a and 1.j."
            ),
        ),
        Limit(
            "supported_lowest",
            SUPPORTED,
            "%",
            "Least of the molecule that is resolved near the reported resolution",
            "Where fewer voxels of the mask are resolved at "
            f"{1 / SERVICES_FACTOR:g} times the reported resolution, the check cannot tell: half "
            "of that passes a step by chance.",
            "the share of the mask that is resolved near the reported resolution",
            ">=",
            role="advice",
        ),
        Limit(
            "better_lowest",
            SERVICES_SHARE,
            "%",
            "Least of the molecule that is better resolved than reported",
            "Printed beside the verdict, which it does not decide.",
            "the share of the mask that is better resolved than reported",
            ">=",
            role="advice",
        ),
    ),
    references=(VILAS_2018,),
    engines=tuple(_ENGINES),
    external=_external,
    differs=(
        "The service runs Xmipp's MonoRes, takes percentiles from a histogram without its last two "
        "bins, which are the worst voxels, and accepts a reported resolution if 0.1 % of the "
        "voxels is better; but one voxel of noise in twenty passes any step by chance. Here "
        "percentiles come from the voxels, those without a resolution are counted, and the check "
        "is OK only where more than chance makes are resolved at 1.25 times the reported one. It "
        "never warns of the claim: of good half maps by a second simulator, with ice around the "
        "molecule, 2 % of the voxels may be resolved there. On two recorded "
        "pairs of half maps the medians agree with Xmipp's within 0.3 Å. Xmipp takes worst voxels "
        "nearer to the others': its 97.5 % percentile is 7 Å on them, that of the built-in engine "
        "13 to 14 Å."
    ),
    volumes=14,
)
