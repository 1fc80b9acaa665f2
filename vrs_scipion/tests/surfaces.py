"""Tests in which the surfaces of a check's pictures do not matter."""

from __future__ import annotations

import unittest
from unittest import mock

from vrs_scipion.figures.isosurface.engine import EngineError


def leave_surfaces_out(test: unittest.TestCase) -> None:
    """Draw none of them until the test has ended: each takes a process and seconds."""
    undrawn = EngineError("not drawn in this test")
    patcher = mock.patch("vrs_scipion.figures.isosurface.draw_isosurface", side_effect=undrawn)
    patcher.start()
    test.addCleanup(patcher.stop)
