"""Half maps by direction: pixels, cones, errors, occupancy and anisotropy against known truth."""

from __future__ import annotations

import unittest
from functools import cache

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import fft

from vrs_scipion.maps.density import Triple, Volume
from vrs_scipion.maps.masks import cosine_mask
from vrs_scipion.methods.directional import (
    EMPTY,
    FULL,
    MIDDLE,
    Cones,
    DirectionalSums,
    HalfSphere,
    Overlap,
    chi_square_per_degree,
    cones_about,
    correlation_volume,
    directional_sums,
    mask_overlap,
    measure_anisotropy,
    measure_occupancy,
    voxel_size_of,
)
from vrs_scipion.methods.directional.anisotropy import Surface
from vrs_scipion.methods.directional.cones import first_crossings
from vrs_scipion.methods.directional.smooth import smoothed
from vrs_scipion.methods.fsc import GOLD_STANDARD, HALF, UnderMask, crossings, shell_correlation
from vrs_scipion.methods.shells import Shells, half_spectrum
from vrs_scipion.simulation.anisotropy import Anisotropy
from vrs_scipion.simulation.halves_truth import logistic_fall

Box = tuple[int, int, int]
Reals = NDArray[np.float64]

GRIDS: tuple[tuple[Box, Triple], ...] = (
    ((40, 40, 40), (1.0, 1.0, 1.0)),
    ((40, 45, 37), (1.2, 1.2, 1.2)),
    ((36, 44, 31), (1.5, 1.0, 1.7)),
)
"""A cube, a box of three odd and even edges, and voxels that are no cubes."""
BOX: Box = (64, 64, 64)
VOXEL: Triple = (1.5, 1.5, 1.5)
RESOLUTION, FALL = 4.2, 0.12
NO_MASK = Overlap(1.0)
AXES = {"x": (1.0, 0.0, 0.0), "y": (0.0, 1.0, 0.0), "z": (0.0, 0.0, 1.0)}


def white(box: Box, seed: int) -> Volume:
    return np.random.default_rng(seed).standard_normal(box).astype(np.float32)


