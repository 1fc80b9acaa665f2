"""Q-scores: against their definition written out, on atoms of known shape, on odd models."""

from __future__ import annotations

import csv
import gzip
import unittest
from pathlib import Path
from typing import Any
from unittest import mock

import gemmi
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

import vrs_scipion
from vrs_scipion.checks.levela_e_q_score import CHECK
from vrs_scipion.checks.run import run_check
from vrs_scipion.maps.density import Volume
from vrs_scipion.maps.placement import start
from vrs_scipion.maps.reading import read_density
from vrs_scipion.maps.trilinear import at_points
from vrs_scipion.methods import q_score
from vrs_scipion.methods.model_map import Grid, model_map
from vrs_scipion.methods.q_score import (
    SIGMAS,
    estimated_resolution,
    expected,
    on_rounded_origin,
    q_scores,
)
from vrs_scipion.methods.q_score_archive import (
    BAND,
    archive_percentile_all,
    archive_percentile_resolution,
    entries,
    span_of_the_like,
    usual,
)
from vrs_scipion.models.along_residues import backbone, lowest, residue_means, stretches
from vrs_scipion.models.atomic_model import AtomicModel, arrays_of
from vrs_scipion.models.kinds import Kind
from vrs_scipion.models.reading import read_model
from vrs_scipion.models.score_table import read_scores
from vrs_scipion.results import CheckResult, Outcome
from vrs_scipion.tests.mrc_files import mrc_bytes, write
from vrs_scipion.tests.small_models import add_residue, helices
from vrs_scipion.tests.test_model_input import ModelTest

SHARED = Path(vrs_scipion.__file__).resolve().parents[2] / "shared" / "data"
CUBE = (1.0, 1.0, 1.0)
VOXEL = (0.2, 0.25, 0.22)


def gaussians(
    places: np.ndarray, sigma: float, shape: tuple[int, int, int] = (50, 42, 46)
) -> Volume:
    """Gaussians about places (indices z, y, x) on the grid of `VOXEL`."""
    grid = np.indices(shape).astype(np.float64)
    values = np.zeros(shape)
    for place in places:
        apart = (grid - np.reshape(place, (3, 1, 1, 1))) * np.reshape(VOXEL, (3, 1, 1, 1))
        values += np.exp(-0.5 * (apart**2).sum(0) / sigma**2)
    return values.astype(np.float32)


def as_defined(
    volume: Volume, voxel: tuple[float, ...], places: np.ndarray, sigma: float
) -> list[float]:
    """The definition, atom by atom and point by point."""
    positions = places * voxel
    mean, spread = volume.mean(dtype=float), volume.std(dtype=float)
    high = min(mean + 10 * spread, float(volume.max()))
    ground = max(mean - spread, float(volume.min()))
    scores = []
    for number, centre in enumerate(positions):
        others = np.delete(positions, number, axis=0)
        values = [float(at_points(volume, (centre / voxel)[np.newaxis])[0])] * 8
        wanted = [high] * 8
        for radius in np.arange(1, 21) * 0.1:
            for attempt in range(50):
                count = 8 + 2 * attempt
                h = -1 + 2 * np.arange(count) / (count - 1)
                azimuth = [0.0]
                for k in range(1, count - 1):
                    azimuth.append(azimuth[-1] + 3.6 / np.sqrt(count * (1 - h[k] ** 2)))
                azimuth.append(0.0)
                flat = np.sqrt(np.maximum(0, 1 - h**2))
                points = centre + radius * np.column_stack(
                    (h, flat * np.sin(azimuth), flat * np.cos(azimuth))
                )
                apart = np.linalg.norm(points[:, np.newaxis] - others, axis=2)
                kept = points[(apart >= 0.9 * radius).all(axis=1)]
                if len(kept) >= 8:
                    values += at_points(volume, kept / voxel).tolist()
                    level = (high - ground) * np.exp(-(radius**2) / (2 * sigma**2)) + ground
                    wanted += [level] * len(kept)
                    break
        varies = np.ptp(values) > 0
        scores.append(float(np.corrcoef(values, wanted)[0, 1]) if varies else 0.0)
    return scores


