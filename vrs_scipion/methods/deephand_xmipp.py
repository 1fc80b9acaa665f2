"""DeepHand by Xmipp: the chain of its protocol ``XmippProtDeepHand``, run and read.

García Condado et al. (2022), doi 10.1016/j.jsb.2022.107915. The map is brought to voxels of 1 Å
and low-passed to 5 Å; one network finds α-helices in the mask, another tells the hand at each.
"""

from __future__ import annotations

import math
import tempfile
from pathlib import Path

from vrs_scipion.methods.deep_learning_toolkit import Chain, Step, Tools
from vrs_scipion.methods.xmipp import HAND_ENVIRONMENT, XmippError, as_volume

RESIZE = "xmipp_image_resize"
THRESHOLD = "xmipp_transform_threshold"
FILTER = "xmipp_transform_filter"
PROGRAM = "xmipp_deep_hand"

ALPHA_MODEL, HAND_MODEL = "5A_SSE_experimental.pth", "5A_TL_hand_alpha.pth"

DEEPHAND = Chain(
    method="DeepHand",
    programs=(RESIZE, THRESHOLD, FILTER, PROGRAM),
    main=PROGRAM,
    kind="deepHand",
    networks=(ALPHA_MODEL, HAND_MODEL),
    conda=HAND_ENVIRONMENT,
    modules=("torch", "xmipp_base", "xmippLib"),
    settings={},
)

ALPHA_THRESHOLD = 0.7
LOW_PASS = 5.0
TIMEOUT_SECONDS = 3600.0

_INPUT, _RESIZED, _MASK, _FILTERED = "map.mrc", "resizedVol.mrc", "mask.mrc", "filteredVol.mrc"
_EXTRA, _ANSWER = "extra", "hand.txt"
_NOTHING = "None"


def deephand(
    tools: Tools,
    map_path: Path,
    voxel_size: float,
    contour: float,
    *,
    threads: int = 1,
    timeout_s: float = TIMEOUT_SECONDS,
) -> float | None:
    """The hand of a map: 0 right hand, 1 mirrored.

    Parameters
    ----------
    tools : what ``DEEPHAND`` needs
    map_path : the map as an MRC file with the axes in the order x, y, z
    voxel_size : Å; the program takes voxels for cubes
    contour : level above which the molecule is
    threads : how many threads a program may use
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
        tools.run(steps(tools, voxel_size, contour), folder, timeout_s, threads)
        return read_answer(folder / _EXTRA / _ANSWER)


def steps(tools: Tools, voxel_size: float, contour: float) -> list[Step]:
    """The programs in their order, each with its arguments; six decimals, as the protocol has."""
    return [
        (RESIZE, ["-i", as_volume(_INPUT), "-o", _RESIZED, "--factor", f"{voxel_size:.6f}"]),
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
                *("--alphaModel", str(tools.networks[ALPHA_MODEL])),
                *("--handModel", str(tools.networks[HAND_MODEL])),
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
