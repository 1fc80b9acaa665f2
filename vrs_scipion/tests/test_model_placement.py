"""A.h: models that are moved by what is known, and what brings them back."""

from __future__ import annotations

import math
import unittest
from dataclasses import replace
from functools import cache
from unittest import mock

import gemmi
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import ArrayLike, NDArray
from scipy.spatial.transform import Rotation

from vrs_scipion.checks.levela_h_placement import CHECK
from vrs_scipion.checks.run import run_check
from vrs_scipion.maps.density import Density, Volume
from vrs_scipion.methods.model_map import Grid, model_map
from vrs_scipion.methods.placement_fit import place as placing
from vrs_scipion.methods.placement_fit.motion import Motion, turned
from vrs_scipion.methods.placement_fit.offsets import name_of, peaks
from vrs_scipion.methods.placement_fit.place import Place, find_place
from vrs_scipion.methods.placement_fit.surroundings import Whole, whole
from vrs_scipion.methods.placement_fit.turns import (
    angle_between,
    axis_order,
    directions,
    exchange_like,
    exchanges,
)
from vrs_scipion.models.atomic_model import AtomicModel, arrays_of
from vrs_scipion.models.moving import write_moved
from vrs_scipion.models.reading import read_model
from vrs_scipion.results import CheckResult, Outcome
from vrs_scipion.simulation import alpha_helix, poly_alanine
from vrs_scipion.tests.mrc_files import mrc_bytes, write
from vrs_scipion.tests.test_model_input import ModelTest

VOXEL, BOX, RESOLUTION = 1.4, (36, 36, 36), 3.6
MIDDLE = np.full(3, 18 * VOXEL)


def fold() -> gemmi.Structure:
    """Three helices of alanine, of different lengths and directions: it has no symmetry."""
    generator = np.random.default_rng(3)
    chains = []
    for length, where in ((13, (0, 0, 0)), (10, (8, 1, 2)), (8, (-2, 8, -3))):
        helix = alpha_helix(length)
        turn = Rotation.random(random_state=generator).as_matrix()
        chains.append((helix - helix.mean(axis=(0, 1))) @ turn.T + where + MIDDLE)
    structure = poly_alanine(chains, [np.full(one.shape[:2], 40.0) for one in chains])
    structure.setup_entities()
    return structure


@cache
def model() -> AtomicModel:
    return arrays_of(fold()).model


@cache
def drawn(noise: float = 0.3, start: float = 0.0) -> Volume:
    """The fold's map in noise of so many of its standard deviations inside the model."""
    clean = model_map(model(), Grid(BOX, (VOXEL,) * 3, (start,) * 3), RESOLUTION)
    sigma = noise * float(clean[clean > clean.max() / 4].std())
    return clean + np.random.default_rng(5).normal(0, sigma, BOX).astype(np.float32)


def map_of(values: Volume | None = None) -> Whole:
    return whole(drawn() if values is None else values, (VOXEL,) * 3, (0.0, 0.0, 0.0))


def moved(
    shift: ArrayLike = (0, 0, 0), turn: ArrayLike = (0, 0, 0), scale: float = 1.0
) -> AtomicModel:
    """The model about its centroid: shifted by Å, turned by degrees, scaled."""
    rotation = Rotation.from_rotvec(np.radians(turn)).as_matrix()
    centre = model().atoms.positions.mean(axis=0)
    return Motion(centre, np.asarray(shift, float), rotation, scale).moved(model())


def left(found: Place, of: AtomicModel) -> float:
    """Å that atoms are away from their true places after the fit, the root mean square."""
    fitted = found.fit.motion.applied_to(of.atoms.positions)
    return float(np.sqrt(np.mean(np.sum((fitted - model().atoms.positions) ** 2, axis=1))))


