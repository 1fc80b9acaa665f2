"""A.e Q-score: does the density around each atom look like that of an atom?"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from vrs_scipion.checks.check import SERVICE, Check, Limit
from vrs_scipion.checks.findings import Findings
from vrs_scipion.checks.local_values import PERCENTILES
from vrs_scipion.checks.model_words import beside_the_map, resolution_of
from vrs_scipion.checks.pictures import along_chains, ribbons
from vrs_scipion.checks.references import PINTILIE_2020, PINTILIE_2025
from vrs_scipion.checks.task import Task
from vrs_scipion.figures.histogram import histogram_plot
from vrs_scipion.figures.q_profile import Profile, profile_plot
from vrs_scipion.maps.density import Density
from vrs_scipion.methods.q_score import SIGMAS, estimated_resolution, expected
from vrs_scipion.methods.q_score_archive import (
    BAND,
    archive_percentile_all,
    archive_percentile_resolution,
    entries,
    span_of_the_like,
)
from vrs_scipion.methods.q_score_model import LONG_CHAIN, ModelScores, model_scores
from vrs_scipion.models.along_residues import (
    lowest,
    stretches,
)
from vrs_scipion.models.kinds import POLYMERS, Kind
from vrs_scipion.results import Column, ResolutionEstimate
from vrs_scipion.results.numbers import number, quantity
from vrs_scipion.results.plots import Band, Mark

_WINDOWS = (3, 5, 7, 11)
_LOWEST = 3
_ROWS = 40
"""Of a table that is printed whole."""
_COLOURS = (-0.3, 0.2)
"""From what is usual to the ends of the colours."""
_FEW = 10
"""Atoms of which one can hardly say how their scores are spread."""
_WHOLE_RESIDUE = 4
"""Atoms of a residue whose profile is drawn."""
_B_SAYS_SO = -0.2
"""Rank correlation with the scores, from which on B-factors tell well from badly seen."""
_COARSE = 5.0
"""Å beyond which atoms are hardly told apart."""
_SIDE_CHAINS_SEEN = 4.5
"""Å up to which side chains score about as well as the backbone."""
_BELOW_BAND, _MEDIAN, _BELOW_0, _SPREAD, _SIDE = (
    "q04_below_band",
    "q06_median_lowest",
    "residues_below_0",
    "q06_spread_lowest",
    "side_less_backbone",
)


def measure_q_scores(task: Task) -> Findings:
    """Answer A.e."""
    found, entry = Findings(task), task.entry
    density = entry.density()
    scores = model_scores(density, entry.start, entry.model(), resolution_of(task))
    _note(found, scores)
    _tabulate(found, scores)
    _describe(found, scores)
    _compare(found, scores)
    _describe_parts(found, scores)
    _draw(found, scores, density)
    found.paragraphs.append(
        "What a Q-score cannot see: a model and a map that are wrong alike, both mirrored or both "
        "of a wrong scale; nor an enlargement of 1 %, which costs 0.02. It changes with the map's "
        "sharpening, filter and mask: to the third digit only scores in the same map compare."
    )
    _judge(found, scores)
    return found


# ------------------------------------------------------------------------------ numbers


def _note(found: Findings, scores: ModelScores) -> None:
    for key, sigma, values in (("q06", 0.6, scores.q06), ("q04", 0.4, scores.q04)):
        of = values[scores.counted]
        for p, value in zip(PERCENTILES, np.percentile(of, PERCENTILES).tolist(), strict=True):
            found.measure(
                f"{key}_p{p:g}".replace(".", "_"),
                value,
                "",
                f"{p:g} % percentile of the atoms' Q-scores, σ {sigma} Å",
            )
        found.measure(f"{key}_mean", float(of.mean()), "", f"mean Q-score, σ {sigma} Å")
    for kind in Kind:
        of = scores.of_kind(kind, scores.q04)
        if of.size or kind in (*POLYMERS, Kind.LIGAND, Kind.WATER):
            found.measure(
                f"q_{kind.value}",
                float(of.mean()) if of.size else None,
                "",
                f"mean Q-score of {kind.heading.lower()}, σ 0.4 Å",
            )
    found.measure(
        _BELOW_0, scores.below_0, "%", "residues of polymers whose Q-score is below 0, σ 0.4 Å"
    )
    found.measure(
        _SIDE,
        min(scores.side_less_backbone.values(), default=None),
        "",
        "mean Q-score of side chains less that of the backbone, lowest of the chains, σ 0.4 Å",
    )
    for window in _WINDOWS:
        worst = lowest(stretches(scores.model, scores.residues, window), 1)
        found.measure(
            f"q04_lowest_{window}",
            worst[0].mean if worst else None,
            "",
            f"lowest mean Q-score of {window} residues in a row, σ 0.4 Å",
        )
    found.measure(
        "b_factor_correlation",
        scores.b_factor_correlation,
        "",
        "rank correlation of B-factor and Q-score over the residues of polymers",
    )
    found.measure("atoms_scored", int(scores.counted.sum()), "atom", "atoms in the means")
    found.measure(
        "atoms_outside", int(scores.outside.sum()), "atom", "atoms outside of the map's box"
    )
    _note_scores(found, scores)


def _note_scores(found: Findings, scores: ModelScores) -> None:
    low, high = _reach(scores)
    q06 = scores.of_residues(scores.q06, scores.counted)
    for key, values, label, words in (
        ("q04", scores.residues, "Q-score (σ 0.4)", "Q-score of the residue, σ 0.4 Å"),
        ("q06", q06, "Q-score (σ 0.6)", "Q-score of the residue, σ 0.6 Å"),
        ("q_backbone", scores.of_backbone, "Q-score, backbone", "of its backbone, σ 0.4 Å"),
        ("q_side", scores.of_side_chains, "Q-score, side chain", "of its side chain, σ 0.4 Å"),
    ):
        found.score(key, values, label, words, reach=(low, high))
    for key, values, sigma in (("q04", scores.q04, 0.4), ("q06", scores.q06, 0.6)):
        words = f"Q-score of the atom, σ {sigma} Å"
        found.score(key, values, f"Q-score (σ {sigma})", words, of="atoms", reach=(low, high))


def _reach(scores: ModelScores) -> tuple[float, float]:
    """Scores that the colours' ends stand for: about what is usual, or about the mean."""
    middle = scores.mean if scores.usual is None else scores.usual
    return middle + _COLOURS[0], middle + _COLOURS[1]


