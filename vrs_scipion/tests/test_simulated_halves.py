"""Half maps with a known truth: correlation, masks, symmetry, faults, files, ``--halves``."""

from __future__ import annotations

import unittest
from functools import cache
from pathlib import Path
from typing import Any

import mrcfile
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from scipy import fft, ndimage

import vrs_scipion
from vrs_scipion.files import InputError
from vrs_scipion.maps.density import Density, Volume
from vrs_scipion.maps.writing import write_volume
from vrs_scipion.methods.fsc import FscCurve, modified_correlation, shell_correlation
from vrs_scipion.simulation import (
    FAULTS,
    PHANTOM,
    WHITE,
    Fault,
    HalvesSettings,
    NoiseSpectrum,
    Signal,
    SimulatedHalves,
    SimulationSettings,
    Within,
    read_halves_record,
    read_record,
    signal_of_map,
    signal_of_simulation,
    simulate,
    simulate_halves,
    write_halves,
)
from vrs_scipion.simulation.half_masks import LOOSE
from vrs_scipion.simulation.halves_truth import logistic_fall, power_under
from vrs_scipion.simulation.shells import Curve, Shells, signal_power
from vrs_scipion.simulation.symmetry import noise_gain, rotations, symmetrised
from vrs_scipion.tests.test_simulation import helix_atoms
from vrs_scipion.tests.test_simulation_files import InFolder

MAPS = Path(vrs_scipion.__file__).resolve().parents[2] / "shared" / "data" / "maps"
VOXEL = 1.6
RESOLUTION = 5.0


@cache
def helix() -> Signal:
    """A helix of 24 residues in a box of 48 voxels."""
    drawn = SimulationSettings(resolution=2 * VOXEL, voxel_size=VOXEL, box=48, b_factor=40)
    return signal_of_simulation(simulate(helix_atoms(24), drawn))


@cache
def halves(*faults: str, **others: Any) -> SimulatedHalves:
    wrong = tuple(Fault.parsed(fault) for fault in faults)
    asked = {"resolution": RESOLUTION, "faults": wrong} | others
    return simulate_halves(helix(), HalvesSettings(**asked))


def both(made: SimulatedHalves) -> tuple[Volume, Volume]:
    first, second = (half.values for half in made.half_maps)
    return first, second


def measured(made: SimulatedHalves, redundancy: float = 1.0) -> FscCurve:
    return shell_correlation(*both(made), made.density.voxel_size, redundancy=redundancy)


def measurable(made: SimulatedHalves) -> Curve:
    """What an unmasked curve is expected to show, where there is a formula."""
    assert made.truth.measurable is not None
    return made.truth.measurable


def resolution(made: SimulatedHalves | FscCurve, *where: Any) -> float:
    """Å at 0.143, where there is one."""
    found = made.resolution(0.143) if isinstance(made, FscCurve) else made.truth.resolution(*where)
    assert found is not None
    return found


def deviations(made: SimulatedHalves, expected: Curve, redundancy: float = 1.0) -> Curve:
    """Of the measured from the expected correlation, in standard errors."""
    curve = measured(made, redundancy)
    error = np.maximum(1 - expected[1:] ** 2, 1e-3) / np.sqrt(curve.samples)
    return np.asarray((curve.correlation - expected[1:]) / error)


