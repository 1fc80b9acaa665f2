"""Tests in which the surfaces of a check's pictures do not matter."""

from __future__ import annotations

import unittest
from unittest import mock

from vrs_scipion.figures.isosurface.engine import EngineError


def leave_surfaces_out(test: unittest.TestCase) -> None:
    """Draw none of them until the test has ended: each takes a process and seconds."""
    undrawn = EngineError("not drawn in this test")
    for drawing in ("isosurface.draw_isosurface", "ribbons.draw_ribbons"):
        patcher = mock.patch(f"vrs_scipion.figures.{drawing}", side_effect=undrawn)
        patcher.start()
        test.addCleanup(patcher.stop)
