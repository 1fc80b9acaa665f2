"""Tables of particles in every format, their images, their orientations, their projections."""

from __future__ import annotations

import itertools
import json
import unittest
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.lib import recfunctions
from scipy.ndimage import uniform_filter1d
from scipy.spatial.transform import Rotation

import vrs_scipion
from vrs_scipion.methods.ctf import Optics, wavelength
from vrs_scipion.methods.projection import (
    MapSpectrum,
    frequency_grid,
    images_of,
    projector_centre,
    shift_phases,
    transforms_of,
)
from vrs_scipion.particles.geometry import (
    angles,
    angular_distance,
    matrices,
    symmetry_rotations,
    views,
)
from vrs_scipion.particles.reading import read_particles
from vrs_scipion.particles.stacks import open_stack, read_images
from vrs_scipion.particles.star import read_star
from vrs_scipion.particles.table import ImageFile, Origin, ParticleError, ParticleTable
from vrs_scipion.particles.writing import write_cs, write_star
from vrs_scipion.tests.mrc_files import mrc_bytes, spider_bytes

SHARED = Path(vrs_scipion.__file__).resolve().parents[2] / "shared" / "data" / "particles"
GROUPS = {"C1": 1, "C7": 7, "D1": 2, "D7": 14, "T": 12, "O": 24} | {
    f"I{n}": 60 for n in range(1, 5)
}
PARTICLES = """# version 30001
data_optics

loop_
_rlnOpticsGroup #1
_rlnOpticsGroupName #2
_rlnVoltage #3
_rlnSphericalAberration #4
_rlnAmplitudeContrast #5
_rlnImagePixelSize #6
_rlnBeamTiltX #7
2 "the second" 200.0 2.7 0.07 1.5 0.3
7 first 300.0 2.7 0.10 1.0 0.0

data_particles

loop_
_rlnImageName #1
_rlnAngleRot #2
_rlnAngleTilt #3
_rlnAnglePsi #4
_rlnOriginXAngst #5
_rlnOriginYAngst #6
_rlnOriginX #7
_rlnOriginY #8
_rlnOpticsGroup #9
_rlnMicrographName #10
000003@Extract/job007/a.mrcs 10 20 30 1.5 -2 9 9 7 "Movies/with space.mrc"
000001@Extract/job007/b.mrcs 40 50 60 0 0 9 9 2 Movies/b.mrc
"""


def some_table(count: int, seed: int = 0) -> ParticleTable:
    """Particles of two groups and two stacks, every column filled."""
    rng = np.random.default_rng(seed)
    group = np.arange(count) % 2
    return ParticleTable(
        source=Path("made.star"),
        count=count,
        origin=Origin("made"),
        files=(ImageFile("stacks/a.mrcs"), ImageFile("stacks/b c.mrcs")),
        micrographs=("one.mrc", "two.mrc"),
        groups=("first", "second one"),
        file=np.arange(count) % 2,
        index=rng.integers(0, 500, count),
        group=group,
        pixel_size=np.where(group, 1.25, 0.82),
        box=np.where(group, 128, 196),
        voltage=np.where(group, 200.0, 300.0),
        spherical_aberration=np.where(group, 0.01, 2.7),
        amplitude_contrast=np.where(group, 0.07, 0.1),
        defocus_u=rng.uniform(5e3, 3e4, count),
        defocus_v=rng.uniform(5e3, 3e4, count),
        defocus_angle=rng.uniform(-90, 90, count),
        phase_shift=rng.uniform(0, 120, count),
        rotation=Rotation.random(count, random_state=seed).as_matrix().reshape(count, 3, 3),
        shift=rng.normal(0, 8, (count, 2)),
        half=rng.integers(1, 3, count),
        class_number=rng.integers(1, 5, count),
        micrograph=np.arange(count) % 2,
    )


def assert_alike(first: ParticleTable, second: ParticleTable, names: list[str]) -> None:
    for name in names:
        found, wanted = first.columns[name], second.columns[name]
        np.testing.assert_allclose(found, wanted, rtol=2e-6, atol=2e-6, err_msg=name)


def correlation(first: np.ndarray, second: np.ndarray) -> float:
    return float(np.corrcoef(first.ravel(), second.ravel())[0, 1])


def rings(values: np.ndarray, shell: np.ndarray, within: np.ndarray) -> np.ndarray:
    """Means over shells, without what changes slowly from one to the next."""
    counts = np.bincount(shell[within])
    means = np.bincount(shell[within], values[within]) / np.maximum(counts, 1)
    means = means[shell[within].min() :]
    return means - uniform_filter1d(means, 15)


class WithFolder(unittest.TestCase):
    """Tests that write files."""

    def setUp(self) -> None:
        folder = TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def written(self, content: str | bytes, name: str = "particles.star") -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def refusal(self, content: str | bytes, name: str = "particles.star") -> str:
        """Why a file is refused: one sentence that begins with its name."""
        with self.assertRaises(ParticleError) as caught:
            read_particles(self.written(content, name))
        said = str(caught.exception)
        self.assertTrue(said.startswith(f"{Path(name).name}: "), said)
        self.assertNotIn("\n", said)
        return said

    def stack(self, name: str, count: int = 3, box: int = 4, **kwargs: Any) -> np.ndarray:
        """A stack whose image i holds i and a ramp."""
        values = np.arange(count)[:, None, None] + np.arange(box * box).reshape(1, box, box) / 64
        self.written(mrc_bytes(values, **kwargs), name)
        return values.astype(np.float32)


