"""LocBfactor and LocOccupancy: against their definitions, written out, and against the package."""

from __future__ import annotations

import itertools
import unittest
from unittest import mock

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from vrs_scipion.maps.density import Mask, Triple, Volume
from vrs_scipion.maps.masks import hard_mask
from vrs_scipion.methods import local_ucm
from vrs_scipion.methods.engine import EngineUnavailableError, choose
from vrs_scipion.methods.local_sweep import (
    NotMeasurableError,
    background,
    order_statistics,
    shell_width,
)
from vrs_scipion.methods.locbfactor import local_bfactor
from vrs_scipion.methods.lococcupancy import (
    band_frequencies,
    local_occupancies,
    local_occupancy,
)
from vrs_scipion.methods.spiral_bands import SpiralBands
from vrs_scipion.simulation import (
    apply_filter,
    demo_phantom,
    fall_off,
    frequency_grid,
)

BOXES: tuple[tuple[tuple[int, int, int], Triple], ...] = (
    ((32, 32, 32), (1.5, 1.5, 1.5)),
    ((33, 33, 33), (1.5, 1.5, 1.5)),
    ((32, 37, 44), (1.5, 1.5, 1.5)),
    ((36, 33, 32), (1.5, 1.2, 1.4)),
)
PERCENTILES = (2.5, 25, 50, 75, 97.5)


def noise(box: tuple[int, int, int], seed: int = 1) -> Volume:
    return np.random.default_rng(seed).standard_normal(box).astype(np.float32)


def ball(box: tuple[int, int, int], radius: float = 0.27, shift: int = 1) -> Mask:
    """An ellipsoid of ``radius`` times the box, a little off its centre."""
    z, y, x = (((np.arange(n) - n / 2 - shift) / n) ** 2 for n in box)
    mask: Mask = z[:, None, None] + y[:, None] + x < radius**2
    return mask


def direct_amplitude(
    values: Volume, voxel_size: Triple, frequency: float, width: float
) -> tuple[np.ndarray, float]:
    """The definition in double precision, with complex transforms, and the shell's sum."""
    s = np.meshgrid(
        *(np.fft.fftfreq(n, a) for n, a in zip(values.shape, voxel_size, strict=True)),
        indexing="ij",
    )
    length = np.sqrt(sum(a**2 for a in s))
    shell = np.exp(-((length - frequency) ** 2) / (2 * width**2))
    transform = np.fft.fftn(values.astype(np.float64)) * shell
    length[0, 0, 0] = np.inf
    fields = [transform, *(-1j * a / length * transform for a in s)]
    return np.sqrt(sum(np.abs(np.fft.ifftn(f)) ** 2 for f in fields)), float(shell.sum())


def direct_bfactor(
    values: Volume, voxel_size: Triple, mask: Mask, max_res: float, *, above: bool = False
) -> np.ndarray:
    width = shell_width(4.8, values.shape, voxel_size)
    frequencies = np.linspace(1 / 15, 1 / max_res, 10)
    rows, noises = [], []
    for frequency in frequencies:
        m, total = direct_amplitude(values, voxel_size, frequency, width)
        m /= total
        q = np.quantile(m[background(mask)], 0.9)
        rows.append(np.log(m[mask] ** 2 / (m[mask] + q)))
        noises.append(np.log(q))
    x, y = frequencies**2, np.array(rows)
    if not above:
        return np.asarray(4 * np.polyfit(x, y, 1)[0])
    kept = y > np.array(noises)[:, None]
    return np.array(
        [
            4 * np.polyfit(x[k], column[k], 1)[0] if k.sum() >= 3 else np.nan
            for column, k in zip(y.T, kept.T, strict=True)
        ]
    )