# ------------------------------------------------------------------------------ tables


_Q04 = Column(key="q04", label="Q (σ 0.4)", format=".3f")
_Q06 = Column(key="q06", label="Q (σ 0.6)", format=".3f")


def _tabulate(found: Findings, scores: ModelScores) -> None:
    found.tabulate(
        "q_scores",
        "Q-scores of the atoms.",
        [Column(key="what", label=""), _Q04, _Q06],
        [
            ("Mean", scores.mean, float(scores.q06[scores.counted].mean())),
            *(
                (f"{p:g} % percentile", *np.percentile((q04, q06), p, axis=1).tolist())
                for q04, q06 in [(scores.q04[scores.counted], scores.q06[scores.counted])]
                for p in PERCENTILES
            ),
        ],
    )
    _tabulate_kinds(found, scores)
    _tabulate_chains(found, scores)
    _tabulate_ligands(found, scores)
    _tabulate_stretches(found, scores)


def _tabulate_kinds(found: Findings, scores: ModelScores) -> None:
    d = scores.resolution
    rows = []
    for kind in Kind:
        q04, q06 = (scores.of_kind(kind, q) for q in (scores.q04, scores.q06))
        if q04.size:
            lines = [None if d is None else expected(kind, d, sigma) for sigma in SIGMAS]
            means = float(q04.mean()), float(q06.mean())
            rows.append((kind.heading, q04.size, means[0], lines[0], means[1], lines[1]))
    at = "" if d is None else f" and what atoms of each score on average at {quantity(d, 'Å')}"
    found.tabulate(
        "kinds",
        f"Mean Q-scores by kind{at}.",
        [
            Column(key="kind", label="Kind"),
            Column(key="atoms", label="Atoms"),
            _Q04,
            Column(key="expected04", label="Expected (σ 0.4)", format=".3f"),
            _Q06,
            Column(key="expected06", label="Expected (σ 0.6)", format=".3f"),
        ],
        rows,
    )


