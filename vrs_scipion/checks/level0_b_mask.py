"""0.b Mask: is the molecule one piece at the recommended contour?"""

from __future__ import annotations

import numpy as np

from vrs_scipion.checks.check import Check, Growth, Limit
from vrs_scipion.checks.findings import Findings
from vrs_scipion.checks.pictures import slices
from vrs_scipion.checks.task import Task
from vrs_scipion.entry.request import BY_THE_USER
from vrs_scipion.figures.mass import mass_plot
from vrs_scipion.figures.pieces import pieces_plot
from vrs_scipion.maps.density import Density, Mask
from vrs_scipion.maps.kind import Trait
from vrs_scipion.maps.masks import connected_components, dilate
from vrs_scipion.methods.components import SHARE, Blobs, Shape, rank_components
from vrs_scipion.methods.contour_level import LevelStudy, Suggestion
from vrs_scipion.methods.mass import (
    CUBIC_ANGSTROM_PER_DALTON,
    DALTON_PER_RESIDUE,
    mass_of,
    mass_vs_threshold,
)
from vrs_scipion.results import Column
from vrs_scipion.results.numbers import number, quantity

_MOST_LISTED = 100
_FEW = 6


def measure_mask(task: Task) -> Findings:
    """Answer 0.b."""
    entry, found = task.entry, Findings(task)
    density = entry.density()
    volume = density.voxel_volume
    raw = density.values >= entry.contour
    components = connected_components(raw)
    blobs = rank_components(components.sizes)
    hard = entry.hard_mask()
    constructed = (
        dilate(components.largest, entry.map.dilation_iterations)
        if len(entry.map.mask_pieces) > 1
        else hard
    )

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
    suggestion = _report_levels(found, density)
    _report_mass(found, mass_vs_threshold(density.values, volume), volume)
    overlap = _report_masks(found, blobs, raw, hard, constructed)
    mass = _report_mass_at_contour(found, int(np.count_nonzero(raw)) * volume)
    _judge(found, blobs, volume, overlap, mass, _cause(blobs, suggestion, entry.contour))
    return found


def _report_levels(found: Findings, density: Density) -> Suggestion:
    """Draw how the components change with the level, and say which level the map suggests."""
    contour, study = found.task.entry.contour, LevelStudy(density)
    around, suggestion = study.around(contour), study.suggest()
    found.plot(
        "components_vs_level",
        pieces_plot(
            [one.level for one in around],
            [one.count for one in around],
            [one.alike for one in around],
            contour,
            suggestion.level,
        ),
        "Connected components at levels that enclose from a quarter to four times as much as the "
        "recommended contour, and those of them that are pieces of a size like the largest's.",
        "Number of connected components against the contour level, on a logarithmic scale.",
    )
    found.measure("suggested_contour", suggestion.level, "", "level that the map itself suggests")
    found.paragraphs.append(
        "{fig:components_vs_level} shows the components at other levels. The map itself suggests "
        f"the level {number(suggestion.level)}. {suggestion.reason}"
    )
    return suggestion


def _report_masks(found: Findings, blobs: Blobs, raw: Mask, hard: Mask, constructed: Mask) -> float:
    """Note the mask of the checks and the service's; the overlap of the raw mask with that one."""
    entry = found.task.entry
    volume = float(np.prod(entry.voxel_size))
    raw_voxels, voxels, service_voxels = (
        int(np.count_nonzero(mask)) for mask in (raw, hard, constructed)
    )
    overlap, service_overlap = (
        np.count_nonzero(raw & mask) / raw_voxels for mask in (hard, constructed)
    )
    pieces = blobs.pieces if entry.map.mask_pieces else blobs.sizes[:1]
    found.measure("raw_voxels", raw_voxels, "voxel", "voxels at or above the contour")
    found.measure("raw_volume", raw_voxels * volume, "Å³", "their volume")
    found.measure("mask_pieces", pieces.size, "", "pieces of the molecule that the mask keeps")
    found.measure("mask_voxels", voxels, "voxel", "voxels of the hard mask of the checks")
    found.measure("mask_volume", voxels * volume, "Å³", "their volume")
    found.measure("mask_overlap", overlap, "", "|raw ∧ hard mask| / |raw|")
    found.measure("constructed_voxels", service_voxels, "voxel", "those of the largest piece alone")
    found.measure("constructed_volume", service_voxels * volume, "Å³", "their volume")
    found.measure("overlap", service_overlap, "", "|raw ∧ constructed| / |raw|")
    found.paragraphs.append(
        f"Mask of the checks: {entry.map.hard_mask.description}. {_pieces(blobs, pieces.size)} It "
        f"holds {voxels:,} voxels ({voxels * volume:,.2f} Å³), and {overlap:.2f} of the raw mask "
        "lies in it."
    )
    found.paragraphs.append(
        "Constructed mask, as the service makes it of the largest component alone: "
        + (
            "the same."
            if pieces.size == 1
            else f"{service_voxels:,} voxels ({service_voxels * volume:,.2f} Å³); "
            f"{service_overlap:.2f} of the raw mask lies in it."
        )
    )
    return service_overlap


