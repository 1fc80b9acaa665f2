"""Do a map and its half maps belong together? Pose, place, size, and what was done to the map."""

from vrs_scipion.methods.belonging.cubes import Cube
from vrs_scipion.methods.belonging.magnification import Magnification, find_magnification
from vrs_scipion.methods.belonging.placement import Placement, find_placement
from vrs_scipion.methods.belonging.pose import POSES, PoseSearch, find_pose
from vrs_scipion.methods.belonging.shift import Shift, find_shift
from vrs_scipion.methods.belonging.transfer import (
    PASSED,
    Sharpening,
    Transfer,
    measure_transfer,
)

__all__ = [
    "PASSED",
    "POSES",
    "Cube",
    "Magnification",
    "Placement",
    "PoseSearch",
    "Sharpening",
    "Shift",
    "Transfer",
    "find_magnification",
    "find_placement",
    "find_pose",
    "find_shift",
    "measure_transfer",
]
