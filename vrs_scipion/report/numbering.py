"""Figures and tables placed and numbered in the order in which a reader meets them.

The pages are made from what this module returns, so that HTML and PDF cannot number differently.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from vrs_scipion.results.model import Figure, Number, SurfaceColours, Table
from vrs_scipion.results.numbers import number

_TOKEN = re.compile(r"\{(fig|tab):([^{}]*)\}")


@dataclass(frozen=True)
class Part:
    """A stretch of text; a link when it has a ``target`` (an anchor of the same document)."""

    text: str
    target: str = ""


@dataclass(frozen=True)
class Paragraph:
    """A paragraph, its references resolved."""

    parts: tuple[Part, ...]
    kind: str = "paragraph"


@dataclass(frozen=True)
class PlacedFigure:
    """A figure with its number, to be shown at this place; ``owner`` names its folder.

    ``plot`` and ``surface`` say what else it can be drawn from (see `Figure`).
    """

    number: int
    anchor: str
    label: str
    owner: str
    key: str
    file: str
    caption: str
    alt: str
    plot: str = ""
    surface: SurfaceColours | None = None
    kind: str = "figure"


@dataclass(frozen=True)
class PlacedTable:
    """A table with its number, its cells in words; ``numeric`` columns align to the right.

    ``values`` are the cells in full precision, for those who compute with them.
    """

    number: int
    anchor: str
    label: str
    caption: str
    head: tuple[str, ...]
    numeric: tuple[bool, ...]
    rows: tuple[tuple[str, ...], ...]
    values: tuple[tuple[Number | str, ...], ...]
    kind: str = "table"


Placed = PlacedFigure | PlacedTable
Block = Paragraph | Placed
Name = tuple[str, str]


@dataclass
class Numbering:
    """The running numbers of one report: feed it the sections in their order."""

    figures: int = 0
    tables: int = 0

    def section(
        self,
        owner: str,
        paragraphs: Sequence[str],
        figures: Sequence[Figure],
        tables: Mapping[str, Table],
    ) -> tuple[Block, ...]:
        """Place a section's figures and tables after the paragraph that first names them.

        Parameters
        ----------
        owner : str
            The code of the check, or the key of the input: the folder of its figures.
        paragraphs : sequence of str
            The text, with ``{fig:KEY}`` and ``{tab:KEY}`` for references.
        figures : sequence of Figure
        tables : mapping of str to Table
            Those that no paragraph names follow the text in their own order.

        Returns
        -------
        tuple of Block

        A reference to something that the section does not have stands as its key, in brackets.
        """
        waiting: dict[Name, Figure | Table] = {
            **{("fig", figure.key): figure for figure in figures},
            **{("tab", key): table for key, table in tables.items()},
        }
        placed: dict[Name, Placed] = {}
        blocks: list[Block] = []
        for text in paragraphs:
            fresh = [name for name in _names(text) if name not in placed]
            for name in fresh:
                if name in waiting:
                    placed[name] = self._place(owner, waiting.pop(name))
            blocks.append(Paragraph(_parts(text, placed)))
            blocks.extend(placed[name] for name in fresh if name in placed)
        blocks.extend(self._place(owner, thing) for thing in waiting.values())
        return tuple(blocks)

    def _place(self, owner: str, thing: Figure | Table) -> Placed:
        if isinstance(thing, Figure):
            self.figures += 1
            return _placed_figure(self.figures, owner, thing)
        self.tables += 1
        return _placed_table(self.tables, thing)


def _placed_figure(place: int, owner: str, figure: Figure) -> PlacedFigure:
    return PlacedFigure(
        number=place,
        anchor=f"fig-{place}",
        label=f"Fig.\u00a0{place}",
        owner=owner,
        key=figure.key,
        file=figure.file,
        caption=figure.caption,
        alt=figure.alt or figure.caption,
        plot=figure.plot,
        surface=figure.surface,
    )


def _placed_table(place: int, table: Table) -> PlacedTable:
    return PlacedTable(
        number=place,
        anchor=f"tab-{place}",
        label=f"Table\u00a0{place}",
        caption=table.caption,
        head=tuple(
            f"{column.label} ({column.unit})" if column.unit else column.label
            for column in table.columns
        ),
        numeric=tuple(
            not any(isinstance(row[position], str) for row in table.rows)
            for position in range(len(table.columns))
        ),
        rows=tuple(
            tuple(
                cell if isinstance(cell, str) else number(cell, column.format)
                for cell, column in zip(row, table.columns, strict=True)
            )
            for row in table.rows
        ),
        values=table.rows,
    )


def _names(text: str) -> list[Name]:
    return list(dict.fromkeys((match[1], match[2]) for match in _TOKEN.finditer(text)))


def _parts(text: str, placed: Mapping[Name, Placed]) -> tuple[Part, ...]:
    parts: list[Part] = []
    end = 0
    for match in _TOKEN.finditer(text):
        thing = placed.get((match[1], match[2]))
        label = Part(f"[{match[2]}]") if thing is None else Part(thing.label, thing.anchor)
        parts += [Part(text[end : match.start()]), label]
        end = match.end()
    parts.append(Part(text[end:]))
    return tuple(part for part in parts if part.text)
