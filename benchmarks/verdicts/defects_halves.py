"""What can be wrong with half maps, their map, their mask or what is said of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from defects import Defect
from recipe import SHARPENED_TO, Deposit, Edit, Recipe

from vrs_scipion.maps.density import Volume
from vrs_scipion.maps.masks import cosine_mask
from vrs_scipion.simulation import Anisotropy, Fault
from vrs_scipion.simulation.half_masks import cutting, ragged, touching
from vrs_scipion.simulation.signal import Signal

_AXIS = (0.36, 0.48, 0.8)
"""Along x, y, z: of what half maps may lack."""
_NYQUIST = 2.15
"""Voxels per resolution that may still be claimed."""


def _wrong(kind: str) -> Callable[[Recipe, float], Recipe]:
    """A fault of ``vrs simulate --halves`` of this kind; the dial is its size."""

    def make_edit(dial: float) -> Edit:
        def edit(deposit: Deposit, _: np.random.Generator) -> Deposit:
            assert deposit.halves is not None
            halves = replace(deposit.halves, map=deposit.density.values)
            spoiled = Fault(kind=kind, size=dial).applied(halves)
            return replace(deposit.with_values(spoiled.map), halves=spoiled)

        return edit

    return lambda recipe, dial: recipe.edited(make_edit(dial))


def _masked_by(make_mask: Callable[[Signal, float], Volume]) -> Callable[[Recipe, float], Recipe]:
    """Another mask is deposited."""

    def make_edit(dial: float) -> Edit:
        def edit(deposit: Deposit, _: np.random.Generator) -> Deposit:
            assert deposit.halves is not None
            return replace(deposit, mask=make_mask(deposit.halves.signal, dial))

        return edit

    return lambda recipe, dial: recipe.edited(make_edit(dial))


def _tight(signal: Signal, voxels: float) -> Volume:
    size = signal.density.voxel_size
    return cosine_mask(signal.molecule, size, 0.0, voxels * max(size))


def _claimed(recipe: Recipe, share: float) -> Recipe:
    """On voxels so fine that the claim is within the Nyquist limit."""

    def edit(deposit: Deposit, _: np.random.Generator) -> Deposit:
        return replace(deposit, resolution=round(share * deposit.resolution, 2))

    return replace(recipe, sampling=max(recipe.sampling, _NYQUIST / share)).edited(edit)


def _uneven(kind: str) -> Callable[[Recipe, float], Recipe]:
    """Half maps that hold less along an axis, by the dial; their noise follows from the fall."""
    return lambda recipe, dial: recipe.paired(
        anisotropy=Anisotropy.model_validate({"axis": _AXIS, kind: dial}), spectrum=None
    )


HALVES_DEFECTS: tuple[Defect, ...] = (
    Defect("identical", "both half maps are one", "", (1,), 1, ("1.i",), _wrong("identical")),
    Defect("scaled", "one half map is a scaled copy of the other", "×",
           (2,), 2, ("1.i",), _wrong("scaled")),
    Defect("shared_noise", "half maps share noise", "of the noise's power",
           (0.02, 0.05, 0.1, 0.3), 0.1, ("1.i",), lambda recipe, dial: recipe.paired(shared=dial)),
    Defect("masked_softly", "half maps are masked, the edge soft", "",
           (1,), 1, ("1.i",), _wrong("masked-soft")),
    Defect("masked_hard", "half maps are masked, the edge hard", "",
           (1,), 1, ("1.i",), _wrong("masked-hard")),
    Defect("halves_low_passed", "half maps are low-passed", "× the resolution",
           (0.8, 1.0, 1.3), 1.0, ("1.i",), _wrong("low-passed")),
    Defect("denoised", "half maps are denoised with each other", "power of Wiener's weight",
           (0.5, 1, 2), 1, ("1.i",), _wrong("denoised")),
    Defect("noise_only", "there is nothing but noise in the half maps", "",
           (1,), 1, ("1.a", "1.b"), _wrong("noise")),
    Defect("half_inverted", "one half map is inverted", "", (1,), 1, ("1.a", "1.j"),
           _wrong("inverted")),
    Defect("half_mirrored", "one half map is mirrored", "", (1,), 1, ("1.j",), _wrong("mirrored")),
    Defect("half_shifted", "one half map is shifted", "voxels",
           (0.25, 0.5, 1, 2), 0.5, ("1.j",), _wrong("shifted")),
    Defect("another_map", "the half maps are of another map", "", (1,), 1, ("1.j",),
           lambda recipe, _: recipe.paired(swapped=True)),
    Defect("map_permuted", "the map's axes are in another order than the half maps'", "",
           (1,), 1, ("1.j",), _wrong("map-permuted")),
    Defect("map_mirrored", "the map is of the other hand than the half maps", "",
           (1,), 1, ("1.j",), _wrong("map-mirrored")),
    Defect("map_shifted", "the map is shifted", "voxels",
           (0.5, 1, 2, 3), 2, ("1.j",), _wrong("map-shifted")),
    Defect("map_stretched", "the map is too large", "%",
           (0.5, 1, 3), 1, ("1.j",), _wrong("map-stretched")),
    Defect("map_filtered", "the map is filtered more at one side than at the other",
           "× the resolution", (1.5, 2, 3), 3, ("1.j",), _wrong("map-locally-filtered")),
    Defect("overclaimed_halves", "the resolution claimed goes beyond the half maps'",
           "of the right one", (0.9, 0.8, 0.7), 0.8, ("1.a",), _claimed),
    Defect("mask_tight", "the mask is tight", "voxels of edge",
           (5, 3, 1), 1, ("1.k",), _masked_by(_tight)),
    Defect("mask_ragged", "the mask is hard and ragged", "", (1,), 1, ("1.k",),
           _masked_by(lambda signal, _: ragged(signal))),
    Defect("mask_cutting", "the mask cuts a third of the molecule off", "", (1,), 1, ("1.k",),
           _masked_by(lambda signal, _: cutting(signal))),
    Defect("mask_touching", "the mask reaches a face of the box", "", (1,), 1, ("1.k",),
           _masked_by(lambda signal, _: touching(signal))),
    Defect("directions_lost", "the resolution falls along an axis", "of the frequency",
           (0.2, 0.3, 0.4), 0.4, ("1.g", "1.h"), _uneven("loss"), coarsest=SHARPENED_TO),
    Defect("missing_cone", "a cone has hardly any views", "° from its axis",
           (10, 20, 30), 30, ("1.g", "1.h"), _uneven("missing_cone"),
           coarsest=SHARPENED_TO),
)  # fmt: skip
