"""0.j Artefacts: is the volume as the reconstruction left it?"""

from __future__ import annotations

from collections.abc import Callable

from vrs_scipion.checks.check import Check, Limit
from vrs_scipion.checks.findings import Findings
from vrs_scipion.checks.pictures import slices
from vrs_scipion.checks.task import Task
from vrs_scipion.figures.artefacts import planes_plot, rings_plot
from vrs_scipion.maps.density import Density
from vrs_scipion.methods.artefacts import Artefacts, find_artefacts
from vrs_scipion.methods.artefacts.planes import unforetold
from vrs_scipion.results.numbers import number

_AXES = ("Z", "Y", "X")


def measure_artefacts(task: Task) -> Findings:
    """Answer 0.j."""
    found, entry = Findings(task), task.entry
    density = entry.density()
    seen = find_artefacts(density, entry.hard_mask(), entry.resolution, task.threads)
    _note(found, seen)
    _describe_values(found, seen)
    _describe_voxels(found, seen)
    _describe_surroundings(found, seen)
    failed = _judge(found, seen)
    _draw(found, density, seen, failed)
    found.headline = (
        f"Something was done to the map after its reconstruction: {'; '.join(failed.values())}."
        if failed
        else "Nothing suggests that the map was clipped, cut, or damaged after its reconstruction."
    )
    return found


def _note(found: Findings, seen: Artefacts) -> None:
    numbers = seen.numbers
    for key, unit, words in (
        ("clipped_low", "voxel", "voxels piled up at the lowest value"),
        ("clipped_high", "voxel", "voxels piled up at the highest value"),
        ("grey_levels", "", "different values in the map"),
        ("single_voxels", "%", "strongest prominence of a voxel, of the strongest density"),
        ("plane", "", "what neighbours do not foretell of the oddest plane, over the planes near"),
        ("repeated_planes", "%", "neighbouring planes that are equal"),
        ("ramp", "", "height of the surroundings' ramp in their standard deviations"),
        ("rings", "%", "share of the surroundings' variance in rings about an axis"),
        ("ghost", "%", "strength of the likeliest copy of the molecule beside it"),
        ("contrast", "", "strength of the negative densities over that of the positive ones"),
    ):
        found.measure(key, numbers[key], unit, words)
    found.measure("lowest", seen.lowest.value, "", "the lowest value")
    found.measure("highest", seen.highest.value, "", "the highest value")


def _describe_values(found: Findings, seen: Artefacts) -> None:
    found.paragraphs.append(
        f"The map's values go from {number(seen.lowest.value)} to {number(seen.highest.value)} in "
        f"{seen.grey_levels:,} levels; {seen.lowest.voxels:,} voxels are piled up at the lowest, "
        f"{seen.highest.voxels:,} at the highest. Its strongest negative densities are "
        f"{number(seen.contrast)} times as strong as the positive ones."
    )


def _describe_voxels(found: Findings, seen: Artefacts) -> None:
    single, plane = seen.single_voxels, seen.plane
    if single is not None:
        z, y, x = single.place
        found.paragraphs.append(
            f"The voxel that stands out most of its 26 neighbours, at (x, y, z) = ({x}, {y}, {z}), "
            f"does so by {number(100 * single.height)} % of the map's strongest density."
        )
    if plane is not None:
        found.paragraphs.append(
            f"The plane that its neighbours foretell worst is plane {plane.index} across "
            f"{_AXES[plane.axis]}, {number(plane.excess)} times worse than any near it. "
            f"{number(100 * seen.repeated_planes)} % of the neighbouring planes are equal."
        )


def _describe_surroundings(found: Findings, seen: Artefacts) -> None:
    ramp, rings, ghost = seen.ramp, seen.rings, seen.ghost
    if ramp is None or rings is None:
        found.paragraphs.append(f"Ramps, rings and copies cannot be looked for: {_unseen(seen)}.")
        return
    found.paragraphs.append(
        f"A plane fitted to what surrounds the molecule rises by {number(ramp.height)} of its "
        f"standard deviations through the box, most of it along {_AXES[ramp.steepest]}. Rings "
        f"about the {_AXES[rings.axis]} axis hold {number(100 * rings.share)} % of its variance."
    )
    if ghost is not None:
        z, y, x = ghost.shift
        found.paragraphs.append(
            f"The likeliest copy of the molecule beside it, ({x}, {y}, {z}) voxels away along "
            f"(x, y, z), would have {number(100 * ghost.share)} % of its strength, which stands "
            f"{number(ghost.certainty)} standard deviations out of all other shifts."
        )


