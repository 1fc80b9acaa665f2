"""What the checks of level A cost: processor time and memory, in a process of their own each.

    python benchmarks/model_speed.py MAP MODEL --resolution D --contour T [--copies N] [--threads N]

Nothing is drawn. With ``--copies`` the model is given so many times over, each copy a chain more
and moved by 0.01 Å: what a hundred times as many atoms cost.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "verdicts"))

import gemmi
from level1_speed import peak_memory
from validate import without_pictures

from vrs_scipion.checks.levels import CHECKS, level_of
from vrs_scipion.checks.run import run_check
from vrs_scipion.entry.entry import Entry
from vrs_scipion.entry.inputs import prepare
from vrs_scipion.entry.request import Request
from vrs_scipion.methods.engine import BUILTIN
from vrs_scipion.models.reading import read_model
from vrs_scipion.results.files import load_result

_STEP = 0.01
"""Å by which a copy is moved, so that no two atoms lie on each other."""


def copied(model: Path, copies: int, out: Path) -> Path:
    """A model so many times over, as mmCIF."""
    structure = read_model(model)
    chains = [chain.clone() for chain in structure[0]]
    for number in range(1, copies):
        for chain in chains:
            copy = chain.clone()
            copy.name = f"{chain.name}{number}"
            for residue in copy:
                residue.subchain = f"{residue.subchain}{number}"
                for atom in residue:
                    atom.pos += gemmi.Position(_STEP * number, 0, 0)
            structure[0].add_chain(copy)
    structure.setup_entities()
    structure.make_mmcif_document().write_file(str(out))
    return out


def measure(code: str, folder: Path, threads: int) -> None:
    """Print what a check costs, and how it ended, as JSON."""
    known = [one for one in CHECKS[code].earlier if (folder / one).is_dir()]
    results = {one: load_result(folder / one) for one in known}
    entry = Entry.at(folder / "entry")
    started = time.process_time()
    with without_pictures():
        result = run_check(
            CHECKS[code],
            entry,
            folder / code,
            engine=BUILTIN,
            threads=threads,
            results=results,
            folders={one: folder / one for one in known},
        )
    seconds = time.process_time() - started
    print(json.dumps({"seconds": seconds, "peak": peak_memory(), "outcome": result.outcome.value}))


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("map", type=Path)
    parser.add_argument("model", type=Path)
    parser.add_argument("--resolution", type=float, required=True)
    parser.add_argument("--contour", type=float, required=True)
    parser.add_argument("--copies", type=int, default=1)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--check", help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.check:
        measure(options.check, options.folder, options.threads)
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        model = options.model.absolute()
        if options.copies > 1:
            model = copied(model, options.copies, folder / "model.cif")
        entry = prepare(
            Request.of(
                map=options.map.absolute(),
                model=model,
                resolution=options.resolution,
                contour=options.contour,
            ),
            folder / "entry",
        )
        print(f"{' × '.join(map(str, entry.box))} voxels, {entry.model_record.atoms:,} atoms")
        print("processor seconds, and the most memory in GB")
        total = 0.0
        for check in level_of("A").checks:
            found = _in_a_process(check.code, folder, options.threads)
            total += found["seconds"]
            print(
                f"{check.code:12s} {found['seconds']:7.2f} {found['peak'] / 1e9:6.2f} "
                f"{found['outcome']}",
                flush=True,
            )
        print(f"{'all':12s} {total:7.2f}")


def _in_a_process(code: str, folder: Path, threads: int) -> dict[str, float]:
    command = [sys.executable, __file__, "map", "model", "--resolution", "1", "--contour", "1"]
    command += ["--check", code, "--folder", str(folder), "--threads", str(threads)]
    said = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    found: dict[str, float] = json.loads(said.stdout.splitlines()[-1])
    return found


if __name__ == "__main__":
    main()
