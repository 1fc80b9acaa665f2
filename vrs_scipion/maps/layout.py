"""Where the values of an MRC file begin, if header and length disagree about the extended header.

Writers copy NSYMBT and not what it stands for, or write an extended header and no NSYMBT.
"""

from __future__ import annotations

from dataclasses import replace

from vrs_scipion.maps.header import HEADER_BYTES, Header


class LayoutError(ValueError):
    """The values of a file cannot be found: one sentence."""


def laid_out(header: Header, length: int) -> Header:
    """The header with the place of the first value that fits the file's length, and a note.

    Parameters
    ----------
    header : of an MRC or SPIDER file
    length : of the file, decompressed, in bytes

    Raises
    ------
    LayoutError
        if the file is too short, or where the values begin cannot be told.
    """
    values = (header.volumes - 1) * header.stride + header.bytes
    promised = header.data_offset + values
    if length >= promised and header.extended >= 0:
        return header
    rest = length - HEADER_BYTES - values
    if header.format != "MRC" or rest < 0:
        raise LayoutError(_too_short(header, length, promised, values))
    if rest == 0:
        return replace(
            header,
            data_offset=HEADER_BYTES,
            extended=0,
            notes=(
                *header.notes,
                f"The header promises an extended header of {header.extended:,} bytes (NSYMBT), "
                "which is not there: the file is exactly header and values, and was read so.",
            ),
        )
    raise LayoutError(
        f"its header promises an extended header of {header.extended:,} bytes (NSYMBT), but only "
        f"{rest:,} bytes of the file's {length:,} are left beside the header and {values:,} bytes "
        "of values: where these begin cannot be told; write the map again with the program that "
        "made it"
    )


def _too_short(header: Header, length: int, promised: int, values: int) -> str:
    said = (
        f"it is truncated: its header promises {promised:,} bytes, the file has {length:,}"
        if header.extended <= 0
        else f"it is truncated: the file has {length:,} bytes, fewer than its header promises with "
        f"its extended header ({promised:,}) and without ({HEADER_BYTES + values:,})"
    )
    narrower = [
        bits
        for bits in (8, 16)
        if bits < 8 * header.dtype.itemsize
        and length
        in (
            HEADER_BYTES + max(0, header.extended) + header.values * bits // 8,
            HEADER_BYTES + header.values * bits // 8,
        )
    ]
    if narrower:
        return (
            f"{said}, which is just enough for values of {narrower[0]} bits where the header says "
            f"{8 * header.dtype.itemsize}: write the map again with the program that made it"
        )
    return f"{said}; copy it again"
