"""What the occupancy against the noise tells that the relative one cannot, and where its limit is.

    python benchmarks/local_occupancy_phantoms.py [SEEDS]

Part 1 holds four regions in one map: helices of occupancy 1.0, 0.7 and 0.4 and a place with nothing
but noise. Part 2 measures whole maps of one occupancy each, under noise that is the same for all
occupancies, and maps of pure noise: in the molecule's mask, and in a mask made from the noise
itself by contouring it as a map would be; and maps whose signal ends before the resolution that
they claim.

The limit of check 0.g, 0.5, follows: a molecule that is all there passes with a variance three
times the noise's and more (0.50 at least), pure noise never does (0 in the molecule's mask, at most
0.33 in the smallest masks of its own), and a resolution claimed twice as fine as it is does not
get above it.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from vrs_scipion.maps.density import Mask, Volume
from vrs_scipion.maps.masks import hard_mask
from vrs_scipion.methods.lococcupancy import local_occupancies
from vrs_scipion.simulation import (
    Atoms,
    NoiseSpectrum,
    atoms_from_arrays,
    gaussian_noise,
    helix_bundle,
    molecule_mask,
    render,
)

OCCUPANCIES = (1.0, 0.7, 0.4)
RESOLUTIONS = (3.0, 4.0, 6.0)
RATIOS = (30.0, 10.0, 3.0, 1.0)
OVERCLAIMED = (1.5, 2.0)
EXTENT = 160.0
B_FACTOR = 60.0

_MASK_RADIUS = 3.0
_REGION_SHIFT = 44.0
_CONTOURS = (2.5, 3.0, 3.5)


@dataclass(frozen=True)
class Grid:
    """Voxels of half the resolution in a box of about ``EXTENT``."""

    resolution: float

    @property
    def voxel(self) -> tuple[float, float, float]:
        return (self.resolution / 2,) * 3

    @property
    def box(self) -> tuple[int, int, int]:
        return (2 * round(EXTENT / self.resolution),) * 3

    def draw(self, atoms: Atoms, overclaimed: float = 1.0) -> Volume:
        return render(atoms, self.box, self.voxel, overclaimed * self.resolution).values

    def mask(self, atoms: Atoms) -> Mask:
        return molecule_mask(atoms, self.box, self.voxel, _MASK_RADIUS)

    def noise(self, seed: int) -> Volume:
        spectrum = NoiseSpectrum(self.resolution)
        return gaussian_noise(self.box, self.voxel, np.random.default_rng(seed), spectrum)


def bundle(seed: int, helices: int, shift: tuple[float, float, float] = (0, 0, 0)) -> Atoms:
    """A bundle of helices without symmetry, moved from the box's centre."""
    chains = helix_bundle(np.random.default_rng(seed), helices, residues=(20, 28))
    positions = np.concatenate([chain.reshape(-1, 3) for chain in chains])
    elements = ("N", "C", "C", "O", "C") * (len(positions) // 5)
    return atoms_from_arrays(positions, elements, B_FACTOR).translated(shift)


def with_occupancy(atoms: Atoms, occupancy: float) -> Atoms:
    """The same atoms, each there in that fraction of the particles."""
    return replace(atoms, occupancies=np.full(len(atoms), occupancy))


def medians(
    values: Volume, grid: Grid, mask: Mask, regions: list[Mask]
) -> list[tuple[float, float]]:
    """Median relative occupancy and occupancy against the noise in each region of the mask."""
    found = local_occupancies(values, grid.voxel, mask, max_res=grid.resolution, threads=2)
    return [
        (float(np.median(found.relative[r])), float(np.median(found.against_noise[r])))
        for r in regions
    ]


def part_1(seeds: int) -> None:
    """Four regions in one map."""
    print("Part 1: four regions in one map; median relative occupancy / against the noise")
    print(
        f"{'d (Å)':>6} {'SNR':>5} {'seed':>4}"
        + "".join(f"{o:>14}" for o in (*OCCUPANCIES, "noise"))
    )
    r = _REGION_SHIFT
    places = ((r, 0.0, 0.0), (-r, 0.0, 0.0), (0.0, r, 0.0), (0.0, -r, 0.0))
    for d in RESOLUTIONS:
        grid = Grid(d)
        for seed in range(seeds):
            parts = [bundle(seed, 7, place) for place in places]
            regions = [grid.mask(part) for part in parts]
            signal = [grid.draw(part) for part in parts[:3]]
            strength = float(signal[0][regions[0]].std())
            noise = grid.noise(100 + seed)
            clean = sum(o * s for o, s in zip(OCCUPANCIES, signal, strict=True))
            for snr in RATIOS:
                values = np.asarray(clean + noise * (strength / np.sqrt(snr)), np.float32)
                row = medians(values, grid, np.logical_or.reduce(regions), regions)
                cells = "".join(f"   {a:.2f} / {b:.2f}" for a, b in row)
                print(f"{d:6.1f} {snr:5.0f} {seed:4d}{cells}", flush=True)


def whole_maps(grid: Grid, seed: int) -> Iterator[tuple[str, Volume, Mask]]:
    """Maps of one occupancy each, and of noise only, with their masks."""
    atoms = bundle(seed, 19)
    inside, signal, noise = grid.mask(atoms), grid.draw(atoms), grid.noise(200 + seed)
    strength = float(signal[inside].std())
    for snr in RATIOS:
        for occupancy in OCCUPANCIES:
            values = occupancy * signal + noise * (strength / np.sqrt(snr))
            yield f"{occupancy:.1f}, SNR {snr:g}", np.asarray(values, np.float32), inside
        for factor in OVERCLAIMED:
            values = grid.draw(atoms, factor) + noise * (strength / np.sqrt(snr))
            yield f"1.0, SNR {snr:g}, signal to {factor:g} d", values, inside
    yield "noise in the molecule's mask", noise, inside
    for contour in _CONTOURS:
        yield f"noise contoured at {contour:g}σ", noise, hard_mask(noise, contour, grid.voxel)


def part_2(seeds: int) -> None:
    """Whole maps; the range of the medians over seeds."""
    print("\nPart 2: whole maps; median over the mask, lowest–highest over seeds")
    print(f"{'d (Å)':>6}  {'map':30s} {'mask voxels':>12} {'relative':>12} {'against noise':>14}")
    for d in RESOLUTIONS:
        grid = Grid(d)
        rows: dict[str, list[tuple[float, float]]] = {}
        sizes: dict[str, int] = {}
        for seed in range(seeds):
            for name, values, mask in whole_maps(grid, seed):
                rows.setdefault(name, []).extend(medians(values, grid, mask, [mask]))
                sizes[name] = int(np.count_nonzero(mask))
        for name, found in rows.items():
            relative, against = (sorted(column) for column in zip(*found, strict=True))
            print(
                f"{d:6.1f}  {name:30s} {sizes[name]:12,d} {relative[0]:5.2f}–{relative[-1]:.2f} "
                f"{against[0]:7.2f}–{against[-1]:.2f}",
                flush=True,
            )


def main() -> None:
    """Run both parts."""
    seeds = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    part_1(seeds)
    part_2(seeds)


if __name__ == "__main__":
    main()
