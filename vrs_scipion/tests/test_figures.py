"""Figures: the right slices, the right way round, the same bytes twice, and honest fallbacks."""

from __future__ import annotations

import sys
import tempfile
import unittest
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from unittest import mock

import mrcfile
import numpy as np
from matplotlib.image import imread
from numpy.typing import NDArray

from vrs_scipion.figures.isosurface import (
    draw_isosurface,
    engine_chimerax,
    engine_matplotlib,
    engine_pyvista,
)
from vrs_scipion.figures.isosurface.block import read_block
from vrs_scipion.figures.isosurface.compose import compose
from vrs_scipion.figures.isosurface.engine import PIXELS, EngineError, draw_by_program
from vrs_scipion.figures.isosurface.views import VIEWS, frame_around, rotation_matrix
from vrs_scipion.figures.mass import mass_plot
from vrs_scipion.figures.panels import panel_row, robust_window
from vrs_scipion.figures.plotting import save_picture
from vrs_scipion.figures.projections import draw_projections, projection_panels
from vrs_scipion.figures.scale_bar import round_length
from vrs_scipion.figures.slices import (
    central_indices,
    draw_slices,
    max_variance_indices,
    slice_panels,
)
from vrs_scipion.machine.scipion_plugins import Told

VOXEL = (2.0, 1.5, 1.0)
X, Y, Z = np.eye(3)
Picture = NDArray[Any]


