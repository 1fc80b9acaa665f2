"""All scores of all residues as the page of the report carries them: compact columns, as JSON."""

from __future__ import annotations

import base64
from typing import Any

import numpy as np
from matplotlib.colors import to_hex
from numpy.typing import ArrayLike, NDArray

from vrs_scipion.figures import style
from vrs_scipion.figures.isosurface.colouring import BLANK
from vrs_scipion.models.atomic_model import AtomicModel
from vrs_scipion.models.atoms import Coordinates
from vrs_scipion.models.traces import traces
from vrs_scipion.report.chimerax_scores import word_colours
from vrs_scipion.report.scores import ModelScores, ScoreColumn

_STEPS, _BYTE = 65_535, 256
_NONE = 0
_STOPS = 33

Json = dict[str, Any]


def residue_data(scores: ModelScores, start: ArrayLike) -> Json:
    """The residues of a model, where they lie, and their scores.

    Numbers are packed as base64 of little-endian integers.

    Parameters
    ----------
    scores : of the model
    start : where voxel 0 of the map lies, z, y, x in Å

    Returns
    -------
    dict
        ``count`` residues; ``chains``, ``insertions``, ``names``, ``kinds`` as the different words
        and ``of``, the place among them of each residue; ``numbers`` (int32); ``places`` (uint16 x,
        y, z in ``step`` Å from ``origin``, x, y, z in Å from voxel 0); ``joined`` (uint8), 1 where
        the trace of a polymer goes on to the next residue; ``scores``, see below; ``palette`` from
        the worst to the best, and ``blank`` for none
    """
    model = scores.model
    places = _places(model) - np.asarray(start, np.float64)[::-1]
    origin = places.min(axis=0)
    step = float((places.max(axis=0) - origin).max()) / _STEPS or 1.0
    of = model.residues
    return {
        "count": len(of),
        "chains": _worded(model.chains.names[of.chains]),
        "insertions": _worded(of.insertions),
        "names": _worded(of.names),
        "kinds": _worded(of.kinds),
        "numbers": _packed(of.numbers, "<i4"),
        "places": _packed(np.rint((places - origin) / step), "<u2"),
        "origin": origin.round(3).tolist(),
        "step": step,
        "joined": _packed(_joined(model), "u1"),
        "scores": [_score(column) for column in scores.of("residues")],
        "palette": [to_hex(style.SCORES(share)) for share in np.linspace(0, 1, _STOPS)],
        "blank": BLANK,
    }


def _score(column: ScoreColumn) -> Json:
    """A score: 0 for none; numbers from 1 to 65535 between ``low`` and ``high``, words counted."""
    score = column.score
    about = {
        "key": score.key,
        "label": score.label,
        "description": score.description,
        "unit": score.unit,
        "check": column.check,
    }
    if column.is_words:
        words = column.words
        place = {word: number for number, word in enumerate(words, start=1)}
        steps = np.array([place.get(word, _NONE) for word in column.values.tolist()])
        colours = word_colours(len(words))
        return about | {"words": words, "colours": colours, "values": _packed(steps, "<u2")}
    worst, best = column.reach
    known = column.values[np.isfinite(column.values)]
    low, high = (float(known.min()), float(known.max())) if known.size else (0.0, 1.0)
    span = (high - low) or 1.0
    shares = np.nan_to_num((column.values - low) / span)
    steps = np.where(np.isfinite(column.values), 1 + np.rint(shares * (_STEPS - 1)), _NONE)
    return about | {
        "worst": worst,
        "best": best,
        "low": low,
        "high": low + span,
        "digits": 0 if np.all(known == np.rint(known)) else _digits(span),
        "values": _packed(steps, "<u2"),
    }


def _digits(span: float) -> int:
    """Digits after the point that tell a thousandth of a span."""
    return int(np.clip(np.floor(3 - np.log10(span)), 0, 6))


def _places(model: AtomicModel) -> Coordinates:
    """Where to show each residue, shape (m, 3), x, y, z in Å: its trace's atom, or its middle."""
    positions = model.atoms.positions
    sums: Coordinates = np.zeros((len(model.residues), 3))
    np.add.at(sums, model.residue, positions)
    count = np.bincount(model.residue, minlength=len(sums))
    places: Coordinates = sums / np.maximum(count, 1)[:, np.newaxis]
    for trace in traces(model):
        places[trace.residues] = trace.points
    return places


def _joined(model: AtomicModel) -> NDArray[np.bool_]:
    joined = np.zeros(len(model.residues), np.bool_)
    for trace in traces(model):
        joined[trace.residues[:-1][np.diff(trace.residues) == 1]] = True
    return joined


def _worded(words: NDArray[np.str_]) -> Json:
    """Different words, and the place among them of each: uint8 where these are up to 256."""
    different, of = np.unique(words, return_inverse=True)
    kind = "u1" if len(different) <= _BYTE else "<u2"
    return {"words": different.tolist(), "of": _packed(of, kind)}


def _packed(numbers: Any, kind: str) -> str:
    return base64.b64encode(np.ascontiguousarray(numbers).astype(kind).tobytes()).decode("ascii")
