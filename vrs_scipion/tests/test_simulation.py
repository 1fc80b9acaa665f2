"""Maps simulated with known truth: geometry, hand, scale, spectra, reproducibility."""

from __future__ import annotations

import tempfile
import unittest
from pathlib import Path

import gemmi
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.spatial.transform import Rotation

from vrs_scipion.maps.density import Mask, Volume
from vrs_scipion.simulation import (
    Atoms,
    NoiseSpectrum,
    Phantom,
    add_noise,
    alpha_helix,
    apply_filter,
    atoms_from_arrays,
    atoms_from_model,
    contour_from_model,
    demo_phantom,
    fall_off,
    frequency_grid,
    gaussian_noise,
    helix_bundle,
    low_pass,
    molecule_mask,
    poly_alanine,
    render,
    screw,
    signal_to_noise_ratio,
)
from vrs_scipion.simulation.helix import ATOM_NAMES, OMEGA, PHI, PSI
from vrs_scipion.simulation.internal_coordinates import place_atom, torsion_angle

N, CA, C, O, CB = range(5)  # noqa: E741
CUBE = (48, 48, 48)


def carbon(position: tuple[float, float, float] = (0.0, 0.0, 0.0), b_factor: float = 60.0) -> Atoms:
    return atoms_from_arrays([position], ("C",), b_factor)


def helix_atoms(n_residues: int = 16, b_factor: float = 20.0) -> Atoms:
    elements = tuple(name[0] for name in ATOM_NAMES) * n_residues
    return atoms_from_arrays(alpha_helix(n_residues).reshape(-1, 3), elements, b_factor)


