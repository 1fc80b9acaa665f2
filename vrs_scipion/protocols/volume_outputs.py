"""Volumes that a protocol leaves, as Scipion objects."""

from __future__ import annotations

from pathlib import Path

from pwem.objects import Volume

from vrs_scipion.maps.reading import read_header
from vrs_scipion.protocols.map_input import mean_voxel_size


def volume_object(path: Path, comment: str, kind: type[Volume] = Volume) -> Volume:
    """The Scipion object of a volume's file; its sampling rate is the header's."""
    volume = kind()
    volume.setFileName(str(path))
    volume.setSamplingRate(mean_voxel_size(read_header(path).voxel_size))
    volume.setObjComment(comment)
    return volume


def volume_output(key: str) -> str:
    """Name of the output that holds the volume of a key."""
    return f"output{key.title().replace('_', '')}"
