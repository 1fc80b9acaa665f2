"""Programs that Scipion's plugins install: looked for, and run in a folder of their own."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from vrs_scipion.machine.programs import ProgramError
from vrs_scipion.machine.scipion_plugins import Environment, Plugin, ask

_VERSION = re.compile(r"(?<!\d)v?(\d+(?:\.\d+)+)(?!\d)")
_UNKNOWN = "unknown"


@dataclass(frozen=True)
class PluginProgram:
    """A program that a plugin of Scipion installs.

    Attributes
    ----------
    plugin : which
    name : what to call it
    patterns : of its file, below the folder of the plugin's programs, likeliest first
    is_script : whether it is given to an interpreter, and need not be executable
    """

    plugin: Plugin
    name: str
    patterns: tuple[str, ...]
    is_script: bool = False

    def find(self) -> Installed | None:
        """Where it is; None where no file can be run.

        It is looked for where the plugin has it, then where its variable points, then on the PATH.
        """
        for home, environment in self._homes():
            for pattern in self.patterns:
                for path in sorted(home.glob(pattern)):
                    if path.is_file() and os.access(path, os.R_OK if self.is_script else os.X_OK):
                        return Installed(path, environment, self._version(home, path))
        if found := shutil.which(self.name):
            path = Path(found).resolve()
            return Installed(path, dict(os.environ), self._version(path.parent, path))
        return None

    @property
    def absence(self) -> str:
        """That it was not found, and how to get it."""
        return f"no {self.name} was found; {self.plugin.advice}"

    def _homes(self) -> Iterator[tuple[Path, Environment]]:
        told = None
        with suppress(ProgramError):  # a plugin that cannot be asked is as good as none
            told = ask(self.plugin)
        if told is not None and told.home is not None:
            yield told.home, told.environment
        if given := os.environ.get(self.plugin.home_variable):
            yield Path(given), dict(os.environ)

    def _version(self, home: Path, path: Path) -> str:
        """From the name of the file or of its folder, else that of the plugin."""
        names = (path.name, home.name, home.resolve().name)
        told = next((found[1] for found in map(_VERSION.search, names) if found), "")
        of_plugin = f"{_UNKNOWN}, of {self.plugin.package} {self.plugin.version}"
        return told or (of_plugin if self.plugin.version else _UNKNOWN)


@dataclass(frozen=True)
class Installed:
    """A program that was found.

    Attributes
    ----------
    path : of its file
    environment : what it is to be run with
    version : 'unknown' where nothing tells it
    """

    path: Path
    environment: Environment
    version: str
