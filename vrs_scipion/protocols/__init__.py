"""Scipion's doors to the checks: parameters, pointers and outputs, no science.

Scipion looks for protocols among the names here.
"""

from vrs_scipion.protocols.protocol_checks import *  # noqa: F403
from vrs_scipion.protocols.protocol_import_map import (
    VrsProtImportHalfMaps as VrsProtImportHalfMaps,
)
from vrs_scipion.protocols.protocol_import_map import VrsProtImportMap as VrsProtImportMap
from vrs_scipion.protocols.protocol_levels import *  # noqa: F403
from vrs_scipion.protocols.protocol_prepare import *  # noqa: F403
from vrs_scipion.protocols.protocol_report import VrsProtReport as VrsProtReport
from vrs_scipion.protocols.protocol_validate import VrsProtValidate as VrsProtValidate
