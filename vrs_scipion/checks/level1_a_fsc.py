"""1.a Global resolution: to which resolution do the half maps agree?"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from vrs_scipion import __version__
from vrs_scipion.checks.check import Check, Limit
from vrs_scipion.checks.findings import Findings
from vrs_scipion.checks.half_maps_words import FOREIGN, SPECK, resolution_words
from vrs_scipion.checks.references import (
    CHEN_2013,
    FRANK_1981,
    HEEL_2005,
    PENCZEK_2020,
    ROSENTHAL_2003,
)
from vrs_scipion.checks.task import Task
from vrs_scipion.entry.entry import Entry
from vrs_scipion.figures.fsc import Curve, edges, fsc_plot, ratio_plot, residual_plot
from vrs_scipion.maps.kind import Trait
from vrs_scipion.methods import fsc_xmipp, xmipp
from vrs_scipion.methods.engine import BUILTIN, Availability
from vrs_scipion.methods.fsc import (
    CONFIDENCE,
    COPIES,
    GOLD_STANDARD,
    HALF,
    ONE_TO_ONE,
    WELL_KEPT,
    Family,
    FscCurve,
    crossings,
    expected_phase_residual,
)
from vrs_scipion.methods.shells import Reals
from vrs_scipion.results import Column, Engine, ResolutionEstimate
from vrs_scipion.results.numbers import number, quantity
from vrs_scipion.results.plots import Role

_LEVELS = ((GOLD_STANDARD, ""), (HALF, "_05"))
"""Levels of the correlation, and what the keys of the resolutions there end in."""
_RIGHT_ANGLE = 45.0
"""Degrees of the phase residual, the classic limit."""
_SIZE, _SHARE, _BETTER, _NYQUIST, _BACK = (
    "size_share",
    "reported_share",
    "interval_share",
    "nyquist_share",
    "comes_back",
)
_UNDERSTATED = 1.25
_BEFORE, _LAST = 0.6, 0.8
"""Shares of the curve's last frequency, from which on its end and what is before it begin."""
_FALLS = 0.5
"""Logarithm of the odds of signal by which a curve falls in between that is still falling."""
_DEPARTS = 0.1
_FEWEST = 20
"""Independent samples of a shell of which something can be said."""


@dataclass(frozen=True)
class _Deposited:
    """The curve of the archive, and how it departs from one of ours.

    Attributes
    ----------
    frequency, correlation : 1/Å and the curve
    like : the name of the curve that it is nearest to
    deviation : from that, the largest up to the resolution
    """

    frequency: Reals
    correlation: Reals
    like: str
    deviation: float


def measure_fsc(task: Task) -> Findings:
    """Answer 1.a."""
    entry, found = task.entry, Findings(task)
    curves = _measured(found)
    deposited = _compared(entry, curves)
    _note(found, curves, deposited)
    _tabulate(found, curves)
    _draw(found, curves, deposited)
    found.paragraphs += _told(curves, deposited, entry.symmetry_order)
    found.cannot_tell = _doubt(curves, entry.resolution, _nyquist(entry))
    if found.cannot_tell:
        found.headline = "The half maps agree as far as their voxels reach."
        return found
    _judge(found, curves.inside, _nyquist(entry))
    return found


