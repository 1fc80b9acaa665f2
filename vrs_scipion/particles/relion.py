"""Particles of RELION: STAR files of all versions since 3.0.

Up to 3.0 one table holds everything; since 3.1 what belongs to a microscope and its settings stands
in data_optics. Angles are those of `vrs_scipion.particles.geometry`; origins are the shift that
centres the particle.

References
----------
Scheres (2012), doi:10.1016/j.jsb.2012.09.006
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vrs_scipion.files import printable
from vrs_scipion.particles.geometry import matrices
from vrs_scipion.particles.images import put_numbered_images, put_pixel_shifts
from vrs_scipion.particles.locating import Locator
from vrs_scipion.particles.star import Loop, StarFile
from vrs_scipion.particles.table import Draft, ParticleError, ParticleTable, Reals, shown

_NUMBERS: Mapping[str, str] = {
    "voltage": "rlnVoltage",
    "spherical_aberration": "rlnSphericalAberration",
    "amplitude_contrast": "rlnAmplitudeContrast",
    "box": "rlnImageSize",
    "defocus_u": "rlnDefocusU",
    "defocus_v": "rlnDefocusV",
    "defocus_angle": "rlnDefocusAngle",
    "phase_shift": "rlnPhaseShift",
    "phase_flipped": "rlnCtfDataArePhaseFlipped",
    "premultiplied": "rlnCtfDataAreCtfPremultiplied",
    "half": "rlnRandomSubset",
    "class_number": "rlnClassNumber",
    "micrograph_pixel_size": "rlnMicrographOriginalPixelSize",
    "figure_of_merit": "rlnAutopickFigureOfMerit",
}
_ANGLES = ("rlnAngleRot", "rlnAngleTilt", "rlnAnglePsi")
_SHIFTS_IN_A = ("rlnOriginXAngst", "rlnOriginYAngst")
_SHIFTS_IN_PIXELS = ("rlnOriginX", "rlnOriginY")
_COORDINATES = ("rlnCoordinateX", "rlnCoordinateY")
_PIXEL, _OLD_PIXEL = "rlnImagePixelSize", ("rlnDetectorPixelSize", "rlnMagnification")
_IMAGE, _MICROGRAPH, _GROUP = "rlnImageName", "rlnMicrographName", "rlnOpticsGroup"
_DIMENSIONS = "rlnImageDimensionality"
_MICROGRAPH_PIXEL = "rlnMicrographPixelSize"
_MICROMETRES = 1e4
_FIRST_OF_5 = 50001
_GROUP_NUMBER = re.compile(r"[0-9]{1,9}")

_IGNORED: Mapping[str, tuple[str, float]] = {
    "rlnBeamTiltX": ("beam tilt", 0),
    "rlnBeamTiltY": ("beam tilt", 0),
    "rlnMagMat00": ("anisotropic magnification", 1),
    "rlnMagMat01": ("anisotropic magnification", 0),
    "rlnMagMat10": ("anisotropic magnification", 0),
    "rlnMagMat11": ("anisotropic magnification", 1),
    "rlnCtfBfactor": ("B-factor of the CTF", 0),
    "rlnCtfScalefactor": ("scale of the CTF", 1),
}
"""What our CTF does not know: words, and the value that changes nothing."""
_IGNORED_TEXTS: Mapping[str, str] = {
    "rlnOddZernike": "antisymmetric aberrations (rlnOddZernike)",
    "rlnEvenZernike": "symmetric aberrations (rlnEvenZernike)",
    "rlnMtfFileName": "the detector's MTF",
}

_OTHER_FILES: tuple[tuple[str, str], ...] = (
    ("rlnPipeLineJobCounter", "the record of a RELION project; give the particles of one of its "
     "jobs, such as Refine3D/job029/run_data.star"),
    ("rlnJobTypeLabel", "the options of a RELION job; give the particles that it wrote, such as "
     "run_data.star beside it"),
    ("rlnReferenceImage", "a model that RELION refined, not particles; give the _data.star beside "
     "it"),
    ("rlnOrientSamplingStarFile", "the settings of a RELION refinement"),
    ("rlnHealpixOrder", "the angular sampling of a RELION refinement; give the _data.star beside "
     "it"),
    ("rlnMicrographMovieName", "a list of movies; give particles"),
    ("rlnFourierShellCorrelation", "a curve of resolution, not particles; give the _data.star of "
     "the refinement"),
    (_MICROGRAPH, "a list of micrographs without particles; give the particles extracted from "
     "them"),
)  # fmt: skip
_TOMOGRAPHY = "rlnTomo"
_EXPERIMENTAL = "rlnExperimentalDataStarFile"
_PSI_ALONE = (
    "Only angles in the plane are given, as after a 2D classification: no orientations were read."
)


def read_relion(star: StarFile, root: Path | None = None) -> ParticleTable:
    """The particles of a RELION STAR file.

    Parameters
    ----------
    star : the file
    root : the project's folder, which images are relative to; None to look for it

    Raises
    ------
    ParticleError
        If it lists no particles, holds tomograms' particles, or says what cannot be.
    """
    loop = _particles(star)
    source = _Source.of(star, loop)
    draft = Draft(star.path, loop.rows)
    _put_images(draft, source, root)
    if source.group is not None:
        names = source.group_names
        draft.put_names("group", [names[one] for one in source.group.tolist()], _GROUP)
        if not source.optics:
            draft.note(
                "Particles name optics groups and the file has no data_optics: what belongs there "
                "is not known."
            )
    _put_pixel_size(draft, source)
    for name, label in _NUMBERS.items():
        if source.has(label):
            draft.put(name, source.numbers(label), source.called(label))
    _put_pose(draft, source)
    _put_places(draft, source)
    _say_ignored(draft, source)
    return draft.table("RELION STAR", _version(star, source))


def _version(star: StarFile, source: _Source) -> str:
    """Of the program, as far as the file shows it."""
    if star.version.isdigit() and int(star.version) >= _FIRST_OF_5:
        return "5 or later"
    modern = star.version or source.optics or source.has(*_SHIFTS_IN_A)
    return "3.1 or later" if modern else "3.0 or earlier"


@dataclass(frozen=True)
class _Source:
    """The particles' table with the optics joined to it.

    Attributes
    ----------
    star, loop : the file, and its particles
    columns, texts : of the particles, by label
    optics : of a group by its number, text by label
    group : number of a particle's group, where the particles have one
    """

    star: StarFile
    loop: Loop
    columns: Mapping[str, Reals]
    texts: Mapping[str, list[str]]
    optics: Mapping[int, Mapping[str, str]]
    group: NDArray[np.int64] | None

    @classmethod
    def of(cls, star: StarFile, loop: Loop) -> _Source:
        wanted = {*_NUMBERS.values(), *_ANGLES, *_SHIFTS_IN_A, *_SHIFTS_IN_PIXELS, *_COORDINATES}
        wanted |= {_PIXEL, *_OLD_PIXEL, _GROUP, _DIMENSIONS, _MICROGRAPH_PIXEL, *_IGNORED}
        columns, texts = star.columns(
            loop,
            [label for label in loop.labels if label in wanted],
            [label for label in loop.labels if label in (_IMAGE, _MICROGRAPH)],
        )
        optics = _optics(star)
        group = columns.get(_GROUP)
        numbers = None if group is None else _groups(star, group, optics)
        return cls(star, loop, columns, texts, optics, numbers)

    @property
    def group_names(self) -> dict[int, str]:
        """By the group's number."""
        known = {n: one.get("rlnOpticsGroupName", f"group {n}") for n, one in self.optics.items()}
        numbers = [] if self.group is None else np.unique(self.group).tolist()
        return {number: f"group {number}" for number in numbers} | known

    def has(self, *labels: str) -> bool:
        """Whether every particle has values of all these, by itself or by its optics."""
        return all(label in self.columns or self._in_optics(label) for label in labels)

    def numbers(self, label: str) -> Reals:
        """A value a particle."""
        if label in self.columns:
            return self.columns[label]
        values = {number: self._number(number, label) for number in self.optics}
        if self.group is None:
            return np.full(self.loop.rows, next(iter(values.values())))
        used, inverse = np.unique(self.group, return_inverse=True)
        return np.array([values[int(one)] for one in used])[inverse]

    def vectors(self, *labels: str) -> Reals:
        """Several values a particle: shape (n, labels)."""
        return np.stack([self.numbers(label) for label in labels], axis=1)

    def called(self, *labels: str) -> str:
        """Where values stand, in words."""
        where = "" if all(label in self.columns for label in labels) else " of data_optics"
        return ", ".join(labels) + where

    def _in_optics(self, label: str) -> bool:
        joined = self.group is not None or len(self.optics) == 1
        return bool(self.optics) and joined and all(label in one for one in self.optics.values())

    def _number(self, group: int, label: str) -> float:
        text = self.optics[group][label]
        try:
            return float(text)
        except ValueError as error:
            raise ParticleError(
                self.star.path,
                f"_{label} of optics group {group} is {shown(text)}, which is no number; "
                "correct it",
            ) from error


