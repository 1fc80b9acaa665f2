"""Models read, simulations written, ``vrs simulate``: the hand through files, refusals."""

from __future__ import annotations

import argparse
import contextlib
import gzip
import io
import json
import tempfile
import unittest
from pathlib import Path
from unittest import mock

import gemmi
import mrcfile
import numpy as np

import vrs_scipion
from vrs_scipion.files import InputError, sha256
from vrs_scipion.maps.reading import read_density
from vrs_scipion.simulation import (
    PHANTOM,
    AtomChoice,
    Chains,
    MaskKind,
    ModelError,
    Noise,
    Region,
    Simulation,
    SimulationSettings,
    alpha_helix,
    atoms_from_model,
    choose_atoms,
    command,
    poly_alanine,
    read_model,
    read_record,
    simulate,
    structure_from_atoms,
    write_simulation,
)
from vrs_scipion.tests.test_simulation import helix_atoms, turn_per_slice

MODELS = Path(vrs_scipion.__file__).resolve().parents[2] / "shared" / "data" / "models"

PDB = """\
MODEL        1
ATOM      1  N  AALA A   1      11.000   2.000   3.000  0.60 10.00           N
ATOM      2  N  BALA A   1      11.500   2.000   3.000  0.40 12.00           N
ATOM      3  CA  ALA A   1      12.000   3.000   3.000  1.00 14.00           C
ATOM      4  HA  ALA A   1      12.000   4.000   3.000  1.00 14.00           H
ATOM      5  C   ALA A   1A     13.000   3.000   3.000  0.00 14.00           C
HETATM    6 ZN    ZN A 101      14.000   3.000   3.000  1.00 20.00          ZN
HETATM    7  O   HOH A 201      19.000   3.000   3.000  1.00 30.00           O
ENDMDL
MODEL        2
ATOM      1  N   ALA A   1      91.000   2.000   3.000  1.00 10.00           N
ENDMDL
END
"""


class InFolder(unittest.TestCase):
    """Tests with a folder of their own."""

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def write(self, name: str, content: bytes | str) -> Path:
        path = self.folder / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def run_command(self, *arguments: str) -> str:
        parser = argparse.ArgumentParser()
        command.add_arguments(parser)
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            self.assertEqual(command.run(parser.parse_args(arguments)), 0)
        return printed.getvalue()


class TestModelFiles(InFolder):
    def test_whatever_the_file_is_called(self) -> None:
        mmcif = gemmi.read_pdb_string(PDB).make_mmcif_document().as_string()
        for name, content in (
            ("model.pdb", PDB.encode()),
            ("model.ent.gz", gzip.compress(PDB.encode())),
            ("model", PDB.encode()),
            ("gzipped.pdb", gzip.compress(PDB.encode())),
            ("model.cif", mmcif.encode()),
            ("model.txt.gz", gzip.compress(mmcif.encode())),
        ):
            with self.subTest(name):
                self.assertEqual(len(read_model(self.write(name, content))), 2)

    def test_refusals(self) -> None:
        cut = gzip.compress(PDB.encode())[:-20]
        for name, content, message in (
            ("words.pdb", b"hello\n", "no atomic model"),
            ("empty.pdb", b"", "no atomic model"),
            ("cut.pdb.gz", cut, "broken or cut short"),
            ("map.mrc", bytes(4096), "holds no atoms"),
            ("remarks.pdb", b"HEADER    NOTHING\nREMARK   1\nEND\n", "no atom"),
            ("no_atoms.cif", b"data_x\n_cell.length_a 10\n_entry.id x\n", "no atom"),
        ):
            with self.subTest(name), self.assertRaisesRegex(ModelError, f"^{name}: .*{message}"):
                read_model(self.write(name, content))
        with self.assertRaisesRegex(ModelError, "there is no such file"):
            read_model(self.folder / "missing.pdb")
        with self.assertRaisesRegex(ModelError, "it is not a file"):
            read_model(self.folder)

    def test_errors_are_one_sentence(self) -> None:
        with self.assertRaises(ModelError) as caught:
            read_model(self.write("bad.cif", "data_x\nloop_\n_atom_site.id\n'\n"))
        self.assertNotIn("\n", str(caught.exception))
        self.assertIsInstance(caught.exception, InputError)


