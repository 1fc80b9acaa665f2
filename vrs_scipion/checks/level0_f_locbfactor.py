"""0.f LocBfactor: is every part of the map neither over- nor undersharpened?"""

from __future__ import annotations

from vrs_scipion import __version__
from vrs_scipion.checks.check import Check
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
from vrs_scipion.checks.sharpening import HIGHEST, LOWEST, judge_sharpening, sharpening_limits
from vrs_scipion.checks.task import Task
from vrs_scipion.maps.density import Volume
from vrs_scipion.methods import local_ucm, locbfactor
from vrs_scipion.methods.engine import BUILTIN
from vrs_scipion.methods.local_sweep import MIN_RES, WIDTH, NotMeasurableError
from vrs_scipion.results import Engine
from vrs_scipion.results.numbers import number

VOLUME_FILE = "bmap.mrc"

_POINTS = 10
_NOISE_THRESHOLD = 0.9
_HOMOGENEOUS = 0.01


def measure_local_b_factor(task: Task) -> Findings:
    """Answer 0.f."""
    found = Findings(task)
    try:
        measured = measurable(task.entry)
        volume = _b_factors(found, measured)
    except NotMeasurableError as error:
        found.does_not_apply = refused(error)
        return found
    local = LocalValues("b_factor", "local B-factor", "Å²", volume, ".1f")
    if not local.inside.size:
        found.does_not_apply = "No voxel of the mask has a B-factor."
        return found
    percentiles = note_percentiles(found, local, "Local B-factor in the mask")
    low, _, median, _, high = percentiles
    found.paragraphs.append(
        f"{measured.note} The fit runs over {_POINTS} bands from {number(MIN_RES)} to "
        f"{number(measured.max_res)} Å. The median of the local B-factor is {median:.1f} Å², and "
        f"95 % of the voxels lie between {low:.1f} and {high:.1f} Å² ({{tab:b_factor}}, "
        "{fig:b_factor_histogram})."
    )
    accepted = (task.limit(LOWEST, measured.max_res), task.limit(HIGHEST, measured.max_res))
    draw_distribution(found, local, percentiles, accepted)
    keep_volume(found, local, measured.density, VOLUME_FILE, (low, high))
    draw_coloured_surface(found, local, measured.density, measured.path)
    remark_if_homogeneous(found, local, percentiles, _HOMOGENEOUS)
    _judge(found, median, measured.max_res)
    return found


def _b_factors(found: Findings, measured: Measurable) -> Volume:
    """Measure with the engine chosen, and note its arguments."""
    builtin = found.task.engine == BUILTIN
    arguments = {
        "min_res": MIN_RES,
        "max_res": measured.max_res,
        "num_points": _POINTS,
        "noise_threshold": _NOISE_THRESHOLD,
        "f_voxel_width": WIDTH,
    }
    version = __version__ if builtin else local_ucm.package_version()
    found.engine = Engine(name=found.task.engine, version=version, arguments=dict(arguments))
    measure = locbfactor.local_bfactor if builtin else local_ucm.local_bfactor
    return measure(
        measured.density.values,
        measured.density.voxel_size,
        measured.mask,
        max_res=measured.max_res,
        min_res=MIN_RES,
        num_points=_POINTS,
        noise_threshold=_NOISE_THRESHOLD,
        f_voxel_width=WIDTH,
        threads=found.task.threads,
    )


def _judge(found: Findings, median: float, resolution: float) -> None:
    verdict = judge_sharpening(found, median, resolution)
    if verdict:
        found.headline = (
            f"Most of the molecule seems to be {verdict} (median local B-factor {median:.1f} Å²)."
        )
    elif found.warnings:
        found.headline = "The local B-factor is suspiciously homogeneous."
    else:
        found.headline = f"There is no problem with the local B-factor, {median:.1f} Å² (median)."


CHECK = Check(
    code="0.f",
    name="LocBfactor",
    label="local B-factor",
    purpose="Is every part of the map neither over- nor undersharpened?",
    in_short=(
        "How fast the density fades around each voxel, by Kaur et al. 2021; the numbers of the "
        "package scipion-em-ucm."
    ),
    explanation=(
        "LocBfactor measures around each voxel how strong the map is in bands of frequency, from "
        "15 Å to the reported resolution. Where the amplitude falls from band to band as "
        "exp(B/(4·d²)), d being the band's resolution, B is the local B-factor; bands lost in the "
        "noise of the background count less. By this sign convention, which is that of the "
        "Guinier plot's slope and opposite to an atom's, the more negative B is, the more that "
        "part is blurred. Medians between −300 (from 3.4 Å on, −26·d²) and 0 Å² are normal; "
        "positive ones mean that high frequencies have been amplified beyond those of a molecule."
    ),
    answer=measure_local_b_factor,
    limits=sharpening_limits(
        "median",
        "the median of the local B-factor",
        -26.0,
        0.0,
        too_low=(
            "Most of the molecule is blurred compared with its reported resolution: the map was "
            "not sharpened, or the resolution is that of its best part. Sharpen it; if the "
            "warning stays, compare with the local resolution and consider a focused refinement "
            "of the blurred part."
        ),
        too_high=(
            "High frequencies are amplified over most of the molecule: sharpen less. After a "
            "deep-learning or local sharpening this is to be expected; deposit the map before it, "
            "too."
        ),
    ),
    references=(KAUR_2021,),
    engines=(BUILTIN, local_ucm.NAME),
    external=lambda _: (local_ucm.availability(),),
    differs=(
        "The map is resampled to voxels of half the reported resolution and measured inside its "
        "mask there; the built-in engine gives the numbers of the original program. The lower "
        "limit falls with the square of the resolution once that is below the service's −300 Å², "
        "which is printed beside it."
    ),
)
