"""1.l Agreement: do the local resolutions agree, and do the halves support what the map shows?"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

import mrcfile
import numpy as np
from numpy.typing import NDArray

from vrs_scipion.checks.check import Check, Limit
from vrs_scipion.checks.findings import Findings
from vrs_scipion.checks.independence import INDEPENDENCE, doubt
from vrs_scipion.checks.local_bands import keep
from vrs_scipion.checks.local_values import PERCENTILES, LocalValues
from vrs_scipion.checks.task import Task
from vrs_scipion.entry.entry import Entry
from vrs_scipion.figures.agreement import claims_plot, shares_plot
from vrs_scipion.maps.density import Mask, Triple, Volume
from vrs_scipion.maps.kind import Trait
from vrs_scipion.maps.placement import brought
from vrs_scipion.methods.engine import BUILTIN
from vrs_scipion.methods.local_agreement import ERRORS, Agreement, agreement, unsupported
from vrs_scipion.methods.local_bands import windows_in
from vrs_scipion.methods.local_resolution import COARSEST, at_half_amplitude
from vrs_scipion.methods.resolution_by_looks import spread_over_maps
from vrs_scipion.results import Column, Outcome
from vrs_scipion.results.plots import Role

Floats = NDArray[np.float32]

DECISIVE = 1.5
"""Were the map to look so many times finer, it would have to be warned of, or a pass says nothing.
"""

_LATTICE = (slice(None, None, 2),) * 3
"""Of the voxels that are compared: local values hardly change from one voxel to the next."""
_END_OF_SCALE = np.array(0.98 * COARSEST, np.float32)
_MOST = 0.5
_WORTH_A_WORD = 0.05
_LOOKS, _HALVES = "0e", "1c_0143"


@dataclass(frozen=True)
class Source:
    """A local resolution that another check measures.

    Attributes
    ----------
    code, check : of the check
    key : in the names of the measurements
    words : what it is
    short : the same where there is little room
    volumes : keys of its volume, the one that is preferred first
    errors : the same of their error bars
    role : of its line, where it has one
    """

    code: str
    check: str
    key: str
    words: str
    short: str
    volumes: tuple[str, ...] = ("resolution",)
    errors: tuple[str, ...] = ()
    role: Role | None = None


SOURCES = (
    Source("1.c", "Local FSC", "1c", "local FSC at 0.5", "1.c at 0.5", errors=("error",)),
    Source(
        "1.c",
        "Local FSC",
        _HALVES,
        "local FSC at 0.143",
        "1.c at 0.143",
        ("resolution_0143",),
        ("error_0143",),
        "measured",
    ),
    Source(
        "1.d",
        "Local significance",
        "1d",
        "local significance",
        "1.d",
        errors=("error",),
        role="corrected",
    ),
    Source("1.e", "MonoRes", "1e", "MonoRes", "1.e", role="expected"),
    Source(
        "0.e",
        "Local resolution",
        _LOOKS,
        "looks of the map",
        "0.e",
        ("resolution_flattened", "resolution"),
        ("resolution_flattened_error", "resolution_error"),
        "part",
    ),
)


@dataclass(frozen=True)
class Local:
    """A local resolution at the places that are compared.

    Attributes
    ----------
    source : where it comes from
    values, errors : Å, shape (places,), NaN where there is none; some methods know no errors
    """

    source: Source
    values: Floats
    errors: Floats | None


def compare_local_resolutions(task: Task) -> Findings:
    """Answer 1.l."""
    found = Findings(task)
    mask = task.entry.half_maps().hard
    locals_ = {one.source.key: one for s in SOURCES if (one := _read(task, s, mask)) is not None}
    absent = _absent(task, locals_)
    if len({one.source.code for one in locals_.values()}) < 2:
        found.does_not_apply = _too_few(absent)
        return found
    _tabulate(found, locals_)
    _compare(found, locals_, mask)
    if absent:
        found.paragraphs.append(f"Not compared: {'; '.join(absent)}.")
    _draw_shares(found, locals_)
    if _LOOKS in locals_ and _HALVES in locals_:
        _hold_against_halves(found, locals_[_LOOKS], locals_[_HALVES])
    else:
        missing = "0.e" if _LOOKS not in locals_ else "1.c"
        found.cannot_tell = (
            f"Whether the map shows detail that its half maps do not support cannot be told "
            f"without the local resolution of {missing}."
        )
        found.headline = (
            f"{len(locals_)} local resolutions were compared; what the map shows could not be "
            "held against its half maps."
        )
    return found


# --------------------------------------------------------------------- what there is


def _read(task: Task, source: Source, mask: Mask) -> Local | None:
    """A local resolution where it is compared; None where it was not measured."""
    places = mask[_LATTICE]

    def there(keys: Sequence[str]) -> Floats | None:
        volume = _volume(task, source, keys, mask)
        return None if volume is None else volume[_LATTICE][places]

    values, errors = there(source.volumes), there(source.errors)
    if values is None or not np.isfinite(values).any():
        return None
    if source.key == _LOOKS:
        nominal, values = values, at_half_amplitude(values)
        errors = None if errors is None else errors * (values / nominal) ** 2
    return Local(source, values, errors)


def _volume(task: Task, source: Source, keys: Sequence[str], mask: Mask) -> Volume | None:
    """The first of some volumes that is there, in the mask of the half maps, NaN for no value."""
    paths = (task.earlier_volume(source.code, key) for key in keys)
    path = next((path for path in paths if path is not None and path.is_file()), None)
    if path is None:
        return None
    with mrcfile.open(path, mode="r") as mrc:
        values: Volume = mrc.data.astype(np.float32)
    if source.key == _LOOKS:
        values = _on_halves(values, task.entry)
    values[~mask | (values <= 0)] = np.nan
    return values


def _on_halves(values: Volume, entry: Entry) -> Volume:
    """Values on the map's grid, 0 for none, on that of the half maps."""
    record = entry.half_maps_record
    if not record.map_placed:
        return values

    def there(some: Volume | Mask) -> Volume:
        size: Triple = entry.voxel_size
        return brought(some, size, record.box, record.voxel_size, record.map_offset)

    weight = there(values > 0)
    known = weight >= _MOST
    return np.divide(there(values), weight, out=np.zeros_like(weight), where=known)


