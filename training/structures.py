"""Atomic structures as arrays: what training maps are drawn from, and where their helices are."""

from __future__ import annotations

import gzip
import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gemmi
import numpy as np
from numpy.typing import NDArray

SCATTERING = {"C": 2.51, "N": 2.21, "O": 1.98, "S": 5.16, "P": 5.49}
"""Scattering lengths of neutral atoms for electrons at zero angle, Å; others count 5."""

_OTHERS = 5.0
_HELIX_DISTANCE = (4.4, 6.2)
_HELIX_DIHEDRAL = (25.0, 80.0)
_BOND = 4.3
_SHORTEST = 6


@dataclass(frozen=True)
class Structure:
    """The heavy atoms of a model and the axes of its α-helices, x, y, z in Å.

    Attributes
    ----------
    name : file name
    kind : 'protein', 'RNA', …
    positions : (n, 3)
    weights : (n,), scattering lengths times occupancies
    b_factors : (n,), Å²
    axis : (m, 3), points on the helices' axes, 1.5 Å apart
    direction : (m, 3), unit vectors along them
    """

    name: str
    kind: str
    positions: NDArray[np.float32]
    weights: NDArray[np.float32]
    b_factors: NDArray[np.float32]
    axis: NDArray[np.float32]
    direction: NDArray[np.float32]


def read_index(folder: Path) -> list[dict[str, Any]]:
    """The records of ``index.json``: file, kind, helix_fraction, beta_fraction, …"""
    records: list[dict[str, Any]] = json.loads((folder / "index.json").read_text())
    return records


def read_model(path: Path) -> gemmi.Structure:
    """A PDB or mmCIF file, gzipped or plain, without waters and hydrogens."""
    content = path.read_bytes()
    if path.suffix == ".gz":
        content = gzip.decompress(content)
    text = content.decode("utf-8", errors="replace")
    if ".cif" in path.suffixes:
        structure = gemmi.make_structure_from_block(gemmi.cif.read_string(text)[0])
    else:
        structure = gemmi.read_pdb_string(text)
    structure.setup_entities()
    structure.remove_hydrogens()
    structure.remove_waters()
    return structure


def sha256(path: Path) -> str:
    """SHA-256 of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def load_structure(path: Path, kind: str) -> Structure:
    """Atoms and helices of the first model of a file."""
    model = read_model(path)[0]
    atoms = [site.atom for site in model.all()]
    axis, direction = helix_axes(model)
    return Structure(
        name=path.name,
        kind=kind,
        positions=np.array([a.pos.tolist() for a in atoms], dtype=np.float32),
        weights=np.array(
            [SCATTERING.get(a.element.name, _OTHERS) * a.occ for a in atoms], dtype=np.float32
        ),
        b_factors=np.array([a.b_iso for a in atoms], dtype=np.float32),
        axis=axis,
        direction=direction,
    )


def sequences(model: gemmi.Model) -> list[str]:
    """One-letter sequences of the protein chains, as far as they are modelled."""
    found = []
    for chain in model:
        codes = [gemmi.find_tabulated_residue(r.name) for r in chain]
        letters = [c.one_letter_code.upper() for c in codes if c.is_amino_acid()]
        letters = [letter for letter in letters if letter.isalpha() and letter != "X"]
        if len(letters) >= 30:
            found.append("".join(letters))
    return sorted(set(found))


def helix_axes(model: gemmi.Model) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Points and directions of the axes of right-handed α-helices, from Cα atoms alone.

    Four consecutive Cα belong to a helix if the first and the last are 4.4 to 6.2 Å apart and
    their dihedral angle is between 25° and 80°; runs of at least 6 residues count. The axis goes
    through the means of four consecutive Cα.
    """
    points, directions = [], []
    for chain in model:
        trace = np.array([r.find_atom("CA", "*").pos.tolist() for r in chain if _has_ca(r)])
        for run in _helical_runs(trace):
            centres = np.lib.stride_tricks.sliding_window_view(run, 4, axis=0).mean(axis=-1)
            tangent = np.gradient(centres, axis=0)
            points.append(centres)
            directions.append(tangent / np.linalg.norm(tangent, axis=1, keepdims=True))
    if not points:
        return np.empty((0, 3), np.float32), np.empty((0, 3), np.float32)
    return (
        np.concatenate(points).astype(np.float32),
        np.concatenate(directions).astype(np.float32),
    )


def _has_ca(residue: gemmi.Residue) -> bool:
    atom = residue.find_atom("CA", "*")
    return atom is not None and atom.element.name == "C"


def _helical_runs(trace: NDArray[np.float64]) -> list[NDArray[np.float64]]:
    n = len(trace)
    if n < _SHORTEST:
        return []
    bonds = np.diff(trace, axis=0)
    linked = np.linalg.norm(bonds, axis=1) < _BOND
    b0, b1, b2 = bonds[:-2], bonds[1:-1], bonds[2:]
    span = np.linalg.norm(trace[3:] - trace[:-3], axis=1)
    n1, n2 = np.cross(b0, b1), np.cross(b1, b2)
    sine = np.linalg.norm(b1, axis=1) * np.einsum("ij,ij->i", b0, n2)
    dihedral = np.degrees(np.arctan2(sine, np.einsum("ij,ij->i", n1, n2)))
    helical = (
        linked[:-2]
        & linked[1:-1]
        & linked[2:]
        & (span > _HELIX_DISTANCE[0])
        & (span < _HELIX_DISTANCE[1])
        & (dihedral > _HELIX_DIHEDRAL[0])
        & (dihedral < _HELIX_DIHEDRAL[1])
    )
    edges = np.flatnonzero(np.diff(np.concatenate(([0], helical.astype(np.int8), [0]))))
    runs = [(start, stop + 3) for start, stop in zip(edges[::2], edges[1::2], strict=True)]
    return [trace[start:stop] for start, stop in runs if stop - start >= _SHORTEST]
