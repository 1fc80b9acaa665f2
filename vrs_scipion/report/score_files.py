"""The files in which a report leaves the scores of an atomic model for other programs."""

from __future__ import annotations

import logging
import os
import shutil
import tempfile
from pathlib import Path

import numpy as np

from vrs_scipion.entry.entry import Entry
from vrs_scipion.figures.chimerax_commands import map_lines, model_lines
from vrs_scipion.folders import (
    ATTRIBUTES_FILE,
    CHIMERAX_FILE,
    MODEL_FILES,
    RESIDUES_FILE,
    SCORED_MODEL_FILE,
)
from vrs_scipion.models.score_table import as_words, write_scores
from vrs_scipion.models.scored_mmcif import OtherAtomsError, write_scored
from vrs_scipion.report.chimerax_scores import attributes_text, score_lines
from vrs_scipion.report.scores import ModelScores, ScoreColumn

_log = logging.getLogger(__name__)


def write_score_files(scores: ModelScores | None, entry: Entry | None, out: Path) -> None:
    """Write all scores as a table, in the model as mmCIF, and for ChimeraX; or remove old ones.

    Parameters
    ----------
    scores : of the model; None where there are none
    entry : the prepared inputs, in the folder of the report or below
    out : the folder of the report
    """
    for name in MODEL_FILES:
        (out / name).unlink(missing_ok=True)
    if scores is None or entry is None:
        return
    with tempfile.TemporaryDirectory(dir=out, prefix=".scores-") as name:
        unfinished = Path(name)
        _write_all(scores, entry, unfinished, Path(os.path.relpath(entry.map_path, out)))
        for file in MODEL_FILES:
            (unfinished / file).replace(out / file)


def _write_all(scores: ModelScores, entry: Entry, folder: Path, shown: Path) -> None:
    residues = {column.score.key: column.values for column in scores.of("residues")}
    write_scores(scores.model, "residues", residues, folder / RESIDUES_FILE)
    atoms = {column.attribute: _of_atoms(column, scores) for column in scores.columns}
    try:
        write_scored(entry.model_path, scores.model, atoms, folder / SCORED_MODEL_FILE)
    except OtherAtomsError as error:
        _log.warning("%s has no scores: %s", SCORED_MODEL_FILE, error)
        shutil.copyfile(entry.model_path, folder / SCORED_MODEL_FILE)
    (folder / ATTRIBUTES_FILE).write_text(attributes_text(scores), encoding="utf-8")
    lines = [
        "# Open this file with ChimeraX: the map, and the model in the colours of a score.",
        *map_lines(shown, entry.contour),
        *model_lines(Path(SCORED_MODEL_FILE)),
        *score_lines(scores, Path(ATTRIBUTES_FILE)),
        "view",
    ]
    (folder / CHIMERAX_FILE).write_text("\n".join([*lines, ""]), encoding="utf-8")


def _of_atoms(column: ScoreColumn, scores: ModelScores) -> list[str]:
    words = np.array(as_words(column.values), np.str_)
    of_atoms = words if column.score.of == "atoms" else words[scores.model.residue]
    found: list[str] = of_atoms.tolist()
    return found
