"""Surfaces coloured by a second map: the right colour in the right place, whoever draws."""

from __future__ import annotations

import sys
import unittest
import warnings
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from unittest import mock

import mrcfile
import numpy as np
from matplotlib.colors import to_rgb
from matplotlib.image import imread

from vrs_scipion.figures.isosurface import (
    IsosurfacePicture,
    draw_isosurface,
    engine_chimerax,
    engine_matplotlib,
)
from vrs_scipion.figures.isosurface.block import read_block
from vrs_scipion.figures.isosurface.colouring import (
    BLANK,
    Colouring,
    choose_colouring,
    colours_at,
    grown,
    palette,
    sample,
    surface_points,
)
from vrs_scipion.figures.isosurface.compose import compose
from vrs_scipion.figures.isosurface.engine import PIXELS
from vrs_scipion.tests.test_figures import STAND_IN, VOXEL, MapInFolder, Picture, silhouette

BOX = (16, 22, 60)
BLANK_UNTIL = 14
HEADER = 84
"""Rows of the picture above its views."""


def bar() -> Picture:
    """Return a bar along x, from voxel 5 to 54."""
    values = np.zeros(BOX, np.float32)
    values[5:11, 5:17, 5:55] = 1
    return values


def x_of_voxels() -> Picture:
    """Return the x of each voxel in Å, and NaN below `BLANK_UNTIL`."""
    x = np.broadcast_to(np.arange(BOX[2], dtype=np.float32) * VOXEL[2], BOX).copy()
    x[:, :, :BLANK_UNTIL] = np.nan
    return x


def shares(colours: Picture) -> Picture:
    """Return where on the palette colours (n, 3) lie, whatever their brightness; NaN if grey."""
    steps = np.linspace(0, 1, 201)
    pure = palette()(steps)[:, :3]
    pure /= np.linalg.norm(pure, axis=1, keepdims=True)
    seen = colours / np.linalg.norm(colours, axis=1, keepdims=True)
    found: Picture = steps[np.argmax(seen @ pure.T, axis=1)]
    found[np.ptp(colours, axis=1) < 0.03 * colours.max(axis=1)] = np.nan
    return found


class ColouredMap(MapInFolder):
    def setUp(self) -> None:
        super().setUp()
        self.map = self.write(bar())
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)  # mrcfile's, about NaN
            self.values = self.write(x_of_voxels(), "values.mrc")


class TestColouring(ColouredMap):
    def test_points_lie_on_the_surface(self) -> None:
        block = read_block(self.map, 0.25, largest=100, crossings=10**6)
        points = surface_points(block, 0.25)
        self.assertEqual(points.shape, (2 * (6 * 12 + 6 * 50 + 12 * 50), 3))
        np.testing.assert_allclose(sample(self.map, points), 0.25, atol=1e-5)
        low = np.array((4.25, 4.25 * 1.5, 4.25 * 2))
        np.testing.assert_allclose(points.min(axis=0), low, atol=1e-5)

    def test_sampled_between_voxels_and_beyond_the_box(self) -> None:
        rng = np.random.default_rng(5)
        slopes = np.array((0.7, -1.3, 2.1))
        places = np.indices(BOX, dtype=np.float32)
        plane = sum(s * p * v for s, p, v in zip(slopes, places, VOXEL, strict=True))
        path = self.write(np.asarray(plane, np.float32), "plane.mrc")
        size = (np.array(BOX) - 1) * VOXEL
        points = (rng.uniform(0, 1, (50, 3)) * size)[:, ::-1]
        np.testing.assert_allclose(sample(path, points), points[:, ::-1] @ slopes, atol=1e-3)
        beyond = points.copy()
        beyond[:, 0] = size[2] + 0.9
        np.testing.assert_allclose(
            sample(path, beyond), sample(path, np.minimum(beyond, size[2])), atol=1e-3
        )

    def test_values_spread_by_one_voxel(self) -> None:
        values = np.full((5, 5, 9), np.nan, np.float32)
        values[2, 2, 2], values[2, 2, 4] = 1, 3
        spread = grown(values)
        self.assertEqual((spread[2, 2, 2], spread[2, 2, 3], spread[1, 3, 5]), (1, 2, 3))
        self.assertTrue(np.isnan(spread[:, :, (0, 6)]).all())
        whole = np.ones((3, 3, 3), np.float32)
        self.assertIs(grown(whole), whole)

    def test_range_and_what_lies_beyond_it(self) -> None:
        chosen = choose_colouring(self.map, 0.5, self.values, None, "x (Å)")
        block = read_block(self.map, 0.5, largest=100, crossings=10**6)
        x = sample(self.values, surface_points(block, 0.5))
        np.testing.assert_allclose(
            (chosen.low, chosen.high), np.nanpercentile(x, (2.5, 97.5)), rtol=1e-6
        )
        self.assertTrue(chosen.blank)
        within = choose_colouring(self.map, 0.5, self.values, (20, 40), "")
        self.assertTrue(within.below and within.above)
        given = choose_colouring(self.map, 0.5, self.values, (0, 100), "")
        self.assertEqual((given.low, given.high, given.below, given.above), (0, 100, False, False))
        flat = self.write(np.full(BOX, 7, np.float32), "flat.mrc")
        same = choose_colouring(self.map, 0.5, flat, None, "")
        self.assertTrue(same.low < 7 < same.high)
        self.assertFalse(same.blank)

    def test_colours(self) -> None:
        colouring = Colouring(self.values, 20, 40)
        points = np.array([(x, 9.0, 9.0) for x in (5, 15, 20, 30, 40, 50)])
        expected = [to_rgb(BLANK), *palette()([0, 0, 0.5, 1.0, 1.0])[:, :3]]
        np.testing.assert_allclose(colours_at(colouring, points), expected, atol=0.01)

    def test_refusals(self) -> None:
        other_box = self.write(np.ones((16, 22, 61), np.float32), "box.mrc")
        other_voxel = self.folder / "voxel.mrc"
        with mrcfile.new(other_voxel) as mrc:
            mrc.set_data(np.ones(BOX, np.float32))
            mrc.voxel_size = 1.2
        nothing = np.full(BOX, np.nan, np.float32)
        nothing[0, 0, 0] = 1
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)
            empty = self.write(nothing, "empty.mrc")
        for path, ends, words in (
            (other_box, None, "grid is 61 × 22 × 16 voxels of 1 × 1.5 × 2 Å and not 60 × 22 × 16"),
            (other_voxel, None, r"of 1\.2 × 1\.2 × 1\.2 Å and not"),
            (empty, None, "no value on the surface"),
            (self.values, (3, 3), "cannot go from 3 to 3"),
            (self.values, (0, float("nan")), "cannot go from 0 to nan"),
        ):
            with self.subTest(words), self.assertRaisesRegex(ValueError, words):
                draw_isosurface(
                    self.map, 0.5, self.folder / "a.png", colour_by=path, colour_range=ends
                )
        self.assertFalse((self.folder / "a.png").exists())