def _tabulate_chains(found: Findings, scores: ModelScores) -> None:
    model = scores.model
    below = np.bincount(
        model.residues.chains[scores.scored_polymers & (scores.residues < 0)],
        minlength=len(model.chains),
    )
    residues = np.bincount(
        model.residues.chains[np.isfinite(scores.residues)], minlength=len(model.chains)
    )
    columns = [
        scores.of_chains(values, chosen)
        for values, chosen in (
            (scores.q04, scores.counted),
            (scores.q06, scores.counted),
            (scores.q04, scores.in_backbones),
            (scores.q04, scores.in_side_chains),
        )
    ]
    polymers = model.chains.of(*POLYMERS)
    rows: list[tuple[Any, ...]] = [
        (
            str(model.chains.names[chain]),
            Kind(model.chains.kinds[chain]).heading,
            int(residues[chain]),
            *(float(means[chain]) for means in columns),
            int(below[chain]),
        )
        for chain in np.flatnonzero(polymers & (residues > 0)).tolist()
    ]
    if rows:
        shown, which = _lowest_rows(rows, 3)
        found.tabulate(
            "chains",
            f"Mean Q-scores of the chains{which}.",
            [
                Column(key="chain", label="Chain"),
                Column(key="kind", label="Kind"),
                Column(key="residues", label="Residues"),
                _Q04,
                _Q06,
                Column(key="backbone", label="Backbone (σ 0.4)", format=".3f"),
                Column(key="side", label="Side chains (σ 0.4)", format=".3f"),
                Column(key="below_0", label="Residues below 0"),
            ],
            shown,
        )


def _lowest_rows(rows: list[tuple[Any, ...]], place: int) -> tuple[list[tuple[Any, ...]], str]:
    """The rows of a long table with the lowest scores, and how to say so."""
    if len(rows) <= _ROWS:
        return rows, ""
    return sorted(rows, key=lambda row: row[place])[
        :_ROWS
    ], f", the {_ROWS} lowest of {len(rows):,}"


def _tabulate_ligands(found: Findings, scores: ModelScores) -> None:
    """Everything that is no polymer and no water, the lowest first."""
    model = scores.model
    bound = model.residues.of(Kind.LIGAND, Kind.GLYCAN, Kind.ION)
    others = bound & np.isfinite(scores.residues)
    if not others.any():
        return
    q06 = scores.of_residues(scores.q06, scores.counted)
    atoms = np.bincount(model.residue[scores.counted], minlength=len(model.residues))
    order = np.flatnonzero(others)[np.argsort(scores.residues[others], kind="stable")]
    listed = [
        (
            model.residue_words(i),
            Kind(model.residues.kinds[i]).heading,
            int(atoms[i]),
            float(scores.residues[i]),
            float(q06[i]),
        )
        for i in order.tolist()
    ]
    shown, which = _lowest_rows(listed, 3)
    found.tabulate(
        "ligands",
        f"Mean Q-scores of ligands, sugars and ions{which}.",
        [
            Column(key="residue", label="Residue"),
            Column(key="kind", label="Kind"),
            Column(key="atoms", label="Atoms"),
            _Q04,
            _Q06,
        ],
        shown,
    )


def _tabulate_stretches(found: Findings, scores: ModelScores) -> None:
    model = scores.model
    rows = [
        (
            window,
            str(model.chains.names[model.residues.chains[one.first]]),
            model.residue_words(one.first).partition("/")[2],
            model.residue_words(one.last).partition("/")[2],
            one.mean,
        )
        for window in _WINDOWS
        for one in lowest(stretches(model, scores.residues, window), _LOWEST)
    ]
    if rows:
        found.tabulate(
            "stretches",
            "The stretches of residues with the lowest Q-scores.",
            [
                Column(key="window", label="Residues"),
                Column(key="chain", label="Chain"),
                Column(key="first", label="From"),
                Column(key="last", label="To"),
                _Q04,
            ],
            rows,
        )


# ------------------------------------------------------------------------------ words


def _describe(found: Findings, scores: ModelScores) -> None:
    count, q06 = int(scores.counted.sum()), float(scores.q06[scores.counted].mean())
    found.paragraphs.append(
        f"The mean Q-score of {count:,} atoms is {scores.mean:.3f} with a Gaussian of 0.4 Å, the "
        f"number that EMDB and wwPDB print, and {q06:.3f} with one of 0.6 Å, that of the method's "
        "first publication ({tab:q_scores}, {fig:q_histogram}). {tab:kinds} has it by kind."
        f"{_left_out(scores)}"
    )