def known(value: float | None) -> float:
    """A value that is there."""
    assert value is not None
    return value


class TestMethod(unittest.TestCase):
    @settings(max_examples=15, deadline=None)
    @given(
        seed=st.integers(0, 2**20), atoms=st.integers(1, 12), reach=st.sampled_from((0.5, 2.0, 6.0))
    )
    def test_it_is_the_definition(self, seed: int, atoms: int, reach: float) -> None:
        # atoms closer than any bond is long, too: alternatives lie on each other
        draws = np.random.default_rng(seed)
        volume = draws.normal(size=(14, 15, 16)).astype(np.float32)
        voxel = (0.7, 0.9, 0.8)
        places = 7 + draws.uniform(-reach, reach, (atoms, 3)) / voxel
        if atoms > 2:
            places[1] = places[0]
        scores = q_scores(volume, voxel, places)
        for sigma, found in zip(SIGMAS, scores, strict=True):
            np.testing.assert_allclose(found, as_defined(volume, voxel, places, sigma), atol=1e-9)

    def test_an_atom_of_a_width_scores_1_at_that_width(self) -> None:
        places = np.array([[24.3, 20.1, 22.7]])
        for sigma in (0.4, 0.6):
            volume = gaussians(places, sigma)
            widths = (0.3, 0.4, 0.5, 0.6, 0.8)
            scores = q_scores(volume, VOXEL, places, sigmas=widths)[:, 0]
            self.assertGreater(scores[widths.index(sigma)], 0.999)
            self.assertEqual(int(scores.argmax()), widths.index(sigma))

    def test_it_falls_with_the_distance_from_the_density(self) -> None:
        place = np.array([[24.0, 20.0, 22.0]])
        volume = gaussians(place, 0.6)
        shifts = np.column_stack((np.zeros(8), np.zeros(8), np.linspace(0, 1.4, 8) / VOXEL[2]))
        scores = [q_scores(volume, VOXEL, place + shift)[0, 0] for shift in shifts]
        self.assertTrue((np.diff(scores) < 0).all(), scores)
        self.assertLess(scores[-1], 0)

    @settings(max_examples=20, deadline=None)
    @given(scale=st.floats(1e-6, 1e6), ground=st.floats(-1e3, 1e3), hand=st.sampled_from((1, -1)))
    def test_height_and_ground_do_not_matter_but_the_sign_does(
        self, scale: float, ground: float, hand: int
    ) -> None:
        draws = np.random.default_rng(3)
        volume: Any = draws.normal(size=(12, 12, 12))
        places = draws.uniform(3, 9, (6, 3))
        plain = q_scores(volume, CUBE, places)
        changed = q_scores(hand * scale * (volume + ground), CUBE, places)
        np.testing.assert_allclose(changed, hand * plain, atol=1e-6)

    def test_a_quarter_turn_of_map_and_atoms_leaves_it(self) -> None:
        draws = np.random.default_rng(5)
        places = 20 + draws.uniform(-8, 8, (12, 3))
        volume = gaussians(places, 0.5, (42, 42, 42))
        turned = np.ascontiguousarray(np.rot90(volume, axes=(1, 2)))
        z, y, x = places.T
        there = np.column_stack((z, 41 - x, y))
        cube = (0.2, 0.2, 0.2)
        before, after = q_scores(volume, cube, places), q_scores(turned, cube, there)
        np.testing.assert_allclose(before, after, atol=0.05)
        self.assertLess(np.abs((before - after).mean()), 0.01)

    def test_where_nothing_varies_it_is_0(self) -> None:
        places = np.array([[5.0, 5, 5], [-30, 5, 5]])
        for level in (0.0, 7.25e4):
            flat = np.full((10, 10, 10), level, np.float32)
            self.assertEqual(q_scores(flat, CUBE, places).tolist(), [[0, 0], [0, 0]])

    def test_parts_and_some_of_the_atoms_give_the_same(self) -> None:
        draws = np.random.default_rng(8)
        volume = draws.normal(size=(16, 16, 16)).astype(np.float32)
        places = draws.uniform(2, 14, (25, 3))
        every = q_scores(volume, CUBE, places)
        asked = np.array([20, 3, 4])
        np.testing.assert_allclose(q_scores(volume, CUBE, places, asked), every[:, asked])
        with mock.patch.object(q_score, "_CHUNK", 4):
            np.testing.assert_allclose(q_scores(volume, CUBE, places), every)

    def test_as_mapq_sees_a_map(self) -> None:
        values = np.arange(4 * 5 * 6, dtype=np.float32).reshape(4, 5, 6)
        same, at = on_rounded_origin(values, (0.5, 0.5, 0.5), (3.0, -2.5, 0.0))
        np.testing.assert_array_equal(same, values)
        self.assertEqual(at, (3.0, -2.5, 0.0))
        moved, at = on_rounded_origin(values, (0.5, 0.5, 0.5), (3.1, -2.4, 0.2))
        self.assertEqual(at, (3.0, -2.5, 0.0))
        # values are a ramp of 30, 6 and 1 per voxel: what lies at a place stays there
        np.testing.assert_allclose(
            moved[1:, 1:, 1:], values[1:, 1:, 1:] - 0.2 * (30 + 6 + 2), atol=1e-3
        )

    def test_what_is_expected_and_its_inverse(self) -> None:
        self.assertAlmostEqual(known(expected(Kind.PROTEIN, 3.0, 0.6)), 1.1192 - 0.5325)
        self.assertIsNone(expected(Kind.LIGAND, 3.0, 0.6))
        for kind in (Kind.PROTEIN, Kind.NUCLEIC):
            for sigma in SIGMAS:
                score = np.full(7, known(expected(kind, 3.7, sigma)))
                found = estimated_resolution({kind: score, Kind.LIGAND: np.zeros(9)}, sigma)
                self.assertAlmostEqual(known(found), 3.7)
        both = {
            Kind.PROTEIN: np.full(3, known(expected(Kind.PROTEIN, 3.0, 0.4))),
            Kind.NUCLEIC: np.full(1, known(expected(Kind.NUCLEIC, 5.0, 0.4))),
        }
        self.assertAlmostEqual(known(estimated_resolution(both)), 3.5)
        self.assertEqual(estimated_resolution({Kind.PROTEIN: np.array([-1.0])}), 10.0)
        self.assertEqual(estimated_resolution({Kind.PROTEIN: np.array([1.0])}), 1.0)
        self.assertIsNone(estimated_resolution({Kind.WATER: np.ones(4)}))


