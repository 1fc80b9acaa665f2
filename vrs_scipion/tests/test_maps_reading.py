"""The reader, against files written byte by byte in every dialect."""

from __future__ import annotations

import hashlib
import itertools
import os
import tempfile
import unittest
from pathlib import Path
from unittest import mock

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from vrs_scipion.files import InputError, sha256, written_whole
from vrs_scipion.maps.reading import is_plain_volume, read_density
from vrs_scipion.maps.writing import write_volume
from vrs_scipion.tests.mrc_files import MODES, mrc_bytes, ramp, write


class FolderTest(unittest.TestCase):
    """A test with a folder of its own."""

    def setUp(self) -> None:
        kept = tempfile.TemporaryDirectory()
        self.addCleanup(kept.cleanup)
        self.folder = Path(kept.name)

    def file(self, content: bytes, name: str = "map.mrc") -> Path:
        return write(self.folder / name, content)

    def refused(self, path: Path, pattern: str) -> None:
        with self.assertRaisesRegex(InputError, pattern) as caught:
            read_density(path)
        self.assertTrue(str(caught.exception).startswith(path.name))
        self.assertNotIn("\n", str(caught.exception))


class TestDialects(FolderTest):
    def test_modes_and_byte_orders(self) -> None:
        for mode, order in itertools.product(MODES, "<>"):
            with self.subTest(mode=mode, order=order):
                density = read_density(self.file(mrc_bytes(ramp(), mode=mode, order=order)))
                np.testing.assert_array_equal(density.values, ramp())
                self.assertEqual(density.values.dtype, np.float32)

    def test_byte_order_is_found_where_the_machine_stamp_lies(self) -> None:
        content = mrc_bytes(ramp(), order=">", header={"machst": (0x44, 0x44, 0, 0)})
        np.testing.assert_array_equal(read_density(self.file(content)).values, ramp())

    def test_all_six_axis_orders(self) -> None:
        for axes in itertools.permutations((1, 2, 3)):
            with self.subTest(axes=axes):
                density = read_density(
                    self.file(
                        mrc_bytes(
                            ramp(), axes=axes, voxel_size=(3.0, 2.0, 1.0), nstart=(-3, -2, -1)
                        )
                    )
                )
                np.testing.assert_array_equal(density.values, ramp())
                self.assertEqual(density.voxel_size, (3.0, 2.0, 1.0))
                self.assertEqual(density.nstart, (-3, -2, -1))
                self.assertEqual(
                    bool(density.notes) and "order" in density.notes[0], axes != (1, 2, 3)
                )

    def test_axis_order_by_hand(self) -> None:
        """One voxel at x=7, y=5, z=2; columns along z, rows along x, sections along y."""
        content = bytearray(mrc_bytes(np.zeros((8, 9, 10)), axes=(3, 1, 2)))
        columns, rows = 8, 10
        place = 1024 + 4 * ((5 * rows + 7) * columns + 2)
        content[place : place + 4] = np.float32(1).tobytes()
        values = read_density(self.file(bytes(content))).values
        self.assertEqual(np.argwhere(values).tolist(), [[2, 5, 7]])

    def test_gzip_is_known_by_content(self) -> None:
        packed = self.file(mrc_bytes(ramp()), "map.mrc.gz")
        renamed = packed.rename(self.folder / "renamed.mrc")
        np.testing.assert_array_equal(read_density(renamed).values, ramp())

    def test_extended_header_is_skipped(self) -> None:
        content = mrc_bytes(ramp(), extended=b"x" * 320)
        np.testing.assert_array_equal(read_density(self.file(content)).values, ramp())

    def test_ispg_0_is_a_volume(self) -> None:
        content = mrc_bytes(ramp(), header={"ispg": 0})
        self.assertEqual(read_density(self.file(content)).box, (8, 9, 10))

    def test_first_volume_of_a_stack(self) -> None:
        stack = np.concatenate([ramp(), ramp() + 1])
        content = mrc_bytes(stack, header={"ispg": 401, "mz": 8, "cella": (10.0, 9.0, 8.0)})
        density = read_density(self.file(content))
        np.testing.assert_array_equal(density.values, ramp())
        self.assertEqual(density.voxel_size, (1.0, 1.0, 1.0))
        self.assertIn("stack of 2 volumes", density.notes[0])

    def test_unsigned_bytes_of_imod(self) -> None:
        values = ramp() * 2
        content = bytearray(mrc_bytes(ramp(), mode=0))
        content[1024:] = values.astype(np.uint8).tobytes()
        content[152:160] = np.array([1146047817, 0], "<i4").tobytes()
        np.testing.assert_array_equal(read_density(self.file(bytes(content))).values, values)

    def test_unsigned_bytes_by_the_header_statistics(self) -> None:
        values = ramp() * 2
        content = bytearray(mrc_bytes(ramp(), mode=0, header={"dmin": 0, "dmax": 200}))
        content[1024:] = values.astype(np.uint8).tobytes()
        np.testing.assert_array_equal(read_density(self.file(bytes(content))).values, values)

    def test_sampling_that_contradicts_the_values_is_noted(self) -> None:
        content = mrc_bytes(
            ramp(), header={"mx": 9, "my": 10, "cella": (9 * 1.5, 10 * 1.5, 8 * 1.5)}
        )
        density = read_density(self.file(content))
        self.assertEqual(density.voxel_size, (1.5, 1.5, 1.5))
        self.assertIn("contradicts", density.notes[0])

    def test_a_range_that_contradicts_the_values_is_noted(self) -> None:
        for lowest, highest, noted in ((0, 100, 0), (0, 90, 1), (1, 0, 0), (0, 0, 0), (-9, 100, 1)):
            with self.subTest(lowest=lowest, highest=highest):
                content = mrc_bytes(ramp(), header={"dmin": lowest, "dmax": highest})
                notes = read_density(self.file(content)).notes
                self.assertEqual(sum("range" in note for note in notes), noted)

    def test_surplus_bytes_are_noted(self) -> None:
        density = read_density(self.file(mrc_bytes(ramp()) + b"more"))
        self.assertIn("longer than its header says", density.notes[0])

    def test_voxel_size_is_what_float32_meant(self) -> None:
        density = read_density(self.file(mrc_bytes(ramp(), voxel_size=(1.05, 1.05, 1.05))))
        self.assertEqual(density.voxel_size, (1.05, 1.05, 1.05))

    def test_given_voxel_size_wins_and_the_difference_is_noted(self) -> None:
        density = read_density(self.file(mrc_bytes(ramp())), voxel_size=1.5)
        self.assertEqual(density.voxel_size, (1.5, 1.5, 1.5))
        self.assertIn("differs from the header", density.notes[0])

    def test_plain_volumes(self) -> None:
        self.assertTrue(is_plain_volume(self.file(mrc_bytes(ramp()))))
        for name, content in (
            ("a.mrc", mrc_bytes(ramp(), order=">")),
            ("b.mrc", mrc_bytes(ramp(), axes=(3, 2, 1))),
            ("c.mrc", mrc_bytes(ramp(), mode=1)),
            ("d.mrc.gz", mrc_bytes(ramp())),
            ("e.ccp4", mrc_bytes(ramp())),
        ):
            with self.subTest(name=name):
                self.assertFalse(is_plain_volume(self.file(content, name)))


