"""0.h Hand: is the map the molecule, or its mirror image?"""

from __future__ import annotations

from vrs_scipion import __version__
from vrs_scipion.checks.check import Check, Findings, Limit, Task
from vrs_scipion.entry.files import load_hard_mask, load_map
from vrs_scipion.entry.model import Entry
from vrs_scipion.figures.isosurface import draw_isosurface
from vrs_scipion.figures.isosurface.engine import EngineError
from vrs_scipion.maps.writing import write_volume
from vrs_scipion.methods import deephand_xmipp, xmipp
from vrs_scipion.methods.engine import BUILTIN, choose
from vrs_scipion.methods.hand import hand_score
from vrs_scipion.results import Criterion, Engine, Figure, OutputVolume, Reference, SurfaceColours
from vrs_scipion.results.numbers import number

COARSEST = 5.0
"""Resolution in Å beyond which the hand of an α-helix cannot be seen."""

UNCERTAIN = {BUILTIN: (0.3, 0.7), xmipp.NAME: (0.4, 0.6)}
"""Scores between which the report says that the hand is uncertain, by engine: the built-in network
gives such scores to maps that show no hand."""

VOLUME_FILE = "helix_confidence.mrc"
FIGURE_FILE = "helix_confidence.png"

_AXIS_ORDER = ("axes in the order", "axis order")
_SAME_VOXEL = 1e-3
_DOUBT = " Between {low:g} and {high:g} it is uncertain: α-helices should be looked at by eye."


def measure_hand(task: Task) -> Findings:
    """Answer 0.h."""
    found = Findings()
    reason = _not_applicable(task.entry)
    if reason:
        found.does_not_apply = reason
        return found
    score = _score(task, found)
    found.paragraphs += axis_order_notes(task.entry)
    found.measure("hand", score, "", "hand of the map: 0 right hand, 1 mirrored")
    if score is None:
        found.does_not_apply = (
            "No α-helix was found in the map: no voxel carries information on its hand."
        )
        return found
    _judge(task, found, score)
    return found


def axis_order_notes(entry: Entry) -> list[str]:
    """What the reader noted about an unusual order of the file's axes."""
    return [n for n in entry.source.notes if any(words in n for words in _AXIS_ORDER)]


def _not_applicable(entry: Entry) -> str:
    if entry.resolution is None:
        return "No resolution was reported: whether α-helices can be seen is not known."
    if entry.resolution > COARSEST:
        return (
            f"At the reported resolution, {number(entry.resolution)} Å, the hand of an α-helix "
            f"cannot be seen; {number(COARSEST)} Å or better is needed."
        )
    return ""


def _score(task: Task, found: Findings) -> float | None:
    """Measure with the engine asked for, and note which one that was."""
    sizes = task.entry.voxel_size
    cubic = max(sizes) - min(sizes) <= _SAME_VOXEL * max(sizes)
    if choose(task.engine, [deephand_xmipp.availability(preferred=cubic)]) == BUILTIN:
        return _builtin(task, found)
    return _xmipp(task, found, cubic)


def _builtin(task: Task, found: Findings) -> float | None:
    entry = task.entry
    result = hand_score(
        load_map(entry, task.entry_folder),
        load_hard_mask(entry, task.entry_folder),
        threads=task.threads,
    )
    found.engine = Engine(name=BUILTIN, version=__version__, weights_sha256=result.weights_sha256)
    found.measure(
        "helix_voxels",
        result.helix_voxels,
        "",
        "points of the mask, 2 Å apart, that may be on an α-helix and vote",
    )
    write_volume(
        task.folder / VOLUME_FILE,
        result.helix,
        entry.voxel_size,
        nstart=entry.nstart,
        origin=entry.origin,
    )
    found.volumes.append(
        OutputVolume(
            key="helix_confidence",
            file=VOLUME_FILE,
            description="probability that a voxel is on an α-helix, by the built-in network; 0 "
            "outside the mask",
        )
    )
    if result.score is not None:
        found.paragraphs.append(
            f"{result.helix_voxels:,} points of the mask, 2 Å apart, may be on an α-helix and "
            "vote for a hand, the more so the likelier they are. The network is this program's "
            "own, trained on simulated maps; its score is not DeepHand's, and the two are not to "
            "be compared."
        )
        _draw(task, found)
    return result.score


def _xmipp(task: Task, found: Findings, cubic: bool) -> float | None:
    entry = task.entry
    tools = deephand_xmipp.require_deephand()
    found.engine = Engine(
        name=xmipp.NAME,
        version=tools.version,
        arguments={
            "program": deephand_xmipp.PROGRAM,
            "threshold": entry.contour,
            "alphaThr": deephand_xmipp.ALPHA_THRESHOLD,
        },
    )
    if not cubic:
        found.paragraphs.append(
            "Xmipp takes voxels for cubes, which these are not: the score is not to be relied on. "
            "The built-in engine has no such limit."
        )
    found.paragraphs.append(
        "The score is that of DeepHand's networks, run by Xmipp: the mean over the voxels above "
        "the contour level that they take for α-helix."
    )
    found.measure("helix_voxels", None, "", "voxels that vote: DeepHand does not tell their number")
    return deephand_xmipp.deephand(
        tools, task.entry_folder / entry.map_file, entry.voxel_size[2], entry.contour
    )