class TestCorrelation(unittest.TestCase):
    @given(st.floats(3.0, 12.0), st.floats(0.03, 0.3))
    def test_the_fall_goes_through_the_level(self, resolution: float, width: float) -> None:
        at = np.array([1 / resolution])
        self.assertAlmostEqual(float(logistic_fall(at, resolution, width)[0]), 0.143, places=9)
        falling = logistic_fall(np.linspace(0, 1, 50), resolution, width)
        self.assertTrue((np.diff(falling) <= 0).all())

    def test_the_curve_is_the_one_asked_for(self) -> None:
        for seed in range(4):
            made = halves(seed=seed)
            asked = logistic_fall(made.truth.frequencies, RESOLUTION, 0.1)
            np.testing.assert_allclose(made.truth.fsc[1:], asked[1:], atol=1e-4)
            off = deviations(made, made.truth.fsc)
            self.assertLess(abs(off.mean()), 4 / np.sqrt(len(off)))
            self.assertLess(float(np.sqrt(np.mean(off**2))), 1.4)

    def test_the_resolution_is_the_one_asked_for(self) -> None:
        made = halves()
        width = made.truth.frequencies[1]
        self.assertAlmostEqual(1 / resolution(made), 1 / RESOLUTION, delta=0.1 * width)
        self.assertAlmostEqual(1 / resolution(measured(made)), 1 / RESOLUTION, delta=width)

    def test_within_the_mask(self) -> None:
        made = halves(within=Within.MASK)
        width = made.truth.frequencies[1]
        in_mask, in_box = resolution(made, LOOSE), resolution(made)
        self.assertAlmostEqual(1 / in_mask, 1 / RESOLUTION, delta=0.1 * width)
        self.assertGreater(in_box, in_mask)

    def test_noise_of_a_spectrum(self) -> None:
        for spectrum in (WHITE, NoiseSpectrum(exponent=1.0)):
            made = halves(spectrum=spectrum)
            noise = both(made)[0] - made.signal.density.values
            shells = Shells(made.density.box, made.density.voxel_size)
            found = signal_power(Density(noise, made.density.voxel_size), shells)
            np.testing.assert_allclose(found[8:] / made.truth.noise[8:], 1, atol=0.2)
            at = shells.shell_of(RESOLUTION)
            self.assertAlmostEqual(float(made.truth.fsc[at]), 0.143, delta=0.01)
        white = halves(spectrum=WHITE).truth.noise
        self.assertAlmostEqual(float(white[3] / white[20]), 1.0, places=3)

    def test_the_truth_under_a_mask_is_that_of_many_draws(self) -> None:
        made = halves(within=Within.MASK)
        shells = Shells(made.density.box, made.density.voxel_size)
        names = ("loose", "ragged")
        masks = {name: made.masks[name] for name in names}
        signal = power_under(made.signal.density.values, masks, shells)
        drawn = [
            power_under(one - made.signal.density.values, masks, shells)
            for seed in range(6)
            for one in both(halves(within=Within.MASK, seed=seed))
        ]
        for name in names:
            noise = np.mean([one[name] for one in drawn], axis=0)
            fsc = signal[name][5:] / (signal[name][5:] + noise[5:])
            np.testing.assert_allclose(made.truth.fsc_under[name][5:], fsc, atol=0.03)

    def test_the_truth_under_a_mask_is_measured_band_by_band(self) -> None:
        """A mask on the halves themselves carries low frequencies up; one on bands does not."""
        made = halves(within=Within.MASK)
        drawn = [halves(within=Within.MASK, seed=seed) for seed in range(3)]
        spectra = [[fft.rfftn(half) for half in both(one)] for one in drawn]
        for name in ("loose", "tight", "cutting"):
            curves = [
                modified_correlation(first, second, made.masks[name], (VOXEL,) * 3)
                for first, second in spectra
            ]
            found = np.mean([curve.correlation for curve in curves], axis=0)
            truth = made.truth.fsc_under[name]
            expected = np.interp(curves[0].frequency, made.truth.frequencies, truth)
            self.assertLess(float(np.abs(found - expected).mean()), 0.05, name)

    def test_power_under_no_mask_is_that_of_the_box(self) -> None:
        signal, shells = helix(), Shells((48, 48, 48), (VOXEL,) * 3)
        everywhere = {"": np.ones((48, 48, 48), np.float32)}
        found = power_under(signal.density.values, everywhere, shells)[""]
        np.testing.assert_allclose(found[1:], signal_power(signal.density, shells)[1:], rtol=1e-4)

    def test_the_map_is_their_weighted_and_sharpened_mean(self) -> None:
        made = halves()
        mean = (both(made)[0] + both(made)[1]) / 2
        curve = shell_correlation(mean, made.density.values, made.density.voxel_size)
        self.assertGreater(float(curve.correlation.min()), 0.999)
        spectra = [np.abs(fft.rfftn(m.density.values)) for m in (halves(sharpening=-50.0), made)]
        at = made.density.box[0] // 4
        gain = spectra[0][at, 0, 0] / spectra[1][at, 0, 0]
        self.assertAlmostEqual(np.log(gain), 50 / 4 / (4 * VOXEL) ** 2, places=3)
        self.assertAlmostEqual(
            np.count_nonzero(made.density.values >= made.contour) / helix().enclosed, 1, delta=0.5
        )

    def test_the_same_seed_makes_the_same(self) -> None:
        asked = HalvesSettings(resolution=RESOLUTION)
        for one, other in zip(both(halves()), both(simulate_halves(helix(), asked)), strict=True):
            np.testing.assert_array_equal(one, other)
        self.assertFalse(np.array_equal(both(halves())[0], both(halves(seed=1))[0]))

    def test_their_noises_have_nothing_in_common(self) -> None:
        first, second = (half - helix().density.values for half in both(halves()))
        self.assertLess(abs(np.corrcoef(first.ravel(), second.ravel())[0, 1]), 0.02)

    def test_refusals(self) -> None:
        for asked, message in (
            ({"resolution": 2.0}, "the finest and the coarsest"),
            ({"resolution": RESOLUTION, "spectrum": NoiseSpectrum(12.0)}, "spectrum holds nothing"),
        ):
            with self.assertRaisesRegex(ValueError, message):
                simulate_halves(helix(), HalvesSettings(**asked))
        blurred = SimulationSettings(resolution=9, voxel_size=VOXEL, box=48)
        coarse = signal_of_simulation(simulate(helix_atoms(24), blurred))
        with self.assertRaisesRegex(ValueError, "signal holds nothing at 4 Å"):
            simulate_halves(coarse, HalvesSettings(resolution=4))
        for wrong in ({"resolution": 0}, {"fall": 0}, {"symmetry": "C0"}, {"symmetry": "C4x"}):
            with self.assertRaises(ValidationError):
                HalvesSettings(**({"resolution": 5} | wrong))


