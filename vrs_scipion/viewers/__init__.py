"""Viewers of the protocols' results: thin, each in a process of its own."""

from vrs_scipion.viewers.viewer_check import VrsCheckOutcomeViewer, VrsCheckViewer
from vrs_scipion.viewers.viewer_map import (
    VrsEntryViewer,
    VrsImportMapViewer,
    VrsPrepareViewer,
    VrsVolumeViewer,
)
from vrs_scipion.viewers.viewer_report import VrsReportObjectViewer, VrsReportViewer

__all__ = [
    "VrsCheckOutcomeViewer",
    "VrsCheckViewer",
    "VrsEntryViewer",
    "VrsImportMapViewer",
    "VrsPrepareViewer",
    "VrsReportObjectViewer",
    "VrsReportViewer",
    "VrsVolumeViewer",
]
