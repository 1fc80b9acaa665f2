"""Xmipp's metadata files (``.xmd``): a table of numbers under labels."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from vrs_scipion.methods.shells import Reals
from vrs_scipion.methods.xmipp import XmippError


def read_metadata(path: Path, *labels: str) -> tuple[Reals, ...]:
    """Read columns of a metadata file's first table, by their labels.

    Parameters
    ----------
    path : of the file, whose first block holds one ``loop_`` of numbers
    labels : of the columns, e.g. 'resolutionFSO'

    Returns
    -------
    float64 arrays, shape (rows,)

    Raises
    ------
    XmippError
        if the file is not there, has no such column, or holds what is no number.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise XmippError(f"Xmipp wrote no {path.name}") from error
    known: list[str] = []
    rows: list[list[str]] = []
    for words in map(str.split, lines):
        if rows and words and words[0].startswith("data_"):
            break
        if words and words[0].startswith("_"):
            known.append(words[0][1:])
        elif words and known:
            rows.append(words)
    missing = [label for label in labels if label not in known]
    if missing or not rows or any(len(row) != len(known) for row in rows):
        raise XmippError(f"Xmipp wrote a {path.name} that is not the table it should be")
    try:
        table = np.array(rows, np.float64).T
    except ValueError as error:
        raise XmippError(f"Xmipp wrote a {path.name} with what is no number ({error})") from error
    return tuple(table[known.index(label)] for label in labels)
