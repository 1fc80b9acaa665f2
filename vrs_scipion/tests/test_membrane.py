"""Discs of lipid, told from what else stands out of a background."""

from __future__ import annotations

import tempfile
import unittest
from pathlib import Path

import numpy as np

from vrs_scipion.checks import level0_c_background
from vrs_scipion.checks.run import run_check
from vrs_scipion.entry.inputs import prepare
from vrs_scipion.entry.request import Request
from vrs_scipion.methods.membrane import disc_around
from vrs_scipion.results import Outcome
from vrs_scipion.tests.mrc_files import mrc_bytes, write

SIDE = 64
Z, Y, X = np.ogrid[tuple(slice(-SIDE // 2, SIDE // 2) for _ in range(3))]
MOLECULE = Z**2 + Y**2 + X**2 < 49
VOXEL = (2.0, 2.0, 2.0)


def disc(thickness: float, radius: float) -> np.ndarray:
    """A disc (Å) about the z axis, without the molecule in its middle."""
    flat = np.abs(2 * Z) <= thickness / 2
    return flat & (np.hypot(2 * Y, 2 * X) <= radius) & (Z**2 + Y**2 + X**2 > 100)


def with_noise(shape: np.ndarray, strength: float = 8.0) -> np.ndarray:
    noise = np.random.default_rng(4).standard_normal((SIDE,) * 3)
    return (noise + strength * shape + 60 * MOLECULE).astype(np.float32)


class TestDisc(unittest.TestCase):
    def test_its_size(self) -> None:
        shape = disc(36, 50)
        found = disc_around(with_noise(shape), ~MOLECULE & (Z**2 + Y**2 + X**2 > 100), VOXEL)
        assert found is not None
        self.assertAlmostEqual(found.thickness, 38, delta=2)  # 19 planes
        self.assertAlmostEqual(found.diameter, 100, delta=12)
        self.assertGreater(np.count_nonzero(found.where & shape), 0.95 * np.count_nonzero(shape))

    def test_what_is_no_disc(self) -> None:
        generator = np.random.default_rng(8)
        for words, shape in (
            ("nothing", disc(0, -1)),
            ("too thick", disc(100, 50)),
            ("too thin", disc(8, 50)),
            ("a lump", (Z - 18) ** 2 + Y**2 + X**2 < 64),
            ("specks", generator.random((SIDE,) * 3) < 0.01),
            ("a rod", (np.abs(Y) < 8) & (np.abs(X) < 8) & (np.abs(Z) > 10)),
        ):
            with self.subTest(words):
                self.assertIsNone(disc_around(with_noise(shape), ~MOLECULE, VOXEL))

    def test_the_background_is_not_blamed_for_it(self) -> None:
        with tempfile.TemporaryDirectory() as kept:
            folder = Path(kept)
            path = write(folder / "map.mrc", mrc_bytes(with_noise(disc(36, 50)), voxel_size=VOXEL))
            entry = prepare(Request.of(map=path, contour=30.0, resolution=4.0), folder / "entry")
            result = run_check(level0_c_background.CHECK, entry, folder / "out")
        self.assertEqual(result.outcome, Outcome.OK, result.warnings)
        self.assertIn("Å thick", " ".join(result.paragraphs))
        self.assertIsNotNone(result.measurements["disc_thickness"].value)


if __name__ == "__main__":
    unittest.main()