class TestFit(unittest.TestCase):
    def test_in_place_it_stays(self) -> None:
        found = find_place(map_of(), model(), RESOLUTION)
        motion, fit = found.fit.motion, found.fit
        self.assertTrue(fit.converged)
        self.assertLess(float(np.linalg.norm(motion.shift)), 0.1)
        self.assertLess(motion.angle, 0.8)
        self.assertLess(abs(motion.scale - 1), 4 * fit.scale_error)
        self.assertGreater(found.correlation, 0.9)
        self.assertFalse(found.elsewhere or found.turned or found.mirrored)

    def test_known_motions_come_back(self) -> None:
        for of in (
            moved((0.75, 0.75, 0.75)),
            moved((3, 0, 0)),
            moved(scale=0.97),
            moved((1.3, 0, 0), (0, 2, 0), 1.015),
        ):
            found = find_place(map_of(), of, RESOLUTION)
            self.assertLess(left(found, of), 0.15)
            self.assertFalse(found.elsewhere)
            self.assertGreater(found.fitted, found.correlation)

    @settings(deadline=None, max_examples=2, derandomize=True)
    @given(
        st.tuples(*[st.floats(-1.5, 1.5)] * 3),
        st.tuples(*[st.floats(-2, 2)] * 3),
        st.floats(0.98, 1.02),
    )
    def test_any_small_motion_comes_back(
        self, shift: tuple[float, ...], turn: tuple[float, ...], scale: float
    ) -> None:
        of = moved(shift, turn, scale)
        self.assertLess(left(find_place(map_of(), of, RESOLUTION), of), 0.15)

    def test_the_error_grows_with_the_noise(self) -> None:
        quiet, loud = (
            find_place(map_of(drawn(noise)), model(), RESOLUTION).fit for noise in (0.3, 3.0)
        )
        self.assertLess(3 * quiet.shift_error, loud.shift_error)
        self.assertLess(3 * quiet.scale_error, loud.scale_error)

    def test_one_atom_has_a_place_and_no_direction(self) -> None:
        alone = model().of()
        alone[0] = True
        atoms = model().atoms
        one = replace(
            model(), atoms=replace(atoms, occupancies=np.where(alone, atoms.occupancies, 0))
        )
        some = list(directions(3))
        with mock.patch.object(placing, "directions", return_value=some):
            found = find_place(map_of(), one, RESOLUTION)
        self.assertGreater(found.fit.shift_error, 0.4)


class TestElsewhere(unittest.TestCase):
    def test_half_the_box_away_or_outside(self) -> None:
        header = Density(drawn(), (VOXEL,) * 3, origin=(10.0, 20.0, 30.0))
        for shift, name in (
            (-MIDDLE, "half the box"),
            (MIDDLE, "half the box, taken the other way"),
            (-np.array([30.0, 20.0, 10.0]), "the header's ORIGIN"),
            (np.array([500.0, 3, 7]), ""),
        ):
            of = moved(shift)
            found = find_place(map_of(), of, RESOLUTION)
            self.assertTrue(found.elsewhere)
            self.assertLess(left(found, of), 0.15)
            self.assertEqual(name_of(found.fit.motion.shift, header), name)

    def test_names_of_shifts(self) -> None:
        header = Density(drawn(), (VOXEL,) * 3, nstart=(-20, -21, -22))
        self.assertIn("half a voxel", name_of(np.full(3, -0.6), header))
        first = VOXEL * np.array([-22, -21, -20])
        self.assertEqual(name_of(first + 0.5, header), "the place of the header's first voxel")
        self.assertEqual(name_of(np.zeros(3), header), "")
        self.assertEqual(name_of(np.array([5.0, 0, 0]), header), "")

    def test_another_copy_is_no_reason_to_leave(self) -> None:
        """Two copies, the other one stronger: the model lies at an optimum of its own."""
        clean = drawn(0.0)
        both = 0.8 * np.roll(clean, 10, axis=0) + 1.2 * np.roll(clean, -14, axis=0)
        noise = drawn() - clean
        of = moved((0, 0, 10 * VOXEL))
        found = find_place(map_of((both + noise).astype(np.float32)), of, RESOLUTION)
        self.assertFalse(found.elsewhere)
        self.assertLess(float(np.linalg.norm(found.fit.motion.shift)), 0.3)

    def test_correlations_are_pearsons(self) -> None:
        seen = peaks(map_of(), moved((2 * VOXEL, 0, 0)), 8.0)
        self.assertGreater(seen.best.correlation, 0.9)
        self.assertLess(seen.best.correlation, 1.0)
        assert seen.near is not None
        np.testing.assert_allclose(seen.near.shift, (-2 * VOXEL, 0, 0), atol=0.5)


