"""Getting bytes over https: time-outs, repeated attempts, redirects that stay at home, resuming."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar
from urllib.parse import urljoin, urlsplit

import requests
import urllib3

from vrs_scipion import __version__
from vrs_scipion.emdb.archive import Archive
from vrs_scipion.emdb.errors import EmdbError

_T = TypeVar("_T")

Advance = Callable[[int, int], None]
"""Called with the bytes that are here and those that there will be (0: unknown)."""

_CHUNK = 1 << 18
_LARGEST_RECORD = 1 << 25
_SLOWEST = 256  # bytes per second
_LONGEST_PAUSE_S = 30.0
_REDIRECTS = 5
_PASSING = {408, 425, 429, 500, 502, 503, 504}
_SPARE_DISK = 1 << 26
_AGENT = {"User-Agent": f"vrs_scipion/{__version__}", "Accept-Encoding": "identity"}


class NotThereError(EmdbError):
    """The archive has nothing under this address (404, 410)."""


class UnreachableError(EmdbError):
    """The archive did not answer, or not to the end, however often it was asked."""


class _PassingError(Exception):
    """A failure that may be gone at the next attempt."""


@dataclass(frozen=True)
class Validators:
    """What tells one version of a file from the next, as the server gave it."""

    etag: str = ""
    modified: str = ""

    @classmethod
    def of(cls, headers: Mapping[str, str]) -> Validators:
        etag = headers.get("ETag", "")
        return cls("" if etag.startswith("W/") else etag, headers.get("Last-Modified", ""))

    @property
    def strongest(self) -> str:
        return self.etag or self.modified

    def unless_unchanged(self) -> dict[str, str]:
        """Headers that make the server answer 304 where nothing has changed."""
        if self.etag:
            return {"If-None-Match": self.etag}
        return {"If-Modified-Since": self.modified} if self.modified else {}


def get_record(archive: Archive, url: str) -> bytes:
    """The answer to a small request, whole.

    Raises
    ------
    NotThereError, UnreachableError, EmdbError
        if there is none, if the server cannot be reached, or answers in a way that is refused.
    """

    def once() -> bytes:
        with _answer(archive, url, {}) as response:
            content = bytearray()
            for chunk in _body(response, archive, decoded=True):
                content += chunk
                if len(content) > _LARGEST_RECORD:
                    raise EmdbError(f"{url}: the answer is longer than a record can be")
        return bytes(content)

    return _attempts(archive, url, once)


def get_file(
    archive: Archive,
    url: str,
    part: Path,
    *,
    known: Validators = Validators(),
    advance: Advance = lambda here, all_of_it: None,
) -> Validators | None:
    """Bring a file to ``part``, going on where an earlier attempt ended.

    Parameters
    ----------
    archive, url : where from
    part : file that grows; a ``.version`` beside it says of which version of the file it is a part
    known : version that is here already: nothing is transferred where that is still the newest
    advance : called as the file grows

    Returns
    -------
    Validators or None
        of the file that is now whole in ``part``; None where the known version is the newest.

    Raises
    ------
    NotThereError, UnreachableError, EmdbError
        as for ``get_record``, or if the disk is too small.
    """
    return _attempts(archive, url, lambda: _continue(archive, url, part, known, advance))


def _continue(
    archive: Archive, url: str, part: Path, known: Validators, advance: Advance
) -> Validators | None:
    version = part.with_name(part.name + ".version")
    begun = part.stat().st_size if part.exists() else 0
    headers = known.unless_unchanged()
    if begun and version.exists():
        headers |= {"Range": f"bytes={begun}-", "If-Range": version.read_text(encoding="utf-8")}
    with _answer(archive, url, headers) as response:
        if response.status_code == requests.codes.not_modified:
            return None
        if response.status_code == requests.codes.requested_range_not_satisfiable:
            part.unlink(missing_ok=True)
            raise _PassingError("the part that is here does not fit the file any more")
        validators = Validators.of(response.headers)
        begun = _begin(response, part, begun)
        if validators.strongest:
            version.write_text(validators.strongest, encoding="utf-8")
        else:
            version.unlink(missing_ok=True)
        length = _length(response)
        whole = begun + length if length is not None else 0
        _require_disk(part, length or 0, url)
        with part.open("ab") as file:
            advance(begun, whole)
            for chunk in _body(response, archive, decoded=False):
                file.write(chunk)
                begun += len(chunk)
                advance(begun, whole)
    if whole and begun != whole:
        raise _PassingError(f"only {begun:,} of {whole:,} bytes came")
    version.unlink(missing_ok=True)
    return validators


def _begin(response: requests.Response, part: Path, begun: int) -> int:
    """How much of the part that is here the answer goes on from; what it repeats is dropped."""
    offered = response.headers.get("Content-Range", "")
    if response.status_code == requests.codes.partial_content and offered.startswith(
        f"bytes {begun}-"
    ):
        return begun
    part.unlink(missing_ok=True)
    if response.status_code == requests.codes.partial_content:
        raise _PassingError(f"the server offered {offered or 'no range'} of the file")
    return 0


def _attempts(archive: Archive, url: str, once: Callable[[], _T]) -> _T:
    pause, said = archive.backoff_s, ""
    for attempt in range(archive.attempts):
        if attempt:
            time.sleep(min(pause, _LONGEST_PAUSE_S))
            pause *= 2
        try:
            return once()
        except _PassingError as error:
            said = str(error)
        except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
            said = _reason(error)
        except OSError as error:
            raise EmdbError(f"{url} could not be kept on disk ({error.strerror})") from error
    raise UnreachableError(
        f"{url} could not be had in {archive.attempts} attempts ({said}); try again later: what "
        "has come so far is kept"
    )


@contextmanager
def _answer(archive: Archive, url: str, headers: Mapping[str, str]) -> Iterator[requests.Response]:
    """The answer behind all redirects, its body still to be read."""
    with requests.Session() as session:
        for _ in range(_REDIRECTS):
            response = session.get(
                url,
                headers={**_AGENT, **headers},
                timeout=archive.timeout_s,
                allow_redirects=False,
                stream=True,
            )
            with response:
                if not response.is_redirect:
                    _require_success(response, url)
                    yield response
                    return
                target = urljoin(url, response.headers["Location"])
                if not archive.may_redirect_to(target):
                    raise EmdbError(
                        f"{url} sends us to {_shown(target)}, which is refused: only https, to "
                        "EMDB's own hosts, is followed"
                    )
                url = target
        raise EmdbError(f"{url}: more than {_REDIRECTS} redirects in a row")


def _require_success(response: requests.Response, url: str) -> None:
    code = response.status_code
    if code in (requests.codes.not_found, requests.codes.gone):
        raise NotThereError(f"{url} does not exist")
    if code in _PASSING:
        raise _PassingError(f"the server answered {code}")
    if code not in (200, 206, 304, 416):
        raise EmdbError(f"{url} was refused by the server (status {code})")


def _body(response: requests.Response, archive: Archive, *, decoded: bool) -> Iterator[bytes]:
    """The body as it comes, given up when it only trickles."""
    started, received = time.monotonic(), 0
    while chunk := response.raw.read1(_CHUNK, decode_content=decoded):
        received += len(chunk)
        waited = time.monotonic() - started
        if waited > archive.timeout_s and received < _SLOWEST * waited:
            raise _PassingError(f"only {received:,} bytes came in {waited:.0f} s")
        yield chunk


def _length(response: requests.Response) -> int | None:
    given = response.headers.get("Content-Length", "")
    return int(given) if given.isdecimal() else None


def _require_disk(part: Path, needed: int, url: str) -> None:
    free = shutil.disk_usage(part.parent).free
    if needed + _SPARE_DISK > free:
        raise EmdbError(
            f"{url} takes {needed / 1e9:.2f} GB and the disk of {part.parent} has "
            f"{free / 1e9:.2f} GB left; make room or choose another cache (--cache)"
        )


def _reason(error: Exception) -> str:
    kinds: dict[type[Exception], str] = {
        requests.exceptions.SSLError: "its certificate could not be verified",
        requests.exceptions.ConnectTimeout: "no connection in time",
        requests.exceptions.ReadTimeout: "no answer in time",
        urllib3.exceptions.ReadTimeoutError: "no answer in time",
        urllib3.exceptions.ProtocolError: "the transfer broke off",
        requests.exceptions.ConnectionError: "no connection",
    }
    return next((said for kind, said in kinds.items() if isinstance(error, kind)), str(error))


def _shown(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.hostname or ''}"
