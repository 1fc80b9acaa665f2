"""Scipion's environment for the tests, set before anything imports pyworkflow."""

import atexit
import shutil
import tempfile
from pathlib import Path

from vrs_scipion.machine.scipion_environment import configure

_home = Path(tempfile.mkdtemp(prefix="vrs_tests_"))
atexit.register(shutil.rmtree, _home, ignore_errors=True)
configure(_home)