class TestAtomChoice(unittest.TestCase):
    def setUp(self) -> None:
        self.structure = gemmi.read_pdb_string(PDB)

    def test_default(self) -> None:
        atoms, notes = choose_atoms(self.structure, AtomChoice())
        self.assertEqual(atoms.elements, ("N", "N", "C", "Zn"))
        np.testing.assert_allclose(atoms.occupancies, (0.6, 0.4, 1, 1), rtol=1e-6)
        np.testing.assert_allclose(atoms.b_factors, (10, 12, 14, 20))
        self.assertEqual(
            notes,
            (
                "Of 2 models the first was taken.",
                "Atoms of waters and hydrogens left out: 2.",
                "Atoms of occupancy 0 left out: 1.",
            ),
        )

    def test_waters_hydrogens_and_b_factors(self) -> None:
        atoms, _ = choose_atoms(self.structure, AtomChoice(True, True, 50.0))
        self.assertEqual(atoms.elements, ("N", "N", "C", "H", "Zn", "O"))
        self.assertEqual(set(atoms.b_factors), {50.0})

    def test_occupancies_that_are_all_0_are_none(self) -> None:
        for site in self.structure[0].all():
            site.atom.occ = 0.0
        atoms, notes = choose_atoms(self.structure, AtomChoice())
        self.assertEqual(set(atoms.occupancies), {1.0})
        self.assertIn("All occupancies are 0; they were taken as 1.", notes)

    def test_refusals(self) -> None:
        with self.assertRaisesRegex(ValueError, "no atoms"):
            choose_atoms(gemmi.Structure(), AtomChoice())
        atom = self.structure[0][0][0][0]
        atom.element = gemmi.Element("Es")
        with self.assertRaisesRegex(ValueError, "no electron scattering factors for Es"):
            choose_atoms(self.structure, AtomChoice())
        atom.pos.x = float("nan")
        with self.assertRaisesRegex(ValueError, "no finite number"):
            choose_atoms(self.structure, AtomChoice())
        waters = gemmi.read_pdb_string("".join(PDB.splitlines(keepends=True)[7:8]))
        with self.assertRaisesRegex(ValueError, "no atoms but waters"):
            choose_atoms(waters, AtomChoice())

    def test_labels_go_to_a_structure_and_back(self) -> None:
        atoms, _ = choose_atoms(self.structure, AtomChoice(waters=True, hydrogens=True))
        text = structure_from_atoms(atoms).make_mmcif_document().as_string()
        again = atoms_from_model(gemmi.read_structure_string(text, format=gemmi.CoorFormat.Mmcif))
        np.testing.assert_allclose(again.positions, atoms.positions, atol=1e-3)
        assert again.labels is not None
        assert atoms.labels is not None
        for field in ("chains", "numbers", "insertions", "residues", "names", "altlocs"):
            np.testing.assert_array_equal(
                getattr(again.labels, field), getattr(atoms.labels, field)
            )
        self.assertEqual(again.elements, atoms.elements)


def helix_simulation(**others: object) -> Simulation:
    structure = poly_alanine([alpha_helix(24)], [np.full((24, 5), 20.0)], "helix")
    settings = {"resolution": 3.0, "box": 48} | others
    return simulate(structure, SimulationSettings.model_validate(settings))