def _absent(task: Task, there: dict[str, Local]) -> list[str]:
    """The checks that have no part in it, in words, each with the reason."""
    said = {}
    for source in SOURCES:
        if source.key in there:
            continue
        result = task.results.get(source.code)
        if result is None:
            why = "it was not run beside this one"
        elif result.reason:
            why = f"{result.outcome.words.lower()}: {result.reason.rstrip('.')}"
        else:
            why = f"it left no volume of the {source.words}"
        said[source.code, why] = f"{source.code} {source.check} ({why})"
    return list(said.values())


def _too_few(absent: Sequence[str]) -> str:
    return (
        "Fewer than two checks have measured a local resolution, and there is nothing to compare. "
        f"Run some of these beside this one: {'; '.join(absent)}."
    )


# --------------------------------------------------------------------- how they agree


def _tabulate(found: Findings, locals_: dict[str, Local]) -> None:
    rows = []
    for key, local in locals_.items():
        values = local.values
        low, _, median, _, high = (float(v) for v in np.nanpercentile(values, PERCENTILES))
        known = [] if local.errors is None else local.errors[np.isfinite(local.errors)]
        error = float(np.median(known)) if len(known) else None
        share = 100 * float(np.isfinite(values).mean())
        rows.append((local.source.code, local.source.words, low, median, high, error, share))
        found.measure(f"median_{key}", median, "Å", f"median by the {local.source.words}")
    found.tabulate(
        "medians",
        "Local resolutions in the mask of the half maps; 0.e at half amplitude, which is the scale "
        "of a correlation of 0.143",
        [
            Column(key="code", label="Check"),
            Column(key="method", label="Local resolution"),
            Column(key="low", label="2.5 %", unit="Å", format=".2f"),
            Column(key="median", label="Median", unit="Å", format=".2f"),
            Column(key="high", label="97.5 %", unit="Å", format=".2f"),
            Column(key="error", label="± error", unit="Å", format=".2f"),
            Column(key="share", label="Of the mask", unit="%", format=".1f"),
        ],
        rows,
    )


