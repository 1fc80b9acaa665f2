"""LocBfactor and LocOccupancy by their authors' package, scipion-em-ucm, called as it is.

It takes cubic boxes only, and several gigabytes for large ones. Kaur et al. 2021,
doi 10.1038/s41467-021-21509-5.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from typing import Any

import numpy as np

from vrs_scipion.maps.density import Mask, Triple, Volume
from vrs_scipion.methods.engine import Availability, EngineUnavailableError
from vrs_scipion.methods.local_sweep import (
    MIN_RES,
    WIDTH,
    NotMeasurableError,
    background,
    everywhere_else_nan,
    require_sweep,
)

NAME = "ucm"
PACKAGE = "scipion-em-ucm"
ADVICE = f"pip install {PACKAGE}"

_MODULE = "ucm.computations"
_SAME = 1e-4


def availability() -> Availability:
    """Whether the package is here, with its version or how to get it.

    'auto' does not take it: the built-in engine gives the same numbers faster.
    """
    found = find_spec("ucm") is not None
    return Availability(NAME, found, package_version() if found else ADVICE, preferred=False)


def package_version() -> str:
    """The package's version; '' where it is not installed."""
    try:
        return version(PACKAGE)
    except PackageNotFoundError:
        return ""


def require_cubic(values: Volume, voxel_size: Triple) -> None:
    """Refuse what the package does not take.

    Raises
    ------
    EngineUnavailableError
        if box or voxels are not cubic.
    """
    if len(set(values.shape)) > 1 or max(voxel_size) > min(voxel_size) * (1 + _SAME):
        raise EngineUnavailableError(
            f"{PACKAGE} takes cubic boxes with cubic voxels only; the built-in engine takes any"
        )


def local_bfactor(
    values: Volume,
    voxel_size: Triple,
    mask: Mask,
    *,
    min_res: float = MIN_RES,
    max_res: float,
    num_points: int = 10,
    noise_threshold: float = 0.9,
    f_voxel_width: float = WIDTH,
    only_above_noise: bool = False,
    threads: int = 1,
) -> Volume:
    """As ``vrs_scipion.methods.locbfactor.local_bfactor``, by the package.

    Raises
    ------
    NotMeasurableError
        if there is nothing to measure (see ``require_sweep``).
    EngineUnavailableError
        if the package is not here, or box or voxels are not cubic.
    """
    bfactor = _function("bfactor")
    _require_measurable(values, voxel_size, mask, min_res, max_res)
    background(mask)
    found = bfactor(
        values.copy(),
        mask,
        voxel_size[0],
        min_res,
        max_res,
        num_points,
        noise_threshold,
        f_voxel_width,
        only_above_noise,
        threads,
    )
    return everywhere_else_nan(np.asarray(found)[mask], mask)


def local_occupancy(
    values: Volume,
    voxel_size: Triple,
    mask: Mask,
    *,
    min_res: float = MIN_RES,
    max_res: float,
    protein_threshold: float = 0.25,
    f_voxel_width: float = WIDTH,
    threads: int = 1,
) -> Volume:
    """As ``vrs_scipion.methods.lococcupancy.local_occupancy``, by the package, in one thread.

    Raises
    ------
    NotMeasurableError
        if there is nothing to measure (see ``require_sweep``).
    EngineUnavailableError
        if the package is not here, or box or voxels are not cubic.
    """
    occupancy = _function("occupancy")
    _require_measurable(values, voxel_size, mask, min_res, max_res)
    found = occupancy(
        values.copy(), mask, voxel_size[0], min_res, max_res, protein_threshold, f_voxel_width
    )
    return everywhere_else_nan(np.asarray(found)[mask], mask)


def _require_measurable(
    values: Volume, voxel_size: Triple, mask: Mask, min_res: float, max_res: float
) -> None:
    require_cubic(values, voxel_size)
    require_sweep(values, voxel_size, mask, min_res, max_res)
    if not values.any():
        raise NotMeasurableError("the map is zero everywhere: it has no amplitudes")


def _function(name: str) -> Callable[..., Any]:
    try:
        function: Callable[..., Any] = getattr(import_module(_MODULE), name)
    except (ImportError, AttributeError) as error:
        raise EngineUnavailableError(f"{NAME} is not available here: {ADVICE}") from error
    return function
