"""The handedness network and check 0.h: helices whose hand is known, mirrors, axes, noise."""

from __future__ import annotations

import tempfile
import unittest
from dataclasses import replace
from functools import cache
from itertools import permutations, product
from pathlib import Path
from unittest import mock

import gemmi
import numpy as np

import vrs_scipion
from vrs_scipion.checks.level0_h_hand import CHECK, axis_order_notes
from vrs_scipion.checks.run import run_check
from vrs_scipion.entry.entry import Entry
from vrs_scipion.entry.inputs import prepare
from vrs_scipion.entry.request import Request
from vrs_scipion.figures.isosurface.engine import EngineError
from vrs_scipion.maps.density import Density, Mask
from vrs_scipion.maps.masks import hard_mask
from vrs_scipion.maps.reading import read_density
from vrs_scipion.maps.trilinear import interpolate
from vrs_scipion.methods import hand_network
from vrs_scipion.methods.engine import EngineUnavailableError
from vrs_scipion.methods.hand import HALF_TURNS, HandResult, hand_score, score_of
from vrs_scipion.methods.hand_input import HALO, normalise, on_symmetric_grid
from vrs_scipion.methods.hand_network import (
    STRIDE,
    WEIGHTS,
    WEIGHTS_SHA256,
    Calibration,
    Network,
    evaluate,
    load_network,
)
from vrs_scipion.methods.network_file import WeightsError
from vrs_scipion.results import CheckResult, Outcome
from vrs_scipion.simulation import (
    NoiseSpectrum,
    add_noise,
    atoms_from_model,
    gaussian_noise,
    helix_bundle,
    molecule_mask,
    poly_alanine,
    render,
)
from vrs_scipion.tests.mrc_files import mrc_bytes, write

SHARED = Path(vrs_scipion.__file__).resolve().parents[2] / "shared" / "data"

CONTOUR = 0.15
RESOLUTION = 3.5


@cache
def bundle(
    box: tuple[int, int, int] = (48, 46, 44), voxel: tuple[float, float, float] = (1.1, 1.1, 1.1)
) -> tuple[Density, Mask]:
    """Seven right-handed helices at 3.5 Å with a little noise, and the molecule's mask."""
    generator = np.random.default_rng(11)
    chains = helix_bundle(generator, 7, residues=(14, 18))
    model = poly_alanine(list(chains), [np.full(c.shape[:2], 30.0) for c in chains], name="bundle")
    clean = render(model, box, voxel, RESOLUTION)
    mask = molecule_mask(model, box, voxel, 3.0)
    noisy, _ = add_noise(clean, mask, 10.0, generator, NoiseSpectrum(RESOLUTION))
    scaled = noisy.values / np.float32(noisy.values.max())
    return replace(noisy, values=scaled), mask


def mirrored(density: Density, mask: Mask, axis: int = 2) -> tuple[Density, Mask]:
    """The mirror image."""
    values = np.ascontiguousarray(np.flip(density.values, axis))
    return replace(density, values=values), np.ascontiguousarray(np.flip(mask, axis))


@cache
def judged(mirror: bool = False) -> HandResult:
    """The bundle's result, computed once."""
    return hand_score(*(mirrored(*bundle()) if mirror else bundle()))


def score(density: Density, mask: Mask, tile: int = 32) -> float:
    """The score of a map that has one."""
    result = hand_score(density, mask, tile=tile)
    assert result.score is not None
    return result.score


