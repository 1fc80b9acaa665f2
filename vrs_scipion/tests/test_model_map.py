"""The map that a model would give, its correlation with a map, and the atoms in it."""

from __future__ import annotations

import unittest
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import gemmi
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from vrs_scipion.figures.along_chains import MOST, Line, draw_along_chains
from vrs_scipion.figures.ribbons import by_score
from vrs_scipion.maps.trilinear import at_points
from vrs_scipion.methods.around_atoms import voxels_around
from vrs_scipion.methods.inclusion import (
    Surroundings,
    contours,
    inclusion,
    parts_of,
    runs_below,
    unmodelled,
)
from vrs_scipion.methods.model_correlation import NEIGHBOURS, correlations
from vrs_scipion.methods.model_map import (
    Grid,
    filtered,
    inside,
    matching,
    model_map,
    soft_around,
)
from vrs_scipion.methods.shells import Shells, half_spectrum
from vrs_scipion.models.atomic_model import AtomicModel, arrays_of
from vrs_scipion.models.kinds import Kind
from vrs_scipion.models.score_table import read_scores, write_scores
from vrs_scipion.simulation import render
from vrs_scipion.tests.small_models import add_residue, helices

BOX, VOXEL = (30, 32, 34), (1.0, 1.0, 1.0)
GRID = Grid(BOX, VOXEL, (0.0, 0.0, 0.0))
MIDDLE = (17.0, 16.0, 15.0)


def small(residues: int = 8, chains: int = 1) -> AtomicModel:
    return arrays_of(helices(residues, chains, MIDDLE)).model


def moved(model: AtomicModel, shift: tuple[float, float, float]) -> AtomicModel:
    """By x, y, z in Å."""
    return replace(model, atoms=model.atoms.translated(shift))


def alike(first: np.ndarray, second: np.ndarray) -> float:
    return float(np.corrcoef(first.ravel(), second.ravel())[0, 1])


