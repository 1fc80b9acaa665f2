"""The sentences of every report that no check writes: its context and its own references."""

from __future__ import annotations

from vrs_scipion.report.rates import rate_table
from vrs_scipion.results.model import Reference

VRS = Reference(
    key="Sorzano2022",
    authors=(
        "Sorzano, C. O. S.",
        "Vilas, J. L.",
        "Ramírez-Aportela, E.",
        "Krieger, J.",
        "del Hoyo, D.",
        "Herreros, D.",
        "others",
    ),
    year=2022,
    title="Image processing tools for the validation of CryoEM maps",
    journal="Faraday Discussions",
    volume="240",
    pages="210–227",
    doi="10.1039/D2FD00059H",
)
SCIPION = Reference(
    key="delaRosaTrevin2016",
    authors=(
        "de la Rosa-Trevín, J. M.",
        "Quintana, A.",
        "del Cano, L.",
        "Zaldívar, A.",
        "Foche, I.",
        "Gutiérrez, J.",
        "others",
    ),
    year=2016,
    title="Scipion: a software framework toward integration, reproducibility and validation in 3D "
    "electron microscopy",
    journal="Journal of Structural Biology",
    volume="195",
    pages="93–99",
    doi="10.1016/j.jsb.2016.04.001",
)
SCIPION3 = Reference(
    key="Conesa2023",
    authors=(
        "Conesa, P.",
        "Fonseca, Y. C.",
        "Jiménez de la Morena, J.",
        "Sharov, G.",
        "de la Rosa-Trevín, J. M.",
        "Cuervo, A.",
        "others",
    ),
    year=2023,
    title="Scipion3: a workflow engine for cryo-electron microscopy image processing and "
    "structural biology",
    journal="Biological Imaging",
    volume="3",
    pages="e13",
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


def catalogue() -> str:
    """How the maps were made that say how often a verdict is right."""
    made = rate_table()
    return (
        "How often each verdict is right was measured by validating maps whose truth is known, "
        f"with version {made.vrs_version} and the built-in engines: {made.good_maps}, and maps of "
        "the same kind with one defect each, of the size that is named. Simulated maps are kinder "
        "than real ones: take the shares as upper bounds of what a verdict is worth. The catalogue "
        f"is {made.program} of the package's source."
    )


DIFFERENCES = (
    "A check whose program crashed counts as evaluable and not passed; the service drops it from "
    "the score, so that a crash improves the grade. Checks that could not decide, do not apply, or "
    "are not available, count in neither. The sentence of a criterion and the comparison that is "
    "evaluated come from the same data, so that they cannot disagree. Surfaces are drawn by "
    "ChimeraX where it is installed, and else by VTK."
)
"""Where the report as a whole deviates from the Validation Report Service's, and why."""