class TestRefusals(FolderTest):
    def test_missing_file_and_directory(self) -> None:
        self.refused(self.folder / "none.mrc", "there is no such file")
        self.refused(self.folder, "it is not a file")

    def test_text_file(self) -> None:
        self.refused(self.file(b"Dear referee,\n" * 200), "no valid MRC/CCP4 header")

    def test_hostile_name_stays_on_one_line(self) -> None:
        with self.assertRaisesRegex(InputError, r"a\\nb\.mrc: there is no such file"):
            read_density(self.folder / "a\nb.mrc")

    def test_shorter_than_a_header(self) -> None:
        self.refused(self.file(b"\0" * 512), "ends after 512 bytes")

    def test_truncated(self) -> None:
        content = mrc_bytes(ramp())[:-100]
        self.refused(self.file(content), r"truncated: its header promises 3,904 bytes")
        self.refused(self.file(content, "map.mrc.gz"), "truncated: its header promises 2,880")

    def test_truncated_gzip(self) -> None:
        path = self.file(mrc_bytes(ramp()), "map.mrc.gz")
        path.write_bytes(path.read_bytes()[:-200])
        self.refused(path, "broken or cut short")

    def test_header_that_promises_more_than_gzip_can_hold(self) -> None:
        content = mrc_bytes(ramp(), header={"nx": 40000, "ny": 40000, "nz": 40000})
        self.refused(self.file(content, "map.mrc.gz"), "more than .* by gzip can hold")

    def test_more_than_the_memory(self) -> None:
        path = self.file(mrc_bytes(ramp()))
        with mock.patch("psutil.virtual_memory", return_value=mock.Mock(available=8000)):
            self.refused(path, "GB of memory")

    def test_nan_and_infinities_are_counted_and_placed(self) -> None:
        values = ramp()
        values[2, 3, 4] = np.nan
        values[5, 0, 0] = np.inf
        values[5, 0, 1] = -np.inf
        self.refused(
            self.file(mrc_bytes(values)),
            r"1 NaN and 2 infinite of its 720 values, the first at voxel \(x, y, z\) = \(4, 3, 2\)",
        )

    def test_large_finite_values_are_no_infinities(self) -> None:
        values = ramp() * np.float32(3e36)
        np.testing.assert_array_equal(read_density(self.file(mrc_bytes(values))).values, values)

    def test_constant(self) -> None:
        self.refused(self.file(mrc_bytes(np.full((8, 8, 8), 3.0))), "constant: every voxel is 3")

    def test_skewed_cell(self) -> None:
        content = mrc_bytes(ramp(), header={"cellb": (90.0, 111.6, 90.0)})
        self.refused(self.file(content), r"not orthogonal \(angles 90, 111.6, 90°\)")

    def test_no_voxel_size(self) -> None:
        content = mrc_bytes(ramp(), header={"cella": (0.0, 0.0, 0.0)})
        self.refused(self.file(content), "no voxel size.*--voxel")

    def test_no_density(self) -> None:
        self.refused(self.file(mrc_bytes(ramp(), header={"mode": 4})), "mode 4 holds complex")
        self.refused(self.file(mrc_bytes(ramp(), header={"mapr": 1})), "is not a permutation")
        self.refused(self.file(mrc_bytes(ramp((1, 9, 10)))), "holds 10 × 9 × 1 values")

    def test_senseless_voxel_size(self) -> None:
        for size in (0.0, -1.0, float("nan"), float("inf")):
            with self.subTest(size=size), self.assertRaisesRegex(InputError, "makes no sense"):
                read_density(self.file(mrc_bytes(ramp())), voxel_size=size)


