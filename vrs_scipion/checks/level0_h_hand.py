"""0.h Hand: is the map the molecule, or its mirror image?"""

from __future__ import annotations

from collections.abc import Sequence

from vrs_scipion import __version__
from vrs_scipion.checks.check import SERVICE, Check, Limit
from vrs_scipion.checks.findings import Findings
from vrs_scipion.checks.pictures import surface
from vrs_scipion.checks.task import Task
from vrs_scipion.entry.entry import Entry
from vrs_scipion.methods import deep_learning_toolkit, deephand_xmipp, xmipp
from vrs_scipion.methods.deephand_xmipp import DEEPHAND
from vrs_scipion.methods.engine import BUILTIN, Availability
from vrs_scipion.methods.hand import hand_score
from vrs_scipion.results import Engine, Reference, SurfaceColours
from vrs_scipion.results.numbers import number

COARSEST = 5.0
"""Resolution in Å beyond which the hand of an α-helix cannot be seen."""

FEWEST_VOTERS = 100
"""Points of the mask on a helix below which the built-in network's score is chance."""

_KEY, _LABEL = "helix_confidence", "Helix probability"
_AXIS_ORDER = ("axes in the order", "axis order")
_SAME_VOXEL = 1e-3
_SUFFIX = {BUILTIN: "", xmipp.NAME: "_xmipp"}


def measure_hand(task: Task) -> Findings:
    """Answer 0.h."""
    found = Findings(task)
    score = _builtin(found) if task.engine == BUILTIN else _xmipp(found)
    found.paragraphs += axis_order_notes(task.entry)
    found.measure("hand", score, "", "hand of the map: 0 right hand, 1 mirrored")
    if score is None:
        found.does_not_apply = (
            "No α-helix was found in the map: no voxel carries information on its hand."
        )
        return found
    _judge(found, score)
    return found


def axis_order_notes(entry: Entry) -> list[str]:
    """What the reader noted about an unusual order of the file's axes."""
    return [n for n in entry.map.source.notes if any(words in n for words in _AXIS_ORDER)]


def _not_applicable(entry: Entry) -> str:
    if entry.resolution is None:
        return "No resolution was reported: whether α-helices can be seen is not known."
    if entry.resolution > COARSEST:
        return (
            f"At the reported resolution, {number(entry.resolution)} Å, the hand of an α-helix "
            f"cannot be seen; {number(COARSEST)} Å or better is needed."
        )
    return ""


def _cubic_voxels(entry: Entry) -> bool:
    sizes = entry.voxel_size
    return max(sizes) - min(sizes) <= _SAME_VOXEL * max(sizes)


def _external(entry: Entry | None) -> Sequence[Availability]:
    preferred = entry is None or _cubic_voxels(entry)
    return (deep_learning_toolkit.availability(DEEPHAND, preferred),)


def _builtin(found: Findings) -> float | None:
    entry = found.task.entry
    density = entry.density()
    result = hand_score(density, entry.hard_mask(), threads=found.task.threads)
    found.engine = Engine(name=BUILTIN, version=__version__, weights_sha256=result.weights_sha256)
    found.measure(
        "helix_voxels",
        result.helix_voxels,
        "",
        "points of the mask, 2 Å apart, that may be on an α-helix and vote",
    )
    found.volume(
        _KEY,
        result.helix,
        density,
        "probability that a voxel is on an α-helix, by the built-in network; 0 outside the mask",
        kind="values",
        label=_LABEL,
        reach=(0.0, 1.0),
    )
    if result.score is not None:
        found.paragraphs.append(
            f"{result.helix_voxels:,} points of the mask, 2 Å apart, may be on an α-helix and "
            "vote for a hand, the more so the likelier they are. The network is this program's "
            "own, trained on simulated maps; its score is not DeepHand's, and the two are not to "
            "be compared."
        )
        _draw(found)
    return result.score


def _xmipp(found: Findings) -> float | None:
    entry = found.task.entry
    tools = deep_learning_toolkit.require(DEEPHAND)
    found.engine = Engine(
        name=xmipp.NAME,
        version=tools.version,
        arguments={
            "program": deephand_xmipp.PROGRAM,
            "threshold": entry.contour,
            "alphaThr": deephand_xmipp.ALPHA_THRESHOLD,
        },
    )
    if not _cubic_voxels(entry):
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
        tools,
        entry.map_path,
        entry.voxel_size[2],
        entry.contour,
        threads=found.task.threads,
    )


def _draw(found: Findings) -> None:
    file = found.volumes[-1].file
    drawn = surface(
        found,
        _KEY,
        found.task.entry.map_path,
        "The surface of the map from three directions, coloured by the probability of an α-helix.",
        colours=found.task.folder / file,
        kept=SurfaceColours(volume=file, label=_LABEL, low=0.0, high=1.0),
        coloured_by="probability of an α-helix: the hand is told where it is high",
    )
    if drawn:
        found.paragraphs.append(f"{{fig:{_KEY}}} shows where the votes come from.")