def _pieces(blobs: Blobs, count: int) -> str:
    if count == 1:
        return f"The molecule is 1 piece of {blobs.share(int(blobs.sizes[0])):.1f} % of the voxels."
    shares = [f"{blobs.share(int(size)):.1f} %" for size in blobs.pieces[:_FEW]]
    more = "" if count <= _FEW else f" and {count - _FEW:,} smaller ones"
    return f"The molecule is {count:,} pieces of {', '.join(shares)}{more} of the voxels."


def _report_mass_at_contour(found: Findings, volume: float) -> float:
    """Note the mass at the contour, in kDa."""
    entry, mass = found.task.entry, mass_of(volume)
    found.measure("mass_kda", mass, "kDa", "protein that would fill what is above the contour")
    said = f"What is above the contour would hold {quantity(mass, 'kDa')} of protein."
    if entry.map.mass is None:
        found.paragraphs.append(f"{said} The mass of the molecule was not given to compare it.")
    else:
        found.paragraphs.append(
            f"{said} The molecule's mass is {quantity(entry.map.mass, 'kDa')} "
            f"({entry.map.mass_from}), {number(mass / entry.map.mass)} times of which is shown. "
            "Nucleic acids fill less, lipids and detergents more volume for their mass."
        )
    return mass


def _cause(blobs: Blobs, suggestion: Suggestion, contour: float) -> str:
    """What the sizes of the components say of the contour level, and what to do."""
    lower, higher = suggestion.level < contour, suggestion.level > contour
    at = f"{suggestion.level:g}"
    if blobs.shape is Shape.PIECES:
        said = (
            f"There are {blobs.pieces.size:,} pieces of like size: the contour level is too high "
            "for what connects them, or the box holds several copies or parts that nothing "
            "connects."
        )
        if suggestion.whole and lower:
            return f"{said} At {at} they are one piece: use that level."
        return f"{said} They are one piece at no level above the noise: report them as several."
    if blobs.shape is Shape.SPECKS:
        said = "There are many specks and no second piece: the contour level is too low, so that "
        return f"{said}noise joins in." + (f" Try {at}." if higher else " Try a higher one.")
    return "What lies apart is a few lumps, neither pieces of the molecule nor noise: see there."


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
    found.measure("lump", blobs.lump, "%", "voxels of the largest one that is no piece")
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
            mass_of(volume),
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


def _judge(
    found: Findings, blobs: Blobs, volume: float, overlap: float, mass: float, cause: str
) -> None:
    remaining, record = blobs.remaining, found.task.entry.map
    found.judge(
        "remaining_mean_volume",
        float(remaining.mean()) * volume if remaining.size else None,
        resolution=_resolution(found),
        vacuous="" if remaining.size else "no component remains",
    )
    for key, value in (
        ("pieces", blobs.pieces.size),
        ("components_for_95", blobs.needed),
        ("overlap", overlap),
        ("disconnected", blobs.disconnected),
    ):
        if not found.judge(key, value, advice=cause).passed:
            cause = ""
    found.judge("lump", blobs.lump)
    if record.mass is not None:
        found.judge(
            "mass_factor",
            max(mass / record.mass, record.mass / mass),
            role="verdict" if record.mass_from == BY_THE_USER else "advice",
            detail=f"{quantity(mass, 'kDa')} and {quantity(record.mass, 'kDa')}",
        )
    found.headline = _headline(found, blobs)


