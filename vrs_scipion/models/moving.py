"""A model's mmCIF file with its atoms in another place, and nothing else changed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import gemmi
import numpy as np
from numpy.typing import NDArray

from vrs_scipion.files import written_whole
from vrs_scipion.models.atoms import Coordinates

_CARTESIAN = ("Cartn_x", "Cartn_y", "Cartn_z")
_TENSORS = ("U[1][1]", "U[2][2]", "U[3][3]", "U[1][2]", "U[1][3]", "U[2][3]")


def write_moved(
    source: Path,
    path: Path,
    move: Callable[[Coordinates], Coordinates],
    turn: Callable[[NDArray[np.float32]], NDArray[np.float32]],
) -> None:
    """Write an mmCIF file whose atoms are moved.

    Parameters
    ----------
    source : mmCIF file
    path : to write
    move : of positions x, y, z in Å, shape (n, 3); atoms without a position stay as they are
    turn : of anisotropic displacements, shape (n, 6), as `AtomicModel.anisotropic`
    """
    document = gemmi.cif.read(str(source))
    for block in document:
        _change(block, "_atom_site.", _CARTESIAN, move)
        _change(block, "_atom_site_anisotrop.", _TENSORS, turn)
    with written_whole(path) as unfinished:
        document.write_file(str(unfinished))


def _change(
    block: gemmi.cif.Block, prefix: str, names: tuple[str, ...], change: Callable[..., NDArray[Any]]
) -> None:
    """Change columns of numbers together, in the rows where all of them are numbers."""
    columns = [block.find_loop(prefix + name) for name in names]
    if not all(columns):
        return
    texts = [list(column) for column in columns]
    values = np.array([[gemmi.cif.as_number(text) for text in column] for column in texts]).T
    known = np.flatnonzero(np.isfinite(values).all(axis=1))
    digits = 3 if prefix == "_atom_site." else 4
    for row, changed in zip(known.tolist(), change(values[known]), strict=True):
        for column, value in zip(columns, changed, strict=True):
            column[row] = f"{value:.{digits}f}"
