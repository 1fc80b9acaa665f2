"""An atomic model as mmCIF with its scores: one more column of its atoms for each."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import gemmi

from vrs_scipion.files import written_whole
from vrs_scipion.models.atomic_model import AtomicModel

_NONE = "."


class OtherAtomsError(ValueError):
    """A file holds other atoms than the model whose scores it was to carry."""


def write_scored(
    source: Path, model: AtomicModel, columns: Mapping[str, Sequence[str]], path: Path
) -> None:
    """Write a model's file again with further columns of ``_atom_site``, and all else as it is.

    Parameters
    ----------
    source : the model's mmCIF file
    model : the atoms that were read from it
    columns : by their names, a word for each of the n atoms, '' for none; atoms that are not of the
        model (of the file's further models, without a position) have none
    path : ``.cif`` file to write

    Raises
    ------
    OtherAtomsError
        If the file holds other atoms than the model.
    """
    document = gemmi.cif.read(str(source))
    ids = document[0].find_mmcif_category("_atom_site.")
    ids.ensure_loop()
    rows = _rows(document[0], model)
    loop = document[0].find_loop("_atom_site.id").get_loop()
    tags = [f"_atom_site.{name}" for name in columns]
    loop.add_columns(tags, value=_NONE)
    for tag, words in zip(tags, columns.values(), strict=True):
        column = document[0].find_loop(tag)
        for row, word in zip(rows, words, strict=True):
            if word:
                column[row] = gemmi.cif.quote(word)
    with written_whole(path) as unfinished:
        document.write_file(str(unfinished))


def _rows(block: gemmi.cif.Block, model: AtomicModel) -> list[int]:
    """The row of each atom of the model in the file, which may list them in another order."""
    column = block.find_loop("_atom_site.id")
    named = list(column)
    for row in range(len(named)):
        column[row] = str(row)
    structure = gemmi.make_structure_from_block(block)
    structure.merge_chain_parts()
    for row, name in enumerate(named):
        column[row] = name
    sites = [site.atom for site in structure[0].all() if _placed(site.atom)]
    if [atom.name for atom in sites] != model.names.tolist():
        raise OtherAtomsError("the model's file holds other atoms than were scored")
    return [atom.serial for atom in sites]


def _placed(atom: gemmi.Atom) -> bool:
    return all(math.isfinite(value) for value in atom.pos.tolist())
