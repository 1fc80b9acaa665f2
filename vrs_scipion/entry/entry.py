"""The entry: the prepared inputs of a validation together, read when they are asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import mrcfile
import numpy as np

from vrs_scipion.entry.fsc_file import FrequencyAndCorrelation, read_fsc
from vrs_scipion.entry.record_half_maps import HalfMapsRecord
from vrs_scipion.entry.record_map import MapRecord
from vrs_scipion.entry.record_model import ModelRecord
from vrs_scipion.entry.records import Box, InputRecord, Lengths, MaskFile
from vrs_scipion.entry.spectra import Spectrum, kept_spectrum
from vrs_scipion.entry.symmetry import symmetry_order
from vrs_scipion.entry.upgrade import OLD_RECORD_FILE, upgraded
from vrs_scipion.files import in_new_words, load_model
from vrs_scipion.folders import RECORD_FILE
from vrs_scipion.maps.density import Density, Mask, Volume
from vrs_scipion.maps.fourier import resampled_onto
from vrs_scipion.maps.placement import start
from vrs_scipion.models.atomic_model import AtomicModel, load_arrays
from vrs_scipion.results.model import InputUsed

RECORDS: dict[str, type[InputRecord]] = {
    "map": MapRecord,
    "half_maps": HalfMapsRecord,
    "model": ModelRecord,
}
"""What is known of a prepared input, by its key."""


@dataclass(frozen=True)
class HalfMaps:
    """Two half maps on one grid, and the masks on it.

    Attributes
    ----------
    first, second : as the refinement left them
    mask : the soft mask under which they are compared, float32 from 0 to 1
    hard : the hard mask of the molecule
    background : where they hold nothing but their noise; all False where there is no such place
    given_mask : the mask that was given beside, float32 from 0 to 1; None where none was
    """

    first: Density
    second: Density
    mask: Volume
    hard: Mask
    background: Mask
    given_mask: Volume | None = None


class Entry:
    """The prepared inputs of a validation.

    Parameters
    ----------
    folders : of the prepared inputs, by key
    """

    def __init__(self, folders: Mapping[str, Path]) -> None:
        self.folders = {key: folders[key] for key in RECORDS if key in folders}
        self._records: dict[str, InputRecord] = {}

    @classmethod
    def at(cls, folder: Path) -> Entry:
        """The inputs prepared in the subfolders of ``folder``, or by version 0.1.0 in itself."""
        if (folder / OLD_RECORD_FILE).is_file():
            return cls({"map": folder})
        named = {key: folder / key for key in RECORDS}
        return cls({key: path for key, path in named.items() if is_prepared(path)})

    @property
    def given(self) -> tuple[str, ...]:
        """Keys of the inputs."""
        return tuple(self.folders)

    @property
    def is_old(self) -> bool:
        """Whether version 0.1.0 has prepared the map: its results named no inputs."""
        return "map" in self.folders and _is_old(self.folders["map"])

    def record(self, key: str) -> InputRecord:
        """What is known of an input.

        Raises
        ------
        FileNotFoundError, ValueError
            if it is not there or cannot be understood.
        """
        if key not in self._records:
            if key not in self.folders:
                raise FileNotFoundError(f"there is no prepared input {key!r}")
            self._records[key] = load_record(key, self.folders[key])
        return self._records[key]

    def path(self, key: str, file: str) -> Path:
        """A file of a prepared input."""
        return self.folders[key] / file

    def used(self, keys: tuple[str, ...]) -> dict[str, InputUsed]:
        """What a result says of the inputs that it was computed from."""
        return {key: self.record(key).used for key in keys if key in self.folders}

    # ------------------------------------------------------------------- the map

    @cached_property
    def map(self) -> MapRecord:
        """What is known of the map."""
        record = self.record("map")
        assert isinstance(record, MapRecord)
        return record

    @property
    def title(self) -> str:
        return self.map.title

    @property
    def contour(self) -> float:
        """In the map's units."""
        return self.map.contour

    @property
    def resolution(self) -> float | None:
        """Reported, in Å; None where none was."""
        return self.map.resolution

    @property
    def symmetry_order(self) -> int | None:
        """Copies of the asymmetric part that the point group makes; None where none was given."""
        return symmetry_order(self.map.symmetry) if self.map.symmetry else None

    @property
    def voxel_size(self) -> Lengths:
        """Å along z, y, x."""
        return self.map.voxel_size

    @property
    def box(self) -> Box:
        """Voxels along z, y, x."""
        return self.map.box

    @property
    def start(self) -> Lengths:
        """Where voxel 0 lies, Å along z, y, x, in the frame of the model's coordinates.

        At the header's ORIGIN if any part of that is not 0, else at the index of the first voxel.
        """
        return start(self.map)

    @property
    def map_path(self) -> Path:
        """The prepared map's file."""
        return self.path("map", self.map.map_file)

    @property
    def hard_mask_path(self) -> Path:
        """The hard mask's file."""
        return self.path("map", self.map.hard_mask.file)

    def density(self) -> Density:
        """The prepared map."""
        values = _load(self.map_path).astype(np.float32, copy=False)
        return Density(values, self.voxel_size, self.map.nstart, self.map.origin)

    def hard_mask(self) -> Mask:
        """The hard mask on the map's grid."""
        return self._mask(self.map.hard_mask)

    def soft_mask(self) -> Volume:
        """The soft mask on the map's grid, float32 from 0 to 1."""
        return _load(self.path("map", self.map.soft_mask.file)).astype(np.float32, copy=False)

    def resized(self) -> Density | None:
        """The map on voxels of half the reported resolution; None where there is no such."""
        resized = self.map.resized
        if resized is None:
            return None
        with mrcfile.open(self.path("map", resized.file), mode="r") as mrc:
            origin = mrc.header.origin
            return Density(
                mrc.data.astype(np.float32, copy=False),
                resized.voxel_size,
                origin=(float(origin.z), float(origin.y), float(origin.x)),
            )

    def resized_hard_mask(self) -> Mask | None:
        """The hard mask of the resampled map; None where there is no such."""
        resized = self.map.resized
        if resized is None or resized.hard_mask is None:
            return None
        return self._mask(resized.hard_mask)

    def _mask(self, mask: MaskFile) -> Mask:
        return _load(self.path("map", mask.file)) > 0

    # ------------------------------------------------------------------- the half maps

    @property
    def half_maps_record(self) -> HalfMapsRecord:
        """What is known of the half maps."""
        record = self.record("half_maps")
        assert isinstance(record, HalfMapsRecord)
        return record

    def half_maps(self) -> HalfMaps:
        """Both half maps and their masks, on the half maps' own grid."""
        record = self.half_maps_record
        first, second = (self._half(half.file) for half in record.halves)
        given = record.given_mask
        return HalfMaps(
            first,
            second,
            self._of_halves(record.soft_mask.file),
            self._of_halves(record.hard_mask.file) > 0,
            self._of_halves(record.background.file) > 0,
            None if given is None else self._of_halves(given.file),
        )

    def half_spectra(self, threads: int = 1) -> tuple[Spectrum, Spectrum]:
        """The transforms of both half maps: complex64, as ``scipy.fft.rfftn`` gives them.

        They are computed once, kept beside the half maps, and read as they are used; they cannot
        be written to.
        """
        record = self.half_maps_record
        first, second = (self._half_spectrum(half.file, threads) for half in record.halves)
        return first, second

    def deposited_fsc(self) -> FrequencyAndCorrelation | None:
        """The correlation of the half maps that was deposited; None where none was.

        Returns
        -------
        frequency, correlation : 1/Å, not decreasing, and −1 to 1; float64, shapes (points,)
        """
        curve = self.half_maps_record.deposited_fsc
        return None if curve is None else read_fsc(self.path("half_maps", curve.file))

    def map_on_halves(self) -> Volume:
        """The map on the grid of the half maps, 0 where it does not reach; float32.

        ``half_maps_record.map_placed`` says in words how it was brought there.
        """
        record, whole = self.half_maps_record, self.density()
        if not record.map_placed:
            return whole.values
        return resampled_onto(whole, record.box, record.voxel_size, record.map_offset)

    def _half_spectrum(self, file: str, threads: int) -> Spectrum:
        path, box = self.path("half_maps", file), self.half_maps_record.box
        return kept_spectrum(path, box, lambda: self._of_halves(file), threads)

    def _half(self, file: str) -> Density:
        record = self.half_maps_record
        return Density(self._of_halves(file), record.voxel_size, record.nstart, record.origin)

    def _of_halves(self, file: str) -> Volume:
        return _load(self.path("half_maps", file)).astype(np.float32, copy=False)

    # ------------------------------------------------------------------- the atomic model

    @property
    def model_record(self) -> ModelRecord:
        """What is known of the atomic model."""
        record = self.record("model")
        assert isinstance(record, ModelRecord)
        return record

    @property
    def model_path(self) -> Path:
        """The prepared model's file, mmCIF."""
        return self.path("model", self.model_record.model_file)

    def model(self) -> AtomicModel:
        """The atoms of the model as arrays, x, y, z in Å; read once.

        ``model.indices(entry.start, entry.voxel_size)`` are their places on the map's grid.
        """
        return self._model

    @cached_property
    def _model(self) -> AtomicModel:
        return load_arrays(self.path("model", self.model_record.atoms_file))


def is_prepared(folder: Path) -> bool:
    """Whether a folder holds a prepared input, whole."""
    return (folder / RECORD_FILE).is_file() or (folder / OLD_RECORD_FILE).is_file()


def load_record(key: str, folder: Path) -> InputRecord:
    """Read what is known of a prepared input, of this version or of an older one.

    Raises
    ------
    FileNotFoundError, ValueError
        if it is not there or cannot be understood.
    """
    if _is_old(folder):
        old = (folder / OLD_RECORD_FILE).read_bytes()
        return RECORDS[key].model_validate(in_new_words(old, upgraded))
    return load_model(RECORDS[key], folder / RECORD_FILE)


def _is_old(folder: Path) -> bool:
    return (folder / OLD_RECORD_FILE).is_file() and not (folder / RECORD_FILE).is_file()


def _load(path: Path) -> Volume:
    with mrcfile.open(path, mode="r") as mrc:
        values: Volume = mrc.data
    return values
