"""1.b FSC by permutation: up to which resolution do the half maps agree by more than chance?"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from vrs_scipion import __version__
from vrs_scipion.checks.check import Check, Limit
from vrs_scipion.checks.findings import Findings
from vrs_scipion.checks.half_maps_words import FOREIGN
from vrs_scipion.checks.references import BECKERS_2020, BENJAMINI_2001
from vrs_scipion.checks.task import Task
from vrs_scipion.entry.entry import Entry, HalfMaps
from vrs_scipion.figures.fsc import fsc_plot
from vrs_scipion.figures.significance import chance_plot, significance_plot
from vrs_scipion.maps.kind import Trait
from vrs_scipion.maps.writing import write_volume
from vrs_scipion.methods import fsc_xmipp, spoc, xmipp
from vrs_scipion.methods.engine import BUILTIN, Availability
from vrs_scipion.methods.fsc import COPIES, GOLD_STANDARD, Significance, UnderMask, significance
from vrs_scipion.methods.fsc.permutation import FEWEST, LARGE, PERMUTATIONS
from vrs_scipion.methods.shells import Reals
from vrs_scipion.results import Column, Engine, ResolutionEstimate
from vrs_scipion.results.numbers import number, quantity

SEED = 107579
RATE = 0.01
"""Of false discoveries among the shells that are called significant."""

_CHANCE, _SHARE, _BEHIND = "chance_highest", "reported_share", "shells_behind"
_METHOD = "FSC by permutation"


@dataclass(frozen=True)
class _Found:
    """What is judged.

    Attributes
    ----------
    resolution : Å; None where there is no signal, or where all shells hold one
    copies : whether the half maps correlate as no two halves do
    chance : probability that the coarsest shells of both agree by chance; None where not known
    behind : shells by which the correlation of 0.143 lies beyond; None where not known
    """

    resolution: float | None
    copies: bool = False
    chance: float | None = None
    behind: float | None = None


def measure_permutation(task: Task) -> Findings:
    """Answer 1.b."""
    found = Findings(task)
    answer = _by_spoc(found) if task.engine == spoc.NAME else _by_significance(found)
    found.measure(
        "resolution_fdr", answer.resolution, "Å", "up to which all shells agree beyond chance"
    )
    if answer.copies:
        found.cannot_tell = (
            "The half maps correlate nearly perfectly in every shell: they are copies of each "
            "other. Chance has no part in that, nor has a resolution."
        )
        found.headline = "The half maps agree as far as their voxels reach."
        return found
    _judge(found, answer)
    return found


def _external(entry: Entry | None) -> Sequence[Availability]:
    return (xmipp.availability(fsc_xmipp.PROGRAM, preferred=False), spoc.availability())


# ----------------------------------------------------------------------- by significance


def _by_significance(found: Findings) -> _Found:
    tested = _tested(found)
    _note(found, tested)
    _draw(found, tested)
    found.paragraphs += [_told(found, tested), _told_of_chance(tested)]
    known = tested.adjusted[np.isfinite(tested.adjusted)]
    chance = float(known[0]) if known.size else None
    copies = bool(np.nanmin(tested.curve.correlation) > COPIES)
    return _Found(tested.resolution, copies, chance, _behind(found, tested))


def _tested(found: Findings) -> Significance:
    """The curve under the soft mask, by the engine chosen, tested; its arguments noted."""
    task, entry = found.task, found.task.entry
    halves, record = entry.half_maps(), entry.half_maps_record
    order = entry.symmetry_order or 1
    under = UnderMask.of(halves.mask, record.voxel_size, task.threads)
    spectra = under.spectra(halves.first.values, halves.second.values)
    curve = under.curve(*spectra, order)
    arguments = {"permutations": PERMUTATIONS, "rate": RATE, "seed": SEED, "order": order}
    found.engine = Engine(name=BUILTIN, version=__version__, arguments=arguments)
    if task.engine == xmipp.NAME:
        curve = replace(curve, correlation=_by_xmipp(found, halves, under, arguments))
    first, second = (half.source.sha256 for half in record.halves)
    one, other = spectra if first <= second else spectra[::-1]
    return significance(one, other, under.shells, curve, RATE, SEED)


def _by_xmipp(
    found: Findings, halves: HalfMaps, under: UnderMask, arguments: dict[str, Any]
) -> Reals:
    """The correlation of the masked half maps by Xmipp."""
    size = halves.first.voxel_size
    program = xmipp.require_program(fsc_xmipp.PROGRAM)
    called = {"program": program.name, "arguments": fsc_xmipp.arguments(size)}
    found.engine = Engine(
        name=xmipp.NAME, version=program.version, arguments={**called, **arguments}
    )
    with tempfile.TemporaryDirectory(prefix="vrs_fsc_") as name:
        first, second = (Path(name) / f"half{number}.mrc" for number in (1, 2))
        for path, half in ((first, halves.first), (second, halves.second)):
            write_volume(path, under.masked(half.values), size)
        said = fsc_xmipp.correlation(
            program, first, second, halves.first.box, size, threads=found.task.threads
        )
    found.paragraphs.append(
        "The correlation is Xmipp's, which counts a quarter of the sphere; what chance does to it "
        "is built in."
    )
    return said.correlation


def _behind(found: Findings, tested: Significance) -> float | None:
    """Shells by which the curve falls below 0.143 later than its significance ends."""
    last = tested.resolution
    if last is None:
        return None
    longest = 1 / float(tested.curve.frequency[0])
    falls = tested.curve.resolution(GOLD_STANDARD) or 1 / float(tested.curve.frequency[-1])
    return max(0.0, longest / falls - longest / last)


def _note(found: Findings, tested: Significance) -> None:
    found.measure(
        "permutations",
        PERMUTATIONS,
        "",
        f"of the coefficients of each of the {tested.permuted} shells of up to {LARGE} of them",
    )
    found.measure(
        "permuted_variance",
        tested.variance,
        "",
        "variance of the permuted correlations times the independent samples, 1 as expected",
    )
    found.measure(
        "resolution_masked",
        tested.curve.resolution(GOLD_STANDARD),
        "Å",
        f"where the same curve falls below {GOLD_STANDARD:g}",
    )
    curve = tested.curve
    columns = (
        (Column(key="frequency", label="Frequency", unit="1/Å", format=".4f"), curve.frequency),
        (Column(key="resolution", label="Resolution", unit="Å", format=".2f"), 1 / curve.frequency),
        (Column(key="n_eff", label="Independent samples", format=",.0f"), curve.samples),
        (Column(key="fsc", label="Correlation", format=".3f"), curve.correlation),
        (
            Column(key="fsc_critical", label="Least beyond chance", format=".3f"),
            tested.critical,
        ),
        (Column(key="p", label="p", format=".2g"), tested.p),
        (Column(key="p_adjusted", label="p, all shells in mind", format=".2g"), tested.adjusted),
    )
    found.tabulate(
        "significance",
        "What chance would make of the half maps' correlation",
        [column for column, _ in columns],
        list(zip(*(values.tolist() for _, values in columns), strict=True)),
    )


def _draw(found: Findings, tested: Significance) -> None:
    reported, frequency = found.task.entry.resolution, tested.curve.frequency
    found.plot(
        "significance",
        significance_plot(
            frequency, tested.curve.correlation, tested.critical, tested.resolution, reported
        ),
        "Fourier shell correlation of the half maps under the soft mask, and the least that is "
        "more than chance.",
        "A curve that falls with spatial frequency, and one that falls towards 0 below it.",
    )
    found.plot(
        "chance",
        chance_plot(frequency, tested.p, tested.adjusted, RATE, reported),
        "Probability that a shell of noise correlates as highly as it does, alone and with all "
        "shells in mind. The lowest that is drawn stands for all that are lower.",
        "Two curves that rise from next to nothing to 1 where the signal ends.",
    )


def _told(found: Findings, tested: Significance) -> str:
    start = (
        "Under the soft mask the half maps were compared with what chance makes of them "
        "({fig:significance}, {fig:chance}, {tab:significance}). "
    )
    falls = tested.curve.resolution(GOLD_STANDARD)
    beside = (
        f" The same curve falls below {GOLD_STANDARD:g} at {quantity(falls, 'Å')}." if falls else ""
    )
    if not tested.holds:
        return f"{start}Not even their coarsest details agree by more than chance."
    if tested.resolution is None:
        return f"{start}All shells up to the Nyquist limit agree by more than chance.{beside}"
    return (
        f"{start}All shells up to {quantity(tested.resolution, 'Å')} agree by more than chance; of "
        f"those so called, {100 * RATE:g} % at most are none.{beside} To be more than chance asks "
        "for less than to be useful: there is signal beyond the resolution of a map."
    )


def _told_of_chance(tested: Significance) -> str:
    checked = (
        f" In the {tested.permuted} shells of up to {LARGE} of them, chance was drawn "
        f"{PERMUTATIONS} times by permuting the coefficients of one half, as many as are "
        f"independent: the correlations' variance was {tested.variance:.2f} of the expected one."
        if tested.permuted
        else ""
    )
    return (
        "A mask leaves fewer independent coefficients than there are, and only those are counted."
        f"{checked} In larger shells chance is known well enough without. Of shells with fewer "
        f"than {FEWEST} independent coefficients nothing is said."
    )


# ----------------------------------------------------------------------- by SPoC


def _by_spoc(found: Findings) -> _Found:
    task, record = found.task, found.task.entry.half_maps_record
    arguments = {"program": spoc.PROGRAM.name, "arguments": spoc.arguments(record.voxel_size)}
    found.engine = Engine(name=spoc.NAME, version=spoc.version(), arguments=arguments)
    halves = [task.entry.path("half_maps", half.file) for half in record.halves]
    said = spoc.permuted(halves, record.voxel_size, threads=task.threads)
    found.plot(
        "significance",
        fsc_plot(
            said.frequency,
            [("by SPoC", said.correlation, "measured")],
            (GOLD_STANDARD,),
            task.entry.resolution,
        ),
        "Fourier shell correlation of the half maps by SPoC.",
        "A curve that falls with spatial frequency.",
    )
    found.tabulate(
        "significance",
        "SPoC's correlation of the half maps",
        [
            Column(key="frequency", label="Frequency", unit="1/Å", format=".4f"),
            Column(key="fsc", label="Correlation", format=".3f"),
        ],
        list(zip(said.frequency.tolist(), said.correlation.tolist(), strict=True)),
    )
    found.paragraphs.append(
        f"SPoC permutes the coefficients of the half maps without a mask: they agree by more than "
        f"chance up to {quantity(said.resolution, 'Å')} ({{fig:significance}}, "
        "{tab:significance})."
    )
    return _Found(said.resolution)


# ----------------------------------------------------------------------- what it means


def _judge(found: Findings, answer: _Found) -> None:
    entry, resolution = found.task.entry, answer.resolution
    nyquist = 2 * max(entry.half_maps_record.voxel_size)
    by_spoc = found.engine.name == spoc.NAME
    signal = found.judge(
        _CHANCE,
        None if answer.chance is None else 100 * answer.chance,
        vacuous="SPoC tells no probabilities" if by_spoc else "",
    )
    if not signal.passed:
        found.headline = "The half maps agree by no more than chance: they have no common signal."
        return
    held = resolution or nyquist
    agree = f"to {held:.2f} Å" if resolution else "as far as their voxels reach"
    if resolution is not None:
        found.resolution_estimate = ResolutionEstimate(method=_METHOD, value=resolution)
    found.judge(
        _BEHIND,
        answer.behind,
        vacuous=""
        if answer.behind is not None
        else "the significance ends nowhere, or SPoC's does",
    )
    if entry.resolution is None:
        found.headline = f"The half maps agree by more than chance {agree}."
        return
    met = found.judge(
        _SHARE,
        100 * entry.resolution / held,
        detail=f"{number(entry.resolution)} Å of {number(held)} Å",
    )
    said = f"the half maps agree by more than chance {agree}"
    found.headline = (
        f"{said[:1].upper()}{said[1:]}, which the reported resolution, "
        f"{number(entry.resolution)} Å, "
        + ("does not exceed." if met.passed else "goes far beyond.")
    )


CHECK = Check(
    code="1.b",
    name="FSC by permutation",
    label="FSC by permutation",
    purpose="Up to which resolution do the half maps agree by more than chance?",
    in_short=(
        "In every shell the correlation of the half maps under the soft mask is held against what "
        "chance makes of as many independent samples, by 1000 permutations in small shells and by "
        "its law in large ones. The last shell before the first that is not significant, with all "
        "shells in mind (Benjamini and Yekutieli, 1 %), is the resolution. SPoC where it is asked "
        "for."
    ),
    explanation=(
        "A fixed level such as 0.143 asks how good the signal is. This check asks whether there is "
        "any: noise has a correlation, too, the higher the fewer coefficients a shell has. If "
        "those of one half map are permuted within a shell, nothing but chance is left. The "
        "correlation that was measured is significant where chance hardly ever reaches it. Because "
        "many shells are tested, some would pass by chance: the probabilities are raised so that "
        "at most one of a hundred shells that pass does so wrongly. The resolution found that way "
        "is finer than that at 0.143, for a signal is seen before it is useful; it needs no level "
        "that someone has chosen. Halves that share noise agree by more than chance, too: see 1.i."
    ),
    answer=measure_permutation,
    relies_on=(Trait.SHAPE,),
    needs=("map", "half_maps"),
    engines=(BUILTIN, xmipp.NAME, spoc.NAME),
    external=_external,
    limits=(
        Limit(
            _CHANCE,
            100 * RATE,
            "%",
            "Highest probability of chance",
            "The check warns when the coarsest details of both half maps agree by chance with a "
            "probability above this, all shells in mind: they have no signal in common.",
            "the probability that the coarsest details of the half maps agree by chance",
            "<=",
            advice=FOREIGN,
        ),
        Limit(
            _BEHIND,
            2.0,
            "shells",
            "How far 0.143 may lie beyond",
            "The check warns when the correlation falls below 0.143 more than this many shells "
            "beyond the last that is significant.",
            "how far the resolution at 0.143 lies beyond the one by permutation",
            "<=",
            advice=(
                "A correlation of 0.143 is no more than chance there: the mask leaves so few "
                "independent samples that a resolution read off the curve is luck. The molecule "
                "is small for its box or its resolution, or the mask is far too tight: take a "
                "wider one, and see 1.k."
            ),
        ),
        Limit(
            _SHARE,
            80.0,
            "%",
            "Reported resolution against the one found",
            "The check warns when the reported resolution, in % of the one up to which the half "
            "maps agree by more than chance, is below this.",
            "the reported resolution as a share of the one up to which the half maps agree",
            ">=",
            advice=(
                "Where the resolution is claimed to be, the half maps have nothing in common. Most "
                "often it was read off a curve under a mask that is too tight, or off other half "
                "maps than these: see 1.a and 1.k."
            ),
        ),
    ),
    references=(BECKERS_2020, BENJAMINI_2001),
    differs=(
        "The service runs SPoC. Here the half maps are under their soft mask, so that the noise of "
        "the solvent does not hide the signal, and the samples that the mask makes dependent are "
        "not counted. SPoC itself is run where it is asked for."
    ),
)