def _measured(found: Findings) -> Family:
    """The curves, that of the whole box by the engine chosen, and its arguments noted."""
    task, entry = found.task, found.task.entry
    halves, size = entry.half_maps(), entry.half_maps_record.voxel_size
    order = entry.symmetry_order or 1
    curves = Family.of(
        (halves.first.values, halves.second.values),
        entry.half_spectra(task.threads),
        halves.mask,
        halves.hard,
        size,
        order=order,
        threads=task.threads,
    )
    if task.engine == BUILTIN:
        found.engine = Engine(name=BUILTIN, version=__version__, arguments={"order": order})
        return curves
    program = xmipp.require_program(fsc_xmipp.PROGRAM)
    arguments = {"program": program.name, "arguments": fsc_xmipp.arguments(size), "order": order}
    found.engine = Engine(name=xmipp.NAME, version=program.version, arguments=arguments)
    first, second = (entry.path("half_maps", h.file) for h in entry.half_maps_record.halves)
    box = entry.half_maps_record.box
    said = fsc_xmipp.correlation(program, first, second, box, size, threads=task.threads)
    found.paragraphs.append(
        "The correlation without a mask and the phase residual are Xmipp's, which counts a quarter "
        "of the sphere; all other curves are built in, for Xmipp has none of that kind."
    )
    unmasked = replace(curves.unmasked, correlation=said.correlation)
    return replace(curves, unmasked=unmasked, residual=said.residual)


def _external(entry: Entry | None) -> Sequence[Availability]:
    return (xmipp.availability(fsc_xmipp.PROGRAM, preferred=False),)


def _nyquist(entry: Entry) -> float:
    """The finest detail that the half maps' voxels hold, Å."""
    return 2 * max(entry.half_maps_record.voxel_size)


# ----------------------------------------------------------------------- what was measured


def _named(curves: Family) -> tuple[tuple[str, FscCurve, str], ...]:
    """Each curve, with what its keys begin with and where it was measured."""
    return (
        ("unmasked", curves.unmasked, "without a mask"),
        ("masked", curves.masked, "under the soft mask"),
        ("corrected", curves.corrected, "under the soft mask, corrected by random phases,"),
        ("mfsc", curves.modified, "where the soft mask is, without its own effect,"),
        ("inside", curves.inside, "inside the molecule"),
    )


def _note(found: Findings, curves: Family, deposited: _Deposited | None) -> None:
    inside = curves.inside

    def resolution(key: str, value: float | None, words: str) -> None:
        found.measure(f"resolution_{key}", value, "Å", words)

    for name, curve, where in _named(curves):
        for level, suffix in _LEVELS:
            words = f"where the half maps' correlation {where} first falls below {level:g}"
            resolution(f"{name}{suffix}", curve.resolution(level), words)
        words = f"where it falls below {GOLD_STANDARD:g} {where} for the last time"
        resolution(f"{name}_last", curve.last_resolution(GOLD_STANDARD), words)
    for name, curve in (("mfsc", curves.modified), ("inside", inside)):
        for key, value, end in zip(
            ("low", "high"), curve.bounds(GOLD_STANDARD), ("finer", "coarser"), strict=True
        ):
            words = f"{end} end of the 95 % interval of resolution_{name}"
            resolution(f"{name}_{key}", value, words)
    resolution(
        "half_bit", inside.resolution(inside.half_bit), "where a sample holds half a bit, inside"
    )
    resolution(
        "ssnr1",
        inside.resolution(ONE_TO_ONE),
        "where the mean of the half maps holds as much noise as signal, inside",
    )
    resolution("09", inside.resolution(WELL_KEPT), f"where it falls below {WELL_KEPT:g}, inside")
    found.measure(
        "dpr_45",
        _reaches(curves.unmasked.frequency, curves.residual, _RIGHT_ANGLE),
        "Å",
        f"where the phase residual of the half maps first exceeds {_RIGHT_ANGLE:g}°",
    )
    found.measure(
        "nyquist_limited",
        int(inside.resolution(GOLD_STANDARD) is None),
        "",
        f"1 where the correlation inside the molecule never falls below {GOLD_STANDARD:g}, else 0",
    )
    found.measure(
        "redundancy",
        curves.redundancy,
        "",
        "coefficients that share one independent value by the soft mask",
    )
    found.measure(
        "nyquist_correlation",
        float(curves.masked.correlation[-1]),
        "",
        "correlation under the soft mask in the last shell before Nyquist",
    )
    if deposited is not None:
        found.measure(
            "deposited_deviation",
            deposited.deviation,
            "",
            f"largest difference of the deposited curve from the one {deposited.like}, up to the "
            "resolution",
        )


