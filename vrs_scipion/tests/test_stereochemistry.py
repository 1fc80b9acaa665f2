"""A.j: stereochemistry of models whose torsions, bonds, hands and contacts are known."""

from __future__ import annotations

import json
import unittest
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from unittest import mock

import gemmi
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

import vrs_scipion
from vrs_scipion.checks.levela_j_stereochemistry import CHECK
from vrs_scipion.checks.run import run_check
from vrs_scipion.methods.ramachandran import FILE, Contours, RamaClass, Rating
from vrs_scipion.methods.stereochemistry import Stereochemistry, examine
from vrs_scipion.methods.stereochemistry.bonds import bonds, within_bonds
from vrs_scipion.methods.stereochemistry.clashes import HYDROGEN_BOND, clashes
from vrs_scipion.methods.stereochemistry.main_chain import main_chain
from vrs_scipion.methods.stereochemistry.nucleic import base_pairs, sugar_chirality
from vrs_scipion.models.atomic_model import AtomicModel, arrays_of
from vrs_scipion.models.geometry import angles, near_pairs, torsions
from vrs_scipion.models.reading import read_model
from vrs_scipion.models.score_table import read_scores, write_scores
from vrs_scipion.results import CheckResult, Outcome
from vrs_scipion.simulation.helix import PHI, PSI
from vrs_scipion.simulation.internal_coordinates import place_atom, torsion_angle
from vrs_scipion.tests.small_models import add_residue, helices
from vrs_scipion.tests.test_model_input import ModelTest

SHARED = Path(vrs_scipion.__file__).resolve().parents[2] / "shared" / "data"
STRAND = (-120.0, 130.0)
degrees = st.floats(-179, 179)


def peptide(
    phi: Sequence[float],
    psi: Sequence[float],
    omega: Sequence[float],
    names: Sequence[str] = (),
    hand: int = 1,
) -> gemmi.Structure:
    """A chain of known torsions with the bonds and angles of Engh and Huber."""
    first, second = np.zeros(3), np.array((1.459, 0, 0))
    places = [first, second, place_atom(np.array((0, 1.0, 0)), first, second, 1.525, 111.0, 60.0)]
    for i in range(1, len(phi)):
        for length, angle, torsion in (
            (1.336, 117.2, psi[i - 1]),
            (1.459, 121.7, omega[i]),
            (1.525, 111.0, phi[i]),
        ):
            last = places[-3], places[-2], places[-1]
            places.append(place_atom(*last, length, angle, torsion))
    chain = gemmi.Chain("A")
    for i, (n, ca, c) in enumerate(np.array(places).reshape(-1, 3, 3)):
        residue = gemmi.Residue()
        residue.name = names[i] if names else "SER"
        residue.seqid = gemmi.SeqId(str(i + 1))
        sites = [
            ("N", n),
            ("CA", ca),
            ("C", c),
            ("O", place_atom(n, ca, c, 1.229, 120.1, psi[i] + 180)),
        ]
        if residue.name != "GLY":
            sites.append(("CB", place_atom(c, n, ca, 1.535, 110.6, -122.6 * hand)))
        for name, place in sites:
            residue.add_atom(atom(name, place))
        chain.add_residue(residue)
    model = gemmi.Model(1)
    model.add_chain(chain)
    structure = gemmi.Structure()
    structure.add_model(model)
    structure.setup_entities()
    return structure


def atom(name: str, place: Sequence[float] | np.ndarray) -> gemmi.Atom:
    made = gemmi.Atom()
    made.name, made.element = name, gemmi.Element(name[0])
    made.pos = gemmi.Position(*map(float, place))
    made.occ, made.b_iso = 1.0, 30.0
    return made


def regular(
    angles_: tuple[float, float] = (PHI, PSI),
    count: int = 30,
    names: Sequence[str] = (),
    hand: int = 1,
) -> gemmi.Structure:
    phi, psi = angles_
    return peptide([phi] * count, [psi] * count, [180.0] * count, names, hand)


def arrays(structure: gemmi.Structure) -> AtomicModel:
    return arrays_of(structure).model


def measured(structure: gemmi.Structure) -> Stereochemistry:
    return examine(arrays(structure))


def moved(model: AtomicModel, positions: np.ndarray) -> AtomicModel:
    return replace(model, atoms=replace(model.atoms, positions=positions))


