"""Entries of EMDB, from a server on this machine that plays its interface and its failures."""

from __future__ import annotations

import argparse
import gzip
import importlib.util
import io
import json
import os
import subprocess
import sys
import tempfile
import unittest
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest import mock

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from vrs_scipion.emdb import (
    Archive,
    EmdbError,
    Fetched,
    entry_request,
    fetch,
    is_accession,
    normalised,
)
from vrs_scipion.emdb.accession import perhaps_meant
from vrs_scipion.emdb.command import (
    add_arguments,
    as_arguments,
    requested,
    with_fetched_model,
)
from vrs_scipion.emdb.model import fetch_model, is_pdb_code
from vrs_scipion.emdb.record import parse_record
from vrs_scipion.entry.entry import Entry
from vrs_scipion.entry.inputs import prepare
from vrs_scipion.entry.record_map import Deposition
from vrs_scipion.files import load_model
from vrs_scipion.report.folder import load_report
from vrs_scipion.tests.mrc_files import mrc_bytes
from vrs_scipion.tests.small_models import helices, mmcif
from vrs_scipion.tests.test_entry import blob

HAVE_TRUSTME = importlib.util.find_spec("trustme") is not None
if TYPE_CHECKING or HAVE_TRUSTME:
    from vrs_scipion.tests import emdb_server as play
    from vrs_scipion.tests.emdb_server import (
        ACCESSION,
        FSC_PATH,
        HALF_PATHS,
        MAP_PATH,
        MODEL_PATH,
        RECORD_PATH,
        record,
    )

_ADVICE = "the server of these tests needs trustme: pip install trustme"


def map_bytes(seed: int = 1, scale: float = 0.01) -> bytes:
    """A map, or a half map, whose gzipped file is long enough to be cut."""
    noise = np.random.default_rng(seed).normal(0, scale, (48, 48, 48)).astype(np.float32)
    return gzip.compress(mrc_bytes(blob((48, 48, 48)) + noise), 1, mtime=0)


class Seen:
    """What was told of the progress of downloads, by their names."""

    def __init__(self) -> None:
        self.told: dict[str, list[tuple[int, int]]] = {}

    @contextmanager
    def show(self, name: str) -> Iterator[Callable[[int, int], None]]:
        told = self.told[name] = []
        yield lambda here, whole: told.append((here, whole))


@unittest.skipUnless(HAVE_TRUSTME, _ADVICE)
class EmdbTest(unittest.TestCase):
    def setUp(self) -> None:
        kept = tempfile.TemporaryDirectory(prefix="vrs_emdb_")
        self.addCleanup(kept.cleanup)
        self.folder = Path(kept.name)
        self.server = play.EmdbServer()
        self.addCleanup(self.server.close)
        trusted = {"REQUESTS_CA_BUNDLE": str(self.server.authority)}
        patched = mock.patch.dict(os.environ, trusted)
        patched.start()
        self.addCleanup(patched.stop)
        self.archive = Archive(
            api=self.server.api,
            files=self.server.files,
            models=self.server.models,
            cache=self.folder / "cache",
            timeout_s=1.0,
            attempts=3,
            backoff_s=0.01,
        )
        self.map = map_bytes()
        self.serve()

    def serve(self, **changes: Any) -> None:
        self.server.answers = {
            RECORD_PATH: [play.as_json(record(**changes))],
            MAP_PATH: [play.file(self.map)],
        }

    def refused(self, *words: str, archive: Archive | None = None) -> None:
        with self.assertRaises(EmdbError) as caught:
            entry_request(fetch(ACCESSION, archive or self.archive))
        said = str(caught.exception)
        self.assertEqual(len(said.splitlines()), 1)
        for word in words:
            self.assertIn(word, said)
        self.assertFalse(list(self.archive.cache.glob("*/*.map.gz")))


