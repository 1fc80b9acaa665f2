"""An output folder of version 0.1.0: its ``request.json`` in this version's words."""

from __future__ import annotations

from typing import Any

OLD_FOLDERS = ("figures",)
"""Folders that version 0.1.0 left beside the report, and this one has no use for."""

_NUMBERS = {"contour": "contour", "resolution": "resolution", "voxel_size": "voxel"}


def upgraded_request(old: dict[str, Any]) -> dict[str, Any]:
    """What an output folder of version 0.1.0 was asked for."""
    values: dict[str, Any] = {"map": old["map"]}
    values |= {new: old[name] for name, new in _NUMBERS.items() if old.get(name) is not None}
    if old.get("title"):
        values["title"] = old["title"]
    halves = old.get("half_maps") or ()
    values |= {f"half{number}": path for number, path in enumerate(halves, 1)}
    return {"values": values, "sha256": {"map": old["sha256"]}, "engine": old["engine"]}
