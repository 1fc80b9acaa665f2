"""Scores of residues and of atoms as tables that other programs read: one line each, as CSV."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from vrs_scipion.files import written_whole
from vrs_scipion.models.atomic_model import AtomicModel

Of = Literal["residues", "atoms"]
Column = NDArray[Any]
"""Numbers (NaN for none) or words ('' for none), one for each residue or atom."""

SCORE_FILES: dict[Of, str] = {"residues": "residues.csv", "atoms": "atoms.csv"}
"""The files of all scores of a result."""

_DIGITS = ".5g"


def write_scores(model: AtomicModel, of: Of, columns: Mapping[str, Column], path: Path) -> None:
    """Write what the residues or atoms are called, and their scores.

    Parameters
    ----------
    model : whose residues or atoms they are
    columns : by their keys, each of shape (m,) or (n,)
    path : ``.csv`` file to write
    """
    named = _residue_names(model) if of == "residues" else _atom_names(model)
    every = {**named, **{key: as_words(values) for key, values in columns.items()}}
    with written_whole(path) as unfinished, unfinished.open("w", encoding="utf-8", newline="") as f:
        writer = csv.writer(f)
        writer.writerow(every)
        writer.writerows(zip(*every.values(), strict=True))


def read_scores(path: Path, keys: Iterable[str]) -> dict[str, list[str]]:
    """Columns of a file that ``write_scores`` has written, as their words.

    Raises
    ------
    OSError, KeyError
        If it is not there, or lacks a column.
    """
    with path.open(encoding="utf-8", newline="") as file:
        rows = csv.reader(file)
        place = {key: number for number, key in enumerate(next(rows))}
        taken = {key: place[key] for key in keys}
        lines = list(rows)
    return {key: [line[column] for line in lines] for key, column in taken.items()}


def _residue_names(model: AtomicModel) -> dict[str, list[Any]]:
    of, chains = model.residues, model.chains
    return {
        "chain": chains.names[of.chains].tolist(),
        "label": chains.labels[of.chains].tolist(),
        "number": of.numbers.tolist(),
        "insertion": of.insertions.tolist(),
        "name": of.names.tolist(),
        "kind": of.kinds.tolist(),
    }


def _atom_names(model: AtomicModel) -> dict[str, list[Any]]:
    residues = _residue_names(model)
    of_residue = model.residue.tolist()
    return {key: [words[i] for i in of_residue] for key, words in residues.items()} | {
        "atom": model.names.tolist(),
        "altloc": model.altlocs.tolist(),
        "element": list(model.atoms.elements),
    }


def as_words(values: Column) -> list[str]:
    """Numbers as they are written, '' for NaN; words as they are."""
    if values.dtype.kind in "US":
        return [str(word) for word in values.tolist()]
    return [
        "" if math.isnan(value) else format(value, _DIGITS)
        for value in np.asarray(values, np.float64).tolist()
    ]
