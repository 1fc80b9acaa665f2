"""Inputs that nobody would give, made from a seed and a number, and how each of them ends.

Every input has to end in a result or in one clear sentence (an error of the package's own kind, on
one line), within its seconds and its memory, and nothing may be written outside the folder that
the output goes to. The tests try a few hundred, ``benchmarks/fuzz.py`` tens of thousands.
"""

from __future__ import annotations

import bz2
import contextlib
import gzip
import io
import json
import lzma
import os
import random
import resource
import signal
import subprocess
import sys
import tempfile
import time
import traceback
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from mrcfile.dtypes import HEADER_DTYPE
from pydantic import ValidationError

from vrs_scipion.batch import TableError, read_table
from vrs_scipion.batch.outcome import ROW_FILE, RowOutcome, load_outcome, save_outcome
from vrs_scipion.batch.table import Row
from vrs_scipion.checks import level0_a_mass, level1_a_fsc, look_half_maps
from vrs_scipion.checks.run import run_check
from vrs_scipion.cli import main as vrs
from vrs_scipion.emdb import EmdbError
from vrs_scipion.emdb.record import parse_record
from vrs_scipion.entry.entry import load_record
from vrs_scipion.entry.inputs import inspect, prepare
from vrs_scipion.entry.record_map import Deposition
from vrs_scipion.entry.request import Request
from vrs_scipion.entry.upgrade import OLD_RECORD_FILE
from vrs_scipion.files import DamagedError, InputError, load_model, save_model
from vrs_scipion.folders import (
    DEPOSITION_FILE,
    ENTRY,
    JSON_FILE,
    RECORD_FILE,
    REQUEST_FILE,
    RESULT_FILE,
)
from vrs_scipion.maps.reading import read_density
from vrs_scipion.methods.engine import AUTO
from vrs_scipion.report.folder import load_report, place_of
from vrs_scipion.results import Outcome
from vrs_scipion.results.files import load_plot, load_result
from vrs_scipion.running.claim import OutputError, claim, take_up
from vrs_scipion.tests.emdb_server import ACCESSION, record
from vrs_scipion.tests.mrc_files import mrc_bytes, spider_bytes
from vrs_scipion.tests.test_entry import blob

SECONDS = 20
MEMORY = 3 << 30
OWN_ERRORS = (InputError, TableError, EmdbError, OutputError, DamagedError, ValidationError)

Json = dict[str, Any]

_BODY = (12, 10, 14)
_OTHER_BOX = (18, 18, 30)
_SPECIAL = (
    0,
    1,
    -1,
    2,
    7,
    8,
    1024,
    2**15,
    2**20,
    2**24,
    2**31 - 1,
    -(2**31),
    0x7F800000,
    0x7FC00000,
)


class OutsideError(Exception):
    """Something was written where nothing may be written."""


class TooSlowError(BaseException):
    """An input took longer than it may."""


@dataclass
class Bench:
    """What the inputs are made from.

    Attributes
    ----------
    random : of this input
    folder : where the input lies, and its output
    headers : of real maps
    finished : a folder with a finished validation
    """

    random: random.Random
    folder: Path
    headers: Sequence[bytes]
    finished: Path

    def file(self, content: bytes, name: str = "map.mrc") -> Path:
        path = self.folder / name
        path.write_bytes(content)
        return path

    def number(self) -> float:
        """A number, more often a strange one than not."""
        rng = self.random
        usual = rng.choice((0.1, 0.3, 1.0, 3.0, -0.5, 0.0))
        strange = rng.choice((float("nan"), float("inf"), -float("inf"), 1e308, -1e308, 5e-324))
        return rng.choice((usual, strange, rng.gauss(0, 1) * 10.0 ** rng.randint(-30, 30)))

    def text(self) -> str:
        """Words with everything that is special to a shell, a template, a page or a file system."""
        rng = self.random
        alphabet = "ab é\u202e\u0000\n\r\t'\"`$\\;&|<>{}#@~%*?[]()=-–中\U0001f9ec\x1b"
        return "".join(rng.choice(alphabet) for _ in range(rng.choice((0, 1, 3, 12, 200))))


