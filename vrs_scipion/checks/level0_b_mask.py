"""0.b Mask: is the molecule one piece at the recommended contour?"""

from __future__ import annotations

import numpy as np

from vrs_scipion.checks.check import Check, Growth, Limit
from vrs_scipion.checks.findings import Findings
from vrs_scipion.checks.pictures import slices
from vrs_scipion.checks.task import Task
from vrs_scipion.figures.mass import mass_plot
from vrs_scipion.maps.density import Density
from vrs_scipion.maps.kind import Trait
from vrs_scipion.maps.masks import connected_components
from vrs_scipion.methods.components import SHARE, Blobs, rank_components
from vrs_scipion.methods.mass import (
    CUBIC_ANGSTROM_PER_DALTON,
    DALTON_PER_RESIDUE,
    mass_vs_threshold,
)
from vrs_scipion.results import Column

_MOST_LISTED = 100


def measure_mask(task: Task) -> Findings:
    """Answer 0.b."""
    entry, found = task.entry, Findings(task)
    density = entry.density()
    volume = density.voxel_volume
    raw = density.values >= entry.contour
    blobs = rank_components(connected_components(raw).sizes)
    hard = entry.hard_mask()
    raw_voxels, hard_voxels = int(np.count_nonzero(raw)), int(np.count_nonzero(hard))
    overlap = np.count_nonzero(raw & hard) / raw_voxels

    _report_components(found, blobs, volume, entry.contour)
    slices(
        found,
        "raw_mask",
        raw,
        entry.voxel_size,
        "the raw mask",
        "Three slices of the thresholded map; the molecule is white.",
        mask=True,
        label="Mask",
    )
    _report_mass(found, mass_vs_threshold(density.values, volume), volume)
    found.measure("raw_voxels", raw_voxels, "voxel", "voxels at or above the contour")
    found.measure("raw_volume", raw_voxels * volume, "Å³", "their volume")
    found.measure("constructed_voxels", hard_voxels, "voxel", "voxels of the mask constructed")
    found.measure("constructed_volume", hard_voxels * volume, "Å³", "their volume")
    found.measure("overlap", overlap, "", "|raw ∧ constructed| / |raw|")
    found.paragraphs.append(
        f"Constructed mask: {entry.map.hard_mask.description}. It holds {hard_voxels:,} voxels "
        f"({hard_voxels * volume:,.2f} Å³). The overlap of the raw mask with it is {overlap:.2f}."
    )
    _suggest(found, density)
    _judge(found, blobs, volume, overlap)
    return found


def _suggest(found: Findings, density: Density) -> None:
    """The level that the program would have suggested, beside the one that was given."""
    from vrs_scipion.methods.contour_level import LevelStudy  # slow to load

    suggestion = LevelStudy(density).suggest()
    found.paragraphs.append(
        f"From the map alone this program would suggest the contour level {suggestion.level:g}; "
        f"the one given is {found.task.entry.contour:g}. {suggestion.reason}"
    )


def _report_components(found: Findings, blobs: Blobs, volume: float, contour: float) -> None:
    sizes, remaining = blobs.sizes, blobs.remaining
    total = int(sizes.sum())
    listed = sizes[: min(blobs.needed, _MOST_LISTED)]
    cumulated = 100 * np.cumsum(listed) / total
    found.tabulate(
        "components",
        f"Components of the raw mask by decreasing size, up to {SHARE:g} % of its voxels"
        + (f"; the first {_MOST_LISTED} of {blobs.needed:,}" if blobs.needed > listed.size else ""),
        [
            Column(key="voxels", label="Voxels", format=","),
            Column(key="volume", label="Volume", unit="Å³", format=",.2f"),
            Column(key="share", label="Share", unit="%", format=".2f"),
            Column(key="cumulated", label="Cumulated", unit="%", format=".2f"),
        ],
        [
            (int(size), float(size) * volume, 100 * float(size) / total, float(sum_))
            for size, sum_ in zip(listed, cumulated, strict=True)
        ],
    )
    found.measure("components", sizes.size, "", "connected components of the raw mask")
    found.measure("components_for_95", blobs.needed, "", "largest ones that hold 95 % of it")
    found.measure("remaining_components", remaining.size, "", "the components beyond those")
    for key, pick, word in (
        ("mean", np.mean, "average"),
        ("max", np.max, "largest"),
        ("min", np.min, "smallest"),
    ):
        value = float(pick(remaining)) * volume if remaining.size else None
        found.measure(f"remaining_{key}_volume", value, "Å³", f"{word} volume of those beyond")
    found.measure("disconnected", blobs.disconnected, "%", "voxels outside the largest component")
    found.paragraphs.append(
        f"Raw mask: at the contour level {contour:g} there {_components(sizes.size)} with "
        f"{total:,} voxels in all, a volume of {total * volume:,.2f} Å³ ({{fig:raw_mask}}, "
        f"{{tab:components}}). {_needed(blobs.needed)} {_remaining(remaining, volume)}"
    )


def _components(count: int) -> str:
    return "is 1 connected component" if count == 1 else f"are {count:,} connected components"


def _needed(count: int) -> str:
    if count == 1:
        return "The largest alone holds 95 % of them."
    return f"The {count:,} largest are needed to hold 95 % of them."


def _remaining(sizes: np.ndarray[tuple[int], np.dtype[np.int64]], volume: float) -> str:
    if not sizes.size:
        return "No other component remains."
    mean, largest, smallest = float(sizes.mean()), int(sizes.max()), int(sizes.min())
    return (
        f"The remaining {sizes.size:,} have {mean:.2f} voxels ({mean * volume:.2f} Å³) on average, "
        f"from {smallest:,} ({smallest * volume:.2f} Å³) to {largest:,} voxels "
        f"({largest * volume:.2f} Å³)."
    )


