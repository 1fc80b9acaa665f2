"""Reading particles, whatever the file is called: the format is that of its content."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from vrs_scipion.files import is_web_page
from vrs_scipion.maps.header import HeaderError, parse_header
from vrs_scipion.particles.cryosparc import MAGIC, read_cryosparc
from vrs_scipion.particles.eman import HDF_MAGIC, read_box, read_hdf, read_json, read_lst
from vrs_scipion.particles.relion import read_relion
from vrs_scipion.particles.star import read_star
from vrs_scipion.particles.table import ParticleError, ParticleTable
from vrs_scipion.particles.xmipp import IMAGE, read_xmipp

_BEGINNING = 1 << 16
_LST = (b"#LST", b"#LSX")
_STAR = re.compile(rb"(\s*#[^\n]*\n|\s)*data_", re.IGNORECASE)
_BOX = re.compile(rb"\s*-?\d+(\.\d*)?([ \t]+-?\d+(\.\d*)?){3,}[ \t]*\r?(\n|$)")
_GROUP_FILE = re.compile(rb"(created|group|results):", re.MULTILINE)
_RELION = "rln"

_GIVE = "give the particles' table (.star, .cs, .xmd, .lst)"
_NAMED: tuple[tuple[bytes, str], ...] = (
    (b"\x95CSDAT", "it is in cryoSPARC's stream format; save it as .cs with cryosparc-tools"),
    (b"SQLite format 3\0", "it is a database, as of Scipion's sets; give the set within Scipion"),
    (b"\x1f\x8b", "it is compressed by gzip; unpack it (gunzip) and give that"),
    (b"BZh", "it is compressed by bzip2; unpack it (bunzip2) and give that"),
    (b"\xfd7zXZ\0", "it is compressed by xz; unpack it (unxz) and give that"),
    (b"PK\x03\x04", "it is a zip archive; unpack it and give the table inside"),
    (b"\x80\x04", "it is a pickle of Python, which is never opened here; export a table"),
    (b"\x80\x05", "it is a pickle of Python, which is never opened here; export a table"),
    (b"version https://git-lfs", "it is a placeholder of Git LFS; fetch the file (git lfs pull)"),
)


def read_particles(
    path: Path | str, passthroughs: Sequence[Path | str] = (), root: Path | str | None = None
) -> ParticleTable:
    """Read a table of particles: RELION, cryoSPARC, Xmipp or EMAN2.

    Images themselves are not opened; where a file of them is not found, the table says so.

    Parameters
    ----------
    path : the file
    passthroughs : of a cryoSPARC .cs, more .cs files with the columns that it lacks
    root : the folder that the images' paths are relative to; None to look beside the file and in
        the folders above it

    Raises
    ------
    ParticleError
        If the file is missing, damaged, no table of particles, or says what cannot be.
    """
    path = Path(path)
    folder = None if root is None else Path(root)
    others = [Path(one) for one in passthroughs]
    for one in (path, *others):
        _require_file(one)
    try:
        beginning = _beginning(path)
        if beginning.startswith(MAGIC):
            for one in others:
                if not _beginning(one).startswith(MAGIC):
                    raise ParticleError(one, "it is no .cs file, so it cannot complete one")
            return read_cryosparc(path, others, folder)
        if others:
            raise ParticleError(path, "passthrough files complete only a .cs file; leave them away")
        return _read_other(path, beginning, folder)
    except (OSError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or "it is damaged"
        raise ParticleError(path, f"it cannot be read ({reason})") from error


def _read_other(path: Path, beginning: bytes, root: Path | None) -> ParticleTable:
    if beginning.startswith(HDF_MAGIC):
        return read_hdf(path)
    if beginning.startswith(_LST):
        return read_lst(path, root)
    if beginning.lstrip().startswith((b"{", b"[")):
        return read_json(path)
    if _STAR.match(beginning):
        star = read_star(path)
        labels = set().union(*(block.labels for block in star.blocks))
        relion = any(label.startswith(_RELION) for label in labels)
        if IMAGE in labels and not relion:
            return read_xmipp(star, root)
        return read_relion(star, root)
    if _BOX.match(beginning):
        return read_box(path)
    raise ParticleError(path, _what_it_is(beginning))


def _require_file(path: Path) -> None:
    if not path.exists():
        raise ParticleError(path, f"there is no such file in {path.parent}")
    if not path.is_file():
        raise ParticleError(path, f"it is not a file; {_GIVE}")


def _beginning(path: Path) -> bytes:
    with path.open("rb") as stream:
        return stream.read(_BEGINNING)


def _what_it_is(beginning: bytes) -> str:
    """What a file is that lists no particles, as far as its beginning says."""
    for signature, words in _NAMED:
        if beginning.startswith(signature):
            return words
    if not beginning:
        return f"it is empty; {_GIVE}"
    if _is_mrc(beginning):
        return f"it holds images or a map, not what is known of particles; {_GIVE}"
    if is_web_page(beginning):
        return f"it is a page of the web, or XML, as of a failed download; {_GIVE}"
    if _GROUP_FILE.search(beginning) and b".cs" in beginning:
        return "it is a group file of cryoSPARC (.csg); give the .cs file that it names"
    return f"it is no table of particles that is known; {_GIVE}"


def _is_mrc(beginning: bytes) -> bool:
    try:
        parse_header(beginning)
    except HeaderError:
        return False
    return True