def header(bench: Bench) -> None:
    """A real header, some of its fields, bytes or bits changed, before a small map."""
    rng = bench.random
    raw = bytearray(rng.choice(bench.headers) + np.arange(np.prod(_BODY), dtype="<f4").tobytes())
    for _ in range(rng.randint(1, 5)):
        place = rng.randrange(256)
        match rng.randrange(4):
            case 0:
                raw[rng.randrange(1024)] = rng.randrange(256)
            case 1:
                raw[rng.randrange(224)] ^= 1 << rng.randrange(8)
            case 2:
                word = rng.choice(_SPECIAL) & 0xFFFFFFFF
                raw[4 * place : 4 * place + 4] = word.to_bytes(4, rng.choice(("little", "big")))
            case _:
                other = 4 * rng.randrange(56)
                place = 4 * rng.randrange(56)
                raw[place : place + 4] = raw[other : other + 4]
    _read(bench, bytes(raw))


def content(bench: Bench) -> None:
    """No map at all, a map cut or grown, gzip that is broken, endless, nested, or a bomb."""
    rng = bench.random
    whole = rng.choice(bench.headers) + np.arange(np.prod(_BODY), dtype="<f4").tobytes()
    packed = gzip.compress(whole, 1)
    match rng.randrange(8):
        case 0:
            raw = rng.randbytes(rng.choice((0, 1, 2, 100, 1023, 1024, 5000)))
        case 1:
            raw = whole[: rng.randrange(len(whole))]
        case 2:
            raw = whole + rng.randbytes(rng.randrange(5000))
        case 3:
            raw = packed[: rng.randrange(len(packed))]
        case 4:
            broken = bytearray(packed)
            broken[rng.randrange(len(broken))] = rng.randrange(256)
            raw = bytes(broken)
        case 5:
            raw = gzip.compress(packed, 1)
        case 6:
            raw = packed + rng.choice((packed, rng.randbytes(20), bytes(1000)))
        case _:
            raw = _bomb(rng)
    _read(bench, raw)


def _bomb(rng: random.Random) -> bytes:
    """A few kilobytes that unpack to megabytes, under a header that promises anything."""
    record_ = np.zeros((), HEADER_DTYPE)
    sides = [rng.choice((8, 64, 300, 2000, 2**19)) for _ in range(3)]
    record_["nx"], record_["ny"], record_["nz"] = record_["mx"], record_["my"], record_["mz"] = (
        sides
    )
    record_["mode"], record_["nsymbt"] = (
        rng.choice((0, 1, 2, 6, 12)),
        rng.choice((0, 2**30, 2**31 - 1)),
    )
    for axis in "xyz":
        record_["cella"][axis] = 100
    return gzip.compress(record_.tobytes() + bytes(rng.choice((10**4, 10**6, 3 * 10**7))), 9)


def _read(bench: Bench, raw: bytes) -> None:
    path = bench.file(raw, bench.random.choice(("map.mrc", "map.map.gz", "map")))
    before = path.stat().st_mtime_ns
    try:
        density = read_density(path, bench.random.choice((None, None, 1.0, bench.number())))
        assert np.isfinite(density.values).all()
        assert min(density.voxel_size) > 0
    finally:
        assert path.stat().st_mtime_ns == before, "the input was written to"


def volumes(bench: Bench) -> None:
    """Stacks, masks, labels, local values and densities, under headers that contradict themselves,
    in any container; asked for with contour levels in words.
    """
    rng = bench.random
    values = _volume(bench)
    voxel = rng.choice((1.0, 1.5, 0.8))
    raw = _contradicted(values, voxel, bench)
    pack: Callable[[bytes], bytes] = rng.choice(
        (bytes, bytes, bytes, gzip.compress, bz2.compress, lzma.compress, _twice, _in_a_zip)
    )
    name = rng.choice(("map.mrc", "map.mrc.gz", "map.vol", "map.st", "map.mrcs", "map"))
    path = bench.file(pack(raw), name)
    before = path.read_bytes()
    shown = rng.choice((path, path, path, path.with_name(f"2@{name}"), Path(f"{path}:mrc")))
    middle = float(values.max()) / 2
    level = rng.choice((middle, middle, "3 sigma", "auto", 0.0, bench.number()))
    request = Request.of(
        map=shown,
        contour=level,
        resolution=rng.choice((None, 4.0, abs(bench.number()))),
        voxel=rng.choice((None, None, voxel)),
    )
    try:
        found = inspect(request)["map"]
        assert np.isfinite(found.density.values).all()
        assert max(found.voxel_size) < 1.01 * min(found.voxel_size), found.voxel_size
        entry = prepare(request, bench.folder / "out", {"map": found})
        if rng.random() < 0.2:
            run_check(level0_a_mass.CHECK, entry, bench.folder / "out" / "checks")
    finally:
        assert path.read_bytes() == before, "the input was written to"


