"""What a check finds, gathered while it runs: what is noted is written in the same call."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np

from vrs_scipion.checks.task import Task, builtin_engine
from vrs_scipion.maps.density import Density, Mask, Volume
from vrs_scipion.maps.writing import write_on_grid
from vrs_scipion.models import score_table
from vrs_scipion.results import (
    Column,
    Criterion,
    Engine,
    Figure,
    Measurement,
    OutputModel,
    OutputVolume,
    ResolutionEstimate,
    Score,
    SurfaceColours,
    Table,
)
from vrs_scipion.results.model import Role
from vrs_scipion.results.plots import Interval, Plot

_TOKEN = re.compile(r"\{(fig|tab):([^{}]*)\}")


class Findings:
    """What a check found.

    Attributes
    ----------
    headline : the check's sentence in the report's summary
    paragraphs : the results in words; ``{fig:KEY}``, ``{tab:KEY}`` refer to figures and tables
    does_not_apply, cannot_tell : why there is no verdict, if there is none: because the question
        makes no sense here, or because it could not be decided
    remarks : warnings beyond the failed criteria
    """

    def __init__(self, task: Task) -> None:
        self.task = task
        self.engine: Engine = builtin_engine()
        self.does_not_apply = ""
        self.cannot_tell = ""
        self.headline = ""
        self.paragraphs: list[str] = []
        self.measurements: dict[str, Measurement] = {}
        self.tables: dict[str, Table] = {}
        self.figures: list[Figure] = []
        self.volumes: list[OutputVolume] = []
        self.models: list[OutputModel] = []
        self.scores: list[Score] = []
        self._columns: dict[score_table.Of, dict[str, score_table.Column]] = {}
        self.criteria: list[Criterion] = []
        self.remarks: list[str] = []
        self.resolution_estimate: ResolutionEstimate | None = None

    @property
    def warnings(self) -> tuple[str, ...]:
        """One sentence per failed criterion that decides, then the remarks."""
        failed = [c.sentence for c in self.criteria if c.role == "verdict" and not c.passed]
        return (*failed, *self.remarks)

    def measure(self, key: str, value: float | None, unit: str, description: str) -> None:
        """Note one number under the key that other programs rely on."""
        self.measurements[key] = Measurement(value=value, unit=unit, description=description)

    def tabulate(
        self, key: str, caption: str, columns: list[Column], rows: Sequence[tuple[Any, ...]]
    ) -> None:
        """Note a table."""
        self.tables[key] = Table(caption=caption, columns=tuple(columns), rows=tuple(rows))

    def judge(
        self,
        key: str,
        value: float | None,
        *,
        resolution: float | None = None,
        limit: float | None = None,
        role: Role | None = None,
        detail: str = "",
        vacuous: str = "",
        advice: str = "",
    ) -> Criterion:
        """Hold a value against the check's limit of that key, and the service's where it differs.

        Parameters
        ----------
        key : of the limit, and of the criterion
        value : None for something that could not be measured
        resolution : Å, for a limit that grows with it
        limit : in place of the check's own
        role : in place of the limit's own
        detail : what the value is of, e.g. 'along X'
        vacuous : why there was nothing to measure; the criterion is met then
        advice : in place of the limit's own, where more is known of the cause
        """
        of = self.task.check.limit(key)
        held = of.at(self.task.limits, resolution) if limit is None else limit
        criterion = Criterion(
            key=key,
            subject=of.subject,
            value=value,
            comparison=of.comparison,
            limit=held,
            unit=of.unit,
            role=role or of.role,
            detail=detail,
            vacuous=vacuous,
        )
        if not criterion.passed:
            criterion = criterion.model_copy(update={"advice": advice or of.advice})
        self.criteria.append(criterion)
        service = of.services(self.task.limits, held)
        if service is not None:
            self.criteria.append(
                criterion.model_copy(
                    update={
                        "key": f"{key}_fixed",
                        "limit": service[0],
                        "detail": service[1],
                        "role": "advice",
                        "advice": "",
                    }
                )
            )
        return criterion

    def plot(self, key: str, plot: Plot, caption: str, alt: str) -> None:
        """Draw a plot and note it, with its data beside it."""
        from vrs_scipion.figures.plotting import plot_file, save_picture  # slow to load

        file = f"{key}.svg"
        save_picture(plot, self.task.folder / file)
        self.figures.append(
            Figure(key=key, file=file, caption=caption, alt=alt, plot=plot_file(file))
        )

    def picture(
        self,
        key: str,
        draw: Callable[[Path], Any],
        caption: str,
        alt: str,
        surface: SurfaceColours | None = None,
    ) -> None:
        """Let a picture be drawn to a PNG file, and note it."""
        file = f"{key}.png"
        draw(self.task.folder / file)
        self.figures.append(Figure(key=key, file=file, caption=caption, alt=alt, surface=surface))

    def volume(
        self,
        key: str,
        values: Volume | Mask,
        grid: Density,
        description: str,
        *,
        file: str = "",
        kind: Literal["density", "values"] = "density",
        label: str = "",
        unit: str = "",
        reach: tuple[float, float] | None = None,
    ) -> None:
        """Write a volume on the grid of a density, and note what it is.

        Values are 0 where there is none; ``reach`` is what their colours span, ``label`` what a
        colour key calls them.
        """
        file = file or f"{key}.mrc"
        write_on_grid(self.task.folder / file, values, grid)
        self.volumes.append(
            OutputVolume(
                key=key,
                file=file,
                description=description,
                kind=kind,
                label=label,
                unit=unit,
                range=reach,
            )
        )

    def model(self, key: str, write: Callable[[Path], Any], description: str) -> None:
        """Let an atomic model be written to an mmCIF file, and note what it is."""
        file = f"{key}.cif"
        write(self.task.folder / file)
        self.models.append(OutputModel(key=key, file=file, description=description))

    def score(
        self,
        key: str,
        values: score_table.Column,
        label: str,
        description: str,
        *,
        of: score_table.Of = "residues",
        unit: str = "",
        reach: Interval | None = None,
    ) -> None:
        """Note a score of all residues or atoms of the model; ``write_scores`` writes them.

        Parameters
        ----------
        key : the column's name
        values : numbers (NaN for none) or words ('' for none), shape (m,) or (n,)
        label, description, unit : as a table's head says it, and in a sentence
        reach : values of the colours' two ends, the worst first; None for words, or for the 2.5 and
            97.5 % percentiles
        """
        worst, best = _reach(values) if reach is None else reach
        self.scores.append(
            Score(
                key=key,
                of=of,
                label=label,
                description=description,
                unit=unit,
                worst=worst,
                best=best,
            )
        )
        self._columns.setdefault(of, {})[key] = np.asarray(values)

    def write_scores(self) -> None:
        """Write the tables of all scores that were noted."""
        if self._columns:
            model = self.task.entry.model()
            for of, columns in self._columns.items():
                path = self.task.folder / score_table.SCORE_FILES[of]
                score_table.write_scores(model, of, columns, path)


def _reach(values: score_table.Column) -> tuple[float | None, float | None]:
    """The percentiles that colours span; None of words."""
    if values.dtype.kind in "US":
        return None, None
    known = values[np.isfinite(values)]
    if not known.size:
        return 0.0, 1.0
    low, high = np.percentile(known, (2.5, 97.5)).tolist()
    return low, high


def references_to_nothing(
    paragraphs: Sequence[str], figures: Sequence[Figure], tables: Sequence[str]
) -> Iterator[str]:
    """What a text refers to and is not there, in words."""
    known = {("fig", figure.key) for figure in figures} | {("tab", key) for key in tables}
    for kind, key in dict.fromkeys(
        m.groups() for text in paragraphs for m in _TOKEN.finditer(text)
    ):
        if (kind, key) not in known:
            yield f"{'figure' if kind == 'fig' else 'table'} {key!r}"
