"""Scipion's doors to the checks: parameters, pointers and outputs, no science."""

from vrs_scipion.protocols.protocol_checks import (
    VrsProtBackground,
    VrsProtBFactor,
    VrsProtCheck,
    VrsProtDeepRes,
    VrsProtGlobalResolution,
    VrsProtHand,
    VrsProtLocalBFactor,
    VrsProtLocalOccupancy,
    VrsProtLookAtHalfMaps,
    VrsProtLookAtMap,
    VrsProtMask,
    VrsProtMass,
)
from vrs_scipion.protocols.protocol_import_map import VrsProtImportMap
from vrs_scipion.protocols.protocol_levels import VrsProtLevel, VrsProtLevel0, VrsProtLevel1
from vrs_scipion.protocols.protocol_prepare import (
    VrsProtPrepare,
    VrsProtPrepareHalfMaps,
    VrsProtPrepareInput,
)
from vrs_scipion.protocols.protocol_report import VrsProtReport
from vrs_scipion.protocols.protocol_validate import VrsProtValidate

__all__ = [
    "VrsProtBFactor",
    "VrsProtBackground",
    "VrsProtCheck",
    "VrsProtDeepRes",
    "VrsProtGlobalResolution",
    "VrsProtHand",
    "VrsProtImportMap",
    "VrsProtLevel",
    "VrsProtLevel0",
    "VrsProtLevel1",
    "VrsProtLocalBFactor",
    "VrsProtLocalOccupancy",
    "VrsProtLookAtHalfMaps",
    "VrsProtLookAtMap",
    "VrsProtMask",
    "VrsProtMass",
    "VrsProtPrepare",
    "VrsProtPrepareHalfMaps",
    "VrsProtPrepareInput",
    "VrsProtReport",
    "VrsProtValidate",
]