class TestAngles(unittest.TestCase):
    def test_they_are_three_passive_rotations(self) -> None:
        def about_z(a: float) -> np.ndarray:
            return np.array([[np.cos(a), np.sin(a), 0], [-np.sin(a), np.cos(a), 0], [0, 0, 1]])

        def about_y(b: float) -> np.ndarray:
            return np.array([[np.cos(b), 0, -np.sin(b)], [0, 1, 0], [np.sin(b), 0, np.cos(b)]])

        rot, tilt, psi = np.radians([11.0, 57.0, 133.0])
        wanted = about_z(psi) @ about_y(tilt) @ about_z(rot)
        np.testing.assert_allclose(matrices([[11.0, 57.0, 133.0]])[0], wanted, atol=1e-15)

    @given(
        st.floats(-360, 360), st.floats(-180, 360) | st.sampled_from([0.0, 180.0]),
        st.floats(-360, 360),
    )  # fmt: skip
    def test_angles_of_matrices_make_the_same_matrices(
        self, rot: float, tilt: float, psi: float
    ) -> None:
        rotation = matrices([[rot, tilt, psi]])
        again = angles(rotation)
        self.assertTrue(0 <= again[0, 1] <= 180)
        np.testing.assert_allclose(matrices(again), rotation, atol=3e-9)

    def test_the_third_row_is_the_view(self) -> None:
        np.testing.assert_allclose(views(matrices([[0, 90, 0]])), [[1, 0, 0]], atol=1e-15)
        np.testing.assert_allclose(views(matrices([[90, 90, 77]])), [[0, 1, 0]], atol=1e-15)


class TestSymmetry(unittest.TestCase):
    def test_they_are_groups(self) -> None:
        for name, order in GROUPS.items():
            with self.subTest(name):
                group = symmetry_rotations(name)
                self.assertEqual(len(group), order)
                np.testing.assert_allclose(group[0], np.eye(3), atol=1e-12)
                np.testing.assert_allclose(np.linalg.det(group), 1, atol=1e-9)
                products = np.einsum("aij,bjk->abik", group, group).reshape(-1, 1, 9)
                nearest = np.abs(products - group.reshape(1, -1, 9)).max(axis=2)
                self.assertLess(nearest.min(axis=1).max(), 1e-9)
                self.assertTrue((np.sort(nearest, axis=1)[:, 1:2] > 0.1).all())

    def test_axes_are_where_relion_has_them(self) -> None:
        golden = (1 + 5**0.5) / 2
        axes: dict[str, list[tuple[int, tuple[float, ...]]]] = {
            "C7": [(7, (0, 0, 1))],
            "D7": [(7, (0, 0, 1)), (2, (1, 0, 0))],
            "T": [(3, (0, 0, 1)), (2, (0, 2**0.5, 1))],
            "O": [(4, (0, 0, 1)), (4, (1, 0, 0)), (4, (0, 1, 0)), (3, (1, 1, 1))],
            "I1": [(2, (1, 0, 0)), (2, (0, 1, 0)), (2, (0, 0, 1)), (5, (0, 1, golden)),
                   (5, (golden, 0, 1)), (3, (golden**3, golden, 0))],
            "I2": [(2, (0, 0, 1)), (5, (1, 0, golden)), (5, (golden, 1, 0))],
            "I3": [(5, (0, 0, 1)), (2, (-1, 0, golden))],
            "I4": [(5, (0, 0, 1)), (2, (1, 0, golden)), (5, (2, 0, 1))],
        }  # fmt: skip
        for name, wanted in axes.items():
            group = symmetry_rotations(name)
            for fold, axis in wanted:
                unit = np.array(axis) / np.linalg.norm(axis)
                turn = Rotation.from_rotvec(2 * np.pi / fold * unit).as_matrix()
                with self.subTest(name, axis=axis):
                    self.assertLess(np.abs(group - turn).max(axis=(1, 2)).min(), 1e-6)

    def test_other_names_are_refused(self) -> None:
        for name in ("", "C0", "D", "I5", "X2", "C1x", "O3"):
            with self.subTest(name), self.assertRaisesRegex(ValueError, "point group"):
                symmetry_rotations(name)

    @given(st.integers(0, 10_000), st.floats(0.01, 15))
    @settings(max_examples=25)
    def test_distances_forget_the_symmetry(self, seed: int, degrees: float) -> None:
        group = symmetry_rotations("D7")
        first = Rotation.random(5, random_state=seed).as_matrix()
        apart = Rotation.from_rotvec(np.radians([[0, 0, degrees]])).as_matrix() @ first
        mates = apart @ group[np.arange(5) * 2]
        np.testing.assert_allclose(angular_distance(first, apart), degrees, atol=1e-4)
        if degrees < 360 / 14 / 2:
            np.testing.assert_allclose(angular_distance(first, mates, group), degrees, atol=1e-4)
        np.testing.assert_allclose(
            angular_distance(first, mates, group), angular_distance(mates, first, group), atol=1e-4
        )


