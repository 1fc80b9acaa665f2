"""Does 0.e, which sees the map alone, agree with half maps, and does 1.l see what they do not hold?

    python benchmarks/local_resolution_against_halves.py MODELS --out FOLDER [--most N]

MODELS is a folder with ``index.json`` and atomic structures. Each becomes a pair of half maps with
the map that careful authors make of them (``benchmarks/verdicts``), one in four by gemmi, and three
maps that say more than the halves do. Of each pair, a line of ``pairs.jsonl``; a run that was
stopped goes on where it was. Writes ``local_resolution_against_halves.md`` beside this file.
"""

from __future__ import annotations

import argparse
import itertools
import json
import math
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent / "verdicts"))

import numpy as np
from halves import gemmi_pair, good_pairs
from numpy.typing import NDArray
from recipe import SHARPENED_TO, Deposit, Recipe, make
from scipy import fft

from vrs_scipion.checks.level0_e_deepres import UNSHARPENED_SQUARES
from vrs_scipion.checks.level1_l_agreement import CHECK, DECISIVE, would_stand_out
from vrs_scipion.maps.density import Density, Mask, Volume
from vrs_scipion.maps.masks import hard_mask
from vrs_scipion.methods.fsc import GOLD_STANDARD, HALF, crossings
from vrs_scipion.methods.guinier import FitRangeError, fit_guinier, nyquist
from vrs_scipion.methods.local_agreement import ERRORS, agreement, unsupported
from vrs_scipion.methods.local_bands import local_correlations, local_resolution
from vrs_scipion.methods.local_resolution import flattened
from vrs_scipion.methods.local_resolution import local_resolution as by_looks
from vrs_scipion.methods.resolution_by_looks import spread_over_maps
from vrs_scipion.simulation.halves_truth import correlation_of, power_under
from vrs_scipion.simulation.shells import Shells

FINEST, COARSEST = 2.9, 10.7
BINS = (2.9, 5.1, 6.5, SHARPENED_TO, COARSEST)
LIMIT = CHECK.limit("unsupported_highest").default
PAGE = Path(__file__).with_suffix(".md")
GOOD = "as authors make it"

_SEED, _LARGEST, _SIDE = 41, 72, 90
_SECOND = 4
"""One pair in so many is made by the second simulator."""
_SAMPLING = (3.3, 0.07)
_UNSHARPENED = -10.0
"""B-factor in squares of the resolution, where there is none to be fitted."""
_DETAIL, _LEFT = 0.65, -4.5
"""Resolution of the completed map in that of the halves, and its B-factor in squares of that."""
_OVERSHARPENED = 1.3
_EDGE = 0.05
_POWER = 1.6

Row = dict[str, Any]


def oversharpened(deposit: Deposit, first: Volume, second: Volume) -> Volume:
    """The halves' mean without a figure of merit, its spectrum flat to 1.3 times the resolution."""
    mean = (first + second) / 2
    b_factor = _b_factor(replace(deposit.density, values=mean), deposit.resolution)
    finest = deposit.resolution / _OVERSHARPENED
    return _flat(deposit, mean, -b_factor, finest, _EDGE / deposit.resolution)


def modified(deposit: Deposit, first: Volume, second: Volume) -> Volume:
    """The map with its weak density gone and its strong density stronger, as denoising does."""
    values: Volume = np.maximum(deposit.density.values - deposit.contour / 2, 0) ** _POWER
    return values


def completed(deposit: Deposit, first: Volume, second: Volume) -> Volume:
    """The molecule itself to detail that the halves have lost, without noise."""
    assert deposit.halves is not None
    finest, signal = _DETAIL * deposit.resolution, deposit.halves.signal.density
    change = _LEFT * finest**2 - _b_factor(signal, finest)
    return _flat(deposit, signal.values, change, finest, _EDGE / finest)


MAPS: dict[str, Callable[[Deposit, Volume, Volume], Volume]] = {
    GOOD: lambda deposit, *_: deposit.density.values,
    "oversharpened": oversharpened,
    "denoised": modified,
    "completed": completed,
}


def _b_factor(density: Density, resolution: float) -> float:
    end = max(min(resolution, SHARPENED_TO), nyquist(density.voxel_size))
    try:
        return fit_guinier(density, end).b_factor
    except FitRangeError:
        return _UNSHARPENED * resolution**2


