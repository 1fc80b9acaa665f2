"""Plots as data: curves and histograms described once, for paper, web pages and windows alike.

A plot names what is drawn and the role it plays; colours, fonts and sizes belong to those who
draw. It is saved beside the picture made from it, as ``NAME.plot.json``.
"""

from __future__ import annotations

from typing import Literal

from pydantic import ConfigDict, Field, model_validator

from vrs_scipion.results.model import Number, Record

PLOT_SCHEMA: Literal["vrs-plot/1"] = "vrs-plot/1"

Interval = tuple[float, float]
Role = Literal["measured", "part", "corrected", "fitted", "expected", "absent"]
"""``part`` is some of what is measured; ``absent`` marks where there is nothing to measure."""


class OppositeAxis(Record):
    """The same axis read in another quantity, ``factor`` · value ** ``power``."""

    label: str
    unit: str = ""
    factor: float = 1.0
    power: float = 1.0

    @property
    def title(self) -> str:
        """Label with unit."""
        return _title(self.label, self.unit)

    def at(self, value: float) -> float:
        """The quantity where the axis itself reads ``value``, a positive number."""
        return float(self.factor * value**self.power)

    def position(self, quantity: float) -> float:
        """Where on the axis itself the quantity has a positive value."""
        return float((quantity / self.factor) ** (1 / self.power))


class Axis(Record):
    """An axis; without a ``range`` it spans what is drawn.

    ``tick_format`` is a Python format specification for the numbers on it.
    """

    label: str
    unit: str = ""
    scale: Literal["linear", "log"] = "linear"
    range: Interval | None = None
    tick_format: str = ""
    opposite: OppositeAxis | None = None

    @property
    def title(self) -> str:
        """Label with unit."""
        return _title(self.label, self.unit)


class Series(Record):
    """One y for each x; a null y leaves a gap. Bars stand ``width`` wide around their x."""

    name: str
    x: tuple[float, ...]
    y: tuple[Number, ...]
    style: Literal["line", "step", "points", "bars"] = "line"
    role: Role = "measured"
    width: float = 0.0

    @model_validator(mode="after")
    def _of_one_length(self) -> Series:
        if len(self.x) != len(self.y):
            raise ValueError(f"series {self.name!r} has {len(self.x)} x and {len(self.y)} y")
        return self


class Mark(Record):
    """A value worth a line across the plot, with its label."""

    value: float
    label: str
    axis: Literal["x", "y"] = "x"


class Band(Record):
    """An interval worth a shade; null for no limit."""

    low: Number
    high: Number
    label: str
    axis: Literal["x", "y"] = "x"
    role: Literal["accepted", "fitted"] = "accepted"


class Plot(Record):
    """A plot: what to draw, and in ``notes`` what has to be said below it."""

    schema_version: Literal["vrs-plot/1"] = Field(default=PLOT_SCHEMA, alias="schema")
    x: Axis
    y: Axis
    series: tuple[Series, ...]
    marks: tuple[Mark, ...] = ()
    bands: tuple[Band, ...] = ()
    notes: tuple[str, ...] = ()

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


def _title(label: str, unit: str) -> str:
    return f"{label} ({unit})" if unit else label