def _reaches(frequency: Reals, values: Reals, level: float) -> float | None:
    """Å where values first rise above a level."""
    known = np.isfinite(values)
    found = crossings(frequency[known].tolist(), (-values[known]).tolist(), -level)
    return 1 / found[0] if found else None


def _tabulate(found: Findings, curves: Family) -> None:
    unmasked, frequency = curves.unmasked, curves.unmasked.frequency
    modified, inside = (curve.at(frequency) for curve in (curves.modified, curves.inside))
    nothing = np.full_like(frequency, np.nan)
    columns = (
        (Column(key="frequency", label="Frequency", unit="1/Å", format=".4f"), frequency),
        (Column(key="resolution", label="Resolution", unit="Å", format=".2f"), 1 / frequency),
        (
            Column(key="n_eff", label="Samples", format=",.0f"),
            curves.masked.samples,
        ),
        (_column("unmasked", "Unmasked"), unmasked.correlation),
        (_column("masked", "Masked"), curves.masked.correlation),
        (
            _column("randomised", "Random phases"),
            curves.randomised.correlation if curves.randomised else nothing,
        ),
        (_column("corrected", "Corrected"), curves.corrected.correlation),
        (_column("mfsc", "Masked by bands"), modified.correlation),
        (_column("mfsc_se", "Standard error"), modified.standard_error),
        (_column("inside", "Inside the molecule"), inside.correlation),
        (_column("inside_se", "Standard error"), inside.standard_error),
        (_column("half_bit", "Half a bit"), inside.half_bit),
        (
            Column(key="ssnr", label="Signal over noise", format=".3g"),
            inside.signal_to_noise,
        ),
        (Column(key="dpr", label="Phase residual", unit="°", format=".1f"), curves.residual),
        (
            Column(key="dpr_expected", label="Expected", unit="°", format=".1f"),
            expected_phase_residual(unmasked.correlation),
        ),
    )
    found.tabulate(
        "fsc",
        "Correlation of the half maps by shell, of so many independent samples each",
        [column for column, _ in columns],
        list(zip(*(values.tolist() for _, values in columns), strict=True)),
    )


def _column(key: str, label: str) -> Column:
    return Column(key=key, label=label, format=".3f")


def _compared(entry: Entry, curves: Family) -> _Deposited | None:
    """The deposited curve and the one of ours that it is nearest to; None where there is none."""
    deposited = entry.deposited_fsc()
    if deposited is None:
        return None
    frequency, correlation = deposited
    reach = 1 / (entry.resolution or curves.inside.resolution(GOLD_STANDARD) or _nyquist(entry))
    deviations = []
    for _, curve, where in _named(curves):
        shown = (curve.frequency <= reach) & (curve.samples >= _FEWEST)
        ours = FscCurve(frequency, correlation, np.ones_like(correlation)).at(curve.frequency)
        difference = np.abs(ours.correlation - curve.correlation)[shown]
        if np.isfinite(difference).any():
            deviations.append((float(np.nanmax(difference)), where.rstrip(",")))
    if not deviations:
        return None
    deviation, like = min(deviations)
    return _Deposited(frequency, correlation, like, deviation)


# ----------------------------------------------------------------------- pictures and words