class TestTorsions(unittest.TestCase):
    @given(st.lists(st.tuples(degrees, degrees, degrees), min_size=3, max_size=8))
    @settings(max_examples=25, deadline=None)
    def test_what_was_built_is_measured(self, built: list[tuple[float, float, float]]) -> None:
        phi, psi, omega = np.array(built).T
        chain = main_chain(arrays(peptide(phi, psi, omega)))
        np.testing.assert_allclose(chain.phi[1:], phi[1:], atol=1e-5)
        np.testing.assert_allclose(chain.psi[:-1], psi[:-1], atol=1e-5)
        np.testing.assert_allclose(chain.omega[1:], omega[1:], atol=1e-5)
        self.assertTrue(np.isnan([chain.phi[0], chain.psi[-1], chain.omega[0]]).all())

    @given(st.integers(0, 2**32 - 1))
    @settings(max_examples=10, deadline=None)
    def test_many_at_once_are_as_each_alone(self, seed: int) -> None:
        a, b, c, d = np.random.default_rng(seed).normal(size=(4, 5, 3))
        alone = [torsion_angle(*four) for four in zip(a, b, c, d, strict=True)]
        np.testing.assert_allclose(torsions(a, b, c, d), alone, atol=1e-9)
        np.testing.assert_allclose(angles(a, b, c), angles(c, b, a))

    def test_a_gap_ends_the_chain(self) -> None:
        structure = regular(count=12)
        for residue in list(structure[0][0])[6:]:
            for site in residue:
                site.pos += gemmi.Position(3, 0, 0)
        chain = main_chain(arrays(structure))
        self.assertEqual(np.flatnonzero(~chain.linked).tolist(), [0, 6])
        self.assertTrue(np.isnan([chain.psi[5], chain.phi[6], chain.omega[6]]).all())
        self.assertEqual(np.count_nonzero(chain.ratings), 8)

    def test_variants_of_one_place_are_one(self) -> None:
        structure = regular(count=5)
        other = structure[0][0][2].clone()
        other.name = "THR"
        for number, residue in enumerate((structure[0][0][2], other)):
            for site in residue:
                site.altloc, site.occ = "AB"[number], 0.5
        structure[0][0].add_residue(other, 3)
        chain = main_chain(arrays(structure))
        self.assertEqual(len(chain), 5)
        self.assertTrue(chain.linked[1:].all())