class TestColouredEngines(ColouredMap):
    def test_both_engines_show_x_growing_along_x(self) -> None:
        look: dict[str, Any] = {
            "colour_by": self.values,
            "colour_range": (14, 55),
            "colour_label": "x (Å)",
        }

        def draw(engine: str) -> IsosurfacePicture:
            out = self.folder / f"{engine}.png"
            return draw_isosurface(self.map, 0.5, out, engine=engine, **look)

        with ThreadPoolExecutor(2) as pool:
            pictures = list(pool.map(draw, ("pyvista", "matplotlib")))
        for picture in pictures:
            self.assertEqual(picture.note, "")
            image = imread(picture.file)[:, :, :3]
            views = image[HEADER : HEADER + PIXELS]
            # x points down in the second view and to the right in the third
            down, right = views[:, PIXELS : 2 * PIXELS], views[:, 2 * PIXELS :]
            for number, view in ((2, down.swapaxes(0, 1)), (3, right)):
                with self.subTest(picture.engine_name, view=number):
                    self.assertXGrows(view)
            key = image[-100:].reshape(-1, 3)
            self.assertGreater(np.ptp(shares(key[np.ptp(key, axis=1) > 0.3])), 0.95)
        colouring = choose_colouring(self.map, 0.5, self.values, (14, 55), "x (Å)")
        again = engine_matplotlib.render(self.map, 0.5, self.folder, 120, colouring)
        self.assertSameBytes(
            pictures[1].file, compose(again, self.folder / "again.png", colouring.key)
        )

    def assertXGrows(self, image: Picture) -> None:
        """Assert that colours go from grey through the palette along a row, as x does."""
        seen = silhouette(255 * image)
        columns = np.flatnonzero(seen.sum(axis=0) > 10)
        columns = columns[3:-3]
        colours = [np.median(image[seen[:, column], column], axis=0) for column in columns]
        found = shares(np.array(colours))
        x = np.interp(columns, (columns[0] - 3, columns[-1] + 3), (4.5, 54.5))
        self.assertTrue(np.isnan(found[x < BLANK_UNTIL - 2]).all())
        coloured = found[x > BLANK_UNTIL + 1]
        self.assertTrue(np.isfinite(coloured).all())
        self.assertGreater(np.diff(coloured).min(), -0.02)
        truth = np.clip((x[x > BLANK_UNTIL + 1] - 14) / (55 - 14), 0, 1)
        self.assertLess(np.abs(coloured - truth).max(), 0.08)

    def test_chimerax_commands_and_values(self) -> None:
        program = self.folder / "chimerax.py"
        program.write_text(STAND_IN)
        work = self.folder / "work"
        work.mkdir()
        found = mock.Mock(command=[sys.executable, str(program)], environment=None)
        colouring = choose_colouring(self.map, 0.5, self.values, (20, 40), "")
        with mock.patch.object(engine_chimerax, "find_chimerax", return_value=found):
            engine_chimerax.render(self.map, 0.5, work, 60, colouring)
        self.assertChimeraXScript((work / "views.cxc").read_text().splitlines())
        with mrcfile.open(work / "colours.mrc") as mrc:
            self.assertEqual(mrc.voxel_size.tolist(), VOXEL[::-1])
            row = mrc.data[8, 8]
        blank = BLANK_UNTIL - 1  # the values have spread by a voxel
        np.testing.assert_array_equal(row[:blank], 0)
        np.testing.assert_array_equal(row[blank:], np.clip(np.arange(blank, BOX[2]), 20, 40))

    def assertChimeraXScript(self, lines: list[str]) -> None:
        at = lines.index("open colours.mrc format mrc")
        self.assertLess(lines.index("open map.mrc format mrc"), at)
        self.assertEqual(lines[at + 1], "hide #2 models")
        command, stops = lines[at + 2].rsplit(" ", 1)
        self.assertEqual(command, "color sample #1 map #2 palette")
        pairs = [stop.split(",") for stop in stops.split(":")]
        values = [float(value) for value, _ in pairs]
        self.assertEqual(values, sorted(values))
        self.assertEqual(pairs[:3], [["0", BLANK], ["19.8", BLANK], ["20", "#440154"]])
        self.assertEqual(pairs[-1], ["40", "#fde725"])
        self.assertTrue(any(line.startswith("save ") for line in lines[at + 3 :]))


if __name__ == "__main__":
    unittest.main()
