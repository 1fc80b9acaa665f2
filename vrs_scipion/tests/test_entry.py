"""Preparing a map: what is refused, what is warned of, what is written."""

from __future__ import annotations

import tempfile
import unittest
from dataclasses import replace
from pathlib import Path

import mrcfile
import numpy as np

from vrs_scipion.entry.files import load_entry, load_hard_mask, load_map, load_soft_mask
from vrs_scipion.entry.prepare import Request, inspect, prepare
from vrs_scipion.files import InputError
from vrs_scipion.maps.masks import hard_mask
from vrs_scipion.tests.mrc_files import mrc_bytes, write


def blob(shape: tuple[int, int, int] = (30, 32, 34)) -> np.ndarray:
    """A Gaussian blob of height 1 in the middle of faint noise."""
    steps = np.indices(shape) - (np.array(shape) // 2)[:, None, None, None]
    noise = np.random.default_rng(7).normal(scale=0.01, size=shape)
    return (np.exp(-(steps**2).sum(0) / 18) + noise).astype(np.float32)


class EntryTest(unittest.TestCase):
    def setUp(self) -> None:
        kept = tempfile.TemporaryDirectory()
        self.addCleanup(kept.cleanup)
        self.folder = Path(kept.name)
        self.out = self.folder / "entry"
        self.path = write(self.folder / "map.mrc", mrc_bytes(blob()))

    def request(self, **changes: object) -> Request:
        return replace(Request(self.path, 0.3, 4.0), **changes)  # type: ignore[arg-type]

    def refused(self, pattern: str, **changes: object) -> None:
        with self.assertRaisesRegex(InputError, pattern):
            prepare(self.request(**changes), self.out)
        self.assertFalse(self.out.exists())


class TestPrepare(EntryTest):
    def test_everything_is_written_and_comes_back(self) -> None:
        entry = prepare(self.request(title="A <blob> & more"), self.out)
        self.assertEqual(load_entry(self.out), entry)
        self.assertEqual(entry.title, "A <blob> & more")
        self.assertEqual(entry.box, (30, 32, 34))
        self.assertEqual(entry.voxel_size_from, "file header")
        density = load_map(entry, self.out)
        np.testing.assert_array_equal(density.values, blob())
        expected = hard_mask(blob(), 0.3, (1.0,) * 3)
        np.testing.assert_array_equal(load_hard_mask(entry, self.out), expected)
        self.assertEqual(entry.hard_mask.voxels, expected.sum())
        self.assertEqual(entry.raw_mask_voxels, (blob() >= np.float32(0.3)).sum())
        soft = load_soft_mask(entry, self.out)
        self.assertTrue(soft.min() >= 0 and soft.max() <= 1)
        self.assertAlmostEqual(entry.mean, float(blob().mean(dtype=np.float64)), places=8)

    def test_resized_to_half_the_resolution(self) -> None:
        resized = prepare(self.request(), self.out).resized
        assert resized is not None
        self.assertEqual(resized.voxel_size, (2.0, 2.0, 2.0))
        self.assertEqual(resized.box, (16, 16, 18))
        with mrcfile.open(self.out / resized.file) as mrc:
            self.assertEqual(mrc.data.shape, resized.box)
            self.assertEqual(float(mrc.voxel_size.x), 2.0)
        assert resized.hard_mask is not None
        self.assertGreater(resized.hard_mask.voxels, 0)

    def test_no_resolution_means_no_resized_map(self) -> None:
        self.assertIsNone(prepare(self.request(resolution=None), self.out).resized)

    def test_written_files_pass_the_format_validator(self) -> None:
        entry = prepare(self.request(), self.out)
        for name in (entry.map_file, entry.hard_mask.file, entry.soft_mask.file):
            self.assertTrue(mrcfile.validate(self.out / name), name)

    def test_half_maps_ride_along(self) -> None:
        halves = tuple(write(self.folder / f"half{i}.mrc", mrc_bytes(blob() * i)) for i in (1, 2))
        entry = prepare(self.request(half_maps=halves), self.out)
        self.assertEqual([half.name for half in entry.half_maps], ["half1.mrc", "half2.mrc"])
        self.assertTrue(all((self.out / name).exists() for name in entry.half_map_files))

    def test_the_input_is_left_alone(self) -> None:
        before = self.path.read_bytes()
        prepare(self.request(), self.out)
        self.assertEqual(self.path.read_bytes(), before)

    def test_given_voxel_size(self) -> None:
        entry = prepare(self.request(voxel_size=2.5, resolution=None), self.out)
        self.assertEqual(entry.voxel_size, (2.5, 2.5, 2.5))
        self.assertEqual(entry.voxel_size_from, "given by the user")
        self.assertIn("differs from the header", entry.source.notes[0])


class TestRefused(EntryTest):
    def test_contour_above_the_maximum_names_the_maximum(self) -> None:
        self.refused(rf"maximum is {float(blob().max()):.6g}", contour=5.0)

    def test_contour_below_everything(self) -> None:
        self.refused("all six faces of the box", contour=-1.0)

    def test_senseless_numbers(self) -> None:
        self.refused("contour level of nan", contour=float("nan"))
        self.refused("resolution of -3", resolution=-3.0)
        self.refused("voxel size of 0", voxel_size=0.0)

    def test_half_maps_that_do_not_belong(self) -> None:
        other = write(self.folder / "half.mrc", mrc_bytes(blob((20, 20, 20))))
        self.refused("half map's box", half_maps=(other, other))
        self.refused("1 half map was given", half_maps=(other,))


class TestWarned(EntryTest):
    def warned(self, pattern: str, **changes: object) -> None:
        self.assertRegex(" ".join(inspect(self.request(**changes)).warnings), pattern)

    def test_a_sound_map_has_no_warning(self) -> None:
        self.assertEqual(inspect(self.request()).warnings, ())

    def test_inverted(self) -> None:
        self.path = write(self.folder / "inverted.mrc", mrc_bytes(0.2 - blob()))
        self.warned("may be inverted", contour=0.22)

    def test_beyond_nyquist(self) -> None:
        self.warned("beyond the map's Nyquist limit of 2 Å", resolution=1.5)

    def test_crowded(self) -> None:
        values = np.zeros((20, 20, 20), np.float32)
        values[1:19, 1:19, 1:19] = 1
        self.path = write(self.folder / "crowded.mrc", mrc_bytes(values))
        self.warned("fills 100% of the box", contour=0.5)

    def test_resolution_too_coarse_for_the_box(self) -> None:
        entry = prepare(self.request(resolution=15.0), self.out)
        self.assertIsNone(entry.resized)
        self.assertIn("is the resolution right", entry.warnings[0])


if __name__ == "__main__":
    unittest.main()
