"""Half maps as an input: alone, with a mask, with a point group; background, spectra, placement."""

from __future__ import annotations

import contextlib
import gzip
import io
import os
import subprocess
import sys
import threading
import unittest
from pathlib import Path
from typing import Any
from unittest import mock

import mrcfile
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import fft, ndimage

from vrs_scipion.batch import Settings, TableError, read_table
from vrs_scipion.batch.validate_row import command
from vrs_scipion.checks.look_half_maps import LOOK
from vrs_scipion.checks.run import run_check
from vrs_scipion.cli import main
from vrs_scipion.entry import spectra
from vrs_scipion.entry.contour import in_map_units
from vrs_scipion.entry.entry import Entry
from vrs_scipion.entry.inputs import given_keys, inspect, prepare
from vrs_scipion.entry.read_half_maps import common_name
from vrs_scipion.entry.request import Request, Value
from vrs_scipion.entry.symmetry import point_group, symmetry_order
from vrs_scipion.files import InputError, sha256
from vrs_scipion.folders import SPECTRA
from vrs_scipion.maps.density import Density, Volume
from vrs_scipion.maps.fourier import resampled_onto
from vrs_scipion.maps.masks import (
    background,
    distance_from,
    hard_mask,
    inscribed_sphere,
    low_passed,
)
from vrs_scipion.maps.statistics import constant_fraction, locally_constant
from vrs_scipion.methods.half_map_power import half_map_power
from vrs_scipion.methods.shells import power_spectrum
from vrs_scipion.report.folder import mirror
from vrs_scipion.results import Outcome
from vrs_scipion.running.claim import OutputError, claim, require_same, take_up
from vrs_scipion.running.contour import told
from vrs_scipion.tests.mrc_files import mrc_bytes, write
from vrs_scipion.tests.test_entry import Box, EntryTest, HalfMapsTest, blob

WIDE: Box = (36, 39, 42)
"""Odd and even edges, none like the other, with room around the blob."""


def ball() -> Volume:
    """Where the blob is: a mask."""
    return (blob(WIDE) > 0.2).astype(np.float32)


def noise(seed: int, shape: Box = WIDE, scale: float = 0.05) -> Volume:
    return np.random.default_rng(seed).normal(scale=scale, size=shape).astype(np.float32)


def given_mask(entry: Entry) -> Volume:
    """The mask that was given, on the grid of the half maps."""
    mask = entry.half_maps().given_mask
    assert mask is not None
    return mask


class WideTest(EntryTest):
    """A blob in a box with room around it, and two half maps of it."""

    voxel = (1.6, 1.5, 1.4)

    def setUp(self) -> None:
        super().setUp()
        self.give(noise(1), noise(2))

    def give(self, first: Volume, second: Volume, **dialect: Any) -> None:
        """Write half maps of the blob with this added to it, and their mean as the map."""
        self.halves = [(blob(WIDE) + one).astype(np.float32) for one in (first, second)]
        dialect = {"voxel_size": self.voxel} | dialect
        self.paths = [
            write(self.folder / f"run_half{i}_unfil.mrc", mrc_bytes(half, **dialect))
            for i, half in enumerate(self.halves, 1)
        ]
        self.path = write(self.folder / "map.mrc", mrc_bytes(self.mean(), **dialect))

    def mean(self) -> Volume:
        mean: Volume = (self.halves[0] + self.halves[1]) / np.float32(2)
        return mean

    def request(self, **changes: Value | None) -> Request:
        both = {"half1": self.paths[0], "half2": self.paths[1]}
        return super().request(**{**both, **changes})

    def prepared(self, **changes: Value | None) -> Entry:
        return prepare(self.request(**changes), self.out)