def _volume(bench: Bench) -> np.ndarray[Any, np.dtype[np.float32]]:
    """What somebody may take for a map."""
    rng = bench.random
    shape = rng.choice(((16, 20, 24), (24, 24, 24), (40, 16, 16), (9, 12, 30)))
    noise = np.random.default_rng(rng.randrange(2**32)).normal(size=shape)
    density = blob(shape)
    inside = density > 0.3
    made: tuple[Callable[[], Any], ...] = (
        lambda: density,
        lambda: -density,
        lambda: noise,
        lambda: inside,
        lambda: np.where(inside, 1 + np.abs(noise), 0).round(),
        lambda: np.where(inside, 4 + noise / 5, rng.choice((0, 100))),
        lambda: np.clip(4 * density, 0, 1),
        lambda: np.rint(rng.choice((2, 8, 60)) * density),
        lambda: np.random.default_rng(1).permutation(density),
        lambda: density * 10.0 ** rng.randint(-30, 30),
    )
    values: np.ndarray[Any, np.dtype[np.float32]] = np.asarray(rng.choice(made)(), np.float32)
    return values


def _contradicted(values: Any, voxel: float, bench: Bench) -> bytes:
    """The volume under a header of which something was written wrongly."""
    rng = bench.random
    if rng.random() < 0.1:
        return spider_bytes(values, rng.choice("<>"), rng.choice((0.0, voxel)))
    nz, ny, nx = values.shape
    cell = (nx * voxel, ny * voxel, nz * voxel)
    wrong: tuple[dict[str, Any], ...] = (
        {},
        {"ispg": 0},
        {"ispg": 0, "mz": 1},
        {"ispg": 401, "mz": rng.choice((8, nz // 2, 0))},
        {"mx": nz, "mz": nx},
        {"mx": 1, "my": 1, "mz": 1},
        {"mx": 2 * nx, "my": 2 * ny, "mz": 2 * nz},
        {"cella": cell[::-1]},
        {"cella": (voxel, voxel, voxel)},
        {"cella": (cell[0],) * 3},
        {"nsymbt": rng.choice((80, 1024, 49920, -1, 2**31 - 1))},
        {"mapc": 0, "mapr": 1, "maps": 2},
        {"ispg": rng.choice((4, 19, 230))},
    )
    mode = rng.choice((2, 2, 2, 0, 1))
    with np.errstate(invalid="ignore", over="ignore"):
        return mrc_bytes(
            values,
            mode=mode,
            order=rng.choice("<>"),
            axes=rng.choice(((1, 2, 3), (3, 2, 1), (2, 3, 1))),
            voxel_size=(voxel, voxel, voxel),
            extended=rng.choice((b"", b"", bytes(80), b"x, y, z".ljust(80))),
            header=rng.choice(wrong),
        )


def _twice(raw: bytes) -> bytes:
    return gzip.compress(gzip.compress(raw))


def _in_a_zip(raw: bytes) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("map.mrc", raw)
    return packed.getvalue()


def numbers(bench: Bench) -> None:
    """A good map with contour, resolution and voxel size that make no sense; prepared, checked."""
    values = blob((16, 20, 24)) * np.float32(10.0 ** bench.random.randint(-37, 37))
    path = bench.file(mrc_bytes(values.astype(np.float32)))
    contour = bench.random.choice((0.3 * float(values.max()), bench.number()))
    request = Request.of(
        map=path,
        contour=contour,
        resolution=bench.random.choice((None, 4.0, bench.number())),
        voxel=bench.random.choice((None, 1.0, abs(bench.number()))),
        title=bench.text(),
    )
    entry = prepare(request, bench.folder / "out", inspect(request))
    run_check(level0_a_mass.CHECK, entry, bench.folder / "out" / "checks")


def halves(bench: Bench) -> None:
    """A good map with half maps that fit neither it nor each other; prepared, compared."""
    box = (16, 20, 24)
    given: dict[str, Path | float] = {"map": bench.file(mrc_bytes(blob(box))), "contour": 0.3}
    ours = bench.random.random() < 0.7
    for key in ("half1", "half2"):
        given[key] = bench.file(_half(bench, box if ours else _OTHER_BOX, ours), f"{key}.mrc")
    if bench.random.random() < 0.05:
        del given[bench.random.choice(sorted(given))]
    if bench.random.random() < 0.5:
        given["resolution"] = bench.random.choice((3.0, abs(bench.number())))
    entry = prepare(Request.of(**given), bench.folder / "out")
    drawn = (look_half_maps.LOOK,) if bench.random.random() < 0.1 else ()  # takes its time
    for check in (level1_a_fsc.CHECK, *drawn):
        found = run_check(check, entry, bench.folder / "out" / check.code)
        assert found.outcome is not Outcome.FAILED, found.reason


def _half(bench: Bench, box: tuple[int, int, int], ours: bool) -> bytes:
    """A half map of any scale, on voxels and at a place that its header may not tell."""
    rng = bench.random
    noise = np.random.default_rng(rng.randrange(2**32)).normal(size=box)
    values = rng.choice((0.0, 1.0)) * blob(box) + rng.choice((0.0, 0.1, 1.0)) * noise
    values = values * 10.0 ** rng.choice((0, 0, rng.randint(-30, 30))) + rng.choice((0.0, 1.0, -50))
    size = 1.0 if rng.random() < 0.8 else rng.choice((0.0, 0.5, 1.3, abs(bench.number())))
    header: dict[str, Any] = {}
    if not ours and rng.random() < 0.3:
        header["origin"] = tuple(rng.choice((0.0, -7.5, bench.number())) for _ in range(3))
    starts = [rng.choice((0, 0, -5, rng.choice(_SPECIAL[:12]))) for _ in range(3)]
    start = (starts[0], starts[1], starts[2]) if rng.random() < 0.3 else (0, 0, 0)
    axes = rng.choice(((1, 2, 3), (1, 2, 3), (3, 1, 2)))
    with np.errstate(over="ignore"):
        stored = values.astype(np.float32)
    return mrc_bytes(stored, axes=axes, voxel_size=(size, size, size), nstart=start, header=header)


def documents(bench: Bench) -> None:
    """The package's own JSON files with something wrong in them."""
    document = bench.random.choice(DOCUMENTS)
    text = (bench.finished / document.file).read_bytes()
    name = Path(document.file).name
    if document.older is not None:
        name, values = document.older(json.loads(text))
        text = json.dumps(values).encode()
    document.load(bench.file(_mutated(text, bench), name).parent)


def _older_entry(new: Json) -> tuple[str, Json]:
    """A record of a map as version 0.1.0 wrote it."""
    halves = {"half_maps": [new["source"]] * 2, "half_map_files": ["half1.mrc", "half2.mrc"]}
    kept = {key: value for key, value in new.items() if key != "given"}
    return OLD_RECORD_FILE, kept | halves | {"schema": "vrs-entry/1"}


def _older_result(new: Json) -> tuple[str, Json]:
    """A result as version 0.1.0 wrote it."""
    return RESULT_FILE, {key: value for key, value in new.items() if key != "inputs"} | {
        "schema": "vrs-check-result/1",
        "references": [
            {key: one[key] for key in ("key", "text", "doi")} for one in new["references"]
        ],
        "volumes": [{"key": "local", "file": "local.mrc", "description": "local values"}],
    }


def _older_request(new: Json) -> tuple[str, Json]:
    """``request.json`` as version 0.1.0 wrote it."""
    values = new["values"]
    return REQUEST_FILE, {
        **{key: values[key] for key in ("map", "contour", "resolution", "title")},
        "voxel_size": None,
        "half_maps": [values["half1"], values["half2"]],
        "sha256": new["sha256"]["map"],
        "engine": new["engine"],
    }


def _older_row(new: Json) -> tuple[str, Json]:
    """``row.json`` as version 0.1.0 wrote it."""
    row = new["row"]
    return ROW_FILE, new | {"row": {"name": row["name"], **row["given"], "problem": ""}}


@dataclass(frozen=True)
class Document:
    """A file that the package reads again.

    Attributes
    ----------
    file : in a finished validation
    load : reads it, from its folder
    older : what it was called and what it held in version 0.1.0; None for what it is now
    """

    file: str
    load: Callable[[Path], Any]
    older: Callable[[Json], tuple[str, Json]] | None = None


def _take_up(folder: Path) -> Request:
    return take_up(Request.of(), folder, AUTO)


DOCUMENTS = (
    Document(f"entry/map/{RECORD_FILE}", lambda folder: load_record("map", folder)),
    Document(f"entry/map/{RECORD_FILE}", lambda folder: load_record("map", folder), _older_entry),
    Document(f"entry/half_maps/{RECORD_FILE}", lambda folder: load_record("half_maps", folder)),
    Document(f"checks/0.a/{RESULT_FILE}", load_result),
    Document(f"checks/0.a/{RESULT_FILE}", load_result, _older_result),
    Document("checks/1.a/fsc.plot.json", lambda folder: load_plot(folder / "fsc.plot.json")),
    Document(JSON_FILE, load_report),
    Document(DEPOSITION_FILE, lambda folder: load_model(Deposition, folder / DEPOSITION_FILE)),
    Document(REQUEST_FILE, _take_up),
    Document(REQUEST_FILE, _take_up, _older_request),
    Document(ROW_FILE, load_outcome),
    Document(ROW_FILE, load_outcome, _older_row),
)


def records(bench: Bench) -> None:
    """What EMDB's interface might answer."""
    text = json.dumps(record()).encode()
    parse_record(_mutated(text, bench), ACCESSION).deposition()


def _mutated(text: bytes, bench: Bench) -> bytes:
    rng = bench.random
    match rng.randrange(5):
        case 0:
            return text[: rng.randrange(len(text) + 1)]
        case 1:
            broken = bytearray(text)
            for _ in range(rng.randint(1, 5)):
                broken[rng.randrange(len(broken))] = rng.randrange(256)
            return bytes(broken)
        case 2:
            return b"[" * rng.choice((10, 10**3, 10**5)) + text
        case _:
            document = json.loads(text)
            for _ in range(rng.randint(1, 4)):
                _change(document, bench)
            return json.dumps(document).encode()


def _change(document: Any, bench: Bench) -> None:
    """Change one value somewhere in a JSON document."""
    rng = bench.random
    while True:
        keys = list(document) if isinstance(document, dict) else range(len(document))
        if not keys:
            return
        key = rng.choice(list(keys))
        inner = document[key]
        if isinstance(inner, dict | list) and inner and rng.random() < 0.8:
            document = inner
            continue
        strange: tuple[Any, ...] = (
            None,
            True,
            -1,
            2**70,
            bench.number(),
            bench.text(),
            [],
            {},
            "../../x",
            [[]],
        )
        if rng.random() < 0.2:
            del document[key]
        else:
            document[key] = rng.choice(strange)
        return


def tables(bench: Bench) -> None:
    """Tables of a batch."""
    rng = bench.random
    columns = ["map", "contour", "resolution", "voxel", "mass", "title", "half1", "half2", "name"]
    rng.shuffle(columns)
    columns = columns[: rng.randint(1, 8)] + ["x"] * (rng.random() < 0.1)
    cells: list[Callable[[], str]] = [bench.text, lambda: repr(bench.number()), lambda: "EMD-3488"]
    lines = [",".join(rng.choice(cells)() for _ in columns) for _ in range(rng.randint(0, 5))]
    text = "\n".join([",".join(columns), *lines]).encode("utf-8", "replace")
    if rng.random() < 0.2:
        text = text[: rng.randrange(len(text) + 1)] + rng.randbytes(3)
    for row in read_table(bench.file(text, "table.csv")):
        assert not row.name.startswith((".", "-")), row.name
        assert "/" not in row.name, row.name


def names(bench: Bench) -> None:
    """Paths that are no files, or whose names are special to somebody; from the command line."""
    rng = bench.random
    name = (bench.text().replace("/", "_").replace("\0", "") or "-")[:300]
    path = bench.folder / name
    with contextlib.suppress(OSError):
        match rng.randrange(6):
            case 0:
                path.mkdir()
            case 1:
                path.symlink_to(path)
            case 2:
                path.symlink_to("/dev/zero")
            case 3:
                os.mkfifo(path)
            case 4:
                path.write_bytes(rng.choice(bench.headers)[: rng.choice((0, 500, 1024))])
            case _:
                pass
    shown = rng.choice((str(path), name, f"{path}/x", "EMD-" + name))
    out = bench.folder / "out"
    _through_the_door(["validate", f"--out={out}", f"--contour={bench.number()}", "--", shown], {2})
    assert not out.exists(), "a refused input left something behind"


def door(bench: Bench) -> None:
    """``vrs report`` over a finished validation in which one file was changed."""
    folder = bench.folder / "finished"
    subprocess.run(["cp", "-r", str(bench.finished), str(folder)], check=True)
    files = sorted(p for p in folder.rglob("*") if p.is_file() and p.suffix in (".json", ".mrc"))
    path = bench.random.choice(files)
    if path.suffix == ".json":
        path.write_bytes(_mutated(path.read_bytes(), bench))
    else:
        raw = bytearray(path.read_bytes())
        raw[bench.random.randrange(224)] = bench.random.randrange(256)
        path.write_bytes(bytes(raw[: bench.random.choice((None, 500, 2000))]))
    _through_the_door(["report", "--", str(folder)], {0, 1, 2})


def _through_the_door(arguments: list[str], codes: set[int]) -> None:
    said, code = io.StringIO(), 0
    with contextlib.redirect_stderr(said), contextlib.redirect_stdout(io.StringIO()):
        try:
            code = vrs(arguments)
        except SystemExit as ended:
            code = int(ended.code or 0)
    assert code in codes, f"it ended with {code}: {said.getvalue()[-300:]}"
    lines = [line for line in said.getvalue().splitlines() if line.startswith("vrs:")]
    assert code == 0 or len(lines) == 1, f"not one sentence: {said.getvalue()[-300:]}"
    if code:
        raise EmdbError(lines[0])  # refused: counted with the other sentences


KINDS: dict[str, tuple[Callable[[Bench], None], int]] = {
    "header": (header, 29),
    "volumes": (volumes, 8),
    "content": (content, 15),
    "numbers": (numbers, 8),
    "halves": (halves, 3),
    "documents": (documents, 15),
    "records": (records, 8),
    "tables": (tables, 8),
    "names": (names, 5),
    "door": (door, 1),
}
"""What makes and tries an input, and its share of all inputs in per cent."""


def attempt(kind: str, number: int, seed: int, headers: Sequence[bytes], finished: Path) -> str:
    """Try one input: 'result', 'sentence', or what went wrong."""
    with tempfile.TemporaryDirectory(prefix="vrs_fuzz_") as name, _watched(Path(name)):
        bench = Bench(random.Random(f"{seed} {kind} {number}"), Path(name), headers, finished)
        signal.setitimer(signal.ITIMER_REAL, SECONDS)
        try:
            KINDS[kind][0](bench)
        except OWN_ERRORS as error:
            one_line = len(str(error).splitlines()) == 1 or isinstance(error, ValidationError)
            return "sentence" if one_line else f"more than one line: {error}"
        except TooSlowError:
            return f"not ready after {SECONDS} s"
        except BaseException as error:
            where = traceback.extract_tb(error.__traceback__)[-1]
            said = " ".join(str(error).split())[:160]
            return f"{type(error).__name__} at {Path(where.filename).name}:{where.lineno}: {said}"
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
        return "result"


_ALLOWED: list[Path] = []
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_CHANGING = {"os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.symlink", "os.link", "os.chmod"}


def _guard(event: str, arguments: tuple[Any, ...]) -> None:
    """Audit hook: whatever is written has to lie in the input's own folder."""
    if not _ALLOWED:
        return
    if event == "open":
        path, _, flags = arguments
        if not (isinstance(flags, int) and flags & _WRITING):
            return
        paths = [path]
    elif event in _CHANGING:
        changed = arguments[1:2] if event in ("os.symlink", "os.link") else arguments[:2]
        paths = [p for p in changed if isinstance(p, str | bytes | os.PathLike)]
    else:
        return
    for path in paths:
        if isinstance(path, int):
            continue
        whole = os.path.abspath(os.fsdecode(path))  # noqa: PTH100 - symbolic links stay as they are
        allowed = [*map(str, _ALLOWED), "/dev/null", "/dev/shm", "/proc/"]
        caches = (".cache", "__pycache__", "matplotlib", "fontconfig")
        if not whole.startswith(tuple(allowed)) and not any(part in whole for part in caches):
            raise OutsideError(f"{event} {whole}")


@contextlib.contextmanager
def _watched(folder: Path) -> Iterator[None]:
    before = Path.cwd()
    os.chdir(folder)
    _ALLOWED.append(folder)
    tempfile.tempdir = str(folder)
    try:
        yield
    finally:
        _ALLOWED.pop()
        tempfile.tempdir = None
        os.chdir(before)


@dataclass(frozen=True)
class Ended:
    """How an input ended: 'result', 'sentence', or what went wrong; seconds, peak in bytes."""

    number: int
    how: str
    seconds: float
    peak: int

    @property
    def good(self) -> bool:
        return self.how in ("result", "sentence")


def tried(
    kind: str, first: int, count: int, *, seed: int, maps: str, finished: Path
) -> list[Ended]:
    """Try inputs of one kind in a process of their own; fewer come back if it dies."""
    arguments = [kind, str(first), str(count), str(seed), maps, str(finished)]
    done = subprocess.run(
        [sys.executable, "-m", "vrs_scipion.tests.fuzzing", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        check=False,
    )
    return [Ended(*json.loads(line)) for line in done.stdout.splitlines() if line.startswith("[")]


def _work(kind: str, first: int, count: int, seed: int, maps: str, finished: str) -> None:
    """Try inputs of one kind in this process, one line of JSON each."""
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))
    sys.addaudithook(_guard)
    os.environ["VRS_DEBUG"] = "1"

    def too_slow(*_: object) -> None:
        raise TooSlowError

    signal.signal(signal.SIGALRM, too_slow)
    headers = real_headers(Path(maps) if maps else None)
    for number in range(first, first + count):
        started = time.perf_counter()
        ended = attempt(kind, number, seed, headers, Path(finished))
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        print(json.dumps([number, ended, time.perf_counter() - started, peak]), flush=True)


def real_headers(maps: Path | None) -> list[bytes]:
    """Headers of the maps in a folder and of one made here, told to hold the small body."""
    raws = [mrc_bytes(np.zeros(_BODY, np.float32))[:1024]]
    for path in sorted(maps.glob("*.m*.gz")) if maps else ():
        with gzip.open(path) as stream:
            raws.append(stream.read(1024))
    small = []
    for raw in raws:
        found = np.frombuffer(raw, HEADER_DTYPE)[0].copy()
        found["nz"], found["ny"], found["nx"] = _BODY
        found["mz"], found["my"], found["mx"] = _BODY
        found["mode"], found["nsymbt"] = 2, 0
        small.append(found.tobytes())
    return small


def finished_validation(folder: Path) -> Path:
    """A small validation that is complete, for the loaders and the door."""
    out = folder / "finished"
    out.mkdir()
    values, paths = blob((24, 24, 24)), {}
    for number, key in enumerate(("map", "half1", "half2")):
        noise = np.random.default_rng(number).normal(0, 0.02, values.shape)
        paths[key] = folder / f"{key}.mrc"
        paths[key].write_bytes(mrc_bytes(values + noise))
    deposition = save_model(
        parse_record(json.dumps(record()).encode(), ACCESSION).deposition(), out / DEPOSITION_FILE
    )
    request = Request.of(
        **paths, contour=0.3, resolution=4.0, title="A blob", deposition=deposition
    )
    entry = prepare(request, out / ENTRY)
    for check in (level0_a_mass.CHECK, level1_a_fsc.CHECK, look_half_maps.LOOK):
        run_check(check, entry, out / place_of(check.code))
    assert vrs(["report", str(out)]) == 0
    claim(out, request, AUTO)
    row = Row(name="finished", given={"map": str(paths["map"]), "contour": 0.3, "title": "A blob"})
    save_outcome(RowOutcome(row=row, outcomes={"0.a": Outcome.OK}), out)
    return out


if __name__ == "__main__":
    _kind, _first, _count, _seed, _maps, _finished = sys.argv[1:]
    _work(_kind, int(_first), int(_count), int(_seed), _maps, _finished)
