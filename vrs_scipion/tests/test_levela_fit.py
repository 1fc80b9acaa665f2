"""A.a and A.i: a model against a map that it fits, fits badly, or does not fit at all."""

from __future__ import annotations

import gemmi
import numpy as np

from vrs_scipion.checks import (
    levela_a_correlation,
    levela_h_placement,
    levela_i_inclusion,
    levela_l_record,
)
from vrs_scipion.checks.check import Check
from vrs_scipion.checks.run import run_check
from vrs_scipion.maps.density import Volume
from vrs_scipion.methods.model_map import Grid, model_map
from vrs_scipion.models.atomic_model import arrays_of
from vrs_scipion.models.score_table import read_scores
from vrs_scipion.results import CheckResult, Outcome
from vrs_scipion.tests.mrc_files import mrc_bytes, write
from vrs_scipion.tests.small_models import add_residue, helices
from vrs_scipion.tests.surfaces import leave_surfaces_out
from vrs_scipion.tests.test_model_input import ModelTest

BOX = (40, 42, 44)
MIDDLE = (22.0, 21.0, 20.0)
EMPTY = (6.0, 6.0, 6.0)
GRID = Grid(BOX, (1.0, 1.0, 1.0), (0.0, 0.0, 0.0))


def shifted(structure: gemmi.Structure, x: float) -> gemmi.Structure:
    copy = structure.clone()
    for site in copy[0].all():
        site.atom.pos += gemmi.Position(x, 0, 0)
    return copy


def bundle() -> gemmi.Structure:
    """Two helices of twelve residues, as close to each other as helices are."""
    return helices(12, 2, (17.5, 21.0, 20.0))


class FitTest(ModelTest):
    check: Check

    def setUp(self) -> None:
        super().setUp()
        leave_surfaces_out(self)
        self.good = bundle()
        self.density = self.drawn(self.good)
        self.contour = 0.3 * float(self.density.max())

    def drawn(self, structure: gemmi.Structure) -> Volume:
        clean = model_map(arrays_of(structure).model, GRID, 3.0)
        noise = np.random.default_rng(1).standard_normal(BOX).astype(np.float32)
        return clean + 0.3 * clean.std() * noise

    def checked(
        self, structure: gemmi.Structure, density: Volume | None = None, **changes: float | None
    ) -> CheckResult:
        values = self.density if density is None else density
        write(self.path, mrc_bytes(values))
        entry = self.prepared(structure, **{"contour": self.contour, "resolution": 3.0} | changes)
        return run_check(self.check, entry, self.folder / "result")

    def value(self, result: CheckResult, key: str) -> float:
        value = result.measurements[key].value
        assert value is not None
        return value

    def failed(self, result: CheckResult) -> list[str]:
        return [one.key for one in result.criteria if not one.passed and one.role == "verdict"]


class TestCorrelation(FitTest):
    check = levela_a_correlation.CHECK

    def test_a_model_in_its_map(self) -> None:
        result = self.checked(self.good)
        self.assertEqual(result.outcome, Outcome.OK, result.reason or result.warnings)
        self.assertGreater(self.value(result, "cc_mask"), 0.9)
        self.assertGreater(self.value(result, "fsc_area"), 0.8)
        assert result.resolution_estimate is not None
        self.assertLess(abs(result.resolution_estimate.value - 3.0), 0.3)
        self.assertEqual([score.key for score in result.scores], ["cc", "smoc"])
        kept = read_scores(self.folder / "result" / "residues.csv", ("cc", "smoc"))
        self.assertEqual(len(kept["cc"]), 24)
        self.assertGreater(min(map(float, kept["cc"])), 0.7)

    def test_a_model_beside_its_place(self) -> None:
        result = self.checked(shifted(self.good, 3.0))
        self.assertEqual(result.outcome, Outcome.WARNINGS)
        self.assertIn("cc_mask", self.failed(result))
        self.assertIn("residues_below_05", self.failed(result))

    def test_half_a_model_is_judged_by_that_half(self) -> None:
        half = self.good.clone()
        half[0].remove_chain(half[0][1].name)
        whole, part = self.checked(self.good), self.checked(half)
        self.assertEqual(part.outcome, Outcome.OK, part.warnings)
        self.assertLess(self.value(part, "cc_box"), self.value(whole, "cc_box") - 0.1)
        self.assertGreater(self.value(part, "cc_mask"), 0.85)

    def test_a_model_outside_of_the_box_is_told_so(self) -> None:
        result = self.checked(shifted(self.good, 300.0))
        self.assertEqual(result.outcome, Outcome.NOT_APPLICABLE)
        self.assertIn("outside of the map's box", result.reason)

    def test_nanometres_are_told_by_all_and_waited_for(self) -> None:
        small = self.good.clone()
        for site in small[0].all():
            site.atom.pos = gemmi.Position(*(np.array(site.atom.pos.tolist()) / 10))
        result = self.checked(small)
        self.assertEqual(result.outcome, Outcome.NOT_APPLICABLE)
        self.assertIn("nanometres", result.reason)
        entry = self.prepared(small, contour=self.contour, resolution=3.0)
        for check in (levela_h_placement.CHECK, levela_i_inclusion.CHECK):
            self.assertIn("nanometres", check.does_not_apply(entry))
        record = run_check(levela_l_record.CHECK, entry, self.folder / "record")
        self.assertIn("neighbour_distance", self.failed(record))

    def test_without_a_resolution_it_says_what_to_give(self) -> None:
        result = self.checked(self.good, resolution=None)
        self.assertEqual(result.outcome, Outcome.NOT_APPLICABLE)
        self.assertIn("--resolution", result.reason)

    def test_next_to_nothing_ends_in_words(self) -> None:
        structure = helices(3, 1, MIDDLE)
        for number in (2, 1):
            del structure[0][0][number]
        for number in (4, 3, 2, 1):
            del structure[0][0][0][number]
        result = self.checked(structure)
        self.assertIn(result.outcome, (Outcome.OK, Outcome.WARNINGS), result.reason)


