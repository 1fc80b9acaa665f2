"""The record of a prepared map with its masks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, Literal

from pydantic import Field

from vrs_scipion.entry.records import (
    Box,
    Fact,
    InputRecord,
    Lengths,
    MaskFile,
    PreparedVolume,
    SourceFile,
    contour_words,
    triple,
    voxel_words,
)
from vrs_scipion.entry.symmetry import symmetry_order
from vrs_scipion.maps.kind import Recognised, VolumeKind
from vrs_scipion.results.model import Record
from vrs_scipion.results.numbers import quantity

MAP_SCHEMA: Literal["vrs-map/2"] = "vrs-map/2"

_LISTED = 6


class ResizedMap(Record):
    """The map on a grid whose Nyquist frequency is the reported resolution, with its mask."""

    file: str
    box: Box
    voxel_size: Lengths
    hard_mask: MaskFile | None = None


class Deposition(Record):
    """What an archive says of a map that was deposited there; ``voxel_size`` in Å along z, y, x.

    ``deposited`` is an ISO 8601 date; ``pdb_ids`` are the fitted models; ``mass`` is the sample's,
    in kDa; ``symmetry`` is the point group that was applied, e.g. 'C4', '' where none is given.
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
    mass: float | None = None
    symmetry: str = ""

    @property
    def source(self) -> str:
        """The archive's entry in words, e.g. 'EMDB entry EMD-3488'."""
        return f"EMDB entry {self.accession}"


class MapRecord(InputRecord):
    """A prepared map. ``*_from`` says where a value came from ('file header', …); ``mass`` in kDa.

    ``mask_pieces`` are the voxels at the contour of each piece of the molecule that the masks hold,
    the largest first; versions before 0.3.0 kept the largest alone and did not say. ``kind`` says
    what the volume is, ``kind_evidence`` by what that was seen. ``symmetry`` is a point group, ''
    where none was given. ``halves`` are the two half maps of which it is the mean, where no map
    was given; ``source`` is then what was prepared.
    """

    schema_version: Literal["vrs-map/2"] = Field(default=MAP_SCHEMA, alias="schema")
    title: str
    origin_of_data: str = "user data"
    deposition: Deposition | None = None
    source: SourceFile
    halves: tuple[SourceFile, ...] = ()
    kind: VolumeKind = VolumeKind.DENSITY
    kind_evidence: str = ""
    map_file: str
    box: Box
    voxel_size: Lengths
    voxel_size_from: str
    nstart: Box
    origin: Lengths
    contour: float
    contour_from: str = "given by the user"
    resolution: float | None = None
    resolution_from: str = "given by the user"
    mass: float | None = None
    mass_from: str = "given by the user"
    symmetry: str = ""
    minimum: float
    maximum: float
    mean: float
    standard_deviation: float
    raw_mask_voxels: int
    mask_pieces: tuple[int, ...] = ()
    hard_mask: MaskFile
    dilation_iterations: int
    soft_mask: MaskFile
    soft_mask_sigma: float
    resized: ResizedMap | None = None

    _counts: ClassVar[tuple[str, ...]] = ("contour", "resolution", "voxel_size")
    _count_if_given: ClassVar[tuple[str, ...]] = ("mass", "symmetry")

    @property
    def recognised(self) -> Recognised:
        """What kind of volume it is."""
        return Recognised(self.kind, self.kind_evidence)

    @property
    def sources(self) -> tuple[SourceFile, ...]:
        return self.halves or (self.source,)

    @property
    def contour_sigma(self) -> float:
        """The contour level as programs of graphics say it: standard deviations from the mean."""
        return (self.contour - self.mean) / self.standard_deviation

    @property
    def facts(self) -> tuple[Fact, ...]:
        return (
            Fact(label="Made from" if self.halves else "File", value=self.source.name, kind="name"),
            *self._kind_facts(),
            *(
                Fact(label=f"SHA-256 of {half.name}", value=half.sha256, kind="code")
                for half in self.halves
            ),
            Fact(
                label="SHA-256 of the mean" if self.halves else "SHA-256",
                value=self.source.sha256,
                kind="code",
            ),
            Fact(label="Box", value=f"{triple(self.box)} voxels (x × y × z)"),
            Fact(
                label="Voxel size",
                value=f"{voxel_words(self.voxel_size)} ({self.voxel_size_from})",
            ),
            Fact(
                label="Contour level",
                value=contour_words(self.contour, self.contour_sigma, self.contour_from),
            ),
            Fact(label="Reported resolution", value=self.resolution_words),
            *self._mass_facts(),
            *self._symmetry_facts(),
            Fact(label="Hard mask", value=_mask_words(self.hard_mask) + self._shares()),
            Fact(label="Soft mask", value=_mask_words(self.soft_mask)),
            *(Fact(label="Note", value=note) for note in self.source.notes),
        )

    def _mass_facts(self) -> Iterator[Fact]:
        if self.mass is not None:
            value = f"{quantity(self.mass, 'kDa')} ({self.mass_from})"
            yield Fact(label="Mass of the molecule", value=value)

    def _symmetry_facts(self) -> Iterator[Fact]:
        if self.symmetry:
            order = symmetry_order(self.symmetry)
            copies = "1 copy" if order == 1 else f"{order} copies"
            yield Fact(label="Point group", value=f"{self.symmetry}: {copies} of the same part")

    def _shares(self) -> str:
        """Of each piece in the voxels at the contour, where there are several."""
        if len(self.mask_pieces) < 2:
            return ""
        shares = [f"{100 * size / self.raw_mask_voxels:.1f} %" for size in self.mask_pieces]
        more = f" and {len(shares) - _LISTED:,} more" if len(shares) > _LISTED else ""
        return f"; they hold {', '.join(shares[:_LISTED])}{more} of those voxels"

    def _kind_facts(self) -> Iterator[Fact]:
        if self.kind is not VolumeKind.DENSITY:
            noun, evidence = self.kind.noun, self.kind_evidence
            yield Fact(label="Kind", value=f"{noun[:1].upper()}{noun[1:]}: {evidence}")

    @property
    def resolution_words(self) -> str:
        """The reported resolution and who reported it."""
        if self.resolution is None:
            return "none given"
        return f"{quantity(self.resolution, 'Å')} ({self.resolution_from})"

    @property
    def volumes(self) -> tuple[PreparedVolume, ...]:
        return (
            PreparedVolume(key="map", label="Map", file=self.map_file, contour=self.contour),
            *self._resized_volumes(),
            PreparedVolume(
                key="hard_mask", label="Hard mask", file=self.hard_mask.file, kind="mask"
            ),
            PreparedVolume(
                key="soft_mask", label="Soft mask", file=self.soft_mask.file, kind="mask"
            ),
        )

    def _resized_volumes(self) -> Iterator[PreparedVolume]:
        resized = self.resized
        if resized is None:
            return
        yield PreparedVolume(
            key="resized_volume",
            label="Map on voxels of half the resolution",
            file=resized.file,
            contour=self.contour,
        )
        if resized.hard_mask is not None:
            yield PreparedVolume(
                key="resized_mask",
                label="Hard mask on voxels of half the resolution",
                file=resized.hard_mask.file,
                kind="mask",
                shown=False,
            )


def _mask_words(mask: MaskFile) -> str:
    return f"{mask.voxels:,.0f} voxels: {mask.description}"
