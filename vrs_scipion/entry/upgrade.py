"""The entry of version 0.1.0 as this version's record of a map."""

from __future__ import annotations

from typing import Any

from vrs_scipion.entry.record_map import MAP_SCHEMA
from vrs_scipion.entry.request import BY_THE_USER

OLD_RECORD_FILE = "entry.json"

_HALF_MAPS = ("half_maps", "half_map_files")
"""Of half maps version 0.1.0 kept names and copies, which no check read."""


def upgraded(entry: dict[str, Any]) -> dict[str, Any]:
    """``entry.json`` of version 0.1.0 as a record of a map."""
    kept = {key: value for key, value in entry.items() if key not in _HALF_MAPS}
    given = {"map": entry["source"]["name"], "contour": entry["contour"], "title": entry["title"]}
    if entry.get("resolution") is not None:
        given["resolution"] = entry["resolution"]
    if entry["voxel_size_from"] == BY_THE_USER:
        given["voxel"] = entry["voxel_size"][0]
    return kept | {"schema": MAP_SCHEMA, "given": given}