class TestScore(unittest.TestCase):
    def test_right_handed_helices(self) -> None:
        result = judged()
        assert result.score is not None
        self.assertLess(result.score, 0.3)
        self.assertGreater(result.helix_voxels, 100)
        self.assertEqual(result.weights_sha256, WEIGHTS_SHA256)

    def test_their_mirror_images(self) -> None:
        plain = judged()
        assert plain.score is not None
        for axis in range(3):
            with self.subTest(axis=axis):
                mirror = hand_score(*mirrored(*bundle(), axis=axis))
                assert mirror.score is not None
                self.assertGreater(mirror.score, 0.7)
                self.assertAlmostEqual(plain.score + mirror.score, 1, delta=0.01)
                self.assertEqual(plain.helix_voxels, mirror.helix_voxels)

    def test_maps_and_mirrors_in_doubt_add_up_too(self) -> None:
        values = gaussian_noise((40, 41, 42), (1.3,) * 3, np.random.default_rng(3))
        density = Density(values, (1.3,) * 3)
        network = load_network()
        mask = np.ones(density.box, dtype=bool)
        with mock.patch("vrs_scipion.methods.hand.load_network", return_value=eager(network)):
            plain = score(density, mask)
            self.assertNotAlmostEqual(plain, 0.5, places=3)
            for axis in range(3):
                mirror = score(*mirrored(density, mask, axis))
                self.assertAlmostEqual(plain + mirror, 1, delta=0.001)

    def test_large_masks_are_judged_in_one_orientation(self) -> None:
        density, mask = bundle()
        with (
            mock.patch("vrs_scipion.methods.hand.evaluate", wraps=evaluate) as runs,
            mock.patch("vrs_scipion.methods.hand.TURNED_ANSWERS", 10),
        ):
            plain, mirror = score(density, mask), score(*mirrored(density, mask))
        self.assertEqual(runs.call_count, 2)
        self.assertLess(plain, 0.3)
        self.assertAlmostEqual(plain + mirror, 1, delta=0.01)

    def test_half_turns_are_rotations(self) -> None:
        self.assertEqual(len(set(HALF_TURNS)), 4)
        self.assertEqual({len(axes) for axes in HALF_TURNS}, {0, 2})

    def test_helices_are_found_where_they_are(self) -> None:
        density, mask = bundle()
        helix = judged().helix
        self.assertEqual(helix.shape, density.box)
        self.assertGreaterEqual(helix.min(), 0)
        self.assertLessEqual(helix.max(), 1)
        dilated = molecule_far(mask)
        self.assertEqual(float(helix[~dilated].max()), 0)
        self.assertGreater(float(helix[mask].mean()), 0.3)

    def test_scale_and_offset_do_not_matter(self) -> None:
        density, mask = bundle()
        for factor, offset in ((1000.0, 0.0), (1e-4, 0.0), (1.0, 3.0), (5.0, -20.0)):
            with self.subTest(factor=factor, offset=offset):
                values = (density.values * factor + offset).astype(np.float32)
                found = score(replace(density, values=values), mask)
                self.assertAlmostEqual(found, judged().score or 0, delta=0.01)

    def test_other_boxes_and_voxels(self) -> None:
        for box, voxel in (
            ((51, 43, 60), (1.1, 1.1, 1.1)),
            ((64, 60, 58), (0.8, 0.8, 0.8)),
            ((32, 31, 33), (1.6, 1.6, 1.6)),
            ((44, 40, 36), (1.1, 1.2, 1.4)),
        ):
            with self.subTest(box=box, voxel=voxel):
                density, mask = bundle(box, voxel)
                plain, mirror = score(density, mask), score(*mirrored(density, mask))
                self.assertLess(plain, 0.3)
                self.assertAlmostEqual(plain + mirror, 1, delta=0.01)

    def test_tiles_do_not_matter(self) -> None:
        whole, tiled = hand_score(*bundle(), tile=999), hand_score(*bundle(), tile=7)
        self.assertAlmostEqual(whole.score or 0, tiled.score or 9, places=4)
        np.testing.assert_allclose(whole.helix, tiled.helix, atol=2e-3)

    def test_noise_abstains(self) -> None:
        for resolution in (3.0, 5.0):
            voxel = (1.2,) * 3
            generator = np.random.default_rng(1)
            values = gaussian_noise((50,) * 3, voxel, generator, NoiseSpectrum(resolution))
            found = hand_score(Density(values, voxel), np.ones((50,) * 3, dtype=bool)).score
            if found is not None:
                self.assertTrue(0.3 <= found <= 0.7, found)

    def test_blobs_have_no_hand(self) -> None:
        axis = np.arange(40) - 20
        r2 = axis[:, None, None] ** 2 + axis[:, None] ** 2 + axis**2
        values = np.exp(-r2 / 100).astype(np.float32)
        found = hand_score(Density(values, (1.0,) * 3), values > 0.3).score
        self.assertAlmostEqual(0.5 if found is None else found, 0.5, delta=0.05)

    def test_refused(self) -> None:
        density, mask = bundle()
        with self.assertRaisesRegex(ValueError, "mask has"):
            hand_score(density, mask[1:])
        with self.assertRaisesRegex(ValueError, "mask is empty"):
            hand_score(density, np.zeros_like(mask))

    def test_few_votes_are_not_certain(self) -> None:
        fixed = Calibration(slope=1.0, prior=50.0, doubt=0.0, threshold=0.5, least=5, share=0.0)
        growing = replace(fixed, prior=0.0, doubt=0.1, share=0.02)
        for calibration, count, expected in (
            (fixed, 4, None),
            (fixed, 5, 0.4),
            (fixed, 500, 0.02),
            (growing, 9, None),
            (growing, 10, 0.34),
            (growing, 50, 0.12),
            (growing, 500, 0.025),
        ):
            hand, helix = np.full((500,), -4.0), np.full((500,), 0.01)
            helix[:count] = 1
            found = score_of(hand, helix, calibration)
            if expected is None:
                self.assertIsNone(found)
            else:
                self.assertAlmostEqual(found or 0, expected, delta=0.03)

    def test_molecules_without_helices_are_never_mirrored(self) -> None:
        """RNA, and a protein of β-sheets."""
        if not (SHARED / "models").is_dir():
            self.skipTest("the models are not here")
        for file, resolution in product(("4p5j__4p5j.cif.gz", "1dqk__1DQK.pdb.gz"), (3.0, 4.0)):
            with self.subTest(file=file, resolution=resolution):
                density, mask = drawn(SHARED / "models" / file, resolution)
                for flip in (False, True):
                    pair = mirrored(density, mask) if flip else (density, mask)
                    found = hand_score(*pair).score
                    if file.startswith("4p5j"):
                        self.assertTrue(found is None or 0.3 <= found <= 0.7, found)
                    elif not flip:
                        self.assertTrue(found is None or found <= 0.7, found)

    def test_real_maps_both_ways(self) -> None:
        if not (SHARED / "maps").is_dir():
            self.skipTest("the real maps are not here")
        for file, voxel, contour in (
            ("emd_3488.map.gz", 1.05, 0.1),
            ("emd_32143_lowres.map.gz", 1.5272, 0.02),
        ):
            with self.subTest(file=file):
                density = read_density(SHARED / "maps" / file, voxel)
                mask = hard_mask(density.values, contour, density.voxel_size)
                plain, other = score(density, mask), score(*mirrored(density, mask))
                self.assertLess(plain, 0.3)
                self.assertAlmostEqual(plain + other, 1, delta=0.01)