class TestFetching(EmdbTest):
    def test_an_entry_and_its_map(self) -> None:
        seen = Seen()
        fetched = fetch("emd-3488", self.archive, seen.show)
        self.assertEqual(fetched.map_path.read_bytes(), self.map)
        self.assertEqual(list(seen.told), ["EMD-3488, the map"])
        told = seen.told["EMD-3488, the map"]
        self.assertEqual(told[0], (0, len(self.map)))
        self.assertEqual(told[-1], (len(self.map), len(self.map)))
        self.assertEqual(len(fetched.notes), 1)
        self.assertIn("has no half maps; the map alone is validated", fetched.notes[0])
        request = entry_request(fetched)
        self.assertFalse({"half1", "half2", "fsc"} & request.values.keys())
        self.assertEqual((request.number("contour"), request.number("resolution")), (0.3, 4.5))
        self.assertIsNone(request.number("voxel"))
        deposition = fetched.deposition
        self.assertEqual(load_model(Deposition, fetched.deposition_path), deposition)
        self.assertEqual(request.path("deposition"), fetched.deposition_path)
        self.assertEqual(deposition.authors, ("Doe J", "Roe R"))
        self.assertEqual(deposition.deposited, "2016-12-09")
        self.assertEqual(deposition.pdb_ids, ("5NI1",))
        self.assertEqual((deposition.symmetry, request.text("symmetry")), ("C2", "C2"))
        entry = prepare(request, self.folder / "entry")
        self.assertEqual(entry.map.deposition, deposition)
        self.assertEqual(entry.map.origin_of_data, "EMDB entry EMD-3488")
        self.assertEqual(entry.map.contour_from, "EMDB entry EMD-3488")
        self.assertEqual(entry.title, "A helix bundle that was never deposited")

    def test_what_the_user_gives_goes_first(self) -> None:
        request = entry_request(fetch(ACCESSION, self.archive), contour=0.4, title="mine")
        entry = prepare(request, self.folder / "entry")
        self.assertEqual((entry.contour, entry.map.contour_from), (0.4, "given by the user"))
        self.assertEqual(entry.map.resolution_from, "EMDB entry EMD-3488")
        self.assertEqual(entry.title, "mine")

    def test_the_mass_of_the_sample(self) -> None:
        def weight(value: str, units: str = "MDa") -> dict[str, Any]:
            return {"molecular_weight": {"theoretical": {"valueOf_": value, "units": units}}}

        whole = {"supramolecule": [weight("0.0645") | {"parent": "0"}, weight("1") | {"parent": 1}]}
        chains = {"macromolecule": [weight("0.0151") | {"number_of_copies": "2"}]}
        filament = {"supramolecule": [weight("12", "kDa/nm") | {"parent": 0}]}
        for sample, mass in (
            ({"supramolecule_list": whole, "macromolecule_list": chains}, 64.5),
            ({"macromolecule_list": chains}, 30.2),
            ({"supramolecule_list": filament}, None),
            ({"macromolecule_list": {"macromolecule": weight("none")}}, None),
            ({"name": "of which nothing more is known"}, None),
        ):
            found = parse_record(json.dumps(record(sample=sample)).encode(), ACCESSION)
            self.assertEqual(found.deposition().mass, mass)
        self.serve(sample={"supramolecule_list": whole})
        entry = prepare(entry_request(fetch(ACCESSION, self.archive)), self.folder / "entry")
        self.assertEqual((entry.map.mass, entry.map.mass_from), (64.5, "EMDB entry EMD-3488"))

    def test_half_maps_of_the_user_go_with_it(self) -> None:
        fetched = fetch(ACCESSION, self.archive)
        halves = {f"half{n}": self.folder / f"half{n}.mrc" for n in (1, 2)}
        request = entry_request(fetched, **halves, resolution=None)
        self.assertEqual({key: request.path(key) for key in halves}, halves)
        self.assertEqual(request.path("map"), fetched.map_path)
        self.assertEqual((request.number("contour"), request.number("resolution")), (0.3, 4.5))

    def test_the_deposited_voxel_size_where_the_header_contradicts_it(self) -> None:
        spacing = {axis: {"valueOf_": "1.1"} for axis in "xyz"}
        self.serve(map__pixel_spacing=spacing)
        request = entry_request(fetch(ACCESSION, self.archive))
        self.assertEqual(request.number("voxel"), 1.1)
        entry = prepare(request, self.folder / "entry")
        self.assertEqual(entry.map.voxel_size_from, "EMDB entry EMD-3488")
        self.assertIn("differs from the header's", entry.map.source.notes[0])

    def test_the_second_time_nothing_is_transferred(self) -> None:
        first = fetch(ACCESSION, self.archive)
        second = fetch(ACCESSION, self.archive)
        self.assertEqual(first, second)
        self.assertIn("If-None-Match", self.server.requests[-1][1])
        self.server.answers[MAP_PATH] = [play.file(gzip.compress(gzip.decompress(self.map)))]
        self.server.answers[MAP_PATH] = [play.file(gzip.compress(b"other"), etag='"2"')]
        with self.assertRaisesRegex(EmdbError, "no whole map"):
            fetch(ACCESSION, self.archive)
        self.assertEqual(first.map_path.read_bytes(), self.map)

    def test_a_changed_file_in_the_cache_is_fetched_again(self) -> None:
        path = fetch(ACCESSION, self.archive).map_path
        path.write_bytes(b"\0" * len(self.map))
        self.assertEqual(fetch(ACCESSION, self.archive).map_path.read_bytes(), self.map)

    def test_offline(self) -> None:
        offline = replace(self.archive, offline=True)
        self.refused("not in the cache", "--offline", archive=offline)
        known = fetch(ACCESSION, self.archive)
        asked = len(self.server.requests)
        self.assertEqual(fetch(ACCESSION, offline), known)
        self.assertEqual(len(self.server.requests), asked)

    def test_a_server_that_is_down_leaves_the_cache(self) -> None:
        known = fetch(ACCESSION, self.archive)
        self.server.answers = {RECORD_PATH: [play.status(500)], MAP_PATH: [play.status(503)]}
        again = fetch(ACCESSION, self.archive)
        self.assertEqual(again.deposition, known.deposition)
        self.assertEqual(len(again.notes), 3)
        self.assertIn("cannot be reached", again.notes[0])


