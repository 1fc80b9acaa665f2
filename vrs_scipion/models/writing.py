"""Writing the arrays of a model as mmCIF, for other programs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import gemmi
import numpy as np

from vrs_scipion.files import written_whole
from vrs_scipion.models.atomic_model import AtomicModel


def write_mmcif(model: AtomicModel, path: Path, shift: Sequence[float] = (0.0, 0.0, 0.0)) -> None:
    """Write all atoms, each chain under its label, which no other chain has.

    Hydrogens, alternative conformations, occupancies and anisotropic displacements are written as
    they are, a cell is not.

    Parameters
    ----------
    path : ``.cif`` file to write
    shift : x, y, z in Å, added to all positions
    """
    document = gemmi.cif.Document()
    block = document.add_new_block("model")
    sites = _sites(model, shift)
    block.init_loop("_atom_site.", list(sites)).set_all_values(list(sites.values()))
    anisotropic = np.flatnonzero(model.anisotropic.any(axis=1))
    if anisotropic.size:
        columns = {"id": [str(i + 1) for i in anisotropic.tolist()]}
        for name, values in zip(_TENSOR, model.anisotropic[anisotropic].T, strict=True):
            columns[name] = _numbers(values, ".5f")
        block.init_loop("_atom_site_anisotrop.", list(columns)).set_all_values(
            list(columns.values())
        )
    with written_whole(path) as unfinished:
        document.write_file(str(unfinished))


_TENSOR = [f"U[{pair[0]}][{pair[1]}]" for pair in ("11", "22", "33", "12", "13", "23")]


def _sites(model: AtomicModel, shift: Sequence[float]) -> dict[str, list[str]]:
    """The columns of the table of atoms, by their names."""
    of, atoms = model.residues, model.atoms
    label = _words(model.chains.labels[model.chain])
    name, residue = _words(model.names), _words(of.names[model.residue])
    number = [str(one) for one in of.numbers[model.residue].tolist()]
    x, y, z = (atoms.positions + np.asarray(shift)).T
    count = len(model)
    return {
        "group_PDB": ["ATOM"] * count,
        "id": [str(i + 1) for i in range(count)],
        "type_symbol": _words(atoms.elements),
        "label_atom_id": name,
        "label_alt_id": _words(model.altlocs, absent="."),
        "label_comp_id": residue,
        "label_asym_id": label,
        "label_entity_id": ["?"] * count,
        "label_seq_id": number,
        "pdbx_PDB_ins_code": _words(of.insertions[model.residue], absent="?"),
        "Cartn_x": _numbers(x, ".4f"),
        "Cartn_y": _numbers(y, ".4f"),
        "Cartn_z": _numbers(z, ".4f"),
        "occupancy": _numbers(atoms.occupancies, ".3f"),
        "B_iso_or_equiv": _numbers(atoms.b_factors, ".3f"),
        "auth_seq_id": number,
        "auth_comp_id": residue,
        "auth_asym_id": label,
        "auth_atom_id": name,
        "pdbx_PDB_model_num": ["1"] * count,
    }


def _words(values: Iterable[Any], absent: str = "?") -> list[str]:
    return [gemmi.cif.quote(str(value)) if str(value) else absent for value in values]


def _numbers(values: Iterable[Any], form: str) -> list[str]:
    return [format(float(value), form) for value in values]
