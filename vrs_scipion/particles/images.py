"""What tables of several programs say of images: where they lie, and shifts in their pixels."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import PurePosixPath

import numpy as np
from numpy.typing import NDArray

from vrs_scipion.particles.locating import Locator
from vrs_scipion.particles.table import Draft, Reals, shown

_NUMBER = re.compile(r"[0-9]{1,12}")


def put_numbered_images(draft: Draft, images: Sequence[str], locator: Locator, called: str) -> None:
    """Fill a draft's images from names such as 000012@Extract/job007/stack.mrcs.

    Images are counted from 1 on; a name without a number is the first image of its file.

    Raises
    ------
    ParticleError
        If a number is none or 0, or a file's name cannot be followed.
    """
    names: dict[str, int] = {}
    which = np.empty(len(images), np.int64)
    index = np.empty(len(images), np.int64)
    for row, image in enumerate(images):
        number, at, name = image.partition("@")
        if not at:
            number, name = "1", image
        if not (_NUMBER.fullmatch(number) and int(number) > 0):
            raise draft.refused(
                f"{called} of particle {row + 1:,} is {shown(image)}; images are counted from 1 "
                "on, as in 000001@stack.mrcs"
            )
        index[row] = int(number) - 1
        which[row] = names.setdefault(name, len(names))
    put_files(draft, list(names), which, index, locator, called)


def put_files(
    draft: Draft,
    names: Sequence[str],
    which: NDArray[np.int64],
    index: NDArray[np.int64],
    locator: Locator,
    called: str,
) -> None:
    """Fill a draft's images; say which of their files were not found.

    Parameters
    ----------
    names : of the files, as written
    which, index : of a row: which of the files, and the image in it from 0 on

    Raises
    ------
    ParticleError
        If a file's name cannot be followed.
    """
    files = [locator.file(name) for name in names]
    draft.put_images(files, which, index, called)
    missing = [one.written for one in files if one.path is None]
    if missing:
        draft.note(
            f"{len(missing):,} of the {len(files):,} files of images were not found, the first of "
            f"them {shown(missing[0])}: looked {locator.places}."
        )
    for one in files:
        if one.path is not None and one.path.suffix != PurePosixPath(one.written).suffix:
            draft.note(f"{shown(one.written)} was not found and {one.path.name} was taken for it.")
            break
    repeated = len(which) - len(np.unique(which * (index.max() + 1) + index))
    if repeated:
        draft.note(
            f"{repeated:,} of the {len(which):,} particles are images that stand in the table "
            "before, as after symmetry expansion."
        )


def put_pixel_shifts(draft: Draft, pixels: Reals, called: str) -> None:
    """Fill shifts from ones in pixels of the images, shape (n, 2); without a pixel size, say so."""
    if draft.has("pixel_size"):
        size = draft.column("pixel_size")[:, None]
        draft.put("shift", pixels * size, f"{called}, in pixels")
    elif not pixels.any():
        draft.put("shift", pixels, f"{called}, all 0")
    else:
        draft.note(
            f"Shifts ({called}) are in pixels and no pixel size is given: they were not read."
        )
