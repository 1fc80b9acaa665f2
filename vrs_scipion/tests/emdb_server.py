"""An https server that plays EMDB: its REST interface, its files, and its bad days."""

from __future__ import annotations

import json
import re
import ssl
import tempfile
import threading
from collections.abc import Callable, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import trustme

ACCESSION = "EMD-3488"
RECORD_PATH = f"/emdb/api/entry/{ACCESSION}"
_FILES = f"/pub/databases/emdb/structures/{ACCESSION}"
MAP_PATH = f"{_FILES}/map/emd_3488.map.gz"
HALF_PATHS = tuple(f"{_FILES}/other/emd_3488_half_map_{number}.map.gz" for number in (1, 2))
MODEL_PATH = "/pub/databases/pdb/ni/5ni1.cif.gz"
FSC_PATH = f"{_FILES}/fsc/emd_3488_fsc.xml"

Answer = Callable[["Handler"], None]


def listed_halves(*paths: str) -> dict[str, Any]:
    """The part of a record that lists half maps."""
    box = {"col": 48, "row": 48, "sec": 48}
    half_maps = [{"file": path.rpartition("/")[2], "dimensions": box} for path in paths]
    return {"half_map_list": {"half_map": half_maps}}


def listed_fsc(path: str = FSC_PATH) -> dict[str, Any]:
    """The part of a record that lists a Fourier shell correlation."""
    file = path.rpartition("/")[2]
    return {"validation_method": [{"file": file, "instance_type": "fsc_curve"}]}


def fsc_xml(points: Sequence[tuple[float, float]]) -> bytes:
    """A Fourier shell correlation as depositors hand it in."""
    lines = (f"<coordinate><x>{x}</x><y>{y}</y></coordinate>" for x, y in points)
    head = '<fsc title="FSC" xaxis="Resolution (A-1)" yaxis="Correlation Coefficient">'
    return "\n".join((head, *lines, "</fsc>\n")).encode()


def record(**changes: Any) -> dict[str, Any]:
    """The record of an entry in the shape of EMDB's REST interface; None takes a part away."""
    whole: dict[str, Any] = {
        "emdb_id": ACCESSION,
        "version": "3.0.3.0",
        "admin": {
            "current_status": {"date": "2017-08-30T00:00:00", "code": {"valueOf_": "REL"}},
            "key_dates": {"deposition": "2016-12-09T00:00:00", "update": "2019-10-23T00:00:00"},
            "title": "A helix bundle that was never deposited",
            "authors_list": {"author": [{"valueOf_": "Doe J", "ORCID": "0"}, "Roe R"]},
        },
        "crossreferences": {
            "pdb_list": {
                "pdb_reference": [
                    {"pdb_id": "5ni1", "relationship": {"in_frame": "FULLOVERLAP"}},
                ]
            }
        },
        "structure_determination_list": {
            "structure_determination": [
                {
                    "method": "singleParticle",
                    "image_processing": [
                        {
                            "final_reconstruction": {
                                "resolution": {"units": "Å", "valueOf_": "4.5"},
                                "resolution_method": "FSC 0.143 CUT-OFF",
                                "applied_symmetry": {"point_group": "C2"},
                            }
                        }
                    ],
                }
            ]
        },
        "map": {
            "format": "CCP4",
            "size_kbytes": 433,
            "file": "emd_3488.map.gz",
            "dimensions": {"col": 48, "row": 48, "sec": 48},
            "pixel_spacing": {axis: {"units": "Å", "valueOf_": "1.0"} for axis in ("x", "y", "z")},
            "contour_list": {"contour": [{"primary": True, "level": 0.3, "source": "AUTHOR"}]},
        },
        "validation": {"validation_method": []},
    }
    for path, value in changes.items():
        *parents, last = path.split("__")
        place = whole
        for name in parents:
            place = place[name]
        if value is None:
            del place[last]
        else:
            place[last] = value
    return whole


