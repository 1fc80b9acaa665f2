"""Where EMDB and the PDB are, and how long to wait for them."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import platformdirs

from vrs_scipion.emdb.errors import EmdbError

API = "https://www.ebi.ac.uk/emdb/api"
FILES = "https://ftp.ebi.ac.uk/pub/databases/emdb/structures"
MODELS = "https://ftp.ebi.ac.uk/pub/databases/pdb/data/structures/divided/mmCIF"
API_VARIABLE = "VRS_EMDB_API"
FILES_VARIABLE = "VRS_EMDB_FILES"
MODELS_VARIABLE = "VRS_PDB_FILES"
CACHE_VARIABLE = "VRS_CACHE"

_OWNER = ".ebi.ac.uk"


def default_cache() -> Path:
    """``$VRS_CACHE``, or the user's cache folder."""
    given = os.environ.get(CACHE_VARIABLE)
    return Path(given) if given else Path(platformdirs.user_cache_dir("vrs_scipion"))


@dataclass(frozen=True)
class Archive:
    """EMDB as a source of entries.

    Attributes
    ----------
    api : address of the REST interface, ``https`` only
    files : address of the folder that holds one folder per entry, ``https`` only
    models : address of the folder that holds the models of the PDB, ``https`` only
    cache : folder in which downloaded entries are kept
    offline : use the cache alone
    timeout_s : seconds without an answer, or with hardly any data, that are too many
    attempts : how often a request is made before it is given up
    backoff_s : pause after the first failed attempt; it doubles with every other one
    """

    api: str = field(default_factory=lambda: os.environ.get(API_VARIABLE) or API)
    files: str = field(default_factory=lambda: os.environ.get(FILES_VARIABLE) or FILES)
    models: str = field(default_factory=lambda: os.environ.get(MODELS_VARIABLE) or MODELS)
    cache: Path = field(default_factory=default_cache)
    offline: bool = False
    timeout_s: float = 30.0
    attempts: int = 5
    backoff_s: float = 0.5

    def __post_init__(self) -> None:
        for address in (self.api, self.files, self.models):
            if not _is_https(address):
                raise EmdbError(
                    f"{address!r} is no address for EMDB: it has to start with https://"
                )

    def record_url(self, accession: str) -> str:
        """Address of the entry's record."""
        return f"{self.api.rstrip('/')}/entry/{accession}"

    def file_url(self, accession: str, place: str, name: str) -> str:
        """Address of a file in one of the entry's folders: map, other (half maps), fsc."""
        return f"{self.files.rstrip('/')}/{accession}/{place}/{name}"

    def model_url(self, code: str) -> str:
        """Address of a model of the PDB, by its code of four small letters."""
        return f"{self.models.rstrip('/')}/{code[1:3]}/{code}.cif.gz"

    def may_redirect_to(self, url: str) -> bool:
        """Whether the archive may send us there: https, to its own hosts or EMBL-EBI's."""
        host = urlsplit(url).hostname or ""
        own = {urlsplit(one).hostname for one in (self.api, self.files, self.models)}
        return _is_https(url) and (host in own or host.endswith(_OWNER))


def _is_https(url: str) -> bool:
    parts = urlsplit(url)
    return parts.scheme == "https" and bool(parts.hostname)
