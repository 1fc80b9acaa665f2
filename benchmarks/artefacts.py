"""How often the artefacts of check 0.j are seen, and how often where there are none.

    python benchmarks/artefacts.py MODELS [--maps MAPS] [--structures N] [--workers N] [--rows FILE]

MODELS holds ``index.json`` and atomic structures, MAPS real maps with an ``index.json`` of theirs.
Good maps are those of ``benchmarks/verdicts`` at three sharpening states, with their surroundings
and with these set to zero 8 Å from the molecule, and in one of the states stored in 256 grey
levels, in 16-bit integers, and averaged over cubes of 2³ voxels; there each artefact is put into
those of odd structures by its size. Good maps of even structures set the limits, odd ones are
reported. Writes ``artefacts.md`` beside this file; FILE keeps what was measured, and spares
measuring again for other limits.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import zlib
from collections import defaultdict
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import replace
from pathlib import Path

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")
sys.path.insert(0, str(Path(__file__).parent / "verdicts"))

import numpy as np  # noqa: E402
from defects import DEFECTS, Defect  # noqa: E402
from recipe import Deposit, diameter, drawn_atoms, make  # noqa: E402
from scipy import ndimage  # noqa: E402
from score import interval  # noqa: E402
from specimens import Specimen, good_specimens  # noqa: E402

from vrs_scipion.checks.level0_j_artefacts import CHECK  # noqa: E402
from vrs_scipion.files import InputError  # noqa: E402
from vrs_scipion.maps.density import Density  # noqa: E402
from vrs_scipion.maps.masks import hard_mask  # noqa: E402
from vrs_scipion.maps.reading import read_density  # noqa: E402
from vrs_scipion.methods.artefacts import find_artefacts  # noqa: E402
from vrs_scipion.methods.contour_level import LevelStudy  # noqa: E402

SEED = 2026
STATES = (-9.0, -4.5, -1.0)
"""Slopes left in the Guinier plot, in squares of the resolution."""
_LARGEST_SIDE = 80
_MASK = 8.0
_HERE = Path(__file__).parent

Values = dict[str, float | None]
Row = tuple[int, str, float, Values]
"""Seed of the structure, what was made of it, its size, what was measured."""

SOUGHT = tuple(defect for defect in DEFECTS if defect.caught_by == (CHECK.code,))


def main() -> None:
    """Measure, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("models", type=Path)
    parser.add_argument("--maps", type=Path)
    parser.add_argument("--structures", type=int, default=40)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--rows", type=Path)
    arguments = parser.parse_args()
    rows = measured(arguments.models, arguments.structures, arguments.workers, arguments.rows)
    real = dict(real_maps(arguments.maps)) if arguments.maps else {}
    (_HERE / "artefacts.md").write_text(page(rows, real), encoding="utf-8")


def measured(models: Path, count: int, workers: int, kept: Path | None) -> list[Row]:
    """Everything that is made of ``count`` structures; ``kept`` has, and gets, a line for each."""
    known = kept.read_text(encoding="utf-8").splitlines() if kept and kept.is_file() else []
    found: dict[int, list[Row]] = {rows[0][0]: rows for rows in map(json.loads, known)}
    if len(found) < count:
        chosen = [s for s in good_specimens(models, 3 * count, SEED) if _small(s)][:count]
        missing = [s for s in chosen if s.recipe.seed not in found]
        with ProcessPoolExecutor(workers) as pool:
            for made in as_completed(pool.submit(measure_structure, one) for one in missing):
                rows = made.result()
                found[rows[0][0]] = rows
                if kept:
                    with kept.open("a", encoding="utf-8") as lines:
                        lines.write(json.dumps(rows) + "\n")
    return [row for rows in found.values() for row in rows]


def _small(specimen: Specimen) -> bool:
    recipe = specimen.recipe
    across = diameter(drawn_atoms(recipe.model))
    return recipe.roominess * across * recipe.sampling / recipe.resolution < _LARGEST_SIDE


def measure_structure(specimen: Specimen) -> list[Row]:
    """Everything that is made of one structure, measured."""
    return [(specimen.recipe.seed, *found) for found in _made(specimen)]


