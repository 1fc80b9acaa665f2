"""The sentences of every report that no check writes: its context and its own references."""

from __future__ import annotations

from vrs_scipion.results.model import Reference

VRS = Reference(
    key="vrs",
    text=(
        "Sorzano, C. O. S., Vilas, J. L., Ramírez-Aportela, E., Krieger, J., del Hoyo, D., "
        "Herreros, D. et al. (2022). Image processing tools for the validation of CryoEM maps. "
        "Faraday Discussions 240, 210–227."
    ),
    doi="10.1039/D2FD00059H",
)
SCIPION = Reference(
    key="scipion",
    text=(
        "de la Rosa-Trevín, J. M., Quintana, A., del Cano, L., Zaldívar, A., Foche, I., "
        "Gutiérrez, J. et al. (2016). Scipion: a software framework toward integration, "
        "reproducibility and validation in 3D electron microscopy. Journal of Structural "
        "Biology 195, 93–99."
    ),
    doi="10.1016/j.jsb.2016.04.001",
)
SCIPION3 = Reference(
    key="scipion3",
    text=(
        "Conesa, P., Fonseca, Y. C., Jiménez de la Morena, J., Sharov, G., "
        "de la Rosa-Trevín, J. M., Cuervo, A. et al. (2023). Scipion3: a workflow engine for "
        "cryo-electron microscopy image processing and structural biology. Biological "
        "Imaging 3, e13."
    ),
    doi="10.1017/S2633903X23000132",
)
REFERENCES = (VRS, SCIPION, SCIPION3)

CONTEXT = (
    (
        "A cryo-EM map is an estimate, made from very noisy images. How far it can be trusted "
        "cannot be read off the map at a glance, and the resolution that goes with it is a single "
        "number that says little about where the map is sound and where it is not. This report "
        "puts the map through a fixed series of measurements, holds each one against a limit that "
        "is stated beside it, and shows the pictures and numbers from which a reader can reach a "
        "judgement of their own. A warning asks for a closer look; it does not condemn a map.",
        (),
    ),
    (
        "What can be checked depends on what was provided, and the validation level says what "
        "that was. The scheme and the reasons for it are described by Sorzano et al.",
        (VRS,),
    ),
    (
        "The analyses run as protocols of Scipion, which records every step with its parameters "
        "so that they can be repeated.",
        (SCIPION, SCIPION3),
    ),
)
"""Paragraphs, each with the references that it cites."""

LEVELS = (
    ("0", "the map alone"),
    ("1", "also its two half maps"),
    ("2", "also the 2D classes"),
    ("3", "also the particle images"),
    ("4", "also the orientation assigned to each particle"),
    ("5", "also the micrographs and the particles' coordinates in them"),
)
QUALIFIERS = (
    ("A", "an atomic model was provided"),
    ("W", "the image-processing workflow was provided"),
    ("O", "results of other techniques were provided"),
)


def level_in_words(level: str) -> str:
    """What a grade such as '0' or '5AW' says was provided.

    Examples
    --------
    >>> level_in_words("0")
    'the map alone'
    """
    digits = level.rstrip("AWO")
    qualifiers = level[len(digits) :]
    known = dict((*LEVELS, *QUALIFIERS))
    return "; ".join(known[mark] for mark in (digits, *qualifiers) if mark in known)
