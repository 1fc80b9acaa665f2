"""Models with defects: each does what it says, to what it says, and is stated."""

from __future__ import annotations

import json
import tempfile
import unittest
from functools import cache
from pathlib import Path

import gemmi
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial import cKDTree
from scipy.spatial.transform import Rotation

from vrs_scipion.files import InputError
from vrs_scipion.models.reading import read_model
from vrs_scipion.simulation import (
    DEFECTS,
    ModelDefect,
    Simulation,
    SimulationSettings,
    atoms_from_model,
    helix_bundle,
    poly_alanine,
    read_record,
    simulate,
)
from vrs_scipion.simulation.internal_coordinates import place_atom, torsion_angle
from vrs_scipion.simulation.model_pair import carried, proteins
from vrs_scipion.tests.test_simulation_files import InFolder

BOX, VOXEL = 48, 1.5
TYPES = ("SER", "ALA", "VAL", "CYS", "GLY")
GAMMA = {"SER": "OG", "CYS": "SG", "VAL": "CG1"}


@cache
def peptides() -> gemmi.Structure:
    """Three helices of residues of five types, with γ atoms at χ1 = 60°."""
    chains = helix_bundle(np.random.default_rng(5), 3, residues=(18, 24))
    model = poly_alanine(chains, [np.full(chain.shape[:2], 20.0) for chain in chains])
    for chain in model[0]:
        for number, residue in enumerate(chain):
            name = TYPES[number % len(TYPES)]
            residue.name = name
            if name == "GLY":
                residue.remove_atom("CB", "\0")
            elif gamma := GAMMA.get(name):
                n, ca, cb = (np.array(residue[a][0].pos.tolist()) for a in ("N", "CA", "CB"))
                atom = residue["CB"][0].clone()
                atom.name, atom.element = gamma, gemmi.Element(gamma[0])
                atom.pos = gemmi.Position(*place_atom(n, ca, cb, 1.5, 110.0, 60.0))
                residue.add_atom(atom)
    return model


def made(*defects: str, seed: int = 0, model: gemmi.Structure | None = None) -> Simulation:
    return simulate(
        model or peptides(),
        SimulationSettings(
            resolution=4.0,
            voxel_size=VOXEL,
            box=BOX,
            defects=tuple(map(ModelDefect.parsed, defects)),
            seed=seed,
        ),
    )


def spoiled(simulation: Simulation) -> gemmi.Structure:
    assert simulation.model is not None
    return simulation.model