class TestSpiralBands(unittest.TestCase):
    def amplitude(
        self, values: Volume, voxel_size: Triple, frequency: float, width: float, threads: int = 1
    ) -> Volume:
        everywhere = np.ones(values.shape, bool)
        bands = SpiralBands(values, voxel_size, width, (everywhere,), threads)
        (squares,) = bands.band(frequency).squares
        return np.sqrt(squares).reshape(values.shape) * np.float32(bands.unit)

    def test_a_plane_wave_has_its_own_amplitude(self) -> None:
        for box, voxel_size in BOXES:
            k = (3, -5, 7)
            phase = sum(
                2 * np.pi * k_a * i / n for k_a, i, n in zip(k, np.indices(box), box, strict=True)
            )
            wave = (2.5 * np.cos(phase + 0.3)).astype(np.float32)
            extent = np.multiply(box, voxel_size)
            frequency = float(np.linalg.norm(np.divide(k, extent)))
            with self.subTest(box=box):
                found = self.amplitude(wave, voxel_size, frequency, 0.02)
                np.testing.assert_allclose(found, 2.5, rtol=1e-5)

    def test_by_definition(self) -> None:
        for (box, voxel_size), share in itertools.product(BOXES, (0.3, 0.7, 1.0)):
            with self.subTest(box=box, share=share):
                values = noise(box) + 0.5
                frequency = share / (2 * max(voxel_size))
                width = shell_width(4.8, box, voxel_size)
                expected, total = direct_amplitude(values, voxel_size, frequency, width)
                found = self.amplitude(values, voxel_size, frequency, width)
                np.testing.assert_allclose(found, expected, rtol=2e-4, atol=1e-6)
                bands = SpiralBands(values, voxel_size, width, (ball(box),))
                self.assertAlmostEqual(bands.band(frequency).shell_sum / total, 1, places=6)

    def test_narrow_shells_leave_coefficients_out(self) -> None:
        for box, voxel_size in BOXES:
            with self.subTest(box=box):
                expected, _ = direct_amplitude(noise(box), voxel_size, 0.1, 0.01)
                found = self.amplitude(noise(box), voxel_size, 0.1, 0.01)
                np.testing.assert_allclose(found, expected, rtol=2e-4, atol=1e-6)

    def test_only_the_chosen_voxels_in_their_order(self) -> None:
        box, voxel_size = BOXES[2]
        width = shell_width(4.8, box, voxel_size)
        inside, corner = ball(box, 0.2), np.zeros(box, bool)
        corner[:3, -4:, 5] = True
        whole = self.amplitude(noise(box), voxel_size, 0.2, width)
        bands = SpiralBands(noise(box), voxel_size, width, (inside, corner), threads=2)
        for mask, squares in zip((inside, corner), bands.band(0.2).squares, strict=True):
            np.testing.assert_array_equal(np.sqrt(squares) * np.float32(bands.unit), whole[mask])

    def test_threads_change_nothing(self) -> None:
        values = noise((40, 41, 42))
        one, two = (self.amplitude(values, (1.0,) * 3, 0.3, 0.05, t) for t in (1, 2))
        np.testing.assert_array_equal(one, two)


class TestSweep(unittest.TestCase):
    def test_the_background_of_a_cube_is_a_sphere(self) -> None:
        for n in (32, 33):
            nothing = np.zeros((n,) * 3, bool)
            steps = np.arange(n) - n / 2
            radius = np.sqrt(steps[:, None, None] ** 2 + steps[:, None] ** 2 + steps**2)
            np.testing.assert_array_equal(background(nothing), radius < n / 2)

    def test_the_background_of_any_box_is_an_ellipsoid_without_the_mask(self) -> None:
        box = (32, 40, 66)
        mask = ball(box, 0.3)
        found = background(mask)
        self.assertFalse((found & mask).any())
        self.assertAlmostEqual((found | mask).mean(), np.pi / 6, delta=0.01)
        np.testing.assert_array_equal(background(mask.transpose(2, 0, 1)), found.transpose(2, 0, 1))

    def test_the_width_of_a_shell(self) -> None:
        self.assertEqual(shell_width(4.8, (50, 50, 50), (1.1,) * 3), 4.8 / (50 * 1.1))
        self.assertAlmostEqual(shell_width(4.8, (32, 64, 128), (2.0, 1.0, 0.5)), 4.8 / 64)
        self.assertEqual(
            shell_width(4.8, (40, 50, 77), (1.1, 1.2, 1.3)),
            shell_width(4.8, (77, 40, 50), (1.3, 1.1, 1.2)),
        )

    @settings(max_examples=60, deadline=None)
    @given(st.lists(st.integers(-5, 5), min_size=1, max_size=40), st.floats(0, 1))
    def test_order_statistics(self, numbers: list[int], p: float) -> None:
        values = np.array(numbers, np.float32)
        lower, upper, fraction = order_statistics(values, p)
        self.assertIn(lower, values)
        self.assertAlmostEqual(
            float(lower + fraction * (upper - lower)), float(np.quantile(values, p)), places=4
        )

    def test_order_statistics_of_many(self) -> None:
        generator = np.random.default_rng(2)
        for name, values in (
            ("normal", generator.standard_normal(200_001)),
            ("ties", generator.integers(0, 4, 200_001)),
            ("constant", np.ones(200_001)),
            ("sorted", np.arange(200_001)),
        ):
            ordered = np.sort(values.astype(np.float32))
            for p, rank in ((0.0, 0), (0.25, 50_000), (0.9, 180_000), (1.0, 200_000)):
                with self.subTest(name, p=p):
                    lower, _, fraction = order_statistics(values.astype(np.float32), p)
                    self.assertEqual((lower, fraction), (ordered[rank], 0))

    def test_a_quantile_that_is_none(self) -> None:
        with self.assertRaisesRegex(ValueError, "not between 0 and 1"):
            order_statistics(np.ones(3, np.float32), 1.5)