def eager(network: Network) -> Network:
    """The network with every point voting, and no doubt."""
    every_point = Calibration(1.0, prior=0.0, doubt=0.0, threshold=0.0, least=1, share=0.0)
    return replace(network, calibration=every_point)


def drawn(path: Path, resolution: float) -> tuple[Density, Mask]:
    """A model's map, and its mask."""
    structure = gemmi.read_structure(str(path))
    structure.setup_entities()
    structure.remove_hydrogens()
    structure.remove_waters()
    atoms = atoms_from_model(structure)
    middle = (atoms.positions.max(axis=0) + atoms.positions.min(axis=0)) / 2
    extent = np.ptp(atoms.positions, axis=0)[::-1]
    z, y, x = (int(2 * np.ceil(e / 2)) + 16 for e in extent)
    density = render(atoms, (z, y, x), 1.0, resolution, centre=middle)
    return density, molecule_mask(atoms, (z, y, x), 1.0, 4.0, centre=middle)


def molecule_far(mask: Mask) -> Mask:
    """The mask and what a point 2 Å away reaches."""
    from vrs_scipion.maps.masks import dilate

    return dilate(mask, 3)


class TestInput(unittest.TestCase):
    def test_mirrors_are_sampled_at_mirrored_points(self) -> None:
        generator = np.random.default_rng(2)
        for box in ((20, 21, 22), (17, 30, 16)):
            for voxel in ((1.0, 1.0, 1.0), (1.37, 0.9, 2.2)):
                density = Density(generator.normal(size=box).astype(np.float32), voxel)
                sampled = on_symmetric_grid(density)
                self.assertTrue(all(n % 2 for n in sampled.shape), sampled.shape)
                for axis in range(3):
                    flipped = replace(
                        density, values=np.ascontiguousarray(np.flip(density.values, axis))
                    )
                    np.testing.assert_allclose(
                        np.flip(on_symmetric_grid(flipped), axis), sampled, atol=2e-5
                    )

    def test_normalisation(self) -> None:
        values = np.random.default_rng(0).normal(size=(60,) * 3).astype(np.float32)
        seen = normalise(values, 0.0, 1.0)
        self.assertLess(abs(float(seen.mean())), 0.05)
        self.assertAlmostEqual(float(seen.std()), 1, delta=0.15)
        inner = (slice(5 + HALO, 40 - HALO),) * 3
        piece = normalise(values[5:40, 5:40, 5:40], 0.0, 1.0)[(slice(HALO, -HALO),) * 3]
        np.testing.assert_allclose(piece, seen[inner], atol=1e-5)
        with self.assertRaisesRegex(ValueError, "constant"):
            normalise(values, 0.0, 0.0)

    def test_interpolation(self) -> None:
        volume = np.zeros((4, 5, 6), np.float32)
        volume[1, 2, 3] = 8
        at = (np.array([1.0, 1.5, 9]), np.array([2.0, 2.5]), np.array([3.0, 2.5, -3]))
        found = interpolate(volume, at)
        self.assertEqual(found.shape, (3, 2, 3))
        self.assertEqual(
            [found[0, 0, 0], found[1, 0, 0], found[1, 1, 1], found[2, 0, 0], found[0, 0, 2]],
            [8, 4, 1, 0, 0],
        )