class TestHalvesAlone(WideTest):
    """Two half maps without a map: their mean stands for it."""

    def alone(self, **changes: Value | None) -> Request:
        return self.request(map=None, **changes)

    def test_the_mean_is_the_map(self) -> None:
        entry = prepare(self.alone(symmetry="d2"), self.out)
        self.assertEqual(entry.given, ("map", "half_maps"))
        np.testing.assert_array_equal(
            entry.density().values, (self.halves[0] + self.halves[1]) / np.float32(2)
        )
        self.assertEqual((entry.box, entry.voxel_size), (WIDE, entry.half_maps_record.voxel_size))
        self.assertEqual(entry.half_maps_record.map_placed, "")
        self.assertEqual((entry.map.symmetry, entry.symmetry_order), ("D2", 4))

    def test_the_record_says_so_and_names_both_files(self) -> None:
        record = prepare(self.alone(), self.out).map
        name = "mean of run_half1_unfil.mrc and run_half2_unfil.mrc"
        self.assertEqual((record.source.name, record.title), (name, f"M{name[1:]}"))
        self.assertRegex(record.source.notes[0], "No map was given: the mean of the two half maps")
        self.assertEqual([one.sha256 for one in record.sources], [sha256(p) for p in self.paths])
        self.assertEqual(record.source.sha256, sha256(self.out / "map" / record.map_file))
        facts = {fact.label: fact.value for fact in record.facts}
        self.assertEqual(facts["Made from"], name)
        self.assertEqual(facts["SHA-256 of run_half1_unfil.mrc"], sha256(self.paths[0]))
        self.assertNotIn("File", facts)

    def test_the_same_halves_give_the_same_mean(self) -> None:
        first = prepare(self.alone(), self.out).map.source
        again = prepare(self.alone(), self.folder / "again").map.source
        swapped = self.alone(half1=self.paths[1], half2=self.paths[0])
        other = prepare(swapped, self.folder / "swapped").map.source
        self.assertEqual(first, again)
        self.assertEqual(first.sha256, other.sha256)

    def test_what_it_lacks(self) -> None:
        with self.assertRaisesRegex(InputError, r"mean of .*: give the recommended contour level"):
            inspect(self.alone(contour=None))
        for key, other in (("half1", "half2"), ("half2", "half1")):
            with self.assertRaisesRegex(InputError, "one half map was given; give both"):
                inspect(self.alone(**{key: None}))
            self.assertEqual(given_keys(Request.of(**{other: "x"})), ["map", "half_maps"])
        with self.assertRaisesRegex(InputError, "give the map's file, or its two half maps"):
            inspect(self.alone(half1=None, half2=None))
        with self.assertRaisesRegex(InputError, "no voxel size; give it in Å"):
            self.give(noise(1), noise(2), voxel_size=(0.0, 0.0, 0.0))
            inspect(self.alone())

    def test_halves_that_cancel(self) -> None:
        size: Any = {"voxel_size": self.voxel}
        inverse = write(self.folder / "inverse.mrc", mrc_bytes(-self.halves[0], **size))
        path = write(self.folder / "half.mrc", mrc_bytes(self.halves[0], **size))
        with self.assertRaisesRegex(
            InputError, "inverse.mrc: the mean of the two half maps is 0 e"
        ):
            inspect(self.alone(half1=path, half2=inverse))

    def test_a_voxel_size_that_the_user_gives(self) -> None:
        for said in (0.0, 1.0, 2.0):
            self.give(noise(1), noise(2), voxel_size=(said,) * 3)
            entry = prepare(self.alone(voxel=1.5), self.out)
            self.assertEqual(entry.voxel_size, (1.5,) * 3)
            self.assertEqual(entry.map.voxel_size_from, "given by the user")
            self.assertEqual(entry.half_maps_record.voxel_size, (1.5,) * 3)

    def test_a_contour_level_in_words(self) -> None:
        numbers = in_map_units(self.alone(contour="4 sigma"))
        mean = self.mean()
        self.assertAlmostEqual(numbers.number("contour"), mean.mean() + 4 * mean.std(), places=4)
        suggested = in_map_units(self.alone(contour="auto"))
        self.assertIn("suggested by this program", suggested.text("contour_from"))
        said = list(told(self.alone()))
        self.assertEqual(said[0], f"Suggested contour level: {suggested.number('contour'):g}")

    def test_the_mask_is_cut_from_what_is_coarse(self) -> None:
        """At a level above the noise little of the molecule is left; coarse, all of it is seen."""
        rng = np.random.default_rng(3)
        shape, size = (64, 64, 64), (1.5,) * 3
        ball = sum((np.indices(shape) - 32.0) ** 2) < 14**2
        texture = ball * (1 + ndimage.gaussian_filter(rng.normal(size=shape), 0.8) * 2)
        paths = [
            write(
                self.folder / f"noisy{i}.mrc",
                mrc_bytes(texture + rng.normal(scale=1.4, size=shape), voxel_size=size),
            )
            for i in (1, 2)
        ]
        entry = prepare(Request.of(half1=paths[0], half2=paths[1], contour=4.0), self.out)
        self.assertLess((entry.density().values >= 4.0)[ball].mean(), 0.02)
        hard = entry.hard_mask()
        self.assertGreater(hard[ball].mean(), 0.95)
        self.assertLess(np.count_nonzero(hard & ~ball), 0.4 * np.count_nonzero(ball))
        np.testing.assert_array_equal(entry.half_maps().hard, hard)
        for record in (entry.map, entry.half_maps_record):
            self.assertRegex(record.hard_mask.description, "the half maps low-passed to 15 Å, the")

    def test_names_of_folders(self) -> None:
        for names, common in (
            (("run_half1_class001_unfil.mrc", "run_half2_class001_unfil.mrc"), "run_half"),
            (("emd_1234_half_map_1.map.gz", "emd_1234_half_map_2.map.gz"), "emd_1234_half_map"),
            (("a.mrc", "b.mrc"), "a"),
            (("/x/half.mrc", "/y/half.mrc"), "half"),
        ):
            self.assertEqual(common_name(names), common)