class TestRamachandran(unittest.TestCase):
    def test_of_ideal_structures(self) -> None:
        for angles_ in ((PHI, PSI), STRAND):
            seen = measured(regular(angles_))
            self.assertEqual(seen.numbers["rama_residues"], 28)
            self.assertEqual(seen.numbers["rama_favoured"], 100)

    def test_places_that_everybody_knows(self) -> None:
        contours = Contours.shipped()
        helix, left, forbidden = (-60.0, -45.0), (57.0, 40.0), (70.0, -30.0)
        for of, place, rating in (
            (RamaClass.GENERAL, helix, Rating.FAVOURED),
            (RamaClass.GENERAL, left, Rating.FAVOURED),
            (RamaClass.GENERAL, forbidden, Rating.ALLOWED),
            (RamaClass.GENERAL, (100.0, -100.0), Rating.OUTLIER),
            (RamaClass.GLYCINE, (100.0, -10.0), Rating.FAVOURED),
            (RamaClass.BRANCHED, forbidden, Rating.OUTLIER),
            (RamaClass.TRANS_PROLINE, left, Rating.OUTLIER),
            (RamaClass.CIS_PROLINE, helix, Rating.ALLOWED),
            (RamaClass.BEFORE_PROLINE, (-60.0, 140.0), Rating.FAVOURED),
        ):
            with self.subTest(of=of, place=place):
                angles_ = np.array([place])
                favoured = contours.favoured(of, angles_)[0]
                outlier = contours.outliers(of, angles_)[0]
                self.assertFalse(favoured and outlier)
                found = (
                    Rating.FAVOURED if favoured else Rating.OUTLIER if outlier else Rating.ALLOWED
                )
                self.assertIs(found, rating)

    @given(st.sampled_from(list(RamaClass)), st.floats(-180, 180), st.booleans())
    @settings(max_examples=60, deadline=None)
    def test_both_edges_are_one(self, of: RamaClass, along: float, of_phi: bool) -> None:
        contours = Contours.shipped()
        ends = np.array([(180.0, along), (-180.0, along)])
        ends = ends if of_phi else ends[:, ::-1]
        near = np.array([(180.0, along + step) for step in (-0.3, 0.3)])
        near = near if of_phi else near[:, ::-1]
        for region in (contours.favoured, contours.outliers):
            if len(set(region(of, near))) == 1 and abs(along) < 179:
                self.assertEqual(*region(of, ends).tolist())

    def test_classes(self) -> None:
        names = ["ALA", "GLY", "VAL", "PRO", "ILE", "SER", "PRO", "PRO", "ALA"]
        omega = [180.0] * 6 + [0.0, 180.0, 180.0]
        chain = main_chain(arrays(peptide([-65] * 9, [140] * 9, omega, names)))
        self.assertEqual(
            chain.classes.tolist(),
            [
                "general",
                "glycine",
                "before proline",
                "trans proline",
                "isoleucine or valine",
                "before proline",
                "cis proline",
                "trans proline",
                "general",
            ],
        )

    def test_d_amino_acids_are_rated_as_mirrors(self) -> None:
        named = measured(regular((-PHI, -PSI), names=["DAL"] * 30, hand=-1))
        self.assertEqual(named.numbers["rama_favoured"], 100)
        self.assertEqual(named.numbers["d_residues"], 0)
        self.assertEqual(named.numbers["cbeta_outliers"], 0)
        unknown = measured(regular((-PHI, -PSI), names=["SER", "DNE"] * 15, hand=-1))
        self.assertEqual(unknown.numbers["d_residues"], 15)

    def test_the_source_is_named(self) -> None:
        stored = json.loads(FILE.read_text(encoding="utf-8"))
        self.assertEqual(stored["license"], "CC-BY-4.0")
        self.assertIn("Top8000", stored["source"])

    def test_as_the_grids_do(self) -> None:
        path = SHARED / "modelmaps" / "top8000_rama.npz"
        if not path.is_file():
            self.skipTest(f"{path} is not here")
        names = ("general", "gly", "ileval", "prepro", "transpro", "cispro")
        lows = (0.0005, 0.001, 0.001, 0.001, 0.001, 0.002)
        grids = np.load(path)
        drawn = np.random.default_rng(1).uniform(-180, 180, (20_000, 2))
        from scipy.interpolate import RegularGridInterpolator

        centres = np.arange(-183, 184, 2.0)
        for of, name, low in zip(RamaClass, names, lows, strict=True):
            around = np.pad(grids[name].astype(np.float64), 2, mode="wrap")
            height = RegularGridInterpolator((centres, centres), around)(drawn)
            contours = Contours.shipped()
            for found, truth in (
                (contours.favoured(of, drawn), height >= 0.02),
                (contours.outliers(of, drawn), height < low),
            ):
                self.assertLess(np.mean(found != truth), 5e-4, of)

    def test_percentages_of_the_archive(self) -> None:
        for file, favoured, residues in (
            ("maps/emd_3488_5ni1.cif.gz", 95.23, 566),
            ("maps/emd_3488_5me2.pdb.gz", 97.13, 558),
            ("modelmaps/emd_20026_3ajo.pdb.gz", 98.24, 170),
        ):
            path = SHARED / file
            if not path.is_file():
                self.skipTest(f"{path} is not here")
            numbers = examine(arrays(read_model(path))).numbers
            self.assertEqual(round(numbers["rama_favoured"] or 0, 2), favoured)
            self.assertEqual((numbers["rama_outliers"], numbers["rama_residues"]), (0, residues))


