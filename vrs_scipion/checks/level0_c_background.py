"""0.c Background: is what surrounds the molecule noise of mean zero?"""

from __future__ import annotations

import numpy as np

from vrs_scipion.checks.check import SERVICE, Check, Limit
from vrs_scipion.checks.findings import Findings
from vrs_scipion.checks.pictures import slices
from vrs_scipion.checks.task import Task
from vrs_scipion.maps.correlation import Wave, strongest_wave
from vrs_scipion.maps.density import Density, Mask, Volume
from vrs_scipion.maps.kind import Trait
from vrs_scipion.methods.background import (
    GAUSSIAN_BEYOND_5_SIGMA,
    Background,
    analyse_background,
    beyond_sigmas,
    far_background,
    weak_parts,
)
from vrs_scipion.methods.membrane import Disc, disc_around
from vrs_scipion.results import Reference
from vrs_scipion.results.numbers import number

_MOSTLY = 0.5
_COMMON = 1e-3


def measure_background(task: Task) -> Findings:
    """Answer 0.c."""
    entry, found = task.entry, Findings(task)
    density, background = entry.density(), ~entry.hard_mask()
    if not background.any():
        found.does_not_apply = "There is no background: the mask fills the whole box."
        return found
    measured = analyse_background(density.values, background, density.voxel_size, task.threads)
    _note(found, measured)
    _describe(found, measured)
    _draw_outliers(found, density.values, background, measured)
    clear, margin = _judged(found, density, ~background)
    far = (
        analyse_background(density.values, clear, density.voxel_size, task.threads)
        if margin
        else measured
    )
    _describe_far(found, far, margin)
    wave = _wave(task, found, density, clear, far)
    _judge(found, measured, far, wave)
    return found


def _judged(found: Findings, density: Density, molecule: Mask) -> tuple[Mask, float]:
    """The voxels to judge, far from the molecule and what belongs to it, and how far in Å."""
    values, size, resolution = density.values, density.voxel_size, found.task.entry.resolution
    clear, margin = far_background(molecule, size, resolution)
    disc, weak = disc_around(values, clear, size), weak_parts(values, molecule, clear)
    beyond, beyond_margin = clear, margin
    if disc is not None or (weak & clear).any():
        belonging = molecule | weak if disc is None else molecule | weak | disc.where
        beyond, beyond_margin = far_background(belonging, size, resolution)
    if disc is not None:
        _describe_disc(found, disc, judged=not beyond_margin)
    else:
        _describe_weak(found, int(np.count_nonzero(weak & clear)))
    return (beyond, beyond_margin) if beyond_margin else (clear, margin)


def _describe_weak(found: Findings, voxels: int) -> None:
    found.measure(
        "weak_voxels", voxels, "voxel", "voxels as far that hang together with the molecule at 4σ"
    )
    if voxels:
        found.paragraphs.append(
            f"{voxels:,} voxels that are as far from the mask as those judged hang together with "
            "the molecule where it stands out of the background by 4σ: parts of it that are weaker "
            "than the contour level, around which nothing is judged."
        )


def _wave(
    task: Task, found: Findings, density: Density, where: Mask, far: Background
) -> Wave | None:
    """The strongest wave in the voxels judged, noted; None where nothing varies."""
    if not far.std:
        return None
    wave = strongest_wave(density.values, where, far.mean, density.voxel_size, task.threads)
    found.measure("wave_share", 100 * wave.share, "%", "share of their variance in a single wave")
    found.measure("wave_period", wave.period, "Å", "period of that wave")
    found.paragraphs.append(
        f"The strongest wave that runs through them, with a period of {number(wave.period)} Å, "
        f"holds {number(100 * wave.share)} % of their variance; stripes would hold most of it."
    )
    return wave


