"""Scipion's doors to the checks: parameters, pointers and outputs, no science."""

from vrs_scipion.protocols.protocol_checks import (
    VrsProtBackground,
    VrsProtBFactor,
    VrsProtCheck,
    VrsProtDeepRes,
    VrsProtHand,
    VrsProtLocalBFactor,
    VrsProtLocalOccupancy,
    VrsProtMask,
    VrsProtMass,
)
from vrs_scipion.protocols.protocol_import_map import VrsProtImportMap
from vrs_scipion.protocols.protocol_level0 import VrsProtLevel0
from vrs_scipion.protocols.protocol_prepare import VrsProtPrepare
from vrs_scipion.protocols.protocol_report import VrsProtReport

__all__ = [
    "VrsProtBFactor",
    "VrsProtBackground",
    "VrsProtCheck",
    "VrsProtDeepRes",
    "VrsProtHand",
    "VrsProtImportMap",
    "VrsProtLevel0",
    "VrsProtLocalBFactor",
    "VrsProtLocalOccupancy",
    "VrsProtMask",
    "VrsProtMass",
    "VrsProtPrepare",
    "VrsProtReport",
]
