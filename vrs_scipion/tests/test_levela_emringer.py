"""EMRinger: on side chains whose density is known, and on maps whose score is."""

from __future__ import annotations

import unittest
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import gemmi
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

import vrs_scipion
from vrs_scipion.checks.levela_f_emringer import CHECK
from vrs_scipion.checks.run import run_check
from vrs_scipion.maps.density import Density
from vrs_scipion.maps.placement import start
from vrs_scipion.maps.reading import read_density
from vrs_scipion.methods.emringer import ANGLES, Scan, Statistics, rolling, scan, statistics
from vrs_scipion.models.atomic_model import arrays_of
from vrs_scipion.models.reading import read_model
from vrs_scipion.models.score_table import read_scores
from vrs_scipion.results import CheckResult, Outcome
from vrs_scipion.tests.mrc_files import mrc_bytes, write
from vrs_scipion.tests.small_models import helices
from vrs_scipion.tests.test_model_input import ModelTest

SHARED = Path(vrs_scipion.__file__).resolve().parents[2] / "shared" / "data"
BOX = (34, 32, 30)
ROTAMERS = (60.0, 180.0, 300.0)
ALL_ROTAMERIC = 10 * (1 - 39 / 72) / np.sqrt(39 / 72 * 33 / 72)


def serines(chi: Sequence[float], chains: int = 2, each: int = 12) -> gemmi.Structure:
    """Helices of serine; χ1 goes through ``chi``, residue by residue."""
    structure = helices(each, chains, (13.0, 16.0, 16.0))
    for number, site in enumerate(residue for chain in structure[0] for residue in chain):
        site.name = "SER"
        gamma = site[4].clone()
        gamma.name, gamma.element = "OG", gemmi.Element("O")
        place = beyond(corners(site), chi[number % len(chi)])
        gamma.pos = gemmi.Position(*place)
        site.add_atom(gamma)
    return structure


def corners(residue: gemmi.Residue) -> list[np.ndarray]:
    """Its N, CA and CB."""
    return [np.array(residue[name][0].pos.tolist()) for name in ("N", "CA", "CB")]


def beyond(places: Sequence[np.ndarray], chi: float) -> np.ndarray:
    """An atom 1.42 Å from Cβ, at 111°, whose torsion about Cα–Cβ is chi (degrees)."""
    n, ca, cb = places
    axis = (cb - ca) / np.linalg.norm(cb - ca)
    side = n - ca - ((n - ca) @ axis) * axis
    side /= np.linalg.norm(side)
    angle, turn = np.radians(180 - 111), np.radians(chi)
    around = np.cos(turn) * side + np.sin(turn) * np.cross(axis, side)
    place: np.ndarray = cb + 1.42 * (np.cos(angle) * axis + np.sin(angle) * around)
    return place


def density_at(
    structure: gemmi.Structure, names: Sequence[str], sigma: float = 0.7, voxel: float = 1.0
) -> Density:
    """Gaussians about the atoms of some names, on cubic voxels (Å)."""
    box = tuple(round(n / voxel) for n in BOX)
    grid = voxel * np.indices(box).astype(np.float64)
    values = np.zeros(box)
    for site in structure[0].all():
        if site.atom.name in names:
            place = np.array(site.atom.pos.tolist()[::-1]).reshape(3, 1, 1, 1)
            values += np.exp(-0.5 * ((grid - place) ** 2).sum(0) / sigma**2)
    return Density(values.astype(np.float32), (voxel, voxel, voxel))


def known(found: Scan) -> Statistics:
    """Of a scan that has a score."""
    of = statistics(found)
    assert of is not None
    return of


