"""Reading and writing ``result.json`` and the plots beside it."""

from __future__ import annotations

from pathlib import Path

from vrs_scipion.files import in_new_words, load_model, save_model
from vrs_scipion.folders import RESULT_FILE
from vrs_scipion.results.model import CheckResult
from vrs_scipion.results.plots import Plot
from vrs_scipion.results.upgrade import upgraded


def save_result(result: CheckResult, folder: Path) -> Path:
    """Write ``result.json`` into ``folder`` and return its path."""
    return save_model(result, folder / RESULT_FILE)


def load_result(folder: Path) -> CheckResult:
    """Read ``result.json`` of ``folder``, of this version or of an older one.

    Raises
    ------
    FileNotFoundError, ValueError
        if it is not there or not a result.
    """
    text = (folder / RESULT_FILE).read_bytes()
    if b'"vrs-check-result/1"' in text:
        return CheckResult.model_validate(in_new_words(text, upgraded))
    return CheckResult.model_validate_json(text)


def save_plot(plot: Plot, path: Path) -> Path:
    """Write a plot as JSON to ``path`` and return it."""
    return save_model(plot, path)


def load_plot(path: Path) -> Plot:
    """Read a plot.

    Raises
    ------
    FileNotFoundError, pydantic.ValidationError
        if it is not there or not a plot of this version.
    """
    return load_model(Plot, path)
