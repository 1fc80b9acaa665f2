"""DeepHand by Xmipp: the chain of its protocol ``XmippProtDeepHand``, run and read.

García Condado et al. (2022), doi 10.1016/j.jsb.2022.107915. The map is brought to voxels of 1 Å
and low-passed to 5 Å; one network finds α-helices in the mask, another tells the hand at each.
"""

from __future__ import annotations

import math
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from vrs_scipion.methods.deep_learning_toolkit import (
    chain_availability,
    find_chain,
    in_environment,
    require_chain,
    version_of,
)
from vrs_scipion.methods.engine import Availability
from vrs_scipion.methods.xmipp import XmippError, XmippProgram, run_xmipp

RESIZE = "xmipp_image_resize"
THRESHOLD = "xmipp_transform_threshold"
FILTER = "xmipp_transform_filter"
PROGRAM = "xmipp_deep_hand"
PROGRAMS = (RESIZE, THRESHOLD, FILTER, PROGRAM)

ALPHA_MODEL, HAND_MODEL = "5A_SSE_experimental.pth", "5A_TL_hand_alpha.pth"
MODEL_ADVICE = "scipion3 installb deepLearningToolkit installs DeepHand's networks and environment"

ALPHA_THRESHOLD = 0.7
LOW_PASS = 5.0
TIMEOUT_SECONDS = 3600.0

_INPUT, _RESIZED, _MASK, _FILTERED = "map.mrc", "resizedVol.mrc", "mask.mrc", "filteredVol.mrc"
_EXTRA, _ANSWER = "extra", "hand.txt"
_KIND, _ENVIRONMENT = "deepHand", "xmipp_pyTorch"
_NOTHING = "None"


@dataclass(frozen=True)
class DeepHand:
    """All that the chain needs.

    Attributes
    ----------
    programs : by name
    alpha_model, hand_model : the two networks
    """

    programs: Mapping[str, XmippProgram]
    alpha_model: Path
    hand_model: Path

    @property
    def version(self) -> str:
        """Of Xmipp, 'unknown' where nothing tells it."""
        return version_of(self.programs, PROGRAM)


def find_deephand() -> DeepHand:
    """The programs and networks.

    Raises
    ------
    MissingError
        if something is missing, with how to get it.
    """
    programs, (alpha, hand) = find_chain(
        PROGRAMS, PROGRAM, _KIND, (ALPHA_MODEL, HAND_MODEL), MODEL_ADVICE
    )
    programs[PROGRAM] = in_environment(programs[PROGRAM], _ENVIRONMENT)
    return DeepHand(programs, alpha, hand)


def availability(*, preferred: bool = True) -> Availability:
    """Whether Xmipp's DeepHand is here, with its version or how to get it."""
    return chain_availability(find_deephand, "DeepHand", preferred)


def require_deephand() -> DeepHand:
    """The programs and networks.

    Raises
    ------
    EngineUnavailableError
        if something is missing, with how to get it.
    """
    return require_chain(find_deephand)


def deephand(
    tools: DeepHand,
    map_path: Path,
    voxel_size: float,
    contour: float,
    *,
    timeout_s: float = TIMEOUT_SECONDS,
) -> float | None:
    """The hand of a map: 0 right hand, 1 mirrored.

    Parameters
    ----------
    tools : see ``require_deephand``
    map_path : the map as an MRC file with the axes in the order x, y, z
    voxel_size : Å; the program takes voxels for cubes
    contour : level above which the molecule is
    timeout_s : seconds after which a program is killed

    Returns
    -------
    float or None
        None if no voxel was found on an α-helix.

    Raises
    ------
    XmippError
        if a program fails, or what it wrote makes no sense.
    """
    with tempfile.TemporaryDirectory(prefix="vrs_deephand_") as name:
        folder = Path(name)
        # a path of the user's may hold '@' or ':', which Xmipp reads as parts of its own
        (folder / _INPUT).symlink_to(map_path.resolve())
        (folder / _EXTRA).mkdir()
        for program, arguments in steps(tools, voxel_size, contour):
            run_xmipp(tools.programs[program], arguments, folder, timeout_s)
        return read_answer(folder / _EXTRA / _ANSWER)


def steps(tools: DeepHand, voxel_size: float, contour: float) -> list[tuple[str, Sequence[str]]]:
    """The programs in their order, each with its arguments; six decimals, as the protocol has."""
    return [
        (RESIZE, ["-i", _INPUT, "-o", _RESIZED, "--factor", f"{voxel_size:.6f}"]),
        (
            THRESHOLD,
            [
                *("-i", _RESIZED, "-o", _MASK),
                *("--select", "below", _level(contour), "--substitute", "binarize"),
            ],
        ),
        (
            FILTER,
            [
                *("-i", _RESIZED, "-o", _FILTERED),
                *("--fourier", "low_pass", f"{LOW_PASS:.6f}", "--sampling", "1"),
            ],
        ),
        (
            PROGRAM,
            [
                *("--alphaModel", str(tools.alpha_model), "--handModel", str(tools.hand_model)),
                *("-o", _EXTRA, "--alphaThr", f"{ALPHA_THRESHOLD:.6f}"),
                *("--pathVf", _FILTERED, "--pathVmask", _MASK),
            ],
        ),
    ]


def read_answer(path: Path) -> float | None:
    """Read ``hand.txt``: a number from 0 to 1, or None where it says that there is no helix.

    Raises
    ------
    XmippError
        if the file is missing or holds anything else.
    """
    try:
        text = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise XmippError(f"{PROGRAM} wrote no answer ({path.name})") from error
    if text == _NOTHING:
        return None
    try:
        score = float(text)
    except ValueError as error:
        raise XmippError(f"{PROGRAM} wrote {text[:40]!r} where a number was expected") from error
    if not (math.isfinite(score) and 0 <= score <= 1):
        raise XmippError(f"{PROGRAM} wrote a score of {score:g}, which is not between 0 and 1")
    return score


def _level(contour: float) -> str:
    """A contour level for the command line: a small one must not become 0.000000."""
    return f"{contour:.6f}" if abs(contour) >= 1e-2 or not contour else f"{contour:.9g}"
