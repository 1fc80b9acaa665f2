"""Reading an atomic model, whatever the file is called."""

from __future__ import annotations

import gzip
import zlib
from pathlib import Path

import gemmi

from vrs_scipion.files import InputError, is_web_page

_GZIP_MAGIC = b"\x1f\x8b"
_MRC_MAGIC = slice(208, 211), b"MAP"


class ModelError(InputError):
    """A model that cannot be used: one sentence with the file, what is wrong, what to do."""


def read_model(path: Path | str) -> gemmi.Structure:
    """Read a PDB, mmCIF or mmJSON file, plain or gzipped; the format is that of its content.

    Parameters
    ----------
    path : the file

    Returns
    -------
    gemmi.Structure
        With at least one model; entities are told apart.

    Raises
    ------
    ModelError
        If the file is missing, cannot be read, is no atomic model or holds no atoms.

    References
    ----------
    Wojdyr (2022), doi:10.21105/joss.04200 (gemmi)
    """
    return model_of(Path(path), read_content(Path(path)))


def model_of(path: Path, content: bytes) -> gemmi.Structure:
    """The model that a file holds, as ``read_model`` reads it.

    Parameters
    ----------
    path : the file, for what is refused
    content : what it holds, decompressed

    Raises
    ------
    ModelError
        If it is no atomic model or holds no atoms.
    """
    try:
        structure = gemmi.read_structure_string(content, format=gemmi.CoorFormat.Detect)
    except (RuntimeError, ValueError) as error:
        reason = _what_it_is(content) or " ".join(str(error).split())
        raise ModelError(
            path, f"it is no atomic model that can be read ({reason}); give a PDB or mmCIF file"
        ) from error
    if not any(model.count_atom_sites() for model in structure):
        reason = _what_it_is(content)
        said = f" ({reason})" if reason else ""
        raise ModelError(path, f"it holds no atoms{said}; give an atomic model, PDB or mmCIF")
    structure.setup_entities()
    return structure


def read_content(path: Path) -> bytes:
    """What a file holds, decompressed where it is gzipped.

    Raises
    ------
    ModelError
        If the file is missing or cannot be read.
    """
    if not path.exists():
        raise ModelError(path, f"there is no such file in {path.parent}")
    if not path.is_file():
        raise ModelError(path, "it is not a file; give the model's file itself")
    try:
        stored = path.read_bytes()
        return gzip.decompress(stored) if stored.startswith(_GZIP_MAGIC) else stored
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise ModelError(
            path, f"its gzip data are broken or cut short ({error}); copy it again"
        ) from error
    except OSError as error:
        raise ModelError(path, f"it cannot be read ({error.strerror or error})") from error


def _what_it_is(content: bytes) -> str:
    """What a file is that holds no atoms, as far as its beginning says; '' where it does not."""
    where, magic = _MRC_MAGIC
    if content[where] == magic:
        return "it is a map"
    if is_web_page(content):
        return "it is a page of the web, or XML"
    if b"_refln." in content and b"_atom_site." not in content:
        return "it holds structure factors"
    if b"_chem_comp_atom." in content and b"_atom_site." not in content:
        return "it describes a ligand or restraints"
    return ""
