"""1.k What the mask adds: does the resolution come from the half maps, or from their mask?"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from vrs_scipion.checks.check import SERVICE, Check, Limit
from vrs_scipion.checks.findings import Findings
from vrs_scipion.checks.references import CHEN_2013, PENCZEK_2020
from vrs_scipion.checks.task import Task
from vrs_scipion.entry.entry import Entry, HalfMaps
from vrs_scipion.figures.dilation import dilation_plot
from vrs_scipion.figures.fsc import fsc_plot
from vrs_scipion.maps.density import Mask, Volume
from vrs_scipion.maps.kind import Trait
from vrs_scipion.maps.masks import runs_through
from vrs_scipion.methods.fsc import (
    GOLD_STANDARD,
    FscCurve,
    UnderMask,
)
from vrs_scipion.methods.mask_effect import (
    COARSE,
    MaskCurves,
    MaskEffect,
    MaskShape,
    Surroundings,
    Widened,
    left_out,
    made_by_mask,
    mask_shape,
    widened,
)
from vrs_scipion.methods.mass import mass_of
from vrs_scipion.methods.shells import Reals
from vrs_scipion.results import CheckResult, Column, Outcome
from vrs_scipion.results.numbers import number, quantity
from vrs_scipion.results.plots import Role

DILATIONS = (-4.0, 0.0, 4.0, 8.0, 16.0)
"""Å by which the border of the soft mask is moved outwards."""

_GLOBAL = "1.a"
_OURS, _GIVEN = "the soft mask made here", "the mask that was given"
_BY_MASK, _DEVIATION = "randomised_highest", "corrected_deviation"
_EDGE, _FACES, _LEFT_OUT, _CUT = "edge_lowest", "faces_highest", "left_out_highest", "cut_highest"
_ALIKE = 0.03
_NOTHING, _TENTH = 0.005, 0.1
_SHELLS = 3
"""By so many the corrected resolution may always deviate: chance does that in small boxes."""
_FAULTS = {
    _BY_MASK: "makes up a part of the correlation itself",
    _DEVIATION: "leaves a resolution that cannot be corrected for it",
    _EDGE: "ends too sharply",
    _FACES: "reaches the faces of the box",
    _LEFT_OUT: "cuts into the molecule",
}


@dataclass(frozen=True)
class _Global:
    """What 1.a found.

    Attributes
    ----------
    unmasked, unmasked_resolution : without a mask; resolutions in Å, None where the curve never
        falls
    inside : resolution inside the molecule, without any border
    effect : of the soft mask
    finest : to which its curves reach, in Å
    """

    unmasked: FscCurve
    unmasked_resolution: float | None
    inside: float | None
    effect: MaskEffect
    finest: float

    @classmethod
    def of(cls, result: CheckResult | None) -> _Global | None:
        """From its result; None where that tells of no signal that half maps have in common."""
        if result is None or result.outcome not in (Outcome.OK, Outcome.WARNINGS):
            return None
        if result.resolution_estimate is None and not result.measurements["nyquist_limited"].value:
            return None
        table = result.tables["fsc"]
        keys = [column.key for column in table.columns]

        def curve(key: str) -> Reals:
            place = keys.index(key)
            return np.array([row[place] for row in table.rows], np.float64)

        def resolution(name: str) -> float | None:
            return result.measurements[f"resolution_{name}"].value

        frequency, found = curve("frequency"), resolution("corrected")
        modified = curve("mfsc")
        return cls(
            FscCurve(frequency, curve("unmasked"), curve("n_eff")),
            resolution("unmasked"),
            resolution("inside"),
            MaskEffect(
                resolution("masked"),
                found,
                resolution("mfsc"),
                made_by_mask(frequency, curve("randomised"), found),
            ),
            1 / float(frequency[np.isfinite(modified)][-1]),
        )


@dataclass(frozen=True)
class _Mask:
    """One of the masks, and what was found of it.

    Attributes
    ----------
    name, suffix : for sentences, and of the keys of what was measured
    redundancy : coefficients that share one independent value by it
    cut : density outside of it as strong as the molecule's, over that inside
    left_out : share of the molecule; of the mask that was given alone
    effect : on the correlation; None where there is no signal
    finest : to which its curves reach, in Å
    """

    name: str
    suffix: str
    shape: MaskShape
    redundancy: float
    cut: float | None
    left_out: float | None = None
    effect: MaskEffect | None = None
    finest: float = 0.0


def measure_mask_effect(task: Task) -> Findings:
    """Answer 1.k."""
    entry, found = task.entry, Findings(task)
    halves = entry.half_maps()
    through, size = runs_through(halves.hard), halves.first.voxel_size
    mean: Volume = (halves.first.values + halves.second.values) / 2
    molecule = _molecule(entry, halves)
    around = Surroundings(mean, size, molecule)
    known = _Global.of(task.results.get(_GLOBAL))
    soft = _Mask(
        _OURS,
        "",
        mask_shape(halves.mask, size, through),
        UnderMask.of(halves.mask, size, task.threads).redundancy,
        around.cut_by(halves.mask),
    )
    if known is not None:
        soft = replace(soft, effect=known.effect, finest=known.finest)
    masks = [soft]
    if halves.given_mask is not None:
        masks.append(_given(found, halves, halves.given_mask, molecule, around, known))
    _describe(found, soft, known)
    if known is not None:
        _scan(found, halves, masks, known)
    if len(masks) > 1:
        _compare(found, masks)
    for mask in masks:
        _note(found, mask)
    if known is None:
        found.cannot_tell = (
            "The half maps have no resolution in common that 1.a could find: there is nothing that "
            "a mask could add to."
        )
        found.headline = "What the mask adds to the resolution cannot be told: none was found."
        return found
    found.measure(
        "resolution_unmasked",
        known.unmasked_resolution,
        "Å",
        f"where the half maps' correlation without a mask falls below {GOLD_STANDARD:g}, by 1.a",
    )
    _judge(found, masks, known)
    return found


def _molecule(entry: Entry, halves: HalfMaps) -> Mask:
    """Where the map is above its contour level, on the grid of the half maps."""
    above: Mask = halves.hard & (entry.map_on_halves() >= np.float32(entry.contour))
    return above if above.any() else halves.hard


def _given(
    found: Findings,
    halves: HalfMaps,
    mask: Volume,
    molecule: Mask,
    around: Surroundings,
    known: _Global | None,
) -> _Mask:
    """The mask that was given; its curves are drawn where there is signal."""
    task, size = found.task, halves.first.voxel_size
    under = UnderMask.of(mask, size, task.threads)
    measured = _Mask(
        _GIVEN,
        "_given",
        mask_shape(mask, size, runs_through(halves.hard)),
        under.redundancy,
        around.cut_by(mask),
        left_out(mask, molecule),
    )
    if known is None:
        return measured
    curves = MaskCurves.of(
        under,
        (halves.first.values, halves.second.values),
        task.entry.half_spectra(task.threads),
        known.unmasked,
        task.entry.symmetry_order or 1,
    )
    _draw_given(found, curves)
    return replace(measured, effect=curves.effect, finest=curves.finest)


def _draw_given(found: Findings, curves: MaskCurves) -> None:
    by_shell: list[tuple[str, FscCurve | None, Role]] = [
        ("under it", curves.masked, "part"),
        ("with random phases", curves.randomised, "expected"),
        ("corrected for that", curves.corrected if curves.randomised else None, "corrected"),
    ]
    modified = curves.modified
    found.plot(
        "fsc_given",
        fsc_plot(
            curves.masked.frequency,
            [(name, curve.correlation, role) for name, curve, role in by_shell if curve],
            (GOLD_STANDARD,),
            found.task.entry.resolution,
            [("without its effect", modified.frequency, modified.correlation, "measured")],
        ),
        "Fourier shell correlation of the half maps under the mask that was given, without that "
        "mask's effect, with random phases, and corrected for what those leave.",
        "Curves that fall from 1 with spatial frequency; that of random phases should be near 0 "
        "where the others fall.",
    )


def _describe(found: Findings, soft: _Mask, known: _Global | None) -> None:
    entry, shape = found.task.entry, soft.shape
    raw = entry.map.raw_mask_voxels * float(np.prod(entry.voxel_size))
    mass, raw_mass = mass_of(shape.volume), mass_of(raw)
    found.measure("mask_kda", mass, "kDa", "protein that would fill the soft mask")
    edge = (
        "It has no border to be measured."
        if shape.edge is None or shape.edge_voxels is None
        else f"It falls from 0.9 to 0.1 over {shape.edge:.2g} Å, {shape.edge_voxels:.2g} voxels."
    )
    found.paragraphs.append(
        f"The soft mask made here takes {100 * shape.fraction:.3g} % of the box, "
        f"{shape.volume:,.0f} Å³: {quantity(mass, 'kDa')} of protein would fill it, "
        f"{mass / raw_mass:.2g} times what is above the contour level "
        f"({quantity(raw_mass, 'kDa')}). {edge} By it {soft.redundancy:.2g} neighbouring "
        f"Fourier coefficients share one independent value. {_faces_words(shape)}"
        f"{_cut_words(soft.cut)}"
    )
    if known is None:
        return
    effect = known.effect
    found.paragraphs.append(
        f"The half maps agree to {_resolution(known.unmasked_resolution)} without a mask and to "
        f"{_resolution(effect.masked)} under the soft one, because it takes noise away. "
        f"{_random_words(effect)}A curve that is compared band by band before it is masked, to "
        f"which a mask adds nothing, gives {_resolution(effect.modified)}."
        f"{_inflation_words(effect)}"
    )


def _random_words(effect: MaskEffect) -> str:
    if effect.by_mask is None:
        return ""
    return (
        "Half maps whose phases are random from where the curve without a mask falls below 0.8 "
        "have nothing in common there but the mask; at the resolution they still correlate by "
        f"{_correlation(effect.by_mask)}. Corrected for that, it is "
        f"{_resolution(effect.corrected)}. "
    )


def _inflation_words(effect: MaskEffect) -> str:
    inflation = effect.inflation
    if inflation is None:
        return ""
    if inflation > 1 + _ALIKE:
        return f" Under the mask it looks {inflation:.2f} times as fine."
    return " The mask does not make it look finer."


def _resolution(value: float | None) -> str:
    return "the limit of the voxels" if value is None else f"{value:.2f}\u00a0Å"


def _correlation(value: float | None) -> str:
    return "not to be had" if value is None else f"{value:.3f}"


def _percent(share: float) -> str:
    return f"{100 * share:.{0 if share >= _TENTH else 1}f} %"


def _faces_words(shape: MaskShape) -> str:
    if not shape.faces:
        return "It is clear of the faces of the box."
    return f"It reaches these faces of the box: {', '.join(shape.faces)}."


def _cut_words(cut: float | None) -> str:
    if cut is None:
        return ""
    if cut < _NOTHING:
        return f" Nothing as dense as the molecule, low-passed to {COARSE:g} Å, lies outside of it."
    return (
        f" Outside of it lies density as strong as the molecule's, low-passed to {COARSE:g} Å: "
        f"{_percent(cut)} of that inside."
    )


def _scan(found: Findings, halves: HalfMaps, masks: list[_Mask], known: _Global) -> None:
    """Measure how the resolution depends on where the border of the soft mask lies."""
    effect = known.effect
    task, record = found.task, found.task.entry.half_maps_record
    moved = [d for d in DILATIONS if d]
    others = widened(
        task.entry.half_spectra(task.threads),
        halves.hard,
        halves.first.voxel_size,
        [record.soft_mask_dilation + d for d in moved],
        record.soft_mask_edge,
        expected=effect.modified,
        order=task.entry.symmetry_order or 1,
        threads=task.threads,
    )
    at = dict(zip(moved, others, strict=True))
    at[0.0] = Widened(masks[0].shape.fraction, effect.modified)
    found.tabulate(
        "dilation",
        "Resolution without the mask's own effect, by where the border of the soft mask lies",
        [
            Column(key="dilation", label="Border moved outwards by", unit="Å", format=".0f"),
            Column(key="volume_fraction", label="Mask", unit="% of the box", format=".1f"),
            Column(key="resolution", label="Resolution", unit="Å", format=".2f"),
        ],
        [(d, 100 * at[d].fraction, at[d].resolution) for d in DILATIONS],
    )
    given = masks[1].effect.modified if len(masks) > 1 and masks[1].effect else None
    found.plot(
        "dilation",
        dilation_plot(
            DILATIONS, [at[d].resolution for d in DILATIONS], task.entry.resolution, given
        ),
        "Resolution of the half maps, without the mask's own effect, if the border of the soft "
        "mask is moved.",
        "Points of the resolution, in Å, against how far the border is moved outwards, in Å.",
    )
    found.paragraphs.append(
        "A resolution is that of a mask: the wider it is, the more noise it lets in "
        f"({{fig:dilation}}, {{tab:dilation}}). With its border {number(-DILATIONS[0])} Å farther "
        f"in the half maps agree to {_resolution(at[DILATIONS[0]].resolution)}, with it "
        f"{number(DILATIONS[-1])} Å farther out to {_resolution(at[DILATIONS[-1]].resolution)}. "
        f"Inside the molecule, without any border, 1.a finds {_resolution(known.inside)}."
    )


def _compare(found: Findings, masks: list[_Mask]) -> None:
    """Put the mask that was given beside the one made here."""
    rows = zip(*(_rows(mask) for mask in masks), strict=True)
    found.tabulate(
        "masks",
        "The mask that was given, beside the one made here",
        [
            Column(key="measure", label="Measure"),
            Column(key="soft", label="Soft mask made here"),
            Column(key="given", label="Mask that was given"),
        ],
        [(label, ours, given) for (label, ours), (_, given) in rows],
    )
    given = masks[1]
    drawn = " ({fig:fsc_given})" if given.effect else ""
    found.paragraphs.append(
        f"The mask that was given is compared with the soft one in {{tab:masks}}{drawn}. It leaves "
        f"out {_percent(given.left_out or 0.0)} of what the map shows above its contour level."
        f"{_cut_words(given.cut)}"
    )


def _rows(mask: _Mask) -> list[tuple[str, str]]:
    shape, effect = mask.shape, mask.effect or MaskEffect(None, None, None, None)

    def resolution(value: float | None) -> str:
        return number(None) if mask.effect is None else _resolution(value)

    edge = number(None)
    if shape.edge is not None and shape.edge_voxels is not None:
        edge = f"{shape.edge:.2g} Å, {shape.edge_voxels:.2g} voxels"
    return [
        ("Share of the box", f"{100 * shape.fraction:.3g} %"),
        ("Volume", f"{shape.volume:,.0f} Å³"),
        ("Protein that would fill it", quantity(mass_of(shape.volume), "kDa")),
        ("Border, from 0.9 to 0.1", edge),
        ("Faces of the box that it reaches", ", ".join(shape.faces) or "none"),
        ("Coefficients that share one value", f"{mask.redundancy:.2g}"),
        ("Molecule left out", "none" if mask.left_out is None else _percent(mask.left_out)),
        (
            "Strong density outside over inside",
            number(None if mask.cut is None else round(mask.cut, 3)),
        ),
        ("Resolution under it", resolution(effect.masked)),
        ("Corrected for random phases", resolution(effect.corrected)),
        ("Without the mask's own effect", resolution(effect.modified)),
        (
            "That over the one under it",
            number(None if effect.inflation is None else round(effect.inflation, 3)),
        ),
        ("Correlation of random phases there", _correlation(effect.by_mask)),
    ]


def _note(found: Findings, mask: _Mask) -> None:
    shape, of, end = mask.shape, mask.name, mask.suffix
    effect = mask.effect or MaskEffect(None, None, None, None)
    for key, value, unit, words in (
        ("volume_fraction", shape.fraction, "", f"share of the box that {of} takes"),
        ("mask_volume", shape.volume, "Å³", f"volume of {of}"),
        ("edge_width", shape.edge, "Å", f"over which {of} falls from 0.9 to 0.1"),
        ("edge_voxels", shape.edge_voxels, "voxel", "the same"),
        ("redundancy", mask.redundancy, "", f"coefficients that share one value by {of}"),
        ("faces_touched", len(shape.faces), "", f"faces of the box that {of} reaches"),
        ("cut_density", mask.cut, "", f"strong density outside of {of} over that inside"),
        ("resolution_masked", effect.masked, "Å", f"resolution by the curve under {of}"),
        ("resolution_corrected", effect.corrected, "Å", "the same, corrected by random phases"),
        ("resolution_mfsc", effect.modified, "Å", f"resolution without an effect of {of}"),
        ("inflation", effect.inflation, "", "the last over the one under the mask"),
        (
            "randomised_at_resolution",
            effect.by_mask,
            "",
            f"correlation of random phases under {of} at the corrected resolution",
        ),
    ):
        found.measure(f"{key}{end}", value, unit, words)
    if mask.left_out is not None:
        words = f"share of the molecule above the contour level that {of} takes away"
        found.measure(f"left_out{end}", mask.left_out, "", words)


def _judge(found: Findings, masks: list[_Mask], known: _Global) -> None:
    wrong = {mask.name: _judge_one(found, mask, known) for mask in masks}
    said = [
        f"{name[:1].upper()}{name[1:]} {_listed([_FAULTS[key] for key in faults])}."
        for name, faults in wrong.items()
        if faults
    ]
    effect = known.effect
    found.headline = " ".join(said) or (
        "The mask takes noise away and adds nothing of its own: the half maps agree to "
        f"{_resolution(effect.masked)} under it, to {_resolution(effect.modified)} where it has no "
        "part in it."
    )


def _listed(words: list[str]) -> str:
    return " and ".join(filter(None, (", ".join(words[:-1]), words[-1])))


def _judge_one(found: Findings, mask: _Mask, known: _Global) -> list[str]:
    """Hold a mask against the limits; which of them it fails."""
    effect, shape = mask.effect, mask.shape
    assert effect is not None
    box = float(np.max(np.multiply(*_grid(found.task.entry))))
    deviation = effect.deviation(mask.finest)
    allowed = 100 * _SHELLS * (effect.modified or mask.finest) / box
    judged = [
        found.judge(
            _BY_MASK,
            effect.by_mask,
            detail=mask.name,
            vacuous="the correlation without a mask nowhere falls below 0.8",
        ),
        found.judge(
            _DEVIATION,
            None if deviation is None else 100 * deviation,
            limit=max(found.task.limit(_DEVIATION), allowed),
            detail=mask.name,
            vacuous="neither curve falls before the Nyquist limit",
        ),
        found.judge(_EDGE, shape.edge_voxels, detail=mask.name, vacuous="the mask has no border"),
        found.judge(_FACES, len(shape.faces), detail=", ".join((mask.name, *shape.faces))),
    ]
    if mask.left_out is not None:
        judged.append(found.judge(_LEFT_OUT, 100 * mask.left_out, detail=mask.name))
    found.judge(
        _CUT,
        None if mask.cut is None else 100 * mask.cut,
        detail=mask.name,
        vacuous="there is no density as strong as the molecule's",
    )
    return [criterion.key for criterion in judged if not criterion.passed]


def _grid(entry: Entry) -> tuple[tuple[int, ...], tuple[float, ...]]:
    record = entry.half_maps_record
    return record.box, record.voxel_size


CHECK = Check(
    code="1.k",
    name="Mask effect",
    label="mask effect",
    purpose="Does the resolution come from the half maps, or from their mask?",
    in_short=(
        "How large the soft mask is and how it ends; how much of the half maps' correlation it "
        "makes itself, by random phases and by a curve that no mask affects; how the resolution "
        "depends on where its border lies; how much density it leaves out. With ``--mask`` the "
        "mask of the refinement is held against the same limits, and beside ours."
    ),
    explanation=(
        "Half maps are compared under a mask, so that noise from outside of the molecule does not "
        "count. But a mask does more: it mixes neighbouring Fourier coefficients. Under one that "
        "ends sharply, or follows every detail of the noise, strong coarse detail, in which both "
        "halves agree, leaks into all the rest, which then seems to agree too, and the resolution "
        "looks finer than it is. Three things show it. Phases made random beyond some frequency "
        "leave nothing in common there but the mask. A curve that is compared band by band before "
        "it is masked is not affected. And the border of a good mask is soft, clear of the faces "
        "of the box and of the molecule."
    ),
    answer=measure_mask_effect,
    needs=("map", "half_maps"),
    after=(_GLOBAL,),
    relies_on=(Trait.SHAPE,),
    limits=(
        Limit(
            _BY_MASK,
            0.1,
            "",
            "Highest correlation of random phases",
            "The check warns when the correlation that half maps with random phases have under the "
            "mask, at the corrected resolution, is above this.",
            "the correlation of random phases at the corrected resolution",
            "<=",
            advice=(
                "The mask is too tight, too sharp or too ragged: it correlates noise. Resolutions "
                "read off the curve under it are too fine by what it adds. Make it from the map "
                "low-passed to 15 Å, widen it, give it a soft edge of five voxels or more, and "
                "compute the curve again."
            ),
        ),
        Limit(
            _DEVIATION,
            10.0,
            "%",
            "Corrected resolution against that without the mask's effect",
            "The check warns when the resolution corrected by random phases deviates by more than "
            "this from the one by a curve that the mask does not affect; three Fourier shells are "
            "always allowed.",
            "the deviation of the corrected resolution from that without the mask's effect",
            "<=",
            advice=(
                "Random phases correct for little but the mask's own correlation, and here that is "
                "not enough: report the resolution without the mask's effect, or use a softer and "
                "wider mask, under which the two agree."
            ),
        ),
        Limit(
            _EDGE,
            1.5,
            "voxels",
            "Narrowest border",
            "The check warns when the mask falls from 0.9 to 0.1 over less than this: a raised "
            "cosine of three voxels does so over 1.8, a hard mask over a quarter.",
            "the width of the mask's border, from 0.9 to 0.1,",
            ">=",
            advice=(
                "The mask is hard, or nearly so: its border spreads coarse detail over all "
                "frequencies. Give it a soft edge of five voxels or more."
            ),
        ),
        Limit(
            _FACES,
            0.0,
            "",
            "Faces of the box that the mask may reach",
            "The check warns when the mask is above 0.1 on more faces of the box than this; those "
            "through which the molecule itself runs, as a filament does, do not count.",
            "the number of faces of the box that the mask reaches",
            "<=",
            advice=(
                "The mask is cut off at the box, so that it ends sharply there, and the molecule "
                "may be cut with it. Use a larger box; a box that was cropped after the refinement "
                "is best left as the refinement had it. Or the mask is too wide."
            ),
        ),
        Limit(
            _LEFT_OUT,
            5.0,
            "%",
            "Molecule that a mask may leave out",
            "The check warns when the mask that was given takes away more than this of what the "
            "map shows above its contour level.",
            "the molecule that the mask leaves out",
            "<=",
            advice=(
                "The mask cuts into the molecule, or a domain off: the resolution is that of the "
                "rest. If it is the mask of a local refinement, say so where the resolution is "
                "reported; else make it anew, from the whole molecule. Or the mask lies elsewhere "
                "in the box than the map: see how it was placed."
            ),
        ),
        Limit(
            _CUT,
            10.0,
            "%",
            "Strong density outside of the mask",
            "Printed beside: density outside of the mask that is as strong as half of the "
            "molecule's median, low-passed to 15 Å, in % of that inside.",
            "the density outside of the mask that is as strong as the molecule's",
            "<=",
            role="advice",
            advice=(
                "Something of the size of a domain lies outside of the mask: the micelle of a "
                "membrane protein, a flexible part, another copy, or a domain that the contour "
                "level hides. The resolution says nothing of it."
            ),
        ),
    ),
    references=(CHEN_2013, PENCZEK_2020),
    differs=f"{SERVICE[:1].upper()}{SERVICE[1:]} has no such check.",
    volumes=12,
)
