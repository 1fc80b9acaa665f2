"""The plugin as Scipion knows it: no program to install, no path to set."""

from __future__ import annotations

import pwem


class Plugin(pwem.Plugin):
    """Pure Python: everything it needs comes with pip; external engines are optional."""

    # Scipion takes the plugin's name and folder from the module of this class
    __module__ = "vrs_scipion"

    _homeVar = ""
    _pathVars: list[str] = []
    _supportedVersions: list[str] = []
    _url = "https://vrs.cnb.csic.es"

    @classmethod
    def _defineVariables(cls) -> None:
        """No configuration variable."""

    @classmethod
    def defineBinaries(cls, env: object) -> None:
        """No binary."""

    @classmethod
    def validateInstallation(cls) -> list[str]:
        """Nothing can be missing: engines beyond pip are looked for where they are asked for."""
        return []