class TestRelion(WithFolder):
    def test_optics_are_joined_by_their_number(self) -> None:
        table = read_particles(self.written(PARTICLES))
        np.testing.assert_array_equal(table.needed("pixel_size"), [1.0, 1.5])
        np.testing.assert_array_equal(table.needed("voltage"), [300.0, 200.0])
        self.assertEqual([table.groups[n] for n in table.needed("group")], ["first", "the second"])
        np.testing.assert_array_equal(table.needed("index"), [2, 0])
        np.testing.assert_array_equal(table.needed("shift"), [[1.5, -2.0], [0.0, 0.0]])
        np.testing.assert_allclose(angles(table.needed("rotation")), [[10, 20, 30], [40, 50, 60]])
        self.assertEqual(table.micrographs[0], "Movies/with space.mrc")
        self.assertIsNone(table.defocus_u)
        self.assertIsNone(table.half)
        self.assertEqual(table.origin.version, "3.1 or later")
        self.assertIn("beam tilt", table.origin.ignored)
        self.assertIn(("pixel size", "rlnImagePixelSize of data_optics"), table.origin.taken)
        self.assertIn("2 of the 2 files of images were not found", table.origin.notes[0])

    @given(st.integers(1, 40), st.integers(0, 1000))
    @settings(max_examples=15, deadline=None)
    def test_what_is_written_is_read(self, count: int, seed: int) -> None:
        table = some_table(count, seed)
        with TemporaryDirectory() as folder:
            again = read_particles(write_star(table, Path(folder) / "p.star"))
        names = [name for name in table.columns if name not in ("file", "group", "micrograph")]
        assert_alike(again, table, names)
        for one, other in ((again.groups, table.groups), (again.micrographs, table.micrographs)):
            self.assertEqual(set(one), set(other[: min(2, count)]))
        written = [again.files[n].written for n in again.needed("file")]
        self.assertEqual(written, [table.files[n].written for n in table.needed("file")])

    def test_version_3_0(self) -> None:
        text = """
data_images
loop_
_rlnImageName
_rlnDetectorPixelSize
_rlnMagnification
_rlnOriginX
_rlnOriginY
_rlnAnglePsi
1@a.mrcs 5.0 40000 2 -4 17.0
"""
        table = read_particles(self.written(text))
        np.testing.assert_allclose(table.needed("pixel_size"), [1.25])
        np.testing.assert_allclose(table.needed("shift"), [[2.5, -5.0]])
        self.assertIsNone(table.rotation)
        self.assertTrue(any("plane" in note for note in table.origin.notes))
        self.assertEqual(table.origin.version, "3.0 or earlier")

    def test_coordinates_alone(self) -> None:
        text = "data_\nloop_\n_rlnCoordinateX\n_rlnCoordinateY\n10.5 20\n30 40\n"
        table = read_particles(self.written(text))
        np.testing.assert_array_equal(table.needed("coordinates"), [[10.5, 20.0], [30.0, 40.0]])
        self.assertEqual(list(table.columns), ["coordinates"])

    def test_jobs_with_names_to_fill_in_are_read(self) -> None:
        text = "data_job\n\nloop_\n_rlnJobOptionVariable #1\n_rlnJobOptionValue #2\n"
        text += 'fn_mask ""\nfn_ref $$myref\nsampling "7.5 degrees"\n'
        star = read_star(self.written(text))
        rows = star.rows(star.blocks[0].loops[0])
        self.assertEqual([r["rlnJobOptionValue"] for r in rows], ["", "$$myref", "7.5 degrees"])

    def test_hostile_files_are_refused_in_one_sentence(self) -> None:
        cases: dict[str, Callable[[str], str]] = {
            "is no number": lambda t: t.replace("10 20 30", "10 oops 30"),
            "_rlnAngleTilt of row 2 is 'oops'": lambda t: t.replace("40 50 60", "40 oops 60"),
            "of particle 1 is nan": lambda t: t.replace("10 20 30", "10 nan 30"),
            "of particle 2 is inf": lambda t: t.replace("60 0 0", "60 inf 0"),
            "row 2 of its table has": lambda t: t.replace("60 0 0 9 9 2 Movies/b.mrc", "60 0"),
            "another number of values|has 11 values": lambda t: t.replace("40 50", "40 50 51"),
            "optics group 3, which data_optics": lambda t: t.replace("9 9 2 Mo", "9 9 3 Mo"),
            "counted from 1 on": lambda t: t.replace("000003@", "000000@"),
            "climbs out": lambda t: t.replace("@Extract/job007/a", "@../../../etc/a"),
            "names an image file ''": lambda t: t.replace("@Extract/job007/a.mrcs", "@"),
            "stands before any data block": lambda t: "# no\ndata_ x\n" + t,
            "is neither a label": lambda t: t.replace("data_optics\n", "data_optics\noops\n"),
            "twice": lambda t: t.replace("_rlnAnglePsi", "_rlnAngleRot"),
            "tomograms": lambda t: t.replace("_rlnMicrographName", "_rlnTomoName"),
            "pixel size in Å": lambda t: t.replace("0.10 1.0 0.0", "0.10 -1.0 0.0"),
            "voltage in kV": lambda t: t.replace("300.0", "300000.0"),
            "a quote is not closed": lambda t: t.replace('space.mrc"', "space.mrc"),
            "needs one of its own": lambda t: t.replace('2 "the', '7 "the'),
        }
        for words, change in cases.items():
            with self.subTest(words):
                changed = change(PARTICLES)
                self.assertNotEqual(changed, PARTICLES)
                self.assertRegex(self.refusal(changed), words)

    def test_every_beginning_of_a_file_is_read_or_refused(self) -> None:
        for length in range(0, len(PARTICLES), 23):
            path = self.written(PARTICLES[:length])
            try:
                table = read_particles(path)
            except ParticleError as error:
                self.assertNotIn("\n", str(error))
            else:
                self.assertIn(len(table), (1, 2))

    def test_other_files_of_relion_are_named(self) -> None:
        cases = {
            "record of a RELION project": "data_pipeline_general\n_rlnPipeLineJobCounter 3\n",
            "options of a RELION job": "data_job\n_rlnJobTypeLabel relion.refine3d\n",
            "run_it025_data.star: give that": "data_optimiser_general\n"
            "_rlnOrientSamplingStarFile s.star\n_rlnExperimentalDataStarFile run_it025_data.star\n",
            "a model that RELION": "data_model_classes\nloop_\n_rlnReferenceImage\na.mrc\n",
            "list of micrographs": "data_micrographs\nloop_\n_rlnMicrographName\na.mrc\n",
            "table of particles is empty": "data_particles\nloop_\n_rlnImageName\n",
            "without particles": "data_nothing\n_rlnOther 1\n",
        }
        for words, text in cases.items():
            with self.subTest(words):
                self.assertIn(words, self.refusal(text))