class TestFoldersOfHalvesAlone(WideTest):
    """An output folder that was claimed for half maps without a map."""

    def test_it_is_known_again(self) -> None:
        request = self.request(map=None)
        out = self.folder / "vrs"
        taken, claimed = claim(out, request, "auto")
        require_same(prepare(taken, self.out), claimed, out)
        self.assertEqual(take_up(request, out, "auto").values, request.values)
        with self.assertRaisesRegex(OutputError, "of another map"):
            take_up(self.request(), out, "auto")
        content = mrc_bytes(self.halves[0] * 2, voxel_size=self.voxel)
        other = write(self.folder / "other.mrc", content)
        with self.assertRaisesRegex(OutputError, "of another map"):
            take_up(self.request(map=None, half1=other), out, "auto")
        entry = prepare(self.request(map=None, half1=other), self.folder / "other")
        with self.assertRaisesRegex(OutputError, "of another validation"):
            require_same(entry, claimed, out)

    def test_half_maps_for_a_folder_of_a_map(self) -> None:
        out = self.folder / "vrs"
        claim(out, self.request(half1=None, half2=None), "auto")
        added = Request.of(half1=self.paths[0], half2=self.paths[1])
        self.assertEqual(take_up(added, out, "auto").values, self.request().values)

    def test_a_mask_among_the_files(self) -> None:
        mask = write(self.folder / "mask.mrc", mrc_bytes(ball()))
        out, request = self.folder / "vrs", self.request(mask=mask)
        taken, claimed = claim(out, request, "auto")
        require_same(prepare(taken, self.out), claimed, out)
        with self.assertRaises(OutputError):
            require_same(prepare(self.request(), self.folder / "without"), claimed, out)


class TestCommands(WideTest):
    """Half maps without a map on the command line and in the table of a batch."""

    def refuses(self, pattern: str, *words: str) -> None:
        said = io.StringIO()
        with contextlib.redirect_stderr(said):
            self.assertEqual(main(words), 2)
        self.assertRegex(said.getvalue(), pattern)
        self.assertEqual(len(said.getvalue().splitlines()), 1)

    def test_what_is_refused(self) -> None:
        first, second = (f"--half{i}={path}" for i, path in enumerate(self.paths, 1))
        self.refuses("MAP: give a map, an entry such as EMD-3488, or half maps", "validate")
        self.refuses("one half map was given; give both", "validate", first, "--contour", "1")
        self.refuses("give the recommended contour level", "validate", first, second)
        symmetry = ("--contour", ".3", "--symmetry", "C4v")
        self.refuses("--symmetry: 'C4v' is no point group", "validate", first, second, *symmetry)
        self.refuses("give the map's file, or its two half maps", "contour")
        map_alone = ("validate", str(self.path), "--contour", ".3", "--out", str(self.out))
        for option in ("--mask", "--fsc"):
            alone = (*map_alone, option, str(self.path))
            self.refuses(f"{option}: it means nothing without the two half maps; give", *alone)
        self.assertFalse(self.out.exists())

    def test_nobody_reads_what_is_printed(self) -> None:
        """As where ``head`` has what it wants."""
        for python, words, code in (
            (["-u"], ["contour", str(self.path)], 141),
            ([], ["contour", "--help"], 0),
        ):
            read, written = os.pipe()
            os.close(read)
            command = [sys.executable, *python, "-m", "vrs_scipion.cli", *words]
            ended = subprocess.run(command, stdout=written, stderr=subprocess.PIPE, check=False)
            os.close(written)
            self.assertEqual((ended.returncode, ended.stderr), (code, b""))

    def test_rows_of_a_table(self) -> None:
        table = self.folder / "table.csv"
        lines = (
            "half1,half2,contour,mask,symmetry,name",
            "run_half1.mrc,run_half2.mrc,auto,mask.mrc,C2,",
            "run_half1.mrc,,auto,,,",
            ",,auto,,,",
            "a.mrc,b.mrc,,,,named",
        )
        table.write_text("\n".join(lines), encoding="utf-8")
        good, one, none, level = read_table(table)
        self.assertEqual((good.name, good.map, good.problem), ("run_half", "", ""))
        self.assertEqual(good.first_file, str(self.folder / "run_half1.mrc"))
        arguments = command(good, self.folder / "out", Settings())
        self.assertNotIn("--", arguments)
        for said in ("--contour=auto", "--symmetry=C2", f"--mask={self.folder / 'mask.mrc'}"):
            self.assertIn(said, arguments)
        self.assertIn("the second half map is missing", one.problem)
        self.assertIn("names no map", none.problem)
        self.assertIn("the recommended contour level is missing", level.problem)
        table.write_text("half1,contour\na.mrc,1\n", encoding="utf-8")
        with self.assertRaisesRegex(TableError, "no column 'map'"):
            read_table(table)