def _b_factor_words(correlation: float) -> str:
    """What the B-factors say of the scores."""
    agree = (
        "the B-factors are high where the map shows the model badly, as they should be"
        if correlation < _B_SAYS_SO
        else "the B-factors say little of where the map shows the model badly: refine them, or "
        "look at how they were made"
    )
    said = f"{correlation:.2f}".replace("-", "−")
    return f"B-factor and Q-score of the residues have a rank correlation of {said}: {agree}."


def _describe_parts(found: Findings, scores: ModelScores) -> None:
    if scores.b_factor_correlation is not None:
        found.paragraphs.append(_b_factor_words(scores.b_factor_correlation))
    if scores.below_0 is not None:
        total = int(scores.scored_polymers.sum())
        below = round(scores.below_0 * total / 100)
        who = (
            f"None of the {total:,} residues of polymers has"
            if not below
            else f"{below:,} of the {total:,} residues of polymers "
            f"({number(scores.below_0, '.1f')} %) {'has' if below == 1 else 'have'}"
        )
        worst = ", {tab:stretches} the stretches to look at first" * ("stretches" in found.tables)
        found.paragraphs.append(
            f"{who} a Q-score below 0, which means that the density falls towards the atoms "
            f"instead of rising. {{tab:chains}} has the chains{worst}."
        )
    if "ligands" in found.tables:
        found.paragraphs.append(
            "{tab:ligands} has everything that is no polymer, the lowest first. A ligand that "
            "scores far below the residues around it is not where its density is, is only partly "
            "there, or is another one."
        )
    if scores.resolution is not None and scores.resolution > _COARSE:
        found.paragraphs.append(
            f"At {quantity(scores.resolution, 'Å')} atoms are hardly told apart: scores of single "
            "residues say little, those of whole stretches and chains more."
        )


def _left_out(scores: ModelScores) -> str:
    """What has no score, or does not count, in words."""
    model = scores.model
    empty = int(np.count_nonzero(~model.hydrogens & ~model.scored))
    others = int(np.count_nonzero(np.isfinite(scores.q04) & ~model.main_conformers))
    outside = int(scores.outside.sum())
    parts = [
        (int(model.hydrogens.sum()), "hydrogen", ""),
        (empty, "atom", " of occupancy 0"),
        (outside, "atom", " outside of the map's box"),
    ]
    without = [f"{_counted(count, what)}{where}" for count, what, where in parts if count]
    said = f" Without a score: {', '.join(without)}." if without else ""
    if others:
        said += (
            " Of alternative conformations that of the highest occupancy counts; "
            f"{_counted(others, 'atom')} of the others can be found in the table of atoms."
        )
    return said