def _particles(star: StarFile) -> Loop:
    """The loop that lists particles.

    Raises
    ------
    ParticleError
        If there is none; it says what the file is instead, where that is known.
    """
    labels: set[str] = set().union(*(block.labels for block in star.blocks))
    if any(label.startswith(_TOMOGRAPHY) for label in labels):
        raise ParticleError(
            star.path,
            "it lists particles of tomograms, whose images are volumes or tilt series; only "
            "single particles are validated here",
        )
    if any(block.pairs.get(_IMAGE) for block in star.blocks):
        raise ParticleError(star.path, "it lists one particle without a table; give a particle set")
    for wanted in (_IMAGE, _COORDINATES[0]):
        ordered = sorted(star.blocks, key=lambda block: block.name != "particles")
        for block in ordered:
            for loop in block.loops:
                if wanted in loop.labels and loop.rows:
                    return loop
                if wanted in loop.labels:
                    raise ParticleError(star.path, "its table of particles is empty; give another")
    raise ParticleError(star.path, _what_else(star, labels))


def _what_else(star: StarFile, labels: Iterable[str]) -> str:
    what = next((said for label, said in _OTHER_FILES if label in labels), "")
    if not what:
        named = ", ".join(f"data_{printable(block.name)}" for block in star.blocks[:5])
        return f"it is a STAR file without particles ({named}); give the particles of a refinement"
    data = next((b.pairs[_EXPERIMENTAL] for b in star.blocks if _EXPERIMENTAL in b.pairs), "")
    return f"it is {what}" + (
        f"; its particles are in {printable(data)}: give that" if data else ""
    )


