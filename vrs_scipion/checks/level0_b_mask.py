"""0.b Mask: is the molecule one piece at the recommended contour?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vrs_scipion.checks.check import Check, Findings, Limit, Task
from vrs_scipion.entry.files import load_hard_mask, load_map
from vrs_scipion.figures.curves import draw_mass_vs_threshold
from vrs_scipion.figures.plotting import plot_file
from vrs_scipion.figures.slices import draw_slices, max_variance_indices
from vrs_scipion.maps.density import Volume
from vrs_scipion.maps.masks import connected_components
from vrs_scipion.results import Column, Criterion, Figure
from vrs_scipion.results.numbers import number

CUBIC_ANGSTROM_PER_DALTON = 1.207
DALTON_PER_RESIDUE = 110.0
_SHARE = 95.0
_MOST_LISTED = 100
_LEVELS = 25


@dataclass(frozen=True)
class Blobs:
    """Connected components by decreasing size, and those needed for 95 % of the voxels.

    ``sizes`` is in voxels; ``needed`` counts the first ones that hold 95 %.
    """

    sizes: np.ndarray[tuple[int], np.dtype[np.int64]]
    needed: int

    @property
    def remaining(self) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
        """Sizes of the components that are not needed for 95 %."""
        return self.sizes[self.needed :]

    @property
    def disconnected(self) -> float:
        """Share of the voxels outside the largest component, in %."""
        return 100 * (1 - float(self.sizes[0]) / float(self.sizes.sum()))


def rank_components(sizes: np.ndarray[tuple[int], np.dtype[np.int64]]) -> Blobs:
    """Sort component sizes (voxels) and count how many reach 95 % of their sum."""
    ranked = np.sort(sizes)[::-1]
    cumulated = np.cumsum(ranked)
    needed = int(np.searchsorted(100 * cumulated, _SHARE * cumulated[-1])) + 1
    return Blobs(ranked, needed)


def mass_vs_threshold(values: Volume, voxel_volume: float) -> list[tuple[float, int, float, float]]:
    """Voxels above k·max/25 for k = 1 … 24 as (threshold, voxels, kDa, residues).

    1.207 Å³ hold a dalton of protein and 110 Da make a residue. Of a map without positive
    values there are no thresholds.
    """
    highest = float(values.max())
    rows = []
    for k in range(1, _LEVELS) if highest > 0 else ():
        threshold = k * highest / _LEVELS
        voxels = int(np.count_nonzero(values > threshold))
        dalton = voxels * voxel_volume / CUBIC_ANGSTROM_PER_DALTON
        rows.append((threshold, voxels, dalton / 1000, dalton / DALTON_PER_RESIDUE))
    return rows


def measure_mask(task: Task) -> Findings:
    """Answer 0.b."""
    entry, found = task.entry, Findings()
    density = load_map(entry, task.entry_folder)
    volume = density.voxel_volume
    raw = density.values >= entry.contour
    blobs = rank_components(connected_components(raw).sizes)
    hard = load_hard_mask(entry, task.entry_folder)
    raw_voxels, hard_voxels = int(np.count_nonzero(raw)), int(np.count_nonzero(hard))
    overlap = np.count_nonzero(raw & hard) / raw_voxels

    _report_components(found, blobs, volume, entry.contour)
    _draw_raw_mask(task, found, raw)
    _report_mass(task, found, mass_vs_threshold(density.values, volume), volume)
    found.measure("raw_voxels", raw_voxels, "voxel", "voxels at or above the contour")
    found.measure("raw_volume", raw_voxels * volume, "Å³", "their volume")
    found.measure("constructed_voxels", hard_voxels, "voxel", "voxels of the mask constructed")
    found.measure("constructed_volume", hard_voxels * volume, "Å³", "their volume")
    found.measure("overlap", overlap, "", "|raw ∧ constructed| / |raw|")
    found.paragraphs.append(
        f"Constructed mask: {entry.hard_mask.description}. It holds {hard_voxels:,} voxels "
        f"({hard_voxels * volume:,.2f} Å³). The overlap of the raw mask with it is {overlap:.2f}."
    )
    _judge(task, found, blobs, volume, overlap)
    return found


def _report_components(found: Findings, blobs: Blobs, volume: float, contour: float) -> None:
    sizes, remaining = blobs.sizes, blobs.remaining
    total = int(sizes.sum())
    listed = sizes[: min(blobs.needed, _MOST_LISTED)]
    cumulated = 100 * np.cumsum(listed) / total
    found.tabulate(
        "components",
        f"Components of the raw mask by decreasing size, up to {_SHARE:g} % of its voxels"
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


def _draw_raw_mask(
    task: Task, found: Findings, raw: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]
) -> None:
    indices = max_variance_indices(raw)
    draw_slices(
        raw, task.entry.voxel_size, indices, task.folder / "raw_mask.png", mask=True, label="Mask"
    )
    z, y, x = indices
    found.figures.append(
        Figure(
            key="raw_mask",
            file="raw_mask.png",
            caption="Slices of maximum variance of the raw mask: "
            f"X slice {x}, Y slice {y}, Z slice {z}.",
            alt="Three slices of the thresholded map; the molecule is white.",
        )
    )


def _report_mass(
    task: Task, found: Findings, rows: list[tuple[float, int, float, float]], volume: float
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
    draw_mass_vs_threshold(
        [row[0] for row in rows],
        [row[1] for row in rows],
        task.entry.contour,
        task.folder / "mass_vs_threshold.svg",
        kda_per_voxel=volume / CUBIC_ANGSTROM_PER_DALTON / 1000,
    )
    found.figures.append(
        Figure(
            key="mass_vs_threshold",
            file="mass_vs_threshold.svg",
            caption="Voxels above the threshold and the molecular mass that they stand for, with "
            "the recommended contour level marked.",
            alt="Number of voxels, on a logarithmic scale, falling with the threshold.",
            plot=plot_file("mass_vs_threshold.svg"),
        )
    )
    found.paragraphs.append(
        "The mass enclosed falls with the threshold as shown in {tab:mass_vs_threshold} and "
        f"{{fig:mass_vs_threshold}}, at {CUBIC_ANGSTROM_PER_DALTON} Å³ per dalton and "
        f"{DALTON_PER_RESIDUE:g} Da per amino acid."
    )


def _judge(task: Task, found: Findings, blobs: Blobs, volume: float, overlap: float) -> None:
    remaining = blobs.remaining
    mean = float(remaining.mean()) * volume if remaining.size else None
    fixed, cubes = (
        task.limits["remaining_mean_volume"],
        task.limits["remaining_mean_volume_cubes"],
    )
    speck = max(fixed, cubes * (task.entry.resolution or 0.0) ** 3)
    found.criteria += [
        Criterion(
            key="components_for_95",
            subject="the number of components that hold 95 % of the raw mask",
            value=blobs.needed,
            comparison="<=",
            limit=task.limits["components_for_95"],
        ),
        Criterion(
            key="remaining_mean_volume",
            subject="the average volume of the remaining components",
            value=mean,
            comparison="<",
            limit=speck,
            unit="Å³",
            vacuous="" if remaining.size else "no component remains",
        ),
        Criterion(
            key="overlap",
            subject="the overlap of the raw with the constructed mask",
            value=overlap,
            comparison=">",
            limit=task.limits["overlap"],
        ),
        Criterion(
            key="disconnected",
            subject="the mass outside the largest component",
            value=blobs.disconnected,
            comparison="<=",
            limit=task.limits["disconnected"],
            unit="%",
        ),
    ]
    if speck > fixed:
        found.criteria.append(
            Criterion(
                key="remaining_mean_volume_fixed",
                subject="the average volume of the remaining components",
                value=mean,
                comparison="<",
                limit=fixed,
                unit="Å³",
                role="advice",
                detail="the limit of the Validation Report Service at any resolution; at this one "
                f"the limit is {number(cubes)}·d³",
                vacuous="" if remaining.size else "no component remains",
            )
        )
    found.headline = (
        "There seems to be a problem with the recommended contour level."
        if found.warnings
        else "There is no problem with the recommended contour level."
    )


CHECK = Check(
    code="0.b",
    name="Mask analysis",
    purpose="Is the molecule one piece at the recommended contour level?",
    explanation=(
        "At the recommended contour level most of the mass should lie in one connected component. "
        "A few thousand tiny noise blobs are normal, as long as their total mass stays below 10 %. "
        "The raw mask (thresholding alone) and the mask constructed for the analysis "
        "(thresholding, largest component, dilation) should agree: their overlap is the fraction "
        "of the raw mask that lies inside the constructed one, from 0 to 1."
    ),
    answer=measure_mask,
    limits=(
        Limit(
            "components_for_95",
            5,
            "",
            "Most components for 95 % of the mass",
            "The check warns when more components than this are needed to hold 95 % of the voxels "
            "at or above the contour level.",
        ),
        Limit(
            "remaining_mean_volume",
            5.0,
            "Å³",
            "Average volume of the other blobs",
            "The check warns when the components beyond those 95 % are not smaller than this on "
            "average, nor than the next limit.",
        ),
        Limit(
            "remaining_mean_volume_cubes",
            0.4,
            "d³",
            "Average volume of the other blobs in cubes of the resolution",
            "Specks of noise are as large as the resolution d makes them: the check warns when the "
            "components beyond those 95 % are not smaller than this on average, nor than the "
            "limit in Å³.",
        ),
        Limit(
            "overlap",
            0.75,
            "",
            "Overlap of raw and constructed mask",
            "The check warns when the overlap is not above this.",
        ),
        Limit(
            "disconnected",
            10.0,
            "%",
            "Disconnected mass",
            "The check warns when more of the mass than this lies outside the largest component.",
        ),
    ),
    advice={
        "components_for_95": (
            "The contour level is most often too high, so that the molecule falls into pieces, or "
            "too low, so that noise joins in: look for the level at which the curve of voxels "
            "against threshold bends. Separate pieces at every level point to flexible or missing "
            "linkers, or to several molecules in the box."
        ),
        "remaining_mean_volume": (
            "The small components are larger than noise at the voxels' scale: try a slightly "
            "higher contour level. If they remain, look where they are: around the molecule they "
            "can be detergent, nucleic acid or a flexible domain; far from it, a reconstruction "
            "artefact or the neighbour of a crowded field."
        ),
        "overlap": (
            "Much of what is above the contour level is not part of the largest component: the "
            "level is too low, or the box holds more than one molecule."
        ),
        "disconnected": (
            "A higher contour level removes noise blobs; if large pieces remain apart, the box "
            "may hold more than one molecule."
        ),
    },
)
