"""The command ``vrs contour``: the level that the program suggests, and what others enclose."""

from __future__ import annotations

import argparse
from collections.abc import Iterator

import numpy as np

from vrs_scipion.entry.contour import given_density
from vrs_scipion.entry.inputs import FIELDS
from vrs_scipion.entry.read_half_maps import HALF_KEYS
from vrs_scipion.entry.request import Request
from vrs_scipion.entry.words import ANGSTROM, number_from
from vrs_scipion.files import InputError
from vrs_scipion.maps.kind import Trait, recognised
from vrs_scipion.maps.location import location_path
from vrs_scipion.methods.contour_level import LevelStudy, Suggestion, enclosed

DESCRIPTION = (
    "Suggest a contour level for a map, or for the mean of two half maps, say how it was chosen "
    "and what each level encloses. Nothing is written."
)

_ROWS = 10


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The map, or its half maps, and its voxel size."""
    parser.add_argument("map", metavar="MAP", nargs="?", help="the map's file")
    for key in HALF_KEYS:
        parser.add_argument(FIELDS[key].option, metavar=FIELDS[key].metavar, help="in its place")
    parser.add_argument("--voxel", metavar="S", help="voxel size in Å instead of the header's")


def run(options: argparse.Namespace) -> int:
    """Print the suggestion and what levels enclose.

    Raises
    ------
    InputError
        if the map cannot be read.
    """
    try:
        voxel = number_from(options.voxel, ANGSTROM) if options.voxel else None
    except ValueError as error:
        raise InputError("--voxel", f"{error}; give a number") from error
    keys = ("map", *HALF_KEYS)
    named = {key: name for key in keys if (name := getattr(options, key)) is not None}
    paths = {key: location_path(name) for key, name in named.items()}
    for line in told(Request.of(**paths, voxel=voxel)):
        print(line)
    return 0


def told(request: Request) -> Iterator[str]:
    """What is to be said of a map's levels, or of those of a mean of half maps, line by line.

    Raises
    ------
    InputError
        if there is neither, or it cannot be read or is no density.
    """
    density, path = given_density(request), request.path("map") or request.path(HALF_KEYS[0])
    if density is None or path is None:
        raise InputError("map", "give the map's file, or its two half maps")
    kind = recognised(density)
    if Trait.DENSITY in kind.kind.lacks:
        raise InputError(path, f"this is {kind.kind.noun}: {kind.evidence}; give a map")
    if kind.sentence:
        yield kind.sentence
    study = LevelStudy(density)
    suggestion = study.suggest()
    yield f"Suggested contour level: {suggestion.level:g}"
    yield suggestion.reason
    yield "A suggestion follows from the map alone: a level that was published goes before it."
    yield ""
    yield f"{'level':>12} {'voxels':>12} {'Å³':>14} {'kDa':>10} {'pieces':>8} {'largest':>8}"
    yield from (_row(study, suggestion, level) for level in _levels(study, suggestion))


def _levels(study: LevelStudy, suggestion: Suggestion) -> list[float]:
    """From where the noise ends to the map's maximum, the suggested one among them."""
    spaced = np.linspace(study.floor(), study.range[1], _ROWS + 1)[:-1]
    return sorted({float(f"{level:.3g}") for level in (*spaced, suggestion.level)})


def _row(study: LevelStudy, suggestion: Suggestion, level: float) -> str:
    inside, pieces = enclosed(study, level), study.pieces(level)
    mark = "  suggested" if level == suggestion.level else ""
    return (
        f"{level:>12.4g} {inside.voxels:>12,} {inside.volume:>14,.0f} {inside.kda:>10,.1f} "
        f"{pieces.count:>8,} {pieces.largest:>8.0%}{mark}"
    )
