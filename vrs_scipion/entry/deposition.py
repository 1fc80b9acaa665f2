"""What an archive says of a map, as a file beside it."""

from __future__ import annotations

from pathlib import Path

from vrs_scipion.entry.record_map import Deposition
from vrs_scipion.files import load_model, save_model


def save_deposition(deposition: Deposition, path: Path) -> Path:
    """Write what an archive says of a map, and return the path."""
    return save_model(deposition, path)


def load_deposition(path: Path) -> Deposition:
    """Read what an archive says of a map.

    Raises
    ------
    FileNotFoundError, pydantic.ValidationError
        if it is not there or not a deposition of this version.
    """
    return load_model(Deposition, path)
