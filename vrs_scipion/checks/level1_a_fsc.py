"""1.a Global resolution: to which resolution do the half maps agree?"""

from __future__ import annotations

import math

import numpy as np

from vrs_scipion.checks.check import Check, Limit
from vrs_scipion.checks.findings import Findings
from vrs_scipion.checks.references import ROSENTHAL_2003
from vrs_scipion.checks.task import Task
from vrs_scipion.entry.entry import Entry, HalfMaps
from vrs_scipion.figures.fsc import fsc_plot
from vrs_scipion.maps.density import Volume
from vrs_scipion.maps.kind import Trait
from vrs_scipion.methods.fsc import (
    GOLD_STANDARD,
    HALF,
    FscCurve,
    mask_redundancy,
    shell_correlation,
)
from vrs_scipion.results import Column, ResolutionEstimate
from vrs_scipion.results.numbers import number, quantity

_LEVELS = ((GOLD_STANDARD, ""), (HALF, "_05"))
"""Levels of the correlation, and what the keys of the resolutions there end in."""


def measure_fsc(task: Task) -> Findings:
    """Answer 1.a."""
    found, halves = Findings(task), task.entry.half_maps()
    redundancy = mask_redundancy(halves.mask, halves.first.voxel_size, task.threads)
    unmasked = _correlate(halves, task.threads)
    masked = _correlate(halves, task.threads, redundancy)
    _note(found, unmasked, masked, redundancy)
    _describe(found, unmasked, masked)
    _judge(found, masked)
    return found


def _correlate(halves: HalfMaps, threads: int, redundancy: float = 0.0) -> FscCurve:
    """The curve of the half maps; under the mask where its redundancy is given."""
    first, second, mask = halves.first.values, halves.second.values, halves.mask
    size = halves.first.voxel_size
    if not redundancy:
        return shell_correlation(first, second, size, threads=threads)
    one, other = (_masked(values, mask) for values in (first, second))
    return shell_correlation(one, other, size, redundancy=redundancy, threads=threads)


def _masked(values: Volume, mask: Volume) -> Volume:
    """Values under the mask, held against those outside: an offset would put the mask in both."""
    outside = mask == 0
    solvent = values[outside].mean(dtype=np.float64) if outside.any() else 0.0
    masked: Volume = (values - np.float32(solvent)) * mask
    return masked


def _note(found: Findings, unmasked: FscCurve, masked: FscCurve, redundancy: float) -> None:
    for name, curve, where in (
        ("unmasked", unmasked, "without a mask"),
        ("masked", masked, "under the soft mask"),
    ):
        for level, suffix in _LEVELS:
            found.measure(
                f"resolution_{name}{suffix}",
                curve.resolution(level),
                "Å",
                f"where the half maps' correlation {where} first falls below {level:g}",
            )
        found.measure(
            f"resolution_{name}_last",
            curve.last_resolution(GOLD_STANDARD),
            "Å",
            f"where it falls below {GOLD_STANDARD:g} {where} for the last time",
        )
    found.measure(
        "redundancy", redundancy, "", "coefficients that share one independent value by the mask"
    )
    found.measure(
        "nyquist_correlation",
        float(masked.correlation[-1]),
        "",
        "correlation under the soft mask in the last shell before Nyquist",
    )
    found.tabulate(
        "fsc",
        "Fourier shell correlation of the half maps",
        [
            Column(key="frequency", label="Frequency", unit="1/Å", format=".4f"),
            Column(key="resolution", label="Resolution", unit="Å", format=".2f"),
            Column(key="n_eff", label="Independent samples", format=",.0f"),
            Column(key="unmasked", label="Unmasked", format=".3f"),
            Column(key="masked", label="Masked", format=".3f"),
        ],
        [
            (float(f), 1 / float(f), float(n), float(u), float(m))
            for f, n, u, m in zip(
                masked.frequency,
                masked.samples,
                unmasked.correlation,
                masked.correlation,
                strict=True,
            )
        ],
    )


def _describe(found: Findings, unmasked: FscCurve, masked: FscCurve) -> None:
    found.plot(
        "fsc",
        fsc_plot(
            masked.frequency,
            [
                ("under the soft mask", masked.correlation, "measured"),
                ("without a mask", unmasked.correlation, "part"),
            ],
            (GOLD_STANDARD, HALF),
            found.task.entry.resolution,
        ),
        "Fourier shell correlation of the two half maps, without a mask and under the soft mask, "
        f"with the levels {GOLD_STANDARD:g} and {HALF:g}.",
        "Two curves that fall from 1 towards 0 with spatial frequency.",
    )
    found.paragraphs.append(
        f"The correlation of the half maps falls below {GOLD_STANDARD:g} at "
        f"{_words(unmasked, GOLD_STANDARD)} without a mask and at {_words(masked, GOLD_STANDARD)} "
        f"under the soft mask, below {HALF:g} at {_words(unmasked, HALF)} and "
        f"{_words(masked, HALF)} ({{fig:fsc}}, {{tab:fsc}})."
    )
    found.paragraphs.append(
        "A mask takes away noise from outside the molecule, so that the masked curve lies above "
        "the other one; it also correlates neighbouring coefficients, which is not corrected for "
        "here. This mask is wide and soft, so that it leaves some of that noise: under a tighter "
        "one the same half maps give a resolution that is finer by a tenth or so."
    )