def _sets(row: Row) -> bool:
    """Whether the limits may be chosen on it."""
    return row[0] % 2 == 0


def _made(specimen: Specimen) -> Iterator[tuple[str, float, Values]]:
    for number, left in enumerate(STATES):
        deposit = make(replace(specimen.recipe, left=left))
        masked = _masked(deposit)
        yield f"as it is, {left:g} d²", 0.0, _measured(deposit)
        yield f"masked, {left:g} d²", 0.0, _measured(masked)
        if number == specimen.recipe.seed // 2 % len(STATES):
            for kind, good in _stored(deposit, masked):
                yield kind, 0.0, _measured(good)
            for defect in () if specimen.calibrates else SOUGHT:
                for dial in defect.tried:
                    yield defect.key, dial, _measured(_with(deposit, specimen, defect, dial))


def _masked(deposit: Deposit) -> Deposit:
    away = ndimage.distance_transform_edt(~deposit.molecule, sampling=deposit.density.voxel_size)
    return deposit.with_values(np.where(away <= _MASK, deposit.density.values, 0))


def _stored(deposit: Deposit, masked: Deposit) -> Iterator[tuple[str, Deposit]]:
    values = deposit.density.values
    for kind, levels in (("8-bit", 255), ("16-bit", 65535)):
        step = (values.max() - values.min()) / levels
        yield kind, deposit.with_values(np.rint((values - values.min()) / step) * step)
    step = np.abs(values).max() / 127
    yield "masked, 8-bit", masked.with_values(np.rint(masked.density.values / step))
    yield "binned", _binned(deposit)