class TestHarmlessness(FolderTest):
    def test_a_read_only_file_is_read_and_left_alone(self) -> None:
        path = self.file(mrc_bytes(ramp()))
        before = (path.read_bytes(), path.stat().st_mtime_ns)
        path.chmod(0o400)
        self.folder.chmod(0o500)
        self.addCleanup(self.folder.chmod, 0o700)
        with mock.patch.object(Path, "open", _refusing_to_write(Path.open)):
            read_density(path)
        self.assertEqual((path.read_bytes(), path.stat().st_mtime_ns), before)

    def test_sha256_is_that_of_the_file_as_given(self) -> None:
        path = self.file(mrc_bytes(ramp()), "map.mrc.gz")
        self.assertEqual(sha256(path), hashlib.sha256(path.read_bytes()).hexdigest())

    def test_a_written_volume_comes_back(self) -> None:
        path = self.folder / "out.mrc"
        write_volume(path, ramp(), (3.0, 2.0, 1.0), nstart=(1, 2, 3), origin=(4.0, 5.0, 6.0))
        density = read_density(path)
        np.testing.assert_array_equal(density.values, ramp())
        self.assertEqual(density.voxel_size, (3.0, 2.0, 1.0))
        self.assertEqual((density.nstart, density.origin), ((1, 2, 3), (4.0, 5.0, 6.0)))
        self.assertTrue(is_plain_volume(path))

    def test_an_interrupted_write_leaves_nothing(self) -> None:
        with self.assertRaises(RuntimeError), written_whole(self.folder / "a.txt") as path:
            path.write_text("half")
            raise RuntimeError
        self.assertEqual(list(self.folder.iterdir()), [])


def _refusing_to_write(open_: object):  # type: ignore[no-untyped-def]
    def opened(self: Path, mode: str = "r", *arguments: object, **options: object) -> object:
        if set(mode) & set("wax+"):
            raise AssertionError(f"{self} was opened with mode {mode}")
        return open_(self, mode, *arguments, **options)  # type: ignore[operator]

    return opened


class TestAnyFile(unittest.TestCase):
    """Whatever the bytes: a density or one clear sentence."""

    @settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.data())
    def test_mutated_headers(self, data: st.DataObject) -> None:
        content = bytearray(mrc_bytes(ramp()))
        for _ in range(data.draw(st.integers(1, 4))):
            place = 4 * data.draw(st.integers(0, 54))
            word = data.draw(st.one_of(st.integers(-(2**31), 2**31 - 1), st.integers(-5, 500)))
            content[place : place + 4] = np.int32(word).tobytes()
        self._read(bytes(content[: data.draw(st.integers(0, len(content)))]))

    @settings(max_examples=100, deadline=None)
    @given(st.binary(max_size=3000), st.booleans())
    def test_random_bytes(self, content: bytes, packed: bool) -> None:
        self._read(b"\x1f\x8b" + content if packed else content)

    def _read(self, content: bytes) -> None:
        handle, name = tempfile.mkstemp(suffix=".mrc")
        os.write(handle, content)
        os.close(handle)
        path = Path(name)
        try:
            density = read_density(path)
            self.assertTrue(np.isfinite(density.values).all())
            self.assertGreater(min(density.voxel_size), 0)
        except InputError as error:
            self.assertNotIn("\n", str(error))
            self.assertTrue(str(error).startswith(path.name))
        finally:
            self.assertEqual(path.read_bytes(), content)
            path.unlink()

    @settings(max_examples=60, deadline=None)
    @given(
        st.tuples(*[st.integers(8, 13)] * 3),
        st.sampled_from(sorted(MODES)),
        st.sampled_from("<>"),
        st.permutations([1, 2, 3]),
        st.tuples(*[st.floats(0.2, 9)] * 3),
    )
    def test_round_trip(
        self,
        shape: tuple[int, int, int],
        mode: int,
        order: str,
        axes: list[int],
        voxel: tuple[float, float, float],
    ) -> None:
        content = mrc_bytes(ramp(shape), mode=mode, order=order, axes=axes, voxel_size=voxel)
        with tempfile.TemporaryDirectory() as folder:
            density = read_density(write(Path(folder) / "map.mrc", content))
        np.testing.assert_array_equal(density.values, ramp(shape))
        np.testing.assert_allclose(density.voxel_size, voxel, rtol=1e-5)


if __name__ == "__main__":
    unittest.main()
