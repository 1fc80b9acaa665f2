"""How often the verdict of check 1.a is right: half maps whose resolution is known.

    python benchmarks/half_maps.py MODELS [--structures N] [--seed S]

MODELS is a folder with ``index.json`` and atomic structures (PDB or mmCIF). Each structure is drawn
to the Nyquist limit of its voxels and put into noise whose power in every shell is such that the
correlation inside the molecule, within 3 Å of its atoms, falls as a logistic function of frequency
through 0.143 at the resolution wanted, steeply or gently: that resolution is the truth, the finest
that a careful author can report. The deposited map is the mean of the halves, weighted by that
correlation. Even structures set the limit, odd ones judge it. A reported resolution that is the
truth must pass, and none at all; finer ones, halves of pure noise, of which one is inverted or
mirrored, and halves that are the same must not.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy import fft

from vrs_scipion.checks.level1_a_fsc import CHECK
from vrs_scipion.checks.run import run_check
from vrs_scipion.entry.inputs import prepare
from vrs_scipion.entry.request import Request
from vrs_scipion.maps.density import Mask, Volume
from vrs_scipion.maps.writing import write_volume
from vrs_scipion.methods.fsc import GOLD_STANDARD
from vrs_scipion.methods.shells import Reals, Shells, half_spectrum, power
from vrs_scipion.results import CheckResult, Outcome
from vrs_scipion.simulation import Atoms, atoms_from_model, molecule_mask, read_model, render

RESOLUTIONS = (2.8, 3.5, 4.5, 6.0, 8.0)
CLAIMS = (1.0, 0.95, 0.9, 0.85, 0.8, 0.7, 0.5)
"""Reported resolutions, as shares of the truth."""
FALLS = {"steep": 0.06, "gentle": 0.12}
"""Width of the correlation's fall, as a share of the frequency at which it is 0.143."""

_LARGEST_SIDE, _ROOM, _OVERSAMPLED = 110, 1.7, 3.2
_MASK_RADIUS = 3.0
_B_FACTOR = 60.0


@dataclass(frozen=True)
class Case:
    """A structure in noise from which its correlation follows.

    Attributes
    ----------
    name, fall, sets : of the structure, of the correlation, and whether it sets the limit
    truth : Å
    first, second, shown : both halves and the map that is deposited, (z, y, x)
    contour : of the map
    voxel : Å
    """

    name: str
    fall: str
    sets: bool
    truth: float
    first: Volume
    second: Volume
    shown: Volume
    contour: float
    voxel: float


def cases(models: Path, structures: int, seed: int) -> Iterator[Case]:
    """Structures in the order in which they are drawn, with both falls each."""
    rng = np.random.default_rng(seed)
    index = json.loads((models / "index.json").read_text())
    done = 0
    for place in rng.permutation(len(index)):
        if done == structures:
            return
        wanted = RESOLUTIONS[done % len(RESOLUTIONS)]
        atoms = atoms_from_model(read_model(models / index[place]["file"]))
        span = np.ptp(atoms.positions, axis=0).max()
        voxel = wanted / _OVERSAMPLED
        side = 2 * round(_ROOM * span / voxel / 2)
        if not 48 <= side <= _LARGEST_SIDE:
            continue
        for fall, width in FALLS.items():
            yield _case(index[place]["id"], fall, width, done, atoms, side, voxel, wanted, rng)
        done += 1


