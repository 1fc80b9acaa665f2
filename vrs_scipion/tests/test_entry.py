"""Preparing the inputs: what is refused, what is warned of, what is written."""

from __future__ import annotations

import json
import tempfile
import unittest
from pathlib import Path

import mrcfile
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from vrs_scipion.entry.entry import Entry
from vrs_scipion.entry.inputs import inspect, prepare
from vrs_scipion.entry.prepare_half_maps import prepare_half_maps
from vrs_scipion.entry.prepare_map import prepare_map
from vrs_scipion.entry.record_half_maps import HalfMapsRecord
from vrs_scipion.entry.request import Request, Value
from vrs_scipion.entry.upgrade import OLD_RECORD_FILE
from vrs_scipion.files import InputError
from vrs_scipion.folders import RECORD_FILE
from vrs_scipion.maps.density import Mask, Volume
from vrs_scipion.maps.masks import hard_mask, touches_a_face
from vrs_scipion.results import InputUsed
from vrs_scipion.tests.mrc_files import mrc_bytes, write

Box = tuple[int, int, int]


def blob(shape: Box = (30, 32, 34)) -> np.ndarray:
    """A Gaussian blob of height 1 in the middle of faint noise."""
    steps = np.indices(shape) - (np.array(shape) // 2)[:, None, None, None]
    noise = np.random.default_rng(7).normal(scale=0.01, size=shape)
    return (np.exp(-(steps**2).sum(0) / 18) + noise).astype(np.float32)


def half(seed: int) -> np.ndarray:
    """The blob in noise of its own."""
    noise = np.random.default_rng(seed).normal(scale=0.02, size=blob().shape)
    return (blob() + noise).astype(np.float32)


class EntryTest(unittest.TestCase):
    def setUp(self) -> None:
        kept = tempfile.TemporaryDirectory()
        self.addCleanup(kept.cleanup)
        self.folder = Path(kept.name)
        self.out = self.folder / "entry"
        self.path = write(self.folder / "map.mrc", mrc_bytes(blob()))

    def request(self, **changes: Value | None) -> Request:
        return Request.of(map=self.path, contour=0.3, resolution=4.0).having(**changes)

    def refused(self, pattern: str, **changes: Value | None) -> None:
        with self.assertRaisesRegex(InputError, pattern):
            prepare(self.request(**changes), self.out)
        self.assertFalse(self.out.exists())


class TestPrepare(EntryTest):
    def test_everything_is_written_and_comes_back(self) -> None:
        inspected = inspect(self.request(title="A <blob> & more"))
        self.assertEqual(list(inspected), ["map"])
        record = prepare_map(inspected["map"], Entry({}), self.out / "map")
        entry = Entry.at(self.out)
        self.assertEqual(entry.map, record)
        self.assertEqual(entry.given, ("map",))
        self.assertEqual(entry.title, "A <blob> & more")
        self.assertEqual(entry.box, (30, 32, 34))
        self.assertEqual(entry.map.voxel_size_from, "file header")
        given = {"map": "map.mrc", "contour": 0.3, "resolution": 4.0, "title": "A <blob> & more"}
        self.assertEqual(entry.map.given, given)
        np.testing.assert_array_equal(entry.density().values, blob())
        expected = hard_mask(blob(), 0.3, (1.0,) * 3)
        np.testing.assert_array_equal(entry.hard_mask(), expected)
        self.assertEqual(entry.map.hard_mask.voxels, expected.sum())
        self.assertEqual(entry.map.raw_mask_voxels, (blob() >= np.float32(0.3)).sum())
        soft = entry.soft_mask()
        self.assertTrue(soft.min() >= 0 and soft.max() <= 1)
        self.assertAlmostEqual(entry.map.mean, float(blob().mean(dtype=np.float64)), places=8)

    def test_resized_to_half_the_resolution(self) -> None:
        entry = prepare(self.request(), self.out)
        resized = entry.map.resized
        assert resized is not None
        self.assertEqual(resized.voxel_size, (2.0, 2.0, 2.0))
        self.assertEqual(resized.box, (16, 16, 18))
        with mrcfile.open(self.out / "map" / resized.file) as mrc:
            self.assertEqual(mrc.data.shape, resized.box)
            self.assertEqual(float(mrc.voxel_size.x), 2.0)
        assert resized.hard_mask is not None
        self.assertGreater(resized.hard_mask.voxels, 0)
        density, mask = entry.resized(), entry.resized_hard_mask()
        assert density is not None
        assert mask is not None
        self.assertEqual((density.box, density.voxel_size), (resized.box, resized.voxel_size))
        self.assertEqual(mask.sum(), resized.hard_mask.voxels)

    def test_no_resolution_means_no_resized_map(self) -> None:
        entry = prepare(self.request(resolution=None), self.out)
        self.assertIsNone(entry.map.resized)
        self.assertIsNone(entry.resized())
        self.assertIsNone(entry.resized_hard_mask())

    def test_written_files_pass_the_format_validator(self) -> None:
        entry = prepare(self.request(**self.halves()), self.out)
        for path in (
            entry.map_path,
            entry.hard_mask_path,
            *(entry.path("map", volume.file) for volume in entry.map.volumes),
            *(entry.path("half_maps", volume.file) for volume in entry.half_maps_record.volumes),
        ):
            self.assertTrue(mrcfile.validate(path), path)

    def halves(self) -> dict[str, Path]:
        return {f"half{i}": write(self.folder / f"half{i}.mrc", mrc_bytes(half(i))) for i in (1, 2)}

    def test_half_maps_are_prepared_beside_the_map(self) -> None:
        entry = prepare(self.request(**self.halves()), self.out)
        halves = entry.half_maps_record.halves
        self.assertEqual([half.source.name for half in halves], ["half1.mrc", "half2.mrc"])
        self.assertTrue(all((self.out / "half_maps" / half.file).exists() for half in halves))
        np.testing.assert_array_equal(entry.half_maps().second.values, half(2))

    def test_the_input_is_left_alone(self) -> None:
        before = self.path.read_bytes()
        prepare(self.request(), self.out)
        self.assertEqual(self.path.read_bytes(), before)

    def test_given_voxel_size(self) -> None:
        entry = prepare(self.request(voxel=2.5, resolution=None), self.out)
        self.assertEqual(entry.voxel_size, (2.5, 2.5, 2.5))
        self.assertEqual(entry.map.voxel_size_from, "given by the user")
        self.assertIn("differs from the header", entry.map.source.notes[0])

    def test_what_version_0_1_0_prepared(self) -> None:
        record = prepare(self.request(title="A blob"), self.out).map
        old = json.loads((self.out / "map" / RECORD_FILE).read_text())
        del old["given"]
        old |= {"schema": "vrs-entry/1", "half_maps": [], "half_map_files": []}
        (self.out / "map" / RECORD_FILE).unlink()
        (self.out / "map" / OLD_RECORD_FILE).write_text(json.dumps(old))
        entry = Entry.at(self.out / "map")
        self.assertTrue(entry.is_old)
        self.assertEqual(entry.given, ("map",))
        self.assertEqual(entry.map, record)
        np.testing.assert_array_equal(entry.density().values, blob())


class TestRefused(EntryTest):
    def test_contour_above_the_maximum_names_the_maximum(self) -> None:
        self.refused(rf"maximum is {float(blob().max()):.6g}", contour=5.0)

    def test_contour_below_everything(self) -> None:
        self.refused("all six faces of the box", contour=-1.0)

    def test_senseless_numbers(self) -> None:
        self.refused("contour level of nan", contour=float("nan"))
        self.refused("resolution of -3", resolution=-3.0)
        self.refused("voxel size of 0", voxel=0.0)

    def test_what_is_required(self) -> None:
        self.refused("give the map's file", map=None)
        self.refused(r"give the recommended contour level \(--contour\)", contour=None)


class TestWarned(EntryTest):
    def warned(self, pattern: str, **changes: Value | None) -> None:
        self.assertRegex(" ".join(inspect(self.request(**changes))["map"].warnings), pattern)

    def test_a_sound_map_has_no_warning(self) -> None:
        self.assertEqual(inspect(self.request())["map"].warnings, ())

    def test_inverted(self) -> None:
        self.path = write(self.folder / "inverted.mrc", mrc_bytes(0.2 - blob()))
        self.warned("probably inverted", contour=0.22)

    def test_beyond_nyquist(self) -> None:
        self.warned("beyond the map's Nyquist limit of 2 Å", resolution=1.5)

    def test_crowded(self) -> None:
        values = np.zeros((20, 20, 20), np.float32)
        values[1:19, 1:19, 1:19] = 1
        self.path = write(self.folder / "crowded.mrc", mrc_bytes(values))
        self.warned("fills 100% of the box", contour=0.5)

    def test_resolution_too_coarse_for_the_box(self) -> None:
        entry = prepare(self.request(resolution=15.0), self.out)
        self.assertIsNone(entry.map.resized)
        self.assertIn("is the resolution right", entry.map.warnings[0])


class HalfMapsTest(EntryTest):
    """Half maps beside a map, whatever their grid is."""

    def setUp(self) -> None:
        super().setUp()
        self.give()

    def give(
        self,
        density: np.ndarray | None = None,
        voxels: tuple[float, float] = (1.0, 1.0),
        **header: object,
    ) -> None:
        """Write two half maps of ``density``, of opposite noise and ``voxels`` Å each."""
        density = blob() if density is None else density
        noise = np.random.default_rng(5).normal(scale=0.1, size=density.shape)
        self.paths = [
            write(
                self.folder / f"half{i}.mrc",
                mrc_bytes(density + sign * noise, voxel_size=(voxel,) * 3, header=header),
            )
            for i, sign, voxel in zip((1, 2), (1, -1), voxels, strict=True)
        ]

    def request(self, **changes: Value | None) -> Request:
        both = {"half1": self.paths[0], "half2": self.paths[1]}
        return super().request(**{**both, **changes})

    def record(self, **changes: Value | None) -> HalfMapsRecord:
        return prepare(self.request(**changes), self.out).half_maps_record


class TestHalfMaps(HalfMapsTest):
    def test_everything_is_written_and_comes_back(self) -> None:
        inspected = inspect(self.request())
        self.assertEqual(list(inspected), ["map", "half_maps"])
        prepare_map(inspected["map"], Entry({}), self.out / "map")
        record = prepare_half_maps(
            inspected["half_maps"], Entry.at(self.out), self.out / "half_maps"
        )
        entry = Entry.at(self.out)
        self.assertEqual(entry.given, ("map", "half_maps"))
        self.assertEqual(entry.half_maps_record, record)
        self.assertEqual(record.given, {"half1": "half1.mrc", "half2": "half2.mrc"})
        self.assertEqual((record.box, record.voxel_size), ((30, 32, 34), (1.0,) * 3))
        self.assertEqual(record.voxel_size_from, "file header")
        self.assertEqual(record.map_placed, "")
        halves = entry.half_maps()
        for half, path, known in zip(
            (halves.first, halves.second), self.paths, record.halves, strict=True
        ):
            with mrcfile.open(path) as mrc:
                np.testing.assert_array_equal(half.values, mrc.data)
            self.assertEqual(known.source.notes, ())
            self.assertEqual(known.minimum, half.values.min())
            self.assertEqual(known.maximum, half.values.max())
            self.assertAlmostEqual(known.mean, half.values.mean(dtype=np.float64), places=8)
            self.assertAlmostEqual(
                known.standard_deviation, half.values.std(dtype=np.float64), places=8
            )
        self.assertEqual((halves.mask.dtype, halves.mask.shape), (np.float32, (30, 32, 34)))
        self.assertAlmostEqual(record.soft_mask.voxels, halves.mask.sum(dtype=np.float64), places=6)
        self.assertEqual(record.hard_mask.voxels, entry.map.hard_mask.voxels)
        self.assertEqual([v.key for v in record.volumes], ["half1", "half2", "half_maps_mask"])

    def test_the_map_is_the_same_with_and_without_them(self) -> None:
        alone = prepare(self.request(half1=None, half2=None), self.folder / "alone")
        self.assertEqual(prepare(self.request(), self.out).map, alone.map)
        self.assertEqual(alone.given, ("map",))
        with self.assertRaisesRegex(FileNotFoundError, "no prepared input 'half_maps'"):
            alone.half_maps()

    def test_the_mask_is_one_around_the_molecule_and_falls_to_nothing(self) -> None:
        self.path = write(self.folder / "map.mrc", mrc_bytes(blob(), voxel_size=(1.4,) * 3))
        self.give(voxels=(1.4, 1.4))
        for resolution, dilation in ((None, 4.0), (3.0, 4.0), (7.0, 7.0)):
            with self.subTest(resolution=resolution):
                entry = prepare(self.request(resolution=resolution), self.out)
                record, mask = entry.half_maps_record, entry.half_maps().mask
                self.assertEqual(record.soft_mask_dilation, dilation)
                self.assertAlmostEqual(record.soft_mask_edge, 5 * 1.4)
                away = ndimage.distance_transform_edt(~entry.hard_mask(), sampling=1.4)
                np.testing.assert_array_equal(mask[away <= dilation], 1)
                np.testing.assert_array_equal(mask[away >= dilation + 7.0 + 1e-6], 0)
                edge = (away > dilation) & (away < dilation + 7.0)
                falling = np.cos(np.pi / 2 * (away[edge] - dilation) / 7.0) ** 2
                np.testing.assert_allclose(mask[edge], falling, atol=1e-6)

    def test_a_mask_that_touches_the_faces_is_warned_of(self) -> None:
        for contour, touches in ((0.9, False), (0.3, True)):
            with self.subTest(contour=contour):
                record = self.record(contour=contour)
                self.assertIs(record.soft_mask_touches_faces, touches)
                self.assertEqual(len(record.warnings), touches)
                for warning in record.warnings:
                    self.assertIn("reaches the faces of their box", warning)

    def test_what_touches_a_face(self) -> None:
        mask = np.zeros((6, 7, 8), np.float32)
        mask[1:-1, 1:-1, 1:-1] = 1
        self.assertFalse(touches_a_face(mask))
        for axis in range(3):
            for plane in (0, -1):
                where = [3, 3, 3]
                where[axis] = plane
                touching = mask.copy()
                touching[tuple(where)] = 1e-6
                self.assertTrue(touches_a_face(touching), where)

    def test_where_nothing_was_measured(self) -> None:
        values = blob()
        values[:10] = 0
        path = write(self.folder / "sphered.mrc", mrc_bytes(values))
        first, second = self.record(half2=path).halves
        self.assertEqual(first.constant_fraction, 0)
        # of the planes 1 to 28, those from 1 to 8 have neighbours of zero alone
        self.assertAlmostEqual(second.constant_fraction, 8 / 28)


class TestHalfMapsRefused(HalfMapsTest):
    def test_one_half_only(self) -> None:
        words = r"one half map was given; give both \(--half1, --half2\)"
        self.refused(rf"half1\.mrc: {words}", half2=None)
        self.refused(rf"half2\.mrc: {words}", half1=None)

    def test_without_the_map_and_a_contour(self) -> None:
        with self.assertRaisesRegex(InputError, r"mean of .*: give the recommended contour level"):
            prepare(Request.of(half1=self.paths[0], half2=self.paths[1]), self.out)
        self.assertFalse(self.out.exists())

    def test_the_same_path_twice(self) -> None:
        link = self.folder / "link.mrc"
        link.symlink_to(self.paths[0])
        for path in (self.paths[0], link, self.folder / "." / ".." / self.folder.name / link.name):
            self.refused("the same file was given for both half maps", half2=path)

    def test_the_map_itself(self) -> None:
        link = self.folder / "link.mrc"
        link.symlink_to(self.path)
        for path in (self.path, link):
            for key in ("half1", "half2"):
                self.refused(rf"{path.name}: the map itself was given", **{key: path})

    def test_boxes_that_differ(self) -> None:
        longer = write(self.folder / "longer.mrc", mrc_bytes(blob((31, 32, 34))))
        words = r"half map's box 34 × 32 × 31 differs from that of the other one, 34 × 32 × 30"
        self.refused(rf"longer\.mrc: the {words}", half2=longer)
        words = r"half map's box 34 × 32 × 30 differs from that of the other one, 34 × 32 × 31"
        self.refused(rf"half2\.mrc: the {words}", half1=longer)

    def test_voxel_sizes_that_differ_by_more_than_a_thousandth(self) -> None:
        for factor in (1.0013, 0.9987, 1.5):
            for axis in range(3):
                voxel = [1.3, 1.3, 1.3]
                voxel[axis] *= factor
                content = mrc_bytes(blob((36, 36, 36)), voxel_size=tuple(voxel))  # type: ignore[arg-type]
                other = write(self.folder / "other.mrc", content)
                self.give(blob((36, 36, 36)), (1.3, 1.3))
                words = "the half map's voxels of .* differ from those of the other one, 1.3"
                self.refused(rf"other\.mrc: {words}", half2=other)

    def test_voxel_sizes_that_differ_by_less(self) -> None:
        for factor in (1.0008, 0.9992):
            self.give(blob((36, 36, 36)), (1.3, 1.3 * factor))
            self.assertEqual(self.record().voxel_size, (1.3,) * 3)

    def test_values_that_are_none(self) -> None:
        for key in ("half1", "half2"):
            values = blob()
            values[3, 4, 5] = np.nan
            path = write(self.folder / "spoilt.mrc", mrc_bytes(values))
            self.refused(r"spoilt\.mrc: 1 NaN of its 32,640 values", **{key: path})
            path = write(self.folder / "flat.mrc", mrc_bytes(np.full_like(blob(), 0.25)))
            self.refused(r"flat\.mrc: it is constant: every voxel is 0\.25", **{key: path})

    def test_files_that_are_not_there(self) -> None:
        for key in ("half1", "half2"):
            self.refused(r"gone\.mrc: there is no such file", **{key: self.folder / "gone.mrc"})

    def test_half_maps_beside_the_molecule(self) -> None:
        values = np.zeros((48, 48, 48), np.float32)
        values[2:6, 2:6, 2:6] = 1
        self.path = write(self.folder / "corner.mrc", mrc_bytes(values))
        self.give(blob((12, 12, 12)), origin=(18, 18, 18))
        with self.assertRaisesRegex(InputError, "mask lies outside of the half maps"):
            prepare(self.request(contour=0.5), self.out)
        self.assertNotIn("half_maps", Entry.at(self.out).given)


class TestVoxelSizeOfHalfMaps(HalfMapsTest):
    """Refinements leave 0 or 1 Å in the headers of half maps."""

    def give_map(self, voxel: tuple[float, float, float]) -> None:
        self.path = write(self.folder / "map.mrc", mrc_bytes(blob(), voxel_size=voxel))

    def assert_taken_from_the_map(self, record: HalfMapsRecord, words: str) -> None:
        self.assertEqual(record.voxel_size_from, "that of the map")
        for half in record.halves:
            self.assertIn(f"The voxel size was taken from the map: {words}.", half.source.notes)
            with mrcfile.open(self.out / "half_maps" / half.file) as mrc:
                written = [float(mrc.voxel_size[axis]) for axis in "zyx"]
            np.testing.assert_allclose(written, record.voxel_size, rtol=1e-6)

    def test_a_header_that_says_nothing(self) -> None:
        for voxel, words in (
            ((1.4, 1.4, 1.4), "1.4\u00a0Å"),
            ((1.4, 1.2, 1.3), "1.3 × 1.2 × 1.4\u00a0Å (x × y × z)"),
        ):
            for said in (0.0, 1.0):
                with self.subTest(voxel=voxel, said=said):
                    self.give_map(voxel)
                    self.give(voxels=(said, said))
                    record = self.record()
                    self.assertEqual(record.voxel_size, voxel)
                    self.assert_taken_from_the_map(record, words)
                    self.assertNotRegex(" ".join(record.warnings), "one of the two wrong")

    def test_only_one_of_them_says_nothing(self) -> None:
        self.give_map((1.4,) * 3)
        for voxels in ((1.0, 1.4), (1.4, 0.0)):
            self.give(voxels=voxels)
            record = self.record()
            self.assertEqual(record.voxel_size, (1.4,) * 3)
            noted = [bool(half.source.notes) for half in record.halves]
            self.assertEqual(noted, [voxel != 1.4 for voxel in voxels])

    def test_a_map_whose_own_header_was_put_right(self) -> None:
        self.give_map((2.1,) * 3)
        self.give(voxels=(2.1, 2.1))
        record = self.record(voxel=1.4)
        self.assertEqual(record.voxel_size, (1.4,) * 3)
        self.assert_taken_from_the_map(record, "1.4\u00a0Å")

    def test_a_header_that_says_what_the_map_does(self) -> None:
        for voxel in (1.0, 1.4):
            self.give_map((voxel,) * 3)
            self.give(voxels=(voxel, voxel))
            record = self.record()
            self.assertEqual(record.voxel_size_from, "file header")
            self.assertEqual([half.source.notes for half in record.halves], [(), ()])

    def test_a_header_that_says_something_else_is_believed_and_warned_of(self) -> None:
        self.give_map((1.4,) * 3)
        self.give(voxels=(1.2, 1.2))
        record = self.record()
        self.assertEqual(record.voxel_size, (1.2,) * 3)
        self.assertEqual(record.voxel_size_from, "file header")
        self.assertRegex(record.warnings[0], "voxels of 1.2.Å where the map has 1.4.Å: is one of")

    def test_another_box_has_its_own_voxel_size(self) -> None:
        self.give_map((1.4,) * 3)
        self.give(blob((40, 40, 40)))
        self.assertEqual(self.record().voxel_size, (1.0,) * 3)
        self.give(blob((40, 40, 40)), (0.0, 0.0))
        with self.assertRaisesRegex(InputError, r"half1\.mrc: its header gives no voxel size"):
            self.record()


LARGER = (50, 54, 52)
SMALLER = (30, 32, 34)


class TestMaskOnTheGridOfHalfMaps(HalfMapsTest):
    """Half maps in another box than the map, which was cropped or resampled."""

    def crop(self, start: tuple[int, int, int], **dialect: object) -> Mask:
        """A map that begins at voxel ``start`` of its half maps, and its mask on their grid."""
        whole = blob(LARGER)
        inside = tuple(slice(s, s + n) for s, n in zip(start, SMALLER, strict=True))
        content = mrc_bytes(whole[inside], voxel_size=(1.2,) * 3, **dialect)  # type: ignore[arg-type]
        self.path = write(self.folder / "map.mrc", content)
        self.give(whole, (1.2, 1.2))
        mask = np.zeros(LARGER, bool)
        mask[inside] = hard_mask(whole[inside], 0.3, (1.2,) * 3)
        return mask

    def placed(self, pattern: str, mask: Mask) -> None:
        entry = prepare(self.request(), self.out)
        record = entry.half_maps_record
        self.assertRegex(record.map_placed, pattern)
        self.assertIn("34 × 32 × 30 voxels of 1.2\u00a0Å", record.map_placed)
        self.assertIn("the map's, brought to their grid", record.hard_mask.description)
        self.assertEqual(record.box, LARGER)
        with mrcfile.open(entry.path("half_maps", record.hard_mask.file)) as mrc:
            np.testing.assert_array_equal(mrc.data > 0, mask)
        self.assertEqual(record.hard_mask.voxels, mask.sum())
        soft = entry.half_maps().mask
        np.testing.assert_array_equal(soft[mask], 1)
        away = ndimage.distance_transform_edt(~mask, sampling=1.2)
        np.testing.assert_array_equal(soft[away >= 10 + 1e-6], 0)

    def test_by_the_centre(self) -> None:
        # voxel N/2 of the one is voxel N/2 of the other
        mask = self.crop((10, 11, 9))
        np.testing.assert_array_equal(mask, hard_mask(blob(LARGER), 0.3, (1.2,) * 3))
        self.placed("by the centres of their boxes; .* of its halves by 0", mask)
        self.assertEqual(self.record().warnings, ())

    def test_by_the_centre_where_the_header_is_of_another_place(self) -> None:
        self.placed("by the centres", self.crop((10, 11, 9), nstart=(3, 2, 1)))

    @settings(max_examples=10, deadline=None)
    @given(
        st.tuples(*[st.integers(3, 17)] * 3).filter(lambda start: start != (10, 11, 9)),
        st.booleans(),
    )
    def test_by_the_headers(self, start: tuple[int, int, int], by_origin: bool) -> None:
        z, y, x = start
        origin = (1.2 * x, 1.2 * y, 1.2 * z)
        where = {"header": {"origin": origin}} if by_origin else {"nstart": start}
        self.placed("by their headers' origins", self.crop(start, **where))

    def test_voxels_of_another_size(self) -> None:
        volume = hard_mask(blob(), 0.3, (1.0,) * 3).sum()
        for voxel, box in ((0.75, (57, 61, 58)), (1.5, (35, 30, 33))):
            with self.subTest(voxel=voxel):
                self.give(_wide_blob(box, voxel), (voxel, voxel))
                entry = prepare(self.request(), self.out)
                record = entry.half_maps_record
                self.assertIn("34 × 32 × 30 voxels of 1\u00a0Å", record.map_placed)
                with mrcfile.open(entry.path("half_maps", record.hard_mask.file)) as mrc:
                    mask = mrc.data > 0
                self.assertAlmostEqual(mask.sum() * voxel**3 / volume, 1, delta=0.05)
                centre = np.array(ndimage.center_of_mass(mask))
                np.testing.assert_allclose(centre, np.array(box) // 2, atol=0.1)


def _wide_blob(box: Box, voxel: float) -> Volume:
    """The blob without its noise, on voxels of another size."""
    steps = (np.indices(box) - (np.array(box) // 2)[:, None, None, None]) * voxel
    return np.exp(-(steps**2).sum(0) / 18).astype(np.float32)


class TestUsed(HalfMapsTest):
    """What results say of the inputs that they were computed from."""

    def used(self, **changes: Value | None) -> dict[str, InputUsed]:
        entry = prepare(self.request(**changes), self.out)
        used = entry.used(("map", "half_maps"))
        self.assertEqual(Entry.at(self.out).used(("map", "half_maps")), used)
        return used

    def test_files_are_known_by_their_content(self) -> None:
        before = self.used()
        self.assertEqual([len(one.sha256) for one in before.values()], [1, 2])
        self.assertEqual(self.used(), before)
        renamed = self.path.rename(self.folder / "renamed.mrc")
        self.assertEqual(self.used(map=renamed), before)

    def test_what_changes_nothing(self) -> None:
        before = self.used()
        self.assertEqual(self.used(title="Another title"), before)
        self.assertEqual(self.used(voxel=1.0), before)

    def test_what_was_asked_for(self) -> None:
        before = self.used()["map"]
        changes: tuple[dict[str, Value | None], ...] = (
            {"contour": 0.300001},
            {"contour": 0.31},
            {"resolution": 4.01},
            {"resolution": None},
            {"voxel": 1.1},
        )
        found = [self.used(**change)["map"] for change in changes]
        self.assertEqual({one.sha256 for one in found}, {before.sha256})
        self.assertEqual(len({before.prepared, *(one.prepared for one in found)}), 6)

    def test_the_voxel_size_of_the_half_maps(self) -> None:
        before, after = self.used()["half_maps"], self.used(voxel=1.1)["half_maps"]
        self.assertEqual(after.sha256, before.sha256)
        self.assertNotEqual(after.prepared, before.prepared)

    def test_another_map(self) -> None:
        before = self.used()
        write(self.path, mrc_bytes(blob() * np.float32(1.001)))
        after = self.used()
        self.assertNotEqual(after["map"].sha256, before["map"].sha256)
        self.assertNotEqual(after["map"].prepared, before["map"].prepared)
        self.assertEqual(after["half_maps"], before["half_maps"])

    def test_other_half_maps(self) -> None:
        before = self.used()
        changed = write(self.folder / "changed.mrc", mrc_bytes(half(3)))
        for changes in (
            {"half1": changed},
            {"half2": changed},
            {"half1": self.paths[1], "half2": self.paths[0]},
        ):
            after = self.used(**changes)
            self.assertNotEqual(after["half_maps"].sha256, before["half_maps"].sha256)
            self.assertNotEqual(after["half_maps"].prepared, before["half_maps"].prepared)
            self.assertEqual(after["map"], before["map"])

    def test_only_what_is_there(self) -> None:
        entry = prepare(self.request(half1=None, half2=None), self.out / "alone")
        self.assertEqual(list(entry.used(("map", "half_maps"))), ["map"])
        self.assertEqual(entry.used(()), {})


if __name__ == "__main__":
    unittest.main()
