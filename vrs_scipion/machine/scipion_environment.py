"""Scipion's environment variables, as a run without its installer needs them.

Scipion reads them when ``pyworkflow`` is first imported: call ``configure`` before.
"""

from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path

DOMAIN = "pwem"

_READ_AT_IMPORT = ("SCIPION_DOMAIN", "SCIPION_USER_DATA", "SCIPION_HOSTS", "SCIPION_LOGS")


def variables(home: Path) -> dict[str, str]:
    """What Scipion needs to run in ``home``, beside the variables that are set already.

    Its own home, hosts and local configuration stay as they are where they are set, so that the
    programs configured there are found; projects, logs and tests always go under ``home``.
    """
    home = home.absolute()
    wanted = {
        "SCIPION_DOMAIN": DOMAIN,
        "SCIPION_PYTHON": sys.executable,
        "SCIPION_USER_DATA": str(home),
        "SCIPION_LOGS": str(home / "logs"),
        "SCIPION_LOG": str(home / "logs" / "scipion.log"),
        "SCIPION_NOTIFY": "False",
        "SCIPION_TESTS_OUTPUT": str(home / "tests"),
        "SCIPION_HOME": os.environ.get("SCIPION_HOME") or str(home),
        "SCIPION_TEST_NOSYNC": os.environ.get("SCIPION_TEST_NOSYNC", "True"),
    }
    if not (Path(wanted["SCIPION_HOME"]) / "config" / "hosts.conf").exists():
        wanted["SCIPION_HOSTS"] = os.environ.get("SCIPION_HOSTS") or str(_hosts_template())
    return wanted


def configure(home: Path) -> None:
    """Set the variables for ``home``, which is made, here and for what is started from here."""
    home.mkdir(parents=True, exist_ok=True)
    os.environ.update(variables(home))
    if "pyworkflow" in sys.modules:  # it has read them before they were set
        from pyworkflow import Config

        for name in _READ_AT_IMPORT:
            setattr(Config, name, os.environ.get(name, getattr(Config, name)))


def _hosts_template() -> Path:
    found = importlib.util.find_spec("scipion")
    if found is None or found.origin is None:
        raise ModuleNotFoundError("scipion-app is not installed: pip install scipion-app")
    return Path(found.origin).parent / "templates" / "hosts.template"
