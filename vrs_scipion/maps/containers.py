"""What a file is by its first bytes: opened where it is compressed, named where it is no map."""

from __future__ import annotations

import bz2
import gzip
import lzma
import re
import struct
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, BinaryIO, cast

from vrs_scipion.files import InputError, printable

LARGEST_RATIO = {"gzip": 1032, "bzip2": 1 << 22, "xz": 1 << 14}
"""How many bytes a compressed one can stand for at most, by the compression."""

_CHUNK = 1 << 22
_OPENERS: dict[bytes, tuple[str, Callable[[BinaryIO], IO[bytes]]]] = {
    b"\x1f\x8b": ("gzip", lambda file: cast(IO[bytes], gzip.GzipFile(fileobj=file, mode="rb"))),
    b"BZh": ("bzip2", bz2.BZ2File),
    b"\xfd7zXZ\x00": ("xz", lzma.LZMAFile),
}
_BROKEN = (EOFError, zlib.error, gzip.BadGzipFile, lzma.LZMAError)

_MAP_NAME = re.compile(r"\.(mrc|map|ccp4|vol|spi)(\.(gz|bz2|xz))?$", re.IGNORECASE)
_LISTED = 5

_CONVERT = "convert it to MRC first"
_UNPACK = "unpack it and give the map inside"
_MODEL = "it is an atomic model, not a map; give the map's file"
_SIGNATURES: tuple[tuple[bytes, str], ...] = (
    (b"PK\x03\x04", f"it is a zip archive; {_UNPACK}"),
    (b"7z\xbc\xaf\x27\x1c", f"it is a 7z archive; {_UNPACK}"),
    (b"Rar!\x1a\x07", f"it is a rar archive; {_UNPACK}"),
    (b"\x28\xb5\x2f\xfd", "it is compressed by zstd; unpack it (unzstd) and give the map"),
    (b"\x04\x22\x4d\x18", "it is compressed by lz4; unpack it (unlz4) and give the map"),
    (b"\x1f\x9d", "it is compressed by compress; unpack it (uncompress) and give the map"),
    (b"\x1f\x8b", "it was gzipped twice; unpack it once (gunzip) and give that"),
    (b"BZh", "it was compressed twice; unpack it once (bunzip2) and give that"),
    (b"\x89HDF\r\n\x1a\n", f"it is HDF5; {_CONVERT} (EMAN: e2proc3d.py in.hdf out.mrc)"),
    (b"\x93NUMPY", f"it is an array of NumPy; {_CONVERT} (mrcfile.write, with the voxel size)"),
    (b"\x80\x04\x95", f"it is a pickle of Python, which is never opened here; {_CONVERT}"),
    (b"version https://git-lfs", "it is a placeholder of Git LFS; fetch the file (git lfs pull)"),
    (b"MTZ ", "it holds reflections (MTZ), not a map; calculate the map first"),
    (b":-)", f"it is a BRIX map; {_CONVERT}"),
    (b"II*\x00", f"it is a TIFF picture; {_CONVERT} if it holds a volume (tif2mrc)"),
    (b"MM\x00*", f"it is a TIFF picture; {_CONVERT} if it holds a volume (tif2mrc)"),
    (b"\x89PNG", "it is a PNG picture; give the map's file"),
    (b"\xff\xd8\xff", "it is a JPEG picture; give the map's file"),
    (b"GIF8", "it is a GIF picture; give the map's file"),
    (b"%PDF", "it is a PDF document; give the map's file"),
    (b"IMODV1.2", "it is a model of IMOD, not a map; give the map's file"),
    (b"NRRD000", f"it is an NRRD volume; {_CONVERT}"),
    (b"# vtk DataFile", f"it is a VTK volume; {_CONVERT}"),
    (b"object 1 class gridpositions", f"it is an OpenDX volume; {_CONVERT}"),
    (b"# AmiraMesh", f"it is a file of Amira; {_CONVERT} if it holds a volume (am2mrc)"),
    (b"# Avizo", f"it is a file of Avizo; {_CONVERT} if it holds a volume (am2mrc)"),
    (b"# HyperSurface", "it is a surface of Amira, not a map; give the map's file"),
    (b"solid ", "it is a surface (STL), not a map; give the map's file"),
    (b"SQLite format 3", "it is a database of SQLite; give the map's file"),
)
_TEXTS: tuple[tuple[re.Pattern[bytes], str], ...] = (
    (
        re.compile(rb"<!doctype html|<html|<head", re.IGNORECASE),
        "it is a web page: the download went wrong, or the address was that of a page; download "
        "the map again",
    ),
    (re.compile(rb"<\?xml|<[a-z]+[ >]"), "it is XML, not a map; give the map's file"),
    (re.compile(rb"HEADER  |ATOM  |HETATM|CRYST1|REMARK|MODEL  |TITLE  |EXPDTA"), _MODEL),
    (
        re.compile(rb"[^\n]*\n[^\n]*\n(?:\s*-?\d+(?:\s+-?\d+\.\d+){3}[^\n]*\n){3}"),
        f"it is a cube of Gaussian; {_CONVERT}",
    ),
    (re.compile(rb"[{\[]\s*[\"{\[\]}\d]"), "it is JSON, not a map; give the map's file"),
)
_STAR = re.compile(rb"(?:#[^\n]*\n|\s)*data_")
_TABLE = "it is a table of metadata (STAR), not a map; give the volume that it belongs to"


