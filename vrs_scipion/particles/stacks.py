"""Images of particles, read from their stacks by memory map: only what is asked for, in order.

A stack is an MRC file of any name and dialect (every section is an image, whatever the header calls
it), a SPIDER stack of Xmipp, or an .hdf of EMAN2.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vrs_scipion.maps.header import HEADER_BYTES, HeaderError, parse_header
from vrs_scipion.maps.spider import parse_spider_images
from vrs_scipion.particles.eman import HDF_MAGIC, IMAGES, opened_hdf
from vrs_scipion.particles.table import ImageFile, Integers, ParticleError, ParticleTable, shown

Images = NDArray[np.float32]

_NO_SIZE = (0.0, 1.0)
_SAME = 1e-4
_GIVE = "give a stack of images as MRC (.mrcs), or of EMAN2 (.hdf)"


@dataclass(frozen=True)
class Stack:
    """A file of images that is there and whole.

    Attributes
    ----------
    path : the file
    count : of images
    shape : rows and columns of an image
    pixel_size : Å, as the header says; None where it says none, or 0 or 1, which most writers of
        stacks put there without meaning it
    """

    path: Path
    count: int
    shape: tuple[int, int]
    pixel_size: float | None
    _values: NDArray[Any] | None = None

    def read(self, indices: Integers) -> Images:
        """Some images, in the order asked for; the file is read from its beginning to its end.

        Parameters
        ----------
        indices : from 0 on

        Returns
        -------
        float32 array, shape (n, rows, columns)

        Raises
        ------
        ParticleError
            If there is no such image, or it cannot be read.
        """
        beyond = (indices < 0) | (indices >= self.count)
        if beyond.any():
            raise ParticleError(
                self.path,
                f"image {int(indices[beyond][0]) + 1:,} was asked for and it holds "
                f"{self.count:,}; it is cut short, or the table belongs to another stack",
            )
        images = np.empty((len(indices), *self.shape), np.float32)
        order = np.argsort(indices, kind="stable")
        if self._values is None:
            _fill_from_hdf(self.path, images, order, indices)
            return images
        for place in order:
            images[place] = self._values[indices[place]]
        return images


def open_stack(path: Path) -> Stack:
    """A stack, known by its content.

    Raises
    ------
    ParticleError
        If it is missing, no stack of images, or shorter than its header says.
    """
    try:
        with path.open("rb") as stream:
            first = stream.read(HEADER_BYTES)
        if first.startswith(HDF_MAGIC):
            return _hdf_stack(path)
        return _plain_stack(path, first)
    except FileNotFoundError as error:
        raise ParticleError(path, f"there is no such stack in {path.parent}") from error
    except OSError as error:
        raise ParticleError(path, f"it cannot be read ({error.strerror or error})") from error


def read_images(table: ParticleTable, rows: Integers | Sequence[int] | None = None) -> Images:
    """The images of some particles, file after file and each from beginning to end.

    Parameters
    ----------
    table : where the images are
    rows : of the table, in any order; None for all

    Returns
    -------
    float32 array, shape (n, box, box), in the order of ``rows``

    Raises
    ------
    ParticleError
        If the table has no images, a file of them is missing or damaged, an image is not in its
        file, or images differ in size.
    """
    wanted = np.arange(len(table)) if rows is None else np.asarray(rows, np.int64)
    files, indices = table.needed("file")[wanted], table.needed("index")[wanted]
    images: Images | None = None
    for number in np.unique(files):
        places = np.flatnonzero(files == number)
        stack = open_stack(_path(table, table.files[number]))
        if images is None:
            images = np.empty((len(wanted), *stack.shape), np.float32)
        if images.shape[1:] != stack.shape:
            raise ParticleError(
                stack.path,
                f"its images are of {_sides(stack.shape)} pixels and others of "
                f"{_sides(images.shape[1:])}; give particles of one size",
            )
        images[places] = stack.read(indices[places])
    return np.empty((0, 0, 0), np.float32) if images is None else images


def _path(table: ParticleTable, file: ImageFile) -> Path:
    if file.path is None:
        raise ParticleError(
            table.source,
            f"the stack {shown(file.written)} that it names was not found; give the folder that "
            "its path is relative to",
        )
    return file.path


def _plain_stack(path: Path, first: bytes) -> Stack:
    """Of MRC or SPIDER."""
    try:
        header = parse_spider_images(first) or parse_header(first)
    except HeaderError as error:
        raise ParticleError(path, f"it is no stack that can be read ({error}); {_GIVE}") from error
    if header.axes != (0, 1, 2):
        raise ParticleError(path, "its axes are not in the order x, y, z, as those of a stack are")
    sections, rows, columns = header.shape
    if rows != columns:
        raise ParticleError(
            path, f"its images are not square ({columns} × {rows} pixels); give square ones"
        )
    count, image = sections * header.volumes, rows * columns * header.dtype.itemsize
    stride = header.stride if sections == 1 else image
    there = (path.stat().st_size - header.data_offset + stride - image) // stride
    if there < count:
        raise ParticleError(
            path,
            f"it is cut short: its header promises {count:,} images and {max(there, 0):,} are "
            "there; copy it again",
        )
    values: NDArray[Any] = np.ndarray(
        (count, rows, columns),
        header.dtype,
        np.memmap(path, np.uint8, "r"),
        header.data_offset,
        (stride, columns * header.dtype.itemsize, header.dtype.itemsize),
    )
    return Stack(path, count, (rows, columns), _meant(header.voxel_size[2]), values)


def _hdf_stack(path: Path) -> Stack:
    try:
        with opened_hdf(path) as file:
            images = file[IMAGES]
            names = [name for name in images if name.isdecimal()]
            shapes = {images[name]["image"].shape for name in names}
            size = float(images["0"].attrs.get("EMAN.apix_x", 0.0))
    except (OSError, KeyError, RuntimeError) as error:
        raise ParticleError(path, "its HDF5 holds no images of EMAN2, or is damaged") from error
    if len(shapes) != 1 or len(shape := next(iter(shapes))) != 2 or shape[0] != shape[1]:
        raise ParticleError(path, "its images are not all square and of one size; give others")
    return Stack(path, len(names), shape, _meant(size))


def _fill_from_hdf(path: Path, images: Images, order: Integers, indices: Integers) -> None:
    try:
        with opened_hdf(path) as file:
            for place in order:
                images[place] = file[IMAGES][str(indices[place])]["image"][...]
    except (OSError, KeyError, RuntimeError) as error:
        raise ParticleError(path, "an image of its HDF5 is damaged; copy it again") from error


def _meant(size: float) -> float | None:
    return None if any(abs(size - none) < _SAME for none in _NO_SIZE) else size


def _sides(shape: tuple[int, ...]) -> str:
    return " × ".join(str(side) for side in shape[::-1])
