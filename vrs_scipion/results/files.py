"""Reading and writing ``result.json``."""

from __future__ import annotations

from pathlib import Path

from vrs_scipion.maps.writing import written_whole
from vrs_scipion.results.model import CheckResult

RESULT_FILE = "result.json"


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
    return CheckResult.model_validate_json((folder / RESULT_FILE).read_text(encoding="utf-8"))