class TestWriting(InFolder):
    def test_everything_comes_back(self) -> None:
        simulation = helix_simulation(
            noise=Noise(snr=1, at=4.0),
            half_maps=True,
            mask=MaskKind.SOFT,
            rotation="random",
            mirror=True,
            regions=(Region(select=Chains(names=("a",)), occupancy=0.5, resolution=4),),
            seed=9,
        )
        out = self.folder / "new" / "simulated"
        record = write_simulation(simulation, out)
        truth = simulation.truth
        assert truth.applied_mask is not None
        for name, expected in (
            ("map", simulation.density.values),
            ("half_map_1", simulation.half_maps[0].values),
            ("half_map_2", simulation.half_maps[1].values),
            ("truth_density", truth.density.values),
            ("truth_molecule", truth.mask),
            ("truth_resolution", truth.local.resolution),
            ("truth_b_factor", truth.local.b_factor),
            ("truth_occupancy", truth.local.occupancy),
            ("truth_applied_mask", truth.applied_mask),
        ):
            found = read_density(out / record.files[name])
            np.testing.assert_array_equal(found.values, expected.astype(np.float32))
            self.assertEqual((found.voxel_size, found.origin), ((1.0,) * 3, (0.0,) * 3))
            self.assertEqual(found.notes, ())
        written = sorted(path.name for path in out.iterdir())
        self.assertEqual(written, sorted([*record.files.values(), "simulation.json"]))
        self.assertEqual(read_record(out), record)
        self.assertEqual(record.settings, simulation.settings)
        self.assertEqual(record.model.name, "helix")
        self.assertEqual(
            json.loads((out / "simulation.json").read_text())["schema"], record.schema_version
        )
        self.assertEqual([p.name for p in out.parent.iterdir()], [out.name])

    def test_the_record_makes_the_same_files_again(self) -> None:
        settings = {"noise": {"snr": 3}, "rotation": "random", "seed": 4}
        write_simulation(helix_simulation(**settings), self.folder / "first")
        record = read_record(self.folder / "first")
        again = helix_simulation(**record.settings.model_dump())
        write_simulation(again, self.folder / "second")
        first, second = (
            read_density(self.folder / name / "map.mrc").values for name in ("first", "second")
        )
        np.testing.assert_array_equal(first, second)
        self.assertEqual(read_record(self.folder / "second"), record)

    def test_hand_through_the_file(self) -> None:
        for mirror, sign in ((False, 1), (True, -1)):
            out = self.folder / f"mirror_{mirror}"
            write_simulation(helix_simulation(mirror=mirror), out)
            turn = turn_per_slice(read_density(out / "map.mrc").values)
            self.assertAlmostEqual(sign * turn, 66.4, delta=5)
            with mrcfile.open(out / "map.mrc") as mrc:
                axes = tuple(int(mrc.header[name]) for name in ("mapc", "mapr", "maps"))
                self.assertEqual(axes, (1, 2, 3))

    def test_atoms_lie_in_the_density_for_another_reader(self) -> None:
        simulation = simulate(
            poly_alanine([alpha_helix(24)], [np.full((24, 5), 20.0)]),
            SimulationSettings(
                resolution=3.0, voxel_size=(1.0, 1.1, 1.2), rotation="random", shift=(5, -4, 3)
            ),
        )
        write_simulation(simulation, self.folder / "out")
        grid = gemmi.read_ccp4_map(str(self.folder / "out" / "map.mrc"), setup=True).grid
        model = gemmi.read_structure(str(self.folder / "out" / "truth_atoms.cif"))[0]
        at_atoms = [grid.interpolate_value(site.atom.pos) for site in model.all()]
        self.assertGreater(min(at_atoms), simulation.contour)
        mirrored = [
            grid.interpolate_value(
                gemmi.Position(grid.unit_cell.a - site.atom.pos.x, site.atom.pos.y, site.atom.pos.z)
            )
            for site in model.all()
        ]
        self.assertLess(float(np.mean(mirrored)), 0.5 * float(np.mean(at_atoms)))

    def test_nothing_is_overwritten(self) -> None:
        simulation = helix_simulation()
        self.write("note.txt", "mine")
        with self.assertRaisesRegex(InputError, "not an empty folder"):
            write_simulation(simulation, self.folder)
        with self.assertRaisesRegex(InputError, "not an empty folder"):
            write_simulation(simulation, self.folder / "note.txt")
        empty = self.folder / "empty"
        empty.mkdir()
        write_simulation(simulation, empty)
        self.assertTrue((empty / "map.mrc").exists())

    def test_nothing_half_written(self) -> None:
        failing = mock.patch(
            "vrs_scipion.simulation.write.record_of", side_effect=OSError(28, "disk full")
        )
        with failing, self.assertRaisesRegex(InputError, "it cannot be written"):
            write_simulation(helix_simulation(), self.folder / "out")
        self.assertEqual(list(self.folder.iterdir()), [])