def _note(found: Findings, b: Background) -> None:
    found.measure("background_voxels", b.voxels, "voxel", "voxels outside the hard mask")
    found.measure("constant_value", b.constant_value, "", "the most frequent exact value there")
    found.measure("constant_fraction", b.constant_fraction, "", "fraction of them that hold it")
    found.measure("t", b.t, "", "Student's t of mean 0, every voxel taken as independent")
    found.measure("p", b.p, "", "its two-sided p value")
    found.measure(
        "effective_samples", b.effective_samples, "", "independent samples, by autocorrelation"
    )
    found.measure("t_effective", b.t_effective, "", "Student's t of mean 0 with those samples")
    found.measure("p_effective", b.p_effective, "", "its two-sided p value")
    found.measure("mean", b.mean, "", "mean of the background")
    found.measure("std", b.std, "", "standard deviation σ of the background")
    found.measure("mean_over_std", b.mean_over_std, "", "|mean| / σ of the background")
    found.measure("beyond_5_sigma", b.beyond_5_sigma, "%", "voxels with |V| > 5σ")
    found.measure("gaussian_beyond_5_sigma", GAUSSIAN_BEYOND_5_SIGMA, "%", "the same of a Gaussian")
    found.measure("ratio", b.ratio, "", "their ratio")


def _describe(found: Findings, b: Background) -> None:
    if not b.std:
        found.paragraphs.append(
            f"All {b.voxels:,} background voxels are exactly {b.constant_value:g}: mean and "
            "standard deviation say nothing, and no test can be made."
        )
        return
    found.paragraphs.append(
        f"The mean of the {b.voxels:,} background voxels is {number(b.mean)} and their standard "
        f"deviation σ is {number(b.std)}; |mean| / σ is {number(b.mean_over_std)}."
    )
    found.paragraphs.append(
        "A one-sample Student's t-test of the hypothesis that the mean is 0, each voxel taken as "
        f"independent, gives t = {b.t:.2f} and p {_p_value(b.p)}. Neighbours are correlated: "
        f"by their autocorrelation the background holds {b.effective_samples:,.0f} independent "
        f"samples, with which t = {b.t_effective:.2f} and p {_p_value(b.p_effective)}."
    )
    found.paragraphs.append(
        f"The percentage of background voxels with an absolute value above 5σ is "
        f"{number(b.beyond_5_sigma)} %; of a Gaussian it would be {GAUSSIAN_BEYOND_5_SIGMA:.6f} % "
        f"(ratio {b.ratio:.2f})."
    )
    found.paragraphs.append(
        f"The most frequent exact value, {b.constant_value:g}, is held by "
        f"{100 * b.constant_fraction:.2f} % of them."
        if b.constant_fraction > _COMMON
        else "No exact value is common among them: the background was not masked."
    )


def _describe_disc(found: Findings, disc: Disc, judged: bool) -> None:
    found.measure("disc_thickness", disc.thickness, "Å", "thickness of the disc around it")
    found.measure("disc_diameter", disc.diameter, "Å", "its diameter")
    found.paragraphs.append(
        f"A disc about {disc.thickness:.0f} Å thick and {disc.diameter:.0f} Å wide stands out of "
        "the background: a membrane, a nanodisc or a belt of detergent around the molecule, which "
        "is no fault. "
        + (
            "Hardly any background is left beyond it, so that it is judged all the same."
            if judged
            else "Voxels as near to it as to the mask are not judged."
        )
    )


