"""Finding residues by what people type: chains, numbers, names, kinds, words of scores."""

from __future__ import annotations

import re

import numpy as np
from numpy.typing import NDArray

from vrs_scipion.report.scores import ModelScores

_RANGE = re.compile(r"(-?\d+)[-–](-?\d+)")
_SEPARATORS = re.compile(r"[\s,;]+")
_SHORTEST_KIND = 3


def found(scores: ModelScores, words: str) -> NDArray[np.bool_]:
    """Which residues fit every part of some words, as the page of the report finds them.

    Returns
    -------
    bool array, shape (m,)
    """
    fits = np.ones(len(scores.model.residues), np.bool_)
    for part in filter(None, _SEPARATORS.split(words.lower())):
        fits &= _met(scores, part)
    return fits


def _met(scores: ModelScores, part: str) -> NDArray[np.bool_]:
    of, chains = scores.model.residues, scores.model.chains
    span = _RANGE.fullmatch(part)
    met: NDArray[np.bool_]
    if span is not None:
        met = (of.numbers >= int(span[1])) & (of.numbers <= int(span[2]))
        return met
    places = np.char.add(of.numbers.astype(np.str_), of.insertions)
    named = (chains.names[of.chains], places, of.names)
    spoken = [column.values for column in scores.of("residues") if column.is_words]
    met = np.any([np.char.lower(one) == part for one in (*named, *spoken)], axis=0)
    if len(part) >= _SHORTEST_KIND:
        met |= np.char.startswith(of.kinds, part)
    return met