class TestWhatItIs(WithFolder):
    def test_content_decides(self) -> None:
        table = read_particles(self.written(PARTICLES, "particles.cs"))
        self.assertEqual(table.origin.format, "RELION STAR")
        cases: dict[str, str | bytes] = {
            "page of the web": "<!DOCTYPE html><html><body>404</body></html>",
            "is empty": b"",
            "gzip": b"\x1f\x8b\x08aaaa",
            "pickle": b"\x80\x04\x95aaaa",
            "images or a map": mrc_bytes(np.zeros((2, 8, 8))),
            "stream format": b"\x95CSDATaaa",
            "database": b"SQLite format 3\0aaa",
            "group file": "created: now\nresults:\n  particles:\n    - a.cs\n",
            "no table of particles": bytes(range(1, 256)),
            "JSON": '{"boxes": [[1, 2], [3',
        }
        for words, content in cases.items():
            with self.subTest(words):
                self.assertIn(words, self.refusal(content, "particles.star"))
        with self.assertRaisesRegex(ParticleError, "no such file"):
            read_particles(self.folder / "missing.star")
        with self.assertRaisesRegex(ParticleError, "not a file"):
            read_particles(self.folder)

    def test_passthroughs_complete_only_cs_files(self) -> None:
        path = self.written(PARTICLES)
        with self.assertRaisesRegex(ParticleError, "only a .cs file"):
            read_particles(path, [path])


class TestLocating(WithFolder):
    def found(self, name: str, table: str, root: Path | None = None) -> Path | None:
        text = f"data_\nloop_\n_rlnImageName\n1@{name}\n"
        return read_particles(self.written(text, table), root=root).files[0].path

    def test_beside_above_and_by_the_end_of_the_path(self) -> None:
        stack = self.folder / "Extract/job007/a.mrcs"
        self.stack("Extract/job007/a.mrcs")
        cases = {
            "project's folder": ("Extract/job007/a.mrcs", "Refine3D/job012/run_data.star"),
            "beside": ("a.mrcs", "Extract/job007/particles.star"),
            "beside, the project elsewhere": ("Old/Extract/a.mrcs", "Extract/job007/p.star"),
            "moved": ("/gone/Extract/job007/a.mrcs", "Refine3D/job012/run_data.star"),
            "absolute": (str(stack), "Refine3D/job012/run_data.star"),
            "cryoSPARC's": (">Extract/job007/a.mrcs", "J9/particles.star"),
            "the other suffix": ("Extract/job007/a.mrc", "Refine3D/job012/run_data.star"),
        }
        for words, (name, table) in cases.items():
            with self.subTest(words):
                self.assertEqual(self.found(name, table), stack)
        self.assertEqual(self.found("job007/a.mrcs", "x/p.star", self.folder / "Extract"), stack)
        self.assertIsNone(self.found("b.mrcs", "p.star"))
        with self.assertRaisesRegex(ParticleError, "no folder"):
            self.found("a.mrcs", "p.star", self.folder / "none")

    def test_nothing_outside_is_followed(self) -> None:
        self.stack("outside/a.mrcs")
        table, root = "inside/deep/p.star", self.folder / "inside"
        self.assertIsNone(self.found(str(self.folder / "outside/a.mrcs"), table, root))
        named = self.found(str(self.folder / "outside/a.mrcs"), table, self.folder)
        self.assertEqual(named, self.folder / "outside/a.mrcs")
        for name in ("../outside/a.mrcs", "x/../../outside/a.mrcs"):
            with self.assertRaisesRegex(ParticleError, "climbs out"):
                self.found(name, table, root)

    def test_two_stacks_are_not_taken_for_one(self) -> None:
        self.stack("a.mrcs")
        text = "data_\nloop_\n_rlnImageName\n1@x/a.mrcs\n1@y/a.mrcs\n"
        self.assertIn("for both only 'a.mrcs' is found", self.refusal(text))