def _counted(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"


def _compare(found: Findings, scores: ModelScores) -> None:
    """With what models score elsewhere, at any resolution and at this one."""
    d = scores.resolution
    of_all = archive_percentile_all(scores.mean)
    like = None if d is None else archive_percentile_resolution(scores.mean, d)
    found.measure(
        "archive_percentile_all", of_all, "%", "entries of the archive whose mean Q-score is lower"
    )
    found.measure(
        "archive_percentile_resolution",
        like,
        "%",
        "of the thousand entries nearest in resolution, those whose mean Q-score is lower",
    )
    found.measure("q_usual", scores.usual, "", "mean Q-score of the archive's entries there")
    found.measure("q_expected", _expected(scores), "", "mean Q-score of such polymers there")
    said = (
        f"The mean (σ 0.4 Å) is higher than that of {of_all:.1f} % of {entries():,} entries of "
        "EMDB with a model, of any resolution"
    )
    if d is None or like is None or scores.usual is None:
        why = (
            "no resolution is known"
            if d is None
            else f"the archive has too few at {quantity(d, 'Å')}"
        )
        found.paragraphs.append(f"{said}. It was not compared with those like it: {why}.")
    else:
        low, high = span_of_the_like(d)
        found.paragraphs.append(
            f"{said}, and than that of {like:.1f} % of the thousand entries nearest to "
            f"{quantity(d, 'Å')} ({number(low)} to {quantity(high, 'Å')}). Entries at this "
            f"resolution score {scores.usual:.2f} on average, and 95 % of them lie between "
            f"{scores.usual + BAND[0]:.2f} and {scores.usual + BAND[1]:.2f}."
        )
    _estimate(found, scores)


def _expected(scores: ModelScores) -> float | None:
    """What the atoms of the polymers score on average at the resolution, σ 0.4 Å."""
    if scores.resolution is None:
        return None
    sizes = {kind: scores.of_kind(kind, scores.q04).size for kind in POLYMERS}
    lines = [(expected(kind, scores.resolution, SIGMAS[0]), n) for kind, n in sizes.items()]
    total = sum(sizes.values())
    return sum((line or 0.0) * n for line, n in lines) / total if total else None


def _estimate(found: Findings, scores: ModelScores) -> None:
    """The resolution at which polymers score like this."""
    value = estimated_resolution({kind: scores.of_kind(kind, scores.q04) for kind in POLYMERS})
    found.measure(
        "q_resolution", value, "Å", "resolution at which such polymers have this mean Q-score"
    )
    if value is None:
        return
    found.resolution_estimate = ResolutionEstimate(method="Q-score of the polymers", value=value)
    reported = found.task.entry.resolution
    beside = "" if reported is None else f"; reported are {quantity(reported, 'Å')}"
    found.paragraphs.append(
        f"Proteins and nucleic acids score like this on average at {value:.2f} Å{beside}. That is "
        "the resolution of the map and the quality of the model together: where the two numbers "
        "differ, either may be the reason. Ligands, ions and waters are left out of it."
    )


# ------------------------------------------------------------------------------ pictures


def _draw(found: Findings, scores: ModelScores, density: Density) -> None:
    d, level = scores.resolution, scores.usual
    at = "" if d is None else f" at {quantity(d, 'Å')}"
    median = float(np.median(scores.q04[scores.counted]))
    marks = [(median, f"median {median:.2f}")]
    if level is not None:
        marks.append((level, f"usual{at} {level:.2f}"))
    found.plot(
        "q_histogram",
        histogram_plot(
            scores.q04[scores.counted],
            xlabel="Q-score of an atom (σ 0.4 Å)",
            marks=marks,
            of=("atom", "atoms"),
        ),
        "How the Q-scores of the atoms are distributed.",
        f"Histogram of the atoms' Q-scores; the median is {median:.2f}.",
    )
    if not scores.scored_polymers.any():
        return
    _draw_along(found, scores, at)
    _draw_ribbons(found, scores, at)
    _draw_profiles(found, scores, density)


def _draw_along(found: Findings, scores: ModelScores, at: str) -> None:
    from vrs_scipion.figures.along_chains import Line  # slow to load

    level = scores.usual
    bands = []
    if level is not None:
        bands = [
            Band(
                low=level + BAND[0],
                high=level + BAND[1],
                label=f"means of 95 % of the archive's entries{at}",
                axis="y",
            )
        ]
    along_chains(
        found,
        "q_along_chains",
        scores.model,
        [
            Line("backbone", scores.of_backbone),
            Line("side chain or base", scores.of_side_chains, "part"),
        ],
        "Q-scores (σ 0.4 Å) of backbone and side chains, residue by residue.",
        "A panel for each chain with two lines, which fall where the density does not show the "
        "model.",
        label="Q-score",
        reach=(-0.3, 1.0),
        marks=[Mark(value=0.0, label="", axis="y")],
        bands=bands,
    )
    found.paragraphs.append(
        "{fig:q_along_chains} follows the chains. Where the side chains fall and the backbone does "
        "not, side chains move or are turned wrongly; where both fall, the chain itself is in "
        "doubt."
    )


def _draw_ribbons(found: Findings, scores: ModelScores, at: str) -> None:
    from vrs_scipion.figures.ribbons import by_score  # slow to load

    low, high = _reach(scores)
    colours, key = by_score(scores.residues, low, high, "Q-score of the residue (σ 0.4 Å)")
    middle = "the mean of the model" if scores.usual is None else f"what is usual{at}"
    if ribbons(
        found,
        "q_ribbons",
        scores.model,
        colours,
        f"The model in the colours of its Q-scores, from {-_COLOURS[0]} below to {_COLOURS[1]} "
        f"above {middle}",
        "Tubes along the chains, red where the density does not show the model, from three "
        "directions.",
        colour_key=key,
    ):
        found.paragraphs.append("{fig:q_ribbons} shows where in the molecule.")


def _draw_profiles(found: Findings, scores: ModelScores, density: Density) -> None:
    """The density around the atoms of the best, the median and the worst residue."""
    profiles = list(_profiles(scores, found.task, density))
    if not profiles:
        return
    found.plot(
        "q_profile",
        profile_plot(profiles, SIGMAS[0]),
        "Mean density around the atoms of the best, the median and the worst residue, 0 being its "
        "mean less one standard deviation in the map and 1 the height that an atom should have, "
        "beside the Gaussian that it is compared with.",
        "Curves of density against the distance from the atom; that of the best residue falls "
        "like the Gaussian.",
    )
    found.paragraphs.append(
        "{fig:q_profile} has what a Q-score is made of: the density on spheres about the atoms, at "
        "points that no other atom is nearer to. A residue that is well resolved falls like the "
        "Gaussian; around one that is not the curve is flat, or rises."
    )


def _profiles(scores: ModelScores, task: Task, density: Density) -> Iterator[Profile]:
    model = scores.model
    atoms = np.bincount(model.residue[scores.counted], minlength=len(model.residues))
    whole = np.flatnonzero(scores.scored_polymers & (atoms >= _WHOLE_RESIDUE))
    order = whole[np.argsort(scores.residues[whole], kind="stable")]
    if len(order) < len(("worst", "median", "best")):
        return
    for words, place in (("best", -1), ("median", len(order) // 2), ("worst", 0)):
        residue = int(order[place])
        name = f"{words}, {model.residue_words(residue)} (Q {scores.residues[residue]:.2f})"
        yield Profile(name, scores.profile(density, task.entry.start, residue))


# ------------------------------------------------------------------------------ verdict


def _judge(found: Findings, scores: ModelScores) -> None:
    level = scores.usual
    why = ""
    if level is None:
        why = (
            "no resolution is known to compare at"
            if scores.resolution is None
            else "the archive has no entries at this resolution"
        )
    found.judge(_BELOW_BAND, None if level is None else scores.mean - level, vacuous=why)
    of = scores.q06[scores.counted]
    found.judge(_MEDIAN, float(np.median(of)))
    coarse = scores.resolution is not None and scores.resolution > _COARSE
    found.judge(
        _BELOW_0,
        scores.below_0,
        role="advice" if coarse else None,
        detail=f"beyond {_COARSE:g} Å, where this is usual, printed alone" if coarse else "",
        vacuous="" if scores.below_0 is not None else "the model has no polymer in the box",
    )
    _judge_side_chains(found, scores)
    low, high = np.percentile(of, (PERCENTILES[0], PERCENTILES[-1]))
    few = f"only {of.size} atoms have a score" if of.size < _FEW else ""
    found.judge(_SPREAD, None if few else float(high - low), vacuous=few)
    found.headline = _headline(found, scores)


def _judge_side_chains(found: Findings, scores: ModelScores) -> None:
    """A chain whose side chains are not seen where its backbone is."""
    d, of = scores.resolution, scores.side_less_backbone
    if d is not None and d > _SIDE_CHAINS_SEEN:
        why = f"beyond {_SIDE_CHAINS_SEEN} Å side chains are seen less well than backbones"
        found.judge(_SIDE, None, vacuous=why)
    elif not of:
        found.judge(_SIDE, None, vacuous=f"no chain has {LONG_CHAIN} residues with side chains")
    else:
        lowest_one = min(of, key=lambda chain: of[chain])
        name = str(scores.model.chains.names[lowest_one])
        found.judge(_SIDE, of[lowest_one], detail=f"chain {name}")


def _headline(found: Findings, scores: ModelScores) -> str:
    like = found.measurements["archive_percentile_resolution"].value
    of_all = found.measurements["archive_percentile_all"].value
    among = (
        f"{number(of_all, '.0f')} % of all entries of the archive"
        if like is None
        else f"{number(like, '.0f')} % of entries at this resolution"
    )
    said = f"Q-score {scores.mean:.2f} (σ 0.4 Å): better than {among}"
    failed = {c.key for c in found.criteria if not c.passed and c.role == "verdict"}
    if _SIDE in failed:
        return f"{said}; the side chains of a chain score far below its backbone."
    if _BELOW_0 in failed:
        return f"{said}; {number(scores.below_0, '.0f')} % of the residues score below 0."
    return f"{said}."


CHECK = Check(
    code="A.e",
    name="Q-score",
    label="Q-score",
    purpose="Does the density around each atom look like that of an atom?",
    in_short=(
        "The map on spheres about each atom, at points that no other atom is nearer to, is "
        "correlated with a Gaussian of 0.4 Å, as EMDB and wwPDB do it, and of 0.6 Å: 1 around a "
        "well resolved atom, 0 where nothing shows it. By kind, chain, ligand, residue, backbone "
        "and side chain; held against 10,188 entries of the archive, those of this resolution "
        "apart; and the resolution at which polymers score like it. It warns of a mean below the "
        "band of the archive's entries, of a median (0.6 Å) of at most 0.1, up to 5 Å of 5 % or "
        "more of the residues below 0, up to 4.5 Å of a chain whose side chains score 0.2 less "
        "than its backbone, and of scores that are all alike."
    ),
    explanation=(
        "Around a well resolved atom the density is highest at its centre and falls like a "
        "Gaussian. The Q-score is the correlation of the two: 1 for an atom that is seen as such, "
        "lower the more its density is smeared or belongs to others, and below 0 where the density "
        "rises away from it. It depends on the resolution, and is therefore compared with what "
        "models in maps of the same resolution reach. The height and the scale of the map do not "
        "matter to it; how it was sharpened does."
    ),
    answer=measure_q_scores,
    needs=("map", "model"),
    listens_to=("1.a", "0.e"),
    applies=beside_the_map,
    volumes=3,
    limits=(
        Limit(
            _BELOW_BAND,
            BAND[0],
            "",
            "Mean Q-score less what is usual",
            "The check warns when the mean Q-score (σ 0.4 Å) less that of the archive's entries at "
            "this resolution is below this, the lower end of the band around 95 % of them.",
            "the mean Q-score (σ 0.4 Å) less what is usual at this resolution",
            ">=",
            advice=(
                "The model does not lie in its density, large parts of it are not seen, or the map "
                "is not as well resolved as reported. A.h says whether the model should lie "
                "elsewhere; the coloured model shows whether all of it or a part is to blame. "
                "Maps that were hardly or far too much sharpened score lower, too: try the other."
            ),
        ),
        Limit(
            _MEDIAN,
            0.1,
            "",
            "Median Q-score",
            f"The check warns when the median Q-score (σ 0.6 Å) is not above this; {SERVICE} asks "
            "it. Next to no entry of the archive fails it.",
            "the median Q-score (σ 0.6 Å)",
            ">",
            advice=(
                "Half of the atoms are not seen at all: the model lies beside its density, or is "
                "of something else. Look at both in one window, and at A.h."
            ),
        ),
        Limit(
            _BELOW_0,
            5.0,
            "%",
            "Residues below 0",
            "The check warns when this share of the residues, or more, has a Q-score (σ 0.4 Å) "
            "below 0. Beyond 5 Å that is usual, and printed alone.",
            "the share of residues with a Q-score below 0",
            "<",
            advice=(
                "At these residues the density rises away from the atoms: they lie beside it, or "
                "there is none. Look at them in the order of the table of residues; rebuild what "
                "the density shows, leave out what it does not."
            ),
        ),
        Limit(
            _SIDE,
            -0.2,
            "",
            "Side chains less backbone",
            "The check warns when in a chain of 20 residues or more the mean Q-score (σ 0.4 Å) of "
            "the side chains less that of the backbone is below this. Up to 4.5 Å both are seen "
            "about equally well.",
            "the mean Q-score of the side chains less that of the backbone",
            ">=",
            advice=(
                "The backbone lies in its density and the side chains do not: the sequence is "
                "shifted along the chain, side chains are in wrong rotamers, or the map does not "
                "show them. Look at large ones, Trp, Tyr, Phe and Arg: where their density is "
                "found a few residues further along the chain, the register is wrong."
            ),
        ),
        Limit(
            _SPREAD,
            0.1,
            "",
            "Spread of the Q-scores",
            "The check warns when 95 % of the Q-scores (σ 0.6 Å) lie in an interval narrower than "
            "this: models in measured maps are never equally well seen everywhere.",
            "the interval of 95 % of the Q-scores (σ 0.6 Å)",
            ">=",
            advice=(
                "No measured map shows all atoms equally well. The map may have been computed from "
                "the model, or multiplied with a mask around its atoms: validate the map as the "
                "refinement wrote it."
            ),
        ),
    ),
    references=(PINTILIE_2020, PINTILIE_2025),
    differs=(
        "The service asks a web server for the scores, cuts the resolution to whole Å before it "
        "looks up what is expected, and counts each ligand's resolution as 0 Å."
    ),
)
