"""The entry folder: a prepared map with its masks, and ``entry.json`` that describes them."""

from __future__ import annotations

from typing import Literal

from pydantic import ConfigDict, Field

from vrs_scipion.results.model import Record

ENTRY_SCHEMA: Literal["vrs-entry/1"] = "vrs-entry/1"
ENTRY_FILE = "entry.json"

Box = tuple[int, int, int]
Lengths = tuple[float, float, float]


class SourceFile(Record):
    """A file as its owner gave it."""

    name: str
    sha256: str
    bytes: int
    notes: tuple[str, ...] = ()


class MaskFile(Record):
    """A mask of the entry: how it was made and how much of the box it holds."""

    file: str
    voxels: int | float
    description: str


class ResizedMap(Record):
    """The map on a grid whose Nyquist frequency is the reported resolution, with its mask."""

    file: str
    box: Box
    voxel_size: Lengths
    hard_mask: MaskFile | None = None


class Deposition(Record):
    """What an archive says of a map that was deposited there; ``voxel_size`` in Å along z, y, x.

    ``deposited`` is an ISO 8601 date; ``pdb_ids`` are the fitted models.
    """

    accession: str
    url: str
    title: str = ""
    authors: tuple[str, ...] = ()
    deposited: str | None = None
    contour: float | None = None
    resolution: float | None = None
    voxel_size: Lengths | None = None
    pdb_ids: tuple[str, ...] = ()

    @property
    def source(self) -> str:
        """The archive's entry in words, e.g. 'EMDB entry EMD-3488'."""
        return f"EMDB entry {self.accession}"


class Entry(Record):
    """A prepared map. Triples run along z, y, x; lengths are in Å; files are relative.

    ``*_from`` says where a value came from ('file header', 'given by the user', …).
    """

    schema_version: Literal["vrs-entry/1"] = Field(default=ENTRY_SCHEMA, alias="schema")
    title: str
    origin_of_data: str = "user data"
    deposition: Deposition | None = None
    source: SourceFile
    half_maps: tuple[SourceFile, ...] = ()
    map_file: str
    half_map_files: tuple[str, ...] = ()
    box: Box
    voxel_size: Lengths
    voxel_size_from: str
    nstart: Box
    origin: Lengths
    contour: float
    contour_from: str = "given by the user"
    resolution: float | None = None
    resolution_from: str = "given by the user"
    minimum: float
    maximum: float
    mean: float
    standard_deviation: float
    raw_mask_voxels: int
    hard_mask: MaskFile
    dilation_iterations: int
    soft_mask: MaskFile
    soft_mask_sigma: float
    resized: ResizedMap | None = None
    warnings: tuple[str, ...] = ()

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)