class TestCopies(HalfMapsTest):
    """Halves that are none pass, with a warning, to the check that says what that means."""

    def test_equal_values_in_two_files(self) -> None:
        copy = write(self.folder / "copy.mrc", self.paths[0].read_bytes())
        zipped = self.folder / "copy.mrc.gz"
        zipped.write_bytes(gzip.compress(self.paths[0].read_bytes()))
        for path in (copy, zipped):
            warnings = self.record(half2=path).warnings
            self.assertRegex(" ".join(warnings), "two half maps hold the same values: every corr")

    def test_the_map_as_a_half(self) -> None:
        scaled = write(self.folder / "scaled.mrc", mrc_bytes(blob() * 3 + 1))
        for key, number in (("half1", 1), ("half2", 2)):
            warnings = self.record(**{key: scaled}).warnings
            self.assertRegex(" ".join(warnings), f"Half map {number} holds the values of the map")

    def test_good_halves(self) -> None:
        self.assertNotRegex(" ".join(self.record(contour=0.9).warnings), "values")


class TestReadingBoth(WideTest):
    def test_one_half_in_another_order_of_axes(self) -> None:
        straight = self.prepared()
        expected = [straight.half_maps().first.values, straight.half_maps().second.values]
        for axes in ((3, 2, 1), (2, 1, 3), (3, 1, 2)):
            content = mrc_bytes(self.halves[1], voxel_size=self.voxel, axes=axes)
            other = write(self.folder / "other.mrc.gz", content)
            entry = prepare(self.request(half2=other), self.folder / "turned")
            halves = entry.half_maps()
            np.testing.assert_array_equal(halves.first.values, expected[0])
            np.testing.assert_array_equal(halves.second.values, expected[1])
            np.testing.assert_allclose(entry.half_maps_record.voxel_size, self.voxel, rtol=1e-6)

    def test_byte_orders_and_modes(self) -> None:
        rounded = np.round(self.halves[1] * 100).astype(np.float32)
        content = mrc_bytes(rounded, voxel_size=self.voxel, mode=1, order=">")
        other = write(self.folder / "other.mrc", content)
        np.testing.assert_array_equal(self.prepared(half2=other).half_maps().second.values, rounded)

    def test_infinity(self) -> None:
        values = self.halves[0].copy()
        values[1, 2, 3] = np.inf
        path = write(self.folder / "spoilt.mrc", mrc_bytes(values, voxel_size=self.voxel))
        for key in ("half1", "half2"):
            self.refused(r"spoilt\.mrc: 1 infinite of its", **{key: path})

    def test_what_is_known_of_each(self) -> None:
        for half, values, path in zip(
            self.prepared().half_maps_record.halves, self.halves, self.paths, strict=True
        ):
            self.assertEqual(half.source.sha256, sha256(path))
            self.assertEqual(half.minimum, values.min())
            self.assertAlmostEqual(half.standard_deviation, values.std(dtype=np.float64), places=6)
            self.assertEqual(half.constant_fraction, 0)


class TestPointGroup(EntryTest):
    def test_orders(self) -> None:
        for text, group, order in (
            ("C1", "C1", 1),
            (" c4 ", "C4", 4),
            ("D7", "D7", 14),
            ("C17", "C17", 17),
            ("t", "T", 12),
            ("O", "O", 24),
            ("I", "I", 60),
            ("I1", "I1", 60),
            ("i2", "I2", 60),
        ):
            self.assertEqual(point_group(text), group)
            self.assertEqual(symmetry_order(group), order)
            entry = prepare(self.request(symmetry=text), self.out)
            self.assertEqual((entry.map.symmetry, entry.symmetry_order), (group, order))
        facts = {fact.label: fact.value for fact in entry.map.facts}
        self.assertEqual(facts["Point group"], "I2: 60 copies of the same part")

    def test_what_is_none(self) -> None:
        for text in ("C", "C0", "D", "X3", "C4v", "Oh", "Ih", "I60", "4", "C1,C2"):
            words = r"is no point group; give C1, C2, …, D2, D3, …, T, O or I, with the number of a"
            self.refused(words, symmetry=text)
        for text in ("helical", "H", "Helix", "C1 helical"):
            self.refused("a helical symmetry has no order that could be counted", symmetry=text)

    def test_what_changes(self) -> None:
        """Results without a point group stay those of earlier versions; another one is another."""
        plain = prepare(self.request(), self.out)
        self.assertEqual((plain.map.symmetry, plain.symmetry_order), ("", None))
        self.assertNotIn("Point group", [fact.label for fact in plain.map.facts])
        one = prepare(self.request(symmetry="C2"), self.out).map.used
        two = prepare(self.request(symmetry="C4"), self.out).map.used
        self.assertEqual(len({plain.map.used.prepared, one.prepared, two.prepared}), 3)


