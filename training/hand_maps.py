"""Whole simulated maps, to calibrate and to judge the network with.

Drawn by ``vrs_scipion.simulation`` (electron scattering factors through gemmi), not by the
simulator of the training. Structures larger than 110 Å are cut to a cube of that edge.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy import fft
from scipy.spatial.transform import Rotation
from structures import read_model

from vrs_scipion.maps.density import Density, Mask, Volume
from vrs_scipion.simulation import (
    NoiseSpectrum,
    add_noise,
    apply_filter,
    atoms_from_arrays,
    atoms_from_model,
    frequency_grid,
    gaussian_noise,
    low_pass,
    molecule_mask,
    render,
)

FINEST = 2.2
LARGEST = 110.0
MARGIN = 12.0
NOISES = ("clean", "light", "noisy", "limit")
RATIOS = {"light": 0.3**-2, "noisy": 2.0}
"""Signal-to-noise ratios: variance in the molecule over the noise's."""

VOXEL = (1.0, 1.0, 1.0)
SHELL = 0.05
SHELL_SNR = 2 * 0.143 / (1 - 0.143)
"""Signal over noise in a shell of a full map whose half maps correlate by 0.143."""


@dataclass(frozen=True)
class BaseMap:
    """A structure drawn once at 2.2 Å, turned at random, to be degraded.

    Attributes
    ----------
    record : its entry in the split
    values, mask : z, y, x, voxels of 1 Å; the mask holds what is within 4 Å of an atom
    """

    record: dict[str, Any]
    values: Volume
    mask: Mask


def read_split(path: Path, part: str) -> list[dict[str, Any]]:
    """The records of one part."""
    return [r for r in json.loads(path.read_text()) if r["part"] == part]


def draw_base(models: Path, record: dict[str, Any], kept: Path | None = None) -> BaseMap:
    """Draw a structure, or take it from the folder ``kept`` where it has been drawn before."""
    file = kept / f"{record['file']}.npz" if kept else None
    if file is not None and file.exists():
        with np.load(file) as stored:
            return BaseMap(record, stored["values"], stored["mask"])
    atoms = atoms_from_model(read_model(models / record["file"]))
    generator = np.random.default_rng(seed_of(record["file"]))
    near = np.all(
        np.abs(atoms.positions - np.median(atoms.positions, axis=0)) < LARGEST / 2, axis=1
    )
    elements = tuple(e for e, n in zip(atoms.elements, near, strict=True) if n)
    b = atoms.b_factors[near]
    piece = atoms_from_arrays(atoms.positions[near], elements, b - max(0.0, float(b.min()) - 5))
    piece = piece.translated(-(piece.positions.max(axis=0) + piece.positions.min(axis=0)) / 2)
    piece = piece.rotated(Rotation.random(random_state=generator.integers(2**31)).as_matrix())
    extent = np.ptp(piece.positions, axis=0)[::-1] + 2 * MARGIN
    box = tuple(int(2 * np.ceil(e / 2)) for e in extent)
    middle = (piece.positions.max(axis=0) + piece.positions.min(axis=0)) / 2
    drawn = render(piece, box, 1.0, FINEST, centre=middle)  # type: ignore[arg-type]
    mask = molecule_mask(piece, box, 1.0, 4.0, centre=middle)  # type: ignore[arg-type]
    if file is not None:
        file.parent.mkdir(parents=True, exist_ok=True)
        np.savez_compressed(file, values=drawn.values, mask=mask)
    return BaseMap(record, drawn.values, mask)


def degrade(base: BaseMap, resolution: float, noise: str) -> Density:
    """The map low-passed to a resolution, with noise that is white up to it.

    'clean' has none. That of 'light' has 0.3 standard deviations of the molecule's density, that of
    'noisy' half its variance. 'limit' has as much as makes this the map's resolution: in the shell
    at 1/resolution, inside the mask, the signal's power is a third of the noise's, where the
    Fourier shell correlation of half maps is 0.143. Crystal structures have low B-factors, so that
    this noise is strong at all frequencies.
    """
    s = frequency_grid(base.values.shape, VOXEL)
    density = Density(apply_filter(base.values, low_pass(s, resolution)), VOXEL)
    if noise == "clean":
        return density
    generator = np.random.default_rng((seed_of(base.record["file"]), int(resolution * 10)))
    spectrum = NoiseSpectrum(resolution)
    if noise in RATIOS:
        return add_noise(density, base.mask, RATIOS[noise], generator, spectrum)[0]
    added = gaussian_noise(density.box, VOXEL, generator, spectrum)
    shell = np.abs(s - 1 / resolution) < SHELL / resolution
    power = _power(base.values, shell) * base.values.size / np.count_nonzero(base.mask)
    white = _power(added, shell) / float(np.mean(low_pass(s[shell], resolution) ** 2))
    values = density.values + added * np.float32(np.sqrt(power / SHELL_SNR / white))
    return Density(values, VOXEL)


def _power(values: Volume, shell: Mask) -> float:
    """Mean power of the coefficients of a shell of the half transform."""
    return float(np.mean(np.abs(fft.rfftn(values)[shell]) ** 2))


def noise_map(edge: int, resolution: float, seed: int) -> tuple[Density, Mask]:
    """Noise of a resolution, and a round mask."""
    generator = np.random.default_rng((seed, int(resolution * 10)))
    values = gaussian_noise((edge,) * 3, VOXEL, generator, NoiseSpectrum(resolution))
    axis = np.arange(edge) - edge // 2
    r2 = axis[:, None, None] ** 2 + axis[:, None] ** 2 + axis**2
    return Density(values, VOXEL), r2 < (0.4 * edge) ** 2


def seed_of(name: str) -> int:
    """A seed that belongs to a file."""
    return zlib.crc32(name.encode())


def draw_all(
    models: Path, records: Sequence[dict[str, Any]], kept: Path | None
) -> Iterator[BaseMap]:
    """Base maps, one after the other."""
    for record in records:
        yield draw_base(models, record, kept)


if __name__ == "__main__":
    import sys

    folder, kept = Path(sys.argv[1]), Path(sys.argv[2])
    for part in ("validation", "test"):
        for record in read_split(Path(__file__).with_name("hand_split.json"), part):
            base = draw_base(folder, record, kept)
            print(part, record["file"], base.values.shape, flush=True)