class TestArchive(unittest.TestCase):
    def test_percentiles_rise_with_the_score(self) -> None:
        scores = np.linspace(-0.2, 1.0, 60)
        every = [archive_percentile_all(q) for q in scores]
        self.assertEqual((every[0], every[-1]), (0, 100))
        self.assertTrue((np.diff(every) >= 0).all())
        for d in (1.0, 3.21, 10.0):
            like = [known(archive_percentile_resolution(q, d)) for q in scores]
            self.assertEqual((like[0], like[-1]), (0, 100))
            self.assertTrue((np.diff(like) >= 0).all())

    def test_no_entries_beyond_1_to_10_angstrom(self) -> None:
        for d in (0.9, 10.1):
            self.assertIsNone(usual(d))
            self.assertIsNone(archive_percentile_resolution(0.5, d))

    def test_what_is_usual_lies_in_the_middle(self) -> None:
        self.assertEqual(entries(), 10188)
        for d in (2.5, 3.2, 4.0, 6.0):
            low, high = span_of_the_like(d)
            self.assertTrue(low <= d <= high)
            middle = known(archive_percentile_resolution(known(usual(d)), d))
            self.assertTrue(35 < middle < 65, (d, middle))
            self.assertLess(known(archive_percentile_resolution(known(usual(d)) + BAND[0], d)), 15)
            self.assertGreater(
                known(archive_percentile_resolution(known(usual(d)) + BAND[1], d)), 80
            )

    def test_they_are_those_of_the_entries(self) -> None:
        path = SHARED / "modelmaps" / "qscore_archive.csv.gz"
        if not path.is_file():
            self.skipTest("the archive's scores are not here")
        with gzip.open(path, "rt", newline="") as file:
            rows = [
                (float(r["resolution"]), float(r["q_mean_sigma04"])) for r in csv.DictReader(file)
            ]
        resolution, score = np.array(rows).T
        for q, d in ((0.793, 1.75), (0.554, 3.2), (0.491, 3.2), (0.138, 6.6), (0.3, 4.0)):
            near = np.argsort(np.abs(resolution - d), kind="stable")[:1000]
            self.assertAlmostEqual(archive_percentile_all(q), 100 * np.mean(score < q), delta=0.5)
            self.assertAlmostEqual(
                known(archive_percentile_resolution(q, d)),
                100 * np.mean(score[near] < q),
                delta=1.5,
            )


