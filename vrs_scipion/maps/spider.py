"""The header of a SPIDER file, the format of many of Xmipp's volumes.

Its words are 32-bit floating-point numbers in either byte order, described at
https://spider.wadsworth.org/spider_doc/spider/docs/image_doc.html; they are numbered from 1 here
as there.
"""

from __future__ import annotations

import math

import numpy as np

from vrs_scipion.maps.header import Header, HeaderError

_WORDS = 256
_VOLUME, _IMAGE = 3, 1
_FOURIER = (-11, -12, -21, -22)
_LARGEST = 1 << 16


def parse_spider(raw: bytes) -> Header | None:
    """Read the first 1024 bytes of a SPIDER file; None where they are none.

    Raises
    ------
    HeaderError
        if it is a SPIDER file without a volume.
    """
    for order in "<>":
        words = _words(raw, order)
        if words is not None:
            return _header(words, order)
    return None


def parse_spider_images(raw: bytes) -> Header | None:
    """Read the first 1024 bytes of a SPIDER file of images; None where they are none.

    An image is a volume of one section there.
    """
    for order in "<>":
        words = _words(raw, order)
        if words is not None and words[5] == _IMAGE:
            return _laid_out(words, order)
    return None


def _words(raw: bytes, order: str) -> list[float] | None:
    """The words of the header by their numbers, where they are one in this byte order."""
    if len(raw) < 4 * _WORDS:
        return None
    words = [0.0, *(float(w) for w in np.frombuffer(raw[: 4 * _WORDS], f"{order}f4"))]
    whole = (1, 2, 5, 12, 13, 22, 23)
    if not all(math.isfinite(words[n]) and words[n] == int(words[n]) for n in whole):
        return None
    sections, rows, columns = abs(words[1]), words[2], words[12]
    if not all(1 <= n < _LARGEST for n in (sections, rows, columns)):
        return None
    if words[5] not in (_VOLUME, _IMAGE, *_FOURIER):
        return None
    records = math.ceil(4 * _WORDS / (4 * columns))
    header_bytes = records * 4 * columns
    return words if words[22] in (0, header_bytes) and words[13] in (0, records) else None


def _header(words: list[float], order: str) -> Header:
    sections, rows, columns = int(abs(words[1])), int(words[2]), int(words[12])
    if words[5] in _FOURIER:
        raise HeaderError("it is a SPIDER file of a Fourier transform, not a density")
    if words[5] == _IMAGE or sections == 1:
        count = int(words[26]) if words[24] > 0 and math.isfinite(words[26]) else 1
        raise HeaderError(
            f"it holds {count if count > 1 else 'a'} two-dimensional "
            f"image{'s' if count > 1 else ''} ({columns} × {rows} pixels, SPIDER), not a map; give "
            "the reconstruction"
        )
    return _laid_out(words, order)


def _laid_out(words: list[float], order: str) -> Header:
    """Where what lies in the file."""
    sections, rows, columns = int(abs(words[1])), int(words[2]), int(words[12])
    header_bytes = math.ceil(_WORDS / columns) * 4 * columns
    is_stack = words[24] > 0 and math.isfinite(words[26])
    size = words[38] if math.isfinite(words[38]) and words[38] > 0 else 0.0
    data = 4 * sections * rows * columns
    return Header(
        shape=(sections, rows, columns),
        volumes=max(1, int(words[26])) if is_stack else 1,
        dtype=np.dtype(f"{order}f4"),
        data_offset=header_bytes * (2 if is_stack else 1),
        axes=(0, 1, 2),
        voxel_size=(float(f"{size:.6g}"),) * 3,
        nstart=(0, 0, 0),
        origin=(0.0, 0.0, 0.0),
        range=None,
        notes=("The file is a SPIDER volume.",),
        stride=data + header_bytes,
        format="SPIDER",
    )