def _describe_far(found: Findings, far: Background, margin: float) -> None:
    """Note what the verdict is based on."""
    found.measure("far_margin", margin, "Å", "distance from the mask of the voxels judged")
    found.measure("far_voxels", far.voxels, "voxel", "voxels judged")
    found.measure("far_mean", far.mean, "", "their mean")
    found.measure("far_std", far.std, "", "their standard deviation σ")
    found.measure("far_mean_over_std", far.mean_over_std, "", "their |mean| / σ")
    found.measure("far_p_effective", far.p_effective, "", "p value of their mean of 0")
    found.measure("far_ratio", far.ratio, "", "their ratio to a Gaussian beyond 5σ")
    if not far.std:
        return
    what = "the mask and the disc" if "disc_thickness" in found.measurements else "the mask"
    where = (
        f"the {far.voxels:,} voxels farther than {number(margin)} Å from {what}, where the "
        "molecule's own density has died away"
        if margin
        else "the whole background, because there is hardly any far from the mask"
    )
    found.paragraphs.append(
        f"The verdict is based on {where}: |mean| / σ is {number(far.mean_over_std)} "
        f"(p {_p_value(far.p_effective)} with {far.effective_samples:,.0f} independent samples), "
        f"and {number(far.beyond_5_sigma)} % of them lie beyond 5σ (ratio {far.ratio:.2f})."
    )


def _p_value(p: float) -> str:
    """'= 0.0153' or '< 10⁻³⁰⁰': what a p value can honestly say."""
    return "< 10⁻³⁰⁰" if p < 1e-300 else f"= {number(p)}"


def _draw_outliers(found: Findings, values: Volume, background: Mask, b: Background) -> None:
    if not b.beyond_5_sigma:
        found.paragraphs.append("No background voxel lies beyond 5σ: there is nothing to draw.")
        return
    slices(
        found,
        "beyond_5_sigma",
        np.where(beyond_sigmas(values, background, b.std), values, np.float32(0)),
        found.task.entry.voxel_size,
        "the background beyond 5σ",
        "Three slices that show only the background voxels beyond five sigma.",
        symmetric=True,
    )
    found.paragraphs.append("Slices of the background beyond 5σ are in {fig:beyond_5_sigma}.")


def _judge(found: Findings, b: Background, far: Background, wave: Wave | None) -> None:
    zero = far.p_effective > found.task.limits["p"]
    found.judge(
        "mean",
        None if zero else far.mean_over_std,
        vacuous=f"the mean does not differ from 0, p {_p_value(far.p_effective)}" if zero else "",
    )
    found.judge("ratio", far.ratio)
    found.judge(
        "wave",
        None if wave is None else 100 * wave.share,
        vacuous="nothing varies there" if wave is None else "",
    )
    found.judge(
        "p",
        b.p,
        detail=f"whole background, taking every voxel as independent, as {SERVICE} does",
    )
    found.judge("ratio_near", b.ratio, detail=f"whole background, as {SERVICE} does")
    if b.constant_fraction > _MOSTLY:
        found.does_not_apply = (
            f"{100 * b.constant_fraction:.2f} % of the background is exactly {b.constant_value:g}: "
            "the map was masked, and a masked background is no evidence of anything."
        )
        found.headline = "The map was masked, so that its background cannot be judged."
    elif found.warnings:
        found.headline = "There seems to be a problem with the map's background."
    else:
        found.headline = "There is no problem with the map's background."