class TestBfactor(unittest.TestCase):
    def test_by_definition(self) -> None:
        for box, voxel_size in BOXES:
            values, mask = noise(box), ball(box)
            d = 2 * max(voxel_size)
            for above in (False, True):
                with self.subTest(box=box, above=above):
                    found = local_bfactor(
                        values, voxel_size, mask, max_res=d, only_above_noise=above
                    )
                    expected = direct_bfactor(values, voxel_size, mask, d, above=above)
                    np.testing.assert_allclose(found[mask], expected, atol=0.01)
                    self.assertTrue(np.isnan(found[~mask]).all())

    def test_a_point_that_falls_off_has_its_b_factor(self) -> None:
        box, voxel_size = (64, 60, 62), (1.5, 1.6, 1.5)
        frequency = frequency_grid(box, voxel_size)
        mask = np.zeros(box, bool)
        mask[32, 30, 31] = True
        for b in (0, 50, 200):
            values = apply_filter(mask.astype(np.float32), fall_off(frequency, b))
            found = local_bfactor(values, voxel_size, mask, max_res=4, f_voxel_width=1.5)[mask]
            self.assertAlmostEqual(float(found[0]), -b, delta=0.5 + 0.03 * b)

    def test_scale_and_sign_change_nothing(self) -> None:
        values, mask = noise((32, 34, 36)), ball((32, 34, 36))
        straight = local_bfactor(values, (1.5,) * 3, mask, max_res=3.2)[mask]
        for factor in (-1.0, 1e-12, 1e12):
            scaled = (values * factor).astype(np.float32)
            found = local_bfactor(scaled, (1.5,) * 3, mask, max_res=3.2)[mask]
            np.testing.assert_allclose(found, straight, atol=0.01)

    @settings(max_examples=6, deadline=None)
    @given(st.permutations((0, 1, 2)), st.integers(0, 100))
    def test_axes_can_be_permuted(self, order: list[int], seed: int) -> None:
        box, voxel_size = (32, 35, 38), (1.5, 1.3, 1.4)
        values, mask = noise(box, seed), ball(box)
        straight = local_bfactor(values, voxel_size, mask, max_res=3.0)
        turned = local_bfactor(
            values.transpose(order),
            tuple(voxel_size[a] for a in order),  # type: ignore[arg-type]
            mask.transpose(order),
            max_res=3.0,
        )
        np.testing.assert_allclose(turned, straight.transpose(order), atol=0.01)

    def test_too_few_bands(self) -> None:
        values, mask = noise((32,) * 3), ball((32,) * 3)
        for points, above in ((1, False), (2, True)):
            with self.assertRaisesRegex(ValueError, f"at least {points + 1} bands"):
                local_bfactor(
                    values,
                    (1.5,) * 3,
                    mask,
                    max_res=3,
                    num_points=points,
                    only_above_noise=above,
                )


