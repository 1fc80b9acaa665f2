"""A model in the colours of its scores in ChimeraX: attributes of residues and atoms, commands."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
from matplotlib.colors import to_hex

from vrs_scipion.figures import style
from vrs_scipion.figures.chimerax_commands import MODEL, key_lines, quoted
from vrs_scipion.figures.isosurface.colouring import BLANK
from vrs_scipion.models.atomic_model import AtomicModel
from vrs_scipion.report.scores import ModelScores, ScoreColumn

_NAMED = re.compile(r"[A-Za-z0-9_]+")
_ATOM = re.compile(r"[A-Za-z0-9_'\"*]+")
_STOPS = 5
_DIGITS = ".5g"


def attributes_text(scores: ModelScores) -> str:
    """An attribute assignment file (``.defattr``) of all scores.

    Of alternative conformations the main one has its scores. Residues are called by the authors'
    chains and numbers; those that ChimeraX cannot be told by name are counted in a comment.

    References
    ----------
    https://www.cgl.ucsf.edu/chimerax/docs/user/formats/defattr.html
    """
    opened = MODEL if scores.models == 1 else f"{MODEL}.1"
    residues = _residue_names(scores.model, opened)
    lines = ["# Scores of an atomic model, for ChimeraX."]
    unnamed = sum(name is None for name in residues)
    if unnamed:
        lines.append(f"# Residues that cannot be named here, left out: {unnamed}")
    for column in scores.columns:
        lines.append(f"attribute: {column.attribute}")
        lines.append(f"recipient: {column.score.of}")
        names = residues if column.score.of == "residues" else _atom_names(scores.model, residues)
        for name, value in zip(names, column.values.tolist(), strict=True):
            said = _attribute(value)
            if name and said:
                lines.append(f"\t{name}\t{said}")
    return "\n".join([*lines, ""])


def score_lines(scores: ModelScores, attributes: Path, chosen: str = "") -> list[str]:
    """Commands that colour an opened model by a score, and as comments those for the others.

    Parameters
    ----------
    scores : of the model
    attributes : the file with the attributes
    chosen : key of the score; the first one, if none is given
    """
    keys = [column.score.key for column in scores.columns]
    first = chosen if chosen in keys else keys[0]
    ordered = sorted(scores.columns, key=lambda column: column.score.key != first)
    lines = [f"open {quoted(attributes)} format defattr"]
    for column in ordered:
        commands = [*_colour_lines(column), *_key_lines(column)]
        about = f"# {_plain(column.score.label)}: {_plain(column.score.description)}"
        if column.score.key == first:
            lines += [about, *commands]
            if len(ordered) > 1:
                lines.append("# For another score, give ChimeraX its lines without the #:")
        else:
            lines += [about, *(f"# {line}" for line in ("2dlabels delete", *commands))]
    return lines


def stops_of(column: ScoreColumn) -> list[tuple[float, str]]:
    """Values with their colours, from the lowest to the highest value."""
    worst, best = column.reach
    shares = np.linspace(0, 1, _STOPS).tolist()
    found = [(worst + share * (best - worst), to_hex(style.SCORES(share))) for share in shares]
    return sorted(found)


def word_colours(count: int) -> list[str]:
    """Colours of the words of a score: the most frequent is blue, the rarest red."""
    shares = np.linspace(1, 0, max(count, 2)).tolist()
    return [to_hex(style.SCORES(share)) for share in shares[:count]]


def _colour_lines(column: ScoreColumn) -> Iterator[str]:
    if column.is_words:
        level = "::" if column.score.of == "residues" else "@@"
        yield f"color {MODEL} {BLANK.lower()}"
        for word, colour in _coloured(column):
            yield f'color {MODEL}{level}{column.attribute}="{_word(word)}" {colour}'
        return
    level = "r" if column.score.of == "residues" else "a"
    palette = ":".join(f"{value:{_DIGITS}},{colour}" for value, colour in stops_of(column))
    yield (
        f"color byattribute {level}:{column.attribute} {MODEL} palette {palette} "
        f"noValueColor {BLANK.lower()}"
    )


def _key_lines(column: ScoreColumn) -> list[str]:
    unit = f" ({column.score.unit})" if column.score.unit else ""
    title = f"{column.score.label}{unit}; grey: none"
    if column.is_words:
        stops = [(colour, _word(word).replace(" ", "_")) for word, colour in _coloured(column)]
        return key_lines(stops, title, " colorTreatment distinct") if stops else []
    return key_lines(((colour, f"{value:.3g}") for value, colour in stops_of(column)), title)


def _coloured(column: ScoreColumn) -> Iterable[tuple[str, str]]:
    words = column.words
    return zip(words, word_colours(len(words)), strict=True)


def _residue_names(model: AtomicModel, opened: str) -> list[str | None]:
    of = model.residues
    chains = model.chains.names[of.chains].tolist()
    named = zip(chains, of.numbers.tolist(), of.insertions.tolist(), strict=True)
    return [
        f"{opened}/{chain}:{number}{insertion}"
        if _NAMED.fullmatch(chain) and (not insertion or _NAMED.fullmatch(insertion))
        else None
        for chain, number, insertion in named
    ]


def _atom_names(model: AtomicModel, residues: list[str | None]) -> Iterator[str | None]:
    counted = zip(
        model.residue.tolist(), model.names.tolist(), model.main_conformers.tolist(), strict=True
    )
    for residue, name, main in counted:
        of = residues[residue]
        yield f"{of}@{name}" if of and main and _ATOM.fullmatch(name) else None


def _attribute(value: float | str) -> str:
    """As a value of an attribute; words are quoted, since some look like numbers."""
    if isinstance(value, str):
        return f'"{_word(value)}"' if value else ""
    return "" if math.isnan(value) else format(value, _DIGITS)


def _word(word: str) -> str:
    """Without what would end a quoted word or a command."""
    return re.sub(r"[\"';\\\s]+", " ", word).strip()


def _plain(words: str) -> str:
    return " ".join(words.split())