def _draw(found: Findings, curves: Family, deposited: _Deposited | None) -> None:
    frequency, inside = curves.unmasked.frequency, curves.inside
    reported = found.task.entry.resolution
    error = CONFIDENCE * inside.standard_error
    low, high = inside.correlation - error, inside.correlation + error
    shown: list[Curve] = [
        ("inside the molecule", inside.frequency, inside.correlation, "measured"),
        edges("its 95 % interval", inside.frequency, low, high),
    ]
    if deposited is not None:
        shown.append(("deposited", deposited.frequency, deposited.correlation, "absent"))
    found.plot(
        "fsc",
        fsc_plot(
            frequency,
            [
                ("under the soft mask, corrected", curves.corrected.correlation, "corrected"),
                ("without a mask", curves.unmasked.correlation, "part"),
            ],
            (GOLD_STANDARD, HALF),
            reported,
            shown,
        ),
        "Fourier shell correlation of the two half maps, inside the molecule, under the soft mask "
        f"and without a mask, with the levels {GOLD_STANDARD:g} and {HALF:g}.",
        "Curves that fall from 1 towards 0 with spatial frequency.",
    )
    masked: list[tuple[str, Reals, Role]] = [
        ("under the soft mask", curves.masked.correlation, "part"),
        ("corrected by random phases", curves.corrected.correlation, "corrected"),
    ]
    if curves.randomised is not None:
        masked.append(("random phases", curves.randomised.correlation, "expected"))
    found.plot(
        "fsc_mask",
        fsc_plot(
            frequency,
            masked,
            (GOLD_STANDARD,),
            reported,
            [("by bands", curves.modified.frequency, curves.modified.correlation, "measured")],
        ),
        "The correlation under the soft mask: as it is, what random phases leave of it, corrected "
        "for that, and by bands, which the mask has no effect on.",
        "Curves that fall with spatial frequency, and one that falls at once.",
    )
    found.plot(
        "ssnr",
        ratio_plot(
            [
                ("inside the molecule", inside.frequency, inside.signal_to_noise, "measured"),
                ("without a mask", frequency, curves.unmasked.signal_to_noise, "part"),
            ],
            float(frequency[-1]),
            reported,
        ),
        "Power of the signal over that of the noise, in the mean of both half maps, by frequency.",
        "Two curves that fall with spatial frequency, on a logarithmic axis.",
    )
    found.plot(
        "dpr",
        residual_plot(
            frequency,
            curves.residual,
            expected_phase_residual(curves.unmasked.correlation),
            _RIGHT_ANGLE,
            reported,
        ),
        "Phase residual of the two half maps without a mask, and the one that their correlation "
        "lets expect.",
        "Two curves that rise together with spatial frequency, from 0 to the value of noise.",
    )


def _told(curves: Family, deposited: _Deposited | None, order: int | None) -> Iterator[str]:
    """The results in words."""
    inside = curves.inside
    yield (
        f"Inside the molecule the correlation of the half maps falls below {GOLD_STANDARD:g} at "
        f"{_words(inside, GOLD_STANDARD)}{_interval(inside)}, below {HALF:g} at "
        f"{_words(inside, HALF)} ({{fig:fsc}}, {{tab:fsc}}). It is compared in bands of frequency, "
        "each of them looked at where the map's hard mask is, which adds nothing to it. Without a "
        f"mask it falls below {GOLD_STANDARD:g} at {_words(curves.unmasked, GOLD_STANDARD)}: the "
        "noise of the whole box counts there."
    )
    yield (
        "Refinement programs put a soft mask on both halves. Under the one made here, the "
        f"correlation falls below {GOLD_STANDARD:g} at {_words(curves.masked, GOLD_STANDARD)}; "
        "corrected for what the mask makes of halves with random phases, at "
        f"{_words(curves.corrected, GOLD_STANDARD)}; by bands, at "
        f"{_words(curves.modified, GOLD_STANDARD)} ({{fig:fsc_mask}}). This mask is wide, so that "
        "some noise stays: what a tight one gives is the resolution inside the molecule."
    )
    yield (
        f"The mean of the half maps loses hardly any detail up to "
        f"{_words(inside, WELL_KEPT)}, where the correlation falls below {WELL_KEPT:g}; signal and "
        f"noise are equally strong in it at {_words(inside, ONE_TO_ONE)} ({{fig:ssnr}}); and each "
        f"sample holds half a bit at {_words(inside, inside.half_bit)}."
    )
    angle = _reaches(curves.unmasked.frequency, curves.residual, _RIGHT_ANGLE)
    where = f"at {quantity(angle, 'Å')}" if angle else "nowhere"
    yield (
        f"Without a mask the phases of both differ by more than {_RIGHT_ANGLE:g}° {where} "
        "({fig:dpr}). That says the same as the correlation in another way: pure noise has 103.9°, "
        f"a correlation of {GOLD_STANDARD:g} has 94.7°."
    )
    if deposited is not None:
        yield _told_of_deposited(deposited)
    if order is None:
        yield (
            "No symmetry was given, and none reckoned with: where one was imposed, fewer samples "
            "are independent, and the intervals are wider than they are drawn."
        )


