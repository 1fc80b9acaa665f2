"""0.a Mass: is the molecule centred in a box that leaves it room?"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from vrs_scipion.checks.check import Check, Limit
from vrs_scipion.checks.findings import Findings
from vrs_scipion.checks.task import Task
from vrs_scipion.maps.density import Mask, Volume
from vrs_scipion.maps.kind import Trait
from vrs_scipion.maps.masks import bounding_box, runs_through
from vrs_scipion.methods.mass import center_of_mass, center_of_mass_shift

_AXES = ("z", "y", "x")
_IN_READING_ORDER = (2, 1, 0)


def measure_mass(task: Task) -> Findings:
    """Answer 0.a."""
    found = Findings(task)
    density, mask = task.entry.density(), task.entry.hard_mask()
    box, size = density.box, density.voxel_size
    bounds = bounding_box(mask)
    left = [s * first for s, (first, _) in zip(size, bounds, strict=True)]
    right = [s * (n - last) for s, n, (_, last) in zip(size, box, bounds, strict=True)]
    extent = density.extent
    decentering = [
        100 * abs(b - a) / length for a, b, length in zip(left, right, extent, strict=True)
    ]
    whole = center_of_mass(density.values)
    inside = center_of_mass(density.values, mask)
    shift, mask_shift = center_of_mass_shift(whole, box), center_of_mass_shift(inside, box)

    for axis in _IN_READING_ORDER:
        _describe_space(found, axis, left[axis], right[axis], decentering[axis])
        _note_center(found, axis, "", "of the whole map", whole, shift)
        _note_center(found, axis, "mask_", "inside the hard mask", inside, mask_shift)
    trusted = _stable(whole, inside, box)
    found.paragraphs.append(_center_paragraph("of the whole map", whole, shift))
    found.paragraphs.append(_center_paragraph("inside the hard mask", inside, mask_shift))
    outside = _outside(density.values, mask)
    found.measure(
        "mass_outside", 100 * outside, "%", "sum of the density outside the mask, of that inside"
    )
    if not trusted:
        found.paragraphs.append(
            f"The two centres differ by more than 1 % of the box: {_why(outside)}. The verdict "
            "uses the centre inside the mask."
        )
    through = runs_through(mask & (density.values >= task.entry.contour))
    judged = [axis for axis in range(3) if not through[axis]]
    if any(through):
        found.paragraphs.append(_through_paragraph([a for a in _IN_READING_ORDER if through[a]]))
    if not judged:
        found.does_not_apply = (
            "The density touches all faces of the box: there is no space around it to be measured, "
            "and nothing to be centred."
        )
        return found
    _judge(found, judged, left, right, extent, decentering, shift if trusted else mask_shift)
    return found


def _describe_space(
    found: Findings, axis: int, left: float, right: float, decentering: float
) -> None:
    name, upper = _AXES[axis], _AXES[axis].upper()
    found.measure(f"space_left_{name}", left, "Å", f"space before the mask along {upper}")
    found.measure(f"space_right_{name}", right, "Å", f"space behind it along {upper}")
    found.measure(
        f"decentering_{name}", decentering, "%", f"|right − left| / box length along {upper}"
    )
    found.paragraphs.append(
        f"The space to the left and right of the mask along {upper} is {left:.2f} and "
        f"{right:.2f} Å. The decentering |right − left| / size is {decentering:.2f} %."
    )


def _note_center(
    found: Findings,
    axis: int,
    prefix: str,
    where: str,
    center: Sequence[float],
    shift: Sequence[float],
) -> None:
    name, upper = _AXES[axis], _AXES[axis].upper()
    found.measure(
        f"{prefix}center_of_mass_{name}", center[axis], "voxel", f"centre of mass {where}, {upper}"
    )
    found.measure(
        f"{prefix}center_of_mass_shift_{name}",
        shift[axis],
        "%",
        f"its distance from voxel N/2 along {upper}, in % of the box",
    )


def _outside(values: Volume, mask: Mask) -> float:
    """Sum of the density outside the mask over that inside."""
    whole = float(values.sum(dtype=np.float64))
    inside = float(values.sum(where=mask, dtype=np.float64))
    return (whole - inside) / inside if inside else float("nan")


def _why(outside: float) -> str:
    """What moves the centre of the whole map, from the sum outside the mask over that inside."""
    share = f"{abs(outside):.3g} times" if abs(outside) > 2 else f"{100 * abs(outside):.3g} %"
    if not np.isfinite(outside):
        return "the density inside the mask sums to nothing"
    if outside < 0:
        return (
            f"the density outside the mask is negative in sum and cancels {share} of that inside, "
            "so that what is left has its centre elsewhere"
        )
    return (
        f"the density outside the mask sums to {share} of that inside and is not spread evenly "
        "around it"
    )


def _through_paragraph(axes: Sequence[int]) -> str:
    names = " and ".join(_AXES[axis].upper() for axis in axes)
    return (
        f"The density touches both opposite faces of the box along {names}: it is a filament, a "
        "sheet, or a part cut out of a larger map, of which no space and no centre is asked there. "
        f"It is not judged along {names}."
    )


def _stable(whole: Sequence[float], inside: Sequence[float], box: Sequence[int]) -> bool:
    return all(abs(a - b) <= 0.01 * n for a, b, n in zip(whole, inside, box, strict=True))


def _center_paragraph(where: str, center: Sequence[float], shift: Sequence[float]) -> str:
    if not np.all(np.isfinite(center)):
        return f"The centre of mass {where} is undefined: its densities cancel."
    z, y, x = center
    dz, dy, dx = shift
    return (
        f"The centre of mass {where} is at (x, y, z) = ({x:.2f}, {y:.2f}, {z:.2f}) voxels, "
        f"{dx:.2f}, {dy:.2f} and {dz:.2f} % of the box away from its centre."
    )


def _judge(
    found: Findings,
    axes: Sequence[int],
    left: Sequence[float],
    right: Sequence[float],
    extent: Sequence[float],
    decentering: Sequence[float],
    shift: Sequence[float],
) -> None:
    """Hold the axes that the density does not run through against the limits."""
    worst, furthest = _largest(decentering, axes), _largest(shift, axes)
    fractions = [
        (100 * spaces[axis] / extent[axis], side, axis)
        for spaces, side in ((left, "left"), (right, "right"))
        for axis in axes
    ]
    tightest, side, tight_axis = min(fractions, key=lambda item: item[0])
    centred = (
        found.judge("decentering", decentering[worst], detail=f"along {_AXES[worst].upper()}"),
        found.judge(
            "center_of_mass_shift", shift[furthest], detail=f"along {_AXES[furthest].upper()}"
        ),
    )
    roomy = found.judge("space", tightest, detail=f"{side} along {_AXES[tight_axis].upper()}")
    found.judge("space_for_ctf", min(spaces[axis] for spaces in (left, right) for axis in axes))
    if all(criterion.passed for criterion in centred):
        found.headline = "The map is well centred" + (
            "." if roomy.passed else ", but its box leaves little space around it."
        )
    else:
        found.headline = "The map is not well centred in its box."
    if len(axes) < len(_AXES):
        found.headline += " Where its density runs through the box it was not judged."


def _largest(values: Sequence[float], axes: Sequence[int]) -> int:
    """The axis of the largest value; of an undefined one where there is one."""
    return axes[int(np.argmax([values[axis] for axis in axes]))]


CHECK = Check(
    code="0.a",
    name="Mass analysis",
    label="mass",
    purpose="Is the molecule centred, with room around it?",
    in_short=(
        "Spaces between the mask and the faces of the box, decentering, centre of mass of the "
        "map and inside the mask; not along an axis on which the density touches both faces."
    ),
    explanation=(
        "A reconstruction should sit near the centre of its box, with enough empty space on each "
        "side for the contrast transfer function to be corrected: 30 Å is a common minimum, the "
        "exact length depends on the defocus. Spaces are measured from the faces of the box to the "
        "mask with hard borders. Along an axis on which the density touches both opposite faces, "
        "as filaments and parts of larger maps do, nothing is judged. Local and focused "
        "refinements are not expected to pass."
    ),
    answer=measure_mass,
    relies_on=(Trait.SHAPE, Trait.ALONE),
    limits=(
        Limit(
            "decentering",
            20.0,
            "%",
            "Largest decentering",
            "Difference between the spaces on both sides of the mask, in % of the box: the check "
            "warns when it is not below this on every axis.",
            "the largest decentering",
            "<",
            advice=(
                "Often a subvolume or a focused refinement, of which nothing else is to be "
                "expected. Otherwise the particles were picked or re-extracted off centre: "
                "shift the map to the centre of mass, re-extract the particles with that shift "
                "and refine again. A contour level that takes in noise or a neighbour on one side "
                "has the same effect."
            ),
        ),
        Limit(
            "center_of_mass_shift",
            20.0,
            "%",
            "Largest shift of the centre of mass",
            "Distance of the centre of mass from the centre of the box, in % of the box.",
            "the largest shift of the centre of mass",
            "<",
            advice=(
                "Often the same as an off-centre mask. If the mask is centred and only the mass is "
                "not, part of the molecule is much weaker than the rest, or the density outside "
                "the molecule is not zero on average: look at the slices, and subtract the "
                "background."
            ),
        ),
        Limit(
            "space",
            15.0,
            "%",
            "Smallest space around the mask",
            "Space between the mask and each face of the box, in % of the box: the check warns "
            "when it is not above this everywhere.",
            "the smallest space around the mask relative to the box",
            ">",
            advice=(
                "The box is tight for this molecule. Signal that the contrast transfer function "
                "has spread beyond the box is lost, and the Fourier transform of the map wraps "
                "around: re-extract the particles in a box of about twice the particle's longest "
                "dimension. A map that was cropped for deposition has this warning without the "
                "problem."
            ),
            service=20.0,
        ),
        Limit(
            "space_for_ctf",
            30.0,
            "Å",
            "Space for the CTF",
            "Space needed for the correction of the CTF; reported, without effect on the verdict.",
            "the smallest space around the mask",
            ">=",
            role="advice",
            advice=(
                "At a defocus of a micrometre or more, high frequencies are displaced by tens of "
                "ångströms: re-extract the particles in a larger box before the last refinement."
            ),
        ),
    ),
    differs=(
        "The centre of mass is also computed inside the mask, where densities cannot cancel, and "
        "that one is judged when the two differ by more than 1 % of the box. The service asks for "
        "20 % of the box on each side, which a box of one and a half times the molecule does not "
        "have: here 15 % are enough, and the service's limit is printed beside it. The space is "
        "also held against 30 Å. The service judges filaments along their axis, too; here an axis "
        "on which the density touches both faces is not judged."
    ),
)