def _optics(star: StarFile) -> dict[int, dict[str, str]]:
    """What stands in data_optics, by the number of the group."""
    block = star.block("optics")
    if block is None:
        return {}
    rows = [row for loop in block.loops for row in star.rows(loop)]
    if not block.loops and block.pairs:
        rows = [block.pairs]
    found: dict[int, dict[str, str]] = {}
    for row in rows:
        number = row.get(_GROUP, "")
        if not _GROUP_NUMBER.fullmatch(number) or int(number) in found:
            raise ParticleError(
                star.path,
                f"data_optics gives {shown(number)} as the number of a group, where every group "
                "needs one of its own; export the particles again",
            )
        found[int(number)] = row
    return found


def _groups(
    star: StarFile, group: Reals, optics: Mapping[int, Mapping[str, str]]
) -> NDArray[np.int64]:
    if not np.isfinite(group).all() or (group != np.rint(group)).any():
        raise ParticleError(star.path, f"_{_GROUP} of its particles is not always a whole number")
    numbers = group.astype(np.int64)
    unknown = set(np.unique(numbers).tolist()) - set(optics)
    if optics and unknown:
        raise ParticleError(
            star.path,
            f"its particles are of optics group {min(unknown)}, which data_optics does not list; "
            "export the particles again",
        )
    return numbers


def _put_images(draft: Draft, source: _Source, root: Path | None) -> None:
    if source.has(_DIMENSIONS) and (source.numbers(_DIMENSIONS) != 2).any():
        raise draft.refused(
            "its images are volumes (rlnImageDimensionality 3), as of tomograms; only single "
            "particles are validated here"
        )
    if _IMAGE in source.texts:
        put_numbered_images(draft, source.texts[_IMAGE], Locator(draft.source, root), _IMAGE)


def _put_pixel_size(draft: Draft, source: _Source) -> None:
    if source.has(_PIXEL):
        draft.put("pixel_size", source.numbers(_PIXEL), source.called(_PIXEL))
    elif source.has(*_OLD_PIXEL):
        detector, magnification = (source.numbers(label) for label in _OLD_PIXEL)
        with np.errstate(divide="ignore", invalid="ignore"):
            size = _MICROMETRES * detector / magnification
        draft.put("pixel_size", size, f"{source.called(*_OLD_PIXEL)} (10⁴ times their ratio)")


def _put_pose(draft: Draft, source: _Source) -> None:
    if source.has(*_ANGLES):
        angles = source.vectors(*_ANGLES)
        draft.put_rotations(matrices(angles), source.called(*_ANGLES))
    elif source.has(_ANGLES[-1]):
        draft.note(_PSI_ALONE)
    if source.has(*_SHIFTS_IN_A):
        shift = source.vectors(*_SHIFTS_IN_A)
        draft.put("shift", shift, source.called(*_SHIFTS_IN_A))
        if source.has(*_SHIFTS_IN_PIXELS):
            draft.ignore("origins in pixels, beside those in Å")
    elif source.has(*_SHIFTS_IN_PIXELS):
        pixels = source.vectors(*_SHIFTS_IN_PIXELS)
        put_pixel_shifts(draft, pixels, source.called(*_SHIFTS_IN_PIXELS))


def _put_places(draft: Draft, source: _Source) -> None:
    if _MICROGRAPH in source.texts:
        draft.put_names("micrograph", source.texts[_MICROGRAPH], _MICROGRAPH)
    if source.has(*_COORDINATES):
        places = source.vectors(*_COORDINATES)
        draft.put("coordinates", places, source.called(*_COORDINATES))
    if source.has(_MICROGRAPH_PIXEL) and not draft.has("micrograph_pixel_size"):
        size = source.numbers(_MICROGRAPH_PIXEL)
        draft.put("micrograph_pixel_size", size, source.called(_MICROGRAPH_PIXEL))


def _say_ignored(draft: Draft, source: _Source) -> None:
    found = [
        words
        for label, (words, neutral) in _IGNORED.items()
        if source.has(label) and (source.numbers(label) != neutral).any()
    ]
    found += [
        words
        for label, words in _IGNORED_TEXTS.items()
        if label in source.loop.labels or any(label in one for one in source.optics.values())
    ]
    for words in dict.fromkeys(found):
        draft.ignore(words)
