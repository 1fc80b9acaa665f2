"""What is to be validated of an entry: the depositors' numbers where the user gives none."""

from __future__ import annotations

from vrs_scipion.emdb.errors import EmdbError
from vrs_scipion.emdb.fetch import Fetched
from vrs_scipion.entry.record_map import Deposition
from vrs_scipion.entry.request import Request, Value
from vrs_scipion.maps.density import Triple
from vrs_scipion.maps.reading import read_header

HALVES = ("half1", "half2")
"""Keys of the fields that take the half maps."""

_SAME_VOXEL = 1e-3


def entry_request(fetched: Fetched, **given: Value | None) -> Request:
    """The request to validate an entry; what is given here goes before what was deposited.

    The deposited voxel size is taken where it contradicts the file's header by more than 0.1 %.
    Half maps are either both the entry's or both given here, and the deposited correlation goes
    with either.

    Raises
    ------
    EmdbError
        if the entry has no contour level and none is given, or its voxels are no cubes where the
        header contradicts them.
    InputError
        if the map's header cannot be read.
    """
    deposition, own = fetched.deposition, Request.of(**given).values
    deposited: dict[str, Value | None] = {
        "map": fetched.map_path,
        "deposition": fetched.deposition_path,
        "contour": deposition.contour,
        "resolution": deposition.resolution,
        "mass": deposition.mass,
        "symmetry": deposition.symmetry,
        "title": deposition.title,
    }
    if fetched.half_map_paths and not own.keys() & HALVES:
        deposited |= dict(zip(HALVES, fetched.half_map_paths, strict=True))
    if own.keys() & HALVES or deposited.keys() & HALVES:
        deposited["fsc"] = fetched.fsc_path
    request = Request.of(**{**deposited, **own})
    if "contour" not in request.values:
        raise EmdbError(
            f"{deposition.accession}: the entry recommends no contour level; give one (--contour; "
            "auto takes the one that the program suggests)"
        )
    if request.number("voxel") is None and deposition.voxel_size is not None:
        header = read_header(fetched.map_path).voxel_size
        if not _same(header, deposition.voxel_size):
            return request.having(voxel=_one_size(deposition.voxel_size, deposition))
    return request


def _same(header: Triple, deposited: Triple) -> bool:
    pairs = zip(header, deposited, strict=True)
    return all(abs(a - b) <= _SAME_VOXEL * b for a, b in pairs)


def _one_size(size: Triple, deposition: Deposition) -> float:
    if max(size) - min(size) > _SAME_VOXEL * max(size):
        raise EmdbError(
            f"{deposition.accession}: the voxel size that was deposited contradicts the map's "
            "header and is no cube; give the right one (--voxel)"
        )
    return size[0]
