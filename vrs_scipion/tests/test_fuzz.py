"""A few hundred inputs that nobody would give; ``benchmarks/fuzz.py`` tries tens of thousands."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path
from unittest import mock

import numpy as np

from vrs_scipion.entry.inputs import prepare
from vrs_scipion.entry.request import Request
from vrs_scipion.files import InputError
from vrs_scipion.maps.reading import read_density
from vrs_scipion.tests.fuzzing import finished_validation, tried
from vrs_scipion.tests.mrc_files import mrc_bytes, ramp, write
from vrs_scipion.tests.test_entry import blob

COUNTS = {
    "header": 150,
    "content": 60,
    "numbers": 40,
    "halves": 20,
    "documents": 120,
    "records": 60,
    "tables": 60,
    "names": 40,
    "door": 1,
}


class TestFuzz(unittest.TestCase):
    def setUp(self) -> None:
        kept = tempfile.TemporaryDirectory(prefix="vrs_fuzz_")
        self.addCleanup(kept.cleanup)
        self.folder = Path(kept.name)

    def test_every_input_ends_well(self) -> None:
        finished = finished_validation(self.folder)
        for kind, count in COUNTS.items():
            with self.subTest(kind):
                ended = tried(kind, 0, count, seed=2, maps="", finished=finished)
                self.assertEqual([one.how for one in ended if not one.good], [])
                self.assertEqual(len(ended), count, "the process died")


class TestFolders(unittest.TestCase):
    def setUp(self) -> None:
        kept = tempfile.TemporaryDirectory(prefix="vrs_fuzz_")
        self.addCleanup(kept.cleanup)
        self.folder = Path(kept.name)
        self.map = write(self.folder / "map.mrc", mrc_bytes(blob((32, 32, 32))))

    def vrs(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "vrs_scipion.cli", "validate", *arguments],
            capture_output=True,
            text=True,
            cwd=self.folder,
            check=False,
        )

    def test_terabytes_are_refused_before_they_are_asked_for(self) -> None:
        sides = dict.fromkeys(("nx", "ny", "nz", "mx", "my", "mz"), 2**15)
        content = mrc_bytes(ramp(), voxel_size=(4096.0,) * 3, header=sides)
        path = write(self.folder / "huge.mrc", content)
        with (
            mock.patch("numpy.empty", side_effect=AssertionError),
            self.assertRaisesRegex(InputError, "promises 140,737,488,356,352 bytes"),
        ):
            read_density(path)
        packed = write(self.folder / "huge.mrc.gz", content)
        with self.assertRaisesRegex(InputError, "more than .* by gzip can hold"):
            read_density(packed)

    def test_impossible_voxels(self) -> None:
        for size in (1e-9, 1e9):
            path = write(self.folder / "v.mrc", mrc_bytes(ramp(), voxel_size=(size,) * 3))
            with self.assertRaisesRegex(InputError, "cannot be"):
                read_density(path)

    def test_symbolic_links(self) -> None:
        link = self.folder / "link.mrc"
        link.symlink_to(self.map)
        np.testing.assert_array_equal(read_density(link).values, read_density(self.map).values)
        loop = self.folder / "loop.mrc"
        loop.symlink_to(loop)
        for path in (loop, self.folder / "dangling.mrc"):
            with self.assertRaises(InputError):
                read_density(path)

    def test_a_full_disk_leaves_nothing_half_written(self) -> None:
        full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        with (
            mock.patch("mrcfile.mrcfile.MrcFile.flush", side_effect=full),
            self.assertRaises(OSError),
        ):
            prepare(Request.of(map=self.map, contour=0.3), self.folder / "entry")
        self.assertEqual(list((self.folder / "entry" / "map").iterdir()), [])

    def test_an_output_folder_that_cannot_be_made(self) -> None:
        (self.folder / "file").write_text("")
        for out in ("file", "file/out", "/proc/out", "/dev/null", "x" * 300):
            done = self.vrs("map.mrc", "--contour=0.3", f"--out={out}")
            self.assertEqual(done.returncode, 2, done.stderr)
            self.assertEqual(len(done.stderr.splitlines()), 1, done.stderr)


if __name__ == "__main__":
    unittest.main()