class TestTurns(unittest.TestCase):
    def test_orders_of_axes(self) -> None:
        for axes in ((2, 0, 1),):
            values = np.ascontiguousarray(drawn().transpose(axes))
            found = find_place(map_of(values), model(), RESOLUTION)
            self.assertTrue(found.turned)
            self.assertGreater(found.fitted, 0.8)
            order = axis_order(found.fit.motion.rotation)
            assert order is not None
            self.assertEqual(found.mirrored, axes == (1, 0, 2))
            # columns, rows, sections of the file are x, y, z of the molecule in this order
            right = np.ascontiguousarray(values.transpose(_zyx(order)))
            np.testing.assert_array_equal(right, drawn())

    def test_a_mirrored_map(self) -> None:
        found = find_place(map_of(np.ascontiguousarray(drawn()[::-1])), model(), RESOLUTION)
        self.assertTrue(found.mirrored)
        self.assertIsNone(axis_order(found.fit.motion.rotation))
        self.assertGreater(found.fitted, 0.8)

    def test_any_direction(self) -> None:
        of = moved(turn=(70, 30, -20))
        back = Rotation.from_rotvec(np.radians((-70, -30, 20)))
        near = Rotation.from_rotvec(np.radians((3, -4, 4))) * back
        some = [*directions(40), near.as_matrix()]
        with mock.patch.object(placing, "directions", return_value=some):
            found = find_place(map_of(), of, RESOLUTION)
        self.assertTrue(found.turned)
        self.assertFalse(found.mirrored)
        self.assertLess(left(found, of), 0.2)

    def test_directions_are_spread_evenly(self) -> None:
        turns = Rotation.from_matrix(np.array(list(directions())))
        for seed in range(20):
            other = Rotation.random(random_state=seed)
            nearest = math.degrees((turns * other.inv()).magnitude().min())
            self.assertLess(nearest, 15)

    def test_exchanges(self) -> None:
        every = list(exchanges())
        self.assertEqual(len(every), 47)
        self.assertEqual(sum(np.linalg.det(one) > 0 for one in every), 23)
        turn = Rotation.from_rotvec(np.radians((2, 1, 0))).as_matrix()
        for one in every:
            found = exchange_like(turn @ one)
            assert found is not None
            np.testing.assert_array_equal(found, one)
        self.assertIsNone(exchange_like(Rotation.from_rotvec((0.4, 0.4, 0)).as_matrix()))
        self.assertEqual(angle_between(np.eye(3), np.diag((1, 1, -1))), 180)


def _zyx(order: tuple[int, int, int]) -> tuple[int, int, int]:
    """Axes of an array in the order z, y, x, from those of its columns, rows and sections."""
    of = {axis: 2 - number for number, axis in enumerate(order)}
    return of[3], of[2], of[1]


class TestMotion(unittest.TestCase):
    def test_displacements_turn_with_the_atoms(self) -> None:
        generator = np.random.default_rng(1)
        factors = generator.normal(size=(5, 3, 3))
        tensors = factors @ factors.transpose(0, 2, 1)
        rotation = Rotation.random(random_state=2).as_matrix()
        pairs = ((0, 0), (1, 1), (2, 2), (0, 1), (0, 2), (1, 2))

        def packed(of: NDArray[np.float64]) -> NDArray[np.float32]:
            return np.array([of[:, i, j] for i, j in pairs], np.float32).T

        np.testing.assert_allclose(
            turned(packed(tensors), rotation), packed(rotation @ tensors @ rotation.T), rtol=1e-4
        )


