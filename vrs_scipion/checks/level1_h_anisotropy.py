"""1.h Anisotropy: does the resolution depend on direction, and by how much for certain?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from vrs_scipion.checks.check import Check, Limit
from vrs_scipion.checks.directions import (
    REPORTED,
    SIGNAL_LIMIT,
    HalvesByDirection,
    axes_in_words,
    builtin,
    cannot_measure,
    doubt_dependent,
    draw_reach,
    mask_at_faces,
    note_axes,
    reported_limit,
    role_of_evenness,
    symmetry_in_words,
)
from vrs_scipion.checks.findings import Findings
from vrs_scipion.checks.half_maps_words import resolution_words
from vrs_scipion.checks.independence import INDEPENDENCE
from vrs_scipion.checks.references import TAN_2017
from vrs_scipion.checks.task import Task
from vrs_scipion.entry.entry import Entry
from vrs_scipion.figures.directional import directions_histogram, directions_plot
from vrs_scipion.maps.density import Density
from vrs_scipion.maps.kind import Trait
from vrs_scipion.methods import fsc3d
from vrs_scipion.methods.directional import (
    Anisotropy,
    Cones,
    Estimate,
    Reach,
    chi_square_per_degree,
    correlation_volume,
    measure_anisotropy,
    voxel_size_of,
)
from vrs_scipion.methods.engine import BUILTIN, Availability
from vrs_scipion.methods.fsc import GOLD_STANDARD, HALF, FscCurve
from vrs_scipion.methods.guinier import is_cubic
from vrs_scipion.methods.shells import Shells
from vrs_scipion.results import Column, Engine, ResolutionEstimate
from vrs_scipion.results.model import Role
from vrs_scipion.results.numbers import number, with_error
from vrs_scipion.results.plots import Role as Look

HALF_ANGLE = 20.0
"""Degrees, of the cones."""

RATIO, AREAS = "anisotropy_highest", "cfar_lowest"
_SHOWN = "The correlation by frequency is in {fig:directional_fsc} and {tab:fsc}"
_SURE = 2.0
"""Standard errors by which a limit has to be missed."""
_AXES = np.eye(3)[::-1]
"""x, y, z as unit vectors along z, y, x."""
_LOOKS: tuple[Look, ...] = ("part", "corrected", "absent")


@dataclass(frozen=True)
class _Curves:
    """Correlations along the axes and of all directions together."""

    along: tuple[FscCurve, FscCurve, FscCurve]
    whole: FscCurve

    @classmethod
    def of(cls, cones: Cones, axes: Cones) -> _Curves:
        x, y, z = (
            FscCurve(axes.frequency, correlation, samples)
            for correlation, samples in zip(axes.correlation.T, axes.samples.T, strict=True)
        )
        return cls((x, y, z), cones.whole)

    @property
    def named(self) -> tuple[tuple[str, FscCurve], ...]:
        return (*zip("xyz", self.along, strict=True), ("global", self.whole))


def measure_directional_resolution(task: Task) -> Findings:
    """Answer 1.h."""
    found = Findings(task)
    halves = HalvesByDirection.of(task)
    cones, axes = halves.cones(HALF_ANGLE), halves.cones(HALF_ANGLE, _AXES)
    found.engine = builtin(HALF_ANGLE, len(cones.directions))
    anisotropy = measure_anisotropy(cones)
    curves = _Curves.of(cones, axes)
    if task.engine != BUILTIN:
        curves, anisotropy = _by_program(found, anisotropy, halves.sums.shells)
    _note_resolutions(found, curves)
    _tabulate(found, cones, curves)
    _draw(found, cones, curves)
    found.measure(
        "chi2_per_df",
        chi_square_per_degree(halves.sums, halves.overlap, halves.order),
        "",
        "χ² of ten sectors against one correlation for all, per degree of freedom; decides nothing",
    )
    blocked = cannot_measure(found, cones)
    _note(found, None if blocked else anisotropy)
    if blocked:
        found.paragraphs.append(f"{_SHOWN}.")
        return found
    _note_reach(found, cones, anisotropy.reach)
    _describe(found, curves, anisotropy)
    _draw_directions(found, curves, anisotropy)
    _keep_volume(found, cones)
    _judge(found, curves, anisotropy, role_of_evenness(found, halves.filament))
    doubt_dependent(found)
    return found


def _by_program(found: Findings, own: Anisotropy, shells: Shells) -> tuple[_Curves, Anisotropy]:
    """The curves and the sphericity that the 3DFSC program finds; the rest stays our own."""
    entry, threads = found.task.entry, found.task.threads
    record = entry.half_maps_record
    levels = (GOLD_STANDARD, HALF)
    found.engine = Engine(
        name=fsc3d.NAME,
        version=fsc3d.version(),
        arguments={
            "program": fsc3d.PROGRAM.name,
            "arguments": fsc3d.arguments(record.voxel_size, HALF_ANGLE, *levels),
        },
    )
    if not is_cubic(record):
        found.paragraphs.append(
            "The 3DFSC program takes cubic boxes of cubic voxels, which these are not: its numbers "
            "are not to be relied on. The built-in engine has no such limit."
        )
    said = fsc3d.directional(
        [entry.path("half_maps", half.file) for half in record.halves],
        entry.path("half_maps", record.soft_mask.file),
        shells,
        HALF_ANGLE,
        levels,
        threads=threads,
    )
    sphericity = own.sphericity
    if said.sphericity is not None and sphericity is not None:
        sphericity = replace(sphericity, value=said.sphericity)
    return _Curves((said.x, said.y, said.z), said.whole), replace(own, sphericity=sphericity)


def _external(entry: Entry | None) -> Sequence[Availability]:
    return (fsc3d.availability(),)


def _note_resolutions(found: Findings, curves: _Curves) -> None:
    for name, curve in curves.named:
        where = "of all directions together" if name == "global" else f"along {name}"
        for level, suffix in ((GOLD_STANDARD, ""), (HALF, "_05")):
            found.measure(
                f"resolution_{name}{suffix}",
                curve.resolution(level),
                "Å",
                f"where the correlation {where} first falls below {level:g}",
            )


def _note(found: Findings, anisotropy: Anisotropy | None) -> None:
    """Measure what has an error bar; what is not known is noted, too."""
    for key, estimate, description in (
        (
            "anisotropy",
            anisotropy and anisotropy.reach.ratio,
            "coarsest over finest resolution by direction, less what chance explains",
        ),
        (
            "sphericity",
            anisotropy and anisotropy.sphericity,
            f"of the surface where the correlation falls below {HALF:g}",
        ),
        (
            "cfar",
            anisotropy and anisotropy.area_ratio,
            "smallest over largest area under the correlation curves of single directions",
        ),
    ):
        value, error = (estimate.value, estimate.error) if estimate else (None, None)
        found.measure(key, value, "", description)
        found.measure(f"{key}_se", error, "", "standard error of it, by chance")


def _note_reach(found: Findings, cones: Cones, reach: Reach) -> None:
    found.measure(
        "anisotropy_apparent",
        reach.apparent_ratio,
        "",
        "coarsest over finest resolution as single directions have it, chance and all",
    )
    found.measure(
        "nyquist_limited_fraction",
        float(np.mean(cones.never_below(GOLD_STANDARD))),
        "",
        f"fraction of directions whose correlation does not fall below {GOLD_STANDARD:g}",
    )
    note_axes(found, reach)


def _tabulate(found: Findings, cones: Cones, curves: _Curves) -> None:
    columns = (
        cones.frequency,
        1 / cones.frequency,
        *(curve.correlation for _, curve in curves.named),
        cones.correlation.mean(axis=1),
        cones.correlation.std(axis=1),
        cones.standard_error.mean(axis=1),
    )
    found.tabulate(
        "fsc",
        "Fourier shell correlation along the axes, of all directions together, and its mean and "
        "spread over directions",
        [
            Column(key="frequency", label="Frequency", unit="1/Å", format=".4f"),
            Column(key="resolution", label="Resolution", unit="Å", format=".2f"),
            *(Column(key=axis, label=f"Along {axis}", format=".3f") for axis in "xyz"),
            Column(key="global", label="Together", format=".3f"),
            Column(key="mean", label="Mean", format=".3f"),
            Column(key="sigma", label="σ", format=".3f"),
            Column(key="se", label="σ by chance", format=".3f"),
        ],
        [tuple(map(float, row)) for row in zip(*columns, strict=True)],
    )


def _draw(found: Findings, cones: Cones, curves: _Curves) -> None:
    along = [
        (f"along {name}", curve.correlation, look)
        for (name, curve), look in zip(curves.named, _LOOKS, strict=False)
    ]
    found.plot(
        "directional_fsc",
        directions_plot(
            cones.frequency,
            [("all directions together", curves.whole.correlation, "measured"), *along],
            (cones.correlation.mean(axis=1), cones.correlation.std(axis=1)),
            (GOLD_STANDARD, HALF),
            found.task.entry.resolution,
        ),
        "Fourier shell correlation of the half maps under the soft mask: along x, y and z in cones "
        f"of {HALF_ANGLE:g}°, of all directions together, and the spread over all directions.",
        "Four curves that fall from 1 towards 0 with spatial frequency, and a band around them.",
    )


def _draw_directions(found: Findings, curves: _Curves, anisotropy: Anisotropy) -> None:
    whole = curves.whole.resolution(GOLD_STANDARD)
    found.plot(
        "directions_histogram",
        directions_histogram(
            1 / anisotropy.reach.measured,
            xlabel=f"Resolution at {GOLD_STANDARD:g} (Å)",
            marks=() if whole is None else ((whole, "all directions together"),),
        ),
        f"Resolution at {GOLD_STANDARD:g} of single directions, as measured: most of its width may "
        "be chance.",
        "Bars of the share of directions by resolution.",
    )
    draw_reach(
        found,
        "resolution_sphere",
        anisotropy.reach,
        anisotropy.reach.smooth,
        f"Resolution by direction at a correlation of {GOLD_STANDARD:g}, in cones of "
        f"{HALF_ANGLE:g}°, without what chance explains.",
    )


def _keep_volume(found: Findings, cones: Cones) -> None:
    values = correlation_volume(cones)
    found.volume(
        "directional_fsc",
        values,
        Density(values, voxel_size_of(cones.sums.shells)),
        "the correlation of the half maps at every frequency (3DFSC), frequency 0 at its centre: "
        f"its surface at {GOLD_STANDARD:g} is as far from the centre as the resolution is fine",
        file="3dfsc.mrc",
    )


def _describe(found: Findings, curves: _Curves, anisotropy: Anisotropy) -> None:
    reach = anisotropy.reach
    along = ", ".join(
        f"{resolution_words(curve.resolution(GOLD_STANDARD))} along {name}"
        for name, curve in curves.named[:3]
    )
    found.paragraphs.append(
        f"All directions together, the correlation falls below {GOLD_STANDARD:g} at "
        f"{resolution_words(curves.whole.resolution(GOLD_STANDARD))}; in cones of "
        f"{HALF_ANGLE:g}° it does so at {along} ({{fig:directional_fsc}}, {{tab:fsc}})."
        + mask_at_faces(found)
    )
    found.paragraphs.append(
        f"Single directions seem to differ by a factor of {reach.apparent_ratio:.2f} in resolution "
        "({fig:directions_histogram}). Each of them has few values of its own, and of many noisy "
        "numbers the largest and the smallest always lie apart. Without what chance explains, "
        f"{axes_in_words(reach)}, a factor of {_pm(reach.ratio)} ({{fig:resolution_sphere}})."
        + symmetry_in_words(found)
    )
    found.paragraphs.append(
        f"The sphericity of the surface at {HALF:g} is {_pm(anisotropy.sphericity)}; that of a "
        "sphere is 1. The smallest area under the curve of a direction is "
        f"{_pm(anisotropy.area_ratio)} of the largest (cryoSPARC's cFAR). Both contain their "
        "noise, as in other programs, which makes them a little smaller than they are. The errors "
        "come from draws of other noise of the same strength. The sphericity decides nothing: even "
        "half maps of a small molecule may have 0.65, and a missing cone of 40° leaves 0.83."
    )


def _pm(estimate: Estimate | None) -> str:
    return "not known" if estimate is None else with_error(estimate.value, estimate.error)


def _judge(found: Findings, curves: _Curves, anisotropy: Anisotropy, role: Role) -> None:
    ratio, areas, reach = anisotropy.reach.ratio, anisotropy.area_ratio, anisotropy.reach
    evenness = (
        found.judge(RATIO, ratio.value - _SURE * ratio.error, role=role, detail=_pm(ratio)),
        found.judge(AREAS, areas.value + _SURE * areas.error, role=role, detail=_pm(areas)),
    )
    entry, whole = found.task.entry, curves.whole.resolution(GOLD_STANDARD)
    met = (
        entry.resolution is None
        or whole is None
        or found.judge(
            REPORTED,
            100 * entry.resolution / whole,
            detail=f"{number(entry.resolution)} Å of {number(whole)} Å",
        ).passed
    )
    if whole is not None:
        found.resolution_estimate = ResolutionEstimate(
            method="Directional FSC, all directions", value=whole, contradicts=not met
        )
    differ = (
        f"the coarsest direction has {1 / reach.smooth.min():.2f} Å and the finest "
        f"{1 / reach.smooth.max():.2f} Å, a factor of {_pm(ratio)}"
    )
    if role == "verdict" and not all(criterion.passed for criterion in evenness):
        found.headline = f"The resolution depends on direction: {differ}."
    elif not met:
        found.headline = (
            f"The reported resolution, {number(entry.resolution)} Å, goes beyond what the half "
            f"maps hold, {resolution_words(whole)}."
        )
    elif role == "verdict":
        found.headline = f"The resolution is much the same in all directions: {differ}."
    else:
        found.headline = f"Of a filament {differ}."


_ANISOTROPIC = (
    "The map is smeared along its coarsest direction, most often because the particles lie in few "
    "orientations on the grid: features along that direction are not to be built into. Look at the "
    "distribution of orientations; tilting the grid, another support film or a detergent bring the "
    "missing views. A molecule that moves or was refined in one plane only does it, too."
)

CHECK = Check(
    code="1.h",
    name="Anisotropy of resolution",
    label="anisotropy",
    purpose="Does the resolution depend on direction, and by how much for certain?",
    in_short=(
        "The half maps' correlation along x, y, z and a thousand other directions (3DFSC), with "
        "the ratio of the coarsest to the finest resolution, sphericity and cFAR. All of them have "
        "error bars, and the ratio is freed of what chance makes of it: the extremes of a thousand "
        "noisy numbers always lie apart. Only what misses a limit by two standard errors is warned "
        "of."
    ),
    explanation=(
        "Other programs print how much the resolution differs by direction, without an error bar. "
        "Even half maps of perfectly even views differ by 10 to 40 %, for a cone of directions "
        "has few values of its own: the smaller the box, the more. Here the error of every cone is "
        "known from its independent values, and other noise of the same strength is drawn many "
        "times. The resolution by direction is cut into parts that change slowly and quickly over "
        "the sphere, and of each part only what exceeds its chance errors is kept. What is left "
        "differs by the anisotropy, the ratio of the coarsest to the finest resolution. Cones of "
        f"{HALF_ANGLE:g}° make a sharp minimum somewhat milder. The sphericity of the surface at "
        f"{HALF:g} and the ratio of areas under the curves are given as other programs define "
        "them, with their errors. A molecule whose own amplitudes differ by direction, as bundles "
        "of helices do, shows a few per cent by itself."
    ),
    answer=measure_directional_resolution,
    needs=("map", "half_maps"),
    listens_to=(INDEPENDENCE,),
    relies_on=(Trait.SHAPE,),
    limits=(
        SIGNAL_LIMIT,
        Limit(
            RATIO,
            1.25,
            "",
            "Largest anisotropy",
            "The check warns when the coarsest resolution over the finest one, less two standard "
            "errors, is above this.",
            "the anisotropy of resolution less two standard errors",
            "<=",
            advice=_ANISOTROPIC,
        ),
        Limit(
            AREAS,
            0.5,
            "",
            "Smallest ratio of areas (cFAR)",
            "The check warns when the smallest area under the curve of a direction over the "
            "largest, plus two standard errors, is below this.",
            "the ratio of areas (cFAR) plus two standard errors",
            ">=",
            advice=_ANISOTROPIC,
        ),
        reported_limit(
            "the reported resolution as a share of that of all directions together",
            "the one at which the correlation of all directions together falls below 0.143",
        ),
    ),
    references=(TAN_2017,),
    engines=(BUILTIN, fsc3d.NAME),
    external=_external,
    differs=(
        "The service needs a GPU, plots the curves over frequencies that are wrong by the square "
        "of the voxel size, and never warns of anisotropy. Here the frequencies are right, the "
        "numbers have error bars, and what is certain is judged. The errors come from draws of "
        "noise, not from a jackknife over sectors: where a sector is left out another direction is "
        "the coarsest, and of extremes a jackknife tells no error."
    ),
    volumes=10,
)