def _flat(deposit: Deposit, values: Volume, change: float, finest: float, edge: float) -> Volume:
    """Values with amplitudes times exp(change · s²/4) to 1/finest, which end there over an edge."""
    s = deposit.frequency
    amplitude = np.exp(change / 4 * np.minimum(s, 1 / finest) ** 2)
    amplitude /= 1 + np.exp((s - 1 / finest) / edge)
    filtered: Volume = fft.irfftn(fft.rfftn(values) * amplitude, s=values.shape)
    return filtered.astype(np.float32)


def measured(recipe: Recipe) -> Row | None:
    """What half maps and looks say of a pair; None where it is too large."""
    deposit = make(recipe)
    assert deposit.halves is not None
    first, second, size = deposit.halves.first, deposit.halves.second, deposit.density.voxel_size
    if max(first.shape) > _SIDE:
        return None
    mask = hard_mask(deposit.density.values, deposit.contour, size)
    local = local_correlations(
        fft.rfftn(first), fft.rfftn(second), mask, size, resolution=deposit.resolution
    )
    half, gold = (local_resolution(local, level) for level in (HALF, GOLD_STANDARD))
    resolution, error = gold.resolution[mask], np.nan_to_num(gold.error[mask], nan=0.0)
    return {
        "reported": deposit.resolution,
        "half": float(np.median(half.inside)),
        "gold": float(np.median(resolution)),
        "truth_half": _truth(deposit, mask, HALF),
        "truth_gold": _truth(deposit, mask, GOLD_STANDARD),
        "maps": {
            name: _looks(deposit, made(deposit, first, second), mask, resolution, error)
            for name, made in MAPS.items()
        },
    }


def _truth(deposit: Deposit, mask: Mask, level: float) -> float | None:
    """Å at which the correlation by the signal alone falls below a level in the mask."""
    assert deposit.halves is not None
    signal, size = deposit.halves.signal.density.values, deposit.density.voxel_size
    shells = Shells(signal.shape, size)
    noise = np.mean(
        [
            shells.mean(np.abs(fft.rfftn(half - signal)) ** 2)
            for half in (deposit.halves.first, deposit.halves.second)
        ],
        axis=0,
    )
    under = power_under(signal, {"": mask.astype(np.float32)}, shells)[""]
    curve = correlation_of(under, noise)
    found = crossings(shells.frequencies[1:].tolist(), curve[1:].tolist(), level)
    return 1 / found[0] if found else None


def _looks(
    deposit: Deposit,
    values: Volume,
    mask: Mask,
    resolution: NDArray[np.float32],
    error: NDArray[np.float32],
) -> Row:
    """What 0.e has to say of a map, and what of that the half maps support."""
    density = replace(deposit.density, values=values)
    plain = by_looks(density, mask)
    flat, b_factor = None, _UNSHARPENED
    finest = max(deposit.resolution, nyquist(density.voxel_size))
    if finest <= SHARPENED_TO:
        b_factor = fit_guinier(density, finest).b_factor / deposit.resolution**2
        flat = by_looks(flattened(density, b_factor * deposit.resolution**2, finest), mask)
    believed = flat if flat is not None and b_factor >= UNSHARPENED_SQUARES else plain
    looks = believed.half_amplitude[mask]
    bars = believed.uncertainty[mask] * (looks / believed.resolution[mask]) ** 2
    apart, sure = np.abs(looks - resolution), np.hypot(bars, error)
    agreed = agreement(looks, resolution)
    assert agreed is not None
    return {
        "plain": float(np.median(plain.half_amplitude[mask])),
        "flattened": None if flat is None else float(np.median(flat.half_amplitude[mask])),
        "believed": float(np.median(looks)),
        "nominal": float(np.median(believed.resolution[mask])),
        "within": float(np.mean(looks_ratio(looks, resolution))),
        "covered": [float(np.mean(apart < n * sure)) for n in (1, 2)],
        "spearman": agreed.spearman,
        "beyond_halves": float(np.mean(looks < resolution - ERRORS * error)),
        "unsupported": float(
            np.mean(unsupported(looks, spread_over_maps(looks), resolution, error))
        ),
        "decisive": would_stand_out(looks, resolution, error),
    }


