"""Half maps that hold more in some places and directions than in others, and the truth of that."""

from __future__ import annotations

import unittest
from dataclasses import replace
from functools import cache
from typing import Any

import mrcfile
import numpy as np
from pydantic import ValidationError
from scipy import fft

from vrs_scipion.files import InputError
from vrs_scipion.maps.density import Density, Mask, Volume
from vrs_scipion.maps.masks import cosine_mask, hard_mask
from vrs_scipion.methods.directional import (
    cones_about,
    directional_sums,
    mask_overlap,
    measure_anisotropy,
)
from vrs_scipion.methods.fsc import UnderMask, shell_correlation
from vrs_scipion.methods.local_bands import (
    LocalCorrelations,
    local_correlations,
    local_resolution,
)
from vrs_scipion.simulation import (
    PHANTOM,
    TEXTURE,
    Anisotropy,
    Fault,
    HalvesSettings,
    NoiseSpectrum,
    Signal,
    SimulatedHalves,
    SimulationSettings,
    TextureSettings,
    read_halves_record,
    read_record,
    signal_of_simulation,
    simulate,
    simulate_halves,
    simulate_texture,
)
from vrs_scipion.simulation.shells import Curve
from vrs_scipion.tests.test_simulation import helix_atoms
from vrs_scipion.tests.test_simulation_files import InFolder

BOX, VOXEL = (44, 44, 44), 1.6
RESOLUTION = 5.0


