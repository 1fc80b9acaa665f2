"""What Scipion's plugins know of the programs that they install.

A plugin can be asked only once Scipion's variables are set and it has been loaded; loading one here
would fix those variables for good, and some print when they are asked. So each question is a
process of its own: what it prints is kept away, and nothing of it stays.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

from vrs_scipion.machine.programs import ProgramError, run_program
from vrs_scipion.machine.scipion_environment import variables

_QUESTION = "vrs_scipion.machine.plugin_question"
_SECONDS = 120.0
_KEPT = 16
_PASSING = {"PYTEST_CURRENT_TEST"}
"""Variables that change while a process runs, and that mean nothing to a plugin."""

Environment = Mapping[str, str]


@dataclass(frozen=True)
class Plugin:
    """A plugin of Scipion that installs programs.

    Attributes
    ----------
    module : that is imported, e.g. 'xmipp3'
    package : that pip installs, e.g. 'scipion-em-xmipp'
    home_variable : names the folder of its programs where they are not in Scipion's own
    """

    module: str
    package: str
    home_variable: str

    @property
    def advice(self) -> str:
        """How to get its programs."""
        return (
            f"scipion3 installp -p {self.package} installs it with its programs; where they are "
            f"installed already, set {self.home_variable} to their folder"
        )

    @property
    def version(self) -> str:
        """Of the package; '' where it is not installed."""
        try:
            return version(self.package)
        except PackageNotFoundError:
            return ""


@dataclass(frozen=True)
class Told:
    """What a plugin says.

    Attributes
    ----------
    home : the folder where its programs are, or would be; None where it knows none
    environment : what they are to be run with
    conda : the same for the conda environments that were asked for, by name, where it has them
    activation : the shell's commands that enter a conda environment of its own; '' for none
    """

    home: Path | None
    environment: Environment
    conda: Mapping[str, Environment]
    activation: str = ""


def ask(plugin: Plugin, conda: Sequence[str] = ()) -> Told | None:
    """What a plugin says; None where it is not installed.

    Parameters
    ----------
    plugin : which
    conda : names of conda environments that it may keep for its programs

    Raises
    ------
    ProgramError
        if it is installed and cannot be asked.
    """
    if find_spec(plugin.module) is None:
        return None
    environment = {name: os.environ[name] for name in os.environ.keys() - _PASSING}
    return _told(plugin, tuple(conda), tuple(sorted(environment.items())))


@lru_cache(maxsize=_KEPT)
def _told(plugin: Plugin, conda: tuple[str, ...], environment: tuple[tuple[str, str], ...]) -> Told:
    with tempfile.TemporaryDirectory(prefix="vrs_plugin_") as folder:
        written = run_program(
            [sys.executable, "-m", _QUESTION, plugin.module, plugin.home_variable, *conda],
            timeout_s=_SECONDS,
            environment={**dict(environment), **variables(Path(folder))},
            name=f"the plugin {plugin.package}",
        )
    try:
        said = json.loads(written.output)
        home = Path(said["home"]) if said["home"] else None
        return Told(home, said["environment"], said["conda"], said["activation"])
    except (ValueError, KeyError, TypeError) as error:
        raise ProgramError(f"the plugin {plugin.package} gave no answer ({error})") from error