def _compare(found: Findings, locals_: dict[str, Local], mask: Mask) -> None:
    pairs: dict[tuple[str, str], Agreement] = {}
    for (first, one), (second, other) in itertools.combinations(locals_.items(), 2):
        agreed = agreement(one.values, other.values)
        if agreed is None:
            continue
        pairs[first, second] = agreed
        names = f"{one.source.words} and {other.source.words}"
        for name, value, unit, words in (
            ("spearman", agreed.spearman, "", "rank correlation of"),
            ("median_difference", agreed.difference, "Å", "median difference, first − second, of"),
            ("median_distance", agreed.distance, "Å", "median of the difference without sign of"),
        ):
            found.measure(f"{name}_{first}_{second}", value, unit, f"{words} {names}")
    _draw_matrices(found, locals_, pairs)
    _describe(found, locals_, pairs, mask)


def _describe(
    found: Findings,
    locals_: dict[str, Local],
    pairs: dict[tuple[str, str], Agreement],
    mask: Mask,
) -> None:
    names = [local.source.words for local in locals_.values()]
    found.paragraphs.append(
        f"{len(names)} local resolutions were compared in the hard mask of the half maps "
        "({tab:medians}, {fig:shares}). Each answers a question of its own, so that medians may "
        "differ and nothing is wrong: halves correlate by 0.5 to coarser detail than by 0.143, "
        "significant signal may go farther than either, MonoRes asks where density rises above the "
        "noise, and 0.e knows nothing but how the map looks."
    )
    if not pairs:
        return
    (first, second), most = max(pairs.items(), key=lambda one: one[1].distance)
    found.paragraphs.append(
        f"Farthest apart are the {locals_[first].source.words} and the "
        f"{locals_[second].source.words}: typically by {most.distance:.2f} Å ({{fig:agreement}})."
    )
    ranked = {pair: one.spearman for pair, one in pairs.items() if one.spearman is not None}
    if not ranked:
        return
    volume = float(np.count_nonzero(mask)) * math.prod(found.task.entry.half_maps_record.voxel_size)
    median = float(np.median([np.nanmedian(local.values) for local in locals_.values()]))
    chance = 1 / math.sqrt(max(2.0, windows_in(volume, median)) - 1)
    (first, second), least = min(ranked.items(), key=lambda one: one[1])
    found.measure(
        "spearman_chance", chance, "", "rank correlation that two fields have by chance (68 %)"
    )
    if ERRORS * chance >= 1:
        found.paragraphs.append(
            "Whether they put the parts of the molecule into the same order cannot be told: it is "
            f"so small that any two have a rank correlation of ± {chance:.2f} by chance."
        )
        return
    beyond = sum(value > ERRORS * chance for value in ranked.values())
    lowest = f"{least:.2f}".replace("-", "−")
    found.paragraphs.append(
        f"{beyond} of {len(ranked)} pairs put the parts of the molecule into the same order, not "
        f"by chance: in a molecule of this size any two have a rank correlation of ± {chance:.2f} "
        f"without reason, and theirs is at least {ERRORS:g} times that. It is lowest, {lowest}, "
        f"between the {locals_[first].source.words} and the {locals_[second].source.words}. Where "
        "all of a molecule is about equally well resolved there is no order to agree on."
    )


def _draw_matrices(
    found: Findings, locals_: dict[str, Local], pairs: dict[tuple[str, str], Agreement]
) -> None:
    from vrs_scipion.figures.matrices import draw_matrices  # slow to load

    keys = list(locals_)
    spearman: list[list[float | None]] = [[None] * len(keys) for _ in keys]
    difference: list[list[float | None]] = [[None] * len(keys) for _ in keys]
    for (first, second), one in pairs.items():
        row, column = keys.index(first), keys.index(second)
        spearman[row][column] = spearman[column][row] = one.spearman
        difference[row][column], difference[column][row] = one.difference, -one.difference
    names = [local.source.short for local in locals_.values()]
    found.picture(
        "agreement",
        lambda path: draw_matrices(path, names, spearman, difference),
        "How the local resolutions go together over the molecule: 1 is the same order of places "
        "from well to badly resolved, 0 none; and by how much the median of the row is coarser "
        "than that of the column.",
        "Two matrices: rank correlation and median difference of every pair of local resolutions.",
    )


