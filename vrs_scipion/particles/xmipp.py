"""Particles of Xmipp: .xmd metadata, which are STAR files with labels of their own.

Angles are those of `vrs_scipion.particles.geometry`, shifts the one that centres the particle, in
pixels. A particle marked as flipped matches the map as its mirror image, x to −x, which is the
orientation seen from the other side: A becomes diag(−1, 1, −1)·A.

References
----------
de la Rosa-Trevín et al. (2013), doi:10.1016/j.jsb.2013.09.015
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from vrs_scipion.particles.geometry import matrices
from vrs_scipion.particles.images import put_numbered_images, put_pixel_shifts
from vrs_scipion.particles.locating import Locator
from vrs_scipion.particles.star import Loop, StarFile
from vrs_scipion.particles.table import Draft, ParticleError, ParticleTable

IMAGE = "image"

_NUMBERS: Mapping[str, str] = {
    "pixel_size": "samplingRate",
    "voltage": "ctfVoltage",
    "spherical_aberration": "ctfSphericalAberration",
    "amplitude_contrast": "ctfQ0",
    "defocus_u": "ctfDefocusU",
    "defocus_v": "ctfDefocusV",
    "defocus_angle": "ctfDefocusAngle",
    "half": "subset",
    "class_number": "ref",
    "figure_of_merit": "cost",
    "uid": "itemId",
}
_ANGLES = ("angleRot", "angleTilt", "anglePsi")
_SHIFTS, _FLIP = ("shiftX", "shiftY"), "flip"
_COORDINATES = ("xcoor", "ycoor")
_MICROGRAPH = "micrograph"
_PHASE_SHIFT = "ctfPhaseShift"
_CTF_MODEL, _ENABLED = "ctfModel", "enabled"
_MIRROR = np.diag((-1.0, 1.0, -1.0))


def read_xmipp(star: StarFile, root: Path | None = None) -> ParticleTable:
    """The particles of Xmipp metadata.

    Parameters
    ----------
    star : the file
    root : the project's folder, which images are relative to; None to look for it

    Raises
    ------
    ParticleError
        If it lists no particles, or says what cannot be.
    """
    loop = _particles(star)
    wanted = {*_NUMBERS.values(), *_ANGLES, *_SHIFTS, _FLIP, *_COORDINATES, _PHASE_SHIFT, _ENABLED}
    columns, texts = star.columns(
        loop,
        [label for label in loop.labels if label in wanted],
        [label for label in loop.labels if label in (IMAGE, _MICROGRAPH)],
    )
    draft = Draft(star.path, loop.rows)
    put_numbered_images(draft, texts[IMAGE], Locator(star.path, root), IMAGE)
    for name, label in _NUMBERS.items():
        if label in columns:
            draft.put(name, columns[label], label)
    if all(label in columns for label in _ANGLES):
        turned = matrices(np.stack([columns[label] for label in _ANGLES], axis=1))
        flipped = columns.get(_FLIP, np.zeros(loop.rows)) > 0
        turned[flipped] = _MIRROR @ turned[flipped]
        draft.put_rotations(turned, ", ".join(_ANGLES))
        if flipped.any():
            draft.note(
                f"{int(flipped.sum()):,} particles are marked as flipped; their orientations are "
                "those of the images as stored, and their shifts were taken as given before the "
                "flip."
            )
    if all(label in columns for label in _SHIFTS):
        pixels = np.stack([columns[label] for label in _SHIFTS], axis=1)
        put_pixel_shifts(draft, pixels, ", ".join(_SHIFTS))
    if _MICROGRAPH in texts:
        draft.put_names("micrograph", texts[_MICROGRAPH], _MICROGRAPH)
    if all(label in columns for label in _COORDINATES):
        places = np.stack([columns[label] for label in _COORDINATES], axis=1)
        draft.put("coordinates", places, ", ".join(_COORDINATES))
    if _PHASE_SHIFT in columns and columns[_PHASE_SHIFT].any():
        draft.ignore("phase shift (ctfPhaseShift), whose unit the file does not say")
    if _CTF_MODEL in loop.labels and "ctfDefocusU" not in columns:
        draft.ignore("CTF parameters, which stand in files of their own (ctfModel)")
    if _ENABLED in columns and (columns[_ENABLED] < 0).any():
        off = int((columns[_ENABLED] < 0).sum())
        draft.note(f"{off:,} particles are switched off in the file (enabled −1) and were read.")
    return draft.table("Xmipp metadata")


def _particles(star: StarFile) -> Loop:
    for block in star.blocks:
        for loop in block.loops:
            if IMAGE in loop.labels and loop.rows:
                return loop
    raise ParticleError(
        star.path, "it is metadata of Xmipp without particles; give those of a refinement"
    )