class TestOccupancy(unittest.TestCase):
    def test_by_definition(self) -> None:
        for box, voxel_size in BOXES:
            values, mask = noise(box), ball(box)
            d = 2 * max(voxel_size)
            width = shell_width(4.8, box, voxel_size)
            relative, against_noise = [], []
            for frequency in band_frequencies(15, d, width):
                m, _ = direct_amplitude(values, voxel_size, frequency, width)
                relative.append(m[mask] >= np.quantile(m[mask], 0.25))
                against_noise.append(m[mask] > np.quantile(m[background(mask)], 0.95))
            with self.subTest(box=box):
                found = local_occupancies(values, voxel_size, mask, max_res=d)
                alone = local_occupancy(values, voxel_size, mask, max_res=d)
                np.testing.assert_allclose(found.relative[mask], np.mean(relative, 0), atol=1e-6)
                np.testing.assert_allclose(
                    found.against_noise[mask], np.mean(against_noise, 0), atol=1e-6
                )
                np.testing.assert_array_equal(found.relative, alone)
                self.assertTrue(np.isnan(alone[~mask]).all())
                self.assertEqual(found.bands, len(relative))

    def test_the_number_of_bands(self) -> None:
        np.testing.assert_allclose(band_frequencies(15, 3, 0.1), (1 / 15, 1 / 3))
        np.testing.assert_allclose(band_frequencies(15, 14, 0.1), (1 / 15,))

    def test_a_quantile_that_is_a_value_is_reached_by_it(self) -> None:
        box = (32, 32, 32)
        mask = np.zeros(box, bool)
        mask.ravel()[10_000 : 10_000 + 4 * 50 + 1] = True
        found = local_occupancy(noise(box), (1.5,) * 3, mask, max_res=14)[mask]
        self.assertEqual(int(found.sum()), 4 * 50 + 1 - 50)

    def test_what_is_measured_of_noise_alone(self) -> None:
        box = (64, 64, 64)
        found = local_occupancies(noise(box), (1.5,) * 3, ball(box), max_res=3)
        self.assertAlmostEqual(float(np.nanmean(found.relative)), 0.75, places=3)
        self.assertAlmostEqual(float(np.nanmean(found.against_noise)), 0.05, delta=0.03)
        self.assertEqual(float(np.nanmedian(found.against_noise)), 0)

    @settings(max_examples=6, deadline=None)
    @given(st.permutations((0, 1, 2)), st.sampled_from((-1.0, 1.0, 1e6)))
    def test_axes_scale_and_sign(self, order: list[int], factor: float) -> None:
        box, voxel_size = (32, 35, 38), (1.5, 1.3, 1.4)
        values, mask = noise(box), ball(box)
        straight = local_occupancies(values, voxel_size, mask, max_res=3.0)
        turned = local_occupancies(
            (values * factor).astype(np.float32).transpose(order),
            tuple(voxel_size[a] for a in order),  # type: ignore[arg-type]
            mask.transpose(order),
            max_res=3.0,
        )
        for a, b in (
            (turned.relative, straight.relative),
            (turned.against_noise, straight.against_noise),
        ):
            differs = np.abs(a - b.transpose(order)) > 1e-6
            self.assertLessEqual(np.count_nonzero(differs), 1)


class TestRefusals(unittest.TestCase):
    def refused(
        self,
        pattern: str,
        values: Volume | None = None,
        mask: Mask | None = None,
        max_res: float = 3.0,
    ) -> None:
        values = noise((32,) * 3) if values is None else values
        mask = ball(values.shape) if mask is None else mask  # type: ignore[arg-type]
        for measure in (local_bfactor, local_occupancies, local_occupancy):
            if measure is local_occupancy and "background" in pattern:
                continue
            with (
                self.subTest(measure.__name__),
                self.assertRaisesRegex(NotMeasurableError, pattern),
            ):
                measure(values, (1.5,) * 3, mask, max_res=max_res)

    def test_no_background(self) -> None:
        self.refused("no background", mask=np.ones((32,) * 3, bool))

    def test_an_empty_mask(self) -> None:
        self.refused("the mask is empty", mask=np.zeros((32,) * 3, bool))

    def test_a_mask_of_another_box(self) -> None:
        self.refused("differs from the mask's", mask=ball((32, 32, 33)))

    def test_a_small_box(self) -> None:
        self.refused("32 × 40 × 31 voxels is too small", noise((31, 40, 32)))

    def test_beyond_nyquist(self) -> None:
        self.refused("beyond the Nyquist limit, 3 Å", max_res=2.9)

    def test_no_sweep(self) -> None:
        for max_res in (15.0, 20.0, 0.0, -3.0, float("nan")):
            self.refused("must end at a finer resolution", max_res=max_res)

    def test_nothing_in_the_map(self) -> None:
        self.refused("zero everywhere", np.zeros((32,) * 3, np.float32))
        for value in (np.nan, np.inf):
            spoilt = noise((32,) * 3)
            spoilt[3, 4, 5] = value
            self.refused("not finite", spoilt)


