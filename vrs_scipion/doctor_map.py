"""What a map's file says and how it is understood, a line for each."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from vrs_scipion.doctor import Finding
from vrs_scipion.entry.records import triple, voxel_words
from vrs_scipion.files import InputError
from vrs_scipion.maps.containers import opened
from vrs_scipion.maps.density import Density
from vrs_scipion.maps.header import HEADER_BYTES, Header, header_words
from vrs_scipion.maps.kind import VolumeKind, recognised, sections_are_unrelated
from vrs_scipion.maps.location import located
from vrs_scipion.maps.reading import read_density, read_header
from vrs_scipion.maps.statistics import moments


def examine_map(path: Path) -> Iterator[Finding]:
    """Everything that was read from a map's header, then how it was understood, or why not."""
    where = located(path)
    try:
        with opened(where.file) as (stream, compression):
            first = stream.read(HEADER_BYTES)
        size = f"{where.file.stat().st_size:,} bytes"
        yield Finding("file", True, f"{size}, compressed by {compression}" if compression else size)
        header = read_header(path)
        if header.format == "MRC":
            yield from (Finding(name, True, said) for name, said in header_words(first))
        yield from _understood(header)
        yield from _measured(read_density(path))
    except InputError as error:
        yield Finding("understood", False, error.problem)


def _understood(header: Header) -> Iterator[Finding]:
    sections, rows, columns = header.shape
    names = [("z", "y", "x")[axis] for axis in header.axes]
    yield Finding("format", True, header.format)
    yield Finding(
        "axes",
        True,
        f"sections, rows, columns ({sections}, {rows}, {columns}) = {', '.join(names)}",
    )
    yield Finding("volumes", not header.images, _volumes(header))
    yield Finding("values", True, f"{header.dtype.str}, from byte {header.data_offset:,} on")
    known = min(header.voxel_size) > 0
    said = (
        voxel_words(header.voxel_size) if known else header.voxel_doubt or "the header gives none"
    )
    yield Finding("voxel size", known, said)
    yield Finding("first voxel", True, f"index {triple(header.nstart)} (x × y × z)")
    yield Finding("origin", True, f"{triple(header.origin)} Å (x × y × z)")


def _volumes(header: Header) -> str:
    if header.images:
        return f"none, but {header.images} two-dimensional images"
    return str(header.volumes)


def _measured(density: Density) -> Iterator[Finding]:
    lowest, highest = float(density.values.min()), float(density.values.max())
    whole = moments(density.values)
    yield Finding("box", True, f"{triple(density.box)} voxels of {voxel_words(density.voxel_size)}")
    yield Finding(
        "range", True, f"{lowest:.6g} to {highest:.6g}, mean {whole.mean:.6g}, σ {whole.std:.6g}"
    )
    yield from (Finding("note", True, note) for note in density.notes)
    if sections_are_unrelated(density.values):
        yield Finding("kind", False, "a stack of images: its sections have nothing in common")
        return
    kind = recognised(density)
    said = kind.sentence or "a density"
    yield Finding(
        "kind", kind.kind is VolumeKind.DENSITY, f"{said} {kind.kind.consequence}".strip()
    )