class InFolder(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def assertSameBytes(self, one: Path, other: Path) -> None:
        self.assertGreater(one.stat().st_size, 1000)
        self.assertEqual(one.read_bytes(), other.read_bytes())


class TestIndices(unittest.TestCase):
    def test_central(self) -> None:
        self.assertEqual(central_indices((11, 8, 1)), (5, 4, 0))

    def test_max_variance_agrees_with_numpy(self) -> None:
        rng = np.random.default_rng(7)
        shape = (13, 21, 8)
        volumes: dict[str, Picture] = {
            "float32": rng.normal(3, 1, shape).astype(np.float32),
            "int8": rng.integers(-128, 128, shape).astype(np.int8),
            "int32": rng.integers(-(10**6), 10**6, shape),
            "bool": rng.random(shape) > 0.7,
        }
        for name, volume in volumes.items():
            with self.subTest(name):
                exact = volume.astype(np.float64)
                spread = [exact.var(axis=others) for others in ((1, 2), (0, 2), (0, 1))]
                expected = tuple(int(v.argmax()) for v in spread)
                self.assertEqual(max_variance_indices(volume), expected)

    def test_float32_is_summed_in_double_precision(self) -> None:
        volume = np.full((6, 5, 4), 1000, np.float32)
        volume[4, 2, 1] += 0.01
        self.assertEqual(max_variance_indices(volume), (4, 2, 1))

    def test_first_of_equals(self) -> None:
        self.assertEqual(max_variance_indices(np.zeros((4, 5, 6), np.float32)), (0, 0, 0))
        mirrored = np.random.default_rng(1).normal(size=(4, 5, 6)).astype(np.float32)
        twice = np.concatenate([mirrored, mirrored[::-1]])
        self.assertLess(max_variance_indices(twice)[0], 4)


class TestSlices(InFolder):
    def setUp(self) -> None:
        super().setUp()
        self.blob = np.zeros((10, 14, 20), np.float32)
        self.blob[7, 3, 15] = 1

    def test_orientation(self) -> None:
        x, y, z = slice_panels(self.blob, VOXEL, (7, 3, 15))
        for panel, right, up in ((x, 3, 7), (y, 15, 7), (z, 15, 3)):
            with self.subTest(panel.title):
                rows, columns = np.nonzero(panel.image)
                self.assertEqual((rows.tolist(), columns.tolist()), ([up], [right]))
        self.assertEqual([p.title for p in (x, y, z)], ["X slice 15", "Y slice 3", "Z slice 7"])
        self.assertEqual([p.names for p in (x, y, z)], [("z", "y"), ("z", "x"), ("y", "x")])
        self.assertEqual([p.extent for p in (x, y, z)], [(20, 21), (20, 20), (21, 20)])

    def test_projections(self) -> None:
        self.blob[1, 3, 15] = 2
        x, y, z = (panel.image for panel in projection_panels(self.blob, VOXEL))
        self.assertEqual((x[7, 3], x[1, 3], y[7, 15], z[3, 15]), (1, 2, 1, 3))
        self.assertEqual([a.shape for a in (x, y, z)], [(10, 14), (10, 20), (14, 20)])

    def test_drawn_the_right_way_up(self) -> None:
        """In the file the blob of the Z slice lies right of and below the panel's middle."""
        path = draw_slices(self.blob, VOXEL, (7, 3, 15), self.folder / "z.png", mask=True)
        picture = imread(path)[:, :, :3].mean(axis=2)
        _, axes = panel_row(slice_panels(self.blob, VOXEL, (7, 3, 15)), right=0.85)
        place = axes[2].get_position()
        height, width = picture.shape
        column = round((place.x0 + place.width * 15.5 / 20) * width)
        row = round((1 - place.y0 - place.height * 3.5 / 14) * height)
        self.assertGreater(picture[row, column], 0.98)
        mirrored = round((1 - place.y0 - place.height * 10.5 / 14) * height)
        self.assertLess(picture[mirrored, column], 0.02)

    def test_aspect_of_anisotropic_boxes(self) -> None:
        panels = slice_panels(np.zeros((60, 20, 10)), VOXEL, (0, 0, 0))
        figure, axes = panel_row(panels, right=0.8)
        wide, tall = figure.get_size_inches()
        for place, panel in zip(axes, panels, strict=True):
            box, (height, width) = place.get_position(), panel.extent
            self.assertAlmostEqual((box.height * tall) / (box.width * wide), height / width)
            self.assertTrue(box.x0 >= 0 and box.x1 < 1 and box.y0 >= 0 and box.y1 < 1)

    def test_every_kind_is_drawn_and_drawn_the_same_twice(self) -> None:
        noise = np.random.default_rng(2).normal(size=(24, 31, 18)).astype(np.float32)
        kinds: dict[str, tuple[Picture, dict[str, Any]]] = {
            "density": (noise, {"contour": 1.0}),
            "signed": (noise, {"symmetric": True, "label": "Background"}),
            "mask": (noise > 1, {"mask": True}),
            "constant": (np.ones((5, 6, 7), np.int8), {"contour": 0.5}),
            "zero": (np.zeros((5, 6, 7)), {"symmetric": True}),
        }
        for name, (volume, options) in kinds.items():
            with self.subTest(name):
                paths = [self.folder / f"{name}{n}.png" for n in range(2)]
                for path in paths:
                    draw_slices(volume, VOXEL, (1, 2, 3), path, **options)
                self.assertSameBytes(*paths)
        self.assertFalse(list(self.folder.glob(".*")))

    def test_threads_draw_what_one_thread_draws(self) -> None:
        noise = np.random.default_rng(3).normal(size=(16, 16, 16))
        paths = [self.folder / f"{n}.png" for n in range(3)]
        with ThreadPoolExecutor(3) as pool:
            list(pool.map(lambda path: draw_projections(noise, VOXEL, path), paths))
        alone = draw_projections(noise, VOXEL, self.folder / "alone.png")
        for path in paths:
            self.assertSameBytes(path, alone)

    def test_windows(self) -> None:
        sparse = np.zeros(10_000)
        sparse[0] = -7
        self.assertEqual(robust_window([sparse]), (-7, 0))
        self.assertEqual(robust_window([sparse], symmetric=True), (-7, 7))
        self.assertEqual(robust_window([np.ones(4)]), (0.5, 1.5))

    def test_refusals(self) -> None:
        with self.assertRaises(IndexError):
            draw_slices(self.blob, VOXEL, (10, 0, 0), self.folder / "a.png")
        with self.assertRaisesRegex(ValueError, "neither"):
            draw_slices(self.blob, VOXEL, (1, 0, 0), self.folder / "a.jpg")


class TestStyle(unittest.TestCase):
    def test_round_lengths(self) -> None:
        for extent, length in ((100, 20), (168, 50), (66.7, 20), (3.4, 1), (1500, 200), (0.5, 0.1)):
            self.assertEqual(round_length(extent), length)


class TestMassCurve(InFolder):
    def test_zero_counts_and_same_bytes(self) -> None:
        for voxels in ([5000, 20, 0], [0, 0, 0]):
            paths = [self.folder / f"{n}.svg" for n in range(2)]
            for path in paths:
                save_picture(mass_plot([0.1, 0.2, 0.3], voxels, 0.15), path)
            self.assertSameBytes(*paths)
            self.assertNotIn("nan", paths[0].read_text())
            self.assertNotIn("dc:date", paths[0].read_text())

    def test_refusals(self) -> None:
        with self.assertRaisesRegex(ValueError, "2 thresholds and 1 numbers"):
            mass_plot([1, 2], [3], 1)


class TestViews(unittest.TestCase):
    def test_rotations(self) -> None:
        for angles in (*VIEWS, (10, 20, 30)):
            matrix = rotation_matrix(angles)
            np.testing.assert_allclose(matrix @ matrix.T, np.eye(3), atol=1e-12)
            self.assertAlmostEqual(np.linalg.det(matrix), 1)

    def test_where_the_arms_go(self) -> None:
        """Right, up and towards the viewer are +X, +Y and +Z of the screen.

        View 1: about y by −90 takes x to the viewer and z to the left; about z by −90 takes left
        to up and up to right. View 2: about x by −90 takes y away from the viewer and z up;
        about z by −90 takes right to down and up to right.
        """
        expected: dict[Any, dict[str, Picture]] = {
            (0, -90, -90): {"x": Z, "y": X, "z": Y},
            (-90, 0, -90): {"x": -Y, "y": -Z, "z": X},
            (0, 0, 0): {"x": X, "y": Y, "z": Z},
        }
        for angles in VIEWS:
            for arm, axis in (("x", X), ("y", Y), ("z", Z)):
                with self.subTest(angles, arm=arm):
                    seen = rotation_matrix(angles) @ axis
                    np.testing.assert_allclose(seen, expected[angles][arm], atol=1e-12)

    def test_turn_about_x_comes_first(self) -> None:
        np.testing.assert_allclose(rotation_matrix((90, 0, 90)) @ Y, Z, atol=1e-12)

    def test_frame_holds_the_longest_side(self) -> None:
        frame = frame_around(np.zeros(3), np.array((2.0, 4.0, 20.0)))
        self.assertEqual(frame.centre, (1, 2, 10))
        self.assertTrue(10 < frame.half < 11)


def three_arms() -> Picture:
    """Return arms of 40, 28 and 16 Å along +x, +y and +z of voxels of `VOXEL` Å."""
    volume = np.zeros((30, 40, 60), np.float32)
    volume[5:9, 5:9, 8:54] = 1
    volume[5:9, 5:29, 8:14] = 1
    volume[5:17, 5:9, 8:14] = 1
    return volume


class MapInFolder(InFolder):
    def write(self, values: Picture, name: str = "a map.mrc") -> Path:
        path = self.folder / name
        with mrcfile.new(path) as mrc:
            mrc.set_data(values)
            mrc.voxel_size = VOXEL[::-1]
        return path


class TestBlock(MapInFolder):
    def test_cut_out_and_closed(self) -> None:
        values = np.zeros((12, 13, 14), np.float32)
        values[3:5, 0:4, 6] = 1
        block = read_block(self.write(values), 0.5, largest=100, crossings=10**6)
        self.assertEqual(block.values.shape, (6, 7, 5))
        self.assertEqual(block.origin, (1 * 2.0, -1 * 1.5, 4 * 1.0))
        self.assertEqual((block.spacing, block.binning), (VOXEL, 1))
        border = block.values.copy()
        border[1:-1, 1:-1, 1:-1] = -9
        self.assertLess(border.max(), 0.5)

    def test_binned_where_the_blob_is(self) -> None:
        values = np.zeros((30, 41, 52), np.float32)
        values[10:20, 21:33, 5:45] = 1
        path = self.write(values)
        for largest, binning in ((100, 1), (21, 2), (10, 5)):
            block = read_block(path, 0.5, largest=largest, crossings=10**6)
            self.assertEqual(block.binning, binning)
            triangles, _ = engine_matplotlib.surface_triangles(block, 0.5)
            middle = (triangles.max(axis=(0, 1)) + triangles.min(axis=(0, 1))) / 2
            tolerance = 0.75 * binning * max(VOXEL)
            np.testing.assert_allclose(middle, (24.5, 26.5 * 1.5, 14.5 * 2), atol=tolerance)

    def test_a_speck_outlives_the_binning(self) -> None:
        values = np.zeros((30, 30, 30), np.float32)
        values[2, 2, 2] = values[27, 27, 27] = 1
        block = read_block(self.write(values), 0.9, largest=10, crossings=10**6)
        self.assertGreater(block.values.max(), 0.9)


class TestEngines(MapInFolder):
    def test_both_show_the_same_and_no_mirror_image(self) -> None:
        path = self.write(three_arms())
        with (
            mock.patch.object(engine_chimerax, "find_chimerax", return_value=None),
            ThreadPoolExecutor(2) as pool,
        ):
            drawn = pool.submit(draw_isosurface, path, 0.5, self.folder / "drawn.png")
            rendered = pool.submit(engine_pyvista.render, path, 0.5, self.folder, 120)
            other = engine_matplotlib.render(path, 0.5, self.folder, 120)
            one, picture = rendered.result(), drawn.result()
        scales = np.array([one.angstrom_per_pixel, other.angstrom_per_pixel])
        self.assertAlmostEqual(scales[0], scales[1], places=2)
        self.assertRegex(one.version, r"VTK \d")
        for number, (a, b) in enumerate(
            zip(map(silhouette, one.images), map(silhouette, other.images), strict=True)
        ):
            with self.subTest(view=number + 1):
                self.assertEqual(a.shape, (PIXELS, PIXELS))
                self.assertGreater(overlap(a, b), 0.95)
                self.assertLess(overlap(a, b[:, ::-1]), 0.75)
                self.assertLess(overlap(a, b[::-1]), 0.75)
        self.assertEqual((picture.engine_name, picture.note), ("pyvista", ""))
        self.assertSameBytes(picture.file, compose(one, self.folder / "again.png"))

    def test_arms_lie_where_the_views_say(self) -> None:
        images = engine_matplotlib.render(self.write(three_arms()), 0.5, self.folder, 120).images
        views = [silhouette(image) for image in images]
        # the arms meet in one corner of their bounding box, and the opposite one is empty
        expected = (
            {"full": ("bottom", "left"), "empty": ("top", "right")},
            {"full": ("top", "left"), "empty": ("bottom", "right")},
            {"full": ("bottom", "left"), "empty": ("top", "right")},
        )
        for view, quadrants in zip(views, expected, strict=True):
            rows, columns = np.nonzero(view)
            seen = view[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
            self.assertTrue(corner(seen, *quadrants["full"]))
            self.assertFalse(corner(seen, *quadrants["empty"]))
        # x toward the viewer, y (36 Å) right, z (24 Å) up; z right, x (46 Å) down; x right, y up
        for view, (across, upright) in zip(views, ((36, 24), (24, 46), (46, 36)), strict=True):
            rows, columns = np.nonzero(view)
            ratio = np.ptp(columns) / np.ptp(rows)
            self.assertAlmostEqual(ratio, across / upright, delta=0.08)

    def test_normals_point_outwards(self) -> None:
        z, y, x = np.indices((20, 20, 20), dtype=np.float32) - 9.3
        ball = self.write(8 - np.sqrt(x**2 + y**2 + z**2))
        block = read_block(ball, 0.0, largest=64, crossings=10**6)
        triangles, normals = engine_matplotlib.surface_triangles(block, 0.0)
        outwards = triangles.mean(axis=1) - 9.3 * np.array(VOXEL[::-1])
        self.assertGreater((outwards * normals).sum(axis=1).min(), 0)

    def test_a_program_that_hangs_is_ended_with_its_children(self) -> None:
        with self.assertRaisesRegex(EngineError, r"not ready after 0\.2 s"):
            draw_by_program(["/bin/sh", "-c", "sleep 60 & wait"], timeout_s=0.2)

    def test_a_program_that_crashes_is_named(self) -> None:
        with self.assertRaisesRegex(EngineError, "SIGSEGV"):
            draw_by_program(["/bin/sh", "-c", "kill -SEGV $$"], timeout_s=5)
        with self.assertRaisesRegex(EngineError, "code 3: no display"):
            draw_by_program(["/bin/sh", "-c", "echo no display; exit 3"], timeout_s=5)


def silhouette(image: Picture) -> Picture:
    seen: Picture = image.min(axis=2) < 250
    return seen


def overlap(a: Picture, b: Picture) -> float:
    return float((a & b).sum() / (a | b).sum())


def corner(seen: Picture, side: str, hand: str) -> bool:
    row = {"top": 0.04, "bottom": 0.96}[side] * seen.shape[0]
    column = {"left": 0.04, "right": 0.96}[hand] * seen.shape[1]
    return bool(seen[int(row), int(column)])


STAND_IN = """\
import pathlib, sys
from PIL import Image

assert sys.argv[1:4] == ["--offscreen", "--nogui", "--exit"], sys.argv
lines = pathlib.Path(sys.argv[4]).read_text().splitlines()
assert pathlib.Path(lines[1].split()[1]).is_file()
print("UCSF ChimeraX version: 0.stand-in (2020-01-01)")
for line in lines:
    words = line.split()
    if words[0] == "save":
        size = int(words[words.index("width") + 1]), int(words[words.index("height") + 1])
        Image.new("RGB", size, "grey").save(words[1])
"""
"""Not ChimeraX: it checks how it is called and saves grey squares under the names asked for."""


class TestDrawIsosurface(MapInFolder):
    def setUp(self) -> None:
        super().setUp()
        self.plugin_says(None)
        self.map = self.write(three_arms())
        self.out = self.folder / "surface.png"

    def pretend_chimerax(self, first_line: str, script: str) -> None:
        """Put a program, which is not ChimeraX, where the plugin ``chimera`` would have it."""
        (self.folder / "stand_in.py").write_text(script)
        program = self.folder / "bin" / "ChimeraX"
        program.parent.mkdir(exist_ok=True)
        stand_in = self.folder / "stand_in.py"
        program.write_text(f'{first_line}exec {sys.executable} "{stand_in}" "$@"\n')
        program.chmod(0o755)
        self.plugin_says(Told(self.folder, {"PATH": "/usr/bin:/bin"}, {}))

    def plugin_says(self, told: Told | None) -> None:
        patch = mock.patch.object(engine_chimerax, "ask", return_value=told)
        patch.start()
        self.addCleanup(patch.stop)

    def test_matplotlib_is_the_last_resort_and_says_so(self) -> None:
        with mock.patch.object(engine_pyvista, "_PROGRAM", ("/bin/sh", "-c", "kill -SEGV $$")):
            picture = draw_isosurface(self.map, 0.5, self.out)
        self.assertEqual((picture.file, picture.engine_name), (self.out, "matplotlib"))
        for words in ("pyvista", "SIGSEGV", "coarser", "apt install libegl1"):
            self.assertIn(words, picture.note)
        again = draw_isosurface(self.map, 0.5, self.folder / "again.png", engine="matplotlib")
        self.assertEqual(again.note, "")
        self.assertSameBytes(again.file, picture.file)

    def test_pyvista_without_a_picture_gives_way(self) -> None:
        with mock.patch.object(engine_pyvista, "_PROGRAM", ("/bin/true",)):
            picture = draw_isosurface(self.map, 0.5, self.out)
        self.assertEqual(picture.engine_name, "matplotlib")
        self.assertIn("ended without a picture", picture.note)

    def test_chosen_engine_that_fails_is_an_error(self) -> None:
        with (
            mock.patch.object(engine_pyvista, "_PROGRAM", ("/nonexistent/program",)),
            self.assertRaisesRegex(EngineError, "could not be started"),
        ):
            draw_isosurface(self.map, 0.5, self.out, engine="pyvista")
        self.assertFalse(self.out.exists())

    def test_chimerax_stand_in(self) -> None:
        """With and without ``#!``: the plugin installs ChimeraX's flatpak as the latter."""
        for first_line in ("#!/bin/sh\n", ""):
            with self.subTest(first_line):
                self.pretend_chimerax(first_line, STAND_IN)
                picture = draw_isosurface(self.map, 0.5, self.out)
                self.assertEqual(picture.engine_name, "chimerax")
                self.assertEqual(picture.engine_version, "0.stand-in")
                self.assertEqual(picture.note, "")
        self.assertFalse(list(self.folder.glob(".isosurface_*")))

    def test_chimerax_that_fails_gives_way(self) -> None:
        self.pretend_chimerax("#!/bin/sh\n", "raise SystemExit('no licence')")
        renderings = {"pyvista": engine_matplotlib.render}
        with mock.patch.dict("vrs_scipion.figures.isosurface.draw.ENGINES", renderings):
            picture = draw_isosurface(self.map, 0.5, self.out)
        self.assertIn(
            "could not be drawn by chimerax: it ended with code 1: no licence", picture.note
        )

    def test_chimerax_that_is_not_really_there(self) -> None:
        for told in (Told(self.folder / "missing", {}, {}), Told(None, {}, {}), None):
            self.plugin_says(told)
            self.assertIsNone(engine_chimerax.find_chimerax())
            with self.assertRaisesRegex(EngineError, "installp"):
                draw_isosurface(self.map, 0.5, self.out, engine="chimerax")

    def test_chimerax_commands(self) -> None:
        lines = engine_chimerax.script(0.25).splitlines()
        self.assertIn("volume #1 style surface step 1 level 0.25 color #86A9CC", lines)
        turns = [line for line in lines if line.startswith(("view orient", "turn"))]
        first = ["view orient", "turn x 0", "turn y -90", "turn z -90"]
        self.assertEqual(turns[:4], first)

    def test_refusals(self) -> None:
        with self.assertRaisesRegex(ValueError, "no surface at the contour level 3"):
            draw_isosurface(self.map, 3, self.out)
        with self.assertRaisesRegex(ValueError, "no engine 'povray'"):
            draw_isosurface(self.map, 0.5, self.out, engine="povray")
        with self.assertRaisesRegex(ValueError, r"not a \.png"):
            draw_isosurface(self.map, 0.5, self.folder / "a.svg")


if __name__ == "__main__":
    unittest.main()
