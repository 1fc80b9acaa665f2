"""Folders as version 0.1.0 left them, made from those of this version."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

from vrs_scipion.folders import (
    BOXES_FILE,
    DATABASE,
    ENTRY,
    JSON_FILE,
    LOOKS,
    RECORD_FILE,
    REQUEST_FILE,
    RESULT,
    RESULT_FILE,
    RUNS,
)
from vrs_scipion.report.folder import result_folders


def old_folder(folder: Path) -> None:
    """Put a validation folder of a map alone into the words and the places of version 0.1.0."""
    entry = folder / ENTRY
    for path in (entry / "map").iterdir():
        path.rename(entry / path.name)
    (entry / "map").rmdir()
    old_record(entry)
    for found in result_folders(folder):
        old_result(found)
    report = json.loads((folder / JSON_FILE).read_text("utf-8"))
    (folder / JSON_FILE).write_text(json.dumps(report | {"schema": "vrs-report/1"}))


def old_record(folder: Path) -> None:
    """The record of a prepared map as ``entry.json``."""
    record = json.loads((folder / RECORD_FILE).read_text("utf-8"))
    del record["given"]
    record |= {"schema": "vrs-entry/1", "half_maps": [], "half_map_files": []}
    (folder / "entry.json").write_text(json.dumps(record))
    (folder / RECORD_FILE).unlink()


def old_result(folder: Path) -> None:
    """A result that names no inputs, whose volumes do not say what they are."""
    file = folder / RESULT_FILE
    result = json.loads(file.read_text("utf-8")) | {"schema": "vrs-check-result/1"}
    del result["inputs"]
    kept = {"references": ("key", "text", "doi"), "volumes": ("key", "file", "description")}
    for name, keys in kept.items():
        result[name] = [{key: one[key] for key in keys} for one in result[name]]
    file.write_text(json.dumps(result))


def old_output(out: Path) -> None:
    """The output folder of ``vrs validate`` with its project, which showed no inputs."""
    for run in out.glob(f"{RUNS}/*/extra"):
        if (run / ENTRY / RECORD_FILE).exists():
            old_record(run / ENTRY)
        if (run / RESULT / RESULT_FILE).exists() and "LookAt" not in run.parent.name:
            old_result(run / RESULT)
    old_folder(out)
    for path in sorted((out / LOOKS).rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    (out / LOOKS).rmdir()
    (out / "figures").mkdir()
    (out / BOXES_FILE).unlink()
    _forget_looks(out / DATABASE)
    request = json.loads((out / REQUEST_FILE).read_text("utf-8"))
    given = request["values"]
    old = {
        "map": given["map"],
        "sha256": request["sha256"]["map"],
        "contour": given["contour"],
        "resolution": given.get("resolution"),
        "voxel_size": given.get("voxel"),
        "title": given.get("title", ""),
        "half_maps": [],
        "engine": request["engine"],
        "paper": "a4",
    }
    (out / REQUEST_FILE).write_text(json.dumps(old, indent=1))


def _forget_looks(database: Path) -> None:
    """Take the protocols that show inputs out of a project, and what points to them."""
    with closing(sqlite3.connect(database)) as connection:
        shown = connection.execute("SELECT id FROM Objects WHERE classname LIKE 'VrsProtLookAt%'")
        for (number,) in shown.fetchall():
            pointers = connection.execute(
                "SELECT id FROM Objects WHERE value = ? AND classname = 'Pointer'", (str(number),)
            )
            for (pointer,) in pointers.fetchall():
                connection.execute(
                    "DELETE FROM Objects WHERE id = ? OR parent_id = ?", (pointer, pointer)
                )
            connection.execute(
                "DELETE FROM Objects WHERE id = ? OR name LIKE ?", (number, f"{number}.%")
            )
        connection.commit()
