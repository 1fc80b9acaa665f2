"""Splits a folder of structures into training, validation and test parts by sequence similarity.

Structures any two chains of which share 30 % identical residues over half of the shorter chain end
in the same part, by single linkage: no chain of the test part has such a relative in training.
Relatives of the structures behind the real maps are test structures too. RNA counts as one family.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np
from Bio.Align import PairwiseAligner, substitution_matrices
from structures import load_structure, read_index, read_model, sequences, sha256

IDENTITY, COVERAGE = 0.30, 0.5
SCORE = 90
"""Least BLOSUM62 score of an alignment: above what unrelated chains reach by chance."""

KMER, SHARED = 3, 0.06
SEED = 7
HELICAL = 0.1
MOST_ATOMS = 60_000


def kmers(sequence: str) -> set[str]:
    """The set of its words of three letters."""
    return {sequence[i : i + KMER] for i in range(len(sequence) - KMER + 1)}


def related(a: str, b: str, aligner: PairwiseAligner) -> bool:
    """Whether the best local alignment covers half of the shorter with 30 % identity."""
    words_a, words_b = kmers(a), kmers(b)
    if len(words_a & words_b) < SHARED * min(len(words_a), len(words_b)):
        return False
    if aligner.score(a, b) < SCORE:
        return False
    alignment = aligner.align(a, b)[0]
    pairs = [
        (x, y)
        for (s, e), (t, _) in zip(*alignment.aligned, strict=True)
        for x, y in zip(a[s:e], b[t : t + e - s], strict=True)
    ]
    identical = sum(x == y for x, y in pairs)
    return len(pairs) >= COVERAGE * min(len(a), len(b)) and identical >= IDENTITY * len(pairs)


def clusters(chains: list[list[str]], kinds: list[str]) -> list[int]:
    """A family number per structure, by single linkage."""
    aligner = PairwiseAligner(mode="local", open_gap_score=-11, extend_gap_score=-1)
    aligner.substitution_matrix = substitution_matrices.load("BLOSUM62")
    parent = list(range(len(chains)))

    def root(i: int) -> int:
        while parent[i] != i:
            i = parent[i]
        return i

    for i in range(len(chains)):
        for j in range(i):
            if root(i) == root(j):
                continue
            both_rna = kinds[i] == kinds[j] == "RNA"
            if both_rna or any(related(a, b, aligner) for a in chains[i] for b in chains[j]):
                parent[root(i)] = root(j)
    return [root(i) for i in range(len(chains))]


def assign(family: list[int], helical: list[bool], forced: set[int]) -> list[str]:
    """Part of every structure: families in random order; the helical ones fill the parts."""
    generator = np.random.default_rng(SEED)
    order = generator.permutation(sorted(set(family)))
    wanted = {"test": 0.30, "validation": 0.15, "training": 0.55}
    total = sum(helical)
    part: dict[int, str] = dict.fromkeys(forced, "test")
    counts = dict.fromkeys(wanted, 0)
    for f in forced:
        counts["test"] += sum(h for g, h in zip(family, helical, strict=True) if g == f)
    for f in (int(f) for f in order):
        if f in part:
            continue
        size = sum(h for g, h in zip(family, helical, strict=True) if g == f)
        if size > 4:  # large families would leave a part with one fold
            part[f] = "training"
        else:
            part[f] = max(wanted, key=lambda p: wanted[p] - counts[p] / total)
        counts[part[f]] += size
    return [part[f] for f in family]


def main() -> None:
    """Write the list."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--models", type=Path, required=True, help="folder with index.json")
    parser.add_argument("--held-out", type=Path, nargs="*", default=[], help="models of real maps")
    parser.add_argument("--out", type=Path, default=Path(__file__).with_name("hand_split.json"))
    given = parser.parse_args()
    records = [r for r in read_index(given.models) if r["heavy"] <= MOST_ATOMS]
    paths = [given.models / r["file"] for r in records] + list(given.held_out)
    kinds = [r["kind"] for r in records] + ["protein"] * len(given.held_out)
    chains = [sequences(read_model(p)[0]) for p in paths]
    family = clusters(chains, kinds)
    forced = {family[i] for i in range(len(records), len(paths))}
    rna = {family[i] for i, kind in enumerate(kinds) if kind == "RNA"}
    known: list[dict[str, Any]] = []
    axes = [len(load_structure(p, k).axis) for p, k in zip(paths, kinds, strict=True)]
    helical = [(r.get("helix_fraction") or 0) >= HELICAL for r in records]
    parts = assign(family[: len(records)], helical, forced - rna)
    for i, record in enumerate(records):
        part = ("training", "validation", "test")[i % 3] if kinds[i] == "RNA" else parts[i]
        known.append(
            {
                "file": record["file"],
                "sha256": sha256(paths[i]),
                "kind": kinds[i],
                "family": family[i],
                "helix_fraction": record.get("helix_fraction"),
                "beta_fraction": record.get("beta_fraction"),
                "helix_points": axes[i],
                "part": part,
            }
        )
    given.out.write_text(json.dumps(known, indent=1) + "\n")
    for part in ("training", "validation", "test"):
        chosen = [k for k in known if k["part"] == part]
        print(part, len(chosen), "helical", sum((k["helix_fraction"] or 0) >= 0.1 for k in chosen))


if __name__ == "__main__":
    main()
