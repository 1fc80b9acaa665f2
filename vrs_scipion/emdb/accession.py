"""EMDB's accession codes."""

from __future__ import annotations

import re

_ACCESSION = re.compile(r"emd[-_](\d{4,6})", re.IGNORECASE | re.ASCII)


def is_accession(text: str) -> bool:
    """Whether ``text`` is an accession code, e.g. EMD-3488, in any case."""
    return _ACCESSION.fullmatch(text.strip()) is not None


def normalised(text: str) -> str:
    """The accession as EMDB writes it, e.g. EMD-3488.

    Raises
    ------
    ValueError
        if it is none.
    """
    found = _ACCESSION.fullmatch(text.strip())
    if found is None:
        raise ValueError(f"{text!r} is no accession code of EMDB, such as EMD-3488")
    return f"EMD-{found[1]}"


def map_file(accession: str) -> str:
    """Name of the entry's primary map in the archive, e.g. emd_3488.map.gz."""
    return f"emd_{accession.removeprefix('EMD-')}.map.gz"