class TestHands(unittest.TestCase):
    def test_a_mirror_turns_all_hands_and_nothing_else(self) -> None:
        model = arrays(regular(names=["SER", "VAL", "ALA", "PRO", "GLY"] * 6))
        there = examine(model)
        mirror = examine(replace(model, atoms=model.atoms.mirrored()))
        np.testing.assert_allclose(mirror.chain.phi, -there.chain.phi)
        np.testing.assert_allclose(mirror.chain.psi, -there.chain.psi)
        np.testing.assert_allclose(mirror.chain.chirality, -there.chain.chirality)
        np.testing.assert_allclose(mirror.lengths.z, there.lengths.z, atol=1e-9)
        np.testing.assert_allclose(mirror.angles.z, there.angles.z, atol=1e-9)
        self.assertEqual(mirror.clashes.per_thousand, there.clashes.per_thousand)
        self.assertEqual((there.numbers["wrong_hands"], mirror.numbers["wrong_hands"]), (0, 100))
        self.assertEqual(mirror.numbers["d_residues"], 24)

    @given(st.integers(0, 2**32 - 1))
    @settings(max_examples=10, deadline=None)
    def test_turned_and_moved_it_is_the_same(self, seed: int) -> None:
        rng = np.random.default_rng(seed)
        model = arrays(regular(STRAND, 12))
        model = moved(model, model.atoms.positions + rng.normal(0, 0.1, (len(model), 3)))
        turned = Rotation.random(random_state=seed % 2**31).apply(model.atoms.positions)
        other = moved(model, turned + rng.uniform(-300, 300, 3))
        before, after = examine(model).numbers, examine(other).numbers
        for key, value in before.items():
            if value is None:
                self.assertIsNone(after[key])
            else:
                self.assertAlmostEqual(value, after[key] or 0, places=6, msg=key)

    def test_ca_alone_has_a_hand_in_its_helices(self) -> None:
        structure = regular()
        for residue in structure[0][0]:
            for name in ("N", "C", "O", "CB"):
                residue.remove_atom(name, "\0")
        model = arrays(structure)
        seen = examine(model)
        self.assertEqual((seen.alphas, seen.numbers["rama_residues"]), (30, 0))
        self.assertEqual((seen.hands.right_turns, seen.hands.left_turns), (27, 0))
        mirror = examine(replace(model, atoms=model.atoms.mirrored()))
        self.assertEqual(mirror.numbers["wrong_hands"], 100)


class TestBonds(unittest.TestCase):
    def test_an_ideal_chain_has_ideal_bonds(self) -> None:
        seen = measured(regular(STRAND))
        for deviations in (seen.lengths, seen.angles):
            self.assertLess(float(np.nanmax(np.abs(deviations.z))), 1.1)
        self.assertLess(float(np.nanmax(seen.beta)), 0.03)
        self.assertAlmostEqual(seen.bond_scale[0] or 0, 1.0, places=3)

    def test_what_is_longer_is_told(self) -> None:
        model = arrays(regular(STRAND))
        scale, error = examine(moved(model, 1.01 * model.atoms.positions)).bond_scale
        self.assertAlmostEqual(scale or 0, 1.01, places=3)
        self.assertLess(error or 1, 0.002)

    def test_displaced_atoms_are_told_by_bonds(self) -> None:
        model = arrays(regular(STRAND))
        moves = np.random.default_rng(3).normal(0, 0.5 / np.sqrt(3), (len(model), 3))
        numbers = examine(moved(model, model.atoms.positions + moves)).numbers
        self.assertGreater(numbers["bond_outliers"] or 0, 50)
        self.assertGreater(numbers["angle_outliers"] or 0, 50)

    def test_cb_out_of_place(self) -> None:
        model = arrays(regular(STRAND))
        positions = model.atoms.positions.copy()
        chain = main_chain(model)
        away = positions[chain.cb[7]] - positions[chain.ca[7]]
        positions[chain.cb[7]] += 0.4 * away / np.linalg.norm(away)
        beta = examine(moved(model, positions)).beta
        self.assertEqual(np.flatnonzero(beta > 0.25).tolist(), [7])
        self.assertAlmostEqual(float(beta[7]), 0.4, delta=0.03)

    def test_cis_and_twisted_peptides(self) -> None:
        omega = [180.0] * 12
        omega[4], omega[6], omega[8] = 3.0, 90.0, -10.0
        names = ["SER"] * 8 + ["PRO"] + ["SER"] * 3
        seen = measured(peptide([-120.0] * 12, [130.0] * 12, omega, names))
        self.assertEqual(np.flatnonzero(seen.cis_nonpro).tolist(), [4])
        self.assertEqual(np.flatnonzero(seen.chain.twisted).tolist(), [6])
        self.assertEqual(seen.numbers["cis_pro"], 1)
        self.assertAlmostEqual(seen.numbers["cis_nonpro"] or 0, 10)