class Handler(BaseHTTPRequestHandler):
    """Answers with what the test has laid ready for the path, the last answer again and again."""

    protocol_version = "HTTP/1.1"
    server: Any

    def do_GET(self) -> None:
        play: EmdbServer = self.server.play
        play.requests.append((self.path, dict(self.headers)))
        answers = play.answers.get(self.path, [status(404)])
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        answer(self)

    def reply(self, code: int, content: bytes = b"", **headers: str) -> None:
        self.send_response(code)
        for name, value in {"Content_Length": str(len(content)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: Any) -> None:
        pass


def status(code: int) -> Answer:
    """Nothing but a status."""
    return lambda handler: handler.reply(code)


def redirect(url: str) -> Answer:
    """Go somewhere else."""
    return lambda handler: handler.reply(302, Location=url)


def as_json(value: Any) -> Answer:
    """A JSON document."""
    return lambda handler: handler.reply(
        200, json.dumps(value).encode(), Content_Type="application/json"
    )


def text(content: bytes) -> Answer:
    """Any bytes."""
    return lambda handler: handler.reply(200, content)


def file(content: bytes, *, etag: str = '"1"', until: int | None = None) -> Answer:
    """A file that knows ranges and versions; the connection breaks after ``until`` bytes of it."""

    def answer(handler: Handler) -> None:
        if handler.headers.get("If-None-Match") == etag:
            return handler.reply(304, ETag=etag)
        start = 0
        asked = re.fullmatch(r"bytes=(\d+)-", handler.headers.get("Range", ""))
        if asked and handler.headers.get("If-Range", etag) == etag:
            start = int(asked[1])
        if start >= len(content):
            return handler.reply(416)
        handler.send_response(206 if start else 200)
        handler.send_header("ETag", etag)
        handler.send_header("Content-Length", str(len(content) - start))
        if start:
            place = f"bytes {start}-{len(content) - 1}/{len(content)}"
            handler.send_header("Content-Range", place)
        handler.end_headers()
        handler.wfile.write(content[start:until])
        if until is not None:
            handler.wfile.flush()
            handler.close_connection = True
        return None

    return answer


def silence(seconds: float) -> Answer:
    """No answer for a while."""

    def answer(handler: Handler) -> None:
        handler.server.play.over.wait(seconds)
        handler.close_connection = True

    return answer


def trickle(seconds: float) -> Answer:
    """A byte now and then."""

    def answer(handler: Handler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", "1000000")
        handler.end_headers()
        while not handler.server.play.over.wait(seconds):
            handler.wfile.write(b"x")
            handler.wfile.flush()

    return answer


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    play: EmdbServer

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that hang up are what the tests are about."""


class EmdbServer:
    """The server on this machine, under a certificate of its own.

    Attributes
    ----------
    answers : by path, what is answered, one after the other
    requests : paths and headers of what was asked
    authority : file of the certificate that clients have to trust
    """

    def __init__(self) -> None:
        self.answers: dict[str, list[Answer]] = {}
        self.requests: list[tuple[str, dict[str, str]]] = []
        self.over = threading.Event()
        authority = trustme.CA()
        self._folder = tempfile.TemporaryDirectory(prefix="vrs_emdb_")
        self.authority = Path(self._folder.name) / "authority.pem"
        authority.cert_pem.write_to_path(str(self.authority))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("localhost").configure_cert(context)
        self._server = _Server(("localhost", 0), Handler)
        self._server.play = self
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    @property
    def url(self) -> str:
        return f"https://localhost:{self._server.server_port}"

    @property
    def api(self) -> str:
        return f"{self.url}/emdb/api"

    @property
    def files(self) -> str:
        return f"{self.url}/pub/databases/emdb/structures"

    @property
    def models(self) -> str:
        return f"{self.url}/pub/databases/pdb"

    def asked(self, path: str) -> int:
        """How often ``path`` was asked for."""
        return sum(path == asked for asked, _ in self.requests)

    def close(self) -> None:
        self.over.set()
        self._server.shutdown()
        self._server.server_close()
        self._folder.cleanup()