class TestHalfMaps(EmdbTest):
    """Of entries that have them, with the correlation that was deposited."""

    def setUp(self) -> None:
        super().setUp()
        self.halves = [map_bytes(seed, 0.02) for seed in (2, 3)]
        self.curve = play.fsc_xml([(0.0, 1.0), (0.1, 0.9), (0.2, 0.143), (0.4, 0.0)])
        self.serve(interpretation=play.listed_halves(*HALF_PATHS), validation=play.listed_fsc())
        for path, content in zip(HALF_PATHS, self.halves, strict=True):
            self.server.answers[path] = [play.file(content)]
        self.server.answers[FSC_PATH] = [play.file(self.curve)]

    def the_map_alone(self, *words: str, fetched: Fetched | None = None) -> None:
        """The half maps cannot be had, and the map can be validated all the same."""
        got = fetched or fetch(ACCESSION, self.archive)
        self.assertIsNone(got.half_map_paths)
        self.assertEqual(got.map_path.read_bytes(), self.map)
        self.assertFalse({"half1", "half2", "fsc"} & entry_request(got).values.keys())
        (said,) = got.notes
        self.assertIn("the map alone is validated", said)
        for word in words:
            self.assertIn(word, said)

    def test_each_with_its_own_progress(self) -> None:
        seen = Seen()
        fetched = fetch(ACCESSION, self.archive, seen.show)
        assert fetched.half_map_paths is not None
        assert fetched.fsc_path is not None
        self.assertEqual([path.read_bytes() for path in fetched.half_map_paths], self.halves)
        self.assertEqual(fetched.fsc_path.read_bytes(), self.curve)
        self.assertEqual(fetched.notes, ())
        expected = [self.map, *self.halves, self.curve]
        names = ["the map", "half map 1", "half map 2", "the deposited FSC curve"]
        self.assertEqual(list(seen.told), [f"EMD-3488, {name}" for name in names])
        for told, content in zip(seen.told.values(), expected, strict=True):
            self.assertEqual((told[0], told[-1]), ((0, len(content)), (len(content),) * 2))

    def test_they_are_validated_with_the_map(self) -> None:
        fetched = fetch(ACCESSION, self.archive)
        request = entry_request(fetched)
        given = (request.path("half1"), request.path("half2"))
        self.assertEqual(given, fetched.half_map_paths)
        self.assertEqual(request.path("fsc"), fetched.fsc_path)
        entry = prepare(request, self.folder / "entry")
        self.assertEqual(entry.given, ("map", "half_maps"))
        curve = entry.deposited_fsc()
        assert curve is not None
        np.testing.assert_array_equal(curve[0], [0, 0.1, 0.2, 0.4])
        np.testing.assert_array_equal(curve[1], [1, 0.9, 0.143, 0])

    def test_the_second_time_nothing_is_transferred(self) -> None:
        first, seen = fetch(ACCESSION, self.archive), Seen()
        self.assertEqual(fetch(ACCESSION, self.archive, seen.show), first)
        self.assertFalse(any(seen.told.values()))
        asked = len(self.server.requests)
        self.assertEqual(fetch(ACCESSION, replace(self.archive, offline=True)), first)
        self.assertEqual(len(self.server.requests), asked)

    def test_the_users_own_go_first(self) -> None:
        own = {f"half{n}": self.folder / f"half{n}.mrc" for n in (1, 2)}
        fetched = fetch(ACCESSION, self.archive)
        request = entry_request(fetched, **own)
        self.assertEqual({key: request.path(key) for key in own}, own)
        self.assertEqual(request.path("fsc"), fetched.fsc_path)
        one_alone = entry_request(fetched, half1=own["half1"])
        self.assertIsNone(one_alone.path("half2"))

    def test_they_are_not_wanted(self) -> None:
        fetched = fetch(ACCESSION, self.archive, half_maps=False)
        self.assertEqual((fetched.half_map_paths, fetched.notes), (None, ()))
        self.assertFalse(any(self.server.asked(path) for path in HALF_PATHS))
        self.assertFalse({"half1", "half2", "fsc"} & entry_request(fetched).values.keys())

    def test_one_of_them_is_gone(self) -> None:
        self.server.answers[HALF_PATHS[1]] = [play.status(404)]
        self.the_map_alone("half_map_2", "does not exist")

    def test_the_server_breaks_down(self) -> None:
        self.server.answers[HALF_PATHS[0]] = [play.file(self.halves[0], until=500)]
        self.archive = replace(self.archive, attempts=1)
        self.the_map_alone("1 attempts", "is kept")
        self.server.answers[HALF_PATHS[0]] = [play.file(self.halves[0])]
        self.assertIsNotNone(fetch(ACCESSION, self.archive).half_map_paths)
        ranges = [headers.get("Range") for path, headers in self.server.requests]
        self.assertIn("bytes=500-", ranges)

    def test_one_is_no_map(self) -> None:
        self.server.answers[HALF_PATHS[1]] = [play.file(gzip.compress(b"other"))]
        self.the_map_alone("half map 2 is no whole map")
        self.assertFalse(list(self.archive.cache.glob("*/*half_map_2*")))

    def test_one_is_of_another_size_than_the_entry_says(self) -> None:
        other = gzip.compress(mrc_bytes(blob((30, 32, 34))))
        self.server.answers[HALF_PATHS[0]] = [play.file(other)]
        self.the_map_alone("half map 1", "(30, 32, 34)", "(48, 48, 48)")

    def test_the_cache_lacks_them(self) -> None:
        fetch(ACCESSION, self.archive, half_maps=False)
        offline = replace(self.archive, offline=True)
        self.the_map_alone("does not hold half map 1", fetched=fetch(ACCESSION, offline))

    def test_a_list_that_makes_no_sense(self) -> None:
        for paths in (HALF_PATHS[:1], (*HALF_PATHS, HALF_PATHS[0].replace("_1.", "_3."))):
            self.serve(interpretation=play.listed_halves(*paths))
            self.the_map_alone(f"has {len(paths)} half map")
        for name in (
            "../../etc/passwd",
            "emd_3488_half_map_1.map.gz/..",
            "emd_9_half_map_1.map.gz",
        ):
            self.serve(interpretation={"half_map_list": {"half_map": [{"file": name}] * 2}})
            self.the_map_alone("no half maps")
        self.serve(interpretation={"half_map_list": {"half_map": "none"}})
        self.assertIn("left out", " ".join(fetch(ACCESSION, self.archive).notes))

    def test_curves_that_are_not_there_or_no_curves(self) -> None:
        for answer, words in (
            (play.status(404), "does not exist"),
            (play.file(b"<html>maintenance</html>"), "begins with <html>"),
            (play.file(play.fsc_xml([(0.1, 0.9), (0.2, 7.0)])), "beyond 1"),
        ):
            self.server.answers[FSC_PATH] = [answer]
            fetched = fetch(ACCESSION, self.archive)
            self.assertIsNotNone(fetched.half_map_paths)
            self.assertIsNone(fetched.fsc_path)
            (said,) = fetched.notes
            self.assertIn("the deposited FSC curve could not be had", said)
            self.assertIn(words, said)

    def test_names_of_curves(self) -> None:
        for name, taken in (
            ("emd_3488_fsc_1.xml", True),
            ("../emd_3488_fsc.xml", False),
            ("emd_3489_fsc.xml", False),
            ("emd_3488_structure_factors.cif", False),
        ):
            listed = {"validation_method": [{"file": name}]}
            found = parse_record(json.dumps(record(validation=listed)).encode(), ACCESSION)
            self.assertEqual(found.fsc_file, name if taken else None)


