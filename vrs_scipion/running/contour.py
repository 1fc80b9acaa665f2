"""The command ``vrs contour``: the level that the program suggests, and what others enclose."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from vrs_scipion.entry.words import ANGSTROM, number_from
from vrs_scipion.files import InputError
from vrs_scipion.maps.kind import Trait, recognised
from vrs_scipion.maps.location import location_path
from vrs_scipion.maps.reading import read_density
from vrs_scipion.methods.contour_level import LevelStudy, Suggestion, enclosed

DESCRIPTION = (
    "Suggest a contour level for a map, say how it was chosen and what each level encloses. "
    "Nothing is written."
)

_ROWS = 10


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The map, and its voxel size."""
    parser.add_argument("map", metavar="MAP", help="the map's file")
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
    for line in told(location_path(options.map), voxel):
        print(line)
    return 0


def told(path: Path, voxel: float | None) -> Iterator[str]:
    """What is to be said of a map's levels, line by line."""
    density = read_density(path, voxel)
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