class TestModelMap(unittest.TestCase):
    def test_it_is_what_the_simulator_draws(self) -> None:
        model = small()
        drawn = render(model.atoms, BOX, 1.0, 3.0, centre=(17.0, 16.0, 15.0), edge=0.01)
        cut = filtered(drawn.values, VOXEL, 1 / 3.2)
        ours = filtered(model_map(model, GRID, 3.0), VOXEL, 1 / 3.2)
        np.testing.assert_allclose(ours, cut, atol=2e-3 * cut.max())

    def test_sharp_atoms_between_grid_points_weigh_the_same(self) -> None:
        model = small()
        sharp = replace(model, atoms=replace(model.atoms, b_factors=np.zeros(len(model))))
        sums = [model_map(moved(sharp, (s, s / 2, -s)), GRID, 3.0).sum() for s in (0.0, 0.3, 0.5)]
        np.testing.assert_allclose(sums, sums[0], rtol=1e-3)

    def test_nothing_wraps_around_the_box(self) -> None:
        model = moved(small(), (-14.5, 0.0, 0.0))
        drawn = model_map(model, GRID, 3.0)
        far = drawn[:, :, 20:]
        self.assertLess(np.abs(far).max(), 0.1 * drawn.max())
        self.assertFalse(inside(model, GRID)[:, :, 20:].any())

    def test_atoms_beyond_the_box_draw_what_reaches_into_it(self) -> None:
        model = small()
        whole = model_map(model, GRID, 3.0)
        half = model_map(model, Grid((30, 32, 17), VOXEL, (0.0, 0.0, 17.0)), 3.0)
        self.assertGreater(alike(half[:, :, 3:], whole[:, :, 20:]), 0.98)

    def test_of_a_model_elsewhere_there_is_nothing(self) -> None:
        model = moved(small(), (500.0, 0.0, 0.0))
        self.assertFalse(model_map(model, GRID, 3.0).any())
        self.assertFalse(inside(model, GRID).any())
        self.assertFalse(soft_around(inside(model, GRID), VOXEL).any())

    def test_an_origin_between_grid_points_counts(self) -> None:
        model, shift = small(), (0.37, -0.21, 0.44)
        placed = Grid(BOX, VOXEL, shift[::-1])
        np.testing.assert_allclose(
            model_map(moved(model, shift), placed, 3.0), model_map(model, GRID, 3.0), atol=1e-6
        )

    def test_isotropic_tensors_are_b_factors(self) -> None:
        model = small()
        u = (model.atoms.b_factors / (8 * np.pi**2)).astype(np.float32)
        tensors = np.stack([u, u, u, 0 * u, 0 * u, 0 * u], axis=1)
        same = model_map(replace(model, anisotropic=tensors), GRID, 3.0)
        np.testing.assert_allclose(same, model_map(model, GRID, 3.0), atol=1e-5)

    def test_negative_b_factors_are_none(self) -> None:
        model = small()
        zero, negative = (
            replace(model, atoms=replace(model.atoms, b_factors=np.full(len(model), b)))
            for b in (0.0, -30.0)
        )
        np.testing.assert_array_equal(model_map(negative, GRID, 3.0), model_map(zero, GRID, 3.0))

    def test_hydrogens_fill_no_space_and_unoccupied_atoms_draw_nothing(self) -> None:
        structure = helices(8, 1, MIDDLE)
        for residue in structure[0][0]:
            atom = residue[0].clone()
            atom.name, atom.element = "H", gemmi.Element("H")
            atom.pos += gemmi.Position(0, 0, 3)
            residue.add_atom(atom)
        with_hydrogens = arrays_of(structure).model
        np.testing.assert_array_equal(inside(with_hydrogens, GRID), inside(small(), GRID))
        model = small()
        empty = replace(model, atoms=replace(model.atoms, occupancies=np.zeros(len(model))))
        self.assertFalse(model_map(empty, GRID, 3.0).any())

    def test_matching_takes_b_factors_and_sharpening_out(self) -> None:
        model = small()
        blurred = replace(model, atoms=replace(model.atoms, b_factors=model.atoms.b_factors + 30))
        sharp, soft = (half_spectrum(model_map(one, GRID)) for one in (model, blurred))
        shells = Shells(BOX, VOXEL)
        gain = matching(soft, sharp, shells)
        matched = soft.copy()
        for z in range(BOX[0]):
            matched[z] *= gain[shells.places(z)]
        for z in (0, 4, 26):
            near = shells.places(z) <= 0.7 * shells.count
            difference = np.abs(matched[z] - sharp[z])[near]
            self.assertLess(difference.mean(), 0.1 * np.abs(sharp[z][near]).mean() + 1e-3)


class TestAround(unittest.TestCase):
    @settings(max_examples=25, deadline=None)
    @given(
        places=st.lists(st.tuples(*[st.floats(-3, 12)] * 3), min_size=1, max_size=4),
        sizes=st.tuples(*[st.floats(0.7, 2.5)] * 3),
        radius=st.floats(0.5, 4),
    )
    def test_the_voxels_are_those_within_the_radius(
        self,
        places: list[tuple[float, float, float]],
        sizes: tuple[float, float, float],
        radius: float,
    ) -> None:
        box = (8, 9, 10)
        at = np.array(places)
        grid = np.argwhere(np.ones(box, bool))
        apart = np.linalg.norm((grid[None] - at[:, None]) * sizes, axis=2)
        sure = {(int(a), int(v)) for a, v in np.argwhere(apart < radius - 1e-9)}
        may = {(int(a), int(v)) for a, v in np.argwhere(apart < radius + 1e-9)}
        found = {
            (int(a), int(v))
            for atoms, voxels in voxels_around(at, box, sizes, radius)
            for a, v in zip(atoms, voxels, strict=True)
        }
        self.assertLessEqual(sure, found)
        self.assertLessEqual(found, may)