class TestBadDays(EmdbTest):
    def test_no_such_entry(self) -> None:
        self.server.answers = {}
        self.refused("EMDB has no such entry")
        self.assertEqual(self.server.asked(RECORD_PATH), 1)

    def test_an_entry_whose_map_is_not_public(self) -> None:
        self.serve(admin__current_status={"code": {"valueOf_": "HPUB"}})
        self.server.answers[MAP_PATH] = [play.status(404)]
        self.refused("its map is not public (status HPUB)")

    def test_errors_that_pass(self) -> None:
        good = self.server.answers[RECORD_PATH][0]
        self.server.answers[RECORD_PATH] = [play.status(500), play.status(429), good]
        self.assertEqual(fetch(ACCESSION, self.archive).map_path.read_bytes(), self.map)

    def test_errors_that_stay(self) -> None:
        self.server.answers[RECORD_PATH] = [play.status(500)]
        self.refused("3 attempts", "the server answered 500")
        self.assertEqual(self.server.asked(RECORD_PATH), 3)

    def test_forbidden(self) -> None:
        self.server.answers[RECORD_PATH] = [play.status(403)]
        self.refused("status 403")

    def test_half_a_file_is_gone_on_with(self) -> None:
        half = len(self.map) // 2
        self.server.answers[MAP_PATH] = [play.file(self.map, until=half), play.file(self.map)]
        self.assertEqual(fetch(ACCESSION, self.archive).map_path.read_bytes(), self.map)
        self.assertIn("Range", self.server.requests[-1][1])

    def test_half_a_file_of_an_older_version_is_dropped(self) -> None:
        half = len(self.map) // 2
        self.server.answers[MAP_PATH] = [
            play.file(b"\0" * len(self.map), etag='"old"', until=half),
            play.file(self.map),
        ]
        self.assertEqual(fetch(ACCESSION, self.archive).map_path.read_bytes(), self.map)

    def test_half_a_file_and_never_more(self) -> None:
        self.server.answers[MAP_PATH] = [play.file(self.map, until=100)]
        self.archive = replace(self.archive, attempts=1)
        self.refused("1 attempts", "is kept")
        self.serve()
        self.assertEqual(fetch(ACCESSION, self.archive).map_path.read_bytes(), self.map)
        self.assertEqual(self.server.requests[-1][1]["Range"], "bytes=100-")

    def test_a_file_that_is_cut_short_where_it_is_stored(self) -> None:
        self.server.answers[MAP_PATH] = [play.file(self.map[:-2000])]
        self.refused("no whole map")
        self.assertFalse(list(self.archive.cache.glob("*/*.part")))

    def test_a_map_of_another_size_than_the_entry_says(self) -> None:
        self.serve(map__dimensions={"col": 48, "row": 48, "sec": "64"})
        self.refused("(48, 48, 48)", "(64, 48, 48)")

    def test_a_gzip_bomb(self) -> None:
        bomb = mrc_bytes(blob((48, 48, 48))) + bytes(50_000_000)
        self.server.answers[MAP_PATH] = [play.file(gzip.compress(bomb, 9))]
        self.refused("another size than its own header says (more than")

    def test_redirects(self) -> None:
        moved = f"{self.server.url}/elsewhere"
        self.server.answers["/elsewhere"] = self.server.answers[RECORD_PATH]
        self.server.answers[RECORD_PATH] = [play.redirect(moved)]
        self.assertEqual(fetch(ACCESSION, self.archive).map_path.read_bytes(), self.map)

    def test_redirects_elsewhere(self) -> None:
        port = self.server.url.rsplit(":", 1)[1]
        for url in (f"http://localhost:{port}/x", "https://example.org/x", "file:///etc/passwd"):
            self.server.answers[RECORD_PATH] = [play.redirect(url)]
            self.refused("refused: only https")

    def test_redirects_in_a_circle(self) -> None:
        self.server.answers[RECORD_PATH] = [play.redirect(RECORD_PATH)]
        self.refused("redirects in a row")

    def test_a_server_that_says_nothing(self) -> None:
        self.archive = replace(self.archive, attempts=1, timeout_s=0.3)
        self.server.answers[RECORD_PATH] = [play.silence(5)]
        self.refused("no answer in time")

    def test_a_server_that_trickles(self) -> None:
        self.archive = replace(self.archive, attempts=1, timeout_s=0.5)
        self.server.answers[RECORD_PATH] = [play.trickle(0.05)]
        self.refused("bytes came in")

    def test_a_certificate_that_nobody_knows(self) -> None:
        with mock.patch.dict(os.environ, {"REQUESTS_CA_BUNDLE": ""}):
            self.refused("certificate could not be verified")

    def test_answers_that_make_no_sense(self) -> None:
        for content, words in (
            (b"<html>maintenance</html>", "cannot be understood"),
            (b"{", "cannot be understood"),
            (b"[]", "cannot be understood"),
            (b'{"emdb_id": "EMD-3488"}', "map"),
            (json.dumps(record(emdb_id="EMD-1111")).encode(), "another entry"),
            (json.dumps(record(map="large")).encode(), "map"),
        ):
            self.server.answers[RECORD_PATH] = [play.text(content)]
            self.refused(words)

    def test_fields_without_sense_are_left_out(self) -> None:
        zero = {
            "structure_determination": [
                {
                    "image_processing": [
                        {"final_reconstruction": {"resolution": {"valueOf_": "0.0"}}}
                    ]
                }
            ]
        }
        for change, field in (
            ({"structure_determination_list": zero}, "resolution (0.0)"),
            ({"structure_determination_list": "none"}, "structure_determination_list (none)"),
            ({"map__pixel_spacing": {a: {"valueOf_": "-1"} for a in "xyz"}}, "pixel_spacing"),
            ({"map__contour_list": {"contour": [{"level": "see text"}]}}, "level (see text)"),
            ({"admin__title": 7.5}, "title (7.5)"),
        ):
            with self.subTest(field):
                self.serve(**change)
                fetched = fetch(ACCESSION, self.archive)
                self.assertIn(field, " ".join(fetched.notes))
                self.assertIn("left out", " ".join(fetched.notes))
                request = entry_request(fetched, contour=0.3, resolution=4.0)
                self.assertEqual(request.number("resolution"), 4.0)

    def test_a_missing_contour(self) -> None:
        self.serve(map__contour_list=None)
        fetched = fetch(ACCESSION, self.archive)
        with self.assertRaisesRegex(EmdbError, "recommends no contour level; give one"):
            entry_request(fetched)
        self.assertEqual(entry_request(fetched, contour=0.2).number("contour"), 0.2)

    def test_a_full_disk(self) -> None:
        usage = mock.Mock(free=1000)
        with mock.patch("shutil.disk_usage", return_value=usage):
            self.refused("the disk of")

    def test_a_cache_that_cannot_be_written_to(self) -> None:
        (self.folder / "file").write_text("")
        self.archive = replace(self.archive, cache=self.folder / "file")
        self.refused("cannot be written to", "--cache")


