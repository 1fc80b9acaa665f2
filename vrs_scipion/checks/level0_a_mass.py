"""0.a Mass: is the molecule centred in a box that leaves it room?"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from vrs_scipion.checks.check import Check, Findings, Limit, Task
from vrs_scipion.entry.files import load_hard_mask, load_map
from vrs_scipion.maps.density import Mask, Volume
from vrs_scipion.maps.masks import bounding_box
from vrs_scipion.results import Criterion

_AXES = ("z", "y", "x")
_IN_READING_ORDER = (2, 1, 0)


def center_of_mass(values: Volume, mask: Mask | None = None) -> tuple[float, float, float]:
    """Centre of mass in voxels along z, y, x, of the whole map or inside a mask.

    Negative densities count as negative masses; where all of them cancel, it is NaN.
    """
    weights = values if mask is None else np.where(mask, values, np.float32(0))
    planes = weights.sum(axis=(1, 2), dtype=np.float64)
    rows = weights.sum(axis=(0, 2), dtype=np.float64)
    columns = weights.sum(axis=(0, 1), dtype=np.float64)
    total = planes.sum()
    if total == 0:
        return float("nan"), float("nan"), float("nan")
    z, y, x = (float(np.arange(p.size) @ p / total) for p in (planes, rows, columns))
    return z, y, x


def center_of_mass_shift(center: Sequence[float], box: Sequence[int]) -> tuple[float, ...]:
    """Distance of ``center`` from voxel N/2 along z, y, x, in % of the box."""
    return tuple(100 * abs(c - n / 2) / n for c, n in zip(center, box, strict=True))


def measure_mass(task: Task) -> Findings:
    """Answer 0.a."""
    entry, found = task.entry, Findings()
    density = load_map(entry, task.entry_folder)
    mask = load_hard_mask(entry, task.entry_folder)
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
        name = _AXES[axis]
        upper = name.upper()
        found.measure(f"space_left_{name}", left[axis], "Å", f"space before the mask along {upper}")
        found.measure(f"space_right_{name}", right[axis], "Å", f"space behind it along {upper}")
        found.measure(
            f"decentering_{name}",
            decentering[axis],
            "%",
            f"|right − left| / box length along {upper}",
        )
        for prefix, where, center, moved in (
            ("", "of the whole map", whole, shift),
            ("mask_", "inside the hard mask", inside, mask_shift),
        ):
            found.measure(
                f"{prefix}center_of_mass_{name}",
                center[axis],
                "voxel",
                f"centre of mass {where}, {upper}",
            )
            found.measure(
                f"{prefix}center_of_mass_shift_{name}",
                moved[axis],
                "%",
                f"its distance from voxel N/2 along {upper}, in % of the box",
            )
        found.paragraphs.append(
            f"The space to the left and right of the mask along {upper} is {left[axis]:.2f} and "
            f"{right[axis]:.2f} Å. The decentering |right − left| / size is "
            f"{decentering[axis]:.2f} %."
        )

    trusted = _stable(whole, inside, box)
    found.paragraphs.append(_center_paragraph("of the whole map", whole, shift))
    found.paragraphs.append(_center_paragraph("inside the hard mask", inside, mask_shift))
    if not trusted:
        found.paragraphs.append(
            "The two centres differ by more than 1 % of the box: positive and negative densities "
            "cancel over the whole map, so the verdict uses the centre inside the mask."
        )
    _judge(task, found, left, right, extent, decentering, shift if trusted else mask_shift)
    return found


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
    task: Task,
    found: Findings,
    left: Sequence[float],
    right: Sequence[float],
    extent: Sequence[float],
    decentering: Sequence[float],
    shift: Sequence[float],
) -> None:
    worst = _largest(decentering)
    furthest = _largest(shift)
    fractions = [
        (100 * space / length, side, axis)
        for spaces, side in ((left, "left"), (right, "right"))
        for axis, (space, length) in enumerate(zip(spaces, extent, strict=True))
    ]
    tightest, side, tight_axis = min(fractions, key=lambda item: item[0])
    narrowest = min((*left, *right))
    found.criteria += [
        Criterion(
            key="decentering",
            subject="the largest decentering",
            value=decentering[worst],
            comparison="<",
            limit=task.limits["decentering"],
            unit="%",
            detail=f"along {_AXES[worst].upper()}",
        ),
        Criterion(
            key="center_of_mass_shift",
            subject="the largest shift of the centre of mass",
            value=shift[furthest],
            comparison="<",
            limit=task.limits["center_of_mass_shift"],
            unit="%",
            detail=f"along {_AXES[furthest].upper()}",
        ),
        Criterion(
            key="space",
            subject="the smallest space around the mask relative to the box",
            value=tightest,
            comparison=">",
            limit=task.limits["space"],
            unit="%",
            detail=f"{side} along {_AXES[tight_axis].upper()}",
        ),
        Criterion(
            key="space_fixed",
            subject="the smallest space around the mask relative to the box",
            value=tightest,
            comparison=">",
            limit=task.limits["space_fixed"],
            unit="%",
            role="advice",
            detail="the limit of the Validation Report Service",
        ),
        Criterion(
            key="space_for_ctf",
            subject="the smallest space around the mask",
            value=narrowest,
            comparison=">=",
            limit=task.limits["space_for_ctf"],
            unit="Å",
            role="advice",
        ),
    ]
    passed = {criterion.key: criterion.passed for criterion in found.criteria}
    roomy = passed["space"]
    if passed["decentering"] and passed["center_of_mass_shift"]:
        found.headline = "The map is well centred" + (
            "." if roomy else ", but its box leaves little space around it."
        )
    else:
        found.headline = "The map is not well centred in its box."


def _largest(values: Sequence[float]) -> int:
    """Index of the largest value; of an undefined one where there is one."""
    return int(np.argmax(np.asarray(values)))


CHECK = Check(
    code="0.a",
    name="Mass analysis",
    purpose="Is the molecule centred, with room around it?",
    explanation=(
        "A reconstruction should sit near the centre of its box, with enough empty space on each "
        "side for the contrast transfer function to be corrected: 30 Å is a common minimum, the "
        "exact length depends on the defocus. Spaces are measured from the faces of the box to the "
        "mask with hard borders. Local and focused refinements, helices and subvolumes are not "
        "expected to pass."
    ),
    answer=measure_mass,
    limits=(
        Limit(
            "decentering",
            20.0,
            "%",
            "Largest decentering",
            "Difference between the spaces on both sides of the mask, in % of the box: the check "
            "warns when it is not below this on every axis.",
        ),
        Limit(
            "center_of_mass_shift",
            20.0,
            "%",
            "Largest shift of the centre of mass",
            "Distance of the centre of mass from the centre of the box, in % of the box.",
        ),
        Limit(
            "space",
            15.0,
            "%",
            "Smallest space around the mask",
            "Space between the mask and each face of the box, in % of the box: the check warns "
            "when it is not above this everywhere.",
        ),
        Limit(
            "space_fixed",
            20.0,
            "%",
            "Smallest space of the service",
            "The limit of the Validation Report Service; reported, without effect on the verdict.",
        ),
        Limit(
            "space_for_ctf",
            30.0,
            "Å",
            "Space for the CTF",
            "Space needed for the correction of the CTF; reported, without effect on the verdict.",
        ),
    ),
    advice={
        "decentering": (
            "Often a subvolume, a helix or a focused refinement, of which nothing else is to be "
            "expected. Otherwise the particles were picked or re-extracted off centre: shift the "
            "map to the centre of mass, re-extract the particles with that shift and refine "
            "again. A contour level that takes in noise or a neighbour on one side has the same "
            "effect."
        ),
        "center_of_mass_shift": (
            "Often the same as an off-centre mask. If the mask is centred and only the mass is "
            "not, part of the molecule is much weaker than the rest, or the density outside the "
            "molecule is not zero on average: look at the slices, and subtract the background."
        ),
        "space": (
            "The box is tight for this molecule. Signal that the contrast transfer function has "
            "spread beyond the box is lost, and the Fourier transform of the map wraps around: "
            "re-extract the particles in a box of about twice the particle's longest dimension. A "
            "map that was cropped for deposition has this warning without the problem."
        ),
        "space_for_ctf": (
            "At a defocus of a micrometre or more, high frequencies are displaced by tens of "
            "ångströms: re-extract the particles in a larger box before the last refinement."
        ),
    },
)
