"""Many maps: a table of them, so many at once, one folder each, one index over all.

*table > rows > row folders > index.html, summary.csv*. A row is validated by ``vrs validate`` in a
process of its own, so that nothing that happens to one touches another.
"""

from vrs_scipion.batch.run import Batch, run_batch
from vrs_scipion.batch.table import TableError, read_table
from vrs_scipion.batch.validate_row import Settings
from vrs_scipion.batch.workplace import Workplace, WorkplaceError

__all__ = [
    "Batch",
    "Settings",
    "TableError",
    "Workplace",
    "WorkplaceError",
    "read_table",
    "run_batch",
]