def _case(
    name: str,
    fall: str,
    width: float,
    number: int,
    atoms: Atoms,
    side: int,
    voxel: float,
    wanted: float,
    rng: np.random.Generator,
) -> Case:
    box, middle = (side,) * 3, atoms.positions.mean(axis=0)
    signal = render(atoms, box, voxel, 2.02 * voxel, b_factor=_B_FACTOR, centre=middle).values
    inside = molecule_mask(atoms, box, voxel, _MASK_RADIUS, centre=middle)
    correlation = _correlation(Shells(box, (voxel,) * 3).frequency * wanted, width)
    power_of_noise = _noise_power(signal, inside, voxel, correlation)
    first, second = (
        (signal + _noise(box, voxel, power_of_noise, rng)).astype(np.float32) for _ in range(2)
    )
    shown = _in_shells(
        fft.rfftn((first + second) / 2), voxel, np.sqrt(2 * correlation / (1 + correlation))
    )
    contour = float(np.sort(shown.ravel())[-np.count_nonzero(inside) // 2])
    return Case(name, fall, number % 2 == 0, wanted, first, second, shown, contour, voxel)


def _correlation(frequency: Reals, width: float) -> Reals:
    """Falls through 0.143 at 1; ``frequency`` is a share of that of the truth."""
    steps = (frequency - 1) / width + np.log(1 / GOLD_STANDARD - 1)
    fallen: Reals = 1 / (1 + np.exp(np.clip(steps, -12, 12)))
    return fallen


def _noise_power(signal: Volume, inside: Mask, voxel: float, correlation: Reals) -> Reals:
    """Mean |F|² of the noise in every shell, for the correlation wanted inside the molecule.

    The signal's power lies in the molecule alone, the noise's in the whole box.
    """
    shells = Shells(signal.shape, (voxel,) * 3)
    spectrum = half_spectrum(signal)
    (sums,), samples = shells.sums(lambda z: (power(spectrum[z]),))
    ratio: Reals = sums / samples / inside.mean() * (1 - correlation) / correlation
    return ratio


def _noise(
    box: tuple[int, int, int], voxel: float, powers: Reals, rng: np.random.Generator
) -> Volume:
    """Noise of a mean power in every shell."""
    white = fft.rfftn(rng.standard_normal(box)) / np.sqrt(np.prod(box))
    return _in_shells(white, voxel, np.sqrt(powers))


def _in_shells(spectrum: Any, voxel: float, factors: Reals) -> Volume:
    """The volume of a half spectrum of a cube, every shell times its factor."""
    side = spectrum.shape[0]
    z, y, x = fft.fftfreq(side, voxel), fft.fftfreq(side, voxel), fft.rfftfreq(side, voxel)
    frequency = np.sqrt(z[:, None, None] ** 2 + y[:, None] ** 2 + x**2)
    shell = np.clip(np.rint(frequency * side * voxel).astype(int), 1, len(factors)) - 1
    volume: Volume = fft.irfftn(spectrum * factors[shell], s=(side,) * 3).astype(np.float32)
    return volume


def measured(case: Case, first: Volume, second: Volume, claim: float | None) -> CheckResult:
    """What 1.a says of two half maps and a reported resolution (Å), if there is one."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for file, values in (("map", case.shown), ("half1", first), ("half2", second)):
            write_volume(folder / f"{file}.mrc", values, (case.voxel,) * 3)
        request = Request.of(
            map=folder / "map.mrc",
            contour=case.contour,
            resolution=claim,
            half1=folder / "half1.mrc",
            half2=folder / "half2.mrc",
        )
        return run_check(CHECK, prepare(request, folder / "entry"), folder / "out")


def _pairs(case: Case, rng: np.random.Generator) -> Iterator[tuple[str, Volume, Volume, bool]]:
    """Half maps of another kind: a name, both, and whether a resolution is reported with them."""
    first, second = case.first, case.second
    yield "good, no resolution reported", first, second, False
    noises = [rng.standard_normal(first.shape).astype(np.float32) for _ in range(2)]
    yield "noise", noises[0], noises[1], True
    yield "noise, no resolution reported", noises[0], noises[1], False
    yield "one inverted, no resolution reported", first, -second, False
    yield "one mirrored, no resolution reported", first, np.ascontiguousarray(second[::-1]), False
    yield "the same twice", first, first, True
    yield "scaled copies, no resolution reported", first, 2 * first + 1, False


def main() -> None:
    """Print a table of warnings by claim, and the shares from which the limit follows."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("models", type=Path)
    parser.add_argument("--structures", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    shares: dict[bool, list[float]] = {True: [], False: []}
    warned: dict[tuple[bool, float], list[bool]] = {}
    others: dict[str, list[Outcome]] = {}
    rng = np.random.default_rng(options.seed)
    for case in cases(options.models, options.structures, options.seed):
        result = measured(case, case.first, case.second, case.truth)
        found = result.measurements["resolution_masked"].value
        share = case.truth / float(found) if found else float("nan")
        shares[case.sets].append(share)
        print(f"{case.name} {case.fall}: truth {case.truth:.2f} Å, found {found} Å, {share:.3f}")
        for claim in CLAIMS:
            outcome = measured(case, case.first, case.second, claim * case.truth).outcome
            warned.setdefault((case.sets, claim), []).append(outcome is not Outcome.OK)
        for name, first, second, told in _pairs(case, rng):
            outcome = measured(case, first, second, case.truth if told else None).outcome
            others.setdefault(name, []).append(outcome)
    for sets, words in ((True, "set the limit"), (False, "judge it")):
        values = np.array(shares[sets])
        print(f"truth as a share of the resolution found, structures that {words}:")
        print(
            f"  {len(values)} maps, {values.min():.3f} to {values.max():.3f}, median "
            f"{np.median(values):.3f}"
        )
        for claim in CLAIMS:
            told = warned[sets, claim]
            print(f"  claims of {claim:g} × the truth: {sum(told)} of {len(told)} not OK")
    for name, outcomes in others.items():
        counted = {o.value: outcomes.count(o) for o in Outcome if o in outcomes}
        print(f"{name}: {counted}")


if __name__ == "__main__":
    main()
