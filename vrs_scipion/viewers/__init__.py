"""Viewers of the protocols' results."""

from vrs_scipion.viewers.viewer_report import VrsReportViewer

__all__ = ["VrsReportViewer"]