@cache
def ball() -> Signal:
    """White noise in a ball: as strong in all directions."""
    z, y, x = (np.arange(n) - n // 2 for n in BOX)
    inside: Mask = z[:, None, None] ** 2 + y[:, None] ** 2 + x**2 <= 12**2
    white = np.random.default_rng(3).standard_normal(BOX)
    values = np.asarray(white * cosine_mask(inside, (VOXEL,) * 3, 0.0, 8.0), np.float32)
    return Signal(Density(values, (VOXEL,) * 3), inside, 1.0)


@cache
def directed(seed: int = 0, **given: Any) -> SimulatedHalves:
    by = Anisotropy(**given)
    return simulate_halves(ball(), HalvesSettings(resolution=RESOLUTION, anisotropy=by, seed=seed))


@cache
def domains() -> Signal:
    drawn = SimulationSettings(resolution=2 * VOXEL, voxel_size=VOXEL, box=BOX, domain_b=(20, 300))
    return signal_of_simulation(simulate(helix_atoms(24), drawn))


@cache
def textured(*faults: str, seed: int = 0) -> SimulatedHalves:
    wrong = tuple(Fault.parsed(fault) for fault in faults)
    return simulate_texture(
        TextureSettings(finest=3.2, coarsest=5.5, voxel_size=1.3, box=56, faults=wrong, seed=seed)
    )


def both(made: SimulatedHalves) -> tuple[Volume, Volume]:
    first, second = (half.values for half in made.half_maps)
    return first, second


def measured(made: SimulatedHalves) -> Curve:
    return np.asarray(shell_correlation(*both(made), made.density.voxel_size).correlation)


def banded(made: SimulatedHalves, mask: Mask) -> LocalCorrelations:
    first, second = (fft.rfftn(half) for half in both(made))
    return local_correlations(first, second, mask, made.density.voxel_size)


class TestDirections(unittest.TestCase):
    def test_the_curve_is_that_of_many_draws(self) -> None:
        for given in (
            {"loss": 0.3},
            {"missing_cone": 30.0, "axis": (1, 1, 0)},
            {"side_views": 0.8, "axis": (1, 0, 0)},
        ):
            with self.subTest(**given):
                drawn = [directed(seed, **given) for seed in range(6)]
                off = np.mean([measured(made) for made in drawn], axis=0) - drawn[0].truth.fsc[1:]
                self.assertLess(float(np.abs(off[3:]).max()), 0.08)
                self.assertLess(abs(float(off[3:].mean())), 0.01)

    def test_along_and_across(self) -> None:
        truth = directed(loss=0.3).truth
        self.assertAlmostEqual(truth.resolution("across") or 0, RESOLUTION, delta=0.1)
        self.assertAlmostEqual(truth.resolution("along") or 0, RESOLUTION / 0.7, delta=0.1)
        within = truth.resolution()
        assert within is not None
        self.assertTrue(RESOLUTION < within < RESOLUTION / 0.7)
        truth = directed(side_views=0.8).truth
        self.assertLess(truth.resolution("along") or 9, truth.resolution("across") or 0)
        truth = directed(missing_cone=30.0).truth
        self.assertGreater(truth.resolution("along") or 0, 1.5 * RESOLUTION)

    def test_nothing_lost_is_the_same_as_none_asked_for(self) -> None:
        even = simulate_halves(ball(), HalvesSettings(resolution=RESOLUTION))
        for one, other in zip(both(directed()), both(even), strict=True):
            np.testing.assert_allclose(one, other, atol=1e-4)

    def test_another_axis_turns_the_answer(self) -> None:
        under = UnderMask.of(ball().mask, (VOXEL,) * 3)
        for axis in ((1.0, 0.0, 0.0), (0.0, 0.0, 1.0), (0.0, 1.0, 1.0)):
            made = directed(loss=0.3, axis=axis)
            sums = directional_sums(*under.spectra(*both(made)), BOX, (VOXEL,) * 3)
            cones = cones_about(sums.sphere.directions, 20.0, sums, mask_overlap(under))
            reach = measure_anisotropy(cones).reach
            along = np.array(axis[::-1]) / np.linalg.norm(axis)
            self.assertGreater(abs(float(reach.worst @ along)), 0.9, axis)
            self.assertLess(abs(float(reach.best @ along)), 0.4, axis)

    def test_refusals(self) -> None:
        loss = Anisotropy(loss=0.2)
        for asked, message in (
            ({"symmetry": "C2", "anisotropy": loss}, "makes directions alike"),
            ({"spectrum": NoiseSpectrum(), "anisotropy": loss}, "leave out the loss"),
        ):
            with self.assertRaisesRegex(ValidationError, message):
                HalvesSettings(resolution=RESOLUTION, **asked)


class TestDomains(unittest.TestCase):
    def test_their_local_resolution_is_that_of_many_draws(self) -> None:
        asked = [HalvesSettings(resolution=RESOLUTION, seed=seed) for seed in range(5)]
        drawn = [simulate_halves(domains(), one) for one in asked]
        truth = simulate_halves(domains(), asked[0], local=True).local
        runs = [banded(made, domains().molecule) for made in drawn]
        bands = min(len(run.frequency) for run in runs)
        mean = replace(
            runs[0],
            frequency=runs[0].frequency[:bands],
            samples=runs[0].samples[:bands],
            values=np.mean([run.values[:bands] for run in runs], axis=0),
        )
        inside = domains().molecule
        for level, delta in ((0.5, 0.06), (0.143, 0.08)):
            found = local_resolution(mean, level).resolution[inside]
            off = found - truth[level][inside]
            self.assertLess(float(np.abs(off).mean()), delta)
            self.assertEqual(float(np.abs(truth[level][~inside]).max()), 0)
        self.assertGreater(float(np.quantile(truth[0.5][inside], 0.95)), 4.8)
        self.assertLess(float(np.quantile(truth[0.5][inside], 0.05)), 3.9)

    def test_four_slabs_of_as_many_atoms(self) -> None:
        drawn = SimulationSettings(resolution=5, voxel_size=2.5, domain_b=(20, 80), b_factor=5)
        made = simulate(helix_atoms(24), drawn).truth.atoms
        found, counts = np.unique(made.b_factors, return_counts=True)
        np.testing.assert_allclose(found, [25, 45, 65, 85])
        self.assertLessEqual(int(np.ptp(counts)), 1)
        places = [made.positions[made.b_factors == b].mean(axis=0) for b in found]
        steps = np.linalg.norm(np.diff(places, axis=0), axis=1)
        self.assertGreater(np.linalg.norm(places[-1] - places[0]), 0.9 * float(steps.sum()))

    def test_none_with_a_symmetry(self) -> None:
        asked = HalvesSettings(resolution=RESOLUTION, symmetry="C2")
        with self.assertRaisesRegex(ValueError, "leave out the symmetry"):
            simulate_halves(domains(), asked, local=True)


class TestTexture(unittest.TestCase):
    def test_the_curves_are_those_of_many_draws(self) -> None:
        drawn = [textured(seed=seed) for seed in range(4)]
        off = np.mean([measured(made) for made in drawn], axis=0) - drawn[0].truth.fsc[1:]
        self.assertLess(float(np.abs(off[3:]).max()), 0.05)
        self.assertLess(abs(float(off[3:].mean())), 0.01)

    def test_local_bands_find_its_local_resolution(self) -> None:
        made = textured()
        inside = made.signal.molecule
        found = local_resolution(banded(made, inside), 0.5).resolution[inside]
        truth = made.local[0.5][inside]
        self.assertAlmostEqual(float(np.median(found)), float(np.median(truth)), delta=0.2)
        self.assertLess(float(np.abs(found - truth).mean()), 0.3)
        np.testing.assert_array_less(made.local[0.143][inside], truth)
        self.assertTrue(truth.min() < 3.3 and truth.max() > 5.4)

    def test_a_contour_encloses_the_ball(self) -> None:
        made = textured()
        hard = hard_mask(made.density.values, made.contour, made.density.voxel_size)
        inside = made.signal.molecule
        self.assertGreater((hard & inside).sum() / (hard | inside).sum(), 0.85)

    def test_faults_and_seeds(self) -> None:
        self.assertTrue(np.array_equal(*both(textured("identical"))))
        shared = textured("shared=0.5")
        first, second = ((half - shared.signal.density.values).ravel() for half in both(shared))
        self.assertAlmostEqual(np.corrcoef(first, second)[0, 1], 0.5, delta=0.03)
        again = simulate_texture(textured().settings)  # type: ignore[arg-type]
        np.testing.assert_array_equal(both(again)[0], both(textured())[0])
        self.assertFalse(np.array_equal(both(textured(seed=1))[0], both(again)[0]))

    def test_refusals(self) -> None:
        for finest, coarsest in ((6, 3), (1.9, 4), (3, 13), (3, 3e9)):
            with self.assertRaisesRegex(ValidationError, "give the finer one first"):
                TextureSettings(finest=finest, coarsest=coarsest)


class TestCommand(InFolder):
    def test_directions(self) -> None:
        out = self.folder / "out"
        asked = "--halves 9 --voxel 3 --loss 0.25 --axis 1 0 0 --missing-cone 20 --side-views 0.1"
        printed = self.run_command(PHANTOM, "--out", str(out), *asked.split())
        record = read_halves_record(out)
        assert isinstance(record.settings, HalvesSettings)
        by = Anisotropy(axis=(1, 0, 0), loss=0.25, missing_cone=20, side_views=0.1)
        self.assertEqual(record.settings.anisotropy, by)
        assert record.directions is not None
        self.assertEqual(record.directions.axis, (1, 0, 0))
        self.assertEqual(len(record.directions.along.fsc), len(record.frequency))
        self.assertAlmostEqual(record.directions.across.resolution or 0, 9, delta=0.5)
        self.assertIn("Along the axis they correlate by 0.143 at ", printed)
        self.assertEqual(record.local, ())

    def test_places(self) -> None:
        texture = f"{TEXTURE} --local 4.5 7 --voxel 2 --box 40 --wrong shared=0.1".split()
        domains = f"{PHANTOM} --halves 9 --voxel 3 --domain-b 20 300".split()
        for words in (texture, domains):
            out = self.folder / words[0]
            printed = self.run_command(*words, "--out", str(out))
            record = read_halves_record(out)
            self.assertEqual([one.level for one in record.local], [0.5, 0.143])
            for one in record.local:
                self.assertIn(one.file, printed)
                values = mrcfile.read(out / one.file)
                self.assertEqual(values.shape, record.box)
                inside = mrcfile.read(out / "truth_molecule.mrc") > 0
                self.assertAlmostEqual(float(np.median(values[inside])), one.p50, places=4)
            self.assertGreater(record.local[0].p97_5, record.local[0].p2_5)
            self.assertEqual(
                {path.name for path in out.iterdir()},
                {*record.files.values(), "halves.json"}
                | ({"simulation.json"} if words is domains else set()),
            )
        self.assertEqual(read_halves_record(self.folder / TEXTURE).settings.seed, 0)
        self.assertEqual(read_record(self.folder / PHANTOM).settings.domain_b, (20, 300))

    def test_refusals_write_nothing(self) -> None:
        out = ["--out", str(self.folder / "out")]
        halved = [PHANTOM, *out, "--halves", "9", "--voxel", "3"]
        texture = [TEXTURE, *out, "--local", "3", "6"]
        for words, message in (
            ([TEXTURE, *out], "^texture: give --local"),
            ([*texture, "--halves", "4"], "--halves does not go with a texture"),
            ([*texture, "--loss", "0.1"], "--loss does not go with a texture"),
            ([*texture, "--noise-exponent", "1"], "--noise-exponent does not go with a texture"),
            ([*texture, "--box", "16"], "an eighth of the box"),
            ([*texture, "--voxel", "-1"], "voxel size of -1 Å makes no sense"),
            ([*halved, "--local", "3", "6"], "--local is for 'texture'"),
            ([*halved, "--loss", "1.5"], "loss: .* less than or equal to 0.9"),
            ([*halved, "--missing-cone", "-3"], "missing_cone: .* greater than or equal to 0"),
            ([*halved, "--axis", "0", "0", "1"], "nothing depends on the axis"),
            ([*halved, "--loss", "0.1", "--axis", "0", "0", "0"], "no length has no direction"),
            ([*halved, "--domain-b", "20", "9000"], "they make no map"),
            ([*halved, "--domain-b", "20", "30", "--symmetry", "C2"], "leave out the symmetry"),
            ([PHANTOM, *out, "--resolution", "6", "--loss", "0.1"], "give --halves"),
        ):
            with self.subTest(words), self.assertRaisesRegex(InputError, message) as caught:
                self.run_command(*words)
            self.assertNotIn("\n", str(caught.exception))
        self.assertEqual(list(self.folder.iterdir()), [])


if __name__ == "__main__":
    unittest.main()
