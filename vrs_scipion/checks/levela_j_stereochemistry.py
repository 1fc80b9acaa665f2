"""A.j Stereochemistry: are bonds, angles, hands and contacts what chemistry allows?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from vrs_scipion.checks import stereochemistry_tables as tables
from vrs_scipion.checks.check import Check, Limit
from vrs_scipion.checks.findings import Findings
from vrs_scipion.checks.pictures import ribbons
from vrs_scipion.checks.references import ENGH_2006, LOVELL_2003, WILLIAMS_2018, WORD_1999
from vrs_scipion.checks.task import Task
from vrs_scipion.entry.entry import Entry
from vrs_scipion.methods import cctbx, stereochemistry_cctbx
from vrs_scipion.methods.engine import BUILTIN, Availability
from vrs_scipion.methods.ramachandran import Contours, RamaClass, Rating
from vrs_scipion.methods.stereochemistry import Stereochemistry, examine
from vrs_scipion.methods.stereochemistry.measure import FAR_BETA, FAR_Z
from vrs_scipion.models.kinds import POLYMERS
from vrs_scipion.results import Engine
from vrs_scipion.results.numbers import number

if TYPE_CHECKING:
    from vrs_scipion.figures.ramachandran import Panel

_COARSE = 4.0
"""Å from which twice as many Ramachandran outliers are allowed for."""
_NOTED_SCALE = 0.5
"""% by which bonds are longer or shorter before it is worth a sentence."""
_FEW_RATED = 20
_POOR = 0.5
"""Correlation with the map below which a residue is not seen there."""

_COLOURS = {Rating.FAVOURED: "#6baed6", Rating.ALLOWED: "#E69F00", Rating.OUTLIER: "#a50f15"}

_UNITS = {
    "rama_favoured": ("%", "residues with favoured φ and ψ"),
    "rama_outliers": ("%", "residues that are outliers of the Ramachandran plot"),
    "rama_residues": ("", "residues with both peptide bonds"),
    "d_residues": ("", "amino acids whose hand is not the one of their name"),
    "wrong_hands": ("%", "amino acids and sugars, or turns of Cα, of the mirrored hand"),
    "cis_nonpro": ("%", "cis peptides, of those that are not before proline"),
    "cis_pro": ("", "cis peptides before proline"),
    "twisted": ("%", "peptides that are neither cis nor trans"),
    "cbeta_outliers": ("%", f"Cβ atoms further than {FAR_BETA:g} Å from their place"),
    "bond_outliers": ("%", f"bonds of the main chain further than {FAR_Z:g} σ from the usual"),
    "bond_rmsz": ("", "root mean square of the bonds' z"),
    "angle_outliers": ("%", f"angles of the main chain further than {FAR_Z:g} σ from the usual"),
    "angle_rmsz": ("", "root mean square of the angles' z"),
    "bond_scale": ("", "median length of bonds over the usual one"),
    "bond_scale_error": ("", "its standard error"),
    "heavy_clashes": ("", "clashes between atoms but hydrogens, for 1,000 of them"),
    "bases": ("", "bases of nucleic acids"),
    "base_pairs": ("", "pairs of bases"),
    "watson_crick": ("", "of these, by N1 of a purine and N3 of a pyrimidine"),
}


def measure_stereochemistry(task: Task) -> Findings:
    """Answer A.j."""
    found = Findings(task)
    seen = _seen(found)
    for key, value in seen.numbers.items():
        found.measure(key, value, *_UNITS[key])
    _score(found, seen)
    tables.tabulate_numbers(found, seen)
    found.paragraphs = [*_told(found, seen), *found.paragraphs]
    if seen.numbers["rama_residues"]:
        _draw_ribbons(found, seen)
    failed = _judge(found, seen)
    found.headline = _headline(seen, failed)
    if not len(seen.chain) and not seen.pairs.bases and not failed:
        found.cannot_tell = _TOO_LITTLE
    return found


def _seen(found: Findings) -> Stereochemistry:
    """What is measured; the Ramachandran plot and Cβ by the engine chosen."""
    task = found.task
    seen = examine(task.entry.model())
    if task.engine == BUILTIN:
        return seen
    interpreter = cctbx.require()
    found.engine = Engine(
        name=cctbx.NAME,
        version=interpreter.version,
        arguments={"programs": stereochemistry_cctbx.PROGRAMS},
    )
    found.paragraphs.append(
        "Which residues are favoured, allowed or outliers, and how far Cβ atoms are from their "
        "places, is by cctbx (ramalyze, cbetadev); everything else is built in."
    )
    return stereochemistry_cctbx.rated(interpreter, seen, task.threads)


def _external(entry: Entry | None) -> Sequence[Availability]:
    return (cctbx.availability(),)


_TOO_LITTLE = (
    "The model has one atom for each residue: it has no bonds, angles or torsions to look at. Of "
    "its Cα atoms the clashes and the hand of helices were looked at, and nothing was wrong there."
)


def _without_polymers(entry: Entry) -> str:
    """Why there is no stereochemistry to look at; '' where there is."""
    kinds = entry.model().residues.kinds
    if np.isin(kinds, [kind.value for kind in POLYMERS]).any():
        return ""
    return (
        "The model has no protein and no nucleic acid: of ligands, sugars and waters alone the "
        "check does not know what their bonds should be."
    )


def _score(found: Findings, seen: Stereochemistry) -> None:
    """The columns of the table of residues."""
    model, chain = seen.chain.model, seen.chain
    ratings = np.full(len(model.residues), "", "<U8")
    ratings[chain.residues] = chain.ratings
    clashes = np.bincount(
        model.residue[seen.clashes.atoms].ravel(), minlength=len(model.residues)
    ).astype(np.float64)
    z = np.full(len(model.residues), np.nan)
    every = np.column_stack((seen.lengths.z, seen.angles.z))
    known = np.isfinite(every).any(axis=1)
    z[chain.residues[known]] = np.nanmax(np.abs(every[known]), axis=1)
    found.score("rama", ratings, "Ramachandran", "favoured, allowed or an outlier by φ and ψ")
    found.score(
        "bond_z",
        z,
        "Bond z",
        "largest deviation of the main chain's bonds and angles, in σ",
        reach=(6.0, 0.0),
    )
    found.score(
        "clashes", clashes, "Clashes", "clashes that the residue takes part in", reach=(3.0, 0.0)
    )


def _told(found: Findings, seen: Stereochemistry) -> Iterator[str]:
    """The results in words."""
    numbers = seen.numbers
    yield (
        "{tab:numbers} has everything that was counted. Nothing here needs the map: it is what "
        "any model has to keep, whatever the density shows."
    )
    if seen.alphas:
        yield _alphas_words(seen)
    if numbers["rama_residues"]:
        _draw_plots(found, seen)
        yield _ramachandran_words(seen, [figure.key for figure in found.figures])
    beside = tables.beside_the_map(found.task)
    if tables.tabulate_residues(found, seen, beside):
        yield _RESIDUES
        yield from _outliers_in_the_map(seen, beside)
    yield from _bond_words(found, seen)
    if tables.tabulate_clashes(found, seen):
        yield (
            "{tab:clashes} lists the worst clashes. Hydrogens are not looked at, so that the "
            "number is lower than MolProbity's clashscore, which needs them."
        )
    if seen.pairs.bases:
        yield _base_words(seen)


_RESIDUES = (
    "{tab:residues} names the residues that are unusual. Where the map is good such "
    "a residue is often real, and part of how the molecule works; where it is poor it was traced "
    "wrongly."
)


def _outliers_in_the_map(
    seen: Stereochemistry, beside: Mapping[str, Mapping[int, float]]
) -> Iterator[str]:
    """How many of the Ramachandran outliers the map supports, where that is known."""
    known = beside.get(tables.CORRELATION, {})
    outliers = seen.chain.residues[seen.rated(Rating.OUTLIER)].tolist()
    found = [known[residue] for residue in outliers if residue in known]
    if not found:
        return
    poor = sum(value < _POOR for value in found)
    yield (
        f"Of {len(found):,} Ramachandran outliers {poor:,} correlate with the map by less than "
        f"{_POOR:g}{': the map does not show them as they were built' if poor else ''}."
    )


def _alphas_words(seen: Stereochemistry) -> str:
    turns = seen.hands.right_turns + seen.hands.left_turns
    hand = (
        f" Of {turns:,} turns of α-helices that Cα atoms make, {seen.hands.right_turns:,} are "
        "right-handed, as they should be."
        if turns
        else ""
    )
    return (
        f"{seen.alphas:,} residues have a Cα and lack N or C: their bonds, angles and torsions "
        f"cannot be measured.{hand}"
    )


def _ramachandran_words(seen: Stereochemistry, plots: Sequence[str]) -> str:
    rated, favoured = seen.numbers["rama_residues"], int(seen.rated(Rating.FAVOURED).sum())
    count = seen.outliers
    outliers = f"{count:,} are outliers" if count > 1 else f"{count or 'none'} is an outlier"
    shown = ", ".join(f"{{fig:{key}}}" for key in plots)
    return (
        f"Of {rated:,} residues with both peptide bonds, {favoured:,} have favoured torsions φ "
        f"and ψ and {outliers} ({shown}). In well-resolved "
        "structures 98 % are favoured and one in 2,000 is an outlier. Refinement can hold torsions "
        "inside of the contours: few outliers prove little where the map does not show the "
        "main chain's oxygens."
    )


def _bond_words(found: Findings, seen: Stereochemistry) -> Iterator[str]:
    numbers = seen.numbers
    if numbers["bond_rmsz"] is None:
        return
    _draw_deviations(found, seen)
    tabled = tables.tabulate_bonds(found, seen)
    listed = " {tab:bonds} lists those that are furthest off." if tabled else ""
    yield (
        "The bonds of the main chain deviate from small molecules' by "
        f"{number(numbers['bond_rmsz'], '.2f')} standard deviations (r.m.s.), the angles by "
        f"{number(numbers['angle_rmsz'], '.2f')} ({{fig:deviations}}); refinement with restraints "
        f"leaves 0.2 to 1.{listed}"
    )
    off = _scale_off(seen)
    if off is not None and abs(off) > _NOTED_SCALE:
        longer = "longer" if off > 0 else "shorter"
        yield (
            f"The bonds are {number(abs(off), '.2f')} % {longer} than usual, all together. The "
            "model was refined into a map whose voxel size is off by so much, or was scaled: "
            "A.h says whether model and map agree in size."
        )


def _scale_off(seen: Stereochemistry) -> float | None:
    """How much longer bonds are than usual, in %."""
    scale = seen.bond_scale[0]
    return None if scale is None else 100 * (scale - 1)


def _base_words(seen: Stereochemistry) -> str:
    pairs, watson_crick = len(seen.pairs.residues), int(seen.pairs.watson_crick.sum())
    return (
        f"Of {seen.pairs.bases:,} bases, {len(np.unique(seen.pairs.residues)):,} lie beside "
        f"another one with two hydrogen bonds or more: {pairs:,} pairs, {watson_crick:,} of them "
        "as Watson and Crick described them."
    )


def _draw_plots(found: Findings, seen: Stereochemistry) -> None:
    """The Ramachandran plots of the classes that the model has."""
    from vrs_scipion.figures.ramachandran import draw_ramachandran  # slow to load

    for key, of, classes in _PLOTS:
        panels = _panels(seen, classes)
        if any(len(panel.angles) for panel in panels):
            found.picture(
                key,
                partial(draw_ramachandran, panels),
                f"Ramachandran plots of {of}, with their numbers. Outliers are named where there "
                "is room. The contours are derived from the Top8000 grids of the Richardson "
                "laboratory, Duke University (CC-BY 4.0).",
                "Plots of φ against ψ with the regions that are favoured and allowed; most points "
                "lie in the favoured ones.",
            )


def _draw_deviations(found: Findings, seen: Stereochemistry) -> None:
    from vrs_scipion.figures.deviations import deviations_plot  # slow to load

    found.plot(
        "deviations",
        deviations_plot({"bond lengths": seen.lengths.z, "bond angles": seen.angles.z}, FAR_Z),
        "How far bond lengths and angles of the main chain are from what is usual, in standard "
        "deviations of small molecules' (Engh and Huber).",
        "Two narrow peaks about 0, and the wider one of small molecules.",
    )


def _draw_ribbons(found: Findings, seen: Stereochemistry) -> None:
    from matplotlib.colors import to_rgb  # slow to load

    model = seen.chain.model
    colours = np.full((len(model.residues), 3), 190, np.uint8)
    for rating, colour in _COLOURS.items():
        chosen = seen.chain.residues[seen.rated(rating)]
        colours[chosen] = np.rint(255 * np.array(to_rgb(colour))).astype(np.uint8)
    if ribbons(
        found,
        "coloured",
        model,
        colours,
        "The model by the Ramachandran plot: favoured blue, allowed orange, outliers red, what is "
        "not rated grey",
        "Tubes along the chains, blue where torsions are favoured, from three directions.",
    ):
        found.paragraphs.append(
            "{fig:coloured} shows where in the molecule: outliers that lie together are a stretch "
            "to build anew."
        )


_PLOTS = (
    (
        "ramachandran",
        "residues that neither are proline nor come before one",
        (RamaClass.GENERAL, RamaClass.GLYCINE, RamaClass.BRANCHED),
    ),
    (
        "ramachandran_proline",
        "prolines and residues before them",
        (RamaClass.BEFORE_PROLINE, RamaClass.TRANS_PROLINE, RamaClass.CIS_PROLINE),
    ),
)
"""Two pictures: six plots beside each other would be too small to read."""


def _panels(seen: Stereochemistry, classes: Sequence[RamaClass]) -> list[Panel]:
    from vrs_scipion.figures.ramachandran import Panel  # slow to load

    chain, contours = seen.chain, Contours.shipped()
    panels = []
    for of in classes:
        known = np.isfinite(chain.phi) & np.isfinite(chain.psi) & (chain.ratings != "")
        chosen = np.flatnonzero(known & (chain.classes == of.value))
        names = [chain.model.residue_words(i) for i in chain.residues[chosen].tolist()]
        panels.append(
            Panel(
                title=of.heading,
                favoured=contours.favoured_in[of],
                allowed=contours.allowed_in[of],
                angles=np.column_stack((chain.phi[chosen], chain.psi[chosen])),
                ratings=chain.ratings[chosen],
                names=np.array(names, np.str_),
            )
        )
    return panels


@dataclass(frozen=True)
class _Asked:
    """What is held against a limit: the value, or why there is none, and what is wrong then."""

    key: str
    value: float | None
    absent: str
    wrong: str


def _judge(found: Findings, seen: Stereochemistry) -> list[str]:
    """Hold what was found against the limits; what is wrong, in words."""
    failed = []
    for asked in _asked(found, seen):
        vacuous = asked.absent if asked.value is None else ""
        criterion = found.judge(asked.key, asked.value, vacuous=vacuous)
        if not criterion.passed and criterion.role == "verdict":
            failed.append(asked.wrong)
    return failed


def _asked(found: Findings, seen: Stereochemistry) -> Iterator[_Asked]:
    numbers, resolution = seen.numbers, found.task.entry.resolution
    rated = (numbers["rama_residues"] or 0) >= _FEW_RATED
    favoured, outliers = (numbers[key] for key in ("rama_favoured", "rama_outliers"))
    few = f"fewer than {_FEW_RATED} residues have both peptide bonds"
    fine = resolution is not None and resolution < _COARSE
    yield _Asked(
        "wrong_hands",
        numbers["wrong_hands"],
        "nothing in the model has a hand",
        "the model is mirrored",
    )
    yield _Asked(
        "rama_outliers" if fine else "rama_outliers_coarse",
        outliers if rated else None,
        few,
        f"{number(outliers, '.1f')} % of the residues are Ramachandran outliers",
    )
    yield _Asked(
        "rama_favoured",
        favoured if rated else None,
        few,
        f"only {number(favoured, '.1f')} % of the residues are favoured",
    )
    wrong = len(seen.hands.d_residues)
    yield _Asked(
        "d_residues",
        float(wrong) if seen.hands.amino_acids else None,
        "no amino acid has a Cβ",
        f"{wrong:,} amino acid{'s have' if wrong != 1 else ' has'} the wrong hand",
    )
    no_bonds = "no residue has N, CA and C"
    for key, words in (
        ("cis_nonpro", "of the peptides are cis without a proline"),
        ("bond_outliers", "of the main chain's bonds are too long or too short"),
        ("angle_outliers", "of the main chain's angles are unusual"),
        ("cbeta_outliers", "of the Cβ atoms are out of place"),
        ("twisted", "of the peptides are twisted"),
    ):
        value = numbers[key]
        yield _Asked(key, value, no_bonds, f"{number(value, '.1f')} % {words}")
    clashing = numbers["heavy_clashes"]
    yield _Asked(
        "heavy_clashes",
        clashing,
        "there are no atoms but hydrogens",
        f"{number(clashing, '.1f')} clashes for 1,000 atoms",
    )


def _headline(seen: Stereochemistry, failed: Sequence[str]) -> str:
    if "the model is mirrored" in failed:
        return "The model is mirrored: most of its amino acids or sugars have the wrong hand."
    if failed:
        return f"The model's stereochemistry needs attention: {'; '.join(failed)}."
    numbers = seen.numbers
    if not numbers["rama_residues"]:
        return "The model's stereochemistry is in order, as far as it can be told."
    outliers = f"{number(numbers['rama_outliers'], '.1f')} % are" if seen.outliers else "none is an"
    return (
        f"The model's stereochemistry is in order: {number(numbers['rama_favoured'], '.1f')} % of "
        f"its residues are favoured in the Ramachandran plot and {outliers} outlier"
        f"{'s' if seen.outliers else ''}, with {number(numbers['heavy_clashes'], '.1f')} clashes "
        "for 1,000 atoms."
    )


CHECK = Check(
    code="A.j",
    name="Stereochemistry",
    label="stereochemistry",
    purpose="Are bonds, angles, hands and contacts what chemistry allows?",
    in_short=(
        "The Ramachandran plot (contours derived from the Top8000), the hand of every amino acid "
        "and sugar, cis and twisted peptides, Cβ deviations, bond lengths and angles of the main "
        "chain, clashes between atoms but hydrogens, pairs of bases. The map is not asked. It "
        "warns of a mirrored model, of 1 % outliers (2 % from 4 Å on), of no more than 90 % "
        "favoured residues, of D amino acids that are not named so, of 1 % cis peptides without a "
        "proline, of 1 % bonds beyond 4 σ, of 1 % twisted peptides, and of 30 clashes for 1,000 "
        "atoms."
    ),
    explanation=(
        "Whatever the map shows, atoms are bound to each other at lengths and angles that are "
        "known, amino acids and sugars have one hand, peptides are flat, and atoms do not overlap. "
        "Where a model breaks these rules it is wrong there, or the molecule is special there, "
        "which only a good map can show. The check looks at the model alone."
    ),
    answer=measure_stereochemistry,
    needs=("map", "model"),
    listens_to=tables.LISTENED,
    relies_on=(),
    applies=_without_polymers,
    volumes=1,
    engines=(BUILTIN, cctbx.NAME),
    external=_external,
    limits=(
        Limit(
            "wrong_hands",
            50.0,
            "%",
            "Mirrored hands",
            "The check calls the model mirrored when this share of its amino acids and sugars, or "
            "more, has the wrong hand; of a model of Cα alone, of the turns of its helices.",
            "the share of amino acids and sugars with the wrong hand",
            "<",
            advice=(
                "The model was built into a mirrored map: flip the map's hand (0.h tells whether "
                "it is mirrored) and the model with it, or fit the model anew. Correlation and "
                "Q-score do not see it, for model and map are mirrored alike."
            ),
        ),
        Limit(
            "rama_outliers",
            1.0,
            "%",
            "Ramachandran outliers",
            f"The check warns when this share of the residues, or more, are outliers; at "
            f"resolutions finer than {_COARSE:g} Å.",
            "the share of Ramachandran outliers",
            "<",
            advice=(
                "Look at each in the map. Where the density is clear and shows it, keep it; "
                "elsewhere the peptide before or behind is mostly flipped: turn it, and refine."
            ),
        ),
        Limit(
            "rama_outliers_coarse",
            2.0,
            "%",
            "Ramachandran outliers, coarse maps",
            f"The same from {_COARSE:g} Å on, and where no resolution was reported.",
            "the share of Ramachandran outliers",
            "<",
            advice=(
                "Such a map shows no single peptide: a model of it should keep to what is usual. "
                "Start from known or predicted structures of the parts, and restrain torsions and "
                "secondary structure while refining."
            ),
        ),
        Limit(
            "rama_favoured",
            90.0,
            "%",
            "Favoured residues",
            "The check warns when no more than this share of the residues have favoured torsions.",
            "the share of residues with favoured torsions",
            ">",
            advice=(
                "The main chain was traced roughly, or refined without enough restraints. Rebuild "
                "it where the coloured ribbon is not blue, best from a predicted structure."
            ),
        ),
        Limit(
            "d_residues",
            0.0,
            "",
            "Amino acids of the wrong hand",
            "The check warns when more amino acids than this have the hand that their name does "
            "not say.",
            "the number of amino acids with the wrong hand",
            "<=",
            advice=(
                "A side chain was built on the wrong side of the main chain, or the chain runs "
                "the other way there. Rebuild the residue; where the sample has D amino acids, "
                "give them their names (DAL, DPN and the like)."
            ),
        ),
        Limit(
            "cis_nonpro",
            1.0,
            "%",
            "Cis peptides without a proline",
            "The check warns when this share of the peptides that are not before a proline, or "
            "more, are cis.",
            "the share of cis peptides that are not before a proline",
            "<",
            advice=(
                "One in 3,000 is real. At resolutions coarser than 2.5 Å the map hardly shows it: "
                "take the trans peptide unless the molecule's function says otherwise."
            ),
        ),
        Limit(
            "bond_outliers",
            1.0,
            "%",
            "Unusual bond lengths",
            f"The check warns when this share of the main chain's bonds, or more, are further than "
            f"{FAR_Z:g} standard deviations from the usual.",
            "the share of unusual bond lengths",
            "<",
            advice=(
                "The model was not refined with restraints after it was moved, morphed or "
                "simulated, or the weight of the map was far too high. Refine it with geometry "
                "restraints before anything else is judged."
            ),
        ),
        Limit(
            "angle_outliers",
            2.0,
            "%",
            "Unusual bond angles",
            f"Printed beside: whether this share of the main chain's angles, or more, are further "
            f"than {FAR_Z:g} standard deviations from the usual.",
            "the share of unusual bond angles",
            "<",
            role="advice",
            advice="The map's weight was high in refinement, or the main chain is strained there.",
        ),
        Limit(
            "cbeta_outliers",
            5.0,
            "%",
            "Cβ atoms out of place",
            f"Printed beside: whether this share of the Cβ atoms, or more, are further than "
            f"{FAR_BETA:g} Å from their place.",
            "the share of Cβ atoms out of place",
            "<",
            role="advice",
            advice=(
                "Side chain and main chain want different places: mostly a rotamer or a peptide "
                "that is the wrong way round."
            ),
        ),
        Limit(
            "twisted",
            1.0,
            "%",
            "Twisted peptides",
            "The check warns when this share of the peptides, or more, are turned about the bond "
            "by 30° to 150°.",
            "the share of twisted peptides",
            "<",
            advice=(
                "No peptide is twisted by so much. Build the two residues anew, and refine with "
                "restraints."
            ),
        ),
        Limit(
            "heavy_clashes",
            30.0,
            "",
            "Clashes for 1,000 atoms",
            "The check warns when there are so many clashes, or more, for 1,000 atoms that are no "
            "hydrogens.",
            "the number of clashes for 1,000 atoms",
            "<",
            advice=(
                "Chains or copies overlap, or side chains were put in without a look at their "
                "neighbours. The table names the worst; copies that overlap in whole domains are "
                "placed wrongly, or stand for alternatives that cannot be there at once."
            ),
        ),
    ),
    references=(WILLIAMS_2018, LOVELL_2003, ENGH_2006, WORD_1999),
    differs="The service does not look at the model's stereochemistry.",
)