def looks_ratio(looks: NDArray[Any], resolution: NDArray[Any]) -> NDArray[np.float64]:
    """Square of what lies between the logarithms of two resolutions, their mean left out."""
    ratio = np.log(looks / resolution)
    return np.asarray((ratio - ratio.mean()) ** 2)


def rows_of(models: Path, journal: Path, most: int) -> list[Row]:
    """A row for each pair, those of the journal as they are."""
    known = {row["number"]: row for row in _rows(journal)}
    drawn = good_pairs(models, most, _SEED, _LARGEST)
    pairs = [one for one in drawn if FINEST <= one.recipe.resolution < COARSEST]
    with journal.open("a", encoding="utf-8") as lines:
        for number, specimen in enumerate(pairs):
            recipe = specimen.recipe
            if number in known:
                continue
            second = number % _SECOND == _SECOND - 1
            least, step = _SAMPLING
            recipe = replace(
                recipe,
                sampling=least + step * (7 * number % 10),
                simulator=gemmi_pair if second else recipe.simulator,
                decentring=0.0 if second else recipe.decentring,
            )
            row = measured(recipe)
            if row is None:
                continue
            known[number] = {
                "number": number,
                "structure": specimen.name,
                "simulator": "gemmi" if second else "vrs simulate",
                **row,
            }
            lines.write(json.dumps(known[number]) + "\n")
            lines.flush()
    return list(known.values())


def _rows(journal: Path) -> Iterator[Row]:
    if journal.exists():
        yield from map(json.loads, journal.read_text(encoding="utf-8").splitlines())


# --------------------------------------------------------------------- the page


def _bins(rows: Sequence[Row]) -> Iterator[tuple[str, list[Row]]]:
    for low, high in itertools.pairwise(BINS):
        these = [row for row in rows if low <= row["reported"] < high]
        if these:
            yield f"{low:g}–{high:g}", these


def _ratios(rows: Sequence[Row], key: str, against: str) -> str:
    """Mean and spread of the logarithm of a median over another, and the mean in Å."""
    values = [(r["maps"][GOOD][key], r[against]) for r in rows]
    values = [(a, b) for a, b in values if a is not None and b is not None]
    if not values:
        return "–"
    logs = [math.log(a / b) for a, b in values]
    apart = np.mean([a - b for a, b in values])
    return f"{np.mean(logs):+.2f} ± {np.std(logs):.2f} ({apart:+.1f} Å)"


def bias_table(rows: Sequence[Row]) -> str:
    lines = [
        "| reported, Å | pairs | as it is / 0.143 | flattened / 0.143 | decides / 0.143 | "
        "decides / 0.5 | decides / truth 0.143 | 0.143 / truth |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for name, these in _bins(rows):
        cells = [
            _ratios(these, "plain", "gold"),
            _ratios(these, "flattened", "gold"),
            _ratios(these, "believed", "gold"),
            _ratios(these, "believed", "half"),
            _ratios(these, "believed", "truth_gold"),
        ]
        local = [math.log(r["gold"] / r["truth_gold"]) for r in these if r["truth_gold"]]
        cells.append(f"{np.mean(local):+.2f} ± {np.std(local):.2f}" if local else "–")
        lines.append(f"| {name} | {len(these)} | {' | '.join(cells)} |")
    return "\n".join(lines)


def coverage_table(rows: Sequence[Row]) -> str:
    lines = [
        "| reported, Å | within ± 1 error | ± 2 errors | spread in a map, ln | rank correlation |",
        "|---|---|---|---|---|",
    ]
    for name, these in _bins(rows):
        good = [row["maps"][GOOD] for row in these]
        one, two = (100 * np.mean([g["covered"][n] for g in good]) for n in (0, 1))
        spread = math.sqrt(np.mean([g["within"] for g in good]))
        order = np.mean([g["spearman"] or 0.0 for g in good])
        lines.append(f"| {name} | {one:.0f} % | {two:.0f} % | {spread:.2f} | {order:+.2f} |")
    return "\n".join(lines)


def _verdict(found: Row) -> str:
    """As 1.l has it: O, W or U (cannot tell)."""
    if 100 * found["unsupported"] > LIMIT:
        return "W"
    return "O" if found["decisive"] else "U"


def verdict_table(rows: Sequence[Row]) -> str:
    """Maps that are OK, warned of, and of which 1.l cannot tell."""
    lines = [f"| reported, Å | {' | '.join(MAPS)} |", f"|---{'|---' * len(MAPS)}|"]
    for name, these in _bins(rows):
        cells = []
        for kind in MAPS:
            count = Counter(_verdict(row["maps"][kind]) for row in these)
            cells.append(" / ".join(str(count[outcome]) for outcome in "OWU"))
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines)