class TestCommand(EmdbTest):
    def vrs(self, *arguments: str, command: str = "validate") -> subprocess.CompletedProcess[str]:
        environment = {k: v for k, v in os.environ.items() if not k.startswith("SCIPION_")}
        environment |= {
            "VRS_EMDB_API": self.server.api,
            "VRS_EMDB_FILES": self.server.files,
            "VRS_PDB_FILES": self.server.models,
            "VRS_CACHE": str(self.archive.cache),
        }
        return subprocess.run(
            [sys.executable, "-m", "vrs_scipion.cli", command, *arguments],
            capture_output=True,
            text=True,
            cwd=self.folder,
            env=environment,
            check=False,
        )

    def test_from_the_accession_to_the_report(self) -> None:
        done = self.vrs("emd-3488", "--only=0.a,0.b,A.l")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("downloaded", done.stderr)
        report = load_report(self.folder / "vrs_EMD-3488")
        self.assertEqual(report.entry.source, "EMDB entry EMD-3488")
        self.assertEqual(report.entry.contour_from, "EMDB entry EMD-3488")
        self.assertEqual(report.entry.map, "emd_3488.map.gz")
        entry = Entry.at(self.folder / "vrs_EMD-3488" / "entry")
        assert entry.map.deposition is not None
        self.assertEqual(entry.map.deposition.pdb_ids, ("5NI1",))
        again = self.vrs("EMD-3488", "--offline", "--only=0.a,0.b,A.l")
        self.assertEqual(again.returncode, 0, again.stderr)
        self.assertIn("report: finished before", again.stderr)

    @unittest.skipUnless(
        os.environ.get("VRS_WHOLE_RUNS"), "takes minutes; VRS_WHOLE_RUNS=1 runs it"
    )
    def test_with_its_half_maps_to_level_1(self) -> None:
        curve = play.fsc_xml([(0.0, 1.0), (0.2, 0.5), (0.4, 0.0)])
        self.serve(interpretation=play.listed_halves(*HALF_PATHS), validation=play.listed_fsc())
        for path, content in zip(HALF_PATHS, (map_bytes(2, 0.02), map_bytes(3, 0.02)), strict=True):
            self.server.answers[path] = [play.file(content)]
        self.server.answers[FSC_PATH] = [play.file(curve)]
        done = self.vrs("EMD-3488", "--only=1.a")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("EMD-3488, half map 2: downloaded", done.stderr)
        self.assertEqual(load_report(self.folder / "vrs_EMD-3488").grade, "1")
        entry = Entry.at(self.folder / "vrs_EMD-3488" / "entry")
        self.assertIsNotNone(entry.deposited_fsc())

    @unittest.skipUnless(
        os.environ.get("VRS_WHOLE_RUNS"), "takes minutes; VRS_WHOLE_RUNS=1 runs it"
    )
    def test_entries_in_a_batch(self) -> None:
        table = self.folder / "table.csv"
        table.write_text("map\nEMD-3488\nEMD-9999\n")
        done = self.vrs("--at-once=2", "table.csv", command="batch")
        self.assertEqual(done.returncode, 3, done.stderr)
        self.assertIn("EMD-3488: complete", done.stderr)
        self.assertIn("EMD-9999: refused: EMD-9999: EMDB has no such entry", done.stderr)

    def test_half_maps_that_are_no_halves_leave_the_map(self) -> None:
        self.serve(interpretation=play.listed_halves(*HALF_PATHS))
        broken = blob((48, 48, 48))
        broken[0, 0, 0] = np.nan
        content = gzip.compress(mrc_bytes(broken), 1, mtime=0)
        for path in HALF_PATHS:
            self.server.answers[path] = [play.file(content)]
        said = io.StringIO()
        with redirect_stderr(said):
            request = requested(self.options(), ACCESSION, {})
        self.assertIn("its half maps are left out, as what cannot be validated", said.getvalue())
        self.assertFalse({"half1", "half2", "fsc"} & request.values.keys())
        asked = self.server.asked(HALF_PATHS[0])
        requested(self.options("--no-half-maps"), ACCESSION, {})
        self.assertEqual(self.server.asked(HALF_PATHS[0]), asked)

    def options(self, *arguments: str) -> argparse.Namespace:
        parser = argparse.ArgumentParser()
        add_arguments(parser)
        where = (
            f"--emdb-api={self.server.api}",
            f"--emdb-files={self.server.files}",
            f"--pdb-files={self.server.models}",
        )
        return parser.parse_args([*where, f"--cache={self.archive.cache}", *arguments])

    def test_the_options_reach_another_vrs(self) -> None:
        options = self.options("--no-half-maps", "--no-model", "--offline")
        again = argparse.ArgumentParser()
        add_arguments(again)
        self.assertEqual(again.parse_args(as_arguments(options)), options)

    def test_refusals_are_one_sentence(self) -> None:
        self.server.answers = {}
        for arguments, words in (
            (("EMD-3488",), "no such entry"),
            (("EMD-3488", "--offline"), "not in the cache"),
            (("EMD-3488", "--emdb-api", "http://localhost/emdb/api"), "https://"),
        ):
            done = self.vrs(*arguments)
            self.assertEqual(done.returncode, 2, done.stderr)
            self.assertEqual(len(done.stderr.splitlines()), 1, done.stderr)
            self.assertIn(words, done.stderr)
            self.assertFalse((self.folder / "vrs_EMD-3488").exists())


