"""What atoms are called: the names by which a model file knows them."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

Names = NDArray[np.str_]


@dataclass(frozen=True)
class Labels:
    """Names of n atoms, as the model's authors give them.

    Attributes
    ----------
    chains, residues, names, altlocs : str arrays, shape (n,): chain, residue (``"ALA"``), atom
        (``"CA"``), alternative conformation (``""`` for none)
    numbers : int64 array, shape (n,), residue numbers
    insertions : str array, shape (n,), insertion codes (``""`` for none)

    Raises
    ------
    ValueError
        If the arrays disagree about the number of atoms.
    """

    chains: Names
    numbers: NDArray[np.int64]
    insertions: Names
    residues: Names
    names: Names
    altlocs: Names

    def __post_init__(self) -> None:
        shapes = {field.name: getattr(self, field.name).shape for field in fields(self)}
        if any(shape != (len(self),) for shape in shapes.values()):
            raise ValueError(f"labels of different lengths: {shapes}")

    def __len__(self) -> int:
        return len(self.chains)

    def selected(self, which: NDArray[np.bool_]) -> Labels:
        """The labels of the atoms where ``which``, shape (n,), is true."""
        return Labels(*(getattr(self, field.name)[which] for field in fields(self)))


def anonymous(elements: tuple[str, ...]) -> Labels:
    """Labels of atoms that have none: chain A, residues UNK from 1 on, the element as name."""
    n = len(elements)
    return Labels(
        chains=np.full(n, "A"),
        numbers=np.arange(1, n + 1),
        insertions=np.full(n, ""),
        residues=np.full(n, "UNK"),
        names=np.array(elements, dtype=np.str_),
        altlocs=np.full(n, ""),
    )
