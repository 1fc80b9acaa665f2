"""Simulated maps measured back: filters, regions, noise, half maps, pose, masks, local truth."""

from __future__ import annotations

import unittest
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError
from scipy.spatial.transform import Rotation

from vrs_scipion.maps.density import Density, Volume
from vrs_scipion.simulation import (
    PHANTOM,
    AtomNumbers,
    Atoms,
    Ball,
    Chains,
    FilterShape,
    HalfSpace,
    Labels,
    MaskKind,
    Noise,
    NoiseSpectrum,
    Region,
    Residues,
    Simulation,
    SimulationSettings,
    atoms_from_arrays,
    bundle_structure,
    frequency_grid,
    low_pass_of_shape,
    molecule_mask,
    render,
    signal_to_noise_ratio,
    simulate,
)
from vrs_scipion.simulation.pose import random_rotation
from vrs_scipion.simulation.regions import assign_regions
from vrs_scipion.simulation.shells import Shells
from vrs_scipion.tests.test_simulation import CUBE, helix_atoms, turn_per_slice

T = TypeVar("T", np.float32, np.bool_)

TWINS_APART = 36.0
"""Two equal clusters are moved apart along x by this many voxels of 1 Å."""


def twins(b_factor: float = 20.0) -> Atoms:
    """Two copies of the same random atoms, at −18 and +18 Å on x; the second is chain B."""
    rng = np.random.default_rng(4)
    cluster = rng.uniform(-5, 5, (30, 3))
    away = np.array((TWINS_APART / 2, 0.0, 0.0))
    positions = np.concatenate((cluster - away, cluster + away))
    n = len(positions)
    labels = Labels(
        chains=np.repeat(["A", "B"], 30),
        numbers=np.tile(np.arange(30), 2) // 10 + 1,
        insertions=np.full(n, ""),
        residues=np.full(n, "ALA"),
        names=np.full(n, "C"),
        altlocs=np.full(n, ""),
    )
    return Atoms(positions, ("C",) * n, np.full(n, b_factor), np.ones(n), labels)


def halves(values: NDArray[T]) -> tuple[NDArray[T], NDArray[T]]:
    """The cubes of 36³ voxels around the two clusters of a box of 40 × 40 × 80."""
    return values[2:38, 2:38, 4:40], values[2:38, 2:38, 40:76]


def of_twins(*regions: Region, **others: Any) -> Simulation:
    settings = {"resolution": 2.5, "box": (40, 40, 80), "regions": regions} | others
    return simulate(twins(), SimulationSettings(**settings))


def amplitudes(values: Volume) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
    """Frequencies in 1/Å and amplitudes of a volume with voxels of 1 Å."""
    nz, ny, nx = values.shape
    frequency = frequency_grid((nz, ny, nx), (1.0, 1.0, 1.0))
    return frequency, np.abs(np.fft.rfftn(values))


def small_bundle(**others: Any) -> Simulation:
    settings = {"resolution": 5.0, "voxel_size": 2.0, "box": 64, "seed": 3} | others
    bundle = bundle_structure(np.random.default_rng(7), 7, residues=(12, 16))
    return simulate(bundle, SimulationSettings(**settings))