def _told_of_deposited(deposited: _Deposited) -> str:
    start = (
        "The curve that was deposited is drawn beside ours. It is nearest to the one "
        f"{deposited.like}, from which it departs by up to {deposited.deviation:.2f}"
    )
    if deposited.deviation <= _DEPARTS:
        return f"{start}: they agree."
    return (
        f"{start}: it was made under another mask, or of other half maps than those that were "
        "deposited."
    )


def _words(curve: FscCurve, level: float | Reals) -> str:
    return resolution_words(curve.resolution(level))


def _interval(curve: FscCurve) -> str:
    """In parentheses, where the crossing lies with 95 %."""
    if curve.resolution(GOLD_STANDARD) is None:
        return ""
    finest, coarsest = curve.bounds(GOLD_STANDARD)
    ends = f"{number(finest)} and" if finest else "the Nyquist limit and"
    return f" (with 95 % between {ends} {quantity(coarsest, 'Å')})"


# ----------------------------------------------------------------------- what it means


def _doubt(curves: Family, reported: float | None, nyquist: float) -> str:
    """Why the half maps' resolution cannot be told; '' where it can."""
    inside = curves.inside
    if inside.resolution(GOLD_STANDARD) is not None:
        return ""
    start = (
        f"The correlation of the half maps does not fall below {GOLD_STANDARD:g} before the "
        "Nyquist limit of their voxels"
    )
    if np.nanmin(curves.unmasked.correlation) > COPIES:
        return (
            f"{start}, and hardly at all: they are copies of each other. The resolution that they "
            "support cannot be told."
        )
    if _levels_off(inside):
        return (
            f"{start}, and does not go on falling there: the half maps are not independent, or "
            "share a filter or a mask. The resolution that they support cannot be told."
        )
    if reported is not None and reported > _UNDERSTATED * nyquist:
        return (
            f"{start}, {quantity(nyquist, 'Å')}, though {quantity(reported, 'Å')} is reported: "
            "either the resolution is that of other half maps, or these are not independent. What "
            "they support cannot be told."
        )
    return ""


def _error(finest: float | None, resolution: float, coarsest: float) -> float:
    """Of a resolution (68 %), from the ends of its interval of 95 %, in Å."""
    if finest is None:
        return (coarsest - resolution) / CONFIDENCE
    return (coarsest - finest) / (2 * CONFIDENCE)


def _levels_off(curve: FscCurve) -> bool:
    """Whether a curve that does not reach the level has stopped to fall well before the end."""
    share = curve.frequency / curve.frequency[-1]
    before, end = (share >= _BEFORE) & (share < _LAST), share >= _LAST
    if not (before.any() and end.any()):
        return False
    odds = [np.clip(np.nanmean(curve.correlation[part]), 1e-3, 1 - 1e-3) for part in (before, end)]
    falls = math.log(odds[0] / (1 - odds[0])) - math.log(odds[1] / (1 - odds[1]))
    return bool(odds[1] < WELL_KEPT and falls < _FALLS)