def _words(curve: FscCurve, level: float) -> str:
    resolution = curve.resolution(level)
    return "no frequency before Nyquist" if resolution is None else quantity(resolution, "Å")


def _judge(found: Findings, masked: FscCurve) -> None:
    entry, resolution = found.task.entry, masked.resolution(GOLD_STANDARD)
    if resolution is None:
        found.cannot_tell = (
            f"The correlation of the half maps does not fall below {GOLD_STANDARD:g} before the "
            "Nyquist limit of their voxels: they are copies of each other, or not independent, or "
            "their voxels are too coarse for what they hold. The resolution that they support "
            "cannot be told."
        )
        found.headline = "The half maps agree as far as their voxels reach."
        return
    size = _diameter(entry)
    signal = found.judge(
        "size_share", 100 * resolution / size, detail=f"{resolution:.3g} Å of {size:.3g} Å"
    )
    if not signal.passed:
        found.headline = "The half maps have no signal in common."
        return
    found.resolution_estimate = ResolutionEstimate(method="FSC of the half maps", value=resolution)
    if masked.comes_back(GOLD_STANDARD):
        last = masked.last_resolution(GOLD_STANDARD)
        found.remarks.append(
            f"The correlation of the half maps comes back after it has fallen below "
            f"{GOLD_STANDARD:g} at {number(resolution)} Å: it falls below it for the last time at "
            f"{number(last)} Å. The masks of both halves, interpolation or duplicated particles do "
            "that, noise alone does not."
        )
    if entry.resolution is None:
        found.headline = f"The half maps agree to {resolution:.2f} Å."
        return
    met = found.judge(
        "reported_share",
        100 * entry.resolution / resolution,
        detail=f"{number(entry.resolution)} Å of {number(resolution)} Å",
    )
    said = f"The reported resolution, {number(entry.resolution)} Å,"
    agree = f"the half maps, which agree to {resolution:.2f} Å under a wide mask"
    if not met.passed:
        found.headline = f"{said} goes beyond {agree}."
    elif found.warnings:
        found.headline = "The correlation of the half maps comes back after it has fallen."
    else:
        found.headline = f"{said} is supported by {agree}."


def _diameter(entry: Entry) -> float:
    """Of a ball as large as the hard mask, in Å."""
    volume = entry.map.hard_mask.voxels * math.prod(entry.voxel_size)
    return float(2 * (3 * volume / (4 * math.pi)) ** (1 / 3))


CHECK = Check(
    code="1.a",
    name="Global resolution",
    label="global resolution",
    purpose="To which resolution do the half maps agree?",
    in_short=(
        "Their Fourier shell correlation, without a mask and under a wide soft one, with every "
        "crossing of 0.143 and 0.5. The reported resolution may not go beyond that by more than "
        "a tighter mask explains. Half maps that share no signal get a warning; where "
        "their correlation never falls the check says that it cannot tell."
    ),
    explanation=(
        "Two half maps, each made from one half of the particles, hold the same molecule in "
        "different noise. Their correlation in shells of spatial frequency falls from 1, where the "
        "signal is strong, to 0, where there is nothing but noise. Where it falls below 0.143 the "
        "map made from all particles correlates with the truth by one half, which is the usual "
        "definition of its resolution. The reported resolution should not be finer. That holds for "
        "halves that were refined independently: those that share noise correlate without any "
        "signal. Local refinements, flexible parts and a tight mask make the number say less than "
        "it seems to."
    ),
    answer=measure_fsc,
    relies_on=(Trait.SHAPE,),
    needs=("map", "half_maps"),
    limits=(
        Limit(
            "size_share",
            50.0,
            "%",
            "Resolution found against the molecule's size",
            "The check warns when the half maps agree to no better a resolution than this share of "
            "the diameter of a ball as large as the mask: they have no signal in common.",
            "the resolution to which the half maps agree as a share of the molecule's diameter",
            "<",
            advice=(
                "The half maps do not belong together: they are of different particles or "
                "refinements, one is mirrored, shifted, inverted or stored in another order of its "
                "axes, or there is nothing but noise in them. Or the contour level leaves but a "
                "speck of the molecule: see 0.b."
            ),
        ),
        Limit(
            "reported_share",
            80.0,
            "%",
            "Reported resolution against the one found",
            "The check warns when the reported resolution, in % of the one at which the half maps' "
            "correlation falls below 0.143, is below this.",
            "the reported resolution as a share of the one to which the half maps agree",
            ">=",
            advice=(
                "The claim goes beyond what the half maps hold. Most often it was read off a curve "
                "under a tight mask, or off other half maps than these: compute the curve with a "
                "soft, wide mask and report where that one falls below 0.143. Halves that belong "
                "to an earlier round of refinement, or to a map on other voxels, do it too."
            ),
        ),
    ),
    references=(ROSENTHAL_2003,),
    differs=(
        "The service compares the half maps without a mask with a resolution that nearly always "
        "comes from a masked curve; here the curve under a soft mask decides, and both are shown. "
        "A curve that never falls passes there; here it cannot be told what the halves support."
    ),
)