@contextmanager
def opened(path: Path) -> Iterator[tuple[BinaryIO, str]]:
    """The file's content as a stream, decompressed, and how it was compressed, '' for not at all.

    Raises
    ------
    InputError
        if it cannot be read, here or while the stream is.
    """
    kind = ""
    try:
        _require_a_file(path)
        with path.open("rb") as file:
            first = file.read(6)
            file.seek(0)
            for magic, (kind_, unpacked) in _OPENERS.items():
                if first.startswith(magic):
                    kind = kind_
                    with unpacked(file) as stream:
                        yield cast(BinaryIO, stream), kind
                    return
            yield file, ""
    except _BROKEN as error:
        raise _broken(path, kind, error) from error
    except OSError as error:
        if kind and error.errno is None:
            raise _broken(path, kind, error) from error
        raise InputError(path, f"it cannot be read ({error.strerror or error})") from error


def decompressed_length(path: Path) -> int:
    """Bytes of the content; one that is compressed is read through.

    Raises
    ------
    InputError
        if it cannot be read.
    """
    with opened(path) as (stream, kind):
        if not kind:
            return path.stat().st_size
        total = 0
        while chunk := stream.read(_CHUNK):
            total += len(chunk)
        return total


def named(first: bytes) -> str:
    """What content with these first bytes (up to 1024) is, and what to do; '' where unknown."""
    if not first:
        return "it is empty; copy or download it again"
    for magic, said in _SIGNATURES:
        if first.startswith(magic):
            return said
    if first[257:262] == b"ustar":
        return f"it is a tar archive; {_UNPACK}"
    if _is_dsn6(first):
        return f"it is a DSN6 map; {_CONVERT}"
    if _is_em(first):
        return f"it is a volume in EM format (TOM, Dynamo, PyTom); {_CONVERT}"
    if _is_dm(first):
        return f"it is a file of Digital Micrograph; {_CONVERT} if it holds a volume (dm2mrc)"
    if len(first) >= 1024 and not any(first):
        return "it holds nothing but zeros where its header should be; copy or download it again"
    return _text(first)


def _text(first: bytes) -> str:
    start = first.removeprefix(b"\xef\xbb\xbf").lstrip()
    if _STAR.match(start):
        return _MODEL if b"_entry.id" in first or b"_atom_site" in first else _TABLE
    return next((said for pattern, said in _TEXTS if pattern.match(start)), "")


def _is_dsn6(first: bytes) -> bool:
    """Its 19th 16-bit word is 100, in either byte order, and so are its sizes sensible."""
    if len(first) < 512:
        return False
    for order in "<>":
        words = struct.unpack(f"{order}19h", first[:38])
        if words[18] == 100 and all(0 < n <= 4096 for n in words[3:9]):
            return True
    return False


def _is_em(first: bytes) -> bool:
    """Its first byte names the machine, its fourth the type, three sizes follow."""
    if len(first) < 512 or first[0] not in (3, 5, 6) or first[3] not in (1, 2, 4, 5, 8, 9):
        return False
    order = "<" if first[0] == 6 else ">"
    return all(0 < n < 1 << 16 for n in struct.unpack(f"{order}3i", first[4:16]))


def _is_dm(first: bytes) -> bool:
    return (
        len(first) > 24
        and first[:4] in (b"\x00\x00\x00\x03", b"\x00\x00\x00\x04")
        and (first[8:12] in (b"\x00\x00\x00\x01", b"\x00\x00\x00\x00"))
    )


def _require_a_file(path: Path) -> None:
    if not path.exists():
        raise InputError(path, f"there is no such file in {printable(str(path.parent))}")
    if path.is_dir():
        maps = sorted(p.name for p in path.iterdir() if p.suffixes and _MAP_NAME.search(p.name))
        listed = ", ".join(printable(name) for name in maps[:_LISTED])
        more = ", …" if len(maps) > _LISTED else ""
        within = f" of those in it ({listed}{more})" if maps else ""
        raise InputError(path.absolute(), f"it is not a file but a folder; give one map{within}")
    if not path.is_file():
        raise InputError(path, "it is not a file; give the map's file itself")


def _broken(path: Path, kind: str, error: Exception) -> InputError:
    return InputError(path, f"its {kind} data are broken or cut short ({error}); copy it again")
