"""Models of the Protein Data Bank, through the cache: ``PDB-5NI1/5ni1.cif.gz`` and its version."""

from __future__ import annotations

import re
from pathlib import Path

from vrs_scipion.emdb.archive import Archive
from vrs_scipion.emdb.cache import ArchiveFile, bring, locked
from vrs_scipion.emdb.errors import EmdbError
from vrs_scipion.emdb.fetch import Show, unseen
from vrs_scipion.emdb.transfer import NotThereError
from vrs_scipion.files import InputError

_CODE = re.compile(r"(?:pdb_0000)?([0-9][a-z0-9]{3})", re.IGNORECASE | re.ASCII)


def is_pdb_code(text: str) -> bool:
    """Whether a text is the code of an entry of the PDB: 5NI1, pdb_00005ni1."""
    return _CODE.fullmatch(text.strip()) is not None


def fetch_model(code: str, archive: Archive, show: Show = unseen) -> tuple[Path, tuple[str, ...]]:
    """The model of an entry of the PDB, from the cache where the cache is up to date.

    Parameters
    ----------
    code : e.g. '5NI1'
    archive : where the PDB is, and where its cache
    show : as for `vrs_scipion.emdb.fetch`

    Returns
    -------
    the file (mmCIF, gzipped), and what its user should know, one sentence each

    Raises
    ------
    EmdbError
        if it is no code, there is no such entry, it can be had neither from the archive nor from
        the cache, or what came is no model.
    """
    found = _CODE.fullmatch(code.strip())
    if found is None:
        raise EmdbError(f"{code!r} is no code of an entry of the PDB, such as 5NI1")
    name = f"PDB-{found[1].upper()}"
    url = archive.model_url(found[1].lower())
    file = ArchiveFile(name, "the model", f"{found[1].lower()}.cif.gz", url, _require_model)
    folder = archive.cache / name
    with locked(folder, name), show(f"{name}, the model") as advance:
        try:
            return bring(archive, file, folder, advance)
        except NotThereError as error:
            raise EmdbError(f"{name}: the PDB has no such model") from error


def _require_model(path: Path) -> None:
    from vrs_scipion.models.reading import read_model  # slow to load

    try:
        read_model(path)
    except InputError as error:
        raise EmdbError(
            f"what the PDB sent as {path.name} is no model ({error.problem})"
        ) from error