class TestCryosparc(WithFolder):
    def array(self, count: int = 6) -> np.ndarray:
        path = write_cs(some_table(count), self.folder / "made.cs")
        return np.load(path)

    def save(self, array: np.ndarray, name: str = "particles.cs") -> Path:
        path = self.folder / name
        with path.open("wb") as file:
            np.save(file, array, allow_pickle=array.dtype.hasobject)
        return path

    @given(st.integers(1, 40), st.integers(0, 1000))
    @settings(max_examples=15, deadline=None)
    def test_what_is_written_is_read(self, count: int, seed: int) -> None:
        table = some_table(count, seed)
        with TemporaryDirectory() as folder:
            again = read_particles(write_cs(table, Path(folder) / "p.cs"))
        names = [name for name in table.columns if name not in ("file", "micrograph", "shift")]
        assert_alike(again, table, names)
        np.testing.assert_allclose(again.needed("shift"), table.needed("shift"), atol=1e-5)
        written = [again.files[n].written for n in again.needed("file")]
        self.assertEqual(written, [table.files[n].written for n in table.needed("file")])

    def test_passthroughs_are_joined_by_uid(self) -> None:
        whole = self.array()
        poses = [name for name in whole.dtype.names or () if name.startswith("alignments3D")]
        first = self.save(recfunctions.drop_fields(whole, poses))
        more = recfunctions.repack_fields(whole[["uid", *poses]])
        shuffled = np.random.default_rng(1).permutation(more)
        other = self.save(shuffled, "passthrough.cs")
        joined, wanted = read_particles(first, [other]), read_particles(self.save(whole, "w.cs"))
        np.testing.assert_array_equal(joined.needed("rotation"), wanted.needed("rotation"))
        np.testing.assert_array_equal(joined.needed("shift"), wanted.needed("shift"))
        self.assertIsNone(read_particles(first).rotation)
        lacking = self.save(shuffled[:-2], "lacking.cs")
        with self.assertRaisesRegex(ParticleError, "lacks 2 of the 6"):
            read_particles(first, [lacking])
        twice = self.save(np.concatenate([shuffled, shuffled[:1]]), "twice.cs")
        with self.assertRaisesRegex(ParticleError, "uid twice"):
            read_particles(first, [twice])

    def test_shifts_are_in_pixels_of_the_alignment(self) -> None:
        array = self.array()
        array["alignments3D/psize_A"] = 2 * array["blob/psize_A"]
        table = read_particles(self.save(array))
        wanted = array["alignments3D/shift"] * 2 * array["blob/psize_A"][:, None]
        np.testing.assert_allclose(table.needed("shift"), wanted, rtol=1e-6)

    def test_hostile_arrays_are_refused(self) -> None:
        array = self.array()
        objects = np.zeros(3, [("uid", "u8"), ("blob/path", "O")])
        self.assertIn("Python objects", self.refusal(self.save(objects).read_bytes(), "a.cs"))
        whole = self.save(array).read_bytes()
        for cut in (9, 60, len(whole) // 2, len(whole) - 1):
            self.assertIn("damaged", self.refusal(whole[:cut], "a.cs"))
        huge = whole.replace(b"(6,)", b"(9999999999999,)")
        self.assertIn("damaged", self.refusal(huge, "a.cs"))
        self.assertIn("named columns", self.refusal(self.save(np.zeros(3)).read_bytes(), "a.cs"))
        no_uid = recfunctions.drop_fields(array, ["uid"])
        self.assertIn("no column uid", self.refusal(self.save(no_uid).read_bytes(), "a.cs"))
        self.assertIn("no particles", self.refusal(self.save(array[:0]).read_bytes(), "a.cs"))
        strange = np.zeros(3, [("uid", "u8"), ("alignments3D/pose", "f4", (2,))])
        self.assertIn("another kind", self.refusal(self.save(strange).read_bytes(), "a.cs"))
        self.assertIn("damaged", self.refusal(whole.replace(b"'descr'", b"'des\0r'"), "a.cs"))
        array["alignments3D/pose"][4, 1] = np.nan
        said = self.refusal(self.save(array).read_bytes(), "a.cs")
        self.assertIn("alignments3D/pose of particle 5 is nan", said)


class TestXmippAndEman(WithFolder):
    XMD = """# XMIPP_STAR_1 *
#
data_noname
loop_
 _image
 _enabled
 _samplingRate
 _angleRot
 _angleTilt
 _anglePsi
 _shiftX
 _shiftY
 _flip
 _ctfDefocusU
 _ctfDefocusV
 _ctfDefocusAngle
 _ctfVoltage
 000002@images.stk 1 1.5 10 20 30 2 -4 0 15000 14000 33 300
 000001@images.stk -1 1.5 10 20 30 0 0 1 15000 14000 33 300
"""

    def test_xmipp(self) -> None:
        table = read_particles(self.written(self.XMD, "images.xmd"))
        self.assertEqual(table.origin.format, "Xmipp metadata")
        np.testing.assert_array_equal(table.needed("index"), [1, 0])
        np.testing.assert_allclose(table.needed("shift"), [[3, -6], [0, 0]])
        np.testing.assert_allclose(angles(table.needed("rotation")[:1]), [[10, 20, 30]])
        self.assertTrue(any("flipped" in note for note in table.origin.notes))
        self.assertTrue(any("switched off" in note for note in table.origin.notes))

    def test_a_flipped_particle_is_a_mirror_image(self) -> None:
        volume = np.random.default_rng(0).normal(size=(9, 9, 9)).astype(np.float32)
        table = read_particles(self.written(self.XMD, "images.xmd"))
        plain, flipped = images_of(
            MapSpectrum.of(volume, order=3).slices(table.needed("rotation")), 9
        )
        np.testing.assert_allclose(flipped, plain[:, ::-1], atol=1e-4)

    def test_shifts_in_pixels_of_no_known_size_are_left_out(self) -> None:
        text = self.XMD.replace("_samplingRate", "_other")
        table = read_particles(self.written(text, "images.xmd"))
        self.assertIsNone(table.shift)
        self.assertIsNone(table.pixel_size)
        self.assertTrue(any("no pixel size" in note for note in table.origin.notes))

    def test_lst(self) -> None:
        wanted = matrices([[30.0, 40.0, 50.0]])[0]
        matrix = np.column_stack([wanted, [1.0, -2.0, 0.0]]).ravel().tolist()
        poses = [
            {"xform.projection": {"__class__": "Transform", "matrix": json.dumps(matrix)}},
            {"xform.projection": {"az": 120, "alt": 40, "phi": -40, "tx": 0, "ty": 0}},
        ]
        lines = [f"{4 - n}\tparticles/a.hdf\t{json.dumps(pose)}" for n, pose in enumerate(poses)]
        table = read_particles(
            self.written("#LSX\n# a comment\n# 99\n" + "\n".join(lines), "a.lst")
        )
        np.testing.assert_array_equal(table.needed("index"), [4, 3])
        np.testing.assert_allclose(table.needed("rotation"), [wanted, wanted], atol=1e-12)
        self.assertIsNone(table.shift)
        self.assertIn("instead of the number", self.refusal("#LSX\nx y\n", "b.lst"))
        self.assertIn("no particles", self.refusal("#LST\n", "b.lst"))
        self.assertIn("not always a transform", self.refusal(
            '#LST\n0\ta.hdf\t{"xform.projection": {"az": 1}}\n', "b.lst"
        ))  # fmt: skip

    def test_hdf(self) -> None:
        try:
            import h5py
        except ImportError:
            self.skipTest("h5py is not here")
        path = self.folder / "a.hdf"
        pose = np.column_stack([np.eye(3), [2.0, -1.0, 0.0]]).ravel()
        with h5py.File(path, "w") as file:
            for number in range(11):
                group = file.create_group(f"MDF/images/{number}")
                group["image"] = np.full((6, 6), number, np.float32)
                group.attrs["EMAN.apix_x"] = 1.5
                group.attrs["EMAN.xform.projection"] = pose
                group.attrs["EMAN.ptcl_source_coord"] = [100 + number, 50]
        table = read_particles(path)
        self.assertEqual(len(table), 11)
        np.testing.assert_allclose(table.needed("shift"), np.tile([-3.0, 1.5], (11, 1)))
        np.testing.assert_array_equal(table.needed("coordinates")[:, 0], 100 + np.arange(11))
        np.testing.assert_array_equal(read_images(table, [10, 2])[:, 0, 0], [10, 2])
        self.assertEqual(open_stack(path).pixel_size, 1.5)
        self.assertIn("damaged", self.refusal(path.read_bytes()[:700], "cut.hdf"))

    def test_coordinates(self) -> None:
        table = read_particles(self.written("10 20 100 60\n30\t40\t100\t60\t-3\n", "a.box"))
        np.testing.assert_array_equal(table.needed("coordinates"), [[60, 50], [80, 70]])
        boxes = json.dumps({"boxes": [[1, 2, "manual"], [3.5, 4, "manual"]]})
        table = read_particles(self.written(boxes, "a_info.json"))
        np.testing.assert_array_equal(table.needed("coordinates"), [[1.0, 2.0], [3.5, 4.0]])
        self.assertIsNone(table.file)
        with self.assertRaisesRegex(ParticleError, "gives no image file"):
            read_images(table)
        self.assertIn("without boxes", self.refusal("{}", "a_info.json"))
        self.assertIn("boxes are not all", self.refusal('{"boxes": [[1]]}', "a_info.json"))


class TestStacks(WithFolder):
    def table(self, images: list[str]) -> ParticleTable:
        text = "data_\nloop_\n_rlnImageName\n" + "\n".join(images) + "\n"
        return read_particles(self.written(text))

    def test_images_come_in_the_order_of_the_rows(self) -> None:
        first = self.stack("a.mrcs", 3)
        second = self.stack("b.mrc", 5, mode=12)
        table = self.table(["3@a.mrcs", "5@b.mrc", "1@a.mrcs", "2@b.mrc"])
        wanted = np.stack([first[2], second[4], first[0], second[1]])
        np.testing.assert_allclose(read_images(table), wanted, atol=2e-3)
        np.testing.assert_allclose(read_images(table, [3, 0]), wanted[[3, 0]], atol=2e-3)
        self.assertEqual(read_images(table).dtype, np.float32)
        np.testing.assert_allclose(read_images(table.only([1, 1])), wanted[[1, 1]], atol=2e-3)

    def test_dialects(self) -> None:
        dialects: dict[str, dict[str, Any]] = {
            "big-endian": {"order": ">"},
            "integers": {"mode": 1},
            "extended header": {"extended": b"x" * 320},
            "no map string": {"header": {"map": b"\0\0\0\0", "machst": (0, 0, 0, 0)}},
            "volume by its header": {"header": {"ispg": 1, "mz": 3}},
            "stack by its header": {"header": {"ispg": 0, "mz": 1}},
        }
        for name, options in dialects.items():
            with self.subTest(name):
                values = self.stack("a.mrcs", **options)
                found = read_images(self.table(["2@a.mrcs"]))[0]
                wanted = np.trunc(values[1]) if "mode" in options else values[1]
                np.testing.assert_allclose(found, wanted)

    def test_a_spider_stack(self) -> None:
        images = np.arange(3 * 64, dtype=np.float32).reshape(3, 1, 8, 8)
        one = spider_bytes(images[0])
        header = np.frombuffer(one[: -8 * 8 * 4], "<f4").copy()
        header[4], header[23], header[25] = 1, 1, 3
        head = header.tobytes()
        body = b"".join(head + image.tobytes() for image in images)
        self.written(head + body, "a.stk")
        table = self.table(["3@a.stk", "1@a.stk"])
        np.testing.assert_array_equal(read_images(table), images[[2, 0], 0])

    def test_a_pixel_of_0_or_1_is_none(self) -> None:
        for size, wanted in ((0.0, None), (1.0, None), (1.3, 1.3)):
            self.stack("a.mrcs", 3, 4, voxel_size=(size,) * 3, header={"mz": 3})
            said = open_stack(self.folder / "a.mrcs").pixel_size
            self.assertEqual(said, wanted)

    def test_what_is_wrong_is_said_in_one_sentence(self) -> None:
        self.stack("a.mrcs", 3)
        self.stack("b.mrcs", 3, 6)
        for words, images in {
            "image 4 was asked for and it holds 3": ["4@a.mrcs"],
            "'gone.mrcs' that it names was not found": ["1@gone.mrcs"],
            "6 × 6 pixels and others of 4 × 4": ["1@a.mrcs", "1@b.mrcs"],
        }.items():
            with self.subTest(words), self.assertRaisesRegex(ParticleError, words):
                read_images(self.table(images))
        whole = (self.folder / "a.mrcs").read_bytes()
        for words, content in {
            "promises 3 images and 2 are there": whole[:-1],
            "promises 3 images and 0 are there": whole[:1030],
            "no stack that can be read": whole[:500],
            "not square": mrc_bytes(np.zeros((2, 4, 6))),
        }.items():
            self.written(content, "c.mrcs")
            with self.subTest(words), self.assertRaisesRegex(ParticleError, words):
                read_images(self.table(["1@c.mrcs"]))


class TestProjection(unittest.TestCase):
    def blobs(self, n: int, seed: int = 0) -> np.ndarray:
        rng = np.random.default_rng(seed)
        z, y, x = np.mgrid[:n, :n, :n] - n // 2
        volume = np.zeros((n, n, n))
        for _ in range(20):
            centre, weight = rng.uniform(-n / 5, n / 5, 3), rng.normal()
            squares = (x - centre[0]) ** 2 + (y - centre[1]) ** 2 + (z - centre[2]) ** 2
            volume += weight * np.exp(-squares / 2)
        return volume.astype(np.float32)

    def test_slices_are_exact_to_a_few_per_mille(self) -> None:
        for n, order, most in ((20, 1, 0.03), (21, 1, 0.03), (20, 3, 5e-4), (21, 3, 5e-4)):
            with self.subTest(box=n, order=order):
                volume = self.blobs(n)
                turned = Rotation.random(3, random_state=n).as_matrix()
                frequencies = frequency_grid(n).reshape(-1, 2)
                frequencies = frequencies[np.hypot(*frequencies.T) <= n / 2]
                z, y, x = np.mgrid[:n, :n, :n] - n // 2
                places = np.stack([x, y, z]).reshape(3, -1)
                waves = np.einsum("nij,si->nsj", turned[:, :2, :], frequencies) / n
                exact = np.exp(-2j * np.pi * (waves @ places)) @ volume.ravel()
                found = MapSpectrum.of(volume, order=order).at(turned, frequencies)
                self.assertLess(np.linalg.norm(found - exact), most * np.linalg.norm(exact))

    def test_looking_along_z_sums_the_sections(self) -> None:
        for n in (20, 21):
            volume = self.blobs(n)
            image = images_of(MapSpectrum.of(volume, order=3).slices(np.eye(3)[None]), n)[0]
            summed = volume.sum(axis=0)
            np.testing.assert_allclose(image, summed, atol=0.03 * np.abs(summed).max())
            self.assertGreater(correlation(image, summed), 0.9995)

    def test_a_coarser_image_is_the_same_image(self) -> None:
        volume = self.blobs(24)
        spectrum = MapSpectrum.of(volume)
        turned = Rotation.random(2, random_state=3).as_matrix()
        fine, coarse = spectrum.slices(turned), spectrum.slices(turned, 12)
        np.testing.assert_allclose(coarse[:, :5, :5] * 4, fine[:, :5, :5], rtol=1e-4, atol=1e-4)
        reaching = MapSpectrum.of(volume, reach=6.0)
        self.assertLess(reaching.samples.nbytes, spectrum.samples.nbytes / 4)
        inner = np.array([[1.0, 2.0], [-4.0, 4.0], [8.0, 0.0]])
        found, wanted = reaching.at(turned, inner), spectrum.at(turned, inner)
        np.testing.assert_allclose(found[:, :2], wanted[:, :2], rtol=1e-5)
        np.testing.assert_array_equal(found[:, 2], 0)

    @given(st.integers(-6, 6), st.integers(-6, 6), st.sampled_from([16, 17]))
    @settings(max_examples=20)
    def test_moving_by_the_shift_centres(self, x: int, y: int, n: int) -> None:
        centred = np.random.default_rng(0).normal(size=(1, n, n)).astype(np.float32)
        grid = frequency_grid(n).reshape(-1, 2) / n
        phases = shift_phases(np.array([[x, y]]), grid).reshape(1, n, n // 2 + 1)
        image = images_of(transforms_of(centred) * phases, n)
        np.testing.assert_allclose(np.roll(image, (y, x), axis=(1, 2)), centred, atol=1e-4)

    def test_what_is_no_cube_is_refused(self) -> None:
        with self.assertRaisesRegex(ValueError, "no cube"):
            MapSpectrum.of(np.zeros((4, 4, 5), np.float32))
        with self.assertRaisesRegex(ValueError, "order 2"):
            MapSpectrum.of(np.zeros((4, 4, 4), np.float32), order=2)


class TestCtf(unittest.TestCase):
    def optics(self, **changes: float) -> Optics:
        values = {
            "voltage": 300.0, "spherical_aberration": 2.7, "amplitude_contrast": 0.1,
            "defocus_u": 15000.0, "defocus_v": 15000.0, "defocus_angle": 0.0, "phase_shift": 0.0,
        } | changes  # fmt: skip
        return Optics(**{name: np.array([value]) for name, value in values.items()})

    def test_wavelengths(self) -> None:
        found = wavelength(np.array([100.0, 200.0, 300.0]))
        np.testing.assert_allclose(found, [0.037014, 0.025079, 0.019687], rtol=5e-5)

    def test_it_is_the_formula(self) -> None:
        k = 0.13
        electrons = float(wavelength(300.0))
        chi = np.pi * electrons * 15000 * k**2 - np.pi / 2 * 2.7e7 * electrons**3 * k**4
        for phase in (0.0, 90.0):
            turned = chi + np.radians(phase)
            wanted = -(np.sqrt(1 - 0.01) * np.sin(turned) + 0.1 * np.cos(turned))
            found = self.optics(phase_shift=phase).ctf(np.array([[0.12, 0.05]]))
            np.testing.assert_allclose(found, [[wanted]], rtol=1e-9)

    def test_underfocus_makes_protein_dark(self) -> None:
        low = self.optics().ctf(np.array([[0.0, 0.0], [0.01, 0.0], [0.0, 0.02]]))
        np.testing.assert_allclose(low[0, 0], -0.1)
        self.assertTrue((low < 0).all())

    def test_it_is_taken_from_a_table(self) -> None:
        table = some_table(4)
        frequencies = np.array([[0.01, 0.02], [0.1, -0.05]])
        found = Optics.of(table).ctf(frequencies)
        self.assertEqual(found.shape, (4, 2))
        turned = Optics.of(replace(table, phase_shift=None)).ctf(frequencies)
        self.assertTrue((np.abs(found - turned) > 1e-3).any())
        with self.assertRaisesRegex(ParticleError, "gives no defocus u"):
            Optics.of(replace(table, defocus_u=None))

    def test_the_angle_is_that_of_the_first_defocus(self) -> None:
        split = self.optics(defocus_u=20000.0, defocus_v=10000.0, defocus_angle=90.0)
        along = np.array([[0.0, 0.05], [0.05, 0.0]])
        wanted = [self.optics(defocus_u=d, defocus_v=d).ctf(along[:1])[0, 0] for d in (2e4, 1e4)]
        np.testing.assert_allclose(split.ctf(along)[0], wanted)


@unittest.skipUnless(SHARED.is_dir(), "the shared particles are not here")
class TestSharedParticles(unittest.TestCase):
    READ = {
        "cryosparc_P12_J24_001_particles.cs": 2019, "empiar_10076_7.cs": 7,
        "empiar_10076_7.star": 7, "relion31.star": 5, "relion31_6opticsgroups.star": 139,
        "rln_proj_65.star": 5, "rln_proj_65_shifted.star": 4, "sample_particles_relion30.star": 17,
        "sample_particles_relion31.star": 17,
    }  # fmt: skip

    def test_every_file_is_read_or_refused(self) -> None:
        for path in sorted(SHARED.iterdir()):
            with self.subTest(path.name):
                if path.name in self.READ:
                    self.assertEqual(len(read_particles(path)), self.READ[path.name])
                else:
                    self.assertRaises(ParticleError, read_particles, path)

    def test_two_programs_tell_the_same_of_the_same_particles(self) -> None:
        first = read_particles(SHARED / "empiar_10076_7.cs")
        second = read_particles(SHARED / "empiar_10076_7.star")
        names = ["index", "pixel_size", "voltage", "defocus_u", "defocus_v", "defocus_angle"]
        assert_alike(first, second, names)
        np.testing.assert_array_equal(read_images(first), read_images(second))

    def volume(self) -> np.ndarray:
        return open_stack(SHARED / "clean70SRibosome_vol_65p.mrc").read(np.arange(65))

    def test_the_angles_and_shifts_are_relions(self) -> None:
        spectrum = MapSpectrum.of(self.volume())
        for name in ("rln_proj_65", "rln_proj_65_shifted"):
            table = read_particles(SHARED / f"{name}.star")
            images = read_images(table)
            phases = shift_phases(table.needed("shift"), frequency_grid(65).reshape(-1, 2) / 65)
            slices = spectrum.slices(table.needed("rotation"))
            moved = slices * phases.reshape(slices.shape)
            for centre, least, most in ((projector_centre(65), 0.9999, 1), (32, 0, 0.95)):
                found = images_of(moved, 65, centre)
                for one, other in zip(found, images, strict=True):
                    self.assertTrue(least < correlation(one, other) <= most)

    def test_no_other_axes_fit(self) -> None:
        spectrum = MapSpectrum.of(self.volume())
        table = read_particles(SHARED / "rln_proj_65.star")
        images = read_images(table)
        scores = []
        for order, signs, turned in itertools.product(
            itertools.permutations(range(3)), itertools.product((1, -1), repeat=3), (False, True)
        ):
            axes = np.eye(3)[list(order)] * signs
            rotation = (
                np.swapaxes(table.needed("rotation"), 1, 2) if turned else table.needed("rotation")
            )
            found = images_of(spectrum.slices(rotation @ axes), 65, projector_centre(65))
            scores.append(np.mean([correlation(*pair) for pair in zip(found, images, strict=True)]))
        best, second = sorted(scores)[-1:-3:-1]
        self.assertEqual(len(scores), 96)
        self.assertGreater(best, 0.9999)
        self.assertLess(second, 0.8)

    def test_spectra_of_real_particles_have_the_ctfs_rings(self) -> None:
        for name in ("empiar_10076_7.cs", "relion31.star"):
            table = read_particles(SHARED / name)
            box, pixel = int(table.needed("box")[0]), float(table.needed("pixel_size")[0])
            grid = frequency_grid(box)
            shell = np.rint(np.hypot(*np.moveaxis(grid, -1, 0))).astype(int).ravel()
            within = (shell > box * pixel / 25) & (shell < box * pixel / 7)
            power = (np.abs(transforms_of(read_images(table))) ** 2).mean(axis=0).ravel()
            power = np.log(power)
            scores = []
            for factor in (0.8, 0.9, 1.0, 1.1, 1.2):
                optics = Optics.of(table)
                off = replace(
                    optics,
                    defocus_u=factor * optics.defocus_u,
                    defocus_v=factor * optics.defocus_v,
                )
                squared = (off.ctf(grid.reshape(-1, 2) / (box * pixel)) ** 2).mean(axis=0)
                scores.append(correlation(*(rings(one, shell, within) for one in (power, squared))))
            with self.subTest(name):
                self.assertGreater(scores[2], 0.7)
                self.assertLess(max(scores[:2] + scores[3:]), scores[2] - 0.2)

    def test_cryosparcs_poses_leave_the_plane_uniform(self) -> None:
        """Nothing prefers an angle in the plane; the views of a molecule are preferred."""
        table = read_particles(SHARED / "cryosparc_P12_J24_001_particles.cs")
        rot, _, psi = np.radians(angles(table.needed("rotation"))).T
        powers = [len(table) * abs(np.exp(2j * turn).mean()) ** 2 for turn in (rot, psi)]
        self.assertGreater(powers[0], 100)
        self.assertLess(powers[1], 8)

    def test_cryosparcs_shifts_are_round_parts_of_the_box_in_pixels(self) -> None:
        table = read_particles(SHARED / "cryosparc_P12_J24_001_particles.cs")
        pixels = table.needed("shift") / table.needed("pixel_size")[:, None]
        steps = pixels * 6400 / table.needed("box")[:, None]
        np.testing.assert_allclose(steps, np.rint(steps), atol=1e-3)


if __name__ == "__main__":
    unittest.main()
