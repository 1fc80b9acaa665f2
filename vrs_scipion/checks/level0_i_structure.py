"""0.i Structure: does the map hold more than noise in the shape of a molecule?"""

from __future__ import annotations

from vrs_scipion import __version__
from vrs_scipion.checks.check import Check, Limit
from vrs_scipion.checks.findings import Findings
from vrs_scipion.checks.task import Task
from vrs_scipion.entry.entry import Entry
from vrs_scipion.figures.surrogates import surrogates_plot
from vrs_scipion.maps.density import Density, Mask
from vrs_scipion.methods.engine import BUILTIN
from vrs_scipion.methods.structure import (
    BAND,
    SEED,
    SURROGATES,
    NoEnvelopeError,
    Structure,
    finest_held,
    measure_structure,
)
from vrs_scipion.results import Engine, Reference
from vrs_scipion.results.numbers import number

WARNED = (2.5, 5.0)
"""Å; beyond, some molecules are not told from noise."""

EFFECT, FINEST = "effect_lowest", "finest_highest"
_P_HIGHEST = 1e-3
_COMMON, _RAREST = 0.1, 1e-4
_SURE = 0.5
"""Standard errors that an effect of noise is below those of molecules."""
_NOISE = 0.8
"""Below this share of the lowest effect no good map lies to 5 Å; between the two lies a little of
both."""
_COARSE = 1.4
"""By how much more structure has to show beyond 5 Å, where noise in a sharp envelope clumps."""


def measure_structure_in_map(task: Task) -> Findings:
    """Answer 0.i."""
    found = Findings(task)
    arguments = {"surrogates": SURROGATES, "seed": SEED}
    found.engine = Engine(name=BUILTIN, version=__version__, arguments=dict(arguments))
    reported = task.entry.resolution
    assert reported is not None
    try:
        finest = finest_held(task.entry.density(), reported, task.threads)
        if not _holds_anything(found, finest, reported):
            return found
        density, mask = _measured(task.entry)
        if mask is None:
            raise NoEnvelopeError
        structure = measure_structure(density, mask, finest, threads=task.threads)
    except NoEnvelopeError:
        found.cannot_tell = (
            "What lies above the contour level is too small, compared with the reported "
            "resolution, to tell structure from noise."
        )
        found.headline = "Whether the map holds structure or noise cannot be told: it is too small."
        return found
    _note(found, structure)
    _describe(found, structure, reported)
    _judge(found, structure, reported)
    return found


def _holds_anything(found: Findings, finest: float, reported: float) -> bool:
    """Whether there is anything near the reported resolution, be it signal or noise."""
    found.measure("finest", finest, "Å", "finest detail that the map holds, noise or not")
    held = found.judge(FINEST, 100 * finest / reported)
    if not held.passed:
        found.headline = (
            f"{number(reported)} Å is reported, but the map holds nothing finer than "
            f"{number(finest)} Å."
        )
        found.paragraphs.append(
            f"Beyond {number(finest)} Å the map is empty: there is not even noise. It was not "
            "compared with surrogates."
        )
    return held.passed


def _measured(entry: Entry) -> tuple[Density, Mask | None]:
    """The map on voxels of half the resolution, or as it is where that is not finer."""
    resized = entry.resized()
    if resized is None:
        return entry.density(), entry.hard_mask()
    return resized, entry.resized_hard_mask()


def _not_applicable(entry: Entry) -> str:
    if entry.resolution is None:
        return "No resolution was reported: at which fineness to look for structure is not known."
    return ""


def _note(found: Findings, structure: Structure) -> None:
    found.measure(
        "structure_effect",
        structure.effect,
        "",
        "how the map differs from its surrogates: 0 as noise does, 1 as molecules do on average",
    )
    found.measure("structure_error", structure.error, "", "standard error of it")
    found.measure(
        "structure_p", structure.p, "", "probability of an effect as large or larger of noise"
    )
    found.measure("surrogates", len(structure.scores), "", "maps with random phases compared with")
    found.measure(
        "cells", structure.cells, "", "volume looked at, in cubes of the finest detail's size"
    )


def _describe(found: Findings, structure: Structure, reported: float) -> None:
    found.plot(
        "surrogates",
        surrogates_plot(
            structure.scores,
            structure.effect,
            found.task.limit(EFFECT),
        ),
        f"How much {len(structure.scores)} surrogates, which are noise of the map's shape and "
        "spectrum, differ from each other, and how much the map differs from them.",
        "Bars of the surrogates around 0, and a line for the map.",
    )
    coarse = number(BAND * structure.finest)
    beyond = (
        f" The map holds nothing finer than {number(structure.finest)} Å, so that it was looked at "
        "from there on."
        if structure.finest > reported
        else ""
    )
    found.paragraphs.append(
        f"The details between {number(structure.finest)} and {coarse} Å were compared with those "
        f"of {len(structure.scores)} surrogates.{beyond} The effect of structure is "
        f"{structure.effect:.2f} ± {structure.error:.2f}: noise has 0, molecules have 1 on average "
        f"({{fig:surrogates}}). {_chance(structure.p)}"
    )


