"""Writing tables of particles as RELION and cryoSPARC have them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from vrs_scipion.files import written_whole
from vrs_scipion.particles.geometry import angles
from vrs_scipion.particles.table import ParticleTable

_OPTICS: Mapping[str, str] = {
    "pixel_size": "rlnImagePixelSize",
    "box": "rlnImageSize",
    "voltage": "rlnVoltage",
    "spherical_aberration": "rlnSphericalAberration",
    "amplitude_contrast": "rlnAmplitudeContrast",
    "micrograph_pixel_size": "rlnMicrographOriginalPixelSize",
    "phase_flipped": "rlnCtfDataArePhaseFlipped",
    "premultiplied": "rlnCtfDataAreCtfPremultiplied",
}
_PARTICLES: Mapping[str, str] = {
    "defocus_u": "rlnDefocusU",
    "defocus_v": "rlnDefocusV",
    "defocus_angle": "rlnDefocusAngle",
    "phase_shift": "rlnPhaseShift",
    "half": "rlnRandomSubset",
    "class_number": "rlnClassNumber",
    "figure_of_merit": "rlnAutopickFigureOfMerit",
}
_CS: Mapping[str, tuple[str, str, float]] = {
    "pixel_size": ("blob/psize_A", "<f4", 1),
    "voltage": ("ctf/accel_kv", "<f4", 1),
    "spherical_aberration": ("ctf/cs_mm", "<f4", 1),
    "amplitude_contrast": ("ctf/amp_contrast", "<f4", 1),
    "defocus_u": ("ctf/df1_A", "<f4", 1),
    "defocus_v": ("ctf/df2_A", "<f4", 1),
    "defocus_angle": ("ctf/df_angle_rad", "<f4", np.pi / 180),
    "phase_shift": ("ctf/phase_shift_rad", "<f4", np.pi / 180),
    "class_number": ("alignments3D/class", "<u4", 1),
    "group": ("ctf/exp_group_id", "<u4", 1),
}


def write_star(table: ParticleTable, path: Path) -> Path:
    """Write a STAR file as RELION does since 3.1; the path is returned.

    Columns that the table lacks are left out, ids too, since RELION has none.

    Raises
    ------
    ValueError
        If the particles of an optics group differ in what belongs to the group.
    """
    with written_whole(path) as unfinished, unfinished.open("w", encoding="utf-8") as file:
        file.writelines(f"{line}\n" for line in _star_lines(table))
    return path


def write_cs(table: ParticleTable, path: Path) -> Path:
    """Write a .cs file of cryoSPARC; the path is returned.

    Columns that the table lacks are left out, coordinates too, which need the micrograph's size.

    Raises
    ------
    ValueError
        If shifts are to be written and the table has no pixel size, which they are counted in.
    """
    columns = dict(_cs_columns(table))
    fields = [(name, values.dtype, values.shape[1:]) for name, values in columns.items()]
    array = np.empty(len(table), np.dtype(fields))
    for name, values in columns.items():
        array[name] = values
    with written_whole(path) as unfinished, unfinished.open("wb") as file:
        np.save(file, array, allow_pickle=False)
    return path


def _star_lines(table: ParticleTable) -> Iterator[str]:
    group = np.zeros(len(table), np.int64) if table.group is None else table.group
    used, first, place = np.unique(group, return_index=True, return_inverse=True)
    names = table.groups or ("opticsGroup1",)
    optics: dict[str, Iterable[str]] = {
        "rlnOpticsGroup": _written(used + 1),
        "rlnOpticsGroupName": [_quoted(names[number]) for number in used],
    }
    for name, label in _OPTICS.items():
        values = table.columns.get(name)
        if values is None:
            continue
        if (values != values[first][place]).any():
            raise ValueError(f"{name} differs within an optics group")
        optics[label] = _written(values[first])
    yield from _star_table("optics", optics)
    particles: dict[str, Iterable[str]] = {"rlnOpticsGroup": _written(group + 1)}
    if table.file is not None and table.index is not None:
        written = [one.written for one in table.files]
        places = zip(table.file, table.index, strict=True)
        particles["rlnImageName"] = [_quoted(f"{i + 1:06d}@{written[f]}") for f, i in places]
    if table.micrograph is not None:
        particles["rlnMicrographName"] = [_quoted(table.micrographs[n]) for n in table.micrograph]
    for name, label in _PARTICLES.items():
        if name in table.columns:
            particles[label] = _written(table.columns[name])
    if table.rotation is not None:
        for axis, turned in zip(("Rot", "Tilt", "Psi"), angles(table.rotation).T, strict=True):
            particles[f"rlnAngle{axis}"] = _written(turned)
    for pattern, values in (
        ("rlnOrigin{}Angst", table.shift),
        ("rlnCoordinate{}", table.coordinates),
    ):
        if values is not None:
            for axis, along in zip("XY", values.T, strict=True):
                particles[pattern.format(axis)] = _written(along)
    yield from _star_table("particles", particles)


def _star_table(name: str, columns: Mapping[str, Iterable[str]]) -> Iterator[str]:
    yield from ("", "# version 30001", "", f"data_{name}", "", "loop_")
    yield from (f"_{label} #{place}" for place, label in enumerate(columns, 1))
    yield from map(" ".join, zip(*columns.values(), strict=True))
    yield ""


def _written(values: NDArray[Any]) -> list[str]:
    if values.dtype.kind == "f":
        return [f"{value:.9g}" for value in values]
    return [str(int(value)) for value in values]


def _quoted(text: str) -> str:
    return f'"{text}"' if not text or " " in text else text


def _cs_columns(table: ParticleTable) -> Iterator[tuple[str, NDArray[Any]]]:
    yield "uid", np.arange(1, len(table) + 1, dtype=np.uint64) if table.uid is None else table.uid
    if table.file is not None and table.index is not None:
        written = np.array([one.written.encode() for one in table.files])
        yield "blob/path", written[table.file]
        yield "blob/idx", table.index.astype("<u4")
    if table.box is not None:
        yield "blob/shape", np.stack([table.box, table.box], axis=1).astype("<u4")
    for name, (label, kind, factor) in _CS.items():
        if name in table.columns:
            values = table.columns[name]
            yield label, (values * factor if factor != 1 else values).astype(kind)
    if table.rotation is not None:
        yield "alignments3D/pose", -Rotation.from_matrix(table.rotation).as_rotvec().astype("<f4")
    if table.shift is not None:
        if table.pixel_size is None:
            raise ValueError("shifts are counted in pixels, whose size is not known")
        yield "alignments3D/shift", (table.shift / table.pixel_size[:, None]).astype("<f4")
        yield "alignments3D/psize_A", table.pixel_size.astype("<f4")
    if table.half is not None and (table.half > 0).all():
        yield "alignments3D/split", (table.half - 1).astype("<u4")
    if table.micrograph is not None:
        names = np.array([name.encode() for name in table.micrographs])
        yield "location/micrograph_path", names[table.micrograph]
