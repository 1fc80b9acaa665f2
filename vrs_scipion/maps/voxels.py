"""The voxel size that a header means, where its cell, sampling and number of values disagree.

The rule is cell / sampling. Single-particle maps have cubic voxels: where the rule gives others, or
some that cannot be, and one other reading gives cubes of a likely size, that one is taken.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import permutations

from vrs_scipion.maps.density import Triple

LIKELY = (0.1, 25.0)
"""Å: sizes beyond are doubted where the header can be read otherwise."""

Counts = tuple[int, int, int]

_SAME = 1e-3
_NONE: Triple = (0.0, 0.0, 0.0)
_RULE = "cell / sampling"


@dataclass(frozen=True)
class VoxelReading:
    """What was made of a header.

    Attributes
    ----------
    size : Å along z, y, x; 0 where the header gives none, or none that can be told
    note : what contradicts itself and which reading was taken; '' where nothing does
    doubt : why the size cannot be told; '' where it can, or where the header gives none
    """

    size: Triple
    note: str = ""
    doubt: str = ""


def voxel_reading(cell: Triple, sampling: Counts, box: Counts, *, in_a_cell: bool) -> VoxelReading:
    """Choose among the readings of a header.

    Parameters
    ----------
    cell : Å along z, y, x
    sampling : intervals of the cell along z, y, x, above 0
    box : values along z, y, x
    in_a_cell : whether the map is a region of a larger cell, or of a crystal, by other signs
    """
    if min(cell) <= 0 or cell == (1.0, 1.0, 1.0):
        return VoxelReading(_NONE)
    written = _divided(cell, sampling)
    other = dict(_other_readings(cell, sampling, box, written))
    if _is_likely(written):
        return _as_written(cell, sampling, box, written, in_a_cell)
    if len(other) == 1:
        (size, words), *_ = other.items()
        return VoxelReading(
            size,
            f"{_facts(cell, sampling, box)}: with {words} the voxels are cubes of {size[0]:g} Å, "
            "which was taken.",
        )
    reordered = sampling != box and sorted(sampling) == sorted(box)
    contradicts = reordered or (not in_a_cell and (sampling != box or len(set(cell)) == 1))
    if other or (contradicts and not _is_cubic(written)):
        return VoxelReading(
            _NONE, doubt=_question(_facts(cell, sampling, box), {written: _RULE, **other})
        )
    return VoxelReading(written)


def _as_written(
    cell: Triple, sampling: Counts, box: Counts, written: Triple, in_a_cell: bool
) -> VoxelReading:
    if sampling == box:
        return VoxelReading(written)
    if sorted(sampling) == sorted(box):
        return VoxelReading(
            written,
            f"The cell's sampling along x, y, z {_xyz(sampling)} contradicts the number of values "
            f"{_xyz(box)}; the values were taken as stored and the voxel size as cell / sampling.",
        )
    whole = _divided(cell, box)
    if in_a_cell or not _is_likely(whole):
        return VoxelReading(written)
    readings = {written: _RULE, whole: "cell / number of values"}
    return VoxelReading(_NONE, doubt=_question(_facts(cell, sampling, box), readings))


def _other_readings(
    cell: Triple, sampling: Counts, box: Counts, written: Triple
) -> Iterator[tuple[Triple, str]]:
    """Cubes of a likely size by another reading than the rule's, each size once."""
    found = [
        *((_divided(cell, m), "the sampling in another order") for m in permutations(sampling)),
        (_divided(cell, box), "a cell of as many intervals as there are values"),
        *((_divided(cell, n), "a cell in another order") for n in permutations(box)),
    ]
    if max(written) < LIKELY[0]:
        found.append((cell, "the cell of one voxel"))
    seen: set[str] = set()
    for size, words in found:
        shown = f"{size[0]:.4g}"
        if _is_likely(size) and not _alike(size, written) and shown not in seen:
            seen.add(shown)
            yield size, words


def _question(facts: str, readings: dict[Triple, str]) -> str:
    listed = ", ".join(f"{_size(size)} by {words}" for size, words in readings.items())
    return (
        f"{facts}: voxels of {listed}; which is right cannot be told: give the voxel size in Å "
        "(--voxel on the command line)"
    )


def _facts(cell: Triple, sampling: Counts, box: Counts) -> str:
    return (
        f"the header contradicts itself (along x, y, z: cell {_xyz(cell)} Å, "
        f"sampling {_xyz(sampling)}, number of values {_xyz(box)})"
    )


def _divided(cell: Triple, counts: tuple[int, ...]) -> Triple:
    """Cell / counts, to the six digits that the header's float32 numbers hold."""
    z, y, x = (float(f"{c / n:.6g}") for c, n in zip(cell, counts, strict=True))
    return z, y, x


def _is_cubic(size: Triple) -> bool:
    return max(size) - min(size) <= _SAME * max(size)


def _is_likely(size: Triple) -> bool:
    return _is_cubic(size) and LIKELY[0] <= min(size) and max(size) <= LIKELY[1]


def _alike(a: Triple, b: Triple) -> bool:
    return all(abs(s - t) <= _SAME * max(s, t) for s, t in zip(a, b, strict=True))


def _size(size: Triple) -> str:
    if _is_cubic(size):
        return f"{size[0]:.4g} Å"
    return " × ".join(f"{s:.4g}" for s in reversed(size)) + " Å"


def _xyz(zyx: tuple[float, ...]) -> str:
    return f"({', '.join(f'{value:.6g}' for value in reversed(zyx))})"
