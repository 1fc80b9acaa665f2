"""Reading and writing ``result.json`` and the plots beside it."""

from __future__ import annotations

from pathlib import Path

from vrs_scipion.files import written_whole
from vrs_scipion.results.model import CheckResult
from vrs_scipion.results.plots import Plot

RESULT_FILE = "result.json"
PLOT_SUFFIX = ".plot.json"


def save_result(result: CheckResult, folder: Path) -> Path:
    """Write ``result.json`` into ``folder`` and return its path."""
    target = folder / RESULT_FILE
    with written_whole(target) as path:
        path.write_text(result.model_dump_json(by_alias=True, indent=1) + "\n", encoding="utf-8")
    return target


def load_result(folder: Path) -> CheckResult:
    """Read ``result.json`` of ``folder``.

    Raises
    ------
    FileNotFoundError, pydantic.ValidationError
        if it is not there or not a result of this version.
    """
    return CheckResult.model_validate_json((folder / RESULT_FILE).read_bytes())


def save_plot(plot: Plot, path: Path) -> Path:
    """Write a plot as JSON to ``path`` and return it."""
    with written_whole(path) as unfinished:
        unfinished.write_text(plot.model_dump_json(by_alias=True) + "\n", encoding="utf-8")
    return path


def load_plot(path: Path) -> Plot:
    """Read a plot.

    Raises
    ------
    FileNotFoundError, pydantic.ValidationError
        if it is not there or not a plot of this version.
    """
    return Plot.model_validate_json(path.read_bytes())