@unittest.skipUnless(local_ucm.availability().here, f"needs {local_ucm.PACKAGE}")
class TestBesideThePackage(unittest.TestCase):
    """Parity as asked for: percentiles within 0.02 Å², voxels within 0.05 Å²."""

    def maps(self) -> dict[str, tuple[Volume, float, Mask, float]]:
        """Map, voxel size, mask and resolution of each case."""
        small = {"n_helices": 3, "residues": (8, 12), "voxel_size": 1.5}
        even = demo_phantom(box=(48,) * 3, snr=5, **small)  # type: ignore[arg-type]
        odd = demo_phantom(box=(47,) * 3, snr=1, **small)  # type: ignore[arg-type]
        inside, clean = even.truth.mask, even.truth.density.values
        blur = fall_off(frequency_grid((48,) * 3, (1.5,) * 3), 400)
        spoken = even.density.values
        contoured = hard_mask(spoken, even.contour, (1.5,) * 3)
        return {
            "even box at half the resolution": (spoken, 1.5, inside, 3.0),
            "odd box, noisy": (odd.density.values, 1.5, odd.truth.mask, 3.0),
            "odd box, within Nyquist": (odd.density.values, 1.5, odd.truth.mask, 4.2),
            "clean": (clean, 1.5, contoured, 3.0),
            "masked": (np.where(inside, spoken, np.float32(0)), 1.5, inside, 3.0),
            "very blurred": (apply_filter(spoken, blur), 1.5, inside, 3.5),
            "offset": (spoken + np.float32(0.2), 1.5, inside, 3.0),
            "narrow sweep": (spoken, 1.5, inside, 12.0),
        }

    def test_b_factors(self) -> None:
        for name, (values, size, mask, d) in self.maps().items():
            for above in (False, True) if "even" in name or "noisy" in name else (False,):
                with self.subTest(name, above=above):
                    options = {"max_res": d, "only_above_noise": above}
                    ours = local_bfactor(values, (size,) * 3, mask, **options)[mask]  # type: ignore[arg-type]
                    theirs = local_ucm.local_bfactor(values, (size,) * 3, mask, **options)[mask]  # type: ignore[arg-type]
                    np.testing.assert_array_equal(np.isnan(ours), np.isnan(theirs))
                    known = np.isfinite(ours)
                    if not known.any():
                        continue
                    ours, theirs = ours[known], theirs[known]
                    np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=0.05)
                    np.testing.assert_allclose(
                        np.percentile(ours, PERCENTILES),
                        np.percentile(theirs, PERCENTILES),
                        rtol=1e-4,
                        atol=0.02,
                    )
                    if known.sum() > 2:
                        self.assertGreaterEqual(np.corrcoef(ours, theirs)[0, 1], 0.999999)

    def test_occupancies(self) -> None:
        for name, (values, size, mask, d) in self.maps().items():
            with self.subTest(name):
                ours = local_occupancy(values, (size,) * 3, mask, max_res=d)[mask]
                theirs = local_ucm.local_occupancy(values, (size,) * 3, mask, max_res=d)[mask]
                np.testing.assert_allclose(ours, theirs, atol=1e-6)

    def test_its_refusals_are_ours(self) -> None:
        values, mask = noise((32,) * 3), ball((32,) * 3)
        everything, nothing = np.ones_like(mask), np.zeros_like(mask)
        with self.assertRaisesRegex(NotMeasurableError, "no background"):
            local_ucm.local_bfactor(values, (1.5,) * 3, everything, max_res=3.0)
        with self.assertRaisesRegex(NotMeasurableError, "mask is empty"):
            local_ucm.local_occupancy(values, (1.5,) * 3, nothing, max_res=3.0)
        with self.assertRaisesRegex(NotMeasurableError, "zero everywhere"):
            local_ucm.local_bfactor(np.zeros_like(values), (1.5,) * 3, mask, max_res=3.0)

    def test_what_it_does_not_take(self) -> None:
        for box, voxel_size in (((32, 32, 34), (1.5,) * 3), ((32, 32, 32), (1.5, 1.5, 1.6))):
            for measure in (local_ucm.local_bfactor, local_ucm.local_occupancy):
                with self.assertRaisesRegex(EngineUnavailableError, "cubic boxes"):
                    measure(noise(box), voxel_size, ball(box), max_res=4.0)


class TestThePackageMissing(unittest.TestCase):
    def test_it_is_said_how_to_get_it(self) -> None:
        with mock.patch.object(local_ucm, "find_spec", return_value=None):
            missing = local_ucm.availability()
        self.assertFalse(missing.here)
        with self.assertRaisesRegex(EngineUnavailableError, "pip install scipion-em-ucm"):
            choose(local_ucm.NAME, lambda: [missing])

    def test_a_package_that_cannot_be_imported(self) -> None:
        with (
            mock.patch.object(local_ucm, "import_module", side_effect=ImportError),
            self.assertRaisesRegex(EngineUnavailableError, "pip install scipion-em-ucm"),
        ):
            local_ucm.local_occupancy(noise((32,) * 3), (1.5,) * 3, ball((32,) * 3), max_res=3.0)

    def test_auto_stays_built_in(self) -> None:
        here = mock.Mock(return_value=object())
        with mock.patch.object(local_ucm, "find_spec", here):
            self.assertEqual(choose("auto", lambda: [local_ucm.availability()]).name, "builtin")


if __name__ == "__main__":
    unittest.main()