def _report_mass(
    found: Findings, rows: list[tuple[float, int, float, float]], volume: float
) -> None:
    if not rows:
        found.paragraphs.append("The map has no positive values: mass against threshold is empty.")
        return
    found.tabulate(
        "mass_vs_threshold",
        "Mass enclosed at different thresholds",
        [
            Column(
                key="threshold", label="Threshold", format=".4f" if rows[0][0] > 0.01 else ".4g"
            ),
            Column(key="voxels", label="Voxels", format=","),
            Column(key="kda", label="Molecular mass", unit="kDa", format=",.2f"),
            Column(key="residues", label="Amino acids", format=",.2f"),
        ],
        rows,
    )
    found.plot(
        "mass_vs_threshold",
        mass_plot(
            [row[0] for row in rows],
            [row[1] for row in rows],
            found.task.entry.contour,
            volume / CUBIC_ANGSTROM_PER_DALTON / 1000,
        ),
        "Voxels above the threshold and the molecular mass that they stand for, with the "
        "recommended contour level marked.",
        "Number of voxels, on a logarithmic scale, falling with the threshold.",
    )
    found.paragraphs.append(
        "The mass enclosed falls with the threshold as shown in {tab:mass_vs_threshold} and "
        f"{{fig:mass_vs_threshold}}, at {CUBIC_ANGSTROM_PER_DALTON} Å³ per dalton and "
        f"{DALTON_PER_RESIDUE:g} Da per amino acid."
    )


def _judge(found: Findings, blobs: Blobs, volume: float, overlap: float) -> None:
    remaining = blobs.remaining
    found.judge("components_for_95", blobs.needed)
    found.judge(
        "remaining_mean_volume",
        float(remaining.mean()) * volume if remaining.size else None,
        resolution=found.task.entry.resolution,
        vacuous="" if remaining.size else "no component remains",
    )
    found.judge("overlap", overlap)
    found.judge("disconnected", blobs.disconnected)
    found.headline = (
        "There seems to be a problem with the recommended contour level."
        if found.warnings
        else "There is no problem with the recommended contour level."
    )


CHECK = Check(
    code="0.b",
    name="Mask analysis",
    label="mask",
    purpose="Is the molecule one piece at the recommended contour level?",
    in_short=(
        "Connected components, mass against threshold, disconnected mass, overlap of the raw "
        "with the constructed mask."
    ),
    explanation=(
        "At the recommended contour level most of the mass should lie in one connected component. "
        "A few thousand tiny noise blobs are normal, as long as their total mass stays below 10 %. "
        "The raw mask (thresholding alone) and the mask constructed for the analysis "
        "(thresholding, largest component, dilation) should agree: their overlap is the fraction "
        "of the raw mask that lies inside the constructed one, from 0 to 1."
    ),
    answer=measure_mask,
    relies_on=(Trait.SHAPE, Trait.ALONE),
    limits=(
        Limit(
            "components_for_95",
            5,
            "",
            "Most components for 95 % of the mass",
            "The check warns when more components than this are needed to hold 95 % of the voxels "
            "at or above the contour level.",
            "the number of components that hold 95 % of the raw mask",
            "<=",
            advice=(
                "The contour level is most often too high, so that the molecule falls into pieces, "
                "or too low, so that noise joins in: look for the level at which the curve of "
                "voxels against threshold bends. Separate pieces at every level point to flexible "
                "or missing linkers, or to several molecules in the box."
            ),
        ),
        Limit(
            "remaining_mean_volume",
            5.0,
            "Å³",
            "Average volume of the other blobs",
            "The check warns when the components beyond those 95 % are not smaller than this on "
            "average, nor than the next limit.",
            "the average volume of the remaining components",
            "<",
            advice=(
                "The small components are larger than noise at the voxels' scale: try a slightly "
                "higher contour level. If they remain, look where they are: around the molecule "
                "they can be detergent, nucleic acid or a flexible domain; far from it, a "
                "reconstruction artefact or the neighbour of a crowded field."
            ),
            grows=Growth(
                0.4,
                3,
                "Average volume of the other blobs in cubes of the resolution",
                "Specks of noise are as large as the resolution d makes them: the check warns when "
                "the components beyond those 95 % are not smaller than this on average, nor than "
                "the limit in Å³.",
            ),
        ),
        Limit(
            "overlap",
            0.75,
            "",
            "Overlap of raw and constructed mask",
            "The check warns when the overlap is not above this.",
            "the overlap of the raw with the constructed mask",
            ">",
            advice=(
                "Much of what is above the contour level is not part of the largest component: the "
                "level is too low, or the box holds more than one molecule."
            ),
        ),
        Limit(
            "disconnected",
            10.0,
            "%",
            "Disconnected mass",
            "The check warns when more of the mass than this lies outside the largest component.",
            "the mass outside the largest component",
            "<=",
            advice=(
                "A higher contour level removes noise blobs; if large pieces remain apart, the box "
                "may hold more than one molecule."
            ),
        ),
    ),
    differs=(
        "The average volume of the components beyond 95 % of the mass is computed; the service "
        "divides a number by itself there, so that its criterion only asks whether a voxel is "
        "larger than 5 Å³. Specks of noise are as large as the resolution makes them: the limit "
        "grows with its cube where that is more than 5 Å³. Where no component remains the report "
        "says so."
    ),
)