def share_table(rows: Sequence[Row], key: str) -> str:
    """Maps by the fraction of voxels that is unsupported: how many are beyond the limit."""
    lines = [f"| reported, Å | {' | '.join(MAPS)} |", f"|---{'|---' * len(MAPS)}|"]
    for name, these in _bins(rows):
        cells = []
        for kind in MAPS:
            shares = [100 * row["maps"][kind][key] for row in these]
            warned = sum(share > LIMIT for share in shares)
            cells.append(f"{warned} of {len(shares)} ({np.median(shares):.0f}, {max(shares):.0f})")
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _page(rows: Sequence[Row]) -> str:
    second = sum(row["simulator"] == "gemmi" for row in rows)
    return f"""# 0.e against half maps, and what 1.l sees

Written by `benchmarks/local_resolution_against_halves.py` of {len(rows)} simulated pairs of half
maps ({second} by gemmi, the others by vrs simulate) of as many structures, {FINEST:g} to
{COARSEST:g} Å. The map is the halves' mean, weighted by the figure of merit and, to
{SHARPENED_TO:g} Å, sharpened to B-factors of −1 to −9 squares of the resolution, as deposited maps
have them; coarser ones nobody sharpens. 0.e is taken where the amplitude of its equivalent filter
is one half, which is the weight of a map at a correlation of 0.143.

## Bias: medians

ln of 0.e's median over that of 1.c, mean ± standard deviation over maps, and in Å; the last column
is that of 1.c itself over the truth of the whole mask.

{bias_table(rows)}

Of the map as it is, 0.e is far too coarse wherever the spectrum decays. Flattened, it is near the
half maps. So 0.e now leaves the answers for the flattened map as a volume beside the others where
they decide, and 1.l takes those. Beyond {SHARPENED_TO:g} Å there is no line to fit to the spectrum
and nothing to flatten by: there an unsharpened map looks up to twice as coarse as its half maps
are, which no error bar of 0.e says. That was not mended: a map cannot tell by its looks whether
its detail was lost or only never sharpened. It makes 1.l miss claims there, and never invent one.

## Error bars and order: voxels of the maps that decide

How many voxels of 0.e lie within the errors of both of 1.c at 0.143. 68 and 95 % would be right
if the errors of a map's voxels were independent and its convention that of half maps.

{coverage_table(rows)}

Errors of a map's voxels go together: most of what is missing is the common part. 1.l therefore
counts the spread from map to map that `benchmarks/resolution_by_looks.md` found, not the voxels'
own error bars. These molecules are equally well resolved all over, so that there is no order to
find.

## Verdicts of 1.l

OK / warned / cannot tell: warned of with more than {LIMIT:g} % of the molecule unsupported; cannot
tell where even a map that looked {DECISIVE:g} times finer would not be. *Oversharpened*: without
figure of merit, flat to {_OVERSHARPENED:g} times the frequency of the resolution. *Denoised*: what
is below half the contour taken away, the rest to the power of {_POWER:g}. *Completed*: the molecule
without noise to {_DETAIL:g} times the resolution in Å.

{verdict_table(rows)}

How many have more than {LIMIT:g} % unsupported, and in brackets the median and the largest share:

{share_table(rows, "unsupported")}

The same with {ERRORS:g} errors of the half maps alone, which warns of good maps, too:

{share_table(rows, "beyond_halves")}

What is sharpened too much is mostly noise, and looks like noise: 1.l does not see that. Nor does it
see maps that were denoised and decay so steeply that they are not flattened (0.e takes them for
filtered). Completed ones that pass are less than {DECISIVE:g} times finer than their half maps.
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("models", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--most", type=int, default=60, help="structures [%(default)s]")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    rows = rows_of(options.models, options.out / "pairs.jsonl", options.most)
    PAGE.write_text(_page(rows), encoding="utf-8")


if __name__ == "__main__":
    main()
