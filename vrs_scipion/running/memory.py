"""How much memory a check takes, foretold from the map's header alone."""

from __future__ import annotations

from pathlib import Path

from vrs_scipion.files import InputError
from vrs_scipion.maps.reading import read_header

_BASE_GB = 0.6  # Python with its libraries
_VOLUMES = 16  # float32 volumes that the hungriest check holds at once (benchmarks/load.py)


def needed_gb(path: Path) -> float:
    """GB that the hungriest check takes for the map in ``path``; the least where it is no map."""
    try:
        return volumes_gb(read_header(path).values)
    except InputError:
        return volumes_gb(0)


def volumes_gb(voxels: int) -> float:
    """GB that the hungriest check takes for a map of so many voxels."""
    return _BASE_GB + _VOLUMES * 4 * voxels / 1e9