class TestCorrelations(unittest.TestCase):
    def setUp(self) -> None:
        self.model = small(12, 2)
        self.drawn = model_map(self.model, GRID, 3.0)
        noise = np.random.default_rng(3).standard_normal(BOX).astype(np.float32)
        self.noisy = self.drawn + 0.3 * self.drawn.std() * noise

    def test_a_perfect_map_correlates_by_one_everywhere(self) -> None:
        filled = inside(self.model, GRID)
        found = correlations(self.model, GRID, 3 * self.drawn - 7, self.drawn, filled, 3.0)
        for value in (found.mask, found.volume, found.peaks, found.box, found.main_chain):
            self.assertAlmostEqual(value or 0, 1, places=5)
        for values in (found.residues, found.segments, found.chains):
            np.testing.assert_allclose(values, 1, atol=1e-5)

    def test_they_are_what_a_loop_over_everything_gives(self) -> None:
        model, filled = self.model, inside(self.model, GRID)
        found = correlations(model, GRID, self.noisy, self.drawn, filled, 3.0)
        grid = np.argwhere(np.ones(BOX, bool))
        places = model.indices((0, 0, 0), VOXEL)
        apart = np.linalg.norm(grid[:, None] - places[None], axis=2) <= 3.0
        v, m = self.noisy.ravel().astype(float), self.drawn.ravel().astype(float)

        def around(residues: np.ndarray) -> float:
            near = apart[:, np.isin(model.residue, residues)].any(axis=1)
            return float(np.corrcoef(v[near], m[near])[0, 1])

        number = np.arange(len(model.residues))
        chains = model.residues.chains
        for residue in (0, 3, 11, 12, 23):
            self.assertAlmostEqual(found.residues[residue], around(number[[residue]]), places=6)
            beside = (abs(number - residue) <= NEIGHBOURS) & (chains == chains[residue])
            self.assertAlmostEqual(found.segments[residue], around(number[beside]), places=6)
        for chain in (0, 1):
            self.assertAlmostEqual(found.chains[chain], around(number[chains == chain]), places=6)

    def test_a_part_in_nothing_has_none(self) -> None:
        beside = moved(self.model, (0.0, 300.0, 0.0))
        found = correlations(beside, GRID, self.noisy, self.drawn, inside(beside, GRID), 3.0)
        self.assertIsNone(found.mask)
        self.assertTrue(np.isnan(found.residues).all())
        self.assertTrue(np.isnan(found.chains).all())


class TestInclusion(unittest.TestCase):
    def test_of_atoms_in_and_out(self) -> None:
        values = np.array([0.1, 0.5, 0.6, np.nan])
        self.assertEqual(inclusion(values, 0.5), 0.5)
        self.assertIsNone(inclusion(values[:0], 0.5))
        volume = np.zeros((3, 3, 3), np.float32)
        volume[1, 1, 1] = 1
        places = np.array([[1, 1, 1], [1, 1, 1.25], [1, 1, 5.0]])
        np.testing.assert_allclose(at_points(volume, places, np.nan), [1, 0.75, np.nan])
        self.assertEqual(contours(volume, 0.4).tolist()[-1], 0.8)
        self.assertEqual(contours(volume, 4.0).tolist()[-1], 1.0)

    def test_runs_end_with_chains_and_where_nothing_is_known(self) -> None:
        model = small(8, 2)
        values = np.array([9, 9, 9, 0, 0, 0, 0, 0, 0, 0, 0, np.nan, 0, 0, 0, 0.0])
        found = runs_below(model, values, 1.0, 3)
        self.assertEqual([(run[0], len(run)) for run in found], [(3, 5), (8, 3), (12, 4)])
        self.assertEqual(runs_below(model, values, 1.0, 6), [])

    def test_a_chain_without_density_is_told_from_one_with_it(self) -> None:
        model = small(12, 2)
        drawn = model_map(model, GRID, 3.0)
        noise = np.random.default_rng(5).standard_normal(BOX).astype(np.float32)
        parts, named = parts_of(model, 10)
        first = replace(model, atoms=model.atoms.selected(parts == 1))
        without = model_map(
            replace(
                model,
                atoms=first.atoms,
                anisotropic=model.anisotropic[parts == 1],
                residue=model.residue[parts == 1],
            ),
            GRID,
            3.0,
        )
        self.assertEqual([kind for _, kind in named], ["protein", "protein"])
        for density, ends in ((drawn, (True, True)), (without, (True, False))):
            noisy = density + 0.1 * drawn.std() * noise
            around = Surroundings(model, GRID, noisy.astype(np.float32), parts)
            told = tuple((around.z_score(part) or 0) > 3 for part in (1, 2))
            self.assertEqual(told, ends)

    def test_ligands_are_parts_and_ions_are_not(self) -> None:
        structure = helices(8, 1, MIDDLE)
        add_residue(structure, "HEM", [("FE", "Fe"), ("NA", "N")], number=201)
        add_residue(structure, "ZN", [("ZN", "Zn")], number=203)
        model = arrays_of(structure).model
        parts, named = parts_of(model, 10)
        self.assertEqual([kind for _, kind in named], ["ligand"])
        self.assertEqual(set(parts[model.of(Kind.LIGAND)]), {1})
        self.assertEqual(set(parts[~model.of(Kind.LIGAND)]), {-1})

    def test_density_without_atoms_is_found_where_it_is(self) -> None:
        model = small()
        density = model_map(model, GRID, 3.0)
        level = 0.3 * float(density.max())
        density[2:6, 2:6, 2:6] = 2 * level
        found = unmodelled(model, GRID, density, level, np.ones(BOX, bool), 10.0)
        self.assertEqual(found.volumes.tolist(), [64.0])
        above = int((density >= level).sum())
        self.assertAlmostEqual(found.share or 0, 100 * 64 / above, places=5)
        self.assertGreater(found.distances[0], 5)
        none = unmodelled(model, GRID, density, 10 * level, np.ones(BOX, bool), 10.0)
        self.assertIsNone(none.share)


