"""Results of version 0.1.0 as results of this one, so that finished work is never lost."""

from __future__ import annotations

from typing import Any

from vrs_scipion.results.model import CHECK_SCHEMA

Json = dict[str, Any]

_LOW, _MIDDLE, _HIGH = "p2_5", "p50", "p97_5"


def upgraded(result: Json) -> Json:
    """A result as version 0.1.0 wrote it, in this version's words.

    It names no inputs: which ones it was computed from is known to the project that holds it.
    """
    return result | {
        "schema": CHECK_SCHEMA,
        "references": [
            {"key": one["key"], "title": one["text"], "doi": one["doi"]}
            for one in result.get("references", ())
        ],
        "volumes": [volume | _kind(volume, result) for volume in result.get("volumes", ())],
    }


def _kind(volume: Json, result: Json) -> Json:
    """What a volume is: its check coloured a surface by it, took percentiles of it, or neither."""
    measured = result.get("measurements", {})
    noted = [measured.get(f"{volume['key']}_{p}") for p in (_LOW, _MIDDLE, _HIGH)]
    low, middle, high = ((item or {}).get("value") for item in noted)
    unit = (noted[1] or {}).get("unit", "")
    surfaces = (figure.get("surface") for figure in result.get("figures", ()))
    drawn = next((s for s in surfaces if s and s["volume"] == volume["file"]), None)
    if drawn:
        label, ends = drawn["label"], (drawn["low"], drawn["high"])
    elif None not in (low, middle, high):
        label, ends = f"{result['name']} ({unit})" if unit else result["name"], (low, high)
    else:
        return {"kind": "density"}
    return {"kind": "values", "label": label, "unit": unit, "range": list(ends)}