def before_and_after(*defects: str, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Positions of the atoms in the map, and of those of the model."""
    simulation = made(*defects, seed=seed)
    return simulation.truth.atoms.positions, atoms_from_model(spoiled(simulation)).positions


def rms(moves: np.ndarray) -> float:
    return float(np.sqrt(np.square(moves).sum(axis=1).mean()))


def names(model: gemmi.Structure) -> list[list[str]]:
    return [[residue.name for residue in chain] for chain in model[0]]


def chi1(residue: gemmi.Residue) -> float:
    atoms = (residue[name][0] for name in ("N", "CA", "CB", GAMMA[residue.name]))
    return torsion_angle(*(np.array(atom.pos.tolist()) for atom in atoms))


class TestPlaced(unittest.TestCase):
    """Defects that move atoms, and nothing else."""

    def test_shifted(self) -> None:
        before, after = before_and_after("shifted=2.5")
        np.testing.assert_allclose(
            after - before, np.tile((2.5, 0, 0), (len(before), 1)), atol=1e-6
        )
        before, after = before_and_after("shifted-voxels")
        np.testing.assert_allclose(after - before, VOXEL / 2, atol=1e-6)

    def test_scaled_and_turned_about_the_centroid(self) -> None:
        before, after = before_and_after("scaled=3")
        np.testing.assert_allclose(after.mean(axis=0), before.mean(axis=0), atol=1e-6)
        np.testing.assert_allclose(np.ptp(after, axis=0) / np.ptp(before, axis=0), 1.03)
        before, after = before_and_after("turned=2")
        found, _ = Rotation.align_vectors(after - after.mean(axis=0), before - before.mean(axis=0))
        np.testing.assert_allclose(found.as_rotvec(degrees=True), (0, 0, 2), atol=1e-4)

    def test_mirrored(self) -> None:
        before, after = before_and_after("mirrored")
        np.testing.assert_allclose(after[:, 1:], before[:, 1:])
        np.testing.assert_allclose(after[:, 0] + before[:, 0], 2 * before[:, 0].mean())

    def test_nanometres(self) -> None:
        before, after = before_and_after("nanometres")
        np.testing.assert_allclose(10 * after, before)

    def test_partly_outside(self) -> None:
        _, after = before_and_after("outside=25")
        outside = (after[:, 0] > (BOX - 1) * VOXEL).mean()
        self.assertAlmostEqual(outside, 0.25, delta=0.02)

    @given(st.floats(0.05, 3.0), st.integers(0, 99))
    @settings(max_examples=5, deadline=None)
    def test_displaced_by_what_is_asked(self, size: float, seed: int) -> None:
        before, after = before_and_after(f"displaced={size}", seed=seed)
        self.assertAlmostEqual(rms(after - before), size, places=6)

    def test_refinement_keeps_bonds_and_the_whole_in_its_place(self) -> None:
        before, after = before_and_after("refined=0.2")
        self.assertAlmostEqual(rms(after - before), 0.2, delta=0.01)
        first, second = cKDTree(before).query_pairs(2.0, output_type="ndarray").T
        lengths = [np.linalg.norm(p[first] - p[second], axis=1) for p in (before, after)]
        self.assertLess((lengths[1] - lengths[0]).std(), 0.025)
        moves = after - before
        self.assertLess(float(np.abs(moves.mean(axis=0)).max()), 0.02)
        near = cKDTree(before).query(before, 2)[1][:, 1]
        self.assertGreater(np.corrcoef(moves[near, 0], moves[:, 0])[0, 1], 0.7)


class TestRebuilt(unittest.TestCase):
    """Defects of residues and loops."""

    def test_side_chains_turn_about_their_bond(self) -> None:
        for share, expected in ((100.0, 1.0), (25.0, 0.25)):
            simulation = made(f"side-chains={share}")
            angles = [chi1(r) for chain in spoiled(simulation)[0] for r in chain if r.name in GAMMA]
            turned = np.abs(np.abs(angles) - 180) < 1e-3
            self.assertTrue((turned | (np.abs(np.array(angles) - 60) < 1e-3)).all())
            self.assertAlmostEqual(turned.mean(), expected, delta=0.02)
        self.assertEqual(len(simulation.truth.defects[0].where), np.count_nonzero(turned))
        before = simulation.truth.atoms
        assert before.labels is not None
        stay = np.isin(before.labels.names, ("N", "CA", "C", "O", "CB"))
        after = atoms_from_model(spoiled(simulation)).positions
        np.testing.assert_allclose(after[stay], before.positions[stay])

    def test_the_register_shifts_types_and_leaves_the_main_chain(self) -> None:
        for steps in (1, -2):
            simulation = made(f"register={steps}")
            for old, new in zip(names(peptides()), names(spoiled(simulation)), strict=True):
                self.assertEqual(new[max(steps, 0) : steps or None] if steps < 0 else new[steps:],
                                 old[-steps:] if steps < 0 else old[:-steps])  # fmt: skip
            for chain in spoiled(simulation)[0]:
                for residue in chain:
                    self.assertEqual(residue.find_atom("CB", "*") is None, residue.name == "GLY")
                    if residue.name in GAMMA:
                        self.assertAlmostEqual(chi1(residue), 60.0, places=3)
            old_trace, new_trace = (
                np.array([p.backbone for chain in proteins(m) for p in chain])
                for m in (made("shifted=0").model, spoiled(simulation))
                if m is not None
            )
            np.testing.assert_allclose(new_trace, old_trace, atol=1e-9)

    def test_one_stretch_is_out_of_register(self) -> None:
        simulation = made("register-stretch=7", seed=4)
        where = simulation.truth.defects[0].where
        self.assertEqual(len(where), 7)
        pairs = zip(names(peptides()), names(spoiled(simulation)), strict=True)
        different = [[a != b for a, b in zip(old, new, strict=True)] for old, new in pairs]
        self.assertEqual(sorted(map(sum, different))[:2], [0, 0])
        self.assertGreaterEqual(max(map(sum, different)), 6)

    def test_a_loop_goes_another_way_and_is_closed(self) -> None:
        simulation = made("loop=6", seed=2)
        before = simulation.truth.atoms.positions
        after = atoms_from_model(spoiled(simulation)).positions
        moved = np.linalg.norm(after - before, axis=1) > 0.01
        self.assertGreater(rms((after - before)[moved]), 2.0)
        self.assertEqual(len(simulation.truth.defects[0].where), 6)
        for chain in proteins(spoiled(simulation)):
            trace = np.array([place.backbone for place in chain])
            bonds = np.linalg.norm(trace[1:, 0] - trace[:-1, 2], axis=1)
            np.testing.assert_allclose(bonds, 1.329, atol=0.2)

    def test_carried_atoms_keep_their_distances(self) -> None:
        generator = np.random.default_rng(0)
        source, target = generator.normal(size=(2, 3, 3))
        points = generator.normal(size=(4, 3))
        moved = carried(np.vstack((points, source[1:2])), source, target)
        np.testing.assert_allclose(moved[-1], target[1])
        np.testing.assert_allclose(
            np.linalg.norm(moved[:-1] - moved[-1], axis=1),
            np.linalg.norm(points - source[1], axis=1),
        )


class TestContent(unittest.TestCase):
    """Defects of what the model holds."""

    def test_a_chain_that_the_map_does_not_show(self) -> None:
        simulation = made("unseen", seed=1)
        (chain,) = simulation.truth.defects[0].where
        atoms = simulation.truth.atoms
        assert atoms.labels is not None
        gone = atoms.labels.chains == chain
        np.testing.assert_array_equal(atoms.occupancies == 0, gone)
        self.assertTrue((atoms_from_model(spoiled(simulation)).occupancies == 1).all())
        values = simulation.density.values
        indices = np.rint(atoms.positions[:, ::-1] / VOXEL).astype(int)
        shown = values[tuple(indices.T)]
        self.assertLess(shown[gone].mean(), 0.2 * shown[~gone].mean())

    def test_a_ligand_where_there_is_nothing(self) -> None:
        simulation = made("ligand=5")
        after = atoms_from_model(spoiled(simulation)).positions
        old, new = after[:-10], after[-10:]
        self.assertAlmostEqual(cKDTree(old).query(new)[0].min(), 5.0, delta=1.5)
        self.assertTrue(((new > 0) & (new < (BOX - 1) * VOXEL)).all())
        apart = np.sort(cKDTree(new).query(new, 2)[0][:, 1])
        self.assertTrue(((apart > 1.28) & (apart < 1.42)).all())

    def test_occupancies_and_b_factors(self) -> None:
        simulation = made("unoccupied", "b-factors=30")
        atoms = atoms_from_model(spoiled(simulation))
        assert atoms.labels is not None
        (chain,) = simulation.truth.defects[0].where
        np.testing.assert_array_equal(atoms.occupancies == 0, atoms.labels.chains == chain)
        self.assertEqual(set(atoms.b_factors), {30.0})
        self.assertEqual(simulation.truth.defects[1].where, ())

    def test_unknown_residues(self) -> None:
        model = spoiled(made("unknown"))
        unknown = [chain for chain in model[0] if {r.name for r in chain} == {"UNK"}]
        self.assertEqual(len(unknown), 1)
        self.assertLessEqual({a.name for r in unknown[0] for a in r}, {"N", "CA", "C", "O", "CB"})

    def test_hydrogens_ride_on_the_main_chain(self) -> None:
        model = spoiled(made("hydrogens"))
        for chain in model[0]:
            for number, residue in enumerate(chain):
                beta = residue.find_atom("CB", "*") is not None
                self.assertEqual(residue.find_atom("HA", "*") is not None, beta)
                self.assertEqual(residue.find_atom("H", "*") is not None, number > 0)
                if number:
                    self.assertAlmostEqual(residue["H"][0].pos.dist(residue["N"][0].pos), 1.01, 5)
                    oxygen = chain[number - 1]["O"][0].pos
                    self.assertGreater(residue["H"][0].pos.dist(oxygen), 2.5)

    def test_alternative_conformations_sum_to_one(self) -> None:
        model = spoiled(made("alternatives=50"))
        twice = [r for chain in model[0] for r in chain if any(a.altloc == "A" for a in r)]
        able = sum(name != "GLY" for chain in names(model) for name in chain)
        self.assertAlmostEqual(len(twice), able / 2, delta=1)
        for residue in twice:
            for group in {a.name for a in residue if a.altloc != "\0"}:
                self.assertAlmostEqual(sum(a.occ for a in residue if a.name == group), 1.0)

    def test_little_is_left(self) -> None:
        self.assertEqual({s.atom.name for s in spoiled(made("trace"))[0].all()}, {"CA"})
        waters = spoiled(made("waters"))
        self.assertEqual({s.residue.name for s in waters[0].all()}, {"HOH"})
        self.assertEqual(waters[0].count_atom_sites(), sum(map(len, names(peptides()))))
        self.assertEqual(spoiled(made("one-atom"))[0].count_atom_sites(), 1)


class TestStatement(unittest.TestCase):
    def test_they_add_up_and_the_map_stays(self) -> None:
        plain, both = made(), made("shifted=1", "scaled=2")
        self.assertIsNone(plain.model)
        np.testing.assert_array_equal(plain.density.values, both.density.values)
        self.assertEqual([one.kind for one in both.truth.defects], ["shifted", "scaled"])
        self.assertEqual(both.truth.defects[1].words, "it is too large: 2 %")

    def test_seeds(self) -> None:
        for kind in ("displaced", "refined", "loop=6", "ligand", "side-chains=30"):
            one, same, other = (spoiled(made(kind, seed=seed)) for seed in (1, 1, 2))
            self.assertEqual(one.make_pdb_string(), same.make_pdb_string())
            self.assertNotEqual(one.make_pdb_string(), other.make_pdb_string())

    def test_every_kind_is_written_and_read(self) -> None:
        for kind in DEFECTS:
            size = {"loop": "=6", "register-stretch": "=6"}.get(kind, "")
            simulation = made(kind + size)
            with self.subTest(kind), tempfile.TemporaryDirectory() as folder:
                path = Path(folder) / "model.cif"
                spoiled(simulation).make_mmcif_document().write_file(str(path))
                again = atoms_from_model(read_model(path))
                expected = atoms_from_model(spoiled(simulation))
                np.testing.assert_allclose(again.positions, expected.positions, atol=1e-3)

    def test_refusals_are_sentences(self) -> None:
        single = peptides().clone()
        for name in [chain.name for chain in single[0]][1:]:
            single[0].remove_chain(name)
        alanines = poly_alanine(
            helix_bundle(np.random.default_rng(1), 2, residues=(12, 12)),
            [np.full((12, 5), 20.0)] * 2,
        )
        for model, defect, message in (
            (single, "unseen", "one chain"),
            (alanines, "register", "no chain has residues of different types"),
            (alanines, "side-chains", "no residue of the model has a side chain"),
            (alanines, "loop=30", "has 32 residues in a row"),
            (alanines, "register-stretch=20", "has 20 residues in a row"),
        ):
            with self.subTest(defect), self.assertRaisesRegex(ValueError, message):
                made(defect, model=model)
        for text, message in (
            ("melted", "is no defect that is known; give refined, shifted"),
            ("shifted=far", "'far' is no size of shifted"),
            ("scaled=900", "the size of scaled is from -50 to 100, not 900"),
        ):
            with self.subTest(text), self.assertRaisesRegex(ValueError, message):
                ModelDefect.parsed(text)


class TestCommand(InFolder):
    def setUp(self) -> None:
        super().setUp()
        self.model = self.folder / "peptides.cif"
        peptides().make_mmcif_document().write_file(str(self.model))

    def test_what_is_written(self) -> None:
        out = self.folder / "out"
        printed = self.simulated("--resolution", "4", "--defect", "side-chains=20", "shifted=2")
        record = read_record(out)
        self.assertEqual([d.kind for d in record.settings.defects], ["side-chains", "shifted"])
        self.assertEqual(record.defects[0].where[0], record.defects[0].where[0].strip())
        self.assertEqual(record.files["model"], "model.cif")
        drawn, model = (
            atoms_from_model(read_model(out / record.files[name]))
            for name in ("truth_atoms", "model")
        )
        assert drawn.labels is not None
        main = np.isin(drawn.labels.names, ("N", "CA", "C", "O"))
        moves = (model.positions - drawn.positions)[main]
        np.testing.assert_allclose(moves, np.tile((2.0, 0, 0), (len(moves), 1)), atol=2e-3)
        self.assertIn("Wrong: side chains are turned by 120° about χ1: 20 % of them (", printed)
        self.assertIn("more)\nWrong: the model is shifted along x: 2 Å\n", printed)
        self.assertIn("defects", json.loads((out / "simulation.json").read_text("utf-8")))

    def test_beside_half_maps(self) -> None:
        printed = self.simulated("--halves", "6", "--defect", "turned")
        self.assertIn("Wrong: it is turned about z: 2 °", printed)
        self.assertTrue((self.folder / "out" / "model.cif").exists())

    def test_refusals_write_nothing(self) -> None:
        for words, message in (
            (["--defect", "melted"], "^peptides.cif: 'melted' is no defect"),
            (["--defect", "loop=90"], "^peptides.cif: no protein chain of the model has 92"),
        ):
            with self.subTest(words), self.assertRaisesRegex(InputError, message):
                self.simulated("--resolution", "4", *words)
        self.assertEqual([path.name for path in self.folder.iterdir()], ["peptides.cif"])

    def simulated(self, *words: str) -> str:
        given = (str(self.model), "--out", str(self.folder / "out"), "--voxel", "2")
        return self.run_command(*given, *words)


if __name__ == "__main__":
    unittest.main()
