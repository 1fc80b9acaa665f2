"""Scipion's real plugins: where they have their programs, and what their absence says."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import unittest
from collections.abc import Mapping
from pathlib import Path
from unittest import mock

from vrs_scipion.figures.isosurface import engine_chimerax
from vrs_scipion.machine.programs import ProgramError
from vrs_scipion.machine.scipion_plugins import Plugin, ask
from vrs_scipion.methods import guinier_xmipp, local_ucm, xmipp
from vrs_scipion.tests.environments import files_of_the_user
from vrs_scipion.tests.xmipp_stand_in import VERSION, StandInTest

# the plugin; the folder of its programs among Scipion's own, where it says one
PLUGINS = (
    (xmipp.PLUGIN, "xmipp"),
    (engine_chimerax.PLUGIN, "chimerax-"),
    (Plugin("bsoft", "scipion-em-bsoft", "BSOFT_HOME"), "bsoft-"),
    (Plugin("resmap", "scipion-em-resmap", "RESMAP_HOME"), "resmap-"),
    (Plugin("relion", "scipion-em-relion", "RELION_HOME"), "relion-"),
    (Plugin("cryosparc2", "scipion-em-cryosparc2", "CRYOSPARC_HOME"), None),
    (Plugin("cryoef", "scipion-em-cryoef", "CRYOEF_HOME"), "cryoEF-"),
    (Plugin("phenix", "scipion-em-phenix", "PHENIX_HOME"), "phenix-"),
    (Plugin("spoc", "scipion-em-spoc", "SPOC_HOME"), "spoc-"),
)
VARIABLES = ("SCIPION_DOMAIN", "SCIPION_HOME", "SCIPION_USER_DATA", "EM_ROOT", "SCIPION_SOFTWARE")


class PluginTest(unittest.TestCase):
    def setUp(self) -> None:
        kept = tempfile.TemporaryDirectory()
        self.addCleanup(kept.cleanup)
        self.folder = Path(kept.name).resolve()
        (self.folder / "user").mkdir()
        patch = mock.patch.dict(os.environ, {"HOME": str(self.folder / "user")})
        patch.start()
        self.addCleanup(patch.stop)
        for name in (*VARIABLES, *(plugin.home_variable for plugin, _ in PLUGINS)):
            os.environ.pop(name, None)


class TestPlugins(PluginTest):
    def test_without_any_variable(self) -> None:
        """A plugin says where its programs would be, never the current folder."""
        for plugin, folder in PLUGINS:
            with self.subTest(plugin.module):
                self.assertRegex(plugin.version, r"^\d+\.\d")
                told = ask(plugin)
                assert told is not None
                if folder is None:
                    self.assertIsNone(told.home)
                else:
                    assert told.home is not None
                    self.assertTrue(told.home.name.startswith(folder), told.home)
                    self.assertTrue(told.home.is_absolute())
                    self.assertFalse(told.home.exists())
        self.assertEqual(files_of_the_user(self.folder / "user"), [])

    def test_in_scipions_own_software(self) -> None:
        home = self.folder / "scipion"
        with mock.patch.dict(os.environ, {"SCIPION_HOME": str(home)}):
            for plugin, folder in PLUGINS[:2]:
                told = ask(plugin)
                assert told is not None
                self.assertTrue(str(told.home).startswith(str(home / "software/em" / str(folder))))

    def test_where_its_variable_says(self) -> None:
        homes = {plugin.home_variable: str(self.folder / plugin.module) for plugin, _ in PLUGINS}
        with mock.patch.dict(os.environ, homes):
            for plugin, _ in PLUGINS:
                with self.subTest(plugin.module):
                    told = ask(plugin)
                    assert told is not None
                    self.assertEqual(told.home, self.folder / plugin.module)

    def test_absence(self) -> None:
        absent = Plugin("no_such_plugin", "scipion-em-no-such-plugin", "NO_HOME")
        self.assertIsNone(ask(absent))
        self.assertEqual(absent.version, "")
        for plugin, _ in PLUGINS:
            self.assertIn(f"scipion3 installp -p {plugin.package}", plugin.advice)
            self.assertIn(plugin.home_variable, plugin.advice)
        self.assertIsNone(engine_chimerax.find_chimerax())
        missing = xmipp.availability(guinier_xmipp.PROGRAM)
        self.assertFalse(missing.here)
        self.assertIn("no Xmipp was found; scipion3 installp", missing.detail)

    def test_a_package_without_programs(self) -> None:
        found = local_ucm.availability()
        self.assertEqual((found.here, found.detail), (True, local_ucm.package_version()))

    def test_a_plugin_that_cannot_be_asked(self) -> None:
        with self.assertRaisesRegex(ProgramError, "scipion-em-numpy ended with code 1: Attribute"):
            ask(Plugin("numpy", "scipion-em-numpy", "NUMPY_HOME"))

    def test_nothing_of_it_stays(self) -> None:
        """Asking does not import Scipion here, and says nothing."""
        code = (
            "import sys; from vrs_scipion.methods import xmipp; xmipp.find_program('xmipp_x'); "
            "assert not {'pyworkflow', 'pwem', 'xmipp3'} & set(sys.modules)"
        )
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "", ""))


class TestXmippByItsPlugin(StandInTest):
    """The real plugin, and programs that are not Xmipp's."""

    def setUp(self) -> None:
        super().setUp()
        mock.patch.stopall()
        os.environ["PATH"] = "/usr/bin:/bin"

    def found(self, variables: Mapping[str, str]) -> xmipp.XmippProgram | None:
        self.install_program(guinier_xmipp.PROGRAM, "#!/bin/sh\n")
        with mock.patch.dict(os.environ, variables):
            return xmipp.find_program(guinier_xmipp.PROGRAM)

    def test_in_scipions_software(self) -> None:
        home = self.folder / "scipion"
        link = home / "software" / "em" / "xmipp"
        link.parent.mkdir(parents=True)
        link.symlink_to(self.home)
        self.assertIsNone(self.found({}))
        program = self.found({"SCIPION_HOME": str(home)})
        assert program is not None
        self.assertEqual((program.path.parent.parent, program.version), (link, VERSION))
        paths = program.environment["PYTHONPATH"].split(os.pathsep)
        self.assertEqual(paths[:2], [f"{link}/bindings/python", f"{link}/pylib"])

    def test_in_its_home(self) -> None:
        program = self.found({"XMIPP_HOME": str(self.home)})
        assert program is not None
        self.assertEqual(program.path.parent.parent, self.home)

    def test_never_in_the_current_folder(self) -> None:
        self.install_program(guinier_xmipp.PROGRAM, "#!/bin/sh\n")
        before = Path.cwd()
        os.chdir(self.home)
        self.addCleanup(os.chdir, before)
        self.assertIsNone(xmipp.find_program(guinier_xmipp.PROGRAM))


if __name__ == "__main__":
    unittest.main()