class TestScores(unittest.TestCase):
    def setUp(self) -> None:
        kept = TemporaryDirectory()
        self.addCleanup(kept.cleanup)
        self.folder = Path(kept.name)

    def test_tables_come_back(self) -> None:
        model = small()
        q = np.linspace(0, 1, 8)
        q[2] = np.nan
        path = self.folder / "residues.csv"
        words = np.array(["favoured", "", 'a, "b"\n'] + ["outlier"] * 5)
        write_scores(model, "residues", {"q": q, "rama": words}, path)
        found = read_scores(path, ("chain", "number", "q", "rama"))
        self.assertEqual(found["number"], [str(n) for n in model.residues.numbers])
        self.assertEqual(found["q"][2], "")
        np.testing.assert_allclose([float(v) for v in found["q"][3:]], q[3:], rtol=1e-4)
        self.assertEqual(found["rama"], words.tolist())
        with self.assertRaises(KeyError):
            read_scores(path, ("nothing",))
        write_scores(model, "atoms", {"q": np.arange(len(model))}, self.folder / "atoms.csv")
        found = read_scores(self.folder / "atoms.csv", ("atom", "name", "q"))
        self.assertEqual(len(found["q"]), len(model))
        self.assertEqual(found["atom"][1], "CA")

    def test_colours_run_from_bad_to_good_whichever_is_larger(self) -> None:
        values = np.array([0.0, 1.0, np.nan])
        up, key = by_score(values, 0.0, 1.0, "Q")
        down, other = by_score(values, 1.0, 0.0, "z")
        np.testing.assert_array_equal(up[0], down[1])
        np.testing.assert_array_equal(up[1], down[0])
        self.assertGreater(int(up[0][0]), int(up[0][2]))
        self.assertEqual((key.low, key.high, key.blank), (other.low, other.high, True))
        self.assertEqual(key.palette(0.0), other.palette(1.0))

    def test_many_chains_are_drawn_by_their_worst(self) -> None:
        model = small(4, MOST + 3)
        values = model.residues.chains.astype(float)
        drawn = draw_along_chains(
            model, [Line("q", values)], self.folder / "a.png", label="Q", reach=(0, 20)
        )
        self.assertEqual((drawn.shown, drawn.chains), (MOST, MOST + 3))
        self.assertIn("lowest means", drawn.words)