def _judge(found: Findings, score: float) -> None:
    suffix = _SUFFIX[found.engine.name]
    right, mirrored = (found.task.limit(f"hand_{end}{suffix}") for end in ("right", "highest"))
    found.paragraphs.append(
        f"The hand is {score:.3f}, on a scale from 0, the right hand, to 1, the mirrored one."
    )
    found.cannot_tell = _doubt(found, score, right, mirrored)
    if found.cannot_tell:
        found.headline = f"The hand of the map cannot be told ({score:.3f})."
        return
    is_mirrored = score >= mirrored
    found.judge(
        f"hand_highest{suffix}",
        score,
        detail="the map seems to be the mirror image" if is_mirrored else "",
    )
    found.headline = (
        f"The map seems to be mirrored (hand {score:.3f})."
        if is_mirrored
        else f"The map seems to have the right hand ({score:.3f})."
    )


def _doubt(found: Findings, score: float, right: float, mirrored: float) -> str:
    """Why the score does not tell the hand; '' where it does."""
    if right < score < mirrored:
        return (
            f"The hand, {score:.3f}, lies between {number(right)} and {number(mirrored)}, where "
            "scores of both hands lie: look at the α-helices by eye."
        )
    voters = found.measurements["helix_voxels"].value
    if voters is not None and voters < FEWEST_VOTERS:
        return (
            f"Only {voters:,} points of the map may be on an α-helix; a score of fewer than "
            f"{FEWEST_VOTERS} is chance."
        )
    return ""


_MIRRORED = (
    "The map is most often the mirror image of the molecule: a model of the wrong hand "
    "refines as well as one of the right hand. Look at an α-helix, which should turn like "
    "a right-handed screw. If it does not, mirror the map and its half maps along one "
    "axis, and the orientations of the particles with them."
)

CHECK = Check(
    code="0.h",
    name="Hand correction",
    label="hand",
    purpose="Is the map the molecule, or its mirror image?",
    in_short=(
        "A network of our own votes at the α-helices, in seconds and without a GPU; its model "
        "card is ``vrs_scipion/methods/weights/hand.md``, its training is in ``training/``. "
        "Where too little looks like a helix the check does not apply; a score from 0.3 to 0.7 "
        "is no verdict."
    ),
    explanation=(
        "A reconstruction from projections is determined up to a mirror image: images alone do "
        "not tell a molecule from its reflection. α-Helices of proteins do, at 5 Å or better: they "
        "are right-handed. As in DeepHand, neural networks find α-helices and judge the hand of "
        "the density there. The score goes from 0, the right hand, to 1, the mirrored one. Only "
        "α-helices have a say: where too few points of the map look like one, as in nucleic acids, "
        "β-sheets or noise, there is no score, and the check does not apply. A score near 0.5 "
        "says that helices were found, or something like them, but that their hand could not be "
        "told: the check cannot tell then."
    ),
    answer=measure_hand,
    applies=_not_applicable,
    limits=(
        Limit(
            "hand_highest",
            0.7,
            "",
            "Highest hand",
            "The check warns when the hand is not below this: 0 is the right hand, 1 the mirrored "
            "one. The built-in network gives less to maps that show no hand.",
            "the hand",
            "<",
            advice=_MIRRORED,
            service=0.5,
            service_words=f"the limit that {SERVICE} has for DeepHand's scores",
        ),
        Limit(
            "hand_right",
            0.3,
            "",
            "Hand that is surely right",
            "Between this and the highest hand the check cannot tell.",
            "the hand",
            "<=",
            role="advice",
        ),
        Limit(
            "hand_highest_xmipp",
            0.6,
            "",
            "Highest hand by DeepHand",
            "The same of the scores of DeepHand's networks, run by Xmipp.",
            "the hand",
            "<",
            advice=_MIRRORED,
            service=0.5,
        ),
        Limit(
            "hand_right_xmipp",
            0.4,
            "",
            "Hand by DeepHand that is surely right",
            "Between this and the highest hand by DeepHand the check cannot tell.",
            "the hand",
            "<=",
            role="advice",
        ),
    ),
    references=(
        Reference(
            key="GarciaCondado2022",
            authors=("García Condado, J.", "Muñoz-Barrutia, A.", "Sorzano, C. O. S."),
            year=2022,
            title="Automatic determination of the handedness of single-particle maps of "
            "macromolecules solved by CryoEM",
            journal="Journal of Structural Biology",
            volume="214",
            pages="107915",
            doi="10.1016/j.jsb.2022.107915",
        ),
    ),
    engines=(BUILTIN, xmipp.NAME),
    external=_external,
    differs=(
        "The order of the axes in the file is honoured before the hand is judged: ignoring it "
        "mirrors the map. Without an α-helix there is no score. The built-in network is not "
        "DeepHand, and its scores are not the service's: between 0.3 and 0.7 (0.4 and 0.6 by "
        "DeepHand), and where fewer than a hundred points vote, the check cannot tell, which is "
        "never a pass. The service's limit, 0.5, is printed beside it."
    ),
)
