"""0.g LocOccupancy: does every part of the molecule rise above the noise?"""

from __future__ import annotations

from vrs_scipion import __version__
from vrs_scipion.checks.check import Check, Limit
from vrs_scipion.checks.findings import Findings
from vrs_scipion.checks.local_values import (
    LocalValues,
    Measurable,
    draw_coloured_surface,
    draw_distribution,
    keep_volume,
    measurable,
    note_percentiles,
    refused,
    remark_if_homogeneous,
)
from vrs_scipion.checks.references import KAUR_2021
from vrs_scipion.checks.task import Task
from vrs_scipion.entry.entry import Entry
from vrs_scipion.maps.kind import Trait
from vrs_scipion.maps.statistics import most_common_value
from vrs_scipion.methods import local_ucm
from vrs_scipion.methods.engine import BUILTIN
from vrs_scipion.methods.local_sweep import MIN_RES, WIDTH, NotMeasurableError
from vrs_scipion.methods.lococcupancy import NOISE_QUANTILE, Occupancies, local_occupancies
from vrs_scipion.results import Engine
from vrs_scipion.results.numbers import number

VOLUME_FILE = "omap.mrc"
NOISE_VOLUME_FILE = "noise_occupancy.mrc"

_PROTEIN_THRESHOLD = 0.25
_HOMOGENEOUS = 0.1
_MOSTLY = 0.5
_WHOLE = (0.0, 1.0)


def measure_local_occupancy(task: Task) -> Findings:
    """Answer 0.g."""
    found = Findings(task)
    try:
        measured = measurable(task.entry)
        occupancies = _occupancies(found, measured)
    except NotMeasurableError as error:
        found.does_not_apply = refused(error)
        return found
    relative = LocalValues("occupancy", "local occupancy", "", occupancies.relative, ".3f")
    noise = LocalValues(
        "noise_occupancy", "occupancy against the noise", "", occupancies.against_noise, ".3f"
    )
    of_mask = note_percentiles(found, relative, "Local occupancy in the mask")
    of_noise = note_percentiles(found, noise, "Occupancy against the noise in the mask")
    found.measure("bands", occupancies.bands, "", "bands of frequency that were counted")
    found.paragraphs.append(
        f"{measured.note} The sweep from {number(MIN_RES)} to {number(measured.max_res)} Å has "
        f"{occupancies.bands} band{'s' if occupancies.bands > 1 else ''} of frequency. The median "
        f"of the occupancy relative to the molecule is {number(of_mask[2])} ({{tab:occupancy}}, "
        "{fig:occupancy_histogram})."
    )
    draw_distribution(found, relative, of_mask)
    keep_volume(found, relative, measured.density, VOLUME_FILE, _WHOLE)
    draw_coloured_surface(found, relative, measured.density, measured.path)
    found.paragraphs.append(
        f"The median of the occupancy against the noise is {number(of_noise[2])} "
        "({tab:noise_occupancy}, {fig:noise_occupancy_histogram})."
    )
    draw_distribution(found, noise, of_noise, (task.limit("noise_occupancy"), 1.0))
    keep_volume(found, noise, measured.density, NOISE_VOLUME_FILE, _WHOLE)
    draw_coloured_surface(found, noise, measured.density, measured.path)
    remark_if_homogeneous(found, relative, of_mask, _HOMOGENEOUS)
    _judge(found, of_mask[2], of_noise[2])
    return found


def _occupancies(found: Findings, measured: Measurable) -> Occupancies:
    """Measure with the engine chosen, and note its arguments.

    The package knows no occupancy against the noise: that is the built-in one with any engine.
    """
    name = found.task.engine
    found.engine = Engine(
        name=name,
        version=__version__ if name == BUILTIN else local_ucm.package_version(),
        arguments={
            "min_res": MIN_RES,
            "max_res": measured.max_res,
            "protein_threshold": _PROTEIN_THRESHOLD,
            "noise_quantile": NOISE_QUANTILE,
            "f_voxel_width": WIDTH,
        },
    )
    density, mask = measured.density, measured.mask
    relative = None
    if name == local_ucm.NAME:
        relative = local_ucm.local_occupancy(
            density.values,
            density.voxel_size,
            mask,
            min_res=MIN_RES,
            max_res=measured.max_res,
            protein_threshold=_PROTEIN_THRESHOLD,
            f_voxel_width=WIDTH,
        )
        found.paragraphs.append(
            f"{local_ucm.PACKAGE} measured the occupancy relative to the molecule; the one against "
            "the noise, which it does not know, is built in."
        )
    occupancies = local_occupancies(
        density.values,
        density.voxel_size,
        mask,
        min_res=MIN_RES,
        max_res=measured.max_res,
        protein_threshold=_PROTEIN_THRESHOLD,
        noise_quantile=NOISE_QUANTILE,
        f_voxel_width=WIDTH,
        threads=found.task.threads,
    )
    if relative is None:
        return occupancies
    return Occupancies(relative, occupancies.against_noise, occupancies.bands)


