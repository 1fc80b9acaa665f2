"""Scipion's environment variables, as a run without its installer needs them.

Scipion reads them when ``pyworkflow`` is first imported: call ``configure`` before.
"""

from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path


def configure(home: Path) -> None:
    """Set what Scipion needs to run in ``home``; a Scipion that is configured already is kept.

    Its home, hosts and local configuration stay as they are where they are set, so that the
    programs configured there are found; projects always go under ``home``.
    """
    home = home.absolute()
    home.mkdir(parents=True, exist_ok=True)
    os.environ.update(
        SCIPION_DOMAIN="pwem",
        SCIPION_PYTHON=sys.executable,
        SCIPION_USER_DATA=str(home),
        SCIPION_NOTIFY="False",
        SCIPION_TESTS_OUTPUT=str(home / "tests"),
    )
    os.environ.setdefault("SCIPION_HOME", str(home))
    os.environ.setdefault("SCIPION_TEST_NOSYNC", "True")
    if not (Path(os.environ["SCIPION_HOME"]) / "config" / "hosts.conf").exists():
        os.environ.setdefault("SCIPION_HOSTS", str(_hosts_template()))


def _hosts_template() -> Path:
    found = importlib.util.find_spec("scipion")
    if found is None or found.origin is None:
        raise ModuleNotFoundError("scipion-app is not installed: pip install scipion-app")
    return Path(found.origin).parent / "templates" / "hosts.template"