def _draw(task: Task, found: Findings) -> None:
    entry = task.entry
    try:
        picture = draw_isosurface(
            task.entry_folder / entry.map_file,
            entry.contour,
            task.folder / FIGURE_FILE,
            colour_by=task.folder / VOLUME_FILE,
            colour_range=(0.0, 1.0),
            colour_label="Helix probability",
        )
    except (EngineError, ValueError) as error:
        found.paragraphs.append(f"The picture of where the votes are could not be drawn: {error}")
        return
    note = f" {picture.note}" if picture.note else ""
    found.paragraphs.append("{fig:helix_confidence} shows where the votes come from.")
    found.figures.append(
        Figure(
            key="helix_confidence",
            file=FIGURE_FILE,
            caption=f"Isosurface at the contour level {entry.contour:g}, coloured by the "
            "probability of an α-helix: the hand is told where it is high. Drawn by "
            f"{picture.engine_name} {picture.engine_version}.{note}",
            alt="The surface of the map from three directions, coloured by the probability of an "
            "α-helix.",
            surface=SurfaceColours(
                volume=VOLUME_FILE, label="Helix probability", low=0.0, high=1.0
            ),
        )
    )


def _judge(task: Task, found: Findings, score: float) -> None:
    service = task.limits["hand_highest_xmipp"]
    limit = task.limits["hand_highest"] if found.engine.name == BUILTIN else service
    mirrored = score >= limit
    low, high = UNCERTAIN[found.engine.name]
    uncertain = low <= score <= high
    meaning = "it is uncertain" if uncertain else "the map seems to be the mirror image"
    found.paragraphs.append(
        f"The hand is {score:.3f}, on a scale from 0, the right hand, to 1, the mirrored one."
        + (_DOUBT.format(low=low, high=high) if uncertain else "")
    )
    found.criteria.append(
        Criterion(
            key="hand_highest",
            subject="the hand",
            value=score,
            comparison="<",
            limit=limit,
            detail=meaning if mirrored else "",
        )
    )
    if limit != service:
        found.criteria.append(
            Criterion(
                key="hand_highest_fixed",
                subject="the hand",
                value=score,
                comparison="<",
                limit=service,
                role="advice",
                detail="the limit that the Validation Report Service has for DeepHand's scores",
            )
        )
    if uncertain:
        found.headline = f"The hand of the map is uncertain ({score:.3f})."
    elif mirrored:
        found.headline = f"The map seems to be mirrored (hand {score:.3f})."
    else:
        found.headline = f"The map seems to have the right hand ({score:.3f})."


CHECK = Check(
    code="0.h",
    name="Hand correction",
    purpose="Is the map the molecule, or its mirror image?",
    explanation=(
        "A reconstruction from projections is determined up to a mirror image: images alone do "
        "not tell a molecule from its reflection. α-Helices of proteins do, at 5 Å or better: they "
        "are right-handed. As in DeepHand, neural networks find α-helices and judge the hand of "
        "the density there. The score goes from 0, the right hand, to 1, the mirrored one. Only "
        "α-helices have a say: where too few points of the map look like one, as in nucleic acids, "
        "β-sheets or noise, there is no score, and the check does not apply. A score near 0.5 "
        "says that helices were found, or something like them, but that their hand could not be "
        "told: it is called uncertain, not mirrored."
    ),
    answer=measure_hand,
    limits=(
        Limit(
            "hand_highest",
            0.6,
            "",
            "Highest hand",
            "The check warns when the hand is not below this: 0 is the right hand, 1 the mirrored "
            "one. The built-in network gives less to most maps that show no hand.",
        ),
        Limit(
            "hand_highest_xmipp",
            0.5,
            "",
            "Highest hand by DeepHand",
            "The same of the scores of DeepHand's networks, run by Xmipp.",
        ),
    ),
    advice={
        "hand_highest": (
            "The map is most often the mirror image of the molecule: a model of the wrong hand "
            "refines as well as one of the right hand. Look at an α-helix, which should turn like "
            "a right-handed screw. If it does not, mirror the map and its half maps along one "
            "axis, and the orientations of the particles with them. A score that is called "
            "uncertain tells nothing."
        ),
    },
    references=(
        Reference(
            key="GarciaCondado2022",
            text="García Condado J, Muñoz-Barrutia A, Sorzano COS (2022). Automatic determination "
            "of the handedness of single-particle maps of macromolecules solved by CryoEM. "
            "Journal of Structural Biology 214, 107915.",
            doi="10.1016/j.jsb.2022.107915",
        ),
    ),
    engines=(BUILTIN, xmipp.NAME),
    external=lambda: (deephand_xmipp.availability(),),
)