def _resolution(found: Findings) -> float | None:
    """The reported resolution in Å, or else the one that another check estimates, said."""
    reported, estimate = found.task.entry.resolution, found.task.estimate()
    if reported is not None or estimate is None:
        return reported
    found.paragraphs.append(
        "No resolution was reported: how large specks of noise may be follows from the "
        f"{quantity(estimate.value, 'Å')} of {estimate.method}."
    )
    return estimate.value


def _headline(found: Findings, blobs: Blobs) -> str:
    failed = {c.key for c in found.criteria if c.role == "verdict" and not c.passed}
    if not failed:
        return "There is no problem with the recommended contour level."
    if failed == {"mass_factor"}:
        return "The mass at the recommended contour level is far from that of the molecule."
    if blobs.shape is Shape.LUMP:
        return "There is a lump beside the molecule at the recommended contour level."
    return (
        "There seems to be a problem with the recommended contour level, at which there are "
        f"{blobs.shape.value}."
    )


CHECK = Check(
    code="0.b",
    name="Mask analysis",
    label="mask",
    purpose="Is the molecule one piece at the recommended contour level?",
    in_short=(
        "Connected components at the contour and at other levels, the level that the map itself "
        "suggests, mass at the contour and against threshold, disconnected mass and lumps, overlap "
        "of the raw with the constructed mask."
    ),
    explanation=(
        "At the recommended contour level most of the mass should lie in one connected component. "
        "A few thousand tiny noise blobs are normal, as long as their total mass stays below 10 %. "
        "A component of 10 % of the largest one's voxels or more is taken for a piece of the "
        "molecule: the checks measure inside all such pieces, dilated. The raw mask (thresholding "
        "alone) and the mask constructed from the largest component alone should agree: their "
        "overlap is the fraction of the raw mask that lies inside the constructed one, from 0 to 1."
    ),
    answer=measure_mask,
    listens_to=("1.a", "0.e"),
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
                "Pieces of like size say that the contour level is too high, or that the box holds "
                "several molecules; many specks that it is too low."
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
                "The small components are larger than noise at the voxels' scale: look where they "
                "are. All over the box they are noise above a contour level that is too low; "
                "around the molecule they can be detergent, nucleic acid or a flexible domain, or "
                "ends that a level too high has cut off; far from it, a reconstruction artefact or "
                "the neighbour of a crowded field."
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
                "Much of what is above the contour level is not part of the largest component."
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
            advice="Much of what is above the contour level lies apart from the molecule.",
        ),
        Limit(
            "pieces",
            1,
            "",
            "Most pieces of the molecule",
            "The check warns when more components than this have 10 % of the largest one's voxels "
            "or more.",
            "the number of pieces of like size",
            "<=",
            advice="The molecule is not in one piece.",
        ),
        Limit(
            "lump",
            2.0,
            "%",
            "Largest lump beside the molecule",
            "The check warns when a component that is no piece of the molecule holds this share of "
            "the voxels at or above the contour level, or more.",
            "the largest lump that is no piece of the molecule",
            "<",
            advice=(
                "It is too large for noise and too small for a piece of the molecule: look where "
                "it is. It can be a weak domain that a lower contour level connects, a ligand, "
                "detergent, a neighbour, or an artefact of the reconstruction."
            ),
        ),
        Limit(
            "mass_factor",
            5.0,
            "",
            "Mass at the contour against the given one",
            "The check warns when the mass at the contour is not fewer than this many times larger "
            "or smaller than the mass that the user gave. Against an archive's it is only printed: "
            "a map often shows a part of the sample.",
            "the factor between the mass at the contour and the molecule's",
            "<",
            advice=(
                "A contour level that is far off does this, and so does a wrong voxel size (half "
                "the true size makes an eighth of the mass), a map of a part of the molecule, or a "
                "mass that counts other copies than the map shows."
            ),
        ),
    ),
    differs=(
        "The average volume of the components beyond 95 % of the mass is computed; the service "
        "divides a number by itself there, so that its criterion only asks whether a voxel is "
        "larger than 5 Å³. Specks of noise are as large as the resolution makes them: the limit "
        "grows with its cube where that is more than 5 Å³. Where no component remains the report "
        "says so. The service keeps the largest component alone as its mask; here every piece of "
        "at least 10 % of it is kept, both are printed, and several pieces are a warning, as is a "
        "lump of 2 % of the mass. The mass at the contour is compared with the molecule's where "
        "that is known."
    ),
)
