"""Entries of the Electron Microscopy Data Bank: what was deposited, and the map itself.

*accession > record > deposition and map in the cache*: ``fetch`` goes all of it.
"""

from vrs_scipion.emdb.accession import is_accession, normalised
from vrs_scipion.emdb.archive import Archive
from vrs_scipion.emdb.errors import EmdbError
from vrs_scipion.emdb.fetch import Fetched, fetch
from vrs_scipion.emdb.request import entry_request

__all__ = [
    "Archive",
    "EmdbError",
    "Fetched",
    "entry_request",
    "fetch",
    "is_accession",
    "normalised",
]