class TestCommand(InFolder):
    def test_every_option_reaches_the_settings(self) -> None:
        model = self.write("helix.pdb", helix_structure_text())
        regions = self.write(
            "regions.json",
            '[{"select": {"kind": "half-space", "normal": '
            '[0, 0, 1]}, "extra_b": 30, "resolution": 6}]',
        )
        out = self.folder / "out"
        printed = self.run_command(
            *f"{model} --out {out} --resolution 3.5 --voxel 1.1 --box 48 44 40 --b-factor 10 "
            f"--model-b-factor 15 --regions {regions} --snr-one-at 5 --noise-exponent 0.5 "
            "--noise-resolution 3 --filter gaussian --mirror --rotate 90 0 -30 --shift -1 0 2 "
            "--offset 0.5 --half-maps --mask soft --seed 7".split()
        )
        record = read_record(out)
        settings = record.settings
        self.assertEqual(settings.box, (48, 44, 40))
        self.assertEqual(settings.voxel_size, (1.1, 1.1, 1.1))
        self.assertEqual((settings.b_factor, settings.atoms.b_factor), (10, 15))
        assert settings.noise is not None
        self.assertEqual((settings.noise.snr, settings.noise.at), (1, 5))
        self.assertEqual((settings.shift, settings.background), ((-1, 0, 2), 0.5))
        self.assertEqual((settings.mirror, settings.mask, settings.seed), (True, MaskKind.SOFT, 7))
        self.assertEqual(settings.regions[0].resolution, 6)
        self.assertEqual(record.model.sha256, sha256(model))
        assert isinstance(settings.rotation, tuple)
        np.testing.assert_allclose(
            np.array(settings.rotation) @ (1, 0, 0),
            (0, np.cos(np.radians(30)), -np.sin(np.radians(30))),
            atol=1e-12,
        )
        self.assertIn("120 atoms in 48 × 44 × 40 voxels", printed)
        self.assertIn(str(out / "map.mrc"), printed)

    def test_phantom(self) -> None:
        out = self.folder / "out"
        self.run_command(PHANTOM, "--out", str(out), "--resolution", "6", "--voxel", "3")
        self.assertEqual(read_record(out).model.name, PHANTOM)

    def test_refusals_write_nothing(self) -> None:
        model = str(self.write("helix.pdb", helix_structure_text()))
        broken = str(self.write("broken.json", "[{}]"))
        before = sorted(self.folder.iterdir())
        good = ["--out", str(self.folder / "out"), "--resolution", "3"]
        for words, message in (
            (["missing.pdb"], "^missing.pdb: there is no such file"),
            ([model, "--voxel", "2"], "^helix.pdb: .*Nyquist"),
            ([model, "--voxel", "0"], "^helix.pdb: voxel_size: .*above 0"),
            ([model, "--box", "16"], "^helix.pdb: .*outside the box"),
            ([model, "--box", "100000"], "^helix.pdb: .*GB of memory"),
            ([model, "--box", "32", "32"], "^helix.pdb: a box has one side or three"),
            ([model, "--rotate", "up"], "^helix.pdb: a rotation is"),
            ([model, "--snr", "0"], "^helix.pdb: snr"),
            ([model, "--noise-exponent", "1"], "^helix.pdb: .*no strength"),
            ([model, "--half-maps"], "^helix.pdb: half maps"),
            ([model, "--regions", broken], "^broken.json: .*0.select"),
            ([model, "--regions", "none.json"], "^none.json: it cannot be read"),
        ):
            with self.subTest(words), self.assertRaisesRegex(InputError, message) as caught:
                self.run_command(*words, *good)
            self.assertNotIn("\n", str(caught.exception))
        self.assertEqual(sorted(self.folder.iterdir()), before)


def helix_structure_text() -> str:
    return str(structure_from_atoms(helix_atoms(24)).make_pdb_string())


@unittest.skipUnless(MODELS.is_dir(), f"real models are not there: {MODELS}")
class TestRealModels(unittest.TestCase):
    def simulated(self, name: str, resolution: float = 6.0) -> Simulation:
        settings = SimulationSettings(
            resolution=resolution, voxel_size=resolution / 2.5, margin=12, b_factor=30
        )
        return simulate(MODELS / name, settings)

    def test_they_are_drawn(self) -> None:
        for name in (
            "1a22__1A22_1.pdb.gz",  # two protein chains, waters
            "1gid__1gid.cif.gz",  # RNA with hydrogens
            "1hr2__1hr2_A.pdb.gz",  # RNA with ions
            "1aq5__pdb1aq5.ent.gz",  # NMR, 20 models, B-factors of 0
            "1euw__1euw.pdb.gz",  # alternative conformations, hydrogens, Hg
            "4oyn__4OYN.pdb.gz",  # haem
        ):
            with self.subTest(name):
                simulation = self.simulated(name)
                values, truth = simulation.density.values, simulation.truth
                self.assertTrue(np.isfinite(values).all())
                placed = truth.atoms.positions[:, ::-1] / simulation.density.voxel_size
                z, y, x = np.rint(placed).astype(int).T
                self.assertGreater(float(np.mean(values[z, y, x] > simulation.contour)), 0.9)
                self.assertTrue(truth.mask[z, y, x].all())
                lengths = [gemmi.Element(e).c4322.calculate_sf(0.0) for e in truth.atoms.elements]
                expected = float(np.dot(lengths, truth.atoms.occupancies))
                total = float(values.sum(dtype=np.float64)) * simulation.density.voxel_volume
                self.assertAlmostEqual(total / expected, 1.0, delta=0.01)
                self.assertNotIn("H", truth.atoms.elements)

    def test_the_first_of_several_models_is_taken(self) -> None:
        simulation = self.simulated("1aq5__pdb1aq5.ent.gz")
        self.assertIn("Of 20 models the first was taken.", simulation.truth.source.notes)

    def test_occupancies_that_are_all_0(self) -> None:
        simulation = self.simulated("1oel__1oel_A.pdb.gz")
        self.assertIn("All occupancies are 0; they were taken as 1.", simulation.truth.source.notes)


if __name__ == "__main__":
    unittest.main()
