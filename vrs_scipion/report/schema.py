"""The JSON Schemas of the files that other programs read, made from the models.

``python -m vrs_scipion.report.schema`` writes them anew into the package.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from vrs_scipion.entry.entry import RECORDS
from vrs_scipion.report.model import Report
from vrs_scipion.results.model import CheckResult, Record
from vrs_scipion.results.plots import Plot

DIALECT = "https://json-schema.org/draft/2020-12/schema"

FOLDER = Path(__file__).parent / "schema"

MODELS: dict[str, type[Record]] = {
    "report.schema.json": Report,
    "check_result.schema.json": CheckResult,
    **{f"{key}.schema.json": kind for key, kind in RECORDS.items()},
    "plot.schema.json": Plot,
}


def json_schema(model: type[Record]) -> dict[str, Any]:
    """The schema of a model as it is written: aliases for names, computed values included.

    Parameters
    ----------
    model : type of Record

    Returns
    -------
    dict
        A JSON Schema of draft 2020-12.
    """
    return {"$schema": DIALECT} | model.model_json_schema(by_alias=True, mode="serialization")


def schema_text(model: type[Record]) -> str:
    """The schema of a model as the text of its file."""
    return json.dumps(json_schema(model), indent=2, ensure_ascii=False, sort_keys=True) + "\n"


def write_schemas(folder: Path = FOLDER) -> tuple[Path, ...]:
    """Write the schemas of all models into a folder.

    Parameters
    ----------
    folder : Path
        The package's own folder by default.

    Returns
    -------
    tuple of Path
        The files written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    files = tuple(folder / name for name in MODELS)
    for file, model in zip(files, MODELS.values(), strict=True):
        file.write_text(schema_text(model), encoding="utf-8")
    return files


if __name__ == "__main__":
    for written in write_schemas():
        print(written)
