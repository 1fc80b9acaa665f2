"""Asks one of Scipion's plugins where its programs are; see `vrs_scipion.machine.scipion_plugins`.

``python -m vrs_scipion.machine.plugin_question MODULE HOME_VARIABLE [CONDA_ENVIRONMENT …]`` writes
JSON to standard output; whatever else is said goes to standard error.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any


def answer(module: str, home_variable: str, conda: Sequence[str]) -> dict[str, Any]:
    """What the plugin says of its home, its environment and its conda environments."""
    config = import_module("pwem").Config
    expected = os.environ.get(home_variable) or getattr(config, home_variable, "")
    sys.path[:0] = [str(folder) for folder in bindings(Path(expected))] if expected else []
    plugin = import_module(module).Plugin
    plugin._defineVariables()
    return {
        "home": str(plugin.getVar(home_variable) or ""),
        "environment": _words(plugin.getEnviron() or os.environ),
        "conda": dict(_conda(module, conda)),
        "activation": _activation(plugin),
    }


def bindings(home: Path) -> list[Path]:
    """Where Xmipp keeps the Python modules of its programs."""
    return [home / "bindings" / "python", home / "pylib"]


def _conda(module: str, names: Sequence[str]) -> Iterator[tuple[str, dict[str, str]]]:
    for name in names:
        with suppress(Exception):  # it knows none of that name
            protocol = import_module(f"{module}.base").XmippProtocol
            yield name, _words(protocol.getCondaEnv(_conda_env=name))


def _activation(plugin: Any) -> str:
    with suppress(Exception):  # it has no environment of its own
        return str(plugin.getActivationCmd())
    return ""


def _words(environment: Mapping[Any, Any]) -> dict[str, str]:
    return {str(name): str(value) for name, value in environment.items()}


def main() -> None:
    said = os.dup(sys.stdout.fileno())
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    module, home_variable, *conda = sys.argv[1:]
    with os.fdopen(said, "w", encoding="utf-8") as out:
        json.dump(answer(module, home_variable, conda), out)


if __name__ == "__main__":
    main()