def _binned(deposit: Deposit) -> Deposit:
    z, y, x = (n // 2 for n in deposit.density.box)
    halves = deposit.density.values[: 2 * z, : 2 * y, : 2 * x].reshape(z, 2, y, 2, x, 2)
    grid = replace(deposit.density, voxel_size=(2 * deposit.density.voxel_size[0],) * 3)
    return replace(deposit, density=grid).with_values(halves.mean(axis=(1, 3, 5)))


def _with(deposit: Deposit, specimen: Specimen, defect: Defect, dial: float) -> Deposit:
    edit = defect.apply(specimen.recipe, dial).edits[-1]
    salt = zlib.crc32(defect.key.encode())
    return edit(deposit, np.random.default_rng([specimen.recipe.seed, salt]))


def _measured(deposit: Deposit) -> Values:
    density = deposit.density
    reached = min(deposit.contour, float(density.values.max()))
    mask = hard_mask(density.values, reached, density.voxel_size)
    return find_artefacts(density, mask, deposit.resolution).numbers


def real_maps(folder: Path) -> Iterator[tuple[str, Values]]:
    """What is measured of each real map that can be read."""
    for record in json.loads((folder / "index.json").read_text(encoding="utf-8")):
        if "shape_zyx" not in record:
            continue
        try:
            density = read_density(folder / record["file"])
        except InputError:
            continue
        yield record["file"], _measured_real(density, record.get("res"))


def _measured_real(density: Density, resolution: float | None) -> Values:
    level = LevelStudy(density).suggest().level
    mask = hard_mask(density.values, level, density.voxel_size)
    return find_artefacts(density, mask, resolution).numbers


def warned(values: Values) -> set[str]:
    """Keys of the limits that are not met."""
    limits = CHECK.limit_values()
    failed = set()
    for limit in CHECK.limits:
        value = values.get(limit.key)
        if value is not None and not _met(value, limit.comparison, limits[limit.key]):
            failed.add(limit.key)
    return failed


def _met(value: float, comparison: str, limit: float) -> bool:
    return value < limit if comparison == "<" else value >= limit


def page(rows: list[Row], real: dict[str, Values]) -> str:
    """The tables in Markdown."""
    structures = len({row[0] for row in rows})
    good = [row for row in rows if row[2] == 0.0]
    return "\n".join(
        [
            "# How often the artefacts of 0.j are seen",
            "",
            f"Written by `python benchmarks/artefacts.py MODELS --maps MAPS`: {structures} atomic "
            f"structures, {len(good)} good maps of them (three sharpening states; as they are, "
            "masked, in 8 and 16 bits, binned), and each artefact at each of its sizes in one "
            "state of each odd one. Good maps of even structures set the limits, odd ones are "
            "reported.",
            "",
            "## Good maps",
            "",
            "The number nearest to the limit, and how many warn.",
            "",
            *_table(
                ["limit", "setting", "reported", "warns", "of", "real maps", "warn"],
                (_good_row(limit.key, limit.default, good, real) for limit in CHECK.limits),
            ),
            "",
            "Any warning: "
            + _share(bool(warned(row[3])) for row in good if not _sets(row))
            + " of the reported.",
            "",
            "By kind, of the reported: "
            + "; ".join(
                f"{kind} {_share(bool(warned(v)) for v in found)}"
                for kind, found in _by_kind(good).items()
            )
            + ".",
            "",
            "Real maps that warn: "
            + (
                "; ".join(
                    f"{name} ({', '.join(sorted(warned(values)))})"
                    for name, values in real.items()
                    if warned(values)
                )
                or "none"
            )
            + ".",
            "",
            "## Artefacts, by size",
            "",
            "Reported structures; the stated size is bold. *Named* is by the limit that is meant, "
            "*any* by one or more of 0.j.",
            "",
            *_table(
                ["artefact", "unit", "limit", "size: named", "stated size: any", "interval"],
                (_power_row(defect, rows) for defect in SOUGHT),
            ),
            "",
        ]
    )


MEANT = {
    "clipped_low": ("clipped_low",),
    "clipped_high": ("clipped_high",),
    "quantised": ("grey_levels",),
    "nearest_neighbour": ("repeated_planes",),
    "hot_voxels": ("single_voxels",),
    "missing_plane": ("plane",),
    "shifted_plane": ("plane",),
    "torn": ("plane",),
    "rings": ("rings",),
    "ramp": ("ramp",),
    "ghost": ("ghost",),
    "inverted": ("contrast",),
}
"""By the key of the defect: which limits name it."""


def _good_row(key: str, limit: float, good: list[Row], real: dict[str, Values]) -> list[str]:
    comparison = CHECK.limit(key).comparison
    extreme = max if comparison == "<" else min

    def worst(found: Iterable[Values]) -> str:
        values = [v for one in found if (v := one.get(key)) is not None]
        return f"{extreme(values):.3g}" if values else "–"

    reported = [row[3] for row in good if not _sets(row) and row[3].get(key) is not None]
    alarms = sum(key in warned(values) for values in reported)
    sign = "below" if comparison == "<" else "at least"
    return [
        f"{key}: {sign} {limit:g}",
        worst(row[3] for row in good if _sets(row)),
        worst(reported),
        str(alarms),
        str(len(reported)),
        worst(real.values()),
        str(sum(key in warned(values) for values in real.values())),
    ]


def _power_row(defect: Defect, rows: list[Row]) -> list[str]:
    meant = MEANT[defect.key]
    cells = []
    any_of, stated = "", ""
    for dial in defect.tried:
        found = [r[3] for r in rows if r[1] == defect.key and r[2] == dial and not _sets(r)]
        asked = [v for v in found if any(v.get(key) is not None for key in meant)]
        hits = sum(bool(warned(v) & set(meant)) for v in asked)
        cell = f"{dial:g}: {hits}/{len(asked)}"
        if dial == defect.stated:
            cell = f"**{cell}**"
            any_of = _share(bool(warned(v)) for v in found)
            low, high = interval(hits, len(asked))
            stated = f"{100 * low:.0f} % to {100 * high:.0f} %"
        cells.append(cell)
    return [defect.title, defect.unit, ", ".join(meant), ", ".join(cells), any_of, stated]


def _by_kind(good: list[Row]) -> dict[str, list[Values]]:
    found: dict[str, list[Values]] = defaultdict(list)
    for row in good:
        if not _sets(row):
            found[row[1]].append(row[3])
    return dict(found)


def _share(hits: Iterable[bool]) -> str:
    listed = list(hits)
    return f"{sum(listed)} of {len(listed)}"


def _table(header: list[str], rows: Iterable[list[str]]) -> list[str]:
    lines = [header, ["---"] * len(header), *rows]
    return [f"| {' | '.join(line)} |" for line in lines]


if __name__ == "__main__":
    main()
