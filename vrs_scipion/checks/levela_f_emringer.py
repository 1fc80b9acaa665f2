"""A.f EMRinger: does the density around side chains peak where rotamers put them?"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from vrs_scipion.checks.check import Check, Limit
from vrs_scipion.checks.findings import Findings
from vrs_scipion.checks.model_words import beside_the_map, resolution_of
from vrs_scipion.checks.pictures import along_chains
from vrs_scipion.checks.references import BARAD_2015
from vrs_scipion.checks.task import Task
from vrs_scipion.entry.entry import Entry
from vrs_scipion.figures.emringer import chi_plot, threshold_plot
from vrs_scipion.methods import cctbx, emringer_cctbx
from vrs_scipion.methods.emringer import (
    ANGLES,
    BY_CHANCE,
    Scan,
    Statistics,
    rolling,
    scan,
    statistics,
)
from vrs_scipion.methods.engine import BUILTIN, Availability
from vrs_scipion.models.atomic_model import AtomicModel
from vrs_scipion.results import Column, Engine
from vrs_scipion.results.numbers import number, quantity
from vrs_scipion.results.plots import Mark

COARSEST = 4.5
"""Å beyond which side chains are not seen."""
_SHOWN = 3.9
"""Å up to which a map shows the side chains of a right model: such scored 0.68 and 0.74 in maps
simulated at 4.5 and 4 Å."""
FEWEST = 20
"""Residues of which a score can be made."""

_WINDOW = 21
_OFF = 30.0
"""Degrees from the nearest rotamer beyond which a peak is listed."""
_ROWS = 40
"""Of a table that is printed whole."""
_SCORE, _Z = "emringer_score", "max_z"


def measure_emringer(task: Task) -> Findings:
    """Answer A.f."""
    found, entry = Findings(task), task.entry
    resolution = resolution_of(task)
    if resolution is not None and resolution > COARSEST:
        found.does_not_apply = (
            f"At {quantity(resolution, 'Å')} the density of side chains is not told apart from "
            f"that of their neighbours: EMRinger applies up to {COARSEST} Å."
        )
        return found
    model = entry.model()
    scanned = scan(entry.density(), entry.start, model)
    if len(scanned) < FEWEST:
        found.does_not_apply = _too_few(len(scanned))
        return found
    scanned, of_thresholds = _scored(found, model, scanned)
    if of_thresholds is None:
        found.cannot_tell = (
            f"Around none of {len(scanned):,} side chains does the density rise to a peak at a "
            "rotamer: the map is empty where the model lies."
        )
        return found
    _note(found, model, scanned, of_thresholds)
    _tabulate(found, model, scanned, of_thresholds)
    _describe(found, scanned, of_thresholds, resolution)
    _draw(found, model, scanned, of_thresholds)
    _tell_engine(found)
    _judge(found, of_thresholds, resolution)
    return found


def _scored(found: Findings, model: AtomicModel, scanned: Scan) -> tuple[Scan, Statistics | None]:
    """What was read around the side chains, and its score, by the engine chosen."""
    task, entry = found.task, found.task.entry
    if task.engine == BUILTIN:
        return scanned, statistics(scanned)
    interpreter = cctbx.require()
    found.engine = Engine(
        name=cctbx.NAME,
        version=interpreter.version,
        arguments={"program": emringer_cctbx.PROGRAM},
    )
    return emringer_cctbx.emringer(
        interpreter, model, entry.density(), entry.start, scanned, task.threads
    )


def _external(entry: Entry | None) -> Sequence[Availability]:
    return (cctbx.availability(),)


def _tell_engine(found: Findings) -> None:
    if found.engine.name == cctbx.NAME:
        found.paragraphs.append(
            "The densities and the scores are by cctbx (EMRinger); the score along the chains is "
            "made of them here."
        )


def _too_few(count: int) -> str:
    there = {0: "no residue that can be", 1: "one residue that can be"}.get(
        count, f"only {count} residues that can be"
    )
    return (
        f"The model has {there} scanned, a score needs {FEWEST}: amino acids with an atom beyond "
        "Cβ that turns with χ1 and is not branched there, with N, Cα and Cβ."
    )


def _note(found: Findings, model: AtomicModel, scanned: Scan, of: Statistics) -> None:
    best = of.best
    found.measure(_SCORE, of.score, "", "EMRinger score")
    found.measure(_Z, float(of.z[best]), "", "largest z of the share of rotameric peaks")
    found.measure(
        "rotamer_ratio", float(of.ratio[best]), "", "share of rotameric peaks at that threshold"
    )
    found.measure(
        "optimal_threshold", float(of.thresholds[best]), "map units", "threshold of the largest z"
    )
    found.measure("residues_scanned", of.scanned, "residue", "residues scanned")
    found.measure(
        "residues_counted", int(of.counted[best]), "residue", "residues whose peak is higher"
    )
    for key, values, label, words, unit, reach in (
        ("ringer_angle", scanned.peak_angle, "EMRinger χ1", "χ1 of the peak", "°", (0.0, 360.0)),
        (
            "ringer_off",
            scanned.off_rotamer,
            "EMRinger, off a rotamer",
            "degrees between that χ1 and the nearest rotamer",
            "°",
            (60.0, 0.0),
        ),
        (
            "ringer_peak",
            scanned.peak_value,
            "EMRinger peak",
            "highest density around the side chain, in the map's units",
            "",
            None,
        ),
    ):
        of_residues = np.full(len(model.residues), np.nan)
        of_residues[scanned.residues] = values
        found.score(key, of_residues, label, words, unit=unit, reach=reach)


def _tabulate(found: Findings, model: AtomicModel, scanned: Scan, of: Statistics) -> None:
    """Where the density peaks and no rotamer is, the highest first."""
    there = scanned.peak_value > of.thresholds[0]
    odd = np.flatnonzero(there & (scanned.off_rotamer > _OFF))
    if not odd.size:
        return
    odd = odd[np.argsort(-scanned.peak_value[odd], kind="stable")]
    first = f", the {_ROWS} with the highest density of {odd.size:,}" if odd.size > _ROWS else ""
    found.tabulate(
        "off_rotamers",
        f"Residues whose density peaks more than {_OFF:g}° from a rotamer{first}.",
        [
            Column(key="residue", label="Residue"),
            Column(key="peak", label="χ1 of the peak", unit="°", format=".0f"),
            Column(key="off", label="Off a rotamer", unit="°", format=".0f"),
            Column(key="modelled", label="χ1 in the model", unit="°", format=".0f"),
            Column(key="density", label="Density at the peak", format=".3g"),
        ],
        [
            (
                model.residue_words(int(scanned.residues[i])),
                float(scanned.peak_angle[i]),
                float(scanned.off_rotamer[i]),
                float(scanned.modelled[i]),
                float(scanned.peak_value[i]),
            )
            for i in odd[:_ROWS].tolist()
        ],
    )


def _describe(found: Findings, scanned: Scan, of: Statistics, resolution: float | None) -> None:
    best = of.best
    found.paragraphs.append(
        f"Of {of.scanned:,} residues the first atom beyond Cβ was turned once around, and the "
        f"density read on the way. Where it is clearest (above {number(float(of.thresholds[best]))}"
        f", {of.counted[best]:,} residues) {100 * of.ratio[best]:.1f} % of the peaks lie at the "
        "angles of rotamers, 60°, 180° and 300° ({fig:chi}); around side chains that are not there "
        "half of them would. Weighed by how many residues that is, the EMRinger score is "
        f"{of.score:.2f} ({{fig:score}}, {{fig:ratio}})."
    )
    chance = (0.5 - BY_CHANCE) / np.sqrt(BY_CHANCE * (1 - BY_CHANCE))
    by_noise = 10 * chance * np.sqrt(of.counted[best] / of.scanned)
    found.paragraphs.append(
        "The published score takes 39 of 72 angles for rotamers where it counts 36, and is kept so "
        f"that numbers agree: noise scores about {number(float(by_noise), '.1f')} at this "
        "threshold, not 0, and a score between that and 1 is weak, not negative, evidence."
    )
    found.paragraphs.append(
        "What is measured is the backbone: if it is right, density beyond Cβ stands where rotamers "
        "are. Which of the three the model has is not looked at; turning every side chain by 120° "
        "would not change the score. The Q-scores of side chains (A.e) tell that."
    )
    if "off_rotamers" in found.tables:
        found.paragraphs.append(
            "{tab:off_rotamers} has the residues whose density is off a rotamer, the highest "
            "first: where it is high, Cα or Cβ lie beside their place, or the density is of "
            "something else; where it is low, the map does not show the side chain."
        )
    if resolution is None:
        found.paragraphs.append(
            f"No resolution is known. Beyond {COARSEST} Å the score would mean nothing."
        )


def _draw(found: Findings, model: AtomicModel, scanned: Scan, of: Statistics) -> None:
    from vrs_scipion.figures.along_chains import Line  # slow to load

    best = of.best
    limit = found.task.limit(_SCORE)
    found.plot(
        "score",
        threshold_plot(
            of.thresholds,
            of.scores,
            best,
            "EMRinger score",
            ((limit, f"warned of up to {limit:g}"),),
        ),
        "EMRinger score where only residues with a peak above a threshold count; the largest is "
        "the score.",
        "A curve of the score against the threshold, with its highest point marked.",
    )
    found.plot(
        "ratio",
        threshold_plot(
            of.thresholds, of.ratio, best, "Share of rotameric peaks", ((0.5, "by chance"),)
        ),
        "Share of the peaks above a threshold that lie at the angles of rotamers.",
        "A curve that rises with the threshold where the model is right.",
    )
    clear = scanned.peak_value > of.thresholds[best]
    found.plot(
        "chi",
        chi_plot(scanned.peak_angle[clear], float(ANGLES[0])),
        "χ1 at which the density around side chains is highest, of the residues that count at the "
        "best threshold.",
        "Histogram of angles from 0° to 360°, with peaks at 60°, 180° and 300° where the model is "
        "right.",
    )
    rolled = rolling(scanned, model, float(of.thresholds[best]), _WINDOW)
    known = rolled[np.isfinite(rolled)]
    if known.size:
        along_chains(
            found,
            "rolling",
            model,
            [Line("score", rolled)],
            f"EMRinger score of the {_WINDOW} residues around each one, at the best threshold.",
            "A panel for each chain, with a line that falls where side chains are not where their "
            "density is.",
            label="Score",
            reach=(min(-2.0, float(known.min()) - 0.5), max(4.0, float(known.max())) + 0.5),
            marks=[Mark(value=limit, label="", axis="y")],
        )
        found.paragraphs.append(
            "{fig:rolling} follows the chains: where the line stays below 1 over many residues, "
            "the backbone is shifted along its density, or the map is worse there."
        )


def _judge(found: Findings, of: Statistics, resolution: float | None) -> None:
    score = found.judge(_SCORE, of.score)
    found.judge(_Z, float(of.z[of.best]))
    where = (
        "the side chains' density is where rotamers put it"
        if score.passed
        else "the side chains' density is hardly more often at rotamers than by chance"
    )
    found.headline = f"EMRinger score {of.score:.2f} from {of.scanned:,} residues: {where}."
    coarse = resolution is not None and resolution > _SHOWN
    if coarse and any(not one.passed for one in found.criteria):
        found.cannot_tell = (
            f"Beyond {_SHOWN:g} Å the map may not show side chains where the model is right: a low "
            "score says nothing there."
        )


CHECK = Check(
    code="A.f",
    name="EMRinger",
    label="EMRinger",
    purpose="Does the density around side chains peak where rotamers put them?",
    in_short=(
        "The first atom beyond Cβ of each side chain is turned once around, and the density read "
        "on the way: where the backbone is right, it peaks at χ1 of 60°, 180° or 300°. The numbers "
        "are those of EMRinger. It warns of a score or a largest z of at most 1, cannot tell of "
        "such a score beyond 3.9 Å, and does not apply beyond 4.5 Å or with fewer than 20 "
        "residues."
    ),
    explanation=(
        "Side chains prefer a few angles about the bond from Cα to Cβ, rotamers, and nothing in "
        "map or refinement makes the density follow them but the molecule itself. EMRinger counts "
        "how often the density around that bond is highest at such an angle. It is sensitive to "
        "how exactly the backbone lies in the map, and to whether the map shows side chains at "
        "all. Models that were refined into maps of 3 to 4 Å usually score above 1, very good ones "
        "above 2."
    ),
    answer=measure_emringer,
    needs=("map", "model"),
    listens_to=("1.a", "0.e"),
    applies=beside_the_map,
    engines=(BUILTIN, cctbx.NAME),
    external=_external,
    volumes=2,
    limits=(
        Limit(
            _SCORE,
            1.0,
            "",
            "EMRinger score",
            "The check warns when the EMRinger score is not above this.",
            "the EMRinger score",
            ">",
            advice=(
                "The backbone does not lie exactly enough in its density for the side chains to "
                "meet theirs, or the map does not show side chains. Refine the model into the map "
                "in real space and look again; where A.h says that the model lies elsewhere, move "
                "it first. Beyond about 4 Å a low score is usual."
            ),
        ),
        Limit(
            _Z,
            1.0,
            "",
            "Largest z",
            "The check warns when the share of rotameric peaks is at no threshold this many "
            "standard deviations above chance.",
            "the largest z of the share of rotameric peaks",
            ">",
            advice=(
                "At no threshold are there clearly more peaks at rotamers than chance would put "
                "there: few side chains, or density that does not show them."
            ),
        ),
    ),
    references=(BARAD_2015,),
    differs=(
        "The service calls every score below 1 negative, and fails on a chain too short for a "
        "rolling score."
    ),
)
