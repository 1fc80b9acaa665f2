"""Derives from the Q-scores of the archive's entries what check A.e compares a model's with.

Of the mean Q-scores of all entries, and of the thousand entries nearest in resolution to each of
many resolutions, percentiles are kept: the entries themselves are not.

    python training/archive_q_scores.py qscore_archive.csv.gz
"""

from __future__ import annotations

import argparse
import csv
import gzip
import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vrs_scipion.methods.q_score_archive import NEAREST, TABLE

SOURCE = "github.com/gregdp/mapq, data/emdb_scores_q_fsc_cc_2c (Pintilie et al. 2025)"
DOI = "10.1107/S2059798325005923"
LICENCE = "MIT"

PERCENTILES = (0, 0.1, 0.5, 1, *np.arange(2.5, 98, 2.5).tolist(), 99, 99.5, 99.9, 100)
RESOLUTIONS = np.round(np.arange(1.2, 10.05, 0.1), 1)

Reals = NDArray[np.float64]


def read_entries(path: Path) -> tuple[Reals, Reals]:
    """Resolutions (Å) and mean Q-scores (σ 0.4 Å) of the entries, shapes (entries,)."""
    with gzip.open(path, "rt", newline="") as file:
        rows = list(csv.DictReader(file))
    columns = ("resolution", "q_mean_sigma04")
    resolution, score = np.array([[float(row[key]) for key in columns] for row in rows]).T
    return resolution, score


def like(resolution: Reals, wanted: float) -> NDArray[np.bool_]:
    """The thousand entries nearest in resolution, and those that are as near as the last."""
    apart = np.round(np.abs(resolution - wanted), 6)
    chosen: NDArray[np.bool_] = apart <= np.partition(apart, NEAREST - 1)[NEAREST - 1]
    return chosen


def derived(path: Path) -> dict[str, Any]:
    """The table that the package ships."""
    resolution, score = read_entries(path)

    def percentiles(of: Reals) -> list[float]:
        return np.percentile(of, PERCENTILES).round(3).tolist()

    rows = []
    for wanted in RESOLUTIONS.tolist():
        near = like(resolution, wanted)
        span = [float(resolution[near].min()), float(resolution[near].max())]
        rows.append({"resolution": wanted, "span": span, "scores": percentiles(score[near])})
    return {
        "what": f"Percentiles of the mean Q-score (sigma 0.4) of all entries, and of the {NEAREST} "
        "nearest to each resolution, which lie in its span.",
        "source": SOURCE,
        "doi": DOI,
        "licence": LICENCE,
        "sha256_of_the_entries": hashlib.sha256(path.read_bytes()).hexdigest(),
        "entries": len(score),
        "percentiles": list(PERCENTILES),
        "all": percentiles(score),
        "rows": rows,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("entries", type=Path, help="resolution and q_mean_sigma04, gzipped csv")
    parser.add_argument("--out", type=Path, default=TABLE)
    asked = parser.parse_args()
    table = derived(asked.entries)
    rows = ",\n".join(f"  {json.dumps(row)}" for row in table.pop("rows"))
    head = json.dumps(table, indent=1).rstrip("}\n")
    head = head.replace(",\n  ", ", ").replace("[\n  ", "[").replace("\n ]", "]")
    asked.out.parent.mkdir(exist_ok=True)
    asked.out.write_text(f'{head},\n "rows": [\n{rows}\n ]\n}}\n')


if __name__ == "__main__":
    main()