class TestModels(EmdbTest):
    """Models of the PDB: those of entries, and those that are asked for by their code."""

    def setUp(self) -> None:
        super().setUp()
        self.model = gzip.compress(mmcif(helices()).encode(), mtime=0)
        self.server.answers[MODEL_PATH] = [play.file(self.model)]

    def options(self, *arguments: str) -> argparse.Namespace:
        parser = argparse.ArgumentParser()
        add_arguments(parser)
        where = {"emdb-api": "api", "emdb-files": "files", "pdb-files": "models"}
        given = [f"--{option}={getattr(self.server, of)}" for option, of in where.items()]
        return parser.parse_args([*given, f"--cache={self.archive.cache}", *arguments])

    def told(self, *arguments: str, **given: Any) -> tuple[Any, str]:
        """The request for the entry, and what was said."""
        said = io.StringIO()
        with redirect_stderr(said):
            request = requested(self.options(*arguments), ACCESSION, given)
        return request, said.getvalue()

    def test_by_its_code(self) -> None:
        for code in ("5NI1", "5ni1", "pdb_00005ni1"):
            path, notes = fetch_model(code, self.archive)
            self.assertEqual((path.read_bytes(), notes), (self.model, ()))
        self.assertEqual(path, self.archive.cache / "PDB-5NI1" / "5ni1.cif.gz")
        offline = replace(self.archive, offline=True)
        self.assertEqual(fetch_model("5NI1", offline)[0], path)
        given = with_fetched_model(self.options(), {"map": Path("x.mrc"), "model": Path("5ni1")})
        self.assertEqual(given, {"map": Path("x.mrc"), "model": path})
        file = {"model": Path("model.pdb")}
        self.assertEqual(with_fetched_model(self.options(), file), file)

    def test_what_is_a_code(self) -> None:
        for text in ("5NI1", " 1abc", "pdb_00001abc"):
            self.assertTrue(is_pdb_code(text), text)
        for text in ("5NI", "5NI1.pdb", "abcd", "EMD-3488", "pdb_10001abc", "../1abc", ""):
            self.assertFalse(is_pdb_code(text), text)

    def test_what_is_no_model_is_refused(self) -> None:
        with self.assertRaisesRegex(EmdbError, "PDB-9ZZZ: the PDB has no such model"):
            fetch_model("9zzz", self.archive)
        self.server.answers[MODEL_PATH] = [play.file(gzip.compress(b"<html>gone</html>"))]
        with self.assertRaisesRegex(EmdbError, "is no model .*page of the web"):
            fetch_model("5NI1", self.archive)
        self.assertFalse(list(self.archive.cache.glob("PDB-*/*.gz")))
        with self.assertRaisesRegex(EmdbError, "no code of an entry of the PDB"):
            fetch_model("../../x", self.archive)

    def test_that_of_an_entry(self) -> None:
        request, said = self.told("--no-half-maps")
        self.assertEqual(request.path("model").read_bytes(), self.model)
        self.assertNotIn("left out", said)
        own = self.folder / "own.cif"
        own.write_text(mmcif(helices()))
        self.assertEqual(self.told("--no-half-maps", model=own)[0].path("model"), own)
        asked = self.server.asked(MODEL_PATH)
        self.assertIsNone(self.told("--no-half-maps", "--no-model")[0].path("model"))
        self.assertEqual(self.server.asked(MODEL_PATH), asked)

    def test_of_several_the_first(self) -> None:
        listed = {"pdb_reference": [{"pdb_id": "5ni1"}, {"pdb_id": "9zzz"}]}
        self.serve(crossreferences__pdb_list=listed)
        self.server.answers[MODEL_PATH] = [play.file(self.model)]
        request, said = self.told("--no-half-maps")
        self.assertEqual(request.path("model").name, "5ni1.cif.gz")
        self.assertIn("of its models 5NI1, 9ZZZ the first is validated; --model", said)

    def test_without_it_the_map_is_validated(self) -> None:
        del self.server.answers[MODEL_PATH]
        request, said = self.told("--no-half-maps")
        self.assertIsNone(request.path("model"))
        self.assertIn("its model could not be had, and is left out", said)