class TestMasks(unittest.TestCase):
    def test_they_are_masks(self) -> None:
        for name, mask in halves().masks.items():
            with self.subTest(name):
                self.assertEqual((mask.dtype, mask.shape), (np.float32, (48, 48, 48)))
                self.assertGreaterEqual(float(mask.min()), 0)
                self.assertLessEqual(float(mask.max()), 1)

    def test_each_is_what_it_is_called(self) -> None:
        masks, inside = halves().masks, helix().molecule
        self.assertTrue((masks["loose"][inside] == 1).all())
        self.assertLess(masks["tight"].sum(), 0.6 * masks["loose"].sum())
        self.assertEqual(set(np.unique(masks["ragged"])), {0, 1})
        kept = float(masks["cutting"][inside].mean())
        self.assertTrue(0.55 < kept < 0.75, kept)
        faces = [masks["touching"].take(end, axis).max() for axis in range(3) for end in (0, -1)]
        self.assertGreater(max(faces), 0.5)
        self.assertEqual(max(masks["loose"][0].max(), masks["loose"][:, 0].max()), 0)

    def test_the_truth_is_better_under_a_tighter_one(self) -> None:
        made = halves()
        found = [resolution(made, name) for name in ("", "touching", "loose", "tight", "ragged")]
        self.assertEqual(found, sorted(found, reverse=True))