class TestContacts(unittest.TestCase):
    def clashing(self, change: Callable[[gemmi.Structure], None], chains: int = 2) -> int:
        structure = helices(6, chains)
        change(structure)
        structure.setup_entities()
        return len(clashes(arrays(structure)).atoms)

    def test_none_in_ideal_structures(self) -> None:
        self.assertEqual(self.clashing(lambda _: None), 0)
        self.assertEqual(len(measured(regular()).clashes.atoms), 0)
        self.assertEqual(len(measured(regular(STRAND)).clashes.atoms), 0)

    def test_chains_that_overlap(self) -> None:
        def together(structure: gemmi.Structure) -> None:
            for residue in structure[0][1]:
                for site in residue:
                    site.pos += gemmi.Position(-8.0, 0, 0)

        self.assertGreater(self.clashing(together), 20)

    def test_what_may_be_near(self) -> None:
        """Beside CB of residue 3 of a helix: by element, distance, and how it is there."""

        def beside(
            name: str, distance: float, residue: str = "HOH", at: str = "CB", **how: object
        ) -> Callable[[gemmi.Structure], None]:
            def change(structure: gemmi.Structure) -> None:
                chain = structure[0][0]
                there = chain[2].find_atom(at, "*").pos
                away = np.subtract(there.tolist(), chain[2].find_atom("CA", "*").pos.tolist())
                place = np.add(there.tolist(), distance * away / np.linalg.norm(away))
                add_residue(structure, residue, [(name, name[0])], place=place.tolist())
                added = chain[-1][0]
                if "element" in how:
                    added.element = gemmi.Element(str(how["element"]))
                if "altloc" in how:
                    added.altloc, chain[2].find_atom(at, "*").altloc = "A", "B"
                if "occupancy" in how:
                    added.occ = chain[2].find_atom(at, "*").occ = float(str(how["occupancy"]))

            return change

        for change, count in (
            (beside("O", 3.0), 0),
            (beside("O", 2.5), 1),
            (beside("O", 2.5, altloc=True), 0),
            (beside("O", 2.5, occupancy=0.5), 0),
            (beside("O", 2.5, occupancy=0.6), 1),
            (beside("ZN", 2.0, "ZN", element="Zn"), 0),
            (beside("C1", 1.5, "LIG", element="C"), 0),
            (beside("C1", 2.6, "LIG", element="C"), 1),
        ):
            self.assertEqual(self.clashing(change, chains=1), count)
        for apart, count in ((HYDROGEN_BOND + 0.1, 0), (HYDROGEN_BOND - 0.1, 1)):
            structure = gemmi.Structure()
            structure.add_model(gemmi.Model(1))
            structure[0].add_chain(gemmi.Chain("a"))
            add_residue(structure, "HOH", [("O", "O")], number=1, place=(0, 0, 0))
            add_residue(structure, "HOH", [("O", "O")], number=2, place=(0, 0, apart))
            self.assertEqual(len(clashes(arrays(structure)).atoms), count)

    def test_other_units_end_too(self) -> None:
        model = arrays(regular(STRAND, 600))
        for scale in (0.1, 0.0):
            found = clashes(moved(model, scale * model.atoms.positions))
            self.assertGreater(len(found.atoms), 600)
            self.assertLess(len(found.atoms), 25 * len(model))

    @given(st.integers(0, 2**32 - 1), st.integers(0, 40))
    @settings(max_examples=20, deadline=None)
    def test_pairs_are_those_of_all_distances(self, seed: int, count: int) -> None:
        points = np.random.default_rng(seed).uniform(0, 12, (count, 3))
        apart = np.linalg.norm(points[:, np.newaxis] - points, axis=2)
        expected = np.argwhere(np.triu(apart <= 3.0, 1))
        np.testing.assert_array_equal(near_pairs(points, 3.0), expected)

    def test_disulfides_are_bonds(self) -> None:
        structure = regular(STRAND, 2, ["CYS", "CYS"])
        for number, residue in enumerate(structure[0][0]):
            residue.add_atom(atom("SG", (20, 0, 2.05 * number)))
        model = arrays(structure)
        sulfurs = np.flatnonzero(model.names == "SG")
        pair = sulfurs[np.newaxis]
        bound = bonds(model, np.arange(len(model)))
        self.assertTrue(within_bonds(bound, len(model), pair, 1)[0])
        far = moved(model, model.atoms.positions * (1, 1, 1.5))
        bound = bonds(far, np.arange(len(far)))
        self.assertFalse(within_bonds(bound, len(far), pair, 1)[0])

    def test_bonds_are_counted(self) -> None:
        model = arrays(regular(STRAND, 4))
        chain = main_chain(model)
        bound = bonds(model, np.arange(len(model)))
        self.assertEqual(len(np.unique(np.sort(bound, axis=1), axis=0)), 4 * 4 + 3)
        ends = np.array([(chain.ca[0], chain.ca[1]), (chain.ca[0], chain.c[1])])
        self.assertEqual(within_bonds(bound, len(model), ends).tolist(), [True, False])


