"""Xmipp's deep-learning toolkit: its networks, and the conda environments they are run in."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from importlib import import_module
from pathlib import Path

from vrs_scipion.methods.xmipp import XmippProgram


def find_model(kind: str, name: str, program: XmippProgram) -> Path | None:
    """A network where the plugin resolves it, or where its installer puts it.

    Parameters
    ----------
    kind : 'deepHand', 'deepRes', …
    name : file name
    program : of the Xmipp that is to use it
    """
    candidates = []
    with suppress(Exception):  # a plugin that is half installed is as good as none
        candidates.append(Path(str(import_module("xmipp3").Plugin.getModel(kind, name))))
    homes = (program.path.parent.parent, program.path.resolve().parent.parent)
    candidates += [home / "models" / kind / name for home in homes]
    return next((path for path in candidates if path.is_file()), None)


def in_environment(
    program: XmippProgram, name: str, settings: Mapping[str, str] | None = None
) -> XmippProgram:
    """The program in the conda environment that the plugin keeps for it, where it tells one.

    Parameters
    ----------
    program : as it was found
    name : of the environment
    settings : further variables
    """
    ours = {**program.environment, **(settings or {})}
    try:
        manager = import_module("xmipp3.base").XmippProtocol
        told = {str(k): str(v) for k, v in manager.getCondaEnv(_conda_env=name).items()}
    except Exception:  # then what it needs must be in the environment it is run with
        return replace(program, environment=ours)
    libraries = told.get("LD_LIBRARY_PATH", "").split(os.pathsep)
    told["LD_LIBRARY_PATH"] = os.pathsep.join(p for p in libraries if "cuda" not in p)
    return replace(program, environment={**ours, **told})
