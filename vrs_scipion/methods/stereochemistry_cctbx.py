"""Ramachandran plot and Cβ deviations by cctbx's ``ramalyze`` and ``cbetadev``.

Williams et al. 2018, doi:10.1002/pro.3330. The rest of what MolProbity looks at needs files that
cctbx's package does not bring: rotamers, restraints, clashes with hydrogens.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from vrs_scipion.methods import cctbx
from vrs_scipion.methods.ramachandran import Rating
from vrs_scipion.methods.stereochemistry import Stereochemistry
from vrs_scipion.models.atomic_model import AtomicModel

PROGRAMS = "mmtbx.validation.ramalyze, mmtbx.validation.cbetadev"

_RATINGS = {"favored": Rating.FAVOURED, "allowed": Rating.ALLOWED, "outlier": Rating.OUTLIER}


def rated(
    interpreter: cctbx.Interpreter, seen: Stereochemistry, threads: int = 1
) -> Stereochemistry:
    """The same stereochemistry, with ratings and Cβ deviations by cctbx.

    Of alternative conformations the one that is occupied most counts.

    Raises
    ------
    CctbxError
        if it fails, or what it says makes no sense.
    """
    chain = seen.chain
    said = cctbx.ask(interpreter, "geometry", chain.model, threads=threads)
    try:
        rating = dict(_of_main_conformers(chain.model, said["ratings"]))
        beta = dict(_of_main_conformers(chain.model, said["betas"]))
        rating = {i: _RATINGS[word].value for i, word in rating.items()}
        words = [rating.get(i, "") for i in chain.residues.tolist()]
        far = np.array([beta.get(i, np.nan) for i in chain.residues.tolist()], float)
    except (KeyError, TypeError, ValueError) as error:
        raise cctbx.CctbxError(f"cctbx's ratings make no sense ({error!r})") from error
    return replace(seen, chain=replace(chain, told=np.array(words, "<U8")), beta=far)


def _of_main_conformers(
    model: AtomicModel, rows: Sequence[Sequence[Any]]
) -> Iterator[tuple[int, Any]]:
    """Residue and value; the last of a residue is that of its main conformation."""
    place = cctbx.residue_places(model)
    label = np.full(len(model.residues), "", model.altlocs.dtype)
    main = np.flatnonzero(model.main_conformers & (model.altlocs != ""))
    label[model.residue[main]] = model.altlocs[main]
    later = []
    for *key, altloc, value in rows:
        residue = place.get(tuple(key))
        if residue is None:
            continue
        if altloc in ("", label[residue]):
            later.append((residue, value))
        else:
            yield residue, value
    yield from later