def _draw_shares(found: Findings, locals_: dict[str, Local]) -> None:
    lines = {
        local.source.words: (local.values, local.source.role)
        for local in locals_.values()
        if local.source.role is not None
    }
    found.plot(
        "shares",
        shares_plot(lines),
        "How much of the molecule is resolved to a local resolution or better, by each method.",
        "Curves that rise from 0 to 100 % of the molecule, one for each method.",
    )


# --------------------------------------------------------------------- what the map shows


def _hold_against_halves(found: Findings, looks: Local, halves: Local) -> None:
    """Whether the map looks better resolved than its half maps support."""
    both = np.isfinite(looks.values) & np.isfinite(halves.values)
    claimed, resolution = looks.values[both], halves.values[both]
    bars = np.zeros_like(halves.values) if halves.errors is None else halves.errors
    error = np.nan_to_num(bars[both], nan=0.0)
    claims = np.where(claimed < at_half_amplitude(_END_OF_SCALE), claimed, np.inf)
    spread = spread_over_maps(claimed)
    beyond = unsupported(claims, spread, resolution, error)
    share = float(beyond.mean()) if beyond.size else None
    found.measure(
        "unsupported_fraction",
        share,
        "",
        "fraction of the mask where the map looks better resolved than its half maps support, by "
        f"more than {ERRORS:g} errors",
    )
    _say_how_it_looks(found, claimed, resolution)
    _draw_claims(found, claimed, resolution, error, spread)
    _keep_difference(found, looks.source, halves.source)
    _judge(found, share, would_stand_out(claimed, resolution, error))


def _say_how_it_looks(found: Findings, claimed: Floats, resolution: Floats) -> None:
    ratio = float(np.median(claimed / resolution))
    found.measure(
        "looks_over_halves",
        ratio,
        "",
        "median of the resolution by looks over that of the half maps at 0.143",
    )
    spread = float(np.median(spread_over_maps(claimed)))
    differs = f"{100 * abs(ratio - 1):.0f} % {'coarser' if ratio > 1 else 'finer'} than"
    said = "as well resolved as" if abs(ratio - 1) < _WORTH_A_WORD else differs
    flattened = found.task.earlier_volume("0.e", "resolution_flattened") is not None
    found.paragraphs.append(
        f"By its looks alone (0.e{', its spectrum flattened' if flattened else ''}) the map is "
        f"typically {said} its half maps' correlation at 0.143, place by place ({{fig:looks}}). "
        f"All looks of one map may be off together by {100 * spread:.0f} % (68 %), as maps of "
        "known resolution show."
    )


def _draw_claims(
    found: Findings, claimed: Floats, resolution: Floats, error: Floats, spread: NDArray[np.float64]
) -> None:
    finest = resolution * np.exp(-ERRORS * np.hypot(spread, error / resolution))
    found.plot(
        "looks",
        claims_plot(claimed, resolution, finest, "the map's looks, 0.e", "half maps, 1.c at 0.143"),
        "Local resolution by the map's looks against that of its half maps. Points below the lower "
        f"line claim detail that the half maps do not support within {ERRORS:g} errors of both.",
        "Local resolution by looks against the half maps' at 0.143, a point for each tenth of the "
        "molecule.",
    )


def _keep_difference(found: Findings, looks: Source, halves: Source) -> None:
    """A volume of how much coarser the map looks than its half maps are."""
    halves_, task = found.task.entry.half_maps(), found.task
    nominal, resolution = (_volume(task, s, s.volumes, halves_.hard) for s in (looks, halves))
    assert nominal is not None
    assert resolution is not None
    difference = LocalValues(
        "difference",
        "resolution by looks (0.e) minus that of the half maps (1.c at 0.143)",
        "Å",
        at_half_amplitude(nominal) - resolution,
        ".2f",
    )
    if difference.inside.size:
        keep(found, difference, halves_.first, "looks_minus_halves.mrc", "0.e − 1.c (Å)")