class TestResidues(unittest.TestCase):
    def test_means_and_stretches(self) -> None:
        structure = helices(8, 2)
        add_residue(structure, "ZN", [("ZN", "Zn")])
        model = arrays_of(structure).model
        values = model.residue.astype(float)
        self.assertEqual(int(backbone(model).sum()), 16 * 4)
        means = residue_means(model, values, ~backbone(model) & model.of(Kind.PROTEIN))
        np.testing.assert_array_equal(np.flatnonzero(np.isnan(means)), [8])
        np.testing.assert_array_equal(np.delete(means, 8), np.delete(np.arange(17.0), 8))
        means[2] = np.nan
        found = stretches(model, means, 3)
        self.assertEqual(len(found), 5 + 6)
        self.assertEqual((found[0].first, found[0].last), (0, 3))
        self.assertAlmostEqual(found[0].mean, 4 / 3)
        two = lowest(found, 2)
        self.assertEqual([(s.first, s.last) for s in two], [(0, 3), (4, 6)])
        self.assertEqual(stretches(model, means, 9), [])


class TestReferenceNumbers(unittest.TestCase):
    def test_real_maps(self) -> None:
        if not SHARED.is_dir():
            self.skipTest("the maps are not here")
        for map_file, model_file, expected_means in (
            (
                "modelmaps/emd_20026_region.mrc.gz",
                "modelmaps/emd_20026_3ajo.pdb.gz",
                (0.79324, 0.87772),
            ),
            ("maps/emd_3488.map.gz", "maps/emd_3488_5ni1.cif.gz", (0.55432, 0.66161)),
        ):
            density = read_density(SHARED / map_file)
            model = arrays_of(read_model(SHARED / model_file)).model
            places = model.indices(start(density), density.voxel_size)[~model.hydrogens]
            scores = q_scores(density.values, density.voxel_size, places)
            np.testing.assert_allclose(scores.mean(axis=1), expected_means, atol=1e-5)


