"""Reading and writing the entry folder's files."""

from __future__ import annotations

from pathlib import Path

import mrcfile
import numpy as np

from vrs_scipion.entry.model import ENTRY_FILE, Deposition, Entry, MaskFile, ResizedMap
from vrs_scipion.files import written_whole
from vrs_scipion.maps.density import Density, Mask, Volume


def save_entry(entry: Entry, folder: Path) -> None:
    """Write ``entry.json`` into ``folder``."""
    with written_whole(folder / ENTRY_FILE) as path:
        path.write_text(entry.model_dump_json(by_alias=True, indent=1) + "\n", encoding="utf-8")


def load_entry(folder: Path) -> Entry:
    """Read ``entry.json`` of ``folder``.

    Raises
    ------
    FileNotFoundError, pydantic.ValidationError
        if it is not there or not an entry of this version.
    """
    return Entry.model_validate_json((folder / ENTRY_FILE).read_bytes())


def save_deposition(deposition: Deposition, path: Path) -> None:
    """Write what an archive says of a map."""
    with written_whole(path) as temporary:
        temporary.write_text(deposition.model_dump_json(indent=1) + "\n", encoding="utf-8")


def load_deposition(path: Path) -> Deposition:
    """Read what an archive says of a map.

    Raises
    ------
    FileNotFoundError, pydantic.ValidationError
        if it is not there or not a deposition of this version.
    """
    return Deposition.model_validate_json(path.read_bytes())


def load_map(entry: Entry, folder: Path) -> Density:
    """The prepared map."""
    values = _load(folder / entry.map_file).astype(np.float32, copy=False)
    return Density(values, entry.voxel_size, entry.nstart, entry.origin)


def load_hard_mask(entry: Entry, folder: Path) -> Mask:
    """The hard mask on the map's grid."""
    return load_mask(entry.hard_mask, folder)


def load_soft_mask(entry: Entry, folder: Path) -> Volume:
    """The soft mask on the map's grid, float32 from 0 to 1."""
    return _load(folder / entry.soft_mask.file).astype(np.float32, copy=False)


def load_resized(resized: ResizedMap, folder: Path) -> Density:
    """The map resampled to half the reported resolution."""
    with mrcfile.open(folder / resized.file, mode="r") as mrc:
        origin = mrc.header.origin
        return Density(
            mrc.data.astype(np.float32, copy=False),
            resized.voxel_size,
            origin=(float(origin.z), float(origin.y), float(origin.x)),
        )


def load_mask(mask: MaskFile, folder: Path) -> Mask:
    """A hard mask of the entry, on the grid that it was made for."""
    return _load(folder / mask.file) > 0


def _load(path: Path) -> Volume:
    with mrcfile.open(path, mode="r") as mrc:
        values: Volume = mrc.data
    return values