def _judge(found: Findings, relative: float, against_noise: float) -> None:
    enough = found.judge("noise_occupancy", against_noise).passed
    found.judge(
        "occupancy", relative, detail="relative to the molecule, so that hardly any map can fail"
    )
    masked = _masked_fraction(found.task.entry)
    if masked > _MOSTLY:
        found.does_not_apply = (
            f"{100 * masked:.2f} % of the background is one exact value: the map was masked, and "
            "there is no noise left that the molecule could be held against."
        )
        found.headline = "The map was masked, so that its occupancy cannot be judged."
    elif not enough:
        found.headline = (
            f"Most of the molecule hardly rises above the noise: half of its voxels do so in "
            f"{100 * against_noise:.0f} % of the bands at most."
        )
    elif found.warnings:
        found.headline = "The local occupancy is suspiciously homogeneous."
    else:
        found.headline = "There is no problem with the local occupancy."


def _masked_fraction(entry: Entry) -> float:
    """Fraction of the map's background, before any resampling, that is one exact value."""
    background = ~entry.hard_mask()
    if not background.any():
        return 0.0
    return most_common_value(entry.density().values, background)[1]


CHECK = Check(
    code="0.g",
    name="LocOccupancy",
    label="local occupancy",
    purpose="Does every part of the molecule rise above the noise?",
    in_short="Kaur et al. 2021, and beside it an occupancy against the noise, which can fail.",
    explanation=(
        "LocOccupancy measures around each voxel how strong the map is in bands of frequency, from "
        "15 Å to the reported resolution, and counts the bands in which a voxel of the mask is not "
        "among the weakest quarter. A part that is missing from some of the particles scores "
        "lower than the rest of the molecule. The measure is relative: its mean over the mask is "
        "three quarters by definition, for noise as well as for a perfect map. Therefore a second "
        "occupancy is measured here, against the noise: the fraction of bands in which the voxel "
        "is stronger than 95 % of the background. Where there is nothing but noise it is about "
        "0.05. The verdict uses the second; the first is printed beside it."
    ),
    answer=measure_local_occupancy,
    relies_on=(Trait.DENSITY, Trait.NOISE),
    limits=(
        Limit(
            "noise_occupancy",
            0.5,
            "",
            "Lowest median against the noise",
            "The check warns when the median of the occupancy against the noise in the mask is "
            "below this.",
            "the median of the occupancy against the noise",
            ">=",
            advice=(
                "Half of the molecule can hardly be told from the background at the reported "
                "resolution: that resolution is most often too optimistic, or the contour level so "
                "low that the mask holds noise. Check the Fourier shell correlation with a mask "
                "that is not too tight, and 3D classification for a part that is missing in many "
                "particles."
            ),
        ),
        Limit(
            "occupancy",
            0.5,
            "",
            "Lowest median",
            "Median of the occupancy relative to the molecule; reported, without effect on the "
            "verdict.",
            "the median of the local occupancy",
            ">=",
            role="advice",
            advice=(
                "Relative to the rest of the molecule more than half of the voxels are weak: a few "
                "dense parts, such as a metal or a nucleic acid, dominate, or a part is missing "
                "from many particles: 3D classification can tell."
            ),
        ),
    ),
    references=(KAUR_2021,),
    engines=(BUILTIN, local_ucm.NAME),
    external=lambda _: (local_ucm.availability(),),
    differs=(
        "The service judges the occupancy relative to the molecule, whose mean in the mask is "
        "0.75 for any map, noise included. It is printed; the verdict uses an occupancy against "
        "the noise of the background, which can fail."
    ),
)
