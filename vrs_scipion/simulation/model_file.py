"""Reading an atomic model, whatever the file is called."""

from __future__ import annotations

import gzip
import zlib
from pathlib import Path

import gemmi

from vrs_scipion.files import InputError

_GZIP_MAGIC = b"\x1f\x8b"


class ModelError(InputError):
    """A model that cannot be simulated: one sentence with the file, what is wrong, what to do."""


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
    path = Path(path)
    try:
        structure = gemmi.read_structure_string(_content(path), format=gemmi.CoorFormat.Detect)
    except (RuntimeError, ValueError) as error:
        if isinstance(error, ModelError):
            raise
        reason = " ".join(str(error).split())
        raise ModelError(
            path, f"it is no atomic model that can be read ({reason}); give a PDB or mmCIF file"
        ) from error
    if not any(model.count_atom_sites() for model in structure):
        raise ModelError(path, "it holds no atoms; give an atomic model, PDB or mmCIF")
    structure.setup_entities()
    return structure


def _content(path: Path) -> bytes:
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