class TestInclusion(FitTest):
    check = levela_i_inclusion.CHECK

    def test_a_model_in_its_map(self) -> None:
        result = self.checked(self.good)
        self.assertEqual(result.outcome, Outcome.OK, result.reason or result.warnings)
        self.assertGreater(self.value(result, "inclusion_backbone"), 0.95)
        self.assertEqual([score.key for score in result.scores], ["z", "inclusion"])

    def test_a_chain_without_density(self) -> None:
        half = self.good.clone()
        half[0].remove_chain(half[0][1].name)
        result = self.checked(self.good, self.drawn(half))
        self.assertIn("unsupported_chains", self.failed(result))
        self.assertIn("unsupported_runs", self.failed(result))
        self.assertIn("Chain b", result.headline)

    def test_a_ligand_in_nothing_and_one_in_density(self) -> None:
        ring = [(f"C{n}", "C") for n in range(6)]
        bound, invented = self.good.clone(), self.good.clone()
        add_residue(bound, "BNZ", ring, place=(22.0, 34.0, 16.0))
        density = self.drawn(bound)
        add_residue(invented, "BNZ", ring, place=EMPTY)
        self.assertEqual(self.failed(self.checked(bound, density)), [])
        result = self.checked(invented)
        self.assertEqual(self.failed(result), ["unsupported_ligands"])
        self.assertIn("BNZ", result.headline)

    def test_density_without_a_model(self) -> None:
        half = self.good.clone()
        half[0].remove_chain(half[0][1].name)
        result = self.checked(half)
        self.assertEqual(self.failed(result), ["unmodelled_fraction"])
        self.assertGreater(self.value(result, "unmodelled_fraction"), 25)
        self.assertEqual([volume.key for volume in result.volumes], ["unmodelled"])

    def test_one_of_several_copies_is_not_blamed_for_the_others(self) -> None:
        three = helices(12, 3, (13.0, 21.0, 20.0))
        one = three.clone()
        for chain in list(three[0])[1:]:
            one[0].remove_chain(chain.name)
        self.assertEqual(self.failed(self.checked(one, self.drawn(three))), ["unmodelled_fraction"])
        one.assemblies.append(self.assembly(one[0][0].name, 3))
        result = self.checked(one, self.drawn(three))
        told = {one.key: one for one in result.criteria}["unmodelled_fraction"]
        self.assertIn("copies", told.vacuous)
        self.assertEqual(result.outcome, Outcome.OK, result.warnings)

    def assembly(self, chain: str, copies: int) -> gemmi.Assembly:
        made, generator = gemmi.Assembly("1"), gemmi.Assembly.Gen()
        generator.chains = [chain]
        for number in range(copies):
            operator = gemmi.Assembly.Operator()
            operator.transform.vec.x = 9.0 * number
            generator.operators.append(operator)
        made.generators.append(generator)
        return made

    def test_waters_alone(self) -> None:
        structure = helices(3, 1, MIDDLE)
        add_residue(structure, "HOH", [("O", "O")], number=300, place=MIDDLE)
        for number in (2, 1, 0):
            del structure[0][0][number]
        result = self.checked(structure)
        self.assertEqual(result.outcome, Outcome.WARNINGS, result.reason)
        self.assertEqual(self.failed(result), ["unmodelled_fraction"])