ADENINE = {
    "C1'": (-2.479, 5.346), "N9": (-1.291, 4.498), "C8": (0.024, 4.897), "N7": (0.877, 3.902),
    "C5": (0.071, 2.771), "C6": (0.369, 1.398), "N6": (1.611, 0.909), "N1": (-0.668, 0.532),
    "C2": (-1.912, 1.023), "N3": (-2.320, 2.290), "C4": (-1.267, 3.124),
}  # fmt: skip
THYMINE = {
    "C1'": (-2.481, 5.354), "N1": (-1.284, 4.500), "C2": (-1.462, 3.135), "O2": (-2.562, 2.608),
    "N3": (-0.298, 2.407), "C4": (0.994, 2.897), "O4": (1.944, 2.119), "C5": (1.106, 4.338),
    "C7": (2.466, 4.961), "C6": (-0.024, 5.057),
}  # fmt: skip
"""x, y in Å of bases in their common frame (Olson et al. 2001, doi:10.1006/jmbi.2001.4987)."""


def duplex(lift: float = 0.0) -> gemmi.Structure:
    """Two steps of a duplex of A and T; the second strand is lifted out of the plane by some Å."""
    model = gemmi.Model(1)
    for name, base, other, side in (("A", "DA", ADENINE, 1), ("B", "DT", THYMINE, -1)):
        chain = gemmi.Chain(name)
        for step in range(2):
            residue = gemmi.Residue()
            residue.name, residue.seqid = base, gemmi.SeqId(str(step + 1))
            for called, (x, y) in other.items():
                residue.add_atom(atom(called, (x, side * y, 3.4 * step + (side < 0) * lift)))
            chain.add_residue(residue)
        model.add_chain(chain)
    structure = gemmi.Structure()
    structure.add_model(model)
    structure.setup_entities()
    return structure


class TestNucleicAcids(unittest.TestCase):
    def test_base_pairs(self) -> None:
        pairs = base_pairs(arrays(duplex()))
        self.assertEqual((len(pairs.residues), pairs.bases), (2, 4))
        self.assertTrue(pairs.watson_crick.all())
        self.assertEqual(pairs.residues.tolist(), [[0, 2], [1, 3]])

    def test_strands_apart_are_not_paired(self) -> None:
        self.assertEqual(len(base_pairs(arrays(duplex(lift=1.7))).residues), 0)

    def test_the_hand_of_sugars(self) -> None:
        structure = duplex()
        # C4' with its neighbours where D sugars have them, C5' up, seen from O4' to C3'
        for residue in structure[0][0]:
            for name, place in (
                ("C4'", (0, 0, 0)),
                ("O4'", (1.2, 0.8, 0)),
                ("C3'", (-1.2, 0.9, 0)),
                ("C5'", (0, -0.7, 1.3)),
            ):
                residue.add_atom(atom(name, place))
        model = arrays(structure)
        hand = np.sign(sugar_chirality(model)[:2])
        mirror = sugar_chirality(replace(model, atoms=model.atoms.mirrored()))[:2]
        np.testing.assert_array_equal(np.sign(mirror), -hand)
        self.assertTrue(np.isnan(sugar_chirality(model)[2:]).all())