class TestCheck(ModelTest):
    """Two helices in the map that they give, or in another one."""

    PLACE = (13.0, 16.0, 15.0)

    def good(self) -> gemmi.Structure:
        """Helices some of whose atoms are smeared more than others."""
        structure = helices(8, 2, self.PLACE)
        for number, site in enumerate(structure[0].all()):
            site.atom.b_iso = (20, 60, 160)[number // 5 % 3]
        return structure

    def drawn(self, model: AtomicModel, noise: float = 0.0) -> None:
        """The map becomes that of a model, with noise in shares of its spread."""
        values = model_map(model, Grid((30, 32, 34), CUBE, (0, 0, 0)), 3.0)
        draws = np.random.default_rng(11)
        values = values + draws.normal(scale=noise * values.std(), size=values.shape)
        write(self.path, mrc_bytes(values.astype(np.float32)))

    def checked(self, structure: gemmi.Structure, **changes: float | None) -> CheckResult:
        given_ = {"contour": 0.05, "resolution": 3.0} | changes
        entry = self.prepared(structure, **given_)
        with mock.patch("vrs_scipion.checks.levela_e_q_score.ribbons", return_value=False):
            return run_check(CHECK, entry, self.folder / "result")

    def numbers(self, result: CheckResult) -> dict[str, Any]:
        return {key: one.value for key, one in result.measurements.items()}

    def failed(self, result: CheckResult) -> list[str]:
        return [one.key for one in result.criteria if not one.passed]

    def test_a_good_model(self) -> None:
        self.drawn(arrays_of(self.good()).model)
        result = self.checked(self.good())
        self.assertEqual((result.outcome, self.failed(result)), (Outcome.OK, []), result.reason)
        found = self.numbers(result)
        self.assertGreater(found["q04_mean"], 0.45)
        self.assertGreater(found["q06_mean"], found["q04_mean"])
        self.assertEqual(found["residues_below_0"], 0)
        self.assertIsNone(found["q_nucleic"])
        self.assertAlmostEqual(found["q_protein"], found["q04_mean"])
        assert result.resolution_estimate is not None
        self.assertAlmostEqual(result.resolution_estimate.value, found["q_resolution"])
        self.assertAlmostEqual(
            found["q_resolution"], (1.1242 - found["q04_mean"]) / 0.1866, places=6
        )
        self.assertEqual(set(result.tables), {"q_scores", "kinds", "chains", "stretches"})
        self.assertEqual([row[0] for row in result.tables["chains"].rows], ["a", "b"])
        self.assertEqual(
            {one.key for one in result.figures}, {"q_histogram", "q_along_chains", "q_profile"}
        )
        self.assertEqual(
            {(one.key, one.of) for one in result.scores},
            {(key, "residues") for key in ("q04", "q06", "q_backbone", "q_side")}
            | {(key, "atoms") for key in ("q04", "q06")},
        )
        kept = read_scores(self.folder / "result" / "atoms.csv", ["q04"])["q04"]
        self.assertAlmostEqual(np.mean([float(q) for q in kept]), found["q04_mean"], places=4)

    def test_a_model_beside_its_density(self) -> None:
        self.drawn(arrays_of(self.good()).model, noise=0.1)
        moved = helices(8, 2, (13.0, 19.0, 15.0))
        result = self.checked(moved)
        self.assertEqual(result.outcome, Outcome.WARNINGS)
        self.assertTrue(
            {"q04_below_band", "q06_median_lowest", "residues_below_0"} <= {*self.failed(result)}
        )
        self.assertIn("score below 0", result.headline)
        self.assertTrue(all(one.advice for one in result.criteria if not one.passed))
        coarse = self.checked(moved, resolution=5.5)
        self.assertEqual(coarse.outcome, Outcome.WARNINGS)
        roles = {one.key: one.role for one in coarse.criteria if not one.passed}
        self.assertEqual(roles["residues_below_0"], "advice")
        self.assertNotIn("score below 0", coarse.headline)

    def test_a_map_made_of_equal_atoms_is_too_homogeneous(self) -> None:
        structure = helices(2, 1, self.PLACE)
        model = arrays_of(structure).model
        self.drawn(model)
        with mock.patch(
            "vrs_scipion.methods.q_score_model.q_scores",
            return_value=np.full((2, len(model)), 0.7),
        ):
            self.assertEqual(self.failed(self.checked(structure)), ["q06_spread_lowest"])

    def test_side_chains_that_are_not_where_their_density_is(self) -> None:
        structure = self.good()
        model = arrays_of(structure).model
        self.drawn(model)
        b_chain = model.chains.names[model.chain] == "b"
        scores = np.where(backbone(model) | ~b_chain, 0.7, 0.3)
        scores[0] = 0.5
        with (
            mock.patch("vrs_scipion.methods.q_score_model.LONG_CHAIN", 8),
            mock.patch(
                "vrs_scipion.methods.q_score_model.q_scores", return_value=np.tile(scores, (2, 1))
            ),
        ):
            result = self.checked(structure)
            self.assertEqual(self.failed(result), ["side_less_backbone"])
            criterion = next(one for one in result.criteria if not one.passed)
            self.assertAlmostEqual(known(criterion.value), -0.4)
            self.assertEqual(criterion.detail, "chain b")
            self.assertIn("below its backbone", result.headline)
            self.assertEqual(self.failed(self.checked(structure, resolution=5.0)), [])

    def test_what_has_no_score_and_does_not_count(self) -> None:
        structure = self.good()
        self.drawn(arrays_of(structure).model)
        plain = self.numbers(self.checked(structure))
        first = structure[0][0][1]
        hydrogen = first[0].clone()
        hydrogen.name, hydrogen.element = "H", gemmi.Element("H")
        first.add_atom(hydrogen)
        other = first[4].clone()
        first[4].altloc, first[4].occ = "A", 0.6
        other.altloc, other.occ = "B", 0.4
        other.pos += gemmi.Position(0.4, 0, 0)
        first.add_atom(other)
        empty = add_residue(structure, "HOH", [("O", "O")], number=200, place=(25, 20, 15))
        empty[0].occ = 0
        add_residue(structure, "ZN", [("ZN", "Zn")], number=201, place=(60, 20, 15))
        result = self.checked(structure)
        found = self.numbers(result)
        self.assertEqual(found["atoms_scored"], plain["atoms_scored"])
        self.assertEqual(found["atoms_outside"], 1)
        # the second conformation is a neighbour of the first, and of nothing else
        self.assertAlmostEqual(found["q04_mean"], plain["q04_mean"], delta=0.02)
        said = " ".join(result.paragraphs)
        for words in (
            "1 hydrogen",
            "1 atom of occupancy 0",
            "1 atom outside",
            "1 atom of the others",
        ):
            self.assertIn(words, said)
        scores = read_scores(self.folder / "result" / "atoms.csv", ["q04", "altloc", "element"])
        self.assertEqual(
            len([q for q in scores["q04"] if not q]),
            3,
            "a hydrogen, an empty place and one outside",
        )
        self.assertTrue(scores["q04"][scores["altloc"].index("B")])

    def test_without_a_resolution_all_entries_are_compared_with(self) -> None:
        self.drawn(arrays_of(self.good()).model)
        result = self.checked(self.good(), resolution=None)
        self.assertEqual(result.outcome, Outcome.OK, result.reason)
        found = self.numbers(result)
        self.assertIsNone(found["archive_percentile_resolution"])
        self.assertIsNone(found["q_usual"])
        self.assertIn("of all entries", result.headline)
        band = next(one for one in result.criteria if one.key == "q04_below_band")
        self.assertIn("no resolution", band.vacuous)

    def test_waters_alone_and_one_atom(self) -> None:
        structure = gemmi.Structure()
        structure.add_model(gemmi.Model(1))
        structure[0].add_chain(gemmi.Chain("a"))
        add_residue(structure, "HOH", [("O", "O")], place=(17, 16, 15))
        result = self.checked(structure, resolution=4.0)
        self.assertNotEqual(result.outcome, Outcome.FAILED, result.reason)
        found = self.numbers(result)
        self.assertIsNone(found["residues_below_0"])
        self.assertEqual(found["q_water"], found["q04_mean"])
        self.assertIsNone(result.resolution_estimate)
        self.assertEqual([one.key for one in result.figures], ["q_histogram"])

    def test_a_model_of_alpha_carbons_alone(self) -> None:
        structure = helices(8, 2, self.PLACE)
        for chain in structure[0]:
            for residue in chain:
                for name in ("N", "C", "O", "CB"):
                    residue.remove_atom(name, "\0")
        self.drawn(arrays_of(structure).model, noise=0.2)
        result = self.checked(structure)
        self.assertNotEqual(result.outcome, Outcome.FAILED, result.reason)
        self.assertEqual(self.numbers(result)["atoms_scored"], 16)
        self.assertIsNone(self.numbers(result)["side_less_backbone"])
        self.assertEqual({row[6] for row in result.tables["chains"].rows}, {None})

    def test_a_model_outside_of_the_box(self) -> None:
        result = self.checked(helices(8, 2, (200.0, 16, 15)))
        self.assertEqual(result.outcome, Outcome.NOT_APPLICABLE)
        self.assertIn("outside of the map's box", result.reason)
