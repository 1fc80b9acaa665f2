"""DeepRes by Xmipp: the chain of its protocol ``XmippProtDeepRes``, run and read.

Ramírez-Aportela et al. (2019), doi 10.1107/S2052252519011692. Map and mask are brought to voxels
of 1 Å, or 0.5 Å for the fine range, and a network answers for every second voxel. Numbers are
taken from what the network's program writes, ``deepRes_resolution.vol``. The protocol goes on to
bring that to the map's voxels, which comes out a voxel short and with ringing outside the mask:
that step is left out, and the answers are interpolated here.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vrs_scipion.files import InputError
from vrs_scipion.maps.density import Mask, Volume
from vrs_scipion.maps.reading import read_density
from vrs_scipion.maps.trilinear import interpolate
from vrs_scipion.methods.deep_learning_toolkit import Chain, Step, Tools
from vrs_scipion.methods.xmipp import RESOLUTION_ENVIRONMENT, XmippError, as_volume

MORPHOLOGY = "xmipp_transform_morphology"
OPERATE = "xmipp_image_operate"
RESIZE = "xmipp_image_resize"
FILTER = "xmipp_transform_filter"
THRESHOLD = "xmipp_transform_threshold"
PROGRAM = "xmipp_deepRes_resolution"
CONVERT = "xmipp_image_convert"

TIMEOUT_SECONDS = 4 * 3600.0
"""Half an hour is usual without a graphics card."""

_MAP, _MASK = "map.mrc", "mask.mrc"
_DILATED, _MASKED = "tmp/Mask_dilate.vol", "tmp/operateVolume.vol"
_BINARY, _ORIGINAL = "tmp/binaryMask.vol", "extra/originalVolume.vol"
_ANSWER, _READABLE = "extra/deepRes_resolution.vol", "extra/deepRes_resolution.mrc"
_BEGINS = 0.15
_HALF = 0.5


@dataclass(frozen=True)
class Range:
    """What one of DeepRes' networks answers.

    Attributes
    ----------
    finest, coarsest : Å
    voxel : of what it sees, Å
    model : its file
    keyword : what the program calls it
    """

    finest: float
    coarsest: float
    voxel: float
    model: str
    keyword: str


USUAL = Range(2.5, 13.0, 1.0, "model_w13.h5", "default")
FINE = Range(1.5, 6.0, 0.5, "model_w7.h5", "highRes")

DEEPRES = Chain(
    method="DeepRes",
    programs=(MORPHOLOGY, OPERATE, RESIZE, FILTER, THRESHOLD, PROGRAM, CONVERT),
    main=PROGRAM,
    kind="deepRes",
    networks=(USUAL.model, FINE.model),
    conda=RESOLUTION_ENVIRONMENT,
    modules=("tensorflow", "xmipp_base", "xmippLib"),
    settings={"TF_FORCE_GPU_ALLOW_GROWTH": "true"},
)


@dataclass(frozen=True)
class DeepResAnswer:
    """What DeepRes answered.

    Attributes
    ----------
    values : Å, every voxel of its own grid that has a resolution, shape (n,)
    volume : Å, float32 on the map's grid, interpolated; NaN where there is none
    """

    values: NDArray[np.float32]
    volume: Volume


def range_for(resolution: float) -> Range:
    """The fine range for maps that are finer than the usual one begins."""
    return FINE if resolution < USUAL.finest else USUAL


def deepres(
    tools: Tools,
    map_path: Path,
    mask_path: Path,
    mask: Mask,
    voxel_size: float,
    wanted: Range,
    *,
    threads: int = 1,
    timeout_s: float = TIMEOUT_SECONDS,
) -> DeepResAnswer:
    """Local resolution of a map by DeepRes.

    Parameters
    ----------
    tools : what ``DEEPRES`` needs
    map_path, mask_path : MRC files with the axes in the order x, y, z
    mask : bool array (nz, ny, nx), what the mask's file holds
    voxel_size : Å; the programs take voxels for cubes
    wanted : which network
    threads : how many threads a program may use
    timeout_s : seconds after which a program is killed

    Raises
    ------
    XmippError
        if a program fails, or what it wrote makes no sense.
    """
    with tempfile.TemporaryDirectory(prefix="vrs_deepres_") as name:
        folder = Path(name)
        # a path of the user's may hold '@' or ':', which Xmipp reads as parts of its own
        (folder / _MAP).symlink_to(map_path.resolve())
        (folder / _MASK).symlink_to(mask_path.resolve())
        for inner in ("tmp", "extra"):
            (folder / inner).mkdir()
        tools.run(steps(voxel_size, wanted), folder, timeout_s, threads)
        answers = _read(folder / _READABLE, mask.shape, voxel_size, wanted)
    values = answers[answers > 0]
    if not values.size:
        raise XmippError(f"{PROGRAM} gave no voxel a resolution")
    return DeepResAnswer(values, _on_the_maps_grid(answers, mask))


def steps(voxel_size: float, wanted: Range) -> list[Step]:
    """The programs in their order, each with its arguments."""
    chain: list[Step] = [
        (
            MORPHOLOGY,
            [
                *("-i", as_volume(_MASK), "-o", _DILATED),
                *("--binaryOperation", "dilation", "--size", "1"),
            ],
        ),
        (OPERATE, ["-i", as_volume(_MAP), "--mult", _DILATED, "-o", _MASKED]),
    ]
    pairs = ((as_volume(_MASK), _BINARY), (_MASKED, _ORIGINAL))
    factor = ("--factor", _factor(voxel_size, wanted))
    low_pass = ("--fourier", "low_pass", f"{voxel_size / (2 * wanted.voxel):.6f}")
    for source, target in pairs:
        if voxel_size > wanted.voxel:
            chain.append((RESIZE, ["-i", source, "-o", target, *factor]))
        else:
            chain.append((FILTER, ["-i", source, "-o", target, *low_pass]))
            chain.append((RESIZE, ["-i", target, *factor]))
    return [
        *chain,
        (
            THRESHOLD,
            [
                *("-i", _BINARY, "-o", _BINARY),
                *("--select", "below", f"{_BEGINS:.6f}", "--substitute", "binarize"),
            ],
        ),
        (
            PROGRAM,
            [
                *("-dl", wanted.keyword, "-i", _ORIGINAL, "-m", _BINARY),
                *("-s", f"{voxel_size:.6f}", "-o", _ANSWER),
            ],
        ),
        (CONVERT, ["-i", _ANSWER, "-o", _READABLE, "-t", "vol"]),
    ]


def _read(path: Path, box: tuple[int, ...], voxel_size: float, wanted: Range) -> Volume:
    try:
        answers = read_density(path, wanted.voxel).values
    except (InputError, OSError) as error:
        raise XmippError(f"what {PROGRAM} wrote cannot be read: {error}") from error
    expected = tuple(resized(n, _factor(voxel_size, wanted)) for n in box)
    if answers.shape != expected:
        raise XmippError(f"{PROGRAM} wrote {answers.shape} voxels where {expected} were expected")
    if not np.isfinite(answers).all() or answers.max() > wanted.coarsest:
        raise XmippError(f"{PROGRAM} wrote numbers that are no resolutions of its range")
    return answers


def resized(voxels: int, factor: str) -> int:
    """How many voxels Xmipp makes of so many: its factor is a 32-bit float, the product is cut."""
    return int(voxels * float(np.float32(factor)))


def _factor(voxel_size: float, wanted: Range) -> str:
    return f"{voxel_size / wanted.voxel:.6f}"


def _on_the_maps_grid(answers: Volume, mask: Mask) -> Volume:
    """Answers between voxels of its grid; Xmipp's resizing keeps voxel N // 2 where it is."""
    positions = tuple(
        np.clip((np.arange(n) - n // 2) * (m / n) + m // 2, 0, m - 1)
        for n, m in zip(mask.shape, answers.shape, strict=True)
    )
    known = interpolate((answers > 0).astype(np.float32), positions)
    total = interpolate(np.maximum(answers, 0), positions)
    volume: Volume = np.full(mask.shape, np.nan, np.float32)
    there = mask & (known >= _HALF)
    volume[there] = total[there] / known[there]
    return volume