class TestCheck(ModelTest):
    def setUp(self) -> None:
        super().setUp()
        here = "vrs_scipion.checks.levela_j_stereochemistry.ribbons"
        drawn = mock.patch(here, return_value=False)  # takes seconds, and has its own tests
        drawn.start()
        self.addCleanup(drawn.stop)

    def checked(self, structure: gemmi.Structure, **changes: float | None) -> CheckResult:
        return run_check(CHECK, self.prepared(structure, **changes), self.folder / "result")

    def failed(self, result: CheckResult) -> set[str]:
        return {one.key for one in result.criteria if not one.passed and one.role == "verdict"}

    def test_a_good_model(self) -> None:
        result = self.checked(regular(names=["SER", "VAL", "ALA", "LEU", "GLY"] * 6))
        self.assertEqual((result.outcome, self.failed(result)), (Outcome.OK, set()), result.reason)
        self.assertIn("in order", result.headline)
        self.assertLessEqual(
            {"ramachandran", "deviations"}, {figure.key for figure in result.figures}
        )
        words = read_scores(self.folder / "result" / "residues.csv", ["rama", "bond_z", "clashes"])
        self.assertEqual(words["rama"], ["", *["favoured"] * 28, ""])
        self.assertEqual(set(words["clashes"]), {"0"})
        self.assertNotIn("residues", result.tables)

    def test_a_mirrored_model(self) -> None:
        structure = regular()
        for site in structure[0].all():
            site.atom.pos.x *= -1
        result = self.checked(structure)
        self.assertEqual(result.outcome, Outcome.WARNINGS)
        self.assertIn("mirrored", result.headline)
        self.assertLessEqual({"wrong_hands", "d_residues"}, self.failed(result))

    def test_outliers_are_named_and_coarse_maps_may_have_more(self) -> None:
        phi, psi = [-60.0] * 80, [-45.0] * 80
        phi[20], psi[20] = 100.0, -100.0
        structure = peptide(phi, psi, [180.0] * 80)
        for resolution, failed in ((3.0, {"rama_outliers"}), (None, set())):
            result = self.checked(structure, resolution=resolution)
            self.assertEqual(
                self.failed(result) & {"rama_outliers", "rama_outliers_coarse"}, failed
            )
            row = result.tables["residues"].rows[0]
            self.assertEqual(row[:2], ("A/SER 21", "Ramachandran outlier"))

    def test_what_other_checks_found_stands_beside(self) -> None:
        structure = regular()
        structure[0][0][9]["CB"][0].pos += gemmi.Position(0.5, 0, 0)
        entry, folder = self.prepared(structure), self.folder / "A.a"
        folder.mkdir()
        scores = {"cc": np.arange(30) / 100}
        write_scores(entry.model(), "residues", scores, folder / "residues.csv")
        result = run_check(CHECK, entry, self.folder / "result", folders={"A.a": folder})
        table = result.tables["residues"]
        self.assertEqual([column.key for column in table.columns][3:], ["cc"])
        row = next(row for row in table.rows if row[0] == "A/SER 10")
        self.assertEqual((row[1], row[3]), ("Cβ out of place", 0.09))

    def test_displaced_atoms(self) -> None:
        structure, rng = regular(), np.random.default_rng(2)
        for site in structure[0].all():
            site.atom.pos += gemmi.Position(*rng.normal(0, 0.29, 3))
        result = self.checked(structure)
        self.assertIn("bond_outliers", self.failed(result))
        self.assertIn("bonds", result.tables)

    def test_models_of_less(self) -> None:
        alphas = regular()
        for residue in alphas[0][0]:
            for name in ("N", "C", "O", "CB"):
                residue.remove_atom(name, "\0")
        result = self.checked(alphas)
        self.assertEqual(result.outcome, Outcome.UNDETERMINED)
        self.assertIn("right-handed", " ".join(result.paragraphs))
        for site in alphas[0].all():
            site.atom.pos.x *= -1
        result = self.checked(alphas)
        self.assertEqual((result.outcome, self.failed(result)), (Outcome.WARNINGS, {"wrong_hands"}))
        waters = helices(4)
        del waters[0][0][:]
        add_residue(waters, "HOH", [("O", "O")], number=1)
        self.assertEqual(self.checked(waters).outcome, Outcome.NOT_APPLICABLE)
        result = self.checked(duplex())
        self.assertEqual(result.outcome, Outcome.OK, result.reason)
        self.assertEqual(result.measurements["base_pairs"].value, 2)
        short = self.checked(regular(count=2))
        self.assertEqual(short.outcome, Outcome.OK, short.reason)


if __name__ == "__main__":
    unittest.main()