def _judge(found: Findings, inside: FscCurve, nyquist: float) -> None:
    entry, resolution = found.task.entry, inside.resolution(GOLD_STANDARD)
    finest, coarsest = inside.bounds(GOLD_STANDARD)
    size = _diameter(entry)
    coarse = coarsest or nyquist
    signal = found.judge(
        _SIZE, 100 * coarse / size, detail=f"up to {coarse:.3g} Å, of {size:.3g} Å"
    )
    if not signal.passed:
        found.headline = "The half maps have no signal in common."
        return
    back = found.judge(_BACK, inside.return_height(GOLD_STANDARD))
    agree = "as far as their voxels reach"
    if resolution is not None:
        found.resolution_estimate = ResolutionEstimate(
            method="FSC of the half maps",
            value=resolution,
            error=_error(finest, resolution, coarsest or nyquist),
            leads=True,
        )
        agree = f"to {resolution:.2f} Å"
    if not back.passed:
        ends = inside.correlation[-1] < GOLD_STANDARD
        last = quantity(inside.last_resolution(GOLD_STANDARD), "Å")
        found.paragraphs.append(
            f"After it has fallen below {GOLD_STANDARD:g} at {quantity(resolution, 'Å')}, the "
            "correlation inside the molecule rises again"
            + (f"; it falls below it for the last time at {last}." if ends else ", and stays.")
        )
    if entry.resolution is None:
        found.headline = f"The half maps agree {agree}."
    else:
        found.headline = _judge_claim(found, entry.resolution, resolution, finest, nyquist, agree)
    if found.warnings and not back.passed:
        found.headline += " Their correlation comes back after it has fallen."


def _judge_claim(
    found: Findings,
    reported: float,
    resolution: float | None,
    finest: float | None,
    nyquist: float,
    agree: str,
) -> str:
    """Hold the reported resolution against what was found; the headline."""
    held, best = resolution or nyquist, max(finest or nyquist, nyquist)
    judged = [
        found.judge(
            key, 100 * reported / against, detail=f"{number(reported)} Å of {number(against)} Å"
        )
        for key, against in ((_NYQUIST, nyquist), (_SHARE, held), (_BETTER, best))
    ]
    said = f"The reported resolution, {number(reported)} Å,"
    if not all(criterion.passed for criterion in judged):
        return f"{said} goes beyond the half maps, which agree {agree}."
    if resolution is not None and reported > _UNDERSTATED * resolution:
        found.paragraphs.append(
            f"{said} is coarser than what the half maps hold, {quantity(resolution, 'Å')}: it was "
            "read at another level, or stated with caution."
        )
    return f"{said} is supported by the half maps, which agree {agree}."


def _diameter(entry: Entry) -> float:
    """Of a ball as large as the hard mask, in Å."""
    volume = entry.map.hard_mask.voxels * math.prod(entry.voxel_size)
    return float(2 * (3 * volume / (4 * math.pi)) ** (1 / 3))


_BEYOND = (
    "The claim goes beyond what the half maps hold. Most often it was read off a curve under a "
    "mask that is too tight or too hard, or off other half maps than these: see 1.k, and report "
    "where the curve inside the molecule falls below 0.143. Halves that belong to an earlier round "
    "of refinement, or to a map on other voxels, do it too, and so does a contour level that takes "
    "solvent for the molecule."
)