class TestMethod(unittest.TestCase):
    def test_angles_are_torsions(self) -> None:
        wanted = np.arange(24) * 15.0 + 5
        structure = serines(wanted.tolist())
        model = arrays_of(structure).model
        found = scan(density_at(structure, ("OG",), 0.4, 0.5), (0, 0, 0), model)
        np.testing.assert_allclose(found.modelled, wanted, atol=1e-6)
        residue = structure[0][0][3]
        torsion = gemmi.calculate_dihedral(*(residue[a][0].pos for a in ("N", "CA", "CB", "OG")))
        self.assertAlmostEqual(np.degrees(torsion) % 360, found.modelled[3], places=4)
        apart = np.abs((found.peak_angle - wanted + 180) % 360 - 180)
        self.assertLessEqual(np.percentile(apart, 90), 10 + 1e-6)
        self.assertLessEqual(np.median(apart), 5 + 1e-6)

    def test_every_side_chain_at_a_rotamer_scores_the_highest_possible(self) -> None:
        structure = serines(ROTAMERS)
        found = scan(density_at(structure, ("OG",)), (0, 0, 0), arrays_of(structure).model)
        of = known(found)
        self.assertEqual(len(found), 24)
        self.assertTrue(found.rotameric.all())
        self.assertAlmostEqual(of.score, ALL_ROTAMERIC)
        self.assertEqual((of.best, of.ratio[0], of.counted[0]), (0, 1.0, 24))
        self.assertLess(found.off_rotamer.max(), 26)

    def test_none_at_a_rotamer_has_no_score(self) -> None:
        structure = serines((0.0, 120.0, 240.0))
        found = scan(density_at(structure, ("OG",)), (0, 0, 0), arrays_of(structure).model)
        self.assertIsNone(statistics(found))

    def test_a_flat_map_has_no_score(self) -> None:
        model = arrays_of(serines(ROTAMERS)).model
        flat = Density(np.ones(BOX, np.float32), (1.0, 1.0, 1.0))
        self.assertIsNone(statistics(scan(flat, (0, 0, 0), model)))

    def test_what_the_model_has_does_not_matter(self) -> None:
        structure = serines(ROTAMERS)
        density = density_at(structure, ("OG",))
        score = known(scan(density, (0, 0, 0), arrays_of(structure).model)).score
        turned = serines([chi + 120 for chi in ROTAMERS])
        again = known(scan(density, (0, 0, 0), arrays_of(turned).model)).score
        self.assertAlmostEqual(score, again)

    def test_who_is_scanned(self) -> None:
        structure = serines(ROTAMERS, 1, 8)
        chain = structure[0][0]
        chain[0].name = "THR"
        del chain[1][5]
        chain[2][0].occ = 0
        chain[3].name, chain[3][5].name = "SEC", "SE"
        other = chain[4][5].clone()
        chain[4][5].altloc, chain[4][5].occ = "A", 0.3
        other.altloc, other.occ = "B", 0.7
        other.pos = gemmi.Position(*beyond(corners(chain[4]), 100))
        chain[4].add_atom(other)
        found = scan(density_at(structure, ("OG",)), (0, 0, 0), arrays_of(structure).model)
        self.assertEqual(found.residues.tolist(), [3, 4, 5, 6, 7])
        self.assertAlmostEqual(found.modelled[1], 100, places=4)

    @settings(max_examples=40, deadline=None)
    @given(seed=st.integers(0, 2**20), residues=st.integers(1, 60))
    def test_the_count_is_the_definition(self, seed: int, residues: int) -> None:
        values = np.random.default_rng(seed).normal(size=(residues, 72))
        found = Scan(np.arange(residues), values, np.zeros(residues))
        of = statistics(found)
        mean, highest = values.mean(), values.max()
        zs = []
        for k in range(20):
            level = mean + k * (highest - mean) / 20
            peaks = [int(row.argmax()) for row in values if row.max() > level]
            right = sum((i - 6) % 72 // 12 % 2 == 0 for i in peaks)
            if not right:
                break
            n = len(peaks)
            zs.append((right - n * 39 / 72) / np.sqrt(n * 39 / 72 * 33 / 72))
        if not zs:
            self.assertIsNone(of)
        else:
            assert of is not None
            np.testing.assert_allclose(of.z, zs)
            self.assertAlmostEqual(of.score, 10 * max(zs) / np.sqrt(residues))

    def test_noise_scores_what_the_published_expectation_makes_of_it(self) -> None:
        values = np.random.default_rng(4).normal(size=(20_000, 72))
        of = known(Scan(np.arange(20_000), values, np.zeros(20_000)))
        self.assertAlmostEqual(of.scores[0], -0.836, delta=0.1)

    def test_rolling(self) -> None:
        structure = serines((60.0,))
        for residue in list(structure[0][1]):
            residue[5].pos = gemmi.Position(*beyond(corners(residue), 120))
        model = arrays_of(structure).model
        found = scan(density_at(structure, ("OG",)), (0, 0, 0), model)
        rolled = rolling(found, model, float(found.values.mean()), 5)
        self.assertAlmostEqual(rolled[5], ALL_ROTAMERIC)
        self.assertTrue(np.isnan(rolled[[0, 1, 10, 11]]).all())
        self.assertTrue((rolled[14:22] < 0).all())

    def test_real_maps_score_as_the_published_program_says(self) -> None:
        if not SHARED.is_dir():
            self.skipTest("the maps are not here")
        for map_file, model_file, score, z, ratio, scanned in (
            (
                "modelmaps/emd_20026_region.mrc",
                "modelmaps/emd_20026_3ajo.pdb",
                7.2370,
                8.346,
                0.9023,
                133,
            ),
            ("maps/emd_3488.map", "maps/emd_3488_5ni1.cif", 4.1553, 7.651, 0.7655, 339),
            ("maps/emd_3488.map", "maps/emd_3488_5me2.pdb", 3.9635, 7.222, 0.7702, 332),
            ("maps/emd_0093_m4A.mrc", "maps/emd_0093_6gyn.pdb", 3.4878, 12.498, 0.8058, 1284),
        ):
            with self.subTest(model_file):
                density = read_density(SHARED / f"{map_file}.gz")
                model = arrays_of(read_model(SHARED / f"{model_file}.gz")).model
                of = known(scan(density, start(density), model))
                self.assertEqual(of.scanned, scanned)
                found = (of.score, of.z[of.best], of.ratio[of.best])
                np.testing.assert_allclose(found, (score, z, ratio), atol=6e-4)


class TestCheck(ModelTest):
    def checked(
        self, structure: gemmi.Structure, density: Density, **changes: float | None
    ) -> CheckResult:
        write(self.path, mrc_bytes(density.values))
        entry = self.prepared(structure, **{"contour": 0.3, "resolution": 3.0} | changes)
        return run_check(CHECK, entry, self.folder / "result")

    def test_a_good_model(self) -> None:
        structure = serines(ROTAMERS)
        result = self.checked(structure, density_at(structure, ("N", "CA", "C", "O", "CB", "OG")))
        self.assertEqual(result.outcome, Outcome.OK, result.reason)
        numbers: dict[str, Any] = {k: one.value for k, one in result.measurements.items()}
        self.assertEqual(numbers["residues_scanned"], 24)
        self.assertGreater(numbers["emringer_score"], 5)
        self.assertGreater(numbers["rotamer_ratio"], 0.8)
        self.assertEqual({one.key for one in result.figures}, {"score", "ratio", "chi", "rolling"})
        kept = read_scores(self.folder / "result" / "residues.csv", ["ringer_angle", "ringer_peak"])
        self.assertTrue(set(kept["ringer_angle"]) <= {f"{angle:g}" for angle in ANGLES})

    def test_density_off_the_rotamers_is_listed_and_warned_of(self) -> None:
        structure = serines((0.0, 120.0, 240.0, 60.0, 120.0, 0.0))
        result = self.checked(structure, density_at(structure, ("OG",)))
        self.assertEqual(result.outcome, Outcome.WARNINGS, result.reason)
        self.assertEqual([one.key for one in result.criteria], ["emringer_score", "max_z"])
        self.assertFalse(any(one.passed for one in result.criteria))
        rows: Any = result.tables["off_rotamers"].rows
        self.assertGreater(len(rows), 10)
        self.assertTrue(all(row[2] > 30 for row in rows))
        densities = [row[4] for row in rows]
        self.assertEqual(densities, sorted(densities, reverse=True))

    def test_where_it_does_not_apply(self) -> None:
        structure = serines(ROTAMERS)
        density = density_at(structure, ("OG",))
        result = self.checked(structure, density, resolution=4.6)
        self.assertEqual(result.outcome, Outcome.NOT_APPLICABLE)
        self.assertIn("4.5 Å", result.reason)

    def test_too_few_residues(self) -> None:
        for structure, words in (
            (serines(ROTAMERS, 1, 12), "only 12 residues"),
            (helices(8, 1, (13.0, 16.0, 16.0)), "no residue"),
        ):
            result = self.checked(structure, density_at(structure, ("N", "CA", "OG")))
            self.assertEqual(result.outcome, Outcome.NOT_APPLICABLE)
            self.assertIn(words, result.reason)

    def test_without_a_resolution_it_is_measured(self) -> None:
        structure = serines(ROTAMERS)
        result = self.checked(structure, density_at(structure, ("OG",)), resolution=None)
        self.assertEqual(result.outcome, Outcome.OK, result.reason)
        self.assertIn("No resolution is known", " ".join(result.paragraphs))

    def test_an_empty_place_cannot_tell(self) -> None:
        structure = serines(ROTAMERS)
        empty = np.zeros(BOX, np.float32)
        empty[1:4, 1:4, 1:4] = np.random.default_rng(1).uniform(0.5, 1, (3, 3, 3))
        result = self.checked(structure, Density(empty, (1.0, 1.0, 1.0)))
        self.assertEqual(result.outcome, Outcome.UNDETERMINED, result.reason)
        self.assertIn("empty where the model lies", result.reason)