class TestNetwork(unittest.TestCase):
    def test_small_enough(self) -> None:
        self.assertLess(WEIGHTS.stat().st_size, 500_000)

    def test_every_mirror_has_the_opposite_hand(self) -> None:
        """Exactly for the mirror along x that it is built with."""
        network = load_network()
        values = np.random.default_rng(5).normal(size=(31, 29, 33)).astype(np.float32)
        wanted = np.ones([(n + 1) // STRIDE for n in values.shape], dtype=bool)
        hand, helix = evaluate(network, values, (0.0, 1.0), wanted)
        flipped = np.ascontiguousarray(values[..., ::-1])
        other, same = evaluate(network, flipped, (0.0, 1.0), wanted)
        np.testing.assert_allclose(other[..., ::-1], -hand, atol=1e-4)
        np.testing.assert_allclose(same[..., ::-1], helix, atol=1e-4)

    def test_shapes_that_do_not_fit(self) -> None:
        network = load_network()
        with self.assertRaisesRegex(ValueError, "odd"):
            evaluate(network, np.zeros((30, 31, 31), np.float32), (0, 1), np.ones((16,) * 3, bool))
        with self.assertRaisesRegex(ValueError, "no answers"):
            evaluate(network, np.zeros((31,) * 3, np.float32), (0, 1), np.ones((15,) * 3, bool))

    def test_other_weights_are_refused(self) -> None:
        with tempfile.TemporaryDirectory() as name:
            other = Path(name) / "hand.onnx"
            other.write_bytes(WEIGHTS.read_bytes() + b"\0")
            with self.assertRaisesRegex(WeightsError, "not those of this version"):
                load_network(path=other)
            with self.assertRaisesRegex(WeightsError, "cannot be read"):
                load_network(path=Path(name) / "missing.onnx")

    def test_without_onnxruntime(self) -> None:
        with (
            mock.patch.dict("sys.modules", {"onnxruntime": None}),
            self.assertRaisesRegex(EngineUnavailableError, "pip install onnxruntime"),
        ):
            load_network()


class TestCheck(unittest.TestCase):
    def setUp(self) -> None:
        kept = tempfile.TemporaryDirectory()
        self.addCleanup(kept.cleanup)
        self.folder = Path(kept.name)
        for patch in (
            mock.patch.dict("sys.modules", {"xmipp3": None}),
            mock.patch.dict("os.environ", {"PATH": "/usr/bin:/bin", "XMIPP_HOME": ""}),
            mock.patch(
                "vrs_scipion.figures.isosurface.draw_isosurface",
                side_effect=EngineError("no screen"),
            ),
        ):
            patch.start()
            self.addCleanup(patch.stop)

    def run_on(
        self,
        density: Density,
        resolution: float | None = RESOLUTION,
        axes: tuple[int, ...] = (1, 2, 3),
        **options: object,
    ) -> CheckResult:
        content = mrc_bytes(density.values, voxel_size=density.voxel_size, axes=axes)
        path = write(self.folder / "map.mrc", content)
        request = Request.of(map=path, contour=CONTOUR, resolution=resolution)
        entry = prepare(request, self.folder / "entry")
        return run_check(CHECK, entry, self.folder / "out", **options)  # type: ignore[arg-type]

    def test_right_and_mirrored(self) -> None:
        density, mask = bundle()
        result = self.run_on(density)
        self.assertIs(result.outcome, Outcome.OK, result.reason)
        self.assertIn("seems to have the right hand", result.headline)
        self.assertEqual(result.engine.name, "builtin")
        self.assertEqual(result.engine.weights_sha256, WEIGHTS_SHA256)
        self.assertTrue(any("not DeepHand's" in p for p in result.paragraphs))
        self.assertTrue(any("could not be drawn: no screen" in p for p in result.paragraphs))
        volume = read_density(self.folder / "out" / result.volumes[0].file)
        self.assertEqual(volume.box, density.box)
        other = self.run_on(mirrored(density, mask)[0])
        self.assertIs(other.outcome, Outcome.WARNINGS)
        self.assertIn("seems to be mirrored", other.headline)
        both = (result.measurements["hand"].value or 0) + (other.measurements["hand"].value or 0)
        self.assertAlmostEqual(both, 1, delta=0.01)
        self.assertGreater(result.measurements["helix_voxels"].value or 0, 100)

    def test_six_axis_orders(self) -> None:
        density, _ = bundle()
        found = []
        for axes in permutations((1, 2, 3)):
            result = self.run_on(density, axes=axes)
            found.append(result.measurements["hand"].value)
            notes = axis_order_notes(Entry.at(self.folder / "entry"))
            self.assertEqual(bool(notes), axes != (1, 2, 3))
            self.assertTrue(set(notes) <= set(result.paragraphs))
        self.assertEqual(len(set(found)), 1, found)

    def test_does_not_apply(self) -> None:
        density, _ = bundle()
        for resolution, words in ((None, "No resolution"), (5.1, "cannot be seen")):
            result = self.run_on(density, resolution)
            self.assertIs(result.outcome, Outcome.NOT_APPLICABLE)
            self.assertIn(words, result.reason)
            self.assertFalse(result.measurements)

    def test_no_helix(self) -> None:
        density, _ = bundle()
        blind = replace(judged(), score=None, helix_voxels=0)
        with mock.patch("vrs_scipion.checks.level0_h_hand.hand_score", return_value=blind):
            result = self.run_on(density)
        self.assertIs(result.outcome, Outcome.NOT_APPLICABLE)
        self.assertIn("No α-helix", result.reason)
        self.assertIsNone(result.measurements["hand"].value)

    def test_doubt_is_no_pass(self) -> None:
        density, _ = bundle()
        many = judged().helix_voxels
        for score, voters, words in (
            (0.45, many, "lies between 0.3 and 0.7"),
            (0.65, many, "lies between 0.3 and 0.7"),
            (0.05, 45, "Only 45 points"),
            (0.775, 45, "Only 45 points"),
        ):
            unsure = replace(judged(), score=score, helix_voxels=voters)
            with mock.patch("vrs_scipion.checks.level0_h_hand.hand_score", return_value=unsure):
                result = self.run_on(density)
            with self.subTest(score=score, voters=voters):
                self.assertIs(result.outcome, Outcome.UNDETERMINED, result.reason)
                self.assertIn(words, result.reason)
                self.assertIn("cannot be told", result.headline)
                self.assertEqual(result.warnings, ())

    def test_engines_that_are_not_here(self) -> None:
        density, _ = bundle()
        result = self.run_on(density, engine="xmipp")
        self.assertIs(result.outcome, Outcome.NOT_AVAILABLE)
        self.assertIn("installp -p scipion-em-xmipp", result.reason)
        with mock.patch.dict("sys.modules", {"onnxruntime": None}):
            result = self.run_on(density)
        self.assertIs(result.outcome, Outcome.NOT_AVAILABLE)
        self.assertIn("pip install onnxruntime", result.reason)

    def test_weights_of_another_version_fail(self) -> None:
        density, _ = bundle()
        with mock.patch.object(hand_network.load_network, "__defaults__", (1, WEIGHTS, "0" * 64)):
            result = self.run_on(density)
        self.assertIs(result.outcome, Outcome.FAILED)


if __name__ == "__main__":
    unittest.main()