def _chance(p: float) -> str:
    if p > _COMMON:
        return "Noise often has such an effect."
    rarer = "fewer than one" if p < _RAREST else "about one"
    return f"Of maps of noise, {rarer} in {1 / max(p, _RAREST):,.0f} has one as large."


def _judge(found: Findings, structure: Structure, reported: float) -> None:
    found.cannot_tell = doubt(structure, reported, found.task.limit(EFFECT))
    if found.cannot_tell:
        found.headline = "Whether the map holds structure or noise cannot be told."
        return
    structured = found.judge(EFFECT, structure.effect)
    found.headline = (
        f"The map holds structure at the reported resolution, {number(reported)} Å."
        if structured.passed
        else f"At the reported resolution, {number(reported)} Å, the map cannot be told from noise."
    )


def doubt(structure: Structure, reported: float, lowest: float) -> str:
    """Why an effect is no evidence of structure or noise; '' where it is.

    Parameters
    ----------
    structure : as measured
    reported : resolution, Å
    lowest : effect that shows structure
    """
    fine, coarse = WARNED
    if structure.effect >= lowest:
        shown = structure.effect >= lowest * (_COARSE if reported > coarse else 1)
        return "" if shown and structure.p <= _P_HIGHEST else _BETWEEN
    if structure.effect + _SURE * structure.error >= _NOISE * lowest:
        return _BETWEEN
    return "" if fine <= reported <= coarse else _BEYOND


_BETWEEN = (
    "The effect lies between those of noise and of molecules, or the map is so small, compared "
    "with its resolution, that chance could have done it."
)
_BEYOND = (
    "Only between {} and {} Å is it known that molecules differ more from noise than this map: it "
    "may be either.".format(*map(number, WARNED))
)

CHECK = Check(
    code="0.i",
    name="Structure",
    label="structure",
    purpose="Does the map hold more than noise in the shape of a molecule?",
    in_short=(
        "The details between the reported resolution and twice that are compared with surrogates: "
        "noise of the same shape, spectrum and local strength. Skewness, kurtosis, clumping and "
        "connectivity (Euler characteristics) tell the chains of a molecule from noise; no network "
        "is needed. How often that is right is in ``benchmarks/structure.md``."
    ),
    explanation=(
        "Noise that was cut out in the shape of a molecule and filtered looks like a map from "
        "afar. What it lacks is structure: density that runs along chains, between channels that "
        "are connected, too. The check takes the details between the reported resolution and twice "
        "that, in the envelope of the molecule, and makes surrogates: maps of the same envelope, "
        "with details as strong, shell by shell and place by place, but with random phases, so "
        "that nothing is arranged. If the map is arranged otherwise than they are, in the way in "
        "which proteins and nucleic acids are, there is structure. What kind of molecule it is, "
        "and whether it is the right one, this does not tell."
    ),
    answer=measure_structure_in_map,
    applies=_not_applicable,
    limits=(
        Limit(
            EFFECT,
            0.55,
            "",
            "Lowest effect",
            "The check warns when the map differs from its surrogates by less than this and is "
            "large enough to tell: noise has 0, molecules have 1 on average.",
            "the effect of structure",
            ">=",
            advice=(
                "At the reported resolution the map looks like noise in the shape of a molecule. "
                "Most often the resolution is too optimistic, and what is finer is noise: look at "
                "the Fourier shell correlation of the half maps, and whether helices or side "
                "chains can be seen where they should be. Else the particles were aligned to "
                "noise, or the envelope is that of a reference: refine again from a model without "
                "detail."
            ),
        ),
        Limit(
            FINEST,
            130.0,
            "%",
            "Finest detail held against the resolution",
            "The check warns when the finest detail that the map holds at all, signal or noise, in "
            "% of the reported resolution, is above this.",
            "the finest detail that the map holds as a share of the reported resolution",
            "<=",
            advice=(
                "The map was low-pass filtered, or stored on too coarse voxels: there is nothing "
                "in it, not even noise, as fine as the reported resolution. Validate the map that "
                "the resolution was measured of."
            ),
        ),
    ),
    references=(
        Reference(
            key="Theiler1992",
            authors=(
                "Theiler, J.",
                "Eubank, S.",
                "Longtin, A.",
                "Galdrikian, B.",
                "Farmer, J. D.",
            ),
            year=1992,
            title="Testing for nonlinearity in time series: the method of surrogate data",
            journal="Physica D",
            volume="58",
            pages="77–94",
            doi="10.1016/0167-2789(92)90102-S",
        ),
        Reference(
            key="Schmalzing1997",
            authors=("Schmalzing, J.", "Buchert, T."),
            year=1997,
            title="Beyond genus statistics: a unifying approach to the morphology of cosmic "
            "structure",
            journal="The Astrophysical Journal Letters",
            volume="482",
            pages="L1–L4",
            doi="10.1086/310680",
        ),
    ),
    differs="The Validation Report Service has no such check.",
    volumes=12,
)