def _unseen(seen: Artefacts) -> str:
    if not seen.surrounded:
        return "hardly anything surrounds the molecule"
    return (
        f"the map was masked, {100 * seen.masked:.0f} % of what surrounds the molecule is a single "
        "value"
    )


def _judge(found: Findings, seen: Artefacts) -> dict[str, str]:
    """Hold what was found against the limits; what is wrong in words, by the limits' keys."""
    numbers, failed = seen.numbers, {}
    for limit in found.task.check.limits:
        value, vacuous = numbers[limit.key], ""
        if value is None:
            vacuous = _VACUOUS[limit.key](seen)
        detail, words = _WORDS[limit.key](seen) if value is not None else ("", "")
        if not found.judge(limit.key, value, detail=detail, vacuous=vacuous).passed:
            failed[limit.key] = words
    return failed


def _plane_words(seen: Artefacts) -> tuple[str, str]:
    plane = seen.plane
    assert plane is not None
    named = f"plane {plane.index} across {_AXES[plane.axis]}"
    if plane.empty:
        return named, f"{named} is missing"
    return named, f"{named} does not go with its neighbours, it is shifted or the map is torn there"


def _ramp_words(seen: Artefacts) -> tuple[str, str]:
    assert seen.ramp is not None
    axis = _AXES[seen.ramp.steepest]
    return f"most of it along {axis}", f"a ramp runs through the box, most of it along {axis}"


def _rings_words(seen: Artefacts) -> tuple[str, str]:
    assert seen.rings is not None
    axis = _AXES[seen.rings.axis]
    return f"about the {axis} axis", f"rings lie about the {axis} axis"


def _voxel_words(seen: Artefacts) -> tuple[str, str]:
    assert seen.single_voxels is not None
    count = seen.single_voxels.count
    return f"the strongest of {count:,} within a factor of two", "single voxels stand out"


_WORDS: dict[str, Callable[[Artefacts], tuple[str, str]]] = {
    "clipped_low": lambda seen: (
        f"at {number(seen.lowest.value)}",
        f"values stop at {number(seen.lowest.value)}, below which they were cut off",
    ),
    "clipped_high": lambda seen: (
        f"at {number(seen.highest.value)}",
        f"values stop at {number(seen.highest.value)}, above which they were cut off",
    ),
    "grey_levels": lambda seen: ("", f"it holds only {seen.grey_levels:,} grey levels"),
    "single_voxels": _voxel_words,
    "plane": _plane_words,
    "repeated_planes": lambda seen: (
        "",
        "neighbouring planes repeat, as resampling to the nearest voxel leaves them",
    ),
    "ramp": _ramp_words,
    "rings": _rings_words,
    "ghost": lambda seen: ("", "a weaker copy of the molecule lies beside it"),
    "contrast": lambda seen: ("", "its contrast is inverted, the molecule is dark"),
}
"""By the limit's key: what the value is of, and what is wrong when it fails."""


def _too_small(seen: Artefacts) -> str:
    return "the box is too small"


def _no_copy(seen: Artefacts) -> str:
    if seen.ramp is None:
        return _unseen(seen)
    return (
        "the density runs through the box, is a speck in it, has a disc of lipid around it, or "
        "leaves no room for a copy"
    )


_VACUOUS: dict[str, Callable[[Artefacts], str]] = {
    "single_voxels": lambda seen: "the map has too few local extremes",
    "plane": _too_small,
    "ramp": _unseen,
    "rings": _unseen,
    "ghost": _no_copy,
}
"""By the limit's key: why there was nothing to measure."""