CHECK = Check(
    code="0.c",
    name="Background analysis",
    label="background",
    purpose="Is what surrounds the molecule noise of mean zero?",
    in_short=(
        "A t-test with the number of *independent* samples, from the background's "
        "autocorrelation, and the voxels beyond 5σ; the verdict is that of the voxels two "
        "resolutions away from the mask, through which no single wave may run either. A masked "
        "background is no evidence of anything, and is never called OK."
    ),
    explanation=(
        "The background is everything outside the mask with hard borders. Its mean should be zero, "
        "and voxels farther than five standard deviations from zero should be rare and scattered "
        "without structure; the symmetry of the molecule can show there. The voxels of a map are "
        "correlated, so that a test which counts each as independent rejects a mean of a "
        "thousandth of a standard deviation: the number of independent samples is estimated from "
        "the background's autocorrelation. The density of a perfect map does not end at the mask "
        "either: the verdict is that of the voxels farther than two resolutions from it (10 Å "
        "where no resolution is reported). A disc of lipid or detergent around the molecule is no "
        "fault: where its shape can be told, it is left out like the molecule. No single wave "
        "should run through the background: stripes come from the microscope or the processing, "
        "not from the molecule."
    ),
    answer=measure_background,
    relies_on=(Trait.DENSITY, Trait.ALONE, Trait.NOISE),
    limits=(
        Limit(
            "mean",
            0.1,
            "",
            "Largest |mean| / σ",
            "The check warns when the mean of the background far from the molecule differs from "
            "zero, by the next limit, and is not below this many standard deviations.",
            "|mean| / σ of the background",
            "<",
            advice=(
                "The density far from the molecule has an offset. It is harmless to look at but "
                "biases masks and thresholds: normalise the particles again and subtract the mean "
                "of the background. A soft solvent gradient around the molecule, or a mask applied "
                "before, does it too."
            ),
        ),
        Limit(
            "p",
            0.001,
            "",
            "Smallest p value",
            "A mean differs from zero when the p value of a mean of zero, with the effective "
            "number of samples, is not above this.",
            "the p value of a background mean of 0",
            ">",
            role="advice",
            advice=(
                "With millions of correlated voxels this happens to nearly every map: it is "
                f"printed because {SERVICE} uses it. Look at |mean| / σ."
            ),
        ),
        Limit(
            "ratio",
            20.0,
            "",
            "Outliers against a Gaussian",
            "The check warns when voxels beyond five sigma are not fewer than this many times "
            "their proportion in a Gaussian.",
            "the ratio of background voxels beyond 5σ to those of a Gaussian",
            "<",
            advice=(
                "Something stands out of the background. In the picture of the voxels beyond five "
                "standard deviations, a belt around the molecule is most often its detergent or "
                "nanodisc, and no fault; a halo points to a flexible or weakly occupied part left "
                "out by the mask, or to a contour level that is too high; rings and stripes to "
                "preferred orientations or over-fitting; spots at random to a few bad voxels. A "
                "map sharpened or filtered locally has no Gaussian background at all."
            ),
        ),
        Limit(
            "ratio_near",
            20.0,
            "",
            "Outliers of the whole background",
            f"The same of the whole background, as {SERVICE} judges it; reported, without effect "
            "on the verdict.",
            "the ratio of background voxels beyond 5σ to those of a Gaussian",
            "<",
            role="advice",
            advice=(
                "The molecule's density beyond the mask is counted too, so that this happens to "
                f"nearly every map: it is printed because {SERVICE} uses it."
            ),
        ),
        Limit(
            "wave",
            10.0,
            "%",
            "Largest share of one wave",
            "The check warns when the share of the background's variance in a single plane wave is "
            "not below this: stripes run through the box.",
            "the share of the background's variance in a single wave",
            "<",
            advice=(
                "Stripes run through the box. Look at the slices and at the power spectrum of the "
                "micrographs: an ice or carbon lattice, interference of the detector or of the "
                "power line, a grid of patches from motion correction, or an error of "
                "interpolation leave such a wave. Exclude the micrographs that show it, or mask "
                "its spots in their Fourier transforms, and reconstruct again."
            ),
        ),
    ),
    references=(
        Reference(
            key="Geyer1992",
            authors=("Geyer, C. J.",),
            year=1992,
            title="Practical Markov chain Monte Carlo",
            journal="Statistical Science",
            volume="7",
            pages="473–483",
            doi="10.1214/ss/1177011137",
        ),
    ),
    differs=(
        "Voxels are correlated, and close to the mask the molecule's own density has not died "
        "away. The service's t-test, which takes each voxel of the whole background as "
        "independent, and its ratio of outliers are printed for information; the verdict takes "
        "voxels far from the mask, the number of independent samples, and the size of the mean "
        "against σ, leaves out a disc of lipid where it can be told, and asks whether a single "
        "wave runs through all of it, which the service does not. A background that is mostly one "
        "exact value was masked, and is not judged."
    ),
)
