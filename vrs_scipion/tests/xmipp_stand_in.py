"""Machines with and without Xmipp, whatever the one that runs the tests has."""

from __future__ import annotations

import json
import os
import tempfile
import unittest
from collections.abc import Iterable
from pathlib import Path
from unittest import mock

from vrs_scipion.machine.scipion_plugins import Told
from vrs_scipion.methods.deep_learning_toolkit import Chain
from vrs_scipion.methods.xmipp import HOME_VARIABLE

VERSION = "6.0.0"

REFUSES = """
sys.stderr.write(
    "terminate called after throwing an instance of 'XmippError'\\n"
    "  what():  XMIPP_ERROR 27:  Incorrect file size.\\n"
    "   Image Extension: File map.mrc:mrc has wrong size.\\n"
    "Expected size (at least) 4001024 bytes. Actual size 2000000 bytes.\\n"
    "   File: /xmippCore/core/xmipp_image_extension.cpp line: 100\\n\\n"
)
sys.stderr.flush()
os.abort()
"""
"""What a program of Xmipp does to a file that was cut short (recorded of version 6.0.0)."""

NETWORKS = {".pth": b"PK\3\4 not a network", ".h5": b"\x89HDF not a network"}


class StandInTest(unittest.TestCase):
    """Starts without Xmipp and without its plugin; stand-ins can be installed."""

    def setUp(self) -> None:
        kept = tempfile.TemporaryDirectory()
        self.addCleanup(kept.cleanup)
        self.folder = Path(kept.name)
        self.home, self.log = self.folder / "xmipp3-v6" / "dist", self.folder / "log"
        self.plugin_says(None)
        patch = mock.patch.dict(os.environ, {"PATH": "/usr/bin:/bin"})
        patch.start()
        self.addCleanup(patch.stop)
        os.environ.pop(HOME_VARIABLE, None)

    def plugin_says(self, told: Told | None) -> None:
        """Let the plugin be asked in vain, or answer."""
        patch = mock.patch("vrs_scipion.methods.xmipp.ask", return_value=told)
        patch.start()
        self.addCleanup(patch.stop)

    def install_program(self, name: str, script: str) -> Path:
        """Put ``script`` where Xmipp has the program of this name, and its version beside it."""
        path = self.home / "bin" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(script)
        path.chmod(0o755)
        told = {"xmipp": {"version_number": VERSION, "version_name": "v6.0.0-Cas9"}}
        (self.home.parent / "version-info.json").write_text(json.dumps(told))
        return path

    def install_chain(
        self, chain: Chain, script: str, *, networks: bool = True, modules: Iterable[str] = ()
    ) -> None:
        """Put ``script`` under each program's name, files like networks, and Python modules."""
        for name in chain.programs:
            self.install_program(name, script)
        folder = self.home / "models" / chain.kind
        for name in chain.networks if networks else ():
            folder.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(NETWORKS[Path(name).suffix])
        bindings = self.home / "bindings" / "python"
        bindings.mkdir(parents=True, exist_ok=True)
        for name in modules or chain.modules:
            (bindings / f"{name}.py").touch()
        os.environ[HOME_VARIABLE] = str(self.home)

    def calls(self) -> list[str]:
        """How the stand-ins were called that note it in ``self.log``."""
        return [" ".join(json.loads(line)) for line in self.log.read_text().splitlines()]
