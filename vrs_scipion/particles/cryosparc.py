"""Particles of cryoSPARC: a .cs file, and the passthrough files that hold the rest of its columns.

Both are structured arrays of NumPy, read without unpickling; rows belong together by ``uid``, not
by their order. The pose is a rotation vector in radians; A (see `vrs_scipion.particles.geometry`)
is the transpose of the rotation that it stands for. 2,019 real poses say so: read thus, the angles
in the plane of the image are uniform, as nothing in a microscope prefers one; read the other way,
they repeat the preferred views (Rayleigh's n·R² of the double angle is 502 instead of 2). Shifts
are in pixels: theirs are all multiples of box/6400 in pixels, and no round part of the box in Å.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from tokenize import TokenError
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from vrs_scipion.particles.images import put_files
from vrs_scipion.particles.locating import Locator
from vrs_scipion.particles.table import Draft, ParticleError, ParticleTable

MAGIC = b"\x93NUMPY"

_UID = "uid"
_PATH, _INDEX = "blob/path", "blob/idx"
_POSE, _SHIFT = "alignments3D/pose", "alignments3D/shift"
_PSIZE, _POSE_PSIZE = "blob/psize_A", "alignments3D/psize_A"
_SPLIT = "alignments3D/split"
_CENTRE = ("location/center_x_frac", "location/center_y_frac")
_MICROGRAPH, _MICROGRAPH_SHAPE = "location/micrograph_path", "location/micrograph_shape"
_SHAPE = "blob/shape"
_GROUP = "ctf/exp_group_id"

_NUMBERS: Mapping[str, tuple[str, float]] = {
    "voltage": ("ctf/accel_kv", 1),
    "spherical_aberration": ("ctf/cs_mm", 1),
    "amplitude_contrast": ("ctf/amp_contrast", 1),
    "defocus_u": ("ctf/df1_A", 1),
    "defocus_v": ("ctf/df2_A", 1),
    "defocus_angle": ("ctf/df_angle_rad", 180 / np.pi),
    "phase_shift": ("ctf/phase_shift_rad", 180 / np.pi),
    "pixel_size": (_PSIZE, 1),
    "class_number": ("alignments3D/class", 1),
    "micrograph_pixel_size": ("location/micrograph_psize_A", 1),
    "figure_of_merit": ("pick_stats/ncc_score", 1),
}
"""Columns of the table: where they stand, and what makes their unit ours."""

_IGNORED: Mapping[str, tuple[str, ...]] = {
    "beam tilt": ("ctf/tilt_A", "ctf/shift_A"),
    "trefoil": ("ctf/trefoil_A",),
    "tetrafoil": ("ctf/tetra_A",),
    "anisotropic magnification": ("ctf/anisomag",),
    "B-factor of the CTF": ("ctf/bfactor",),
}
_SEVERAL = "alignments3D_multi/"
_TEXTS = (_PATH, _MICROGRAPH)
_LENGTHS: Mapping[str, int] = {_POSE: 3, _SHIFT: 2, _MICROGRAPH_SHAPE: 2, _SHAPE: 2}
"""Of the columns that are vectors."""
_UNREADABLE = (
    ValueError,
    OSError,
    EOFError,
    SyntaxError,
    MemoryError,
    OverflowError,
    RecursionError,
    TypeError,
    KeyError,
    TokenError,
)
"""What NumPy raises where an array or its header is damaged."""
_READ = {
    _UID, _INDEX, _SPLIT, _POSE_PSIZE, _GROUP, *_TEXTS, *_CENTRE, *_LENGTHS,
    *(label for label, _ in _NUMBERS.values()),
}  # fmt: skip


def read_cryosparc(
    path: Path, passthroughs: Sequence[Path] = (), root: Path | None = None
) -> ParticleTable:
    """The particles of a .cs file.

    Parameters
    ----------
    path : the file
    passthroughs : more .cs files, for what the first does not hold; rows are found by uid
    root : the project's folder, which images are relative to; None to look for it

    Raises
    ------
    ParticleError
        If a file is no such array, holds Python objects, lacks particles of the first, or says what
        cannot be.
    """
    columns = _joined(path, passthroughs)
    draft = Draft(path, len(columns[_UID]))
    draft.put("uid", columns[_UID], _UID)
    if _PATH in columns and _INDEX in columns:
        names, which = np.unique(columns[_PATH], return_inverse=True)
        files = [_text(name) for name in names]
        index = columns[_INDEX].astype(np.int64)
        put_files(draft, files, which, index, Locator(path, root), f"{_PATH}, {_INDEX}")
    _put_groups(draft, columns)
    for name, (label, factor) in _NUMBERS.items():
        if label in columns:
            draft.put(name, columns[label] * factor if factor != 1 else columns[label], label)
    _put_box(draft, columns)
    _put_pose(draft, columns)
    _put_half(draft, columns)
    _put_places(draft, columns)
    _say_ignored(draft, columns)
    return draft.table(
        "cryoSPARC .cs", f"with {_counted(len(passthroughs))}" if passthroughs else ""
    )


def _joined(path: Path, passthroughs: Sequence[Path]) -> dict[str, NDArray[Any]]:
    """The columns of all files in the order of the first, which goes before the others."""
    first = _array(path)
    columns = {name: first[name] for name in first.dtype.names or ()}
    for other in passthroughs:
        more = _array(other)
        new = [name for name in more.dtype.names or () if name not in columns]
        rows = _rows_of(columns[_UID], more[_UID], other, path)
        columns |= {name: more[name][rows] for name in new}
    return columns


def _array(path: Path) -> NDArray[Any]:
    """The structured array of a file; rows are read when they are asked for."""
    try:
        found = np.load(path, mmap_mode="r", allow_pickle=False)
    except _UNREADABLE as error:
        if "object" in str(error).lower():
            raise ParticleError(
                path,
                "it has columns of Python objects, which are never opened here since they can run "
                "programs; export the particles from cryoSPARC",
            ) from error
        raise ParticleError(
            path, "it cannot be read as a .cs file: it is cut short or damaged; copy it again"
        ) from error
    names = found.dtype.names if isinstance(found, np.ndarray) else None
    if not names or found.ndim != 1:
        raise ParticleError(path, "it is an array of NumPy without named columns, no .cs file")
    if _UID not in names:
        raise ParticleError(path, "it has no column uid, by which cryoSPARC knows particles")
    if not len(found):
        raise ParticleError(path, "it lists no particles; give another")
    for name in names:
        _require_kind(path, name, found.dtype[name])
    return np.asarray(found)


def _require_kind(path: Path, name: str, dtype: np.dtype[Any]) -> None:
    """Refuse a column that cannot hold what cryoSPARC writes there."""
    if name not in _READ:
        return
    length = _LENGTHS.get(name)
    right = "SU" if name in _TEXTS else "iuf"
    if dtype.base.kind not in right or dtype.shape != (() if length is None else (length,)):
        raise ParticleError(
            path, f"its column {name} is of another kind than cryoSPARC's; export it again"
        )


def _rows_of(
    wanted: NDArray[np.uint64], there: NDArray[np.uint64], other: Path, path: Path
) -> NDArray[np.intp]:
    order = np.argsort(there, kind="stable")
    ordered = there[order]
    if (ordered[1:] == ordered[:-1]).any():
        raise ParticleError(other, "it lists a uid twice, so that rows cannot be told apart")
    place = np.minimum(np.searchsorted(ordered, wanted), len(ordered) - 1)
    missing = int((ordered[place] != wanted).sum())
    if missing:
        raise ParticleError(
            other,
            f"it lacks {missing:,} of the {len(wanted):,} particles of {path.name}; give the "
            "passthrough file of the same job",
        )
    rows: NDArray[np.intp] = order[place]
    return rows


def _put_groups(draft: Draft, columns: Mapping[str, NDArray[Any]]) -> None:
    if _GROUP in columns:
        draft.put_names("group", [f"exposure group {one}" for one in columns[_GROUP]], _GROUP)


def _put_box(draft: Draft, columns: Mapping[str, NDArray[Any]]) -> None:
    if _SHAPE not in columns:
        return
    shape = columns[_SHAPE].reshape(draft.count, -1)
    if (shape != shape[:, :1]).any():
        raise draft.refused("its images are not square (blob/shape); give square ones")
    draft.put("box", shape[:, 0], _SHAPE)


def _put_pose(draft: Draft, columns: Mapping[str, NDArray[Any]]) -> None:
    if _POSE in columns:
        vectors = columns[_POSE].astype(np.float64)
        finite = np.isfinite(vectors).all(axis=1)
        turned = np.full((draft.count, 3, 3), np.nan)
        turned[finite] = Rotation.from_rotvec(-vectors[finite]).as_matrix()
        draft.put_rotations(turned, _POSE)
    elif any(name.startswith(_SEVERAL) for name in columns):
        draft.note(
            "The particles have a pose for each of several classes (alignments3D_multi); which is "
            "meant is not known here, and none was read."
        )
    if _SHIFT not in columns:
        return
    size = _POSE_PSIZE if _POSE_PSIZE in columns else _PSIZE
    if size not in columns:
        draft.note(f"{_SHIFT} is in pixels and no pixel size is given: it was not read.")
        return
    shift = columns[_SHIFT].astype(np.float64) * columns[size].astype(np.float64)[:, None]
    draft.put("shift", shift, f"{_SHIFT}, in pixels of {size}")


def _put_half(draft: Draft, columns: Mapping[str, NDArray[Any]]) -> None:
    if _SPLIT not in columns:
        return
    split = columns[_SPLIT]
    draft.put("half", np.where(split < 2, split + 1, 0), f"{_SPLIT} (0 is half 1)")


def _put_places(draft: Draft, columns: Mapping[str, NDArray[Any]]) -> None:
    if _MICROGRAPH in columns:
        names = [_text(one) for one in columns[_MICROGRAPH]]
        draft.put_names("micrograph", names, _MICROGRAPH)
    if all(name in columns for name in (*_CENTRE, _MICROGRAPH_SHAPE)):
        rows, width = columns[_MICROGRAPH_SHAPE].astype(np.float64).T
        x, y = (columns[name].astype(np.float64) for name in _CENTRE)
        places = np.stack([x * width, (1 - y) * rows], axis=1)
        draft.put("coordinates", places, f"{', '.join(_CENTRE)} ({_MICROGRAPH_SHAPE})")
        draft.note(
            "Coordinates are fractions of the micrograph, and y was taken to run from its last row "
            "to its first, which depends on the program that corrected the motion."
        )


def _say_ignored(draft: Draft, columns: Mapping[str, NDArray[Any]]) -> None:
    for words, labels in _IGNORED.items():
        if any(label in columns and np.any(columns[label]) for label in labels):
            draft.ignore(words)
    if "ctf/scale" in columns and np.any(columns["ctf/scale"] != 1):
        draft.ignore("scale of the CTF")
    if "blob/sign" in columns:
        draft.ignore("sign of the contrast (blob/sign)")


def _text(name: bytes | str) -> str:
    return name.decode("utf-8", "surrogateescape") if isinstance(name, bytes) else str(name)


def _counted(files: int) -> str:
    return "a passthrough file" if files == 1 else f"{files} passthrough files"