def would_stand_out(claimed: Floats, resolution: Floats, error: Floats) -> bool:
    """Whether finer detail would be called unsupported at most places.

    Where a map that looked 1.5 times finer would not be, nothing follows from this one's not being:
    it looks coarser than its halves to begin with, or looks are not sure enough.

    Parameters
    ----------
    claimed : local resolution by looks, Å, shape (places,)
    resolution, error : of the half maps, and its standard error, Å
    """
    finer = claimed / DECISIVE
    seen = unsupported(finer, spread_over_maps(finer), resolution, error)
    return bool(seen.size) and float(seen.mean()) > _MOST


def _judge(found: Findings, share: float | None, decisive: bool) -> None:
    task = found.task
    own = task.results["0.e"].engine.name == BUILTIN
    percent = None if share is None else 100 * share
    judged = found.judge(
        "unsupported_highest",
        percent,
        role=None if own else "advice",
        detail="" if own else "by DeepRes, whose errors from map to map are not known",
    )
    said = f"{percent or 0:.0f} % of the molecule"
    if not own:
        found.cannot_tell = (
            "How far DeepRes may be off from map to map is not known, and without that its local "
            "resolutions cannot be held against those of the half maps. The built-in engine of 0.e "
            "knows its errors."
        )
        found.headline = f"Around {said} DeepRes finds more than the half maps support."
    elif not judged.passed:
        found.headline = f"{said} looks better resolved than its half maps support."
    elif reason := _doubt(task):
        found.cannot_tell = reason
        found.headline = "What the half maps support is in doubt, and with it whether the map fits."
    elif not decisive:
        found.cannot_tell = (
            f"Even if it looked {DECISIVE:g} times finer, the map would not look finer than its "
            "half maps beyond the errors of both: it looks coarser than they are, most often for "
            "want of sharpening, or looks say too little at this resolution."
        )
        found.headline = "The map looks no finer than its half maps, which here says little."
    else:
        found.headline = (
            f"The half maps support what the map shows: {said} looks better resolved than they "
            "allow."
        )


def _doubt(task: Task) -> str:
    """Why the half maps may support less than they seem to; '' for no reason."""
    local_fsc = task.results["1.c"]
    if local_fsc.outcome is Outcome.UNDETERMINED:
        return local_fsc.reason
    return doubt(task)


CHECK = Check(
    code="1.l",
    name="Agreement of local resolutions",
    label="agreement",
    purpose="Do the local resolutions agree, and do the half maps support what the map shows?",
    in_short=(
        "The local resolutions of 1.c, 1.d, 1.e and 0.e beside each other: medians, rank "
        "correlations, differences. They answer different questions and need not agree; but around "
        "no more than a quarter of the molecule may the map look better resolved (0.e, which knows "
        "the map alone) than its half maps' correlation supports, beyond the errors of both."
    ),
    explanation=(
        "Programs for local resolution ask different questions, and their numbers differ: this "
        "check lays those that were measured here beside each other. One comparison is a test. 0.e "
        "judges by the looks of the map alone; the half maps tell how far there is signal. A map "
        "that was sharpened too much, denoised, or completed by a network can look better than the "
        "data in it are. Where its looks are finer than the half maps' local correlation at 0.143, "
        "by more than two errors of both, the map shows detail that its half maps do not support. "
        "Errors of looks count from map to map, since those of one map go together. A map that "
        "looks coarser than its half maps is no fault here: most often it was not sharpened. And a "
        "map can be wrong without looking fine: noise that was sharpened looks like noise."
    ),
    answer=compare_local_resolutions,
    needs=("map", "half_maps"),
    listens_to=("1.c", "1.d", "1.e", "0.e", INDEPENDENCE),
    relies_on=(Trait.SHAPE,),
    limits=(
        Limit(
            "unsupported_highest",
            25.0,
            "%",
            "Most of the molecule that may look better than its half maps",
            "The check warns when more voxels of the mask look better resolved than the half maps' "
            "correlation supports, by more than two errors of both.",
            "the share of the molecule that looks better resolved than its half maps support",
            "<=",
            advice=(
                "The map shows detail that is not in both of its half maps. Most often it was "
                "denoised, modified or completed by a network, sharpened too much, or is made of "
                "other data than the halves. Interpret it beside the half maps' mean, filtered to "
                "the local resolution of 1.c, and see 1.j: does the map come from these halves?"
            ),
        ),
    ),
    differs="The service prints local resolutions beside each other and does not compare them.",
    volumes=8,
)