class TestGivenMask(WideTest):
    def mask(self, values: Volume, name: str = "mask.mrc", **dialect: Any) -> Path:
        return write(
            self.folder / name,
            mrc_bytes(values, voxel_size=self.voxel)
            if not dialect
            else mrc_bytes(values, **dialect),
        )

    def test_it_is_kept_and_known(self) -> None:
        soft = ndimage.gaussian_filter(ball(), 1)
        path = self.mask(soft)
        entry = self.prepared(mask=path)
        given = entry.half_maps_record.given_mask
        assert given is not None
        np.testing.assert_array_equal(given_mask(entry), soft)
        self.assertEqual((given.source.name, given.source.sha256), ("mask.mrc", sha256(path)))
        self.assertAlmostEqual(given.volume_fraction, soft.mean(dtype=np.float64), places=9)
        self.assertEqual(given.placed, "")
        self.assertIn(sha256(path), entry.half_maps_record.used.sha256)
        facts = {fact.label: fact.value for fact in entry.half_maps_record.facts}
        self.assertEqual(facts["Mask"], "mask.mrc")
        self.assertIn("% of the box of the half maps", facts["Volume of the mask"])
        self.assertIn("given_mask", [one.key for one in entry.half_maps_record.volumes])

    def test_nothing_else_changes_by_it(self) -> None:
        path = self.mask(ball())
        without = self.prepared().half_maps()
        self.assertIsNone(without.given_mask)
        with_it = self.prepared(mask=path).half_maps()
        np.testing.assert_array_equal(with_it.mask, without.mask)
        np.testing.assert_array_equal(with_it.hard, without.hard)
        np.testing.assert_array_equal(with_it.background, without.background)

    def test_a_header_that_says_nothing(self) -> None:
        values = ball()
        for voxel in (0.0, 1.0):
            path = self.mask(values, voxel_size=(voxel,) * 3)
            given = self.prepared(mask=path).half_maps_record.given_mask
            assert given is not None
            self.assertEqual(given.placed, "")
            self.assertIn("was taken from the half maps", " ".join(given.source.notes))

    def test_axes_in_another_order_and_gzip(self) -> None:
        values = ball()
        path = self.mask(values, "m.mrc.gz", voxel_size=self.voxel, axes=(3, 1, 2))
        np.testing.assert_array_equal(given_mask(self.prepared(mask=path)), values)

    def test_on_the_grid_of_a_cropped_map(self) -> None:
        start, box = (4, 6, 5), (26, 27, 28)
        inside = tuple(slice(s, s + n) for s, n in zip(start, box, strict=True))
        mean = self.mean()
        where: dict[str, Any] = {"voxel_size": self.voxel, "nstart": start}
        cropped = write(self.folder / "cropped.mrc", mrc_bytes(mean[inside], **where))
        values = np.zeros(WIDE, np.float32)
        values[inside] = mean[inside] > 0.2
        path = self.mask(values[inside], **where)
        entry = self.prepared(map=cropped, mask=path)
        given = entry.half_maps_record.given_mask
        assert given is not None
        self.assertRegex(given.placed, "from its grid .28 × 27 × 26 voxels.*headers' origins")
        np.testing.assert_allclose(given_mask(entry), values, atol=1e-5)

    def test_on_finer_voxels(self) -> None:
        fine: Box = (72, 78, 84)
        steps = (np.indices(fine) - (np.array(fine) // 2)[:, None, None, None]) / 2
        ball = ((steps**2).sum(0) < 36).astype(np.float32)
        size: Any = tuple(s / 2 for s in self.voxel)
        entry = self.prepared(mask=self.mask(ball, voxel_size=size))
        mask = given_mask(entry)
        centre = np.array(ndimage.center_of_mass(mask))
        np.testing.assert_allclose(centre, np.array(WIDE) // 2, atol=0.1)
        self.assertAlmostEqual(mask.sum() * 8 / ball.sum(), 1, delta=0.05)

    def test_what_is_no_mask(self) -> None:
        cases: tuple[tuple[Any, str], ...] = (
            (blob(WIDE) * 3, "no mask: its values run from .* give one that is 0 outside"),
            (ball() * 255, "no mask: its values run from 0 to 255"),
            (ball() - 1, "no mask: its values run from −?-?1 to 0"),
            (noise(1, scale=0.1) + 0.5, "no mask"),
            (np.ones(WIDE, np.float32), "constant"),
        )
        for values, words in cases:
            path = self.mask(np.clip(values, 0, 1) if words == "no mask" else values)
            self.refused(rf"mask\.mrc: .*{words}", mask=path)
        self.refused(r"gone\.mrc: there is no such file", mask=self.folder / "gone.mrc")

    def test_a_ramp_between_0_and_1_is_no_mask(self) -> None:
        ramp = np.linspace(0, 1, int(np.prod(WIDE)), dtype=np.float32).reshape(WIDE)
        self.refused("only .* of its voxels are 0 or 1", mask=self.mask(ramp))

    def test_a_mask_that_holds_nothing_of_the_molecule(self) -> None:
        values = np.zeros(WIDE, np.float32)
        values[1:6, 1:6, 1:6] = 1
        with self.assertRaisesRegex(InputError, r"mask\.mrc: nothing of the molecule lies inside"):
            self.prepared(mask=self.mask(values))
        self.assertNotIn("half_maps", Entry.at(self.out).given)

    def test_one_that_touches_the_faces(self) -> None:
        values = np.zeros(WIDE, np.float32)
        values[:, 10:30, 10:30] = 1
        warnings = self.prepared(mask=self.mask(values)).half_maps_record.warnings
        self.assertRegex(" ".join(warnings), "mask that was given reaches the faces of the box")

    def test_over_and_undershoot_of_a_filter_are_cut_off(self) -> None:
        values = ball() * np.float32(1.015) - np.float32(0.005)
        mask = given_mask(self.prepared(mask=self.mask(values)))
        self.assertEqual((mask.min(), mask.max()), (0, 1))


class TestBackground(WideTest):
    """Farther than max(10 Å, 3 d) from the molecule, in the sphere, where nothing is constant."""

    def expected(self, entry: Entry, reach: float) -> Any:
        size = entry.half_maps_record.voxel_size
        away = ndimage.distance_transform_edt(~entry.half_maps().hard, sampling=size)
        from_centre = np.indices(WIDE) - (np.array(WIDE) // 2)[:, None, None, None]
        steps = from_centre * np.array(size)[:, None, None, None]
        radius = min(n * s for n, s in zip(WIDE, size, strict=True)) / 2
        return (away > reach + 1e-4) & ((steps**2).sum(0) <= radius**2 * (1 + 1e-6))

    def test_where_it_lies(self) -> None:
        for resolution, reach in ((None, 10.0), (3.0, 10.0), (4.0, 12.0)):
            entry = self.prepared(resolution=resolution)
            record, clear = entry.half_maps_record, entry.half_maps().background
            self.assertEqual((clear.dtype, clear.shape), (np.bool_, WIDE))
            self.assertEqual(record.background_distance, reach)
            self.assertEqual(record.background.voxels, np.count_nonzero(clear))
            self.assertAlmostEqual(record.background_fraction, clear.mean())
            self.assertGreater(record.background_fraction, 0.05)
            np.testing.assert_array_equal(clear, self.expected(entry, reach))

    def test_where_a_half_is_constant_there_is_none(self) -> None:
        added = noise(1)
        added[:, :, :12] = -blob(WIDE)[:, :, :12]
        self.give(added, noise(2))
        entry = self.prepared(resolution=None)
        clear, expected = entry.half_maps().background, self.expected(entry, 10.0)
        self.assertTrue(expected[:, :, :11].any())
        self.assertFalse(clear[:, :, :11].any())
        np.testing.assert_array_equal(clear[:, :, 13:], expected[:, :, 13:])

    def test_a_crowded_box_has_none(self) -> None:
        entry = self.prepared(resolution=14.0)
        self.assertEqual(entry.half_maps_record.background_fraction, 0)
        self.assertFalse(entry.half_maps().background.any())
        facts = {fact.label: fact.value for fact in entry.half_maps_record.facts}
        self.assertRegex(facts["Background of the half maps"], "^0 % of the box")

    @settings(max_examples=20, deadline=None)
    @given(
        st.tuples(*[st.integers(6, 14)] * 3),
        st.tuples(*[st.floats(0.5, 3.0)] * 3),
        st.floats(1.0, 20.0),
        st.integers(0, 2**32 - 1),
    )
    def test_distances(
        self, shape: Box, size: tuple[float, float, float], reach: float, seed: int
    ) -> None:
        mask = np.random.default_rng(seed).random(shape) < 0.01
        found = distance_from(mask, size, reach)
        self.assertEqual(found.dtype, np.float32)
        if not mask.any():
            self.assertTrue(np.isinf(found).all())
            return
        exact = ndimage.distance_transform_edt(~mask, sampling=size)
        np.testing.assert_array_equal(np.isinf(found), exact > reach)
        near = exact <= reach
        np.testing.assert_allclose(found[near], exact[near], rtol=1e-6)

    def test_no_molecule(self) -> None:
        shape: Box = (9, 10, 11)
        empty = np.zeros(shape, bool)
        halves = (noise(1, shape), noise(2, shape))
        clear = background(distance_from(empty, (1.0,) * 3, 5), 5, halves, (1.0,) * 3)
        np.testing.assert_array_equal(clear, inscribed_sphere(empty.shape, (1.0,) * 3))

    def test_locally_constant(self) -> None:
        values = noise(4, (8, 9, 10))
        self.assertFalse(locally_constant(values).any())
        values[:4] = 2
        same = locally_constant(values)
        self.assertTrue(same[:3].all())
        self.assertFalse(same[3:].any())
        self.assertEqual(constant_fraction(values), 2 / 6)


class TestSpectra(WideTest):
    def test_they_are_the_transforms(self) -> None:
        for path in self.paths:
            path.unlink()  # only the prepared ones count, which are written first
            break
        self.give(noise(1), noise(2))
        entry = self.prepared()
        for spectrum, half in zip(entry.half_spectra(2), self.halves, strict=True):
            self.assertEqual(spectrum.dtype, np.complex64)
            expected = fft.rfftn(half)
            np.testing.assert_allclose(spectrum, expected, atol=1e-3)

    def test_they_are_computed_once(self) -> None:
        entry = self.prepared()
        with mock.patch.object(spectra, "_transformed", wraps=spectra._transformed) as computed:
            first = [np.array(one) for one in entry.half_spectra()]
            again = Entry.at(self.out).half_spectra()
            self.assertEqual(computed.call_count, 2)
        for one, kept in zip(first, again, strict=True):
            self.assertIsInstance(kept, np.memmap)
            self.assertFalse(kept.flags.writeable)
            np.testing.assert_array_equal(one, kept)

    def test_by_several_at_once(self) -> None:
        entry = self.prepared()
        found: list[Any] = []
        with mock.patch.object(spectra, "_transformed", wraps=spectra._transformed) as computed:
            threads = [
                threading.Thread(target=lambda: found.append(Entry.at(self.out).half_spectra()))
                for _ in range(4)
            ]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            self.assertEqual(computed.call_count, 2)
        expected = entry.half_spectra()
        for pair in found:
            np.testing.assert_array_equal(pair[0], expected[0])
            np.testing.assert_array_equal(pair[1], expected[1])

    def test_a_broken_one_is_made_anew(self) -> None:
        entry = self.prepared()
        expected = [np.array(one) for one in entry.half_spectra()]
        path = self.out / "half_maps" / SPECTRA / "half1.npy"
        whole = path.read_bytes()
        other = self.folder / "other.npy"
        np.save(other, np.zeros((3, 4, 5), np.complex64))
        for content in (b"", b"\x93NUMPY", whole[: len(whole) // 2], other.read_bytes(), b"x" * 99):
            path.write_bytes(content)
            for one, right in zip(Entry.at(self.out).half_spectra(), expected, strict=True):
                np.testing.assert_array_equal(one, right)
            self.assertEqual(path.read_bytes(), whole)

    def test_halves_that_were_prepared_again(self) -> None:
        self.prepared().half_spectra()
        self.give(noise(5), noise(6))
        spectrum, _ = self.prepared().half_spectra()
        np.testing.assert_allclose(spectrum, fft.rfftn(self.halves[0]), atol=1e-3)

    def test_where_nothing_can_be_kept(self) -> None:
        entry = self.prepared()
        (self.out / "half_maps" / SPECTRA).write_text("in the way")
        spectrum, _ = entry.half_spectra()
        np.testing.assert_allclose(spectrum, fft.rfftn(self.halves[0]), atol=1e-3)

    def test_they_stay_behind(self) -> None:
        self.prepared().half_spectra()
        mirror(self.out / "half_maps", self.folder / "copy")
        self.assertFalse((self.folder / "copy" / SPECTRA).exists())
        self.assertTrue((self.folder / "copy" / "half1.mrc").is_file())

    def test_powers(self) -> None:
        entry = self.prepared()
        power = half_map_power(*entry.half_spectra(), WIDE, self.voxel)
        first, second = self.halves
        for values, found in (
            (first, power.first),
            (second, power.second),
            ((first + second) / 2, power.mean),
            ((first - second) / 2, power.noise),
        ):
            frequency, expected = power_spectrum(values, self.voxel)
            np.testing.assert_allclose(power.frequency, frequency)
            np.testing.assert_allclose(found, expected, rtol=2e-3)


class TestMapOnHalves(WideTest):
    """The map of another box or voxel, on the grid of its half maps."""

    def test_the_same_grid(self) -> None:
        entry = self.prepared()
        np.testing.assert_array_equal(entry.map_on_halves(), entry.density().values)

    def test_cropped_and_padded_maps_are_copied_voxel_by_voxel(self) -> None:
        mean = self.mean()
        for start, box in (((4, 6, 5), (26, 27, 28)), ((5, 6, 7), (26, 27, 28))):
            inside = tuple(slice(s, s + n) for s, n in zip(start, box, strict=True))
            content = mrc_bytes(mean[inside], voxel_size=self.voxel, nstart=start)
            path = write(self.folder / "cropped.mrc", content)
            expected = np.zeros_like(mean)
            expected[inside] = mean[inside]
            np.testing.assert_array_equal(self.prepared(map=path).map_on_halves(), expected)
        padded = np.pad(mean, [(5, 6), (7, 4), (3, 8)])
        content = mrc_bytes(padded, voxel_size=self.voxel, nstart=(-5, -7, -3))
        path = write(self.folder / "padded.mrc", content)
        entry = self.prepared(map=path)
        np.testing.assert_array_equal(entry.map_on_halves(), mean)
        self.assertRegex(entry.half_maps_record.map_placed, "by their headers' origins; there the")

    def test_voxels_of_another_size_keep_the_waves(self) -> None:
        """A band-limited function, sampled on both grids: nothing is blurred by interpolation."""
        steps = np.indices((60, 64, 68)) - np.array((30, 32, 34))[:, None, None, None]
        fine: Any = (0.8, 0.75, 0.7)

        def wavy(places: Any, size: Any) -> Volume:
            z, y, x = places * np.array(size)[:, None, None, None]
            around = np.exp(-(z**2 + y**2 + x**2) / (2 * 5.0**2))
            waves: Volume = around * (1 + np.cos(2 * np.pi * z / 6) + np.cos(2 * np.pi * x / 5))
            return waves.astype(np.float32)

        whole = Density(wavy(steps, fine), fine)
        box: Box = (30, 32, 34)
        coarse: Any = (1.6, 1.5, 1.4)
        places = np.indices(box) - np.array(box)[:, None, None, None] // 2
        found = resampled_onto(whole, box, coarse, (0.0, 0.0, 0.0))
        np.testing.assert_allclose(found, wavy(places, coarse), atol=2e-3)

    @settings(max_examples=15, deadline=None)
    @given(st.tuples(*[st.floats(-1.0, 1.0)] * 3))
    def test_parts_of_a_voxel(self, shift: tuple[float, float, float]) -> None:
        box: Box = (25, 28, 31)
        size: Any = (1.2, 1.2, 1.2)

        def ball(moved: Any) -> Volume:
            steps = np.indices(box) - (np.array(box) // 2 - np.array(moved))[:, None, None, None]
            return np.exp(-(steps**2).sum(0) / 8).astype(np.float32)

        offset: Any = tuple(1.2 * s for s in shift)
        found = resampled_onto(Density(ball((0, 0, 0)), size), box, size, offset)
        inner = (slice(2, -2),) * 3
        np.testing.assert_allclose(found[inner], ball(shift)[inner], atol=2e-2)


class TestLook(WideTest):
    def test_figures_and_words(self) -> None:
        """With and without a mask; in the same slices, whichever half comes first."""
        mask = write(self.folder / "mask.mrc", mrc_bytes(ball(), voxel_size=self.voxel))
        keys = ["half1_slices", "half2_slices", "difference_slices", "half_maps_mask"]
        swapped = {"half1": self.paths[1], "half2": self.paths[0]}
        places = set()
        for changes, figures in ((swapped, keys), ({"mask": mask}, [*keys, "given_mask"])):
            result = run_check(LOOK, self.prepared(**changes), self.folder / "look")
            self.assertEqual((result.outcome, result.reason), (Outcome.SHOWN, ""))
            self.assertEqual([one.key for one in result.figures], [*figures, "half_spectra"])
            for figure in result.figures[:3]:
                self.assertRegex(figure.caption, r": X slice \d+, Y slice \d+, Z slice \d+\.")
                places.add(figure.caption.split(":")[1])
        self.assertEqual(len(places), 1)


class TestLowPass(unittest.TestCase):
    def test_the_amplitude_is_halved_at_the_resolution(self) -> None:
        size = (1.0, 1.2, 1.5)
        z = np.arange(90)[:, None, None]
        wave = np.cos(2 * np.pi * z / 15).astype(np.float32) * np.ones((90, 20, 20), np.float32)
        inner = (slice(30, 60), 10, 10)
        passed = low_passed(wave, size, 15.0)
        np.testing.assert_allclose(passed[inner], wave[inner] / 2, atol=5e-3)


class TestFilament(HalfMapsTest):
    def test_a_mask_that_runs_through_the_box_is_said_to(self) -> None:
        z, y, x = np.indices((40, 44, 46)) - np.array((20, 22, 23))[:, None, None, None]
        rod = np.exp(-(y**2 + x**2) / 18) * (1 + 0.2 * np.cos(2 * np.pi * z / 10))
        self.path = write(self.folder / "map.mrc", mrc_bytes(rod.astype(np.float32)))
        self.give(rod)
        record = self.record(contour=0.4)
        self.assertTrue(record.soft_mask_touches_faces)
        self.assertRegex(" ".join(record.warnings), "reaches the faces of their box")
        np.testing.assert_array_equal(
            Entry.at(self.out).half_maps().hard, hard_mask(rod.astype(np.float32), 0.4, (1.0,) * 3)
        )
        with mrcfile.open(self.out / "half_maps" / record.background.file) as mrc:
            self.assertFalse(mrc.data[20, 22, 23])


if __name__ == "__main__":
    unittest.main()
