"""A.l: what a model's file says of its atoms, each finding with a model that has it alone."""

from __future__ import annotations

import gemmi

from vrs_scipion.checks.levela_l_record import CHECK
from vrs_scipion.checks.run import run_check
from vrs_scipion.methods.model_record import SIDE_CHAINS
from vrs_scipion.models.breaks import breaks
from vrs_scipion.results import CheckResult, Outcome
from vrs_scipion.tests.small_models import add_residue, helices
from vrs_scipion.tests.test_model_input import ModelTest

PLACE = (13.0, 16.0, 15.0)


class RecordTest(ModelTest):
    def good(self) -> gemmi.Structure:
        """Two helices with nothing to complain of."""
        return helices(8, 2, PLACE)

    def checked(self, structure: gemmi.Structure, **changes: float) -> CheckResult:
        entry = self.prepared(structure, **changes)
        return run_check(CHECK, entry, self.folder / "result")

    def counts(self, result: CheckResult) -> dict[str, float | None]:
        """What was found of what a good model has none of."""
        kept = {key: one.value for key, one in result.measurements.items()}
        kept.pop("b_different")
        kept.pop("neighbour_distance")
        return {key: value for key, value in kept.items() if value}

    def failed(self, result: CheckResult) -> list[str]:
        return [one.key for one in result.criteria if not one.passed]


class TestFindings(RecordTest):
    def test_a_good_model(self) -> None:
        result = self.checked(self.good())
        self.assertEqual(result.outcome, Outcome.OK, result.reason)
        self.assertEqual(self.counts(result), {})
        self.assertEqual(result.measurements["b_different"].value, 8)
        self.assertIn("is in order", result.headline)
        self.assertEqual(set(result.tables), {"findings"})

    def test_every_fault_is_found_and_no_other(self) -> None:
        def outside(structure: gemmi.Structure) -> None:
            structure[0][0][0][1].pos.x = 33.5

        def face(structure: gemmi.Structure) -> None:
            structure[0][0][0][4].pos.x = 0.4

        def named_twice(structure: gemmi.Structure) -> None:
            structure[0][0][2][3].name = "CB"

        def on_each_other(structure: gemmi.Structure) -> None:
            structure[0][0][2][3].pos = structure[0][0][2][4].pos + gemmi.Position(0.2, 0, 0)

        def zero(structure: gemmi.Structure) -> None:
            structure[0][0][0][0].b_iso = 0

        def negative(structure: gemmi.Structure) -> None:
            structure[0][0][0][0].b_iso = -3

        def high(structure: gemmi.Structure) -> None:
            structure[0][0][0][0].b_iso = 400

        def unoccupied(structure: gemmi.Structure) -> None:
            structure[0][0][0][0].occ = 0

        def a_chain(structure: gemmi.Structure) -> None:
            for residue in structure[0][0]:
                for atom in residue:
                    atom.occ = 0

        def over(structure: gemmi.Structure) -> None:
            structure[0][0][0][0].occ = 1.5

        def uneven(structure: gemmi.Structure) -> None:
            residue = structure[0][0][1]
            other = residue[4].clone()
            residue[4].altloc, residue[4].occ = "A", 0.4
            other.altloc, other.occ = "B", 0.4
            other.pos += gemmi.Position(0.1, 0, 0)
            residue.add_atom(other)

        def hydrogens(structure: gemmi.Structure) -> None:
            for residue in structure[0][0]:
                atom = residue[0].clone()
                atom.name, atom.element = "H", gemmi.Element("H")
                atom.pos += gemmi.Position(0.6, 0.6, 0)
                residue.add_atom(atom)

        def unknown(structure: gemmi.Structure) -> None:
            structure[0][0][3].name = "UNK"

        def undefined(structure: gemmi.Structure) -> None:
            add_residue(structure, "LIG", [("C1", "C"), ("C2", "C")], number=90, place=(5, 5, 5))

        def cut(structure: gemmi.Structure) -> None:
            del structure[0][0][3][4]

        def torn(structure: gemmi.Structure) -> None:
            for residue in list(structure[0][0])[4:]:
                for atom in residue:
                    atom.pos += gemmi.Position(0, 0, 3)

        def same_b(structure: gemmi.Structure) -> None:
            for site in structure[0].all():
                site.atom.b_iso = 50

        for break_, counts, failed in (
            (outside, {"outside": 1, "chain_breaks": 0}, ["outside"]),
            (face, {"on_faces": 1}, []),
            (named_twice, {"duplicates": 1}, ["duplicates"]),
            (on_each_other, {"too_close": 2}, []),
            (zero, {"b_zero": 1}, []),
            (negative, {"b_negative": 1}, []),
            (high, {"b_high": 1}, []),
            (unoccupied, {"unoccupied": 1, "unoccupied_share": 1.25}, []),
            (a_chain, {"unoccupied": 40, "unoccupied_share": 50}, ["unoccupied_share"]),
            (over, {"over_occupied": 1}, ["over_occupied"]),
            (uneven, {"uneven_alternatives": 2}, []),
            (hydrogens, {"without_hydrogens": 8}, []),
            (unknown, {"unknown_residues": 1, "unknown_share": 6.25}, ["unknown_share"]),
            (undefined, {"undefined_ligands": 1}, []),
            (cut, {"incomplete_side_chains": 1}, []),
            (torn, {"chain_breaks": 1}, []),
            (same_b, {}, ["b_different"]),
        ):
            with self.subTest(break_.__name__):
                structure = self.good()
                break_(structure)
                result = self.checked(structure)
                expected = {key: value for key, value in counts.items() if value}
                self.assertEqual(self.counts(result), expected)
                self.assertEqual(self.failed(result), failed)
                warned = result.outcome is Outcome.WARNINGS
                self.assertEqual(warned, bool(failed))
                self.assertEqual("needs attention" in result.headline, bool(failed))

    def test_alternatives_may_lie_on_each_other(self) -> None:
        structure = self.good()
        residue = structure[0][0][1]
        other = residue[4].clone()
        residue[4].altloc, residue[4].occ = "A", 0.5
        other.altloc, other.occ = "B", 0.5
        residue.add_atom(other)
        self.assertEqual(self.counts(self.checked(structure)), {})

    def test_one_b_factor_for_a_whole_chain_is_none_whatever_its_ligand_has(self) -> None:
        structure = self.good()
        for site in structure[0].all():
            site.atom.b_iso = 50
        add_residue(structure, "HEM", [("FE", "Fe"), ("NA", "N")], number=201, place=(20, 24, 15))
        result = self.checked(structure)
        self.assertEqual(self.failed(result), ["b_different"])
        self.assertTrue(any("All atoms of polymers" in said for said in result.paragraphs))

    def test_one_b_factor_for_all_is_usual_where_nothing_is_resolved(self) -> None:
        structure = self.good()
        for site in structure[0].all():
            site.atom.b_iso = 50
        result = self.checked(structure, resolution=7.0)
        self.assertEqual(result.outcome, Outcome.OK)
        self.assertIn("usual", result.criteria[-1].vacuous)

    def test_the_whole_model_in_another_place(self) -> None:
        result = self.checked(helices(8, 2, (200, 16, 15)))
        self.assertEqual(self.counts(result), {"outside": 80})
        self.assertIn("all its atoms lie outside of the map's box", result.headline)

    def test_models_of_next_to_nothing(self) -> None:
        atom = self.good()
        del atom[0][1]
        del atom[0][0][1:]
        del atom[0][0][0][1:]
        waters = self.good()
        del waters[0][1]
        del waters[0][0][:]
        add_residue(waters, "HOH", [("O", "O")], number=1)
        add_residue(waters, "HOH", [("O", "O")], number=2, place=(9, 9, 9))
        alphas = self.good()
        for residue in (one for chain in alphas[0] for one in chain):
            del residue[2:]
            del residue[0]
        for structure, outcome in (
            (atom, Outcome.OK),
            (waters, Outcome.WARNINGS),
            (alphas, Outcome.OK),
        ):
            result = self.checked(structure)
            self.assertEqual(result.outcome, outcome, result.reason)
        self.assertEqual(self.counts(result), {"incomplete_side_chains": 16})


