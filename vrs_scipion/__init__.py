"""Validation of cryo-EM maps in Scipion, graded by the information at hand.

Importing the package is light: the science (``maps``, ``checks``, ``report`` …) can be read,
tested and used without Scipion. ``Plugin``, which needs it, is loaded when Scipion asks for it.
"""

from typing import Any

__version__ = "0.4.0"

_logo = "logo.png"
_references = ["Sorzano2022", "delaRosaTrevin2016"]


def __getattr__(name: str) -> Any:
    if name == "Plugin":
        from vrs_scipion.plugin import Plugin

        return Plugin
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