class TestSymmetry(unittest.TestCase):
    def test_copies_agree_with_interpolated_ones(self) -> None:
        generator = np.random.default_rng(0)
        for n in (12, 13):
            values = generator.standard_normal((n, n, n)).astype(np.float32)
            for name in ("C2", "C4", "D2", "O"):
                group = rotations(name)
                found = symmetrised(values, group, (1.0, 1.0, 1.0))
                middle = np.full(3, n // 2)
                turned = [
                    ndimage.affine_transform(
                        values, m[::-1, ::-1], middle - m[::-1, ::-1] @ middle, order=1,
                        mode="grid-wrap",
                    )
                    for m in group.as_matrix()
                ]  # fmt: skip
                np.testing.assert_allclose(found, np.mean(turned, axis=0), atol=1e-4)

    def test_a_turn_changes_nothing_any_more(self) -> None:
        for name, order in (("C4", 4), ("D3", 3)):
            made = halves(symmetry=name)
            turn = rotations(f"C{order}").as_matrix()[1][::-1, ::-1]
            middle = np.full(3, 24)
            for half in both(made):
                turned = ndimage.affine_transform(
                    half, turn, middle - turn @ middle, order=3, mode="grid-wrap"
                )
                inside = made.masks["loose"] > 0.5
                self.assertGreater(np.corrcoef(half[inside], turned[inside])[0, 1], 0.9)

    def test_the_curve_is_the_one_asked_for(self) -> None:
        for name, order in (("C2", 2), ("C4", 4), ("D3", 6)):
            made = halves(symmetry=name)
            off = deviations(made, made.truth.fsc, redundancy=order)
            self.assertLess(float(np.sqrt(np.mean(off**2))), 1.5, name)

    @settings(max_examples=8, deadline=None)
    @given(st.sampled_from(["C2", "C3", "C5", "D2"]), st.floats(0.1, 0.3))
    def test_noise_is_stronger_on_the_axis(self, name: str, frequency: float) -> None:
        group, size = rotations(name), (1.0, 1.0, 1.0)
        axis, far = np.zeros((2, 33, 33, 33), np.float32)
        axis[:, 16, 16] = 1
        far[16, 28, 26] = 1
        gain = [noise_gain(m, group, size, np.array([frequency]))[0] for m in (axis, far)]
        self.assertGreater(gain[0], 1.4 / len(group))
        self.assertAlmostEqual(gain[1], 1 / len(group), delta=0.15)

    def test_that_gain_is_the_one_of_noise(self) -> None:
        made = halves(symmetry="C4")
        shells = Shells(made.density.box, made.density.voxel_size)
        axis = np.zeros(made.density.box, np.float32)
        axis[:, 24, 24] = 1
        drawn = [
            one - made.signal.density.values
            for seed in range(6)
            for one in both(halves(symmetry="C4", seed=seed))
        ]
        found = np.mean([power_under(n, {"": axis}, shells)[""] for n in drawn], axis=0)
        group, size, frequencies = rotations("C4"), made.density.voxel_size, shells.frequencies
        expected = noise_gain(axis, group, size, frequencies) / noise_gain(
            np.ones_like(axis), group, size, frequencies
        )
        louder = float((found / made.truth.noise)[8:].mean())
        self.assertAlmostEqual(louder, float(expected[8:].mean()), delta=0.4)
        self.assertGreater(louder, 3)


class TestFaults(unittest.TestCase):
    """Each does what it says, to what it says, and is stated."""

    def test_shared_noise_correlates(self) -> None:
        for share in (0.0, 0.05, 0.3, 1.0):
            made = halves(f"shared={share}")
            fsc = made.truth.fsc
            np.testing.assert_allclose(measurable(made), fsc + share * (1 - fsc))
            off = deviations(made, measurable(made))
            self.assertLess(abs(off.mean()), 4 / np.sqrt(len(off)))
            first, second = (half - helix().density.values for half in both(made))
            found = np.corrcoef(first.ravel(), second.ravel())[0, 1]
            self.assertAlmostEqual(found, share, delta=0.03)
            self.assertAlmostEqual(first.std() / second.std(), 1, delta=0.02)

    def test_noise_only(self) -> None:
        made = halves("noise")
        np.testing.assert_array_equal(measurable(made), 0)
        off = deviations(made, measurable(made))
        self.assertLess(abs(off.mean()), 4 / np.sqrt(len(off)))
        both_wrong = measurable(halves("noise", "shared=0.2"))
        np.testing.assert_allclose(both_wrong, 0.2)

    def test_copies(self) -> None:
        self.assertTrue(np.array_equal(*both(halves("identical"))))
        first, second = both(halves("scaled=-3"))
        self.assertAlmostEqual(np.corrcoef(first.ravel(), second.ravel())[0, 1], -1, places=5)
        for name, sign in (("identical", 1), ("scaled=3", 1), ("scaled=-3", -1)):
            made = halves(name)
            np.testing.assert_array_equal(measurable(made), sign)
            np.testing.assert_allclose(measured(made).correlation, sign, atol=1e-3)

    def test_inverted(self) -> None:
        np.testing.assert_array_equal(both(halves("inverted"))[1], -both(halves())[1])
        np.testing.assert_array_equal(measurable(halves("inverted")), -halves().truth.fsc)

    def test_masked(self) -> None:
        outside = halves().masks["loose"] == 0
        for name in ("masked-soft", "masked-hard"):
            for half in both(halves(name)):
                self.assertEqual(np.abs(half[outside]).max(), 0)
                self.assertGreater(half[helix().molecule].std(), 0)

    def test_low_passed(self) -> None:
        shells = Shells(helix().density.box, helix().density.voxel_size)
        made = halves("low-passed")
        power = signal_power(made.half_maps[0], shells)
        beyond = shells.frequencies > 1.3 / RESOLUTION
        self.assertLess(power[beyond].max(), 1e-6 * power.max())

    def test_denoised_halves_lack_noise_outside(self) -> None:
        noise = [(both(m)[0] - both(m)[1]) / 2 for m in (halves(), halves("denoised"))]
        inside, outside = helix().molecule, halves().masks["loose"] == 0
        before, after = (n[outside].std() / n[inside].std() for n in noise)
        self.assertAlmostEqual(before, 1, delta=0.1)
        self.assertLess(after, 0.6)

    def test_the_second_half_is_mirrored_or_shifted(self) -> None:
        first, second = both(halves())
        for name, changed in (
            ("mirrored", np.roll(second[..., ::-1], 1, axis=2)),
            ("shifted=2", np.roll(second, 2, axis=2)),
        ):
            made = both(halves(name))
            np.testing.assert_array_equal(made[0], first)
            np.testing.assert_allclose(made[1], changed, atol=1e-4 * second.std())
        half = fft.rfftn(both(halves("shifted=0.5"))[1]) / fft.rfftn(second)
        phase = np.exp(-1j * np.pi * fft.rfftfreq(48))
        np.testing.assert_allclose(half[3, 5, 1:24], phase[1:24], atol=1e-2)

    def test_the_maps_faults_leave_the_halves_alone(self) -> None:
        for name in (name for name in FAULTS if name.startswith("map-")):
            with self.subTest(name):
                made = halves(name)
                np.testing.assert_array_equal(both(made)[0], both(halves())[0])
                curve = shell_correlation(
                    made.density.values, halves().density.values, made.density.voxel_size
                )
                self.assertLess(float(curve.correlation.min()), 0.95)

    def test_the_map_is_stretched_about_its_middle(self) -> None:
        n = 48
        grid = np.mgrid[:n, :n, :n] - n // 2
        ball = np.exp(-(grid**2).sum(axis=0) / (2 * 5.0**2)).astype(np.float32)
        wide = np.exp(-(grid**2).sum(axis=0) / (2 * 5.5**2)).astype(np.float32)
        signal = Signal(Density(ball, (1.0,) * 3), ball > 0.3, 0.3)
        asked = HalvesSettings(resolution=12, faults=(Fault.parsed("map-stretched=10"),))
        made = simulate_halves(signal, asked)
        likeness = [np.corrcoef(made.density.values.ravel(), m.ravel())[0, 1] for m in (wide, ball)]
        self.assertGreater(likeness[0], likeness[1])

    def test_the_map_may_be_of_something_else(self) -> None:
        drawn = SimulationSettings(
            resolution=2 * VOXEL, voxel_size=VOXEL, box=48, b_factor=40, rotation="random"
        )
        other = signal_of_simulation(simulate(helix_atoms(25), drawn))
        made = simulate_halves(helix(), HalvesSettings(resolution=RESOLUTION), other)
        np.testing.assert_array_equal(both(made)[0], both(halves())[0])
        likeness = [
            np.corrcoef(made.density.values.ravel(), s.density.values.ravel())[0, 1]
            for s in (other, helix())
        ]
        self.assertGreater(likeness[0], 2 * likeness[1])
        small = SimulationSettings(resolution=2 * VOXEL, voxel_size=VOXEL, box=54)
        with self.assertRaisesRegex(ValueError, "another grid"):
            simulate_halves(
                helix(),
                HalvesSettings(resolution=RESOLUTION),
                signal_of_simulation(simulate(helix_atoms(25), small)),
            )

    def test_refusals(self) -> None:
        for text, message in (
            ("nothing", "no fault that is known; give shared, "),
            ("shared=much", "'much' is no size of shared"),
            ("shared=2", "from 0 to 1, not 2"),
            ("shared=nan", "shared"),
        ):
            with self.subTest(text), self.assertRaisesRegex(ValueError, message):
                Fault.parsed(text)


class TestFiles(InFolder):
    def test_what_is_written(self) -> None:
        made = halves("shared=0.05")
        record = write_halves(made, self.folder / "out")
        self.assertEqual(read_halves_record(self.folder / "out"), record)
        self.assertEqual(
            {path.name for path in (self.folder / "out").iterdir()},
            {*record.files.values(), "halves.json"},
        )
        for key, values in (
            ("map", made.density.values),
            ("half_map_1", made.half_maps[0].values),
            ("half_map_2", made.half_maps[1].values),
            ("truth_density", made.signal.density.values),
            ("mask_cutting", made.masks["cutting"]),
        ):
            with mrcfile.open(self.folder / "out" / record.files[key]) as mrc:
                np.testing.assert_array_equal(mrc.data, values)
                self.assertAlmostEqual(float(mrc.voxel_size.x), VOXEL, places=5)
        self.assertEqual(record.settings, made.settings)
        self.assertEqual(record.wrong, ("the halves share noise: 0.05 of the noise's power",))
        self.assertEqual(record.masks["tight"].resolution, made.truth.resolution("tight"))
        self.assertEqual(record.unmasked.fsc, tuple(made.truth.fsc.tolist()))

    def test_every_option_reaches_the_settings(self) -> None:
        out = self.folder / "out"
        printed = self.run_command(
            *f"{PHANTOM} --out {out} --voxel 3 --halves 9 --within mask --noise-exponent 0.5 "
            "--symmetry C2 --sharpen -80 --wrong shared=0.3 map-shifted --seed 5".split()
        )
        asked = read_halves_record(out).settings
        assert isinstance(asked, HalvesSettings)
        self.assertEqual((asked.resolution, asked.within, asked.seed), (9, Within.MASK, 5))
        self.assertEqual((asked.symmetry, asked.sharpening), ("C2", -80))
        assert asked.spectrum is not None
        self.assertEqual(asked.spectrum.exponent, 0.5)
        self.assertEqual([fault.size for fault in asked.faults], [0.3, 3.0])
        drawn = read_record(out)
        self.assertEqual((drawn.settings.resolution, drawn.model.name), (6, PHANTOM))
        self.assertIn("Wrong: the map is shifted along x: 3 voxels", printed)
        self.assertIn("they correlate by 0.143 at ", printed)

    def test_a_map_as_the_signal(self) -> None:
        path = self.folder / "deposited.mrc"
        write_volume(path, helix().density.values, (VOXEL,) * 3)
        out, contour = self.folder / "out", helix().contour
        words = ["--out", str(out), "--halves", "5", "--contour", f"{contour}", "--fall", "0.2"]
        self.run_command(str(path), *words)
        record = read_halves_record(out)
        assert isinstance(record.settings, HalvesSettings)
        self.assertEqual((record.signal_from.name, record.settings.fall), ("deposited.mrc", 0.2))
        self.assertFalse((out / "simulation.json").exists())
        signal = signal_of_map(path, contour)
        np.testing.assert_allclose(
            signal.density.values[helix().density.values >= contour],
            helix().density.values[helix().density.values >= contour],
            rtol=0.2,
        )

    def test_the_map_of_another(self) -> None:
        out = self.folder / "out"
        path = self.folder / "deposited.mrc"
        write_volume(path, helix().density.values, (VOXEL,) * 3)
        words = ["--out", str(out), "--halves", "6", "--contour", f"{helix().contour}"]
        self.run_command(str(path), *words, "--map-of", str(path))
        record = read_halves_record(out)
        assert record.map_from is not None
        self.assertEqual(record.map_from.name, "deposited.mrc")

    def test_refusals_write_nothing(self) -> None:
        path = self.folder / "deposited.mrc"
        write_volume(path, helix().density.values, (VOXEL,) * 3)
        out = ["--out", str(self.folder / "out")]
        halved = [*out, "--halves", "9", "--voxel", "3"]
        for words, message in (
            ([PHANTOM, *out], "^phantom: give --resolution, or --halves"),
            ([PHANTOM, *out, "--resolution", "5", "--fall", "0.1"], "give --halves"),
            ([PHANTOM, *halved, "--snr", "1"], "--snr does not go with --halves"),
            ([PHANTOM, *halved, "--half-maps"], "--half-maps does not go"),
            ([PHANTOM, *halved, "--wrong", "nothing"], "no fault that is known"),
            ([PHANTOM, *halved, "--symmetry", "Q"], "no point group"),
            ([PHANTOM, *halved, "--halves", "1.1"], "the finest and the coarsest"),
            ([PHANTOM, *halved, "--fall", "0.1", "--noise-exponent", "0"], "fall of the corr"),
            ([PHANTOM, *halved, "--map-of", "none.pdb"], "^none.pdb: there is no such file"),
            ([str(path), *halved], "^deposited.mrc: .*give --contour"),
            ([str(path), *halved, "--contour", "-1"], "contour of -1 has the solvent in it"),
            ([str(path), *halved, "--contour", "999"], "nothing reaches the contour of 999"),
            ([str(path), *halved, "--contour", "0.1", "--mirror"], "--mirror is for models"),
        ):
            with self.subTest(words), self.assertRaisesRegex(InputError, message) as caught:
                self.run_command(*words)
            self.assertNotIn("\n", str(caught.exception))
        self.assertEqual([p.name for p in self.folder.iterdir()], ["deposited.mrc"])


@unittest.skipUnless(MAPS.is_dir(), f"deposited maps are not there: {MAPS}")
class TestDepositedMaps(unittest.TestCase):
    def test_a_deposited_map_becomes_half_maps(self) -> None:
        signal = signal_of_map(MAPS / "emd_5625.map.gz", 3.0)
        made = simulate_halves(signal, HalvesSettings(resolution=12, within=Within.MASK))
        off = deviations(made, made.truth.fsc)
        self.assertLess(float(np.sqrt(np.mean(off**2))), 1.5)


if __name__ == "__main__":
    unittest.main()