class TestSequences(RecordTest):
    def test_against_the_sequence(self) -> None:
        structure = self.good()
        entity = next(one for one in structure.entities if one.full_sequence == [])
        entity.full_sequence = ["GLY", *["ALA"] * 8, "LYS"]
        structure.assign_label_seq_id(True)
        structure[0][0][4].name = "SER"
        result = self.checked(structure)
        self.assertEqual(result.measurements["residues_differing"].value, 1)
        absent = result.measurements["residues_absent"].value
        self.assertEqual(absent, 2 * len(entity.subchains))
        self.assertIn("have no atom", " ".join(result.paragraphs))

    def test_breaks_count_what_is_missing(self) -> None:
        structure = helices(12, 1, PLACE)
        del structure[0][0][4:7]
        model = self.prepared(structure).model()
        (one,) = breaks(model)
        self.assertEqual((one.missing, one.after - one.before), (3, 1))
        self.assertEqual(model.residue_words(one.before), "a/ALA 4")
        result = run_check(CHECK, self.prepared(structure), self.folder / "result")
        self.assertEqual(result.tables["breaks"].rows[0][1:3], ("ALA 4", "ALA 8"))

    def test_side_chains_are_what_the_dictionary_says(self) -> None:
        """Of so many heavy atoms beyond the main chain's four, and their number of each element."""
        for name, atoms in SIDE_CHAINS.items():
            residue = gemmi.find_tabulated_residue(name)
            self.assertTrue(residue.is_amino_acid())
            self.assertEqual(len(set(atoms)), len(atoms))
            weights = [
                gemmi.Element(atom[:2] if atom == "SE" else atom[0]).weight for atom in atoms
            ]
            main = sum(gemmi.Element(symbol).weight for symbol in "NCCO")
            free_acid = 17.008  # OH; the rest of the difference are hydrogens
            hydrogens = (residue.weight - sum(weights) - main - free_acid) / 1.008
            self.assertAlmostEqual(hydrogens, residue.hydrogen_count - 1, delta=1.2, msg=name)
        self.assertEqual(len(SIDE_CHAINS), 20)
