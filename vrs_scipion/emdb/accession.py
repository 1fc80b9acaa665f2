"""EMDB's accession codes, as people write them."""

from __future__ import annotations

import re

_CODE = r"emdb?[-_: ]?(\d{4,6})"
_SPELLED = re.compile(_CODE, re.IGNORECASE | re.ASCII)
_ADDRESS = re.compile(rf"https?:/{{1,2}}\S*/{_CODE}(?:[/?#]\S*)?", re.IGNORECASE | re.ASCII)
_BARE = re.compile(r"\d{4,6}", re.ASCII)


def is_accession(text: str) -> bool:
    """Whether ``text`` is an accession code: EMD-3488, emd_3488, EMDB-3488, EMD3488, an address."""
    return _found(text) is not None


def normalised(text: str) -> str:
    """The accession as EMDB writes it, e.g. EMD-3488.

    Raises
    ------
    ValueError
        if it is none.
    """
    found = _found(text)
    if found is None:
        raise ValueError(f"{text!r} is no accession code of EMDB, such as EMD-3488")
    return f"EMD-{found[1]}"


def _found(text: str) -> re.Match[str] | None:
    return _SPELLED.fullmatch(text.strip()) or _ADDRESS.fullmatch(text.strip())


def perhaps_meant(text: str) -> str:
    """The accession that a bare number may stand for; '' for anything else."""
    return f"EMD-{text.strip()}" if _BARE.fullmatch(text.strip()) else ""


def map_file(accession: str) -> str:
    """Name of the entry's primary map in the archive, e.g. emd_3488.map.gz."""
    return f"emd_{accession.removeprefix('EMD-')}.map.gz"
