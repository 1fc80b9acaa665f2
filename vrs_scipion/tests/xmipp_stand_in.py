"""Machines with and without Xmipp, whatever the one that runs the tests has."""

from __future__ import annotations

import os
import sys
import tempfile
import unittest
from collections.abc import Iterable
from pathlib import Path
from unittest import mock

from vrs_scipion.methods.xmipp import HOME_VARIABLE


class StandInTest(unittest.TestCase):
    """Starts without Xmipp; stand-ins for its programs can be installed."""

    def setUp(self) -> None:
        kept = tempfile.TemporaryDirectory()
        self.addCleanup(kept.cleanup)
        self.folder = Path(kept.name)
        self.home, self.log = self.folder / "xmipp-3.25.06", self.folder / "log"
        for patch in (
            mock.patch.dict(os.environ, {"PATH": "/usr/bin:/bin"}),
            mock.patch.dict(sys.modules, {"xmipp3": None}),
        ):
            patch.start()
            self.addCleanup(patch.stop)
        os.environ.pop(HOME_VARIABLE, None)

    def install_stand_ins(
        self, programs: Iterable[str], script: str, kind: str, models: Iterable[str]
    ) -> None:
        """Put ``script`` under each program's name, and files under the models' names."""
        (self.home / "bin").mkdir(parents=True, exist_ok=True)
        for name in programs:
            path = self.home / "bin" / name
            path.write_text(script)
            path.chmod(0o755)
        folder = self.home / "models" / kind
        for name in models:
            folder.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(b"weights")
        os.environ[HOME_VARIABLE] = str(self.home)