class TestCheck(ModelTest):
    def checked(
        self, structure: gemmi.Structure, values: Volume | None = None, **changes: float | None
    ) -> CheckResult:
        values = drawn() if values is None else values
        self.path = write(self.folder / "map.mrc", mrc_bytes(values, voxel_size=(VOXEL,) * 3))
        level = float(np.percentile(values, 97))
        entry = self.prepared(structure, **{"resolution": RESOLUTION, "contour": level, **changes})
        with mock.patch("vrs_scipion.checks.levela_h_placement.ribbons", return_value=False):
            return run_check(CHECK, entry, self.folder / "result")

    def moved(self, *, shift: ArrayLike = (0, 0, 0), scale: float = 1.0) -> gemmi.Structure:
        structure = fold()
        centre = np.array([site.atom.pos.tolist() for site in structure[0].all()]).mean(axis=0)
        for site in structure[0].all():
            place = scale * (np.array(site.atom.pos.tolist()) - centre) + centre + shift
            site.atom.pos = gemmi.Position(*place)
        return structure

    def test_in_place(self) -> None:
        result = self.checked(fold())
        self.assertEqual(result.outcome, Outcome.OK, result.reason or result.warnings)
        values = {key: one.value for key, one in result.measurements.items()}
        self.assertEqual((values["offset_named"], values["mirrored"]), (0, 0))
        self.assertIsNone(values["axis_order_suggested"])
        self.assertAlmostEqual(float(values["voxel_suggested"] or 0), VOXEL, delta=0.01)
        self.assertIn("lies within 0.1 Å of its density", result.headline)

    def test_half_the_box_away(self) -> None:
        result = self.checked(self.moved(shift=-MIDDLE))
        self.assertEqual(result.outcome, Outcome.WARNINGS)
        self.assertIn("half the box", result.headline)
        self.assertEqual(result.measurements["offset_named"].value, 1)
        fitted = read_model(self.folder / "result" / result.models[0].file)
        found = np.array([site.atom.pos.tolist() for site in fitted[0].all()])
        np.testing.assert_allclose(found, model().atoms.positions, atol=0.3)

    def test_a_wrong_voxel_size(self) -> None:
        result = self.checked(self.moved(scale=1.03))
        failed = [one.key for one in result.criteria if not one.passed]
        self.assertIn("scale_difference", failed)
        self.assertAlmostEqual(
            float(result.measurements["voxel_suggested"].value or 0), 1.03 * VOXEL, delta=0.01
        )
        self.assertIn("voxel size is", " ".join(result.paragraphs))

    def test_no_resolution_and_no_atoms(self) -> None:
        result = self.checked(fold(), resolution=None)
        self.assertEqual(result.outcome, Outcome.NOT_APPLICABLE)
        empty = fold()
        for site in empty[0].all():
            site.atom.occ = 0.0
        self.assertEqual(self.checked(empty).outcome, Outcome.NOT_APPLICABLE)

    def test_nothing_that_fits(self) -> None:
        noise = np.random.default_rng(9).normal(size=BOX).astype(np.float32)
        some = list(directions(4))
        with (
            mock.patch.object(placing, "directions", return_value=some),
            mock.patch.object(placing, "_CANDIDATES", 1),
        ):
            result = self.checked(fold(), noise)
        self.assertEqual(result.outcome, Outcome.UNDETERMINED)
        self.assertIn("does not agree", result.headline)


class TestWriting(ModelTest):
    def test_only_the_atoms_are_moved(self) -> None:
        source = self.save(fold())
        path = self.folder / "moved.cif"
        write_moved(source, path, lambda xyz: xyz + 1.5, lambda tensors: tensors)
        before, after = read_model(source), read_model(path)
        for one, other in zip(before[0].all(), after[0].all(), strict=True):
            np.testing.assert_allclose(
                np.subtract(other.atom.pos.tolist(), one.atom.pos.tolist()), 1.5, atol=2e-3
            )
        kept = [
            list(gemmi.cif.read(str(one)).sole_block().find_loop("_atom_site.B_iso_or_equiv"))
            for one in (source, path)
        ]
        self.assertEqual(kept[0], kept[1])
