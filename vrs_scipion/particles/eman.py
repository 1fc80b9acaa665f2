"""Particles of EMAN2: .lst lists, .hdf stacks with their headers, .json and .box coordinates.

Angles az, alt, phi are rotations about z, x and z: A = Rz(phi)·Rx(alt)·Rz(az), which is rot =
az − 90, tilt = alt, psi = phi + 90 of `vrs_scipion.particles.geometry`. A transform moves the map,
then shifts it by tx, ty: the shift that centres the particle is the opposite. Images are counted
from 0 on.

References
----------
Baldwin & Penczek (2007), doi:10.1016/j.jsb.2006.06.006 (transforms)
Tang et al. (2007), doi:10.1016/j.jsb.2006.05.009 (EMAN2)
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from vrs_scipion.particles.geometry import matrices
from vrs_scipion.particles.images import put_files, put_pixel_shifts
from vrs_scipion.particles.locating import Locator
from vrs_scipion.particles.table import Draft, ParticleError, ParticleTable, Reals, shown

IMAGES = "MDF/images"
HDF_MAGIC = b"\x89HDF\r\n\x1a\n"

_PROJECTION = "xform.projection"
_LONGEST_JSON = 1 << 28
_NUMBER = re.compile(r"[0-9]{1,12}")
_QUARTER = 90.0
_CTF = "EMAN's CTF parameters, whose phase is counted in another way"
_UNPROVEN = (
    "Poses were read by EMAN's documented conventions; no images were at hand to prove the reading."
)


def read_lst(path: Path, root: Path | None = None) -> ParticleTable:
    """The particles of a .lst file: images of stacks, with poses where it has them.

    Raises
    ------
    ParticleError
        If a line is no image, or what it says cannot be.
    """
    numbers: list[int] = []
    names: dict[str, int] = {}
    which: list[int] = []
    details: list[dict[str, Any]] = []
    with path.open(encoding="utf-8", errors="surrogateescape") as lines:
        for row, line in enumerate(lines, 1):
            parts = line.split(None, 2)
            if not parts or line.startswith("#"):
                continue
            if len(parts) < 2 or not _NUMBER.fullmatch(parts[0]):
                raise ParticleError(
                    path,
                    f"line {row:,} is {shown(line.strip())} instead of the number of an image and "
                    "its file; it was cut or edited: export it again",
                )
            numbers.append(int(parts[0]))
            which.append(names.setdefault(parts[1], len(names)))
            details.append(_details(parts[2] if len(parts) > 2 else ""))
    if not numbers:
        raise ParticleError(path, "it lists no particles; give another")
    draft = Draft(path, len(numbers))
    put_files(
        draft, list(names), np.array(which), np.array(numbers), Locator(path, root), "its lines"
    )
    _put_projections(draft, [one.get(_PROJECTION) for one in details])
    return draft.table("EMAN .lst")


def read_hdf(path: Path) -> ParticleTable:
    """The particles of a stack of EMAN2, from the headers of its images.

    Raises
    ------
    ParticleError
        If it is no stack of EMAN2, is damaged, or says what cannot be.
    """
    try:
        with opened_hdf(path) as file:
            images = file.get(IMAGES)
            if images is None:
                raise ParticleError(path, "it is HDF5 without images of EMAN2; give another table")
            order = sorted((name for name in images if _NUMBER.fullmatch(name)), key=int)
            headers = [dict(images[name].attrs) for name in order]
            sides = [images[name]["image"].shape for name in order]
    except (OSError, KeyError, RuntimeError) as error:
        raise ParticleError(path, "its HDF5 is cut short or damaged; copy it again") from error
    if not headers:
        raise ParticleError(path, "it holds no images; give another")
    if any(len(side) != 2 or side[0] != side[1] for side in sides):
        raise ParticleError(path, "its images are not all square and two-dimensional; give others")
    draft = Draft(path, len(headers))
    which = np.zeros(len(order), np.int64)
    put_files(draft, [path.name], which, np.array(order, int), Locator(path), IMAGES)
    draft.put("box", [side[0] for side in sides], "the images")
    if all("EMAN.apix_x" in header for header in headers):
        draft.put("pixel_size", [float(h["EMAN.apix_x"]) for h in headers], "apix_x")
    if all("EMAN.ptcl_source_coord" in header for header in headers):
        places = np.array([np.ravel(h["EMAN.ptcl_source_coord"])[:2] for h in headers], float)
        draft.put("coordinates", places, "ptcl_source_coord")
    if all("EMAN.ptcl_source_image" in header for header in headers):
        names = [_text(header["EMAN.ptcl_source_image"]) for header in headers]
        draft.put_names("micrograph", names, "ptcl_source_image")
    if any("EMAN.ctf" in header for header in headers):
        draft.ignore(_CTF)
    _put_projections(draft, [header.get(f"EMAN.{_PROJECTION}") for header in headers])
    return draft.table("EMAN .hdf")


def opened_hdf(path: Path) -> Any:
    """An HDF5 file, open for reading.

    Raises
    ------
    ParticleError
        If h5py is not installed.
    OSError
        If the file cannot be read as HDF5.
    """
    try:
        import h5py  # slow to load
    except ImportError as error:
        raise ParticleError(path, "reading it needs the package h5py: pip install h5py") from error
    return h5py.File(path, "r")


def read_json(path: Path) -> ParticleTable:
    """The coordinates of an info .json file of EMAN2; they are of the centres of boxes.

    Raises
    ------
    ParticleError
        If it is no JSON, or lists no boxes.
    """
    if path.stat().st_size > _LONGEST_JSON:
        raise ParticleError(path, "it is too large for coordinates of one micrograph")
    try:
        found = json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise ParticleError(
            path, "it cannot be read as JSON; give an info file of EMAN2 or a table"
        ) from error
    boxes = found.get("boxes") if isinstance(found, dict) else None
    if not isinstance(boxes, list) or not boxes:
        raise ParticleError(path, "it is JSON without boxes; give an info file of EMAN2")
    try:
        places = np.array([[float(box[0]), float(box[1])] for box in boxes])
    except (TypeError, ValueError, IndexError, KeyError) as error:
        raise ParticleError(path, "its boxes are not all x, y and more; export it again") from error
    return _coordinates(path, places, "boxes", "EMAN .json")


def read_box(path: Path) -> ParticleTable:
    """The coordinates of a .box file, which gives a corner and the sides: centres are read.

    Raises
    ------
    ParticleError
        If a line has fewer than four numbers.
    """
    places = []
    with path.open(encoding="utf-8", errors="replace") as lines:
        for row, line in enumerate(lines, 1):
            if not line.strip():
                continue
            try:
                x, y, width, height = (float(word) for word in line.split()[:4])
            except ValueError as error:
                raise ParticleError(
                    path,
                    f"line {row:,} is {shown(line.strip())} instead of a corner's x and y and two "
                    "sides; it was cut or edited: export it again",
                ) from error
            places.append((x + width / 2, y + height / 2))
    return _coordinates(path, np.array(places), "corner and half the box's side", "EMAN .box")


def _coordinates(path: Path, places: Reals, called: str, format_: str) -> ParticleTable:
    draft = Draft(path, len(places))
    draft.put("coordinates", places, called)
    draft.note("Only coordinates are read from it: images and poses need a table of particles.")
    return draft.table(format_)


def _details(text: str) -> dict[str, Any]:
    """What stands behind an image of a .lst; nothing where that is a comment."""
    try:
        found = json.loads(text) if text.lstrip().startswith("{") else {}
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _put_projections(draft: Draft, transforms: Sequence[Any]) -> None:
    there = sum(one is not None for one in transforms)
    if not there:
        return
    if there < draft.count:
        draft.note(
            f"Only {there:,} of the {draft.count:,} particles have a pose ({_PROJECTION}): none "
            "was read."
        )
        return
    try:
        poses = np.array([_pose(one) for one in transforms])
    except (TypeError, ValueError, KeyError) as error:
        raise draft.refused(
            f"its {_PROJECTION} is not always a transform of EMAN2; export it again"
        ) from error
    draft.put_rotations(poses[:, :, :3], _PROJECTION)
    put_pixel_shifts(draft, -poses[:, :2, 3], f"{_PROJECTION}, tx and ty")
    draft.note(_UNPROVEN)


def _pose(transform: Any) -> Reals:
    """A rotation A and a translation, shape (3, 4), of a transform as EMAN2 writes it."""
    if isinstance(transform, bytes | str):
        transform = json.loads(transform)
    if not isinstance(transform, Mapping):
        return np.asarray(transform, dtype=np.float64).reshape(3, 4)
    if "matrix" in transform:
        matrix = transform["matrix"]
        matrix = json.loads(matrix) if isinstance(matrix, str) else matrix
        return np.asarray(matrix, dtype=np.float64).reshape(3, 4)
    if int(transform.get("mirror", 0)):
        raise ValueError("a mirror is no rotation")
    az, alt, phi = (float(transform[name]) for name in ("az", "alt", "phi"))
    turned = matrices([[az - _QUARTER, alt, phi + _QUARTER]])[0]
    moved = [float(transform.get(name, 0)) for name in ("tx", "ty", "tz")]
    return np.column_stack([turned, moved])


def _text(value: Any) -> str:
    return value.decode("utf-8", "surrogateescape") if isinstance(value, bytes) else str(value)