def _draw(found: Findings, density: Density, seen: Artefacts, failed: dict[str, str]) -> None:
    """Show where the oddest plane is, and what failed."""
    plane, single, rings, ghost = seen.plane, seen.single_voxels, seen.rings, seen.ghost
    if plane is not None:
        axis = _AXES[plane.axis]
        found.plot(
            "planes",
            planes_plot(unforetold(density.values, plane.axis).tolist(), 2, axis, plane.index),
            f"Difference of each plane across {axis} from what the two planes on either side of it "
            "foretell. A missing or shifted plane, or a tear, stands out of those near it.",
            "A curve over the planes of the map, with the plane marked that stands out most.",
        )
        found.paragraphs.append("{fig:planes} shows every plane across that axis.")
    if plane is not None and "plane" in failed:
        place = [n // 2 for n in density.box]
        place[plane.axis] = plane.index
        _show(found, density, "odd_plane", (place[0], place[1], place[2]), "the odd plane")
    if single is not None and "single_voxels" in failed:
        _show(found, density, "single_voxels", single.place, "the strongest single voxel")
    if rings is not None and "rings" in failed:
        across = 2 if rings.axis != 2 else 1
        found.plot(
            "rings",
            rings_plot(
                rings.profile.tolist(),
                rings.slow.tolist(),
                _AXES[rings.axis],
                density.voxel_size[across],
            ),
            f"Mean of what surrounds the molecule at each distance from the {_AXES[rings.axis]} "
            "axis, and its smoothed course: what rises and falls about that are rings.",
            "A curve that goes up and down about a smooth one.",
        )
        found.paragraphs.append("{fig:rings} shows the rings.")
    if ghost is not None and "ghost" in failed:
        middle = [(n // 2 + shift) % n for n, shift in zip(density.box, ghost.shift, strict=True)]
        _show(found, density, "ghost", (middle[0], middle[1], middle[2]), "the copy")


def _show(
    found: Findings, density: Density, key: str, place: tuple[int, int, int], of: str
) -> None:
    slices(
        found,
        key,
        density.values,
        density.voxel_size,
        f"the map through {of}",
        f"Three slices of the map through {of}.",
        indices=place,
        kind="Slices",
    )
    found.paragraphs.append(f"{{fig:{key}}} shows {of}.")


CHECK = Check(
    code="0.j",
    name="Artefacts",
    label="artefacts",
    purpose="Is the volume as the reconstruction left it?",
    in_short=(
        "Values cut off at a lowest or highest one, few grey levels, single voxels, missing, "
        "shifted or repeated planes and tears, a ramp through the box, rings about an axis, a "
        "weaker copy of the molecule, inverted contrast: each is named. A linear interpolation, a "
        "map compressed along an axis and a wrong voxel size cannot be seen in the map alone."
    ),
    explanation=(
        "What a reconstruction leaves is smooth from voxel to voxel and from plane to plane, takes "
        "as many values as numbers allow, and goes on around the molecule as noise without shape. "
        "Storing, cutting, pasting, resampling or a faulty disk break that, each in its own way. "
        "Masks, 8-bit and 16-bit files, normalising and binning are no faults. What "
        "cannot be seen in a map alone: a voxel size that is wrong (the mass at the contour tells "
        "of a grossly wrong one, if the molecule's is known: see 0.b), a map that is compressed or "
        "stretched, and resampling by linear interpolation."
    ),
    answer=measure_artefacts,
    limits=(
        Limit(
            "clipped_low",
            32,
            "",
            "Most voxels at the lowest value",
            "The check warns when the voxels piled up at the map's lowest value, beyond those that "
            "few grey levels or a mask explain, are not fewer than this.",
            "the number of voxels piled up at the lowest value",
            "<",
            advice=(
                "The values stop there: what was lower was cut off, most often at 0 by a display "
                "program or a conversion. The noise and the background are wrong in such a map: "
                "take the map as the refinement wrote it."
            ),
        ),
        Limit(
            "clipped_high",
            32,
            "",
            "Most voxels at the highest value",
            "The same of the map's highest value.",
            "the number of voxels piled up at the highest value",
            "<",
            advice=(
                "The values stop there: what was higher was cut off, by a conversion to few bits "
                "or on purpose. The strongest densities, such as nucleic acids and metals, are "
                "flattened: take the map as the refinement wrote it."
            ),
        ),
        Limit(
            "grey_levels",
            64,
            "",
            "Fewest grey levels",
            "The check warns when the map holds fewer different values than this; an 8-bit map "
            "holds up to 256.",
            "the number of different values",
            ">=",
            advice=(
                "The map was stored in very few levels, or is a mask or labels and no density: "
                "give the map as the refinement wrote it."
            ),
        ),
        Limit(
            "single_voxels",
            50.0,
            "%",
            "Prominence of a single voxel",
            "The check warns when a voxel stands out of its 26 neighbours by this share of the "
            "map's strongest density, or more.",
            "the prominence of a single voxel",
            "<",
            advice=(
                "No density of limited resolution has such voxels: they come from a damaged file, "
                "a pixel of the detector, or an error of a program. They spoil normalisation, "
                "thresholds and Fourier filters: find out where they entered, or set them to the "
                "mean of their neighbours."
            ),
        ),
        Limit(
            "plane",
            2.4,
            "",
            "Oddness of a plane",
            "The check warns when its neighbours foretell a plane so many times worse than any "
            "plane near it, or more.",
            "the oddness of a plane against those near it",
            "<",
            advice=(
                "A plane is missing or shifted, or one part of the map was moved against the "
                "other: a file written or copied incompletely, volumes pasted together, or a "
                "program that lost its place. Take the map from its source again."
            ),
        ),
        Limit(
            "repeated_planes",
            2.0,
            "%",
            "Repeated planes",
            "The check warns when this share of neighbouring planes are equal to the last digit, "
            "or more; those of a single value do not count.",
            "the share of neighbouring planes that are equal",
            "<",
            advice=(
                "The map was resampled to finer voxels by taking the nearest one's value, which "
                "adds no detail and leaves steps. Resample the map as the refinement wrote it in "
                "Fourier space, or leave it as it was."
            ),
        ),
        Limit(
            "ramp",
            0.7,
            "",
            "Ramp through the box",
            "The check warns when a plane fitted to what surrounds the molecule rises from corner "
            "to corner by this many of its standard deviations, or more.",
            "the ramp of the surroundings, in their standard deviations",
            "<",
            advice=(
                "The background is higher on one side than on the other: particles were extracted "
                "on a gradient of the ice, of carbon or of the illumination without subtracting "
                "it, or a neighbour stands on that side. Subtract a ramp from each particle "
                "image and reconstruct again."
            ),
        ),
        Limit(
            "rings",
            8.0,
            "%",
            "Share of rings",
            "The check warns when rings about an axis through the middle of the box hold this "
            "share of the surroundings' variance, or more.",
            "the share of the surroundings' variance in rings about an axis",
            "<",
            advice=(
                "Something that every particle shares was turned with it: a defect of the "
                "detector, an uncorrected gain, or an average that was subtracted, seen from few "
                "directions, or symmetry that was imposed on noise. Helical reconstructions have "
                "weak rings of that last kind. Look at the slice across that axis."
            ),
        ),
        Limit(
            "ghost",
            20.0,
            "%",
            "Strength of a copy",
            "The check warns when a shifted copy of the molecule of this strength, or more, "
            "explains what surrounds it best.",
            "the strength of a copy of the molecule beside it",
            "<",
            advice=(
                "A weaker copy of the molecule lies beside it: particles that were centred on a "
                "neighbour or averaged at two places, or a map added to a shifted one. In a "
                "crowded field or a lattice it is a real neighbour: then mask the molecule."
            ),
        ),
        Limit(
            "contrast",
            1.15,
            "",
            "Strength of negative densities",
            "The check warns when the map's strongest negative densities are not weaker than this "
            "many times its strongest positive ones.",
            "the strength of the negative densities against the positive ones",
            "<",
            advice=(
                "The molecule is dark on a bright ground, as in the micrographs: invert the "
                "contrast of the particles, or multiply the map by −1. Tomograms are stored that "
                "way. A dark rim around the molecule that is stronger than the molecule does it, "
                "too."
            ),
        ),
    ),
    differs="The service does not look for artefacts.",
)
