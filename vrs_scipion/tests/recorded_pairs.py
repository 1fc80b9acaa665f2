"""The two pairs of half maps of which is recorded what Xmipp's programs say; made again here."""

from __future__ import annotations

import gzip
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import mrcfile

import vrs_scipion
from vrs_scipion.maps.density import Triple, Volume

SHARED = Path(vrs_scipion.__file__).resolve().parents[2] / "shared" / "data"
PAIRS = SHARED / "halfmaps_xmipp"
HERE = PAIRS.is_dir()
MISSING = f"Xmipp's recorded output is not here: {PAIRS}"

_MADE_OF = {
    "A": ("emd_32143_lowres.map.gz", 1.5272, "20260711 20260712 --contour 0.02 --cross 4.5"),
    "B": ("emd_0093_m4A.mrc.gz", 1.34, "4101 4102 --contour 0.6 --cross 4.0"),
}
"""By the names of their folders: map, Å of its voxels, and the options of the script."""


@dataclass(frozen=True)
class RecordedPair:
    """Half maps and the hard mask under which the programs compared them, in boxes of 128.

    Attributes
    ----------
    folder : what the programs said
    first, second, mask : volumes (z, y, x)
    voxel_size : Å
    """

    folder: Path
    first: Volume
    second: Volume
    mask: Volume
    voxel_size: Triple


@cache
def recorded_pair(name: str) -> RecordedPair:
    """The pair "A" or "B"."""
    packed, voxel, options = _MADE_OF[name]
    with tempfile.TemporaryDirectory() as kept:
        folder = Path(kept)
        source = folder / packed.removesuffix(".gz")
        source.write_bytes(gzip.decompress((SHARED / "maps" / packed).read_bytes()))
        words = f"{options} --voxel {voxel} --box 128".split()
        script = PAIRS / "make_half_maps.py"
        command = [sys.executable, str(script), str(source), str(folder), *words]
        subprocess.run(command, check=True, capture_output=True)
        first, second, mask = (
            mrcfile.read(folder / f"{what}.mrc") for what in ("half1", "half2", "mask")
        )
    return RecordedPair(PAIRS / name, first, second, mask, (voxel,) * 3)
