"""1.i Independence: do the half maps share anything but the molecule?"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from vrs_scipion.checks.check import Check, Limit
from vrs_scipion.checks.findings import Findings
from vrs_scipion.checks.references import (
    PENCZEK_2020,
    ROSENTHAL_2003,
    SCHERES_2012,
    STEWART_2004,
)
from vrs_scipion.checks.task import Task
from vrs_scipion.figures.independence import shared_plot
from vrs_scipion.maps.kind import Trait
from vrs_scipion.methods.fsc import FscCurve, modified_correlation
from vrs_scipion.methods.independence import (
    LEAST_BACKGROUND,
    TOP,
    Background,
    Halves,
    Independence,
    Mean,
    measure_independence,
)
from vrs_scipion.results import CheckResult, Column
from vrs_scipion.results.numbers import number, quantity, with_error

_GLOBAL = "1.a"

COPY, COPY_BANDS = "differ_lowest", "differ_bands_lowest"
MASKED, HELD, OUTSIDE = "masked_highest", "held_highest", "outside_lowest"
SHARED, TAIL, RISE = "shared_highest", "tail_highest", "rise_highest"
RATIO, RATIO_NOTED = "noise_ratio_highest", "noise_ratio_noted"

_ERRORS, _RISE_ERRORS = 3.0, 5.0
"""Standard errors that are allowed beyond a limit, and that a rise must have."""
_SIGNAL = 5.0
"""Standard errors of no correlation that a signal has at least."""
_BLIND = 0.1
"""Three standard errors beyond which a mean of correlations says nothing."""
_COPIED = 0.9
"""Correlation of the noise below which half maps are no copies, however clean their signal."""
_LEAST_SPREAD = 1e-3
"""Of 1 − C², in the standard errors of correlations."""
_BRIGHT = 0.9
"""Correlation inside the mask beyond which ripples of the signal outshine the noise around it."""


def measure_independence_of_halves(task: Task) -> Findings:
    """Answer 1.i."""
    found, entry = Findings(task), task.entry
    halves, spectra = entry.half_maps(), entry.half_spectra(task.threads)
    size, order = halves.first.voxel_size, entry.symmetry_order or 1
    molecule = _told_by(task.results.get(_GLOBAL)) or modified_correlation(
        *spectra, halves.mask, size, order=order, threads=task.threads
    )
    measured = measure_independence(
        Halves(
            halves.first.values,
            halves.second.values,
            spectra,
            halves.mask,
            halves.hard,
            halves.background,
            size,
            order,
        ),
        molecule,
        entry.resolution,
        task.threads,
    )
    _note(found, measured)
    _draw(found, measured, molecule)
    found.paragraphs += _told(measured, entry.symmetry_order)
    if _are_copies(found, measured):
        return found
    _judge(found, measured)
    _conclude(found, measured)
    return found


def _told_by(result: CheckResult | None) -> FscCurve | None:
    """The correlation inside the mask that 1.a found; None where it found none."""
    if result is None or "fsc" not in result.tables:
        return None
    table = result.tables["fsc"]
    rows = np.array(table.rows, np.float64).T
    columns = dict(zip((column.key for column in table.columns), rows, strict=True))
    frequency, correlation, error = (columns[key] for key in ("frequency", "mfsc", "mfsc_se"))
    known = np.isfinite(correlation) & (error > 0)
    samples = np.square(np.maximum(1 - correlation**2, _LEAST_SPREAD)[known] / error[known])
    return FscCurve(frequency[known], correlation[known], samples)


# ----------------------------------------------------------------------- what was measured


def _note(found: Findings, measured: Independence) -> None:
    background = measured.background
    shared, shared_error = _parts(_around(measured))
    low, _ = _parts(background.shared_low if background else None)
    tail, tail_error = _parts(measured.tail)
    rise, rise_error = _parts(measured.rise)
    ratio = background.noise_ratio if background else None
    first, second = measured.constant
    for key, value, words in (
        ("copy_correlation", measured.copy_correlation, "correlation of the halves over the box"),
        (
            "least_correlation",
            measured.least_correlation,
            "lowest correlation, whatever its sign, of a band inside the mask from 20 Å on",
        ),
        (
            "background_fraction",
            measured.background_fraction,
            "share of the box where there is nothing but noise",
        ),
        (
            "background_fsc",
            shared,
            "mean correlation of the halves there, beyond the resolution",
        ),
        ("background_fsc_se", shared_error, "standard error of it"),
        (
            "background_fsc_low",
            low,
            "mean correlation of the halves there, from 20 Å to the resolution",
        ),
        (
            "tail_fsc",
            tail,
            "mean correlation inside the mask where the signal has died away",
        ),
        ("tail_fsc_se", tail_error, "standard error of it"),
        (
            "nyquist_rise",
            rise,
            "rise of the correlation inside the mask towards the Nyquist limit",
        ),
        ("nyquist_rise_se", rise_error, "standard error of it"),
        ("noise_power_ratio", ratio, "noise power of the noisier half in that of the other"),
        (
            "noise_outside_inside",
            measured.outside_inside,
            "strength of the halves' difference around the molecule in that inside it",
        ),
        (
            "constant_fraction_1",
            first.in_sphere,
            "share of the largest sphere in the box where half map 1 is constant",
        ),
        ("constant_fraction_2", second.in_sphere, "the same of half map 2"),
        (
            "masked_fraction",
            _masked(measured),
            "constant share of the ball that holds what else there is of a half, the larger one",
        ),
    ):
        found.measure(key, value, "", words)
    found.measure("finest_held", 1 / measured.held, "Å", "finest detail that the halves hold")
    if background is not None:
        _tabulate(found, background.curve)


def _parts(mean: Mean | None) -> tuple[float | None, float | None]:
    """A mean and its standard error."""
    return (None, None) if mean is None else (mean.value, mean.error)


def _tabulate(found: Findings, curve: FscCurve) -> None:
    columns = (curve.frequency, curve.samples, curve.correlation)
    found.tabulate(
        "background_fsc",
        "Correlation of the half maps around the molecule",
        [
            Column(key="frequency", label="Frequency", unit="1/Å", format=".4f"),
            Column(key="resolution", label="Resolution", unit="Å", format=".2f"),
            Column(key="n_eff", label="Independent samples", format=",.0f"),
            Column(key="fsc", label="Correlation", format=".3f"),
            Column(key="chance_se", label="Standard error by chance", format=".3f"),
        ],
        [(f, 1 / f, n, c, n**-0.5) for f, n, c in zip(*(c.tolist() for c in columns), strict=True)],
    )


def _draw(found: Findings, measured: Independence, molecule: FscCurve) -> None:
    beyond = molecule.frequency >= (1 / measured.resolution if measured.resolution else 0.0)
    tail = FscCurve(
        molecule.frequency[beyond], molecule.correlation[beyond], molecule.samples[beyond]
    )
    background = measured.background
    found.plot(
        "shared",
        shared_plot(
            background.curve if background else None,
            tail,
            (measured.noise_from, _noise_to(measured)),
            found.task.entry.resolution,
        ),
        "Correlation of the half maps where they should share nothing: "
        + ("around the molecule, with three standard errors about 0, and " if background else "")
        + "inside the mask beyond their resolution.",
        "Curves of the correlation against spatial frequency; where the half maps are independent "
        "they scatter about 0.",
    )


def _told(measured: Independence, order: int | None) -> Iterator[str]:
    """The results in words."""
    yield _told_of_background(measured)
    yield _told_of_tail(measured)
    yield _told_of_touch(measured)
    if order is None:
        yield (
            "No symmetry was given, and none reckoned with: where one was imposed, chance takes "
            "the curves farther from 0."
        )


def _told_of_background(measured: Independence) -> str:
    background, share = measured.background, 100 * measured.background_fraction
    if background is None:
        return (
            f"Only {share:.1f} % of the box lie far enough from the molecule, and were left as "
            f"they were reconstructed, to hold nothing but noise; below "
            f"{number(100 * LEAST_BACKGROUND)} % are too few. Whether the half maps share noise "
            "there was not tested ({fig:shared})."
        )
    told = (
        f"Around the molecule {share:.1f} % of the box hold nothing but noise. "
        f"{_shared_words(measured, background)} ({{fig:shared}}, {{tab:background_fsc}})."
    )
    if background.shared_low is not None:
        told += (
            f" From 20 Å to {quantity(1 / measured.noise_from, 'Å')} they correlate there by "
            f"{_mean(background.shared_low)}: ice, membranes and disordered parts are in both "
            "halves, so that this decides nothing."
        )
    if background.noise_ratio is not None:
        told += f" {_ratio_words(background.noise_ratio)}"
    return told


def _shared_words(measured: Independence, background: Background) -> str:
    if background.shared is None:
        return "There is no noise beyond the resolution that could be compared"
    told = (
        f"Between {_range(measured.noise_from, _noise_to(measured))} the half maps correlate there "
        f"by {_mean(background.shared)}"
    )
    if _shared(measured) is None:
        return (
            f"{told}; but inside the mask they correlate so well, up to the Nyquist limit, that "
            "ripples of the signal outshine the noise around it, and nothing follows from that"
        )
    return f"{told}: independent halves by 0, others by the share of their noise that is the same"


def _ratio_words(ratio: float) -> str:
    return (
        f"The noise of one half has {number(ratio)} times the power of that of the other, their "
        "signals brought to one scale; halves of equally many particles have about 1."
    )


def _told_of_tail(measured: Independence) -> str:
    if measured.resolution is None:
        return (
            "Inside the soft mask the correlation of the half maps does not fall below 0.143 "
            "before the Nyquist limit of their voxels: there is no place inside the molecule "
            "without signal where shared noise would show."
        )
    agree = f"Inside the soft mask the half maps agree to {quantity(measured.resolution, 'Å')}."
    if measured.tail is None:
        return (
            f"{agree} That is so near to the finest detail that they hold, "
            f"{quantity(1 / measured.held, 'Å')}, that there is no place without signal beyond."
        )
    return (
        f"{agree} Well beyond that there should be nothing in common; they correlate by "
        f"{_mean(measured.tail)}."
    )


def _told_of_touch(measured: Independence) -> str:
    first, second = (number(100 * half.in_sphere) for half in measured.constant)
    told = (
        f"In the largest sphere of the box {first} % and {second} % of the voxels of the halves "
        f"are constant. The finest detail that both hold is {quantity(1 / measured.held, 'Å')}."
    )
    if measured.outside_inside is None:
        return f"{told} How strong their noise is around the molecule could not be told."
    return (
        f"{told} Their noise around the molecule is {number(measured.outside_inside)} times as "
        "strong as inside it; reconstructions have about 1."
    )


def _mean(mean: Mean) -> str:
    return with_error(mean.value, mean.error)


def _range(low: float, high: float) -> str:
    return f"{1 / low:.2f} and {quantity(round(1 / high, 2), 'Å')}"


def _around(measured: Independence) -> Mean | None:
    """The correlation around the molecule, in the band of noise."""
    return measured.background.shared if measured.background else None


def _shared(measured: Independence) -> Mean | None:
    """That correlation, where it is that of noise."""
    around, inside = _around(measured), measured.within_noise
    bright = inside is not None and inside.value > _BRIGHT
    return None if around is None or (bright and abs(around.value) < _COPIED) else around


def _masked(measured: Independence) -> float:
    return max(half.in_ball for half in measured.constant)


def _noise_to(measured: Independence) -> float:
    return min(TOP * measured.nyquist, measured.held)


# ----------------------------------------------------------------------- what decides


def _are_copies(found: Findings, measured: Independence) -> bool:
    """Judge whether the halves are copies, and say so where they are.

    Where their noise differs they are none, however well a clean signal on coarse voxels agrees.
    """
    background = measured.background
    noise = (background.shared or background.shared_low) if background else None
    differ = noise is not None and abs(noise.value) < _COPIED
    for key, value in (
        (COPY, abs(measured.copy_correlation)),
        (COPY_BANDS, measured.least_correlation),
    ):
        found.judge(key, 100 * (1 - value), role="advice" if differ else None)
    if not found.warnings:
        return False
    inverted = ", one with its sign turned" if measured.copy_correlation < 0 else ""
    found.headline = f"The half maps are copies of each other{inverted}, not two halves."
    found.paragraphs.append(
        "Copies agree to the last voxel whatever they hold: every correlation, resolution and "
        "signal-to-noise ratio of these half maps is without meaning."
    )
    return True


def _judge(found: Findings, measured: Independence) -> None:
    """Hold everything that was measured against its limit."""
    found.judge(MASKED, 100 * _masked(measured))
    _judge_held(found, measured)
    if measured.outside_inside is not None:
        found.judge(OUTSIDE, measured.outside_inside)
    background = measured.background
    shared = _shared(measured)
    if shared is not None:
        _judge_mean(found, SHARED, shared)
    if measured.tail is not None:
        _judge_mean(found, TAIL, measured.tail)
    if measured.rise is not None:
        limit = max(found.task.limit(RISE), _RISE_ERRORS * measured.rise.error)
        found.judge(RISE, measured.rise.value, limit=limit)
    if background is not None and background.noise_ratio is not None:
        found.judge(RATIO, background.noise_ratio)
        found.judge(RATIO_NOTED, background.noise_ratio)


def _judge_mean(found: Findings, key: str, mean: Mean) -> None:
    limit = found.task.limit(key) + _ERRORS * mean.error
    found.judge(key, abs(mean.value), limit=limit, detail="three standard errors allowed for")


def _judge_held(found: Findings, measured: Independence) -> None:
    """Whether there is anything beyond the resolution, noise at least."""
    if measured.held >= TOP * measured.nyquist:
        found.judge(HELD, None, vacuous="they hold noise up to the Nyquist limit")
        return
    finest = measured.resolution or 2 / measured.nyquist
    reported = found.task.entry.resolution
    finest = min(finest, reported) if reported else finest
    share = 100 / (measured.held * finest)
    found.judge(HELD, share, detail=f"{number(1 / measured.held)} Å of {number(finest)} Å")


def _conclude(found: Findings, measured: Independence) -> None:
    """The headline, and why nothing can be told where that is so."""
    failed = {c.key for c in found.criteria if c.role == "verdict" and not c.passed}
    said = [words for key, words in _headlines(measured).items() if key in failed]
    if said:
        found.headline = said[0]
        return
    if measured.signal is None or measured.signal.significance < _SIGNAL:
        found.cannot_tell = (
            "The half maps have no signal in common: they may be two unrelated maps of noise, "
            "which are independent, but no halves of one reconstruction. See 1.a."
        )
        found.headline = "The half maps have no signal in common."
        return
    around = _most_shared(_shared(measured))
    inside = _most_shared(measured.tail)
    if around is None and inside is None:
        found.cannot_tell = (
            "There is neither enough noise around the molecule nor a place without signal inside "
            "the mask: whether the half maps share noise could not be tested. Half maps in a "
            "larger box or on finer voxels, and without a mask, would tell."
        )
        found.headline = "Whether the half maps are independent cannot be told."
        return
    found.headline = f"No sign that the half maps depend on each other: {_extent(around, inside)}."


def _most_shared(mean: Mean | None) -> float | None:
    """The largest correlation that chance could hide, in %; None where that tells nothing."""
    if mean is None or _ERRORS * mean.error > _BLIND:
        return None
    return 100 * (abs(mean.value) + _ERRORS * mean.error)


def _extent(around: float | None, inside: float | None) -> str:
    """What was tested, and what was not, with how much may be shared."""
    if around is None:
        return (
            f"beyond the resolution they share at most {number(inside, '.1f')} % of what is inside "
            "the mask; around the molecule there is too little noise to test"
        )
    shared = f"they share at most {number(around, '.1f')} % of their noise around the molecule"
    if inside is None:
        return f"{shared}; inside the mask there is no place without signal to test"
    return f"{shared}, and {number(inside, '.1f')} % of what is beyond the resolution inside it"


def _headlines(measured: Independence) -> dict[str, str]:
    """What a failed criterion comes to, the worst first."""
    background, shared = measured.background, _around(measured)
    share = number(100 * abs(shared.value), ".1f") if shared else ""
    ratio = number(background.noise_ratio if background else None, ".1f")
    return {
        MASKED: "The half maps were masked; what is left of their noise does not tell whether "
        "they are independent.",
        HELD: f"The half maps were low-passed: beyond {quantity(1 / measured.held, 'Å')} there is "
        "no noise to tell whether they are independent.",
        OUTSIDE: "The noise of the half maps was suppressed around the molecule: they are not as "
        "they were reconstructed.",
        SHARED: f"The half maps share {share} % of their noise: they are not independent.",
        TAIL: "Inside the mask the half maps agree beyond their resolution, where there should be "
        "nothing but noise.",
        RISE: "The correlation of the half maps rises towards the Nyquist limit.",
        RATIO: f"One half map has {ratio} times the noise power of the other.",
    }


_AS_RECONSTRUCTED = (
    "Give the halves as the refinement reconstructed them, neither masked nor filtered: RELION's "
    "half1_class001_unfil and half2_class001_unfil, cryoSPARC's half maps A and B."
)
_TOUCHED = (
    "What is told from their noise means nothing then: the shared noise here, 1.b, and the local "
    "resolutions that measure noise, 1.d and 1.e."
)

CHECK = Check(
    code="1.i",
    name="Independence of the half maps",
    label="independence",
    purpose="Do the half maps share anything but the molecule?",
    in_short=(
        "Whether they are copies; whether their noise correlates around the molecule, and inside "
        "the mask beyond the resolution; whether the correlation rises towards the Nyquist limit; "
        "whether both have the same amount of noise; and whether they were masked, low-passed or "
        "denoised. Where something could not be tested the summary says so. How often that is "
        "right is in ``benchmarks/verdicts/RESULTS.md``."
    ),
    explanation=(
        "All that two half maps tell, the resolution first of all, rests on one assumption: that "
        "they have nothing in common but the molecule. If both were refined against one reference, "
        "hold particles twice, were filtered or denoised with each other, or are copies, their "
        "noise agrees, too, and every resolution looks better than it is. Noise can be looked at "
        "where there is no molecule: around it, and inside it at details finer than the "
        "resolution. There the halves must not correlate, but for chance, whose size follows from "
        "the number of independent values. To look at noise it must still be there: a mask, a "
        "low-pass filter or a denoiser takes it away. Density that is not of the molecule but in "
        "every particle, such as a membrane, correlates honestly at coarse details, which is why "
        "only those beyond the resolution count."
    ),
    answer=measure_independence_of_halves,
    relies_on=(Trait.SHAPE,),
    needs=("map", "half_maps"),
    listens_to=(_GLOBAL,),
    limits=(
        Limit(
            COPY,
            0.01,
            "%",
            "Difference of the half maps",
            "The check warns when the half maps' correlation over the box, with either sign, is "
            "nearer to 1 than this, unless their noise around the molecule differs.",
            "what the half maps do not have in common over the box",
            ">",
            advice=(
                "One file is a copy of the other, scaled or shifted in its values at most. Most "
                "often the same half was given twice, or the final map in place of a half."
            ),
        ),
        Limit(
            COPY_BANDS,
            1.0,
            "%",
            "Difference of the half maps by detail",
            "The check warns when the half maps' correlation is nearer to 1 than this in every "
            "band from 20 Å to the finest detail, unless their noise around the molecule differs.",
            "what the half maps do not have in common in the band where they differ most",
            ">",
            advice=(
                "One half map is the other one, filtered or scaled at most. Most often the same "
                "half was given twice, or the final map in place of a half."
            ),
        ),
        Limit(
            MASKED,
            20.0,
            "%",
            "Constant part of the half maps",
            "The check warns when, in the ball that holds everything else of a half map, more "
            "than this share of the voxels is constant. A refinement's own sphere leaves none.",
            "the constant share of the ball that holds the rest of a half map",
            "<=",
            advice=(
                "The half maps were multiplied by a mask in the shape of the molecule. "
                f"{_TOUCHED} {_AS_RECONSTRUCTED}"
            ),
        ),
        Limit(
            HELD,
            77.0,
            "%",
            "Finest detail held against the resolution",
            "The check warns when the finest detail that the half maps hold, signal or noise, in "
            "% of the resolution, is above this, unless it is that of their voxels.",
            "the finest detail that the half maps hold as a share of the resolution",
            "<=",
            advice=(
                "The half maps were low-passed, or calculated on coarser voxels than these: at the "
                "resolution all that was measured ends, noise included. "
                f"{_TOUCHED} {_AS_RECONSTRUCTED}"
            ),
        ),
        Limit(
            OUTSIDE,
            0.5,
            "",
            "Noise around the molecule against that inside",
            "The check warns when the difference of the half maps is below so many times as strong "
            "around the molecule as inside it.",
            "the strength of the half maps' noise around the molecule in that inside it",
            ">=",
            advice=(
                "The solvent was flattened, or the half maps were denoised: a reconstruction has "
                f"about the same noise everywhere. {_TOUCHED} {_AS_RECONSTRUCTED}"
            ),
        ),
        Limit(
            SHARED,
            0.02,
            "",
            "Shared noise around the molecule",
            "The check warns when the noise of the half maps correlates around the molecule, "
            "beyond the resolution, by more than this and three standard errors.",
            "the correlation of the half maps' noise around the molecule",
            "<=",
            advice=(
                "The halves are not independent: the same particles are in both (duplicates, or "
                "overlapping picks), they were refined against one reference to this resolution, "
                "one was made with the help of the other (denoising, density modification, "
                "averaging), or one is not a half. Remove duplicates, split the particles before "
                "the refinement, and give unprocessed halves. All resolutions of Level 1 are too "
                "good by as much."
            ),
        ),
        Limit(
            TAIL,
            0.03,
            "",
            "Correlation beyond the resolution",
            "The check warns when the half maps correlate inside the mask, from 1.2 times the "
            "frequency of the resolution on, by more than this and three standard errors, with "
            "either sign.",
            "the mean correlation inside the mask beyond the resolution",
            "<=",
            advice=(
                "Most often the halves share noise, or were masked tightly, filtered locally or "
                "denoised. A part of the molecule that is much better resolved than the rest does "
                "it, too: see whether the curve falls on towards 0."
            ),
        ),
        Limit(
            RISE,
            0.05,
            "",
            "Rise towards the Nyquist limit",
            "The check warns when the correlation inside the mask ends by more than this, and five "
            "standard errors, above its lowest part.",
            "the rise of the correlation inside the mask towards the Nyquist limit",
            "<=",
            advice=(
                "Signal does not come back: masks or filters that both halves went through, "
                "interpolation onto other voxels, a mask that is too tight, or duplicated "
                "particles do that."
            ),
        ),
        Limit(
            RATIO,
            2.0,
            "",
            "Noise power of one half against the other",
            "The check warns when the noise of one half map has more than so many times the power "
            "of that of the other, their signals brought to one scale.",
            "the noise power of one half map in that of the other",
            "<=",
            advice=(
                "The halves are not alike: of very different numbers of particles, of different "
                "refinements, or one of them was filtered or denoised. The resolution of their "
                "mean cannot be told from their correlation in the usual way."
            ),
        ),
        Limit(
            RATIO_NOTED,
            1.25,
            "",
            "Noise power that is worth a remark",
            "Beyond this the check remarks, without a warning, that the half maps are of unequal "
            "numbers of particles or processing.",
            "the noise power of one half map in that of the other, for halves of one size,",
            "<=",
            role="advice",
        ),
    ),
    references=(SCHERES_2012, STEWART_2004, ROSENTHAL_2003, PENCZEK_2020),
    differs="The Validation Report Service has no such check.",
    volumes=14,
)