@cache
def mask() -> Volume:
    z, y, x = (np.arange(n) - n // 2 for n in BOX)
    ball = z[:, None, None] ** 2 + y[:, None] ** 2 + x**2 <= 17**2
    return cosine_mask(ball, VOXEL, 0.0, 7.5)


@cache
def under() -> UnderMask:
    return UnderMask.of(mask(), VOXEL)


@cache
def overlap() -> Overlap:
    return mask_overlap(under())


def sums_of(first: Volume, second: Volume) -> DirectionalSums:
    return directional_sums(*under().spectra(first, second), BOX, VOXEL)


def halves(of: Anisotropy, seed: int) -> tuple[Volume, Volume]:
    """Two half maps of a texture in a ball: their noise makes them correlate as was chosen."""
    shells = Shells(BOX, VOXEL)
    frequency = np.stack([shells.radii(z) for z in range(BOX[0])]) / max(shells.extents)
    curve = logistic_fall(frequency, RESOLUTION, FALL)
    noise = np.sqrt(1 - curve) * of.noise_amplitude(BOX, VOXEL)
    amplitude = np.sqrt(curve) * of.signal_amplitude(BOX, VOXEL, RESOLUTION, FALL)
    signal = half_spectrum(white(BOX, seed)) * amplitude
    one, other = (
        fft.irfftn(signal + half_spectrum(white(BOX, 1000 * seed + n)) * noise, s=BOX)
        for n in (1, 2)
    )
    return one.astype(np.float32), other.astype(np.float32)


@cache
def sums(of: Anisotropy, seed: int = 1) -> DirectionalSums:
    return sums_of(*halves(of, seed))


@cache
def cones(of: Anisotropy, seed: int = 1, half_angle: float = 20.0) -> Cones:
    known = sums(of, seed)
    return cones_about(known.sphere.directions, half_angle, known, overlap())


EVEN = Anisotropy()


class TestSphere(unittest.TestCase):
    def test_a_thousand_pixels_of_one_area(self) -> None:
        sphere = HalfSphere()
        self.assertGreaterEqual(sphere.count, 1000)
        generator = np.random.default_rng(3)
        height, turn = generator.random(40_000), generator.random(40_000)
        found = np.bincount(sphere.pixels(height, turn), minlength=sphere.octant)
        self.assertEqual(found.size, sphere.octant)
        expected = 40_000 / sphere.octant
        chi2 = float(((found - expected) ** 2 / expected).sum())
        self.assertLess(abs(chi2 / (sphere.octant - 1) - 1), 0.35)

    def test_a_direction_lies_in_the_pixel_around_it(self) -> None:
        for rings in (1, 5, 20):
            sphere = HalfSphere(rings)
            np.testing.assert_allclose(np.linalg.norm(sphere.directions, axis=1), 1)
            z, y, x = sphere.directions[: sphere.octant].T
            found = sphere.pixels(z, np.arctan2(y, x) / (np.pi / 2))
            np.testing.assert_array_equal(found, np.arange(sphere.octant))
            self.assertGreaterEqual(sphere.directions[:, 2].min(), 0)
        edge = HalfSphere().pixels(np.array([0.0, 1.0, 1.0, 0.0]), np.array([0.0, 0.0, 1.0, 1.0]))
        self.assertTrue((edge >= 0).all() and (edge < HalfSphere().octant).all())

    def test_no_direction_is_twice_there(self) -> None:
        directions = HalfSphere().directions
        alike = np.abs(directions @ directions.T)
        np.fill_diagonal(alike, 0)
        self.assertLess(alike.max(), np.cos(np.radians(1.5)))


class TestSums(unittest.TestCase):
    def test_all_directions_together_are_the_shell(self) -> None:
        for box, voxel in GRIDS:
            with self.subTest(box=box):
                one = white(box, 1)
                other = one + white(box, 2)
                expected = shell_correlation(one, other, voxel)
                found = directional_sums(half_spectrum(one), half_spectrum(other), box, voxel)
                whole = cones_about(np.eye(3), 20.0, found, NO_MASK).whole
                np.testing.assert_allclose(whole.correlation, expected.correlation, atol=1e-6)
                np.testing.assert_allclose(whole.samples, expected.samples)

    def test_directions_are_physical(self) -> None:
        """Maps that agree near one axis alone, on boxes and voxels of any shape."""
        for box, voxel in GRIDS:
            frequency = [fft.fftfreq(n, s) for n, s in zip(box, voxel, strict=True)]
            frequency[2] = np.abs(frequency[2][: box[2] // 2 + 1])
            grid = np.stack(np.meshgrid(*frequency, indexing="ij"))
            length = np.maximum(np.linalg.norm(grid, axis=0), 1e-9)
            for axis in range(3):
                with self.subTest(box=box, axis="zyx"[axis]):
                    near = np.abs(grid[axis]) / length > np.cos(np.radians(38))
                    one, noise = half_spectrum(white(box, 1)), half_spectrum(white(box, 2))
                    found = directional_sums(one, np.where(near, one, noise), box, voxel)
                    along = cones_about(np.eye(3), 30.0, found, NO_MASK).correlation[8:]
                    self.assertGreater(along[:, axis].min(), 0.97)
                    self.assertLess(np.abs(np.delete(along, axis, axis=1)).mean(), 0.15)

    def test_what_does_not_matter(self) -> None:
        one, other = halves(Anisotropy(loss=0.2), 3)
        plain = sums_of(one, other)
        for name, first, second in (
            ("order", other, one),
            ("scale", 3 * one, other),
            ("offset", one, other + np.float32(5 * other.std())),
            ("sign of both", -one, -other),
        ):
            with self.subTest(name):
                found = sums_of(first, second)
                about = plain.sphere.directions[::7]
                expected = cones_about(about, 20.0, plain, overlap())
                np.testing.assert_allclose(
                    cones_about(about, 20.0, found, overlap()).correlation,
                    expected.correlation,
                    atol=1e-3,
                )


class TestErrors(unittest.TestCase):
    noise: list[Cones]

    @classmethod
    def setUpClass(cls) -> None:
        cls.noise = [
            cones_about(
                HalfSphere().directions[::25],
                20.0,
                sums_of(white(BOX, 2 * n + 1), white(BOX, 2 * n + 2)),
                overlap(),
            )
            for n in range(16)
        ]

    def test_of_noise_cones_scatter_as_they_say(self) -> None:
        found = np.array([one.correlation[10:] for one in self.noise])
        said = np.array([one.standard_error[10:] for one in self.noise])
        ratio = np.sqrt(np.mean(found**2) / np.mean(said**2))
        self.assertLess(abs(ratio - 1), 0.12)

    def test_neighbouring_shells_hang_together(self) -> None:
        found = np.array([one.correlation[10:] for one in self.noise])
        power = float(np.mean(found**2))
        self.assertLess(abs(np.mean(found[:, 1:] * found[:, :-1]) / power - overlap().next), 0.1)
        self.assertLess(abs(np.mean(found[:, 2:] * found[:, :-2]) / power - overlap().second), 0.1)
        self.assertGreater(overlap().next, 0.2)

    def test_of_no_signal(self) -> None:
        for one in self.noise:
            self.assertLess(one.significance, 5)
        self.assertGreater(cones(EVEN).significance, 50)

    def test_draws_scatter_as_the_errors_say(self) -> None:
        one = cones(EVEN)
        drawn = np.array(list(one.drawn(60))) - one.correlation
        later = slice(one.told_from + 5, None)
        ratio = drawn[:, later].std(axis=0) / one.standard_error[later]
        self.assertLess(abs(float(np.median(ratio)) - 1), 0.05)
        self.assertEqual(float(np.abs(drawn[:, : one.told_from]).max()), 0)
        ahead = float(np.mean(drawn[:, 21:] * drawn[:, 20:-1]) / np.mean(drawn[:, 20:] ** 2))
        self.assertLess(abs(ahead - overlap().next), 0.05)

    def test_copies_by_symmetry_count_once(self) -> None:
        known = sums(EVEN)
        about = known.sphere.directions[::50]
        plain, fourfold = (cones_about(about, 20.0, known, overlap(), order) for order in (1, 4))
        np.testing.assert_allclose(fourfold.samples * 4, plain.samples)
        later = slice(fourfold.told_from, None)
        np.testing.assert_allclose(
            fourfold.standard_error[later], 2 * plain.standard_error[later], rtol=1e-6
        )

    def test_a_mask_that_is_everywhere_shares_nothing(self) -> None:
        everywhere = np.ones((16, 16, 16), np.float32)
        found = mask_overlap(UnderMask.of(everywhere, (1.0, 1.0, 1.0)))
        self.assertAlmostEqual(found.redundancy, 1)
        self.assertAlmostEqual(found.next, 0)


class TestCrossings(unittest.TestCase):
    @settings(deadline=None, max_examples=60)
    @given(
        st.lists(st.lists(st.floats(-0.5, 1), min_size=6, max_size=6), min_size=1, max_size=4),
        st.floats(-0.4, 0.9),
    )
    def test_as_curve_by_curve(self, curves: list[list[float]], level: float) -> None:
        frequency = np.arange(1, 7) / 20
        found = first_crossings(frequency, np.array(curves).T, level)
        for curve, place in zip(curves, found, strict=True):
            expected = crossings(frequency.tolist(), curve, level)
            self.assertEqual(np.isnan(place), not expected)
            if expected:
                self.assertAlmostEqual(place, expected[0], places=9)


class TestOccupancy(unittest.TestCase):
    def test_of_even_halves_it_is_what_chance_makes(self) -> None:
        found = [measure_occupancy(cones(EVEN, seed, 17.0)) for seed in (1, 2, 3)]
        apart = np.mean([one.share - one.isotropic for one in found], axis=0)
        self.assertLess(float(np.abs(apart).max()), 0.12)
        for one in found:
            self.assertEqual(one.share[0], 1)
            middle, error = one.resolution(MIDDLE), one.error(MIDDLE)
            assert middle is not None
            assert error is not None
            self.assertLess(error, 0.15)

    def test_it_falls_slowly_where_directions_differ(self) -> None:
        widths = []
        for loss in (0.0, 0.3):
            found = measure_occupancy(cones(Anisotropy(loss=loss), 1, 17.0))
            full, empty = found.resolution(FULL), found.resolution(EMPTY)
            assert full is not None
            assert empty is not None
            widths.append(full / empty)
        self.assertGreater(widths[1], widths[0] + 0.08)

    def test_of_copies_it_does_not_fall(self) -> None:
        one, _ = halves(EVEN, 1)
        known = sums_of(one, one)
        found = measure_occupancy(cones_about(known.sphere.directions, 17.0, known, overlap()))
        self.assertIsNone(found.resolution(FULL))
        self.assertIsNone(found.error(MIDDLE))

    def test_shells_without_power_have_none(self) -> None:
        spectrum = half_spectrum(white((32, 32, 32), 1))
        shells = Shells((32, 32, 32), (1.0, 1.0, 1.0))
        for z in range(32):
            spectrum[z][shells.places(z) > 9] = 0
        known = directional_sums(spectrum, spectrum, shells.shape, shells.voxel_size)
        found = measure_occupancy(cones_about(known.sphere.directions, 17.0, known, NO_MASK))
        self.assertTrue(np.isnan(found.share[9:]).all())
        self.assertIsNone(found.resolution(MIDDLE))


class TestAnisotropy(unittest.TestCase):
    def test_even_halves_are_even(self) -> None:
        for seed in (1, 2, 3):
            found = measure_anisotropy(cones(EVEN, seed))
            self.assertLess(found.reach.ratio.value - 2 * found.reach.ratio.error, 1.05)
            self.assertGreater(found.reach.apparent_ratio, found.reach.ratio.value + 0.03)
            self.assertGreater(found.area_ratio.value, 0.8)
            assert found.sphericity is not None
            self.assertGreater(found.sphericity.value, 0.85)

    def test_a_loss_is_found_within_its_error(self) -> None:
        for loss, seed in ((0.1, 1), (0.2, 2), (0.3, 3)):
            with self.subTest(loss=loss):
                found = measure_anisotropy(cones(Anisotropy(loss=loss), seed))
                ratio = found.reach.ratio
                self.assertLess(abs(ratio.value - 1 / (1 - loss)), 2.5 * ratio.error)
                self.assertLess(ratio.error, 0.14)

    def test_a_turned_loss_turns_the_answer(self) -> None:
        for name, axis in AXES.items():
            with self.subTest(axis=name):
                reach = measure_anisotropy(cones(Anisotropy(axis=axis, loss=0.3), 4)).reach
                z_y_x = np.array(axis[::-1])
                self.assertGreater(abs(reach.worst @ z_y_x), np.cos(np.radians(20)))
                self.assertLess(abs(reach.best @ z_y_x), np.cos(np.radians(60)))
                self.assertLess(abs(reach.ratio.value - 1 / 0.7), 2.5 * reach.ratio.error)

    def test_missing_cones(self) -> None:
        areas = []
        for missing in (0.0, 20.0, 40.0):
            found = measure_anisotropy(cones(Anisotropy(missing_cone=missing), 5))
            areas.append(found.area_ratio.value)
            if missing:
                self.assertGreater(found.reach.ratio.value, 1.4)
                self.assertGreater(abs(found.reach.worst[0]), np.cos(np.radians(missing + 5)))
        self.assertLess(areas[2], areas[0] - 0.3)

    def test_views_from_the_side(self) -> None:
        found = measure_anisotropy(cones(Anisotropy(side_views=1.0), 6)).reach
        self.assertGreater(abs(found.best[0]), np.cos(np.radians(40)))

    def test_of_copies(self) -> None:
        one, _ = halves(EVEN, 1)
        known = sums_of(one, one)
        copies = cones_about(known.sphere.directions, 20.0, known, overlap())
        found = measure_anisotropy(copies)
        self.assertEqual((found.reach.ratio.value, found.reach.ratio.error), (1, 0))
        self.assertTrue(copies.never_below(HALF).all())
        self.assertIsNone(copies.whole.resolution(GOLD_STANDARD))

    def test_the_same_halves_the_same_numbers(self) -> None:
        one, other = halves(Anisotropy(loss=0.2), 3)
        found = [
            measure_anisotropy(
                cones_about(HalfSphere().directions, 20.0, known, overlap())
            ).reach.ratio
            for known in (
                sums_of(one, other),
                sums_of(other, one),
            )
        ]
        self.assertAlmostEqual(found[0].value, found[1].value, places=6)
        self.assertAlmostEqual(found[0].error, found[1].error, places=6)

    def test_sectors(self) -> None:
        even, uneven = (
            chi_square_per_degree(sums(Anisotropy(loss=loss), 2), overlap()) for loss in (0.0, 0.3)
        )
        assert even is not None
        assert uneven is not None
        self.assertLess(even, 2.5)
        self.assertGreater(uneven, 3 * even)
        one, _ = halves(EVEN, 1)
        copies = sums_of(one, one)
        self.assertIsNone(chi_square_per_degree(copies, overlap()))


class TestSurface(unittest.TestCase):
    def test_of_a_sphere_and_an_ellipsoid(self) -> None:
        directions = HalfSphere().directions
        surface = Surface(directions)
        self.assertAlmostEqual(surface.sphericity(np.ones(len(directions))), 1, places=3)
        self.assertAlmostEqual(
            surface.sphericity(np.full(len(directions), 7.0)),
            surface.sphericity(np.ones(len(directions))),
        )
        long = 2.0
        distance = 1 / np.sqrt((directions[:, 0] / long) ** 2 + 1 - directions[:, 0] ** 2)
        eccentricity = np.sqrt(1 - 1 / long**2)
        area = 2 * np.pi * (1 + long / eccentricity * np.arcsin(eccentricity))
        expected = np.pi ** (1 / 3) * (8 * np.pi * long) ** (2 / 3) / area
        self.assertAlmostEqual(surface.sphericity(distance), float(expected), places=2)


class TestSmooth(unittest.TestCase):
    directions = HalfSphere(12).directions

    def draws(self, seed: int, values: Reals) -> Reals:
        errors = np.random.default_rng(seed).standard_normal((40, len(values)))
        return np.asarray(values + errors, np.float64)

    def test_noise_is_taken_away(self) -> None:
        flat = np.full(len(self.directions), 10.0)
        measured = self.draws(1, flat)[0]
        smooth, drawn = smoothed(measured, self.draws(2, measured), self.directions)
        self.assertLess(np.ptp(smooth), 0.35 * np.ptp(measured))
        self.assertAlmostEqual(smooth.mean(), 10, delta=0.3)
        self.assertEqual(drawn.shape, (40, len(measured)))

    def test_what_is_certain_stays(self) -> None:
        bump = 40 * np.exp(-8 * (1 - self.directions[:, 0] ** 2))
        measured = self.draws(3, bump)[0]
        smooth, _ = smoothed(measured, self.draws(4, measured), self.directions)
        self.assertLess(float(np.abs(smooth - bump).max()), 4)
        self.assertGreaterEqual(smooth.min(), measured.min())
        self.assertLessEqual(smooth.max(), measured.max())

    def test_without_errors_nothing_changes(self) -> None:
        measured = self.directions[:, 1] ** 2 + 3 * np.abs(self.directions[:, 2])
        smooth, _ = smoothed(measured, np.tile(measured, (5, 1)), self.directions)
        np.testing.assert_allclose(smooth, measured, atol=1e-9)


class TestVolume(unittest.TestCase):
    def test_every_frequency_has_the_value_of_its_direction(self) -> None:
        for box, voxel in GRIDS:
            with self.subTest(box=box):
                one = half_spectrum(white(box, 1))
                other = one + half_spectrum(white(box, 2))
                known = directional_sums(one, other, box, voxel)
                about = cones_about(known.sphere.directions, 30.0, known, NO_MASK)
                volume = correlation_volume(about)
                self.assertEqual(volume.shape, box)
                self.assertEqual(volume[tuple(n // 2 for n in box)], 1)
                generator = np.random.default_rng(0)
                for _ in range(200):
                    place = [int(generator.integers(1, n)) for n in box]
                    frequency = np.array(
                        [(i - n // 2) / (n * s) for i, n, s in zip(place, box, voxel, strict=True)]
                    )
                    length = float(np.linalg.norm(frequency))
                    shell = int(length * max(known.shells.extents) + 0.5 + 1e-9)
                    if not 0 < shell <= known.shells.count:
                        continue
                    alike = np.abs(known.sphere.directions @ frequency) / length
                    nearest = np.argsort(-alike)[:8]
                    value = volume[tuple(place)]
                    near = about.correlation[shell - 1, nearest]
                    self.assertLess(float(np.abs(near - value).min()), 1e-5)

    def test_its_voxels(self) -> None:
        self.assertEqual(voxel_size_of(Shells((8, 8, 8), (1.5, 1.5, 1.5))), (1.5, 1.5, 1.5))
        z, y, x = voxel_size_of(Shells((10, 20, 20), (1.0, 1.0, 1.0)))
        self.assertEqual((z, y, x), (2.0, 1.0, 1.0))


class TestTinyBoxes(unittest.TestCase):
    def test_nothing_can_be_told_and_nothing_breaks(self) -> None:
        for edge in (8, 9, 12):
            box = (edge, edge, edge)
            one = white(box, 1)
            known = directional_sums(
                half_spectrum(one), half_spectrum(one + white(box, 2)), box, VOXEL
            )
            about = cones_about(known.sphere.directions, 20.0, known, Overlap(6.0, 0.4))
            self.assertFalse(about.tells(GOLD_STANDARD))
            self.assertEqual(about.told_from, known.shells.count)
            measure_anisotropy(about)
            measure_occupancy(about)


if __name__ == "__main__":
    unittest.main()
