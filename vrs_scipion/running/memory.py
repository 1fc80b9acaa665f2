"""How much memory a check takes, foretold from the header of the map alone."""

from __future__ import annotations

from pathlib import Path

from vrs_scipion.checks.levels import CHECKS
from vrs_scipion.files import InputError
from vrs_scipion.maps.reading import read_header

_BASE_GB = 0.6  # Python with its libraries


def needed_gb(path: Path) -> float:
    """GB that the hungriest check takes for the map in ``path``; the least where it is no map."""
    try:
        return volumes_gb(read_header(path).values)
    except InputError:
        return volumes_gb(0)


def volumes_gb(voxels: int) -> float:
    """GB that the hungriest check takes for a map of so many voxels."""
    volumes = max(check.volumes for check in CHECKS.values())
    return _BASE_GB + volumes * 4 * voxels / 1e9