CHECK = Check(
    code="1.a",
    name="Global resolution",
    label="global resolution",
    purpose="To which resolution do the half maps agree?",
    in_short=(
        "Their Fourier shell correlation: without a mask, under a soft one, corrected by random "
        "phases, and, what decides, inside the molecule by bands, which no mask has an effect on, "
        "with its error. Every crossing of 0.143, 0.5, 1/3 and half a bit; signal over noise; "
        "phase residual. The reported resolution may not be finer than the 95 % interval. "
        "Half maps that share no signal get a warning; where their correlation never falls, as "
        "of copies, the check says that it cannot tell."
    ),
    explanation=(
        "Two half maps, each made from one half of the particles, hold the same molecule in "
        "different noise. Their correlation in shells of spatial frequency falls from 1, where the "
        "signal is strong, to 0, where there is nothing but noise. Where it falls below 0.143 the "
        "map made from all particles correlates with the truth by one half, which is the usual "
        "definition of its resolution. The reported resolution should not be finer. Most of the "
        "box is solvent, whose noise hides the signal, so that half maps are compared under a "
        "mask; but a mask correlates them by its own shape, the more the tighter it is. Here each "
        "band of frequencies is cut out first and looked at inside the molecule afterwards, which "
        "leaves nothing to correct. All this holds for halves that were refined independently: see "
        "1.i. Local refinements and flexible parts make one number say less than it seems to."
    ),
    answer=measure_fsc,
    relies_on=(Trait.SHAPE,),
    needs=("map", "half_maps"),
    engines=(BUILTIN, xmipp.NAME),
    external=_external,
    limits=(
        Limit(
            _SIZE,
            50.0,
            "%",
            "Resolution found against the molecule's size",
            "The check warns when the half maps agree, for all that is sure, to no better a "
            "resolution than this share of the diameter of a ball as large as the mask: they have "
            "no signal in common.",
            "the resolution to which the half maps surely agree as a share of the molecule's "
            "diameter",
            "<",
            advice=FOREIGN + SPECK,
        ),
        Limit(
            _SHARE,
            80.0,
            "%",
            "Reported resolution against the one found",
            "The check warns when the reported resolution, in % of the one at which the half maps' "
            "correlation inside the molecule falls below 0.143, is below this.",
            "the reported resolution as a share of the one to which the half maps agree",
            ">=",
            advice=_BEYOND,
        ),
        Limit(
            _BETTER,
            95.0,
            "%",
            "Reported resolution against the finest that is possible",
            "The check warns when the reported resolution, in % of the finer end of the 95 % "
            "interval of the one found, is below this: it is overstated.",
            "the reported resolution as a share of the finest to which the half maps may agree",
            ">=",
            advice=_BEYOND,
        ),
        Limit(
            _NYQUIST,
            99.9,
            "%",
            "Reported resolution against the Nyquist limit",
            "The check warns when the reported resolution, in % of the finest detail that the half "
            "maps' voxels can hold, is below this.",
            "the reported resolution as a share of the Nyquist limit",
            ">=",
            advice=(
                "Voxels of this size cannot hold detail that fine. Either the resolution or the "
                "voxel size is wrong, or the half maps were binned and the map was not: give those "
                "that the resolution was measured of."
            ),
        ),
        Limit(
            _BACK,
            3.0,
            "standard errors",
            "Highest rise after the fall",
            "The check warns when the correlation, having fallen below 0.143, rises above it again "
            "by more than this many standard errors, farther than two points of the curve from "
            "where it fell.",
            "the rise of the correlation above 0.143 after it has fallen",
            "<=",
            advice=(
                "Noise alone does not do that. Masks or filters that both halves share, "
                "interpolation, a lattice or duplicated particles do: see 1.i, and look at the "
                "curve for the frequency at which it comes back. A narrow peak is that of "
                "something periodic, such as a lattice or a fixed pattern of the detector."
            ),
        ),
    ),
    references=(
        ROSENTHAL_2003,
        PENCZEK_2020,
        CHEN_2013,
        HEEL_2005,
        FRANK_1981,
    ),
    differs=(
        "The service compares the half maps without a mask with a resolution that nearly always "
        "comes from a masked curve; here the curve inside the molecule decides, with its error. "
        "Its signal-to-noise ratio lies on a frequency axis that is right for voxels of 0.71 Å "
        "only, and the limit of its phase residual is the value of pure noise; here the ratio "
        "follows from the correlation, and no verdict from the residual. A curve that never falls "
        "passes there; here copies cannot be told, and a claim beyond the voxels is a warning."
    ),
)