def shell_correlation(first: Density, second: Density) -> NDArray[np.float64]:
    """Fourier shell correlation, computed apart from what is tested."""
    a, b = np.fft.fftn(first.values), np.fft.fftn(second.values)
    axes = [np.fft.fftfreq(n, s) for n, s in zip(first.box, first.voxel_size, strict=True)]
    z, y, x = np.meshgrid(*axes, indexing="ij")
    shell = np.rint(np.sqrt(z**2 + y**2 + x**2) * min(first.extent)).astype(int).ravel()
    across, left, right = (
        np.bincount(shell, term.real.ravel()) for term in (a * b.conj(), a * a.conj(), b * b.conj())
    )
    return (across / np.sqrt(left * right))[: min(first.box) // 2 + 1]


class TestFilterShapes(unittest.TestCase):
    def test_amplitude_is_one_half_at_the_resolution(self) -> None:
        frequency = np.array([0, 0.25, 1.0], dtype=np.float32)
        for shape in FilterShape:
            with self.subTest(shape):
                amplitude = low_pass_of_shape(frequency, 4.0, shape)
                self.assertEqual(amplitude.dtype, np.float32)
                self.assertEqual(float(amplitude[0]), 1.0)
                self.assertAlmostEqual(float(amplitude[1]), 0.5, places=6)
                self.assertLess(float(amplitude[2]), 1e-4)

    def test_never_rises(self) -> None:
        frequency = np.linspace(0, 2, 400, dtype=np.float32)
        for shape in FilterShape:
            with self.subTest(shape):
                self.assertTrue(np.all(np.diff(low_pass_of_shape(frequency, 3.7, shape)) <= 0))

    def test_measured_back_from_a_map(self) -> None:
        atom = atoms_from_arrays([(0.0, 0.0, 0.0)], ("C",), 30.0)
        drawn = {shape: render(atom, CUBE, 1.0, 4.0, shape=shape).values for shape in FilterShape}
        unfiltered = np.abs(np.fft.rfftn(render(atom, CUBE, 1.0, 2.0).values))
        for shape, values in drawn.items():
            with self.subTest(shape):
                frequency, amplitude = amplitudes(values)
                measured = amplitude / np.maximum(unfiltered, 1e-6)
                inside = frequency < 0.4
                np.testing.assert_allclose(
                    measured[inside], low_pass_of_shape(frequency[inside], 4.0, shape), atol=0.004
                )
                self.assertAlmostEqual(float(measured[12, 0, 0]), 0.5, places=2)

    def test_a_gaussian_filter_is_a_b_factor(self) -> None:
        atom = atoms_from_arrays([(0.0, 0.0, 0.0)], ("C",), 30.0)
        filtered = render(atom, CUBE, 1.0, 6.0, shape=FilterShape.GAUSSIAN).values
        blurred = render(
            atom, CUBE, 1.0, 2.0, b_factor=4 * np.log(2) * 36, shape=FilterShape.HARD
        ).values
        np.testing.assert_allclose(filtered, blurred, atol=2e-3 * filtered.max())

    def test_band_limited_beyond_the_nyquist_frequency(self) -> None:
        atom = atoms_from_arrays([(0.0, 0.0, 0.0)], ("C",), 5.0)
        for shape in (FilterShape.GAUSSIAN, FilterShape.BUTTERWORTH):
            frequency, amplitude = amplitudes(render(atom, CUBE, 1.0, 2.0, shape=shape).values)
            self.assertLess(amplitude[frequency > 0.501].max() / amplitude.max(), 1e-5)
            self.assertLess(amplitude.max() / amplitude[0, 0, 0], 1.001)

    def test_refusals(self) -> None:
        for shape in FilterShape:
            with self.assertRaises(ValueError):
                low_pass_of_shape(np.zeros(1, np.float32), 0.0, shape)


class TestRegions(unittest.TestCase):
    def test_selections(self) -> None:
        atoms = twins()
        second = np.arange(60) >= 30
        for select, expected in (
            (Chains(names=("B",)), second),
            (HalfSpace(normal=(2.0, 0.0, 0.0), offset=3.0), second),
            (HalfSpace(normal=(-1.0, 0.0, 0.0), offset=3.0), ~second),
            (Ball(centre=(18.0, 0.0, 0.0), radius=10.0), second),
            (AtomNumbers.where(second), second),
            (Residues(first=1, last=3, chain="B"), second),
            (Residues(first=2, last=2), (np.arange(60) // 10) % 3 == 1),
        ):
            with self.subTest(select):
                np.testing.assert_array_equal(select(atoms), expected)

    def test_atoms_without_labels_are_chain_a(self) -> None:
        helix = helix_atoms(4)
        self.assertTrue(Chains(names=("A",))(helix).all())
        self.assertEqual(np.count_nonzero(Residues(first=3, last=4)(helix)), 2)

    def test_first_region_wins(self) -> None:
        regions = (
            Region(select=Residues(first=1, last=1)),
            Region(select=Chains(names=("A",))),
        )
        owner = assign_regions(regions, twins())
        self.assertEqual(owner.tolist(), [0] * 10 + [1] * 20 + [0] * 10 + [-1] * 20)

    def test_a_region_without_atoms_is_refused(self) -> None:
        with self.assertRaisesRegex(ValueError, 'region 1, .*"Z".*gets none'):
            of_twins(Region(select=Chains(names=("Z",))))

    def test_occupancy_measured_back(self) -> None:
        simulation = of_twins(Region(select=Chains(names=("B",)), occupancy=0.3))
        whole, part = halves(simulation.density.values)
        np.testing.assert_allclose(part, 0.3 * whole, atol=2e-3 * whole.max())
        truth, mask = simulation.truth.local.occupancy, simulation.truth.mask
        for half, inside, expected in zip(halves(truth), halves(mask), (1.0, 0.3), strict=True):
            np.testing.assert_allclose(half[inside], expected, rtol=1e-6)
            self.assertFalse(half[~inside].any())

    def test_b_factor_measured_back(self) -> None:
        simulation = of_twins(Region(select=Chains(names=("B",)), extra_b=70), b_factor=25)
        sharp, blurred = halves(simulation.density.values)
        frequency, before = amplitudes(sharp)
        after = amplitudes(blurred)[1]
        used = (frequency < 0.3) & (before > 0.02 * before.max())
        slope = np.polyfit(frequency[used] ** 2, np.log(after[used] / before[used]), 1)[0]
        self.assertAlmostEqual(-4 * slope, 70, delta=2)
        local = simulation.truth.local
        self.assertEqual(set(np.unique(local.b_factor)), {0.0, 45.0, 115.0})

    def test_global_b_factor_is_the_fall_off(self) -> None:
        sharp, blurred = (of_twins(b_factor=b).density.values for b in (0.0, 60.0))
        frequency, before = amplitudes(sharp)
        after = amplitudes(blurred)[1]
        used = (frequency < 0.35) & (before > 0.02 * before.max())
        slope = np.polyfit(frequency[used] ** 2, np.log(after[used] / before[used]), 1)[0]
        self.assertAlmostEqual(-4 * slope, 60, delta=0.5)

    def test_local_resolution_measured_back(self) -> None:
        simulation = of_twins(Region(select=Chains(names=("B",)), resolution=6.0))
        fine, coarse = halves(simulation.density.values)
        frequency, before = amplitudes(fine)
        after = amplitudes(coarse)[1]
        strong = before > 0.05 * before.max()
        at = strong & (np.abs(frequency * 6 - 1) < 0.02)
        self.assertGreater(np.count_nonzero(at), 20)
        self.assertAlmostEqual(float(np.median(after[at] / before[at])), 0.5, delta=0.06)
        below = strong & (frequency * 6 < 0.8)
        np.testing.assert_allclose(np.median(after[below] / before[below]), 1, atol=0.02)
        beyond = strong & (frequency * 6 > 1.25)
        self.assertLess(float(np.median(after[beyond] / before[beyond])), 0.03)
        truth, mask = simulation.truth.local.resolution, simulation.truth.mask
        for half, inside, expected in zip(halves(truth), halves(mask), (2.5, 6.0), strict=True):
            self.assertEqual(np.unique(half[inside]).tolist(), [expected])
            self.assertFalse(half[~inside].any())

    def test_a_region_of_occupancy_0_is_not_there(self) -> None:
        simulation = of_twins(Region(select=Chains(names=("B",)), occupancy=0.0))
        left, right = halves(simulation.density.values)
        self.assertLess(float(np.abs(right).max()), 0.01 * float(left.max()))
        self.assertFalse(halves(simulation.truth.mask)[1].any())
        with self.assertRaisesRegex(ValueError, "leave no atom"):
            of_twins(Region(select=Chains(names=("A", "B")), occupancy=0.0))


class TestNoise(unittest.TestCase):
    def test_overall_ratio(self) -> None:
        simulation = small_bundle(noise=Noise(snr=2.5, spectrum=NoiseSpectrum(5.0)))
        truth = simulation.truth
        noise = simulation.density.values - truth.density.values
        self.assertAlmostEqual(
            signal_to_noise_ratio(truth.density.values, noise, truth.mask), 2.5, places=3
        )
        self.assertAlmostEqual(float(noise.std()) / truth.noise_sigma, 1.0, places=4)

    def test_ratio_at_a_resolution(self) -> None:
        for spectrum in (NoiseSpectrum(), NoiseSpectrum(exponent=1.0)):
            for snr in (1.0, 1 / 3):
                simulation = small_bundle(noise=Noise(snr=snr, at=6.0, spectrum=spectrum))
                truth = simulation.truth
                noise = simulation.density.values - truth.density.values
                frequency = frequency_grid((64, 64, 64), (2.0, 2.0, 2.0))
                shell = np.rint(frequency * 128) == round(128 / 6)
                signal_power, noise_power = (
                    np.mean(np.abs(np.fft.rfftn(part)[shell]) ** 2)
                    for part in (truth.density.values, noise)
                )
                self.assertAlmostEqual(signal_power / noise_power / snr, 1.0, delta=0.06)

    def test_shells_of_noise_are_those_expected(self) -> None:
        simulation = small_bundle(
            noise=Noise(snr=1.0, spectrum=NoiseSpectrum(exponent=1.0)), box=(48, 64, 60)
        )
        shells = simulation.truth.shells
        assert shells is not None
        noise = simulation.density.values - simulation.truth.density.values
        power = np.abs(np.fft.fftn(noise)) ** 2
        axes = [np.fft.fftfreq(n, 2.0) for n in noise.shape]
        z, y, x = np.meshgrid(*axes, indexing="ij")
        index = np.rint(np.sqrt(z**2 + y**2 + x**2) * 96).astype(int).ravel()
        measured = (np.bincount(index, power.ravel()) / np.bincount(index))[: len(shells.noise)]
        np.testing.assert_allclose(measured[6:], shells.noise[6:], rtol=0.15)
        self.assertAlmostEqual(float(np.mean(measured[6:] / shells.noise[6:])), 1, delta=0.02)

    def test_a_full_spectrum_has_all_the_power(self) -> None:
        for box in ((16, 16, 16), (15, 16, 17)):
            shells = Shells(box, (1.0, 1.0, 1.0))
            self.assertEqual(shells.total(np.ones(shells.index.shape, np.float32)), np.prod(box))

    def test_refusals(self) -> None:
        with self.assertRaisesRegex(ValueError, "holds nothing"):
            small_bundle(noise=Noise(snr=1, at=4.2))
        with self.assertRaisesRegex(ValueError, "holds nothing"):
            small_bundle(noise=Noise(snr=1, at=6, spectrum=NoiseSpectrum(12.0)))
        for at in (3.0, 1000.0):
            with self.assertRaisesRegex(ValueError, "finest and the coarsest"):
                small_bundle(noise=Noise(snr=1, at=at))


class TestHalfMaps(unittest.TestCase):
    simulation: Simulation

    @classmethod
    def setUpClass(cls) -> None:
        cls.simulation = small_bundle(
            resolution=4.5,
            noise=Noise(snr=1.0, at=7.0),
            half_maps=True,
            background=0.25,
            filter_shape=FilterShape.GAUSSIAN,
        )

    def test_mean_is_the_map(self) -> None:
        first, second = (half.values for half in self.simulation.half_maps)
        whole = self.simulation.density.values
        np.testing.assert_allclose((first + second) / 2, whole, atol=1e-6 * np.abs(whole).max())

    def test_half_the_difference_has_the_strength_of_the_maps_noise(self) -> None:
        first, second = (half.values for half in self.simulation.half_maps)
        sigma = self.simulation.truth.noise_sigma
        self.assertAlmostEqual(float(((first - second) / 2).std()) / sigma, 1.0, places=4)

    def test_their_noises_are_independent_and_twice_as_strong(self) -> None:
        clean = self.simulation.truth.density.values + np.float32(0.25)
        noises = [half.values - clean for half in self.simulation.half_maps]
        for noise in noises:
            ratio = float(noise.var()) / self.simulation.truth.noise_sigma**2
            self.assertAlmostEqual(ratio, 2.0, delta=0.02)
        correlation = np.corrcoef(noises[0].ravel(), noises[1].ravel())[0, 1]
        self.assertLess(abs(correlation), 0.005)

    def test_their_correlation_is_the_one_expected(self) -> None:
        shells = self.simulation.truth.shells
        assert shells is not None
        measured = shell_correlation(*self.simulation.half_maps)
        expected = shells.half_map_fsc
        self.assertEqual(len(measured), len(expected))
        np.testing.assert_allclose(measured[4:], expected[4:], atol=0.12)
        self.assertLess(float(np.abs(measured[4:] - expected[4:]).mean()), 0.02)

    def test_it_is_one_third_where_the_ratio_is_one(self) -> None:
        shell = round(min(self.simulation.density.extent) / 7.0)
        measured = shell_correlation(*self.simulation.half_maps)
        self.assertAlmostEqual(float(measured[shell]), 1 / 3, delta=0.06)

    def test_the_map_does_not_depend_on_whether_they_are_made(self) -> None:
        settings = self.simulation.settings.model_copy(update={"half_maps": False})
        alone = small_bundle(**dict(settings))
        self.assertEqual(alone.half_maps, ())
        np.testing.assert_array_equal(alone.density.values, self.simulation.density.values)

    def test_they_need_noise(self) -> None:
        with self.assertRaisesRegex(ValidationError, "half maps differ by their noise"):
            SimulationSettings(resolution=3, half_maps=True)


class TestPose(unittest.TestCase):
    odd = (45, 45, 45)

    def drawn(self, **others: Any) -> Volume:
        settings = {"resolution": 3.0, "box": self.odd} | others
        return simulate(helix_atoms(12), SimulationSettings(**settings)).density.values

    def test_centroid_is_on_voxel_half_n(self) -> None:
        helix = helix_atoms(12).translated((50.0, -30.0, 7.0))
        simulation = simulate(helix, SimulationSettings(resolution=3, box=(40, 42, 45)))
        np.testing.assert_allclose(simulation.truth.atoms.centroid, (22, 21, 20), atol=1e-9)
        self.assertEqual(simulation.density.origin, (0.0, 0.0, 0.0))

    def test_a_quarter_turn_about_each_axis(self) -> None:
        plain = self.drawn()
        for axis, planes in (("z", (1, 2)), ("y", (2, 0)), ("x", (0, 1))):
            with self.subTest(axis):
                turn = Rotation.from_euler(axis, 90, degrees=True).as_matrix()
                turned = self.drawn(rotation=turn.round(12))
                expected = np.rot90(plain, k=1, axes=planes[::-1])
                np.testing.assert_allclose(turned, expected, atol=1e-4 * plain.max())
                self.assertGreater(float(np.abs(turned - plain).max()), 0.1 * plain.max())

    def test_any_rotation_is_the_rotation_of_the_atoms(self) -> None:
        helix = helix_atoms(12)
        turn = random_rotation(np.random.default_rng(8))
        about_centroid = helix.translated(-helix.centroid).rotated(turn)
        expected = render(about_centroid, self.odd, 1.0, 3.0).values
        np.testing.assert_allclose(
            self.drawn(rotation=turn), expected, atol=1e-5 * float(expected.max())
        )

    def test_random_rotations_are_proper_and_uniform(self) -> None:
        rng = np.random.default_rng(0)
        matrices = np.array([random_rotation(rng) for _ in range(3000)])
        np.testing.assert_allclose(np.linalg.det(matrices), 1.0)
        np.testing.assert_allclose(matrices.mean(axis=0), np.zeros((3, 3)), atol=0.05)
        self.assertAlmostEqual(float(np.mean(matrices[:, 2, 2] ** 2)), 1 / 3, delta=0.02)

    def test_mirror_reverses_the_last_axis_and_the_hand(self) -> None:
        plain, mirrored = self.drawn(), self.drawn(mirror=True)
        np.testing.assert_allclose(mirrored, plain[:, :, ::-1], atol=1e-4 * plain.max())
        self.assertGreater(turn_per_slice(plain, 6), 50)
        self.assertLess(turn_per_slice(mirrored, 6), -50)

    def test_mirror_comes_after_the_rotation(self) -> None:
        turn = random_rotation(np.random.default_rng(8))
        plain, mirrored = self.drawn(rotation=turn), self.drawn(rotation=turn, mirror=True)
        np.testing.assert_allclose(mirrored, plain[:, :, ::-1], atol=1e-4 * plain.max())

    def test_shift_by_voxels_rolls_the_map(self) -> None:
        plain, shifted = self.drawn(), self.drawn(shift=(3.0, -2.0, 5.0))
        expected = np.roll(plain, (5, -2, 3), axis=(0, 1, 2))
        np.testing.assert_allclose(shifted, expected, atol=1e-4 * plain.max())

    def test_shift_by_less_is_a_phase(self) -> None:
        plain, shifted = self.drawn(), self.drawn(shift=(0.4, 0.0, 0.0))
        phase = np.exp(-2j * np.pi * np.fft.fftfreq(45) * 0.4)
        expected = np.fft.ifftn(np.fft.fftn(plain) * phase).real
        np.testing.assert_allclose(shifted, expected, atol=2e-3 * plain.max())

    def test_pose_carries_the_model_onto_the_map(self) -> None:
        helix = helix_atoms(12).translated((9.0, 8.0, 7.0))
        settings = SimulationSettings(
            resolution=3, rotation="random", mirror=True, shift=(1, 2, 3), seed=5
        )
        truth = simulate(helix, settings).truth
        self.assertAlmostEqual(float(np.linalg.det(truth.pose.matrix)), -1.0)
        moved = truth.source.atoms.positions @ truth.pose.matrix.T + truth.pose.translation
        np.testing.assert_allclose(moved, truth.atoms.positions)

    def test_a_box_that_is_chosen_is_even_and_has_room(self) -> None:
        for voxel_size in (1.3, (1.0, 1.5, 2.0)):
            settings = SimulationSettings(
                resolution=5, voxel_size=voxel_size, margin=12, shift=(6, 0, 0)
            )
            simulation = simulate(helix_atoms(20), settings)
            self.assertTrue(all(n % 2 == 0 for n in simulation.density.box))
            positions = simulation.truth.atoms.positions
            extent = np.array(simulation.density.extent[::-1])
            self.assertGreaterEqual(float(positions.min()), 12)
            self.assertGreaterEqual(float((extent - positions).min()), 12)
            self.assertLess(float(extent.max() / extent.min()), 1.1)


class TestMaskAndBackground(unittest.TestCase):
    def test_background_is_added(self) -> None:
        plain, raised = small_bundle(), small_bundle(background=0.75)
        np.testing.assert_allclose(raised.density.values, plain.density.values + 0.75, atol=1e-6)
        np.testing.assert_array_equal(raised.truth.density.values, plain.truth.density.values)
        self.assertAlmostEqual(raised.contour, plain.contour + 0.75)

    def test_masks_are_multiplied_on(self) -> None:
        others: dict[str, Any] = {
            "noise": Noise(snr=3),
            "half_maps": True,
            "background": 0.1,
            "mask_radius": 5.0,
        }
        plain = small_bundle(**others)
        self.assertIsNone(plain.truth.applied_mask)
        for kind in (MaskKind.HARD, MaskKind.SOFT):
            masked = small_bundle(mask=kind, **others)
            applied = masked.truth.applied_mask
            assert applied is not None
            for before, after in zip(
                (plain.density, *plain.half_maps), (masked.density, *masked.half_maps), strict=True
            ):
                np.testing.assert_array_equal(after.values, before.values * applied)
            self.assertEqual((float(applied.min()), float(applied.max())), (0.0, 1.0))
            between = np.count_nonzero((applied > 0) & (applied < 1))
            self.assertEqual(between > 0, kind is MaskKind.SOFT)
        np.testing.assert_array_equal(masked.truth.mask, plain.truth.mask)

    def test_molecule_is_what_lies_around_the_atoms(self) -> None:
        simulation = small_bundle(mask_radius=4.0)
        expected = molecule_mask(
            simulation.truth.atoms, (64, 64, 64), 2.0, 4.0, centre=(64.0, 64.0, 64.0)
        )
        np.testing.assert_array_equal(simulation.truth.mask, expected)


class TestReproducibility(unittest.TestCase):
    settings = SimulationSettings(
        resolution=5,
        voxel_size=(2.0, 2.0, 2.2),
        box=(60, 64, 62),
        filter_shape=FilterShape.BUTTERWORTH,
        b_factor=20,
        regions=(
            Region(select=HalfSpace(normal=(0, 0, 1)), occupancy=0.5, extra_b=10, resolution=8),
            Region(select=Residues(first=1, last=40), resolution=6),
        ),
        rotation="random",
        mirror=True,
        shift=(1, 2, 3),
        background=0.2,
        noise=Noise(snr=1 / 3, at=9, spectrum=NoiseSpectrum(4.8, 0.5)),
        half_maps=True,
        mask=MaskKind.SOFT,
        seed=12,
    )

    def test_settings_survive_json(self) -> None:
        matrix = random_rotation(np.random.default_rng(1))
        for settings in (
            self.settings,
            self.settings.model_copy(update={"noise": None, "half_maps": False, "box": None}),
            SimulationSettings(resolution=3, rotation=matrix),
        ):
            again = SimulationSettings.model_validate_json(settings.model_dump_json())
            self.assertEqual(again, settings)

    def test_same_seed_same_maps_bit_for_bit(self) -> None:
        again = SimulationSettings.model_validate_json(self.settings.model_dump_json())
        other = self.settings.model_copy(update={"seed": 13})
        first, second, third = (simulate(PHANTOM, s) for s in (self.settings, again, other))
        for one, two in zip(
            (first.density, *first.half_maps), (second.density, *second.half_maps), strict=True
        ):
            self.assertEqual(one.values.tobytes(), two.values.tobytes())
        self.assertNotEqual(first.density.values.tobytes(), third.density.values.tobytes())

    def test_random_streams_are_apart(self) -> None:
        noisy = simulate(PHANTOM, self.settings)
        clean = simulate(
            PHANTOM, self.settings.model_copy(update={"noise": None, "half_maps": False})
        )
        np.testing.assert_array_equal(noisy.truth.density.values, clean.truth.density.values)

    def test_settings_that_make_no_sense(self) -> None:
        good = {"resolution": 3.0}
        for bad in (
            {"resolution": 0},
            {"resolution": float("nan")},
            {"voxel_size": -1.0},
            {"box": 4},
            {"box": (64, 64)},
            {"edge": 3},
            {"rotation": np.diag((-1.0, 1.0, 1.0))},
            {"rotation": np.eye(3) * 2},
            {"rotation": "sideways"},
            {"seed": -1},
            {"typo": 1},
            {"noise": {"snr": 0}},
            {"regions": [{"select": {"kind": "chains", "names": ["A"]}, "occupancy": 2}]},
        ):
            with self.subTest(bad), self.assertRaises(ValidationError):
                SimulationSettings.model_validate(good | bad)

    def test_maps_that_cannot_be(self) -> None:
        for bad, message in (
            ({"resolution": 1.5}, "Nyquist"),
            ({"b_factor": 1e6}, "above 5000"),
            ({"b_factor": -1e3}, "below -500"),
            ({"box": 16}, "atoms lie outside the box"),
            ({"box": 60000}, "60,000 × 60,000 × 60,000 voxels .* GB of memory"),
            ({"voxel_size": 1e-4}, "no box of voxels of 0.0001 Å holds that"),
        ):
            settings = SimulationSettings.model_validate({"resolution": 3.0} | bad)
            with self.subTest(bad), self.assertRaisesRegex(ValueError, message):
                simulate(helix_atoms(20), settings)


if __name__ == "__main__":
    unittest.main()