class TestAccessions(unittest.TestCase):
    def test_what_is_one(self) -> None:
        self.assertEqual(normalised(" emd-23402 "), "EMD-23402")
        for text in (
            "EMD3488",
            "EMDB-3488",
            "emdb_3488",
            "https://www.ebi.ac.uk/emdb/EMD-3488?tab=map",
            "https:/www.emdataresource.org/EMD-3488",
            "https://files.example.org/structures/EMD-3488/map/emd_3488.map.gz",
        ):
            self.assertEqual(normalised(text), "EMD-3488")
        self.assertEqual((perhaps_meant("3488"), perhaps_meant("12.mrc")), ("EMD-3488", ""))
        for text in ("EMD-348", "EMD-3488/../x", "emd_3488.map.gz", "3488", "EMD-３４８８", ""):
            self.assertFalse(is_accession(text), text)


class TestRecords(unittest.TestCase):
    @settings(max_examples=50, deadline=None)
    @given(st.data())
    def test_any_json_is_a_record_or_one_sentence(self, data: st.DataObject) -> None:
        leaves = st.none() | st.booleans() | st.floats() | st.text(max_size=5) | st.integers()
        anything = st.recursive(
            leaves,
            lambda s: st.lists(s, max_size=3) | st.dictionaries(st.text(max_size=5), s, max_size=3),
            max_leaves=6,
        )
        names = ("emdb_id", "admin", "crossreferences", "structure_determination_list", "map")
        document = {name: data.draw(anything) for name in names}
        document["emdb_id"] = data.draw(st.just("EMD-3488") | anything)
        try:
            parse_record(json.dumps(document).encode(), "EMD-3488").deposition()
        except EmdbError as error:
            self.assertEqual(len(str(error).splitlines()), 1)


if __name__ == "__main__":
    unittest.main()
