"""The sentences of every report that no check writes: its context and its own references."""

from __future__ import annotations

from vrs_scipion.report.context import context_table
from vrs_scipion.report.rates import rate_table
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


def phantoms() -> str:
    """How the simulated maps were made that measured values are compared with."""
    made = context_table().provenance
    ratios = " or ".join(f"{ratio:g}" for ratio in made.snr)
    return (
        "The simulated maps that some values are compared with are the package's own phantoms, "
        f"validated by version {made.vrs_version}: {made.phantoms}, with a signal-to-noise ratio "
        f"of {ratios} inside the molecule and {len(made.seeds)} random seeds each. They have "
        "neither the flexibility, the preferred orientations nor the processing of real maps: a "
        "value outside their range is unlike a clean map of helices, not wrong."
    )


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


DIFFERENCES: dict[str, str] = {
    "": (
        "A check whose program crashed counts as evaluable and not passed; the service drops it "
        "from the score, so that a crash improves the grade. Checks that do not apply, or are not "
        "available, count in neither. The sentence of a criterion and the comparison that is "
        "evaluated come from the same data, so that they cannot disagree. Surfaces are drawn by "
        "ChimeraX where it is installed, and else by VTK."
    ),
    "0.a": (
        "The centre of mass is also computed inside the mask, where densities cannot cancel, and "
        "that one is judged when the two differ by more than 1 % of the box. The service asks for "
        "20 % of the box on each side, which a box of one and a half times the molecule does not "
        "have: here 15 % are enough, and the service's limit is printed beside it. The space is "
        "also held against 30 Å."
    ),
    "0.b": (
        "The average volume of the components beyond 95 % of the mass is computed; the service "
        "divides a number by itself there, so that its criterion only asks whether a voxel is "
        "larger than 5 Å³. Specks of noise are as large as the resolution makes them: the limit "
        "grows with its cube where that is more than 5 Å³. Where no component remains the report "
        "says so."
    ),
    "0.c": (
        "Voxels are correlated, and close to the mask the molecule's own density has not died "
        "away. The service's t-test, which takes each voxel of the whole background as "
        "independent, and its ratio of outliers are printed for information; the verdict takes "
        "voxels far from the mask, the number of independent samples, and the size of the mean "
        "against σ, and whether a single wave runs through all of it, which the service does not "
        "ask. A background that is mostly one exact value was masked, and is not judged."
    ),
    "0.d": (
        "The service accepts −300 to 0 Å² at any resolution (its text names 0 to 300 Å², the same "
        "with the opposite sign). Coarse maps, well sharpened, have B-factors that a fine map "
        "never has: here the lower limit falls with the square of the resolution once that is "
        "below −300 Å², and a positive one within the errors of the fit, 1.5·d², is no "
        "oversharpening. The service's limits are printed beside ours where they differ."
    ),
    "0.e": (
        "Local resolutions of another engine than Xmipp's DeepRes are not the service's numbers: "
        "the engine that measured is named in the table of engines. The built-in one knows its "
        "errors: a voxel counts as well resolved as reported if it may be so within one and a half "
        "of its error bars, at half the filter's amplitude, in the map or, if it decays as "
        "unsharpened maps do and looks sharper then, in the flattened one. The limit on their "
        "share is the service's; its own criterion, which knows no errors, is printed beside it."
    ),
    "0.f": (
        "The map is resampled to voxels of half the reported resolution and measured inside its "
        "mask there; the built-in engine gives the numbers of the original program. The lower "
        "limit falls with the square of the resolution once that is below the service's −300 Å², "
        "which is printed beside it."
    ),
    "0.g": (
        "The service judges the occupancy relative to the molecule, whose mean in the mask is 0.75 "
        "for any map, noise included. It is printed; the verdict uses an occupancy against the "
        "noise of the background, which can fail."
    ),
    "0.h": (
        "The order of the axes in the file is honoured before the hand is judged: ignoring it "
        "mirrors the map. Without an α-helix there is no score. The built-in network is not "
        "DeepHand, and its scores are not the service's: those between 0.3 and 0.7 tell nothing, "
        "or little, and it warns from 0.6 on. The service's limit, 0.5, is printed beside it."
    ),
}
"""Where numbers or verdicts deviate from the Validation Report Service's, and why, by check."""