def first_harmonic(values: Volume) -> NDArray[np.complex128]:
    """Of the density around the box's z axis, slice by slice: its phase turns with the helix."""
    _, ny, nx = values.shape
    y, x = np.mgrid[:ny, :nx]
    angle = np.arctan2(y - ny // 2, x - nx // 2)
    return np.asarray(np.einsum("zyx,yx->z", values, np.exp(1j * angle)))


def turn_per_slice(values: Volume, middle: int = 10) -> float:
    """Median advance in degrees, positive counter-clockwise seen from +z."""
    start = values.shape[0] // 2
    phase = first_harmonic(values)[start - middle : start + middle]
    return float(np.degrees(np.median(np.angle(phase[1:] / phase[:-1]))))


class TestInternalCoordinates(unittest.TestCase):
    def test_placed_atom_has_the_length_angle_and_torsion_asked_for(self) -> None:
        a, b, c = np.array([[0.3, 1.2, -0.5], [1.0, 0.1, 0.2], [2.4, 0.3, 0.9]])
        for torsion in (-170.0, -60.0, 0.0, 35.0, 120.0):
            d = place_atom(a, b, c, 1.5, 110.0, torsion)
            cosine = np.dot(b - c, d - c) / np.linalg.norm(b - c) / 1.5
            self.assertAlmostEqual(float(np.linalg.norm(d - c)), 1.5)
            self.assertAlmostEqual(float(np.degrees(np.arccos(cosine))), 110.0)
            self.assertAlmostEqual(torsion_angle(a, b, c, d), torsion)

    def test_positive_torsion_is_clockwise_along_the_bond(self) -> None:
        a, b, c, d = np.array([[0, 1, 1], [0, 0, 1], [0, 0, 0], [1, 0, 0]], dtype=float)
        self.assertAlmostEqual(torsion_angle(a, b, c, d), 90.0)


class TestHelix(unittest.TestCase):
    def setUp(self) -> None:
        self.helix = alpha_helix(20)

    def test_rise_and_turn(self) -> None:
        for first, second in zip(self.helix[:-1], self.helix[1:], strict=True):
            rise, turn, axis = screw(first, second)
            self.assertAlmostEqual(rise, 1.5, delta=0.05)
            self.assertAlmostEqual(turn, 100.0, delta=2.0)
            np.testing.assert_allclose(axis, (0, 0, 1), atol=1e-6)

    def test_lies_around_z_with_its_middle_at_the_origin(self) -> None:
        radii = np.hypot(self.helix[:, CA, 0], self.helix[:, CA, 1])
        np.testing.assert_allclose(radii, 2.3, atol=0.05)
        self.assertAlmostEqual(float(self.helix[..., 2].mean()), 0.0)
        self.assertTrue(np.all(np.diff(self.helix[:, CA, 2]) > 0))

    def test_torsions(self) -> None:
        before, residue, after = self.helix[7:10]
        self.assertAlmostEqual(
            torsion_angle(before[C], residue[N], residue[CA], residue[C]), PHI, places=6
        )
        self.assertAlmostEqual(
            torsion_angle(residue[N], residue[CA], residue[C], after[N]), PSI, places=6
        )
        omega = torsion_angle(residue[CA], residue[C], after[N], after[CA])
        self.assertAlmostEqual(abs(omega), OMEGA, places=6)

    def test_hydrogen_bonds_run_from_n_to_the_fourth_o_before(self) -> None:
        distances = np.linalg.norm(self.helix[4:, N] - self.helix[:-4, O], axis=1)
        np.testing.assert_allclose(distances, 2.9, atol=0.3)

    def test_right_handed(self) -> None:
        steps = np.diff(self.helix[:, CA], axis=0)
        triple = np.einsum("ij,ij->i", np.cross(steps[:-2], steps[1:-1]), steps[2:])
        self.assertTrue(np.all(triple > 0))

    def test_residues_are_l_amino_acids(self) -> None:
        to_n, to_c, to_cb = (self.helix[:, atom] - self.helix[:, CA] for atom in (N, C, CB))
        self.assertTrue(np.all(np.einsum("ij,ij->i", np.cross(to_n, to_c), to_cb) > 2))

    def test_one_residue_has_no_axis(self) -> None:
        with self.assertRaises(ValueError):
            alpha_helix(1)


class TestBundle(unittest.TestCase):
    def setUp(self) -> None:
        self.chains = helix_bundle(np.random.default_rng(3), 7, residues=(12, 20))

    def test_helices_keep_their_hand_and_do_not_collide(self) -> None:
        for number, chain in enumerate(self.chains):
            self.assertGreater(screw(chain[0], chain[1])[0], 1.45)
            for other in self.chains[:number]:
                gaps = np.linalg.norm(chain.reshape(-1, 1, 3) - other.reshape(1, -1, 3), axis=-1)
                self.assertGreater(gaps.min(), 2.0)

    def test_helices_are_antiparallel(self) -> None:
        upward = [chain[-1, CA, 2] > chain[0, CA, 2] for chain in self.chains]
        self.assertTrue(any(upward))
        self.assertFalse(all(upward))

    def test_centred(self) -> None:
        centroid = np.concatenate(self.chains).mean(axis=(0, 1))
        np.testing.assert_allclose(centroid, 0, atol=1e-9)

    def test_tilts_as_a_left_handed_supercoil(self) -> None:
        outer = max(self.chains, key=lambda c: float(np.hypot(*c.mean(axis=(0, 1))[:2])))
        site = outer.mean(axis=(0, 1))
        axis = outer[-1, CA] - outer[0, CA]
        self.assertLess(np.cross(site[:2], axis[:2] * np.sign(axis[2])), 0)

    def test_same_seed_same_bundle(self) -> None:
        again = helix_bundle(np.random.default_rng(3), 7, residues=(12, 20))
        for first, second in zip(self.chains, again, strict=True):
            np.testing.assert_array_equal(first, second)

    def test_refuses_no_helices(self) -> None:
        with self.assertRaises(ValueError):
            helix_bundle(np.random.default_rng(0), 0)


class TestStructure(unittest.TestCase):
    def setUp(self) -> None:
        chain = alpha_helix(6) + 20.0
        self.structure = poly_alanine([chain], [np.full((6, 5), 35.0)])

    def test_written_and_read_again(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            pdb, mmcif = Path(folder) / "model.pdb", Path(folder) / "model.cif"
            self.structure.write_pdb(str(pdb))
            self.structure.make_mmcif_document().write_file(str(mmcif))
            for path in (pdb, mmcif):
                atoms = atoms_from_model(gemmi.read_structure(str(path)))
                original = atoms_from_model(self.structure)
                np.testing.assert_allclose(atoms.positions, original.positions, atol=1e-3)
                np.testing.assert_allclose(atoms.b_factors, 35.0)
                self.assertEqual(atoms.elements, ("N", "C", "C", "O", "C") * 6)

    def test_too_many_chains(self) -> None:
        with self.assertRaises(ValueError):
            poly_alanine([alpha_helix(2)] * 63, [np.zeros((2, 5))] * 63)


class TestAtoms(unittest.TestCase):
    def test_shapes_must_agree(self) -> None:
        with self.assertRaises(ValueError):
            atoms_from_arrays(np.zeros((2, 3)), ("C",))

    def test_mass(self) -> None:
        self.assertAlmostEqual(carbon().mass, 12.011, places=2)

    def test_moves(self) -> None:
        quarter = Rotation.from_euler("z", 90, degrees=True).as_matrix()
        moved = carbon((1.0, 0.0, 0.0)).rotated(quarter).translated((0, 0, 2)).mirrored()
        np.testing.assert_allclose(moved.positions, [(0, 1, 2)], atol=1e-12)
        np.testing.assert_allclose(moved.centroid, (0, 1, 2), atol=1e-12)


class TestRendering(unittest.TestCase):
    def test_integral_is_the_sum_of_the_scattering_lengths(self) -> None:
        model = helix_atoms()
        density = render(model, CUBE, 1.0, 3.0, b_factor=30)
        expected = sum(gemmi.Element(e).c4322.calculate_sf(0.0) for e in model.elements)
        self.assertAlmostEqual(
            float(density.values.sum(dtype=np.float64)) * density.voxel_volume / expected,
            1.0,
            places=3,
        )

    def test_an_atom_is_its_gaussians_widened_by_both_b_factors(self) -> None:
        coefficients = gemmi.Element("C").c4322
        density = render(carbon(b_factor=70), CUBE, 0.5, 1.0, b_factor=50)
        z, y, x = np.indices(CUBE)
        squared = ((z - 24) ** 2 + (y - 24) ** 2 + (x - 24) ** 2) * 0.25
        width = np.array(coefficients.b)[:, None, None, None] + 120
        height = np.array(coefficients.a)[:, None, None, None] * (4 * np.pi / width) ** 1.5
        expected = (height * np.exp(-4 * np.pi**2 * squared / width)).sum(axis=0)
        np.testing.assert_allclose(density.values, expected, atol=2e-4 * expected.max())

    def test_amplitudes_of_a_sharp_atom_follow_its_scattering_factor(self) -> None:
        density = render(carbon(b_factor=0), CUBE, 1.0, 2.5)
        frequency = frequency_grid(CUBE, density.voxel_size)
        amplitude = np.abs(np.fft.rfftn(density.values)) * density.voxel_volume
        factor = gemmi.Element("C").c4322
        inside = frequency < 1 / 2.5 * 0.87
        expected = [factor.calculate_sf(float(s) ** 2 / 4) for s in frequency[inside]]
        np.testing.assert_allclose(amplitude[inside], expected, rtol=0.002)

    def test_centre_is_voxel_half_n_and_axes_are_z_y_x(self) -> None:
        box, voxel_size = (30, 36, 41), (1.5, 1.2, 1.0)
        placements = {
            (0.0, 0.0, 0.0): (15, 18, 20),
            (5.0, 0.0, 0.0): (15, 18, 25),
            (0.0, 6.0, 0.0): (15, 23, 20),
            (0.0, 0.0, -6.0): (11, 18, 20),
        }
        for position, voxel in placements.items():
            values = render(carbon(position), box, voxel_size, 3.0).values
            self.assertEqual(values.shape, box)
            self.assertEqual(values.dtype, np.float32)
            self.assertEqual(np.unravel_index(int(values.argmax()), box), voxel)

    def test_origin_superposes_map_and_model(self) -> None:
        centre = np.array((100.0, -20.0, 7.0))
        density = render(carbon((101.0, -20.0, 7.0)), (30, 36, 42), 1.0, 3.0, centre=centre)
        peak = np.unravel_index(int(density.values.argmax()), density.box)
        np.testing.assert_allclose(np.add(peak, density.origin), (7.0, -20.0, 101.0))

    def test_hand_of_the_map(self) -> None:
        expected = 360 * 1.0 / (1.5 * 360 / 99.6)
        helix = helix_atoms(24)
        right = turn_per_slice(render(helix, CUBE, 1.0, 2.5).values)
        left = turn_per_slice(render(helix.mirrored(), CUBE, 1.0, 2.5).values)
        self.assertAlmostEqual(right, expected, delta=5)
        self.assertAlmostEqual(left, -expected, delta=5)

    def test_hand_does_not_depend_on_the_direction_of_the_chain(self) -> None:
        over = Rotation.from_euler("x", 180, degrees=True).as_matrix()
        density = render(helix_atoms(24).rotated(over), CUBE, 1.0, 2.5)
        self.assertGreater(turn_per_slice(density.values), 0)

    def test_mirrored_atoms_are_the_map_reversed_along_its_last_axis(self) -> None:
        odd = (41, 43, 45)
        helix = helix_atoms(10)
        right = render(helix, odd, 1.0, 3.0).values
        left = render(helix.mirrored(), odd, 1.0, 3.0).values
        np.testing.assert_allclose(left, right[:, :, ::-1], atol=1e-4 * right.max())

    def test_a_structure_is_drawn_as_its_atoms(self) -> None:
        structure = poly_alanine([alpha_helix(16)], [np.full((16, 5), 20.0)])
        drawn = render(structure, CUBE, 1.0, 3.0).values
        np.testing.assert_allclose(drawn, render(helix_atoms(), CUBE, 1.0, 3.0).values, atol=1e-6)

    def test_occupancy_scales(self) -> None:
        whole = carbon()
        half = Atoms(whole.positions, whole.elements, whole.b_factors, np.array([0.5]))
        np.testing.assert_allclose(
            render(half, CUBE, 1.0, 3.0).values,
            render(whole, CUBE, 1.0, 3.0).values / 2,
            atol=1e-5,
        )

    def test_mask_is_a_ball_around_the_atom(self) -> None:
        mask = molecule_mask(carbon((4.0, 0.0, 0.0)), CUBE, 1.0, radius=5.0)
        z, y, x = np.indices(CUBE)
        ball = (z - 24) ** 2 + (y - 24) ** 2 + (x - 28) ** 2 <= 25
        self.assertLess(np.count_nonzero(mask ^ ball), 0.02 * np.count_nonzero(ball))

    def test_voxels_of_very_different_sides(self) -> None:
        values = render(carbon(), (16, 48, 48), (3.0, 1.0, 1.0), 6.0).values
        self.assertTrue(np.isfinite(values).all())
        self.assertEqual(np.unravel_index(int(values.argmax()), values.shape), (8, 24, 24))

    def test_refusals(self) -> None:
        with self.assertRaisesRegex(ValueError, "Nyquist"):
            render(carbon(), CUBE, 1.0, 1.9)
        with self.assertRaisesRegex(ValueError, "1 of 1 atoms lie outside"):
            render(carbon((30.0, 0.0, 0.0)), CUBE, 1.0, 3.0)
        with self.assertRaisesRegex(ValueError, "no atoms"):
            render(gemmi.Model(1), CUBE, 1.0, 3.0)


class TestFilters(unittest.TestCase):
    def test_low_pass_is_one_half_at_the_resolution(self) -> None:
        frequency = np.array([0, 0.87, 0.9, 1, 1.1, 1.13, 3], dtype=np.float32) / np.float32(4)
        amplitude = low_pass(frequency, 4.0)
        np.testing.assert_allclose(amplitude[[0, 1, 3, 5, 6]], (1, 1, 0.5, 0, 0), atol=1e-5)
        self.assertAlmostEqual(float(amplitude[2] + amplitude[4]), 1.0, places=5)

    def test_impulse_shows_the_filter(self) -> None:
        impulse = np.zeros((40, 40, 50), np.float32)
        impulse[20, 20, 25] = 1
        frequency = frequency_grid((40, 40, 50), (1.0, 1.0, 0.8))
        filtered = apply_filter(impulse, low_pass(frequency, 4.0))
        amplitude = np.abs(np.fft.rfftn(filtered))
        for axis_at_a_quarter in ((10, 0, 0), (0, 10, 0), (0, 0, 10)):
            self.assertAlmostEqual(float(frequency[axis_at_a_quarter]), 0.25, places=6)
            self.assertAlmostEqual(float(amplitude[axis_at_a_quarter]), 0.5, places=4)

    def test_b_factor_is_the_slope_of_the_log_amplitude(self) -> None:
        blurred, sharp = (
            np.abs(np.fft.rfftn(render(carbon(), CUBE, 1.0, 2.5, b_factor=b).values))
            for b in (80.0, 0.0)
        )
        frequency = frequency_grid(CUBE, (1.0, 1.0, 1.0))
        inside = frequency < 0.35
        slope = np.polyfit(frequency[inside] ** 2, np.log(blurred / sharp)[inside], 1)[0]
        self.assertAlmostEqual(4 * slope, -80.0, delta=0.5)
        self.assertAlmostEqual(
            float(fall_off(np.array([0.5], np.float32), 80.0)[0]), np.exp(-5), places=6
        )

    def test_refusals(self) -> None:
        frequency = np.zeros(1, np.float32)
        for resolution, edge in ((0.0, 0.2), (-3.0, 0.2), (3.0, 0.0), (3.0, 2.5)):
            with self.assertRaises(ValueError):
                low_pass(frequency, resolution, edge)


class TestNoise(unittest.TestCase):
    box = (48, 40, 44)
    voxel_size = (1.0, 1.1, 1.2)

    def noise(self, spectrum: NoiseSpectrum, seed: int = 0) -> Volume:
        return gaussian_noise(self.box, self.voxel_size, np.random.default_rng(seed), spectrum)

    def power(self, noise: Volume, low: float, high: float) -> float:
        frequency = frequency_grid(self.box, self.voxel_size)
        shell = (frequency >= low) & (frequency < high)
        return float(np.mean(np.abs(np.fft.rfftn(noise)[shell]) ** 2))

    def test_mean_variance_and_shape(self) -> None:
        for spectrum in (NoiseSpectrum(), NoiseSpectrum(4.0), NoiseSpectrum(exponent=1.0)):
            noise = self.noise(spectrum)
            self.assertEqual(noise.shape, self.box)
            self.assertEqual(noise.dtype, np.float32)
            self.assertAlmostEqual(float(noise.mean(dtype=np.float64)), 0.0, places=6)
            self.assertAlmostEqual(float(noise.var(dtype=np.float64)), 1.0, places=5)

    def test_gaussian(self) -> None:
        noise = self.noise(NoiseSpectrum())
        self.assertAlmostEqual(float(np.mean(np.abs(noise) < 1)), 0.6827, delta=0.01)
        self.assertAlmostEqual(float(np.mean(noise**4)), 3.0, delta=0.1)

    def test_white(self) -> None:
        noise = self.noise(NoiseSpectrum())
        ratio = self.power(noise, 0.05, 0.2) / self.power(noise, 0.3, 0.4)
        self.assertAlmostEqual(ratio, 1.0, delta=0.1)

    def test_low_passed(self) -> None:
        noise = self.noise(NoiseSpectrum(resolution=4.0))
        inside = self.power(noise, 0.1, 0.2)
        self.assertAlmostEqual(self.power(noise, 0.245, 0.255) / inside, 0.25, delta=0.08)
        self.assertLess(self.power(noise, 0.3, 0.4) / inside, 1e-6)

    def test_coloured(self) -> None:
        noise = self.noise(NoiseSpectrum(exponent=1.0, correlation_length=10.0))
        expected = (1 + 3.5**2) / (1 + 1.5**2)
        ratio = self.power(noise, 0.14, 0.16) / self.power(noise, 0.34, 0.36)
        self.assertAlmostEqual(ratio / expected, 1.0, delta=0.15)

    def test_same_seed_same_noise(self) -> None:
        np.testing.assert_array_equal(
            self.noise(NoiseSpectrum(4.0), 7), self.noise(NoiseSpectrum(4.0), 7)
        )
        self.assertFalse(
            np.array_equal(self.noise(NoiseSpectrum(), 7), self.noise(NoiseSpectrum(), 8))
        )

    def test_signal_to_noise_ratio(self) -> None:
        clean = render(helix_atoms(), CUBE, 1.0, 3.0)
        mask = molecule_mask(helix_atoms(), CUBE, 1.0)
        noisy, sigma = add_noise(clean, mask, 5.0, np.random.default_rng(1), NoiseSpectrum(3.0))
        noise = noisy.values - clean.values
        self.assertAlmostEqual(signal_to_noise_ratio(clean.values, noise, mask), 5.0, places=3)
        self.assertAlmostEqual(float(noise.std()) / sigma, 1.0, places=4)
        self.assertEqual(noisy.voxel_size, clean.voxel_size)
        self.assertEqual(noisy.origin, clean.origin)

    def test_refusals(self) -> None:
        density = render(carbon(), CUBE, 1.0, 3.0)
        generator = np.random.default_rng(0)
        with self.assertRaisesRegex(ValueError, "positive"):
            add_noise(density, density.values > 0, 0.0, generator)
        with self.assertRaisesRegex(ValueError, "empty"):
            add_noise(density, np.zeros(CUBE, np.bool_), 1.0, generator)


class TestDemoPhantom(unittest.TestCase):
    phantom: Phantom
    sizes: NDArray[np.int64]
    molecule: Mask

    @classmethod
    def setUpClass(cls) -> None:
        cls.phantom = demo_phantom()
        labels, _ = ndimage.label(
            cls.phantom.density.values >= cls.phantom.contour, np.ones((3, 3, 3))
        )
        cls.sizes = np.bincount(labels.ravel())[1:]
        cls.molecule = labels == np.argmax(cls.sizes) + 1

    def test_one_component_at_the_contour(self) -> None:
        self.assertGreater(self.sizes.max() / self.sizes.sum(), 0.95)
        self.assertLess(len(self.sizes), 5)

    def test_contour_is_well_above_the_noise(self) -> None:
        self.assertGreater(self.phantom.contour, 5 * self.phantom.truth.noise_sigma)

    def test_room_on_every_side(self) -> None:
        box = self.phantom.density.box
        for axis, spacing in enumerate(self.phantom.density.voxel_size):
            others = tuple({0, 1, 2} - {axis})
            occupied = np.flatnonzero(self.molecule.any(axis=others))
            for voxels in (int(occupied[0]), box[axis] - 1 - int(occupied[-1])):
                self.assertGreater(voxels / box[axis], 0.2)
                self.assertGreater(voxels * spacing, 30)

    def test_centred(self) -> None:
        weights = self.phantom.density.values * self.molecule
        for found, n in zip(ndimage.center_of_mass(weights), self.phantom.density.box, strict=True):
            self.assertLess(abs(found - n / 2) / n, 0.02)

    def test_background_is_smooth_noise_of_zero_mean_everywhere(self) -> None:
        truth = self.phantom.truth
        outside = ~ndimage.binary_dilation(truth.mask, iterations=6)
        background = self.phantom.density.values[outside]
        self.assertLess(abs(float(background.mean())), 0.01 * truth.noise_sigma)
        self.assertAlmostEqual(float(background.std()) / truth.noise_sigma, 1.0, delta=0.02)
        corner = self.phantom.density.values[:24, :24, :24]
        neighbours = np.corrcoef(corner[1:].ravel(), corner[:-1].ravel())[0, 1]
        self.assertGreater(neighbours, 0.5)

    def test_structure_lies_in_the_map(self) -> None:
        self.assertEqual(self.phantom.density.origin, (0.0, 0.0, 0.0))
        atoms = atoms_from_model(self.phantom.truth.structure)
        z, y, x = np.rint(atoms.positions[:, ::-1] / self.phantom.density.voxel_size).astype(int).T
        self.assertGreater(float(self.molecule[z, y, x].mean()), 0.95)

    def test_contour_rule(self) -> None:
        contour = contour_from_model(self.phantom.density, self.phantom.truth.structure, 0.4)
        self.assertEqual(self.phantom.contour, contour)
        away = atoms_from_model(self.phantom.truth.structure).translated((1e4, 0, 0))
        with self.assertRaises(ValueError):
            contour_from_model(self.phantom.density, away)

    def test_truth_agrees_with_itself(self) -> None:
        truth = self.phantom.truth
        noise = self.phantom.density.values - truth.density.values
        snr = signal_to_noise_ratio(truth.density.values, noise, truth.mask)
        self.assertAlmostEqual(snr / truth.snr, 1.0, places=3)

    def test_same_seed_same_map_bit_for_bit(self) -> None:
        first, again, other = (
            demo_phantom(
                seed, box=(40, 44, 48), voxel_size=1.5, n_helices=4, residues=(8, 12)
            ).density.values
            for seed in (5, 5, 6)
        )
        self.assertEqual(first.tobytes(), again.tobytes())
        self.assertNotEqual(first.tobytes(), other.tobytes())


if __name__ == "__main__":
    unittest.main()
