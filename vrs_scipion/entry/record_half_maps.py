"""The record of two prepared half maps."""

from __future__ import annotations

import math
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
    triple,
    voxel_words,
)
from vrs_scipion.results.model import Record
from vrs_scipion.results.numbers import quantity

HALF_MAPS_SCHEMA: Literal["vrs-half-maps/1"] = "vrs-half-maps/1"


class HalfMap(Record):
    """One of the two: its file as it was given, as it was prepared, and what it holds.

    ``constant_fraction`` is the share of its voxels that equal all six of their neighbours.
    """

    source: SourceFile
    file: str
    minimum: float
    maximum: float
    mean: float
    standard_deviation: float
    constant_fraction: float


class GivenMask(Record):
    """A mask that was given beside the half maps: its file, and as it was brought to their grid.

    ``voxels`` is the sum of its values, ``volume_fraction`` that over the box; ``placed`` says how
    it was brought there, '' where that is its own grid.
    """

    source: SourceFile
    file: str
    voxels: float
    volume_fraction: float
    placed: str = ""


class DepositedFsc(Record):
    """The correlation of the half maps that was deposited: its file, and a copy of that.

    It has so many ``points``; the last of them lies at a ``finest`` of so many Å.
    """

    source: SourceFile
    file: str
    points: int
    finest: float


class HalfMapsRecord(InputRecord):
    """Two half maps on one grid, with the soft mask under which they are compared.

    ``map_placed`` says how the map and its mask were brought to that grid, '' where it is the
    map's own; ``map_offset`` is what lies between voxel 0 of the two, in Å along z, y, x. The
    ``background`` is what lies farther than ``background_distance`` Å from the hard mask.
    """

    schema_version: Literal["vrs-half-maps/1"] = Field(default=HALF_MAPS_SCHEMA, alias="schema")
    halves: tuple[HalfMap, HalfMap]
    box: Box
    voxel_size: Lengths
    voxel_size_from: str
    nstart: Box
    origin: Lengths
    map_placed: str = ""
    map_offset: Lengths = (0.0, 0.0, 0.0)
    hard_mask: MaskFile
    background: MaskFile
    background_distance: float
    given_mask: GivenMask | None = None
    deposited_fsc: DepositedFsc | None = None
    soft_mask: MaskFile
    soft_mask_dilation: float
    soft_mask_edge: float
    soft_mask_touches_faces: bool

    _counts: ClassVar[tuple[str, ...]] = ("voxel_size",)

    @property
    def sources(self) -> tuple[SourceFile, ...]:
        beside = (self.given_mask, self.deposited_fsc)
        return (
            *(half.source for half in self.halves),
            *(one.source for one in beside if one is not None),
        )

    @property
    def background_fraction(self) -> float:
        """Of the box."""
        return self.background.voxels / math.prod(self.box)

    @property
    def facts(self) -> tuple[Fact, ...]:
        facts = []
        for number, half in enumerate(self.halves, 1):
            facts += [
                Fact(label=f"Half map {number}", value=half.source.name, kind="name"),
                Fact(label=f"SHA-256 of half map {number}", value=half.source.sha256, kind="code"),
                Fact(
                    label=f"Values of half map {number}",
                    value=f"from {half.minimum:.4g} to {half.maximum:.4g}, mean {half.mean:.4g}, "
                    f"σ {half.standard_deviation:.4g}; {100 * half.constant_fraction:.2f} % of its "
                    "voxels are constant",
                ),
                *(
                    Fact(label=f"Note on half map {number}", value=note)
                    for note in half.source.notes
                ),
            ]
        return (
            *facts,
            Fact(label="Box of the half maps", value=f"{triple(self.box)} voxels (x × y × z)"),
            Fact(
                label="Their voxel size",
                value=f"{voxel_words(self.voxel_size)} ({self.voxel_size_from})",
            ),
            *((Fact(label="The map's mask", value=self.map_placed),) if self.map_placed else ()),
            Fact(
                label="Hard mask of the half maps",
                value=f"{self.hard_mask.voxels:,.0f} voxels: {self.hard_mask.description}",
            ),
            Fact(
                label="Soft mask of the half maps",
                value=f"{self.soft_mask.voxels:,.0f} voxels: {self.soft_mask.description}",
            ),
            Fact(
                label="Background of the half maps",
                value=f"{100 * self.background_fraction:.3g} % of the box: "
                f"{self.background.description}",
            ),
            *self._given_mask_facts(),
            *self._deposited_fsc_facts(),
        )

    def _given_mask_facts(self) -> Iterator[Fact]:
        given = self.given_mask
        if given is None:
            return
        yield Fact(label="Mask", value=given.source.name, kind="name")
        yield Fact(label="SHA-256 of the mask", value=given.source.sha256, kind="code")
        placed = f"; {given.placed}" if given.placed else ""
        yield Fact(
            label="Volume of the mask",
            value=f"{100 * given.volume_fraction:.3g} % of the box of the half maps{placed}",
        )
        for note in given.source.notes:
            yield Fact(label="Note on the mask", value=note)

    def _deposited_fsc_facts(self) -> Iterator[Fact]:
        curve = self.deposited_fsc
        if curve is None:
            return
        yield Fact(label="Deposited FSC curve", value=curve.source.name, kind="name")
        yield Fact(label="SHA-256 of that curve", value=curve.source.sha256, kind="code")
        yield Fact(
            label="Points of that curve",
            value=f"{curve.points:,}, up to {quantity(curve.finest, 'Å')}",
        )

    @property
    def volumes(self) -> tuple[PreparedVolume, ...]:
        return (
            *(
                PreparedVolume(key=f"half{n}", label=f"Half map {n}", file=half.file)
                for n, half in enumerate(self.halves, 1)
            ),
            PreparedVolume(
                key="half_maps_mask",
                label="Soft mask of the half maps",
                file=self.soft_mask.file,
                kind="mask",
            ),
            *self._given_mask_volumes(),
        )

    def _given_mask_volumes(self) -> Iterator[PreparedVolume]:
        if self.given_mask is not None:
            yield PreparedVolume(
                key="given_mask",
                label="Mask as it was given",
                file=self.given_mask.file,
                kind="mask",
            )
