"""What is given is understood, or refused in words: files that users meet, made here."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import unittest
from contextlib import redirect_stderr, redirect_stdout
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from vrs_scipion.checks import (
    level0_a_mass,
    level0_b_mask,
    level0_c_background,
    level0_d_bfactor,
    level0_g_lococcupancy,
    level1_a_fsc,
)
from vrs_scipion.checks.check import Check
from vrs_scipion.checks.run import run_check
from vrs_scipion.cli import main as vrs
from vrs_scipion.entry.contour import suggest
from vrs_scipion.entry.entry import Entry
from vrs_scipion.entry.inputs import inspect, prepare
from vrs_scipion.entry.prepare_map import InspectedMap
from vrs_scipion.entry.request import Request, Value
from vrs_scipion.files import InputError
from vrs_scipion.maps.kind import VolumeKind, sections_are_unrelated
from vrs_scipion.maps.masks import cosine_mask
from vrs_scipion.maps.reading import read_density
from vrs_scipion.report.compile import compile_report
from vrs_scipion.report.document import build_document
from vrs_scipion.results import Outcome
from vrs_scipion.tests.mrc_files import mrc_bytes, spider_bytes, write
from vrs_scipion.tests.test_maps_reading import FolderTest

BOX = (40, 36, 32)
VOXEL = (1.5, 1.5, 1.5)
CONTOUR = 0.35

Values = NDArray[Any]


@cache
def molecule(noise: float = 0.01, seed: int = 3) -> Values:
    """A blurred random chain, its highest value 1, in noise."""
    rng = np.random.default_rng(7)
    steps = rng.normal(size=(60, 3))
    chain = np.cumsum(1.6 * steps / np.linalg.norm(steps, axis=1)[:, None], axis=0)
    places = np.rint(0.6 * (chain - chain.mean(0)) + np.array(BOX) / 2).astype(int)
    drawn = np.zeros(BOX)
    np.add.at(drawn, tuple(np.clip(places, 9, np.array(BOX) - 10).T), 1.0)
    drawn = ndimage.gaussian_filter(drawn, 1.5)
    noisy = drawn / drawn.max() + np.random.default_rng(seed).normal(scale=noise, size=BOX)
    return noisy.astype(np.float32)


@cache
def region() -> Values:
    """Where the molecule is: True or False."""
    found: Values = ndimage.binary_dilation(molecule() >= CONTOUR, iterations=2)
    return found


@cache
def images() -> Values:
    """Images of a particle each, in a noise that is as smooth as theirs is."""
    rng = np.random.default_rng(5)
    noise = ndimage.gaussian_filter(rng.normal(size=(40, 32, 32)), (0, 1, 1))
    steps = np.indices((32, 32)) - 16
    return (noise + 0.3 * np.exp(-(steps**2).sum(0) / 40)).astype(np.float32)


class UnderstandingTest(FolderTest):
    def inspected(self, path: Path, **given: Value | None) -> InspectedMap:
        request = Request.of(map=path, contour=CONTOUR, resolution=4.0).having(**given)
        found = inspect(request)["map"]
        assert isinstance(found, InspectedMap)
        return found

    def not_validated(self, path: Path, pattern: str, **given: Value | None) -> str:
        before = sorted(self.folder.iterdir())
        with self.assertRaisesRegex(InputError, pattern) as caught:
            self.inspected(path, **given)
        self.assertNotIn("\n", str(caught.exception))
        self.assertEqual(sorted(self.folder.iterdir()), before)
        return str(caught.exception)

    def entry(self, path: Path, **given: Value | None) -> Entry:
        request = Request.of(map=path, contour=CONTOUR, resolution=4.0).having(**given)
        return prepare(request, self.folder / "out")


class TestStacks(UnderstandingTest):
    def test_by_the_header(self) -> None:
        header = {"ispg": 0, "mz": 1, "cella": (48.0, 48.0, 1.5)}
        for name in ("particles.mrcs", "particles.mrc", "particles.mrc.gz"):
            path = self.file(mrc_bytes(images(), header=header), name)
            self.not_validated(path, r"stack of 40 two-dimensional images \(32 × 32 pixels\)")
        short = self.file(mrc_bytes(images()[:3], header=header), "three.mrc")
        self.not_validated(short, "stack of 3 two-dimensional images")

    def test_by_the_name(self) -> None:
        for name, words in (("a.mrcs", "stack of images"), ("a.st", "tilt"), ("a.ali", "tilt")):
            path = self.file(mrc_bytes(molecule(), voxel_size=VOXEL), name)
            self.not_validated(path, f"by its name it is an? {words}|{words}")

    def test_by_sections_that_have_nothing_in_common(self) -> None:
        shuffled = np.random.default_rng(2).permutation(molecule())
        classes = ndimage.gaussian_filter(np.random.default_rng(1).normal(size=BOX), (0, 2, 2))
        for values in (images(), shuffled, classes):
            path = self.file(mrc_bytes(values, voxel_size=VOXEL))
            self.not_validated(path, "nothing in common with their neighbours", contour=0.1)

    def test_filaments_are_no_stacks(self) -> None:
        """Their sections resemble distant ones as much as neighbours."""
        z, y, x = np.indices((80, 60, 60))
        strand = np.hypot(x - 30 - 8 * np.cos(0.2 * z), y - 30 - 8 * np.sin(0.2 * z))
        core = np.exp(-(np.hypot(x - 30, y - 30) ** 2) / 120)
        noise = np.random.default_rng(0).normal(scale=0.05, size=z.shape)
        self.assertFalse(sections_are_unrelated(np.exp(-(strand**2) / 40) + core + noise))
        self.assertFalse(sections_are_unrelated(core))

    def test_volumes_are_no_stacks(self) -> None:
        white = np.random.default_rng(4).normal(size=BOX).astype(np.float32)
        for values in (molecule(), molecule(0.3), white, molecule().transpose(2, 0, 1)):
            self.assertFalse(sections_are_unrelated(values))
        path = self.file(mrc_bytes(molecule(), voxel_size=VOXEL, header={"ispg": 0}))
        self.assertEqual(self.inspected(path).box, BOX)


class TestKinds(UnderstandingTest):
    def kind(self, values: Values, **given: Value | None) -> InspectedMap:
        path = self.file(mrc_bytes(values.astype(np.float32), voxel_size=VOXEL))
        return self.inspected(path, **given)

    def test_masks(self) -> None:
        hard = region()
        soft = cosine_mask(hard, VOXEL, 0, 6.0)
        for values, words in (
            (hard, "it holds only the values 0 and 1"),
            (255 * hard, "it holds only the values 0 and 255"),
            (soft, "to a flat top of 1"),
            (200 * soft, "to a flat top of 200"),
            (ndimage.gaussian_filter(hard.astype(float), 1), "to a flat top of 0.9998"),
        ):
            with self.subTest(words):
                found = self.kind(values, contour=0.5)
                self.assertIs(found.kind.kind, VolumeKind.MASK)
                self.assertIn(words, found.warnings[0])
                self.assertIn("This is a mask", found.warnings[0])

    def test_labels(self) -> None:
        seeds = np.argwhere(region())[:: int(region().sum() / 20)]
        nearest = [((np.indices(BOX) - s[:, None, None, None]) ** 2).sum(0) for s in seeds]
        domains = (np.argmin(nearest, axis=0) + 1) * region()
        halves = np.where(np.arange(BOX[0])[:, None, None] < 18, 3, 9) * region()
        for values in (domains, 7 * domains, halves):
            found = self.kind(values, contour=2)
            self.assertIs(found.kind.kind, VolumeKind.LABELS)
            self.assertIn("whole numbers", found.warnings[0])

    def test_local_values(self) -> None:
        rng = np.random.default_rng(8)
        smooth = ndimage.gaussian_filter(rng.normal(size=BOX), 3)
        within = 4 + smooth / smooth.std()
        for values in (within * region(), 10 * within * region(), within.round(1) * region()):
            found = self.kind(values, contour=5)
            self.assertIs(found.kind.kind, VolumeKind.LOCAL_RESOLUTION)
        around = np.where(region(), within, 100).astype(np.float32)
        path = self.file(mrc_bytes(around, voxel_size=VOXEL))
        self.not_validated(path, "all six faces.*this is a volume of local values", contour=5)

    def test_few_values(self) -> None:
        for levels in (2, 5, 14):
            found = self.kind(np.rint(np.clip(levels * molecule(), 0, None)) / 8, contour=0.1)
            self.assertIs(found.kind.kind, VolumeKind.FEW_VALUES)

    def test_calculated_densities(self) -> None:
        clean = molecule(0.0)
        for values in (clean, np.where(clean > 1e-6, clean, 0), clean + 1e-5 * molecule(1.0)):
            found = self.kind(values)
            self.assertIs(found.kind.kind, VolumeKind.CALCULATED, found.kind)

    def test_crystals(self) -> None:
        def record(*operators: str) -> bytes:
            return b"".join(one.ljust(80).encode() for one in operators)

        for header, extended in (
            ({"ispg": 4}, b""),
            ({"ispg": 19}, record("X,  Y,  Z", "1/2-X,  -Y,  1/2+Z")),
            ({}, record("x, y, z", "-x, y+1/2, -z")),
        ):
            path = self.file(
                mrc_bytes(molecule(), voxel_size=VOXEL, header=header, extended=extended)
            )
            self.assertIs(self.inspected(path).kind.kind, VolumeKind.CRYSTAL)
        path = self.file(mrc_bytes(molecule(), voxel_size=VOXEL, extended=record("X,  Y,  Z")))
        self.assertIs(self.inspected(path).kind.kind, VolumeKind.DENSITY)

    def test_densities_remain_densities(self) -> None:
        plain = molecule()
        masked = plain * cosine_mask(region(), VOXEL, 2.0, 6.0)
        for name, values in (
            ("plain", plain),
            ("masked", masked),
            ("hard masked", plain * region()),
            ("masked and filtered", ndimage.gaussian_filter(masked, 0.7)),
            ("cut off at a level", np.where(plain > 0.2, plain, 0)),
            ("not negative", np.clip(plain, 0, None)),
            ("8 bits", np.rint(200 * plain) / 200),
            ("5 bits, whole", np.rint(31 * plain)),
            ("offset", plain + 3),
            ("smooth", ndimage.gaussian_filter(molecule(0.1), 2)),
        ):
            with self.subTest(name):
                contour = {"5 bits, whole": 11.0, "offset": 3.35, "smooth": 0.1}.get(name, CONTOUR)
                found = self.kind(values, contour=contour)
                self.assertIs(found.kind.kind, VolumeKind.DENSITY, found.kind)

    def test_checks_that_a_kind_leaves(self) -> None:
        density = mrc_bytes(molecule(), voxel_size=VOXEL)
        for content, kind, applying in (
            (mrc_bytes(region().astype(np.float32), voxel_size=VOXEL), "a mask", "ab"),
            (mrc_bytes(molecule(0.0), voxel_size=VOXEL), "without noise", "abd"),
            (density[:88] + b"\4\0\0\0" + density[92:], "a crystal", "d"),
        ):
            path = self.file(content)
            entry = self.entry(path)
            record = entry.map
            self.assertIn(kind, record.warnings[0])
            self.assertIn("Kind", [fact.label for fact in record.facts])
            checks: dict[str, Check] = {
                "a": level0_a_mass.CHECK,
                "b": level0_b_mask.CHECK,
                "c": level0_c_background.CHECK,
                "d": level0_d_bfactor.CHECK,
                "g": level0_g_lococcupancy.CHECK,
            }
            for letter, check in checks.items():
                with self.subTest(kind=kind, check=letter):
                    reason = record.recognised.unfit(check.relies_on)
                    self.assertEqual(not reason, letter in applying, reason)
            result = run_check(level0_c_background.CHECK, entry, self.folder / "c")
            self.assertIs(result.outcome, Outcome.NOT_APPLICABLE)
            self.assertIn(kind, result.reason)
            self.assertFalse(record.recognised.unfit(level1_a_fsc.CHECK.relies_on))

    def test_the_report_says_it_first(self) -> None:
        entry = self.entry(self.file(mrc_bytes(region().astype(np.float32), voxel_size=VOXEL)))
        results = [
            run_check(check, entry, self.folder / check.code)
            for check in (level0_c_background.CHECK, level0_g_lococcupancy.CHECK)
        ]
        report = compile_report(entry, results, created=datetime(2026, 1, 2))
        sentence = "This is a mask: it holds only the values 0 and 1."
        self.assertEqual(report.entry.kind_sentence, sentence)
        self.assertEqual(report.summary[0], sentence)
        document = build_document(report)
        self.assertTrue(document.worry.startswith(sentence))
        self.assertIn(sentence, document.warnings[0].texts[0])
        self.assertIn("Contour level", [fact.label for fact in document.front])


class TestLayouts(UnderstandingTest):
    def test_an_extended_header_that_is_not_there(self) -> None:
        for promised, name in ((49920, "a.mrc"), (80, "b.mrc.gz"), (-4, "c.mrc"), (7, "d.map")):
            content = mrc_bytes(molecule(), voxel_size=VOXEL, header={"nsymbt": promised})
            density = read_density(self.file(content, name))
            np.testing.assert_array_equal(density.values, molecule())
            self.assertIn("which is not there", " ".join(density.notes))

    def test_an_extended_header_that_nothing_promises(self) -> None:
        values = molecule()
        stated = {"dmin": values.min(), "dmax": values.max(), "nsymbt": 0}
        for name, between in (("a.mrc", b"\xff" * 1024), ("b.mrc.gz", bytes(range(80)))):
            content = mrc_bytes(values, voxel_size=VOXEL, extended=between, header=stated)
            density = read_density(self.file(content, name))
            np.testing.assert_array_equal(density.values, values)
            self.assertIn("not promised by the header", " ".join(density.notes))

    def test_no_layout_fits(self) -> None:
        content = mrc_bytes(molecule(), voxel_size=VOXEL, header={"nsymbt": 5000})
        said = self.not_validated(self.file(content + bytes(100)), "where these begin cannot be")
        self.assertIn("5,000", said)
        self.assertNotIn("copy it again", said)
        said = self.not_validated(self.file(content[:-100]), "fewer than its header promises")
        self.assertIn("copy it again", said)

    def test_values_of_fewer_bits_than_the_header_says(self) -> None:
        content = mrc_bytes(np.rint(100 * molecule()), mode=1, voxel_size=VOXEL)
        content = content[:12] + b"\2\0\0\0" + content[16:]
        said = self.not_validated(self.file(content), "just enough for values of 16 bits")
        self.assertNotIn("copy it again", said)


class TestVoxels(UnderstandingTest):
    def file_of(self, box: tuple[int, int, int] = BOX, **header: Any) -> Path:
        axes = header.pop("axes", (1, 2, 3))
        whole = np.zeros(box, np.float32)
        n = [min(a, b) for a, b in zip(box, BOX, strict=True)]
        whole[: n[0], : n[1], : n[2]] = molecule()[: n[0], : n[1], : n[2]]
        return self.file(mrc_bytes(whole, axes=axes, voxel_size=VOXEL, header=header))

    def test_sampling_in_another_order(self) -> None:
        for axes in ((3, 2, 1), (1, 2, 3)):
            density = read_density(self.file_of(axes=axes, mx=40, my=36, mz=32))
            self.assertEqual(density.voxel_size, VOXEL)
            self.assertIn("contradicts itself", " ".join(density.notes))

    def test_a_cell_in_another_order(self) -> None:
        density = read_density(self.file_of(cella=(60.0, 54.0, 48.0)))
        self.assertEqual(density.voxel_size, VOXEL)
        self.assertIn("was taken", " ".join(density.notes))

    def test_no_sampling_at_all(self) -> None:
        density = read_density(self.file_of(mx=1, my=1, mz=1))
        self.assertEqual(density.voxel_size, VOXEL)

    def test_a_sampling_of_one_section(self) -> None:
        density = read_density(self.file_of(mz=1))
        self.assertEqual(density.voxel_size, VOXEL)

    def test_the_cell_of_one_voxel(self) -> None:
        density = read_density(self.file_of(cella=(1.5, 1.5, 1.5)))
        self.assertEqual(density.voxel_size, VOXEL)
        self.assertIn("the cell of one voxel", " ".join(density.notes))

    def test_axes_counted_from_0(self) -> None:
        density = read_density(self.file_of(mapc=0, mapr=1, maps=2))
        np.testing.assert_array_equal(density.values, molecule())
        self.assertIn("from 0", density.notes[0])

    def test_two_readings_that_fit_are_asked_about(self) -> None:
        for box, header in (
            ((40, 40, 40), {"mx": 80, "my": 80, "mz": 80}),
            ((40, 40, 40), {"cella": (20.0, 20.0, 20.0), "mx": 1, "my": 1, "mz": 1}),
            (BOX, {"cella": (60.0, 60.0, 60.0)}),
        ):
            path = self.file_of(box, **header)
            self.not_validated(path, "contradicts itself.*--voxel")
            self.assertEqual(self.inspected(path, voxel=1.5).voxel_size, VOXEL)

    def test_no_reading_is_asked_about(self) -> None:
        self.not_validated(self.file_of(cella=(1.0, 1.0, 1.0)), "no voxel size.*--voxel")
        path = self.file_of(cella=(50.0, 61.0, 47.0), mx=33, my=41, mz=29)
        self.not_validated(path, "contradicts itself.*--voxel")

    def test_a_region_of_a_cell_is_no_contradiction(self) -> None:
        path = self.file_of((40, 40, 40), mx=80, my=80, mz=80, nxstart=-20)
        self.assertEqual(read_density(path).voxel_size, (0.75, 0.75, 0.75))

    def test_a_region_of_a_crystal_has_the_voxels_of_its_cell(self) -> None:
        path = self.file_of(ispg=20, cella=(30.0, 63.0, 47.0), mx=52, my=104, mz=80, nxstart=-5)
        self.assertEqual(read_density(path).voxel_size, (0.5875, 0.605769, 0.576923))

    def test_voxels_that_are_no_cubes_may_be(self) -> None:
        path = self.file(mrc_bytes(molecule(), voxel_size=(3.0, 1.5, 1.5)))
        density = read_density(path)
        self.assertEqual(density.voxel_size, (3.0, 1.5, 1.5))
        self.assertIn("not cubes", density.notes[0])

    def test_a_size_far_from_the_header_is_warned_of(self) -> None:
        path = self.file_of()
        found = self.inspected(path, voxel=15.0, resolution=40.0)
        self.assertIn("10 times the header's", " ".join(found.warnings))
        self.assertNotIn("times", " ".join(self.inspected(path, voxel=1.6).warnings))


class TestBytes(UnderstandingTest):
    def bytes_file(self, values: Values, imod: int | None = None, **header: Any) -> Path:
        content = bytearray(mrc_bytes(np.zeros(BOX), mode=0, voxel_size=VOXEL, header=header))
        if imod is not None:
            content[152:160] = np.array([1146047817, imod], "<i4").tobytes()
        content[1024:] = values.tobytes()
        return self.file(bytes(content))

    def test_imod_signed(self) -> None:
        path = self.bytes_file(region().astype(np.int8) - 128, imod=1)
        said = self.not_validated(path, "IMOD adds 128", contour=0.5)
        self.assertIn("-127.5 here", said)
        found = self.inspected(path, contour=-127.5)
        self.assertIn("IMOD adds 128", " ".join(found.density.notes))

    def test_unsigned_by_the_data(self) -> None:
        values = np.clip(15 + 240 * molecule(), 0, 255).astype(np.uint8)
        for flags in (None, 1):
            density = read_density(self.bytes_file(values, imod=flags))
            np.testing.assert_array_equal(density.values, values)
            self.assertRegex(" ".join(density.notes), "read as unsigned.*jump")

    def test_signed_by_the_data(self) -> None:
        values = np.clip(100 * molecule(0.1), -128, 127).astype(np.int8)
        density = read_density(self.bytes_file(values, dmin=0, dmax=255))
        np.testing.assert_array_equal(density.values, values)
        self.assertRegex(" ".join(density.notes), "read as signed.*jump")

    def test_whichever_way_is_said(self) -> None:
        values = np.clip(200 * molecule(), 0, 255).astype(np.uint8) // 2 + 30
        for imod, words in ((None, "signed"), (0, "unsigned"), (1, "signed")):
            density = read_density(self.bytes_file(values, imod=imod))
            self.assertIn(f"The 8-bit values were read as {words} (", " ".join(density.notes))


class TestFormats(UnderstandingTest):
    def test_spider_volumes(self) -> None:
        for order, voxel, name in (
            ("<", 0.0, "a.vol"),
            (">", 1.5, "b.spi"),
            ("<", 1.5, "c.vol.gz"),
        ):
            path = self.file(spider_bytes(molecule(), order, voxel), name)
            density = read_density(path, None if voxel else 1.5)
            np.testing.assert_array_equal(density.values, molecule())
            self.assertEqual(density.voxel_size, VOXEL)
        self.not_validated(self.file(spider_bytes(molecule()), "a.vol"), "no voxel size.*--voxel")
        self.not_validated(
            self.file(spider_bytes(images()[:1]), "i.spi"), "a two-dimensional image"
        )

    def test_compressed_otherwise(self) -> None:
        content = mrc_bytes(molecule(), voxel_size=VOXEL)
        for name, pack in (("a.map.bz2", bz2.compress), ("a.mrc.xz", lzma.compress)):
            path = self.folder / name
            path.write_bytes(pack(content))
            np.testing.assert_array_equal(read_density(path).values, molecule())
            path.write_bytes(pack(content)[:-2000])
            self.not_validated(path, "broken or cut short")

    def test_what_is_no_map_is_named(self) -> None:
        whole = mrc_bytes(molecule())
        em = bytes((6, 0, 0, 5)) + np.array(BOX[::-1], "<i4").tobytes() + bytes(496)
        dsn6 = np.zeros(256, ">i2")
        dsn6[3:9], dsn6[18] = 32, 100
        for content, words in (
            (b"PK\x03\x04" + bytes(2000), "zip archive; unpack"),
            (bytes(257) + b"ustar" + bytes(2000), "tar archive"),
            (b"\n<!DOCTYPE HTML><html>" + b"x" * 2000, "web page.*download"),
            (b"HEADER    OXYGEN TRANSPORT" + b" " * 2000, "atomic model"),
            (b"data_1ABC\n#\n_entry.id   1ABC\n" + b"#" * 2000, "atomic model"),
            (b"# version 30001\n\ndata_particles\n\nloop_\n_rlnImageName" + b" " * 999, "STAR"),
            (b"\x89HDF\r\n\x1a\n" + bytes(2000), "HDF5.*convert"),
            (em + bytes(2000), "EM format"),
            (dsn6.tobytes() + bytes(2000), "DSN6"),
            (b":-) Origin 0 0 0" + b" " * 2000, "BRIX"),
            (b"II*\x00" + b"x" * 2000, "TIFF"),
            (b"\x93NUMPY" + b"x" * 2000, "NumPy"),
            (b"version https://git-lfs.github.com/spec/v1\noid", "git lfs pull"),
            (b"MTZ " + b"x" * 2000, "reflections"),
            (gzip.compress(gzip.compress(whole)), "gzipped twice"),
            (b"\x28\xb5\x2f\xfd" + b"x" * 2000, "zstd"),
            (bytes(3000), "nothing but zeros"),
            (b"", "it is empty"),
            (b"# AmiraMesh 3D BINARY 2.0\n" + b" " * 2000, "Amira"),
            (b"solid surface\n" + b" " * 2000, "a surface"),
            (
                b"Water\nELF\n 3 0.0 -1.5 2.0\n 9 0.1 0.0 0.0\n 9 0.0 0.1 0.0\n" + b" " * 2000,
                "cube of Gaussian",
            ),
        ):
            with self.subTest(words):
                path = self.folder / "what.map"
                path.write_bytes(content)
                self.not_validated(path, words)

    def test_volumes_of_a_stack(self) -> None:
        stack = np.concatenate([molecule(), molecule()[::-1], molecule() * 2])
        cell = {"ispg": 401, "mz": BOX[0], "cella": tuple(1.5 * n for n in BOX[::-1])}
        path = self.file(mrc_bytes(stack, voxel_size=VOXEL, header=cell), "three.mrcs")
        for index, expected in ((1, molecule()), (2, molecule()[::-1]), (3, molecule() * 2)):
            for suffix in ("", ":mrcs"):
                density = read_density(path.with_name(f"{index}@three.mrcs{suffix}"))
                np.testing.assert_array_equal(density.values, expected)
        self.not_validated(path.with_name("4@three.mrcs"), "volume 4 was asked for and it holds 3")
        second = self.entry(path.with_name("2@three.mrcs")).map
        third = prepare(
            Request.of(map=path.with_name("3@three.mrcs"), contour=CONTOUR), self.folder / "third"
        ).map
        self.assertEqual((second.source.volume, third.source.volume), (2, 3))
        self.assertEqual(second.source.sha256, third.source.sha256)
        self.assertNotEqual(second.used, third.used)

    def test_a_stack_of_cubes_by_its_name(self) -> None:
        cube = molecule()[4:36, 2:34]
        content = mrc_bytes(np.concatenate([cube, cube + 1]), voxel_size=VOXEL, header={"ispg": 1})
        self.file(content, "two.mrcs")
        density = read_density(self.folder / "2@two.mrcs")
        np.testing.assert_array_equal(density.values, cube + 1)

    def test_format_suffixes(self) -> None:
        for name, told in (("a.mrc", ":mrc"), ("b.mrcs", ":mrc"), ("c.vol", ":vol")):
            content = spider_bytes(molecule()) if told == ":vol" else mrc_bytes(molecule())
            self.file(content, name)
            density = read_density(self.folder / f"{name}{told}", 1.5)
            np.testing.assert_array_equal(density.values, molecule())
        literal = self.file(mrc_bytes(molecule()), "3@odd.mrc:mrc")
        np.testing.assert_array_equal(read_density(literal).values, molecule())


class TestCauses(UnderstandingTest):
    def test_an_inverted_map(self) -> None:
        path = self.file(mrc_bytes(-molecule(), voxel_size=VOXEL))
        for contour in (CONTOUR, -CONTOUR):
            said = self.not_validated(path, "probably inverted", contour=contour)
            self.assertIn("multiply it by -1", said)
            self.assertNotRegex(said, "give a (lower|higher) level")

    def test_a_level_in_standard_deviations(self) -> None:
        path = self.file(mrc_bytes(molecule(), voxel_size=VOXEL))
        self.not_validated(path, "3sigma if standard deviations are meant", contour=3.0)
        found = self.inspected(path, contour="3 sigma")
        values = molecule().astype(float)
        self.assertAlmostEqual(found.contour, values.mean() + 3 * values.std(), places=5)
        record = self.entry(path, contour="3 sigma").map
        self.assertIn("3 σ above the mean", record.contour_from)

    def test_the_level_that_the_program_suggests(self) -> None:
        path = self.file(mrc_bytes(molecule(), voxel_size=VOXEL))
        record = self.entry(path, contour="auto").map
        self.assertIn("suggested by this program", record.contour_from)
        self.assertTrue(0.05 < record.contour < 0.8)
        for contour in (None, 50.0, -5.0):
            self.not_validated(
                path, f"--contour auto would take {record.contour:g}", contour=contour
            )

    def test_a_level_of_0(self) -> None:
        path = self.file(mrc_bytes(molecule() - 0.3, voxel_size=VOXEL))
        self.assertIn("contour level is 0", " ".join(self.inspected(path, contour=0.0).warnings))

    def test_a_resolution_coarser_than_the_box(self) -> None:
        path = self.file(mrc_bytes(molecule(), voxel_size=VOXEL))
        self.not_validated(path, r"400 Å is coarser than the box \(48 Å\)", resolution=400.0)
        found = self.inspected(path, resolution=0.4)
        self.assertRegex(" ".join(found.warnings), "Nyquist.*Are both in Å")


class TestCommands(UnderstandingTest):
    def vrs(self, *words: str) -> tuple[int, str, str]:
        said, complained = io.StringIO(), io.StringIO()
        with redirect_stdout(said), redirect_stderr(complained):
            try:
                code = vrs(words)
            except SystemExit as ended:
                code = int(ended.code or 0)
        return code, said.getvalue(), complained.getvalue()

    def refuses(self, pattern: str, *words: str) -> None:
        before = sorted(self.folder.iterdir())
        code, _, complained = self.vrs(*words)
        self.assertEqual(code, 2, complained)
        self.assertRegex(complained, pattern)
        self.assertEqual(len(complained.splitlines()), 1)
        self.assertEqual(sorted(self.folder.iterdir()), before)

    def test_nothing_asked_for_is_helped(self) -> None:
        code, said, _ = self.vrs()
        self.assertEqual(code, 0)
        self.assertIn("contour", said)

    def test_contour(self) -> None:
        path = self.file(mrc_bytes(molecule(), voxel_size=VOXEL))
        code, said, _ = self.vrs("contour", str(path), "--voxel", "0,15 nm")
        level = suggest(read_density(path)).level
        self.assertEqual(code, 0)
        self.assertIn(f"Suggested contour level: {level:g}", said)
        (row,) = (line for line in said.splitlines() if line.endswith("suggested"))
        self.assertEqual(row.split()[1], f"{np.count_nonzero(molecule() >= np.float32(level)):,}")
        mask = self.file(mrc_bytes(region().astype(np.float32)), "mask.mrc")
        self.refuses("this is a mask", "contour", str(mask))

    def test_doctor(self) -> None:
        header = {"mx": 40, "my": 36, "mz": 32, "nsymbt": 400, "ispg": 1}
        path = self.file(mrc_bytes(molecule(), voxel_size=VOXEL, header=header))
        code, said, _ = self.vrs("doctor", str(path))
        self.assertEqual(code, 0)
        for words in ("✓ NSYMBT: 400", "✓ MX: 40", "✓ voxel size: 1.5", "not there", "✓ kind: a d"):
            self.assertIn(words, said)
        for content, name, words in (
            (mrc_bytes(images(), header={"ispg": 0, "mz": 1}), "a.mrc", "– volumes: none, but 40"),
            (mrc_bytes(region().astype(np.float32)), "b.mrc", "– kind: This is a mask"),
            (b"<html>" + bytes(2000), "c.map", "– understood: it is a web page"),
        ):
            code, said, _ = self.vrs("doctor", str(self.file(content, name)))
            self.assertEqual(code, 2)
            self.assertIn(words, said)

    def test_slips_are_refused_in_one_sentence(self) -> None:
        path = str(self.file(mrc_bytes(molecule(), voxel_size=VOXEL)))
        for pattern, *words in (
            ("did you mean EMD-3488", "3488", "--contour", "1"),
            (r"a folder; give one map of those in it \(map.mrc\)", str(self.folder)),
            ("--contour: 'x' is no number", path, "--contour", "x"),
            ("--contour: the unit 'kDa' is not understood", path, "--contour", "3 kDa"),
            ("--resolution: the unit", path, "--contour", "1", "--resolution", "4 furlongs"),
            ("--contour auto would take", path),
            ("there is no engine 'xmip'", path, "--contour", "1", "--engine", "xmip"),
            ("unrecognized arguments: --contur", path, "--contur", "1"),
        ):
            with self.subTest(pattern):
                self.refuses(pattern, "validate", *words)


class TestHalves(UnderstandingTest):
    def halves(self, first: Values, second: Values, **voxel: Any) -> Request:
        for name, values in (("map", molecule()), ("half1", first), ("half2", second)):
            size = voxel.get(name, VOXEL)
            self.file(mrc_bytes(values, voxel_size=size), f"{name}.mrc")
        paths: dict[str, Path] = {n: self.folder / f"{n}.mrc" for n in ("map", "half1", "half2")}
        return Request.of(contour=CONTOUR, **paths)

    def refuse(self, request: Request, pattern: str) -> None:
        with self.assertRaisesRegex(InputError, pattern):
            inspect(request)

    def warn(self, request: Request, pattern: str) -> None:
        self.assertRegex(" ".join(inspect(request)["half_maps"].warnings), pattern)

    def test_what_are_no_independent_halves(self) -> None:
        one, two = molecule(0.05, 1), molecule(0.05, 2)
        self.warn(self.halves(one, two), "^$")
        self.warn(self.halves(one, one), "hold the same values")
        self.warn(self.halves(one, molecule()), "Half map 2 holds the values of the map itself")
        self.warn(self.halves(2 * molecule(), two), "Half map 1 holds the values of the map itself")
        mask = region().astype(np.float32)
        self.refuse(self.halves(one, mask), "half2.*a mask, no half map")
        shuffled = np.random.default_rng(1).permutation(molecule(0.01, 1))
        self.refuse(self.halves(shuffled, two), "half1.*images, not a map")

    def test_other_voxels(self) -> None:
        one, two = molecule(0.05, 1), molecule(0.05, 2)
        found = inspect(self.halves(one, two, half2=(1.0, 1.0, 1.0)))["half_maps"]
        self.assertIn("taken from the map", " ".join(found.halves.second.notes))
        self.refuse(self.halves(one, two, half2=(1.2, 1.2, 1.2)), "differ from those of the other")
        found = inspect(self.halves(one, two, half1=(1.2,) * 3, half2=(1.2,) * 3))["half_maps"]
        self.assertIn("is one of the two wrong", " ".join(found.warnings))

    def test_another_place(self) -> None:
        request = self.halves(molecule(0.05, 1), molecule(0.05, 2))
        moved = mrc_bytes(molecule(), voxel_size=VOXEL, header={"origin": (30.0, 0.0, 0.0)})
        write(self.folder / "map.mrc", moved)
        found = inspect(request)["half_maps"]
        self.assertIn("place them differently", " ".join(found.warnings))


if __name__ == "__main__":
    unittest.main()
