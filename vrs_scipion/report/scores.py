"""The scores that all checks have given to the residues and atoms of a model, side by side."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from vrs_scipion.checks.levels import in_order
from vrs_scipion.entry.entry import Entry
from vrs_scipion.models.atomic_model import AtomicModel
from vrs_scipion.models.score_table import SCORE_FILES, Column, Of, read_scores
from vrs_scipion.results.model import CheckResult, Score

_DAMAGED = (OSError, KeyError, IndexError, StopIteration, ValueError, csv.Error)


@dataclass(frozen=True)
class ScoreColumn:
    """A score of every residue, or atom, of a model.

    Attributes
    ----------
    score : what it is
    check : code of the check that gave it
    values : numbers (NaN for none) or words ('' for none), shape (m,) or (n,)
    """

    score: Score
    check: str
    values: Column

    @property
    def is_words(self) -> bool:
        return self.values.dtype.kind == "U"

    @property
    def attribute(self) -> str:
        """Its name where other names of a model are about: in mmCIF and in ChimeraX."""
        return f"vrs_{self.score.key}"

    @property
    def words(self) -> tuple[str, ...]:
        """The different words of a score in words, the most frequent first."""
        count = Counter(word for word in self.values.tolist() if word)
        return tuple(sorted(count, key=lambda word: (-count[word], word)))

    @property
    def reach(self) -> tuple[float, float]:
        """The values of the colours' two ends, the worst first; they differ."""
        worst, best = self.score.worst, self.score.best
        assert worst is not None
        assert best is not None
        return float(worst), float(best if best != worst else worst + 1)


@dataclass(frozen=True)
class ModelScores:
    """All scores of a model, in the order of the report.

    ``models`` is how many its file holds, of which it is the first.
    """

    model: AtomicModel
    columns: tuple[ScoreColumn, ...]
    models: int = 1

    def of(self, of: Of) -> tuple[ScoreColumn, ...]:
        """Those of its residues, or of its atoms."""
        return tuple(column for column in self.columns if column.score.of == of)


def join_scores(entry: Entry, results: Iterable[tuple[CheckResult, Path]]) -> ModelScores | None:
    """Read the scores that checks have left in their folders; None without any.

    Scores whose file is damaged or not there are left out. Where two have one name, such as those
    of residues and of their atoms, that of the second ends with what it is of, or with the code of
    its check.

    Parameters
    ----------
    entry : the prepared inputs
    results : what the checks found, with their folders
    """
    if "model" not in entry.given:
        return None
    found = {result.code: (result, folder) for result, folder in results if result.scores}
    if not found:
        return None
    model = entry.model()
    columns: dict[str, ScoreColumn] = {}
    for code in in_order(found):
        for column in _columns(*found[code], model):
            score = column.score
            names = (score.key, f"{score.key}_{score.of[:-1]}", f"{score.key}_{_slug(code)}")
            key = next((name for name in names if name not in columns), names[-1])
            columns[key] = replace(column, score=score.model_copy(update={"key": key}))
    if not columns:
        return None
    return ModelScores(model, tuple(columns.values()), entry.model_record.models)


def _slug(code: str) -> str:
    return code.replace(".", "_").lower()


def _columns(result: CheckResult, folder: Path, model: AtomicModel) -> Iterator[ScoreColumn]:
    for score in result.scores:
        count = len(model.residues) if score.of == "residues" else len(model)
        try:
            words = read_scores(folder / SCORE_FILES[score.of], [score.key])[score.key]
            values = _values(score, words)
        except _DAMAGED:
            continue
        if len(values) == count:
            yield ScoreColumn(score, result.code, values)


def _values(score: Score, words: list[str]) -> Column:
    if score.worst is None or score.best is None:
        return np.array(words, np.str_)
    return np.array([float(word) if word else np.nan for word in words])
