"""The contour level that is suggested, and what a level encloses."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from vrs_scipion.maps.density import Density
from vrs_scipion.methods.contour_level import (
    ONE_PIECE,
    LevelStudy,
    false_discovery_level,
    surrounding_noise,
)
from vrs_scipion.simulation import demo_phantom
from vrs_scipion.tests.mrc_files import mrc_bytes, write
from vrs_scipion.tests.screenshots import wanted_screenshot

SIGMA = 0.05


def ball(side: int = 48, radius: float = 10.0, centre: float | None = None) -> np.ndarray:
    """A ball of density 1 with soft borders."""
    middle = (side - 1) / 2 if centre is None else centre
    steps = np.indices((side,) * 3) - middle
    return (1 / (1 + np.exp(np.sqrt((steps**2).sum(0)) - radius))).astype(np.float32)


def noisy(values: np.ndarray, sigma: float = SIGMA, seed: int = 1) -> np.ndarray:
    noise = np.random.default_rng(seed).normal(scale=sigma, size=values.shape)
    return (values + noise).astype(np.float32)


def study(values: np.ndarray, voxel: float = 1.0) -> LevelStudy:
    return LevelStudy(Density(values, (voxel,) * 3))


class TestNoise:
    def test_it_is_measured_outside_of_the_molecule(self) -> None:
        noise = surrounding_noise(noisy(ball()))
        assert noise is not None
        assert noise.sigma == pytest.approx(SIGMA, rel=0.03)
        assert noise.mean == pytest.approx(0, abs=0.01)

    def test_a_masked_background_is_none(self) -> None:
        values = noisy(ball())
        values[ball() < 0.01] = 0
        assert surrounding_noise(values) is None


class TestFalseDiscoveries:
    def test_noise_alone_has_hardly_any(self) -> None:
        values = noisy(np.zeros((40, 40, 40), np.float32), 1.0)
        noise = surrounding_noise(values)
        assert noise is not None
        level = false_discovery_level(np.sort(values, axis=None), noise)
        assert np.count_nonzero(values >= level) <= 3

    @settings(max_examples=20, deadline=None)
    @given(st.integers(0, 10_000), st.floats(0.02, 0.15))
    def test_few_of_the_voxels_above_are_noise(self, seed: int, sigma: float) -> None:
        truth = ball(40, 9.0) > 0.5
        values = noisy(truth.astype(np.float32), sigma, seed)
        noise = surrounding_noise(values)
        assert noise is not None
        above = values >= false_discovery_level(np.sort(values, axis=None), noise)
        assert np.count_nonzero(above & ~truth) <= 0.03 * np.count_nonzero(above)
        assert np.count_nonzero(above & truth) >= 0.9 * np.count_nonzero(truth)


class TestStudy:
    def test_voxels_and_volume_above_a_level(self) -> None:
        values = noisy(ball())
        found = study(values, 2.0)
        levels = np.array([0.1, 0.5, 0.9])
        counted = [np.count_nonzero(values >= np.float32(level)) for level in levels]
        assert found.voxels_above(levels).tolist() == counted
        np.testing.assert_allclose(found.volume_above(levels), 8.0 * np.array(counted))

    def test_pieces_are_counted(self) -> None:
        two = np.zeros((32, 32, 32), np.float32)
        two[4:10, 4:10, 4:10] = 1
        two[20:28, 20:28, 20:28] = 1
        found = study(two).pieces(0.5)
        assert found.count == 2
        assert found.largest == pytest.approx(512 / (512 + 216))
        assert study(two).pieces(2.0).count == 0

    def test_a_large_map_is_averaged_and_says_so(self) -> None:
        values = np.repeat(noisy(ball(130, 30.0)), 2, axis=0)[:258]
        found = LevelStudy(Density(values, (1.0,) * 3))
        assert found.binning == 2
        assert found.values.shape == (129, 65, 65)
        assert "averages over 2 × 2 × 2 voxels" in found.suggest().reason
        exact = np.count_nonzero(values >= np.float32(0.5))
        assert found.voxels_above(np.array([0.5]))[0] == pytest.approx(exact, rel=0.05)


class TestSuggestion:
    def test_it_is_above_the_noise_and_in_one_piece(self) -> None:
        found = study(noisy(ball()))
        suggestion = found.suggest()
        assert 3 * SIGMA < suggestion.level < 0.9
        assert found.pieces(suggestion.level).largest >= ONE_PIECE
        assert "noise ends at" in suggestion.reason

    def test_of_a_masked_map_it_says_that_there_is_no_noise(self) -> None:
        values = noisy(ball())
        values[ball() < 0.01] = 0
        suggestion = study(values).suggest()
        assert 0.2 < suggestion.level < 0.9
        assert "masked away" in suggestion.reason

    def test_it_goes_below_the_threshold_where_parts_would_come_apart(self) -> None:
        bridge = np.zeros((40, 40, 40), np.float32)
        bridge[8:14, 15:25, 15:25] = 1
        bridge[26:32, 15:25, 15:25] = 1
        bridge[14:26, 19:21, 19:21] = 0.4
        found = study(noisy(ndimage.gaussian_filter(bridge, 0.5), 0.01))
        suggestion = found.suggest()
        assert found.pieces(found.ceiling()).largest < 0.6
        assert found.pieces(suggestion.level).largest >= ONE_PIECE
        assert "highest level at which" in suggestion.reason

    def test_parts_that_never_meet_are_said_not_to(self) -> None:
        two = np.zeros((40, 40, 40), np.float32)
        two[4:12, 15:25, 15:25] = 1
        two[28:36, 15:25, 15:25] = 1
        suggestion = study(noisy(two, 0.01)).suggest()
        assert "at no level below it" in suggestion.reason

    def test_a_phantom_keeps_its_helices_together(self) -> None:
        phantom = demo_phantom(box=(80, 80, 80), n_helices=5, residues=(14, 20))
        suggestion = LevelStudy(phantom.density).suggest()
        assert phantom.contour / 3 < suggestion.level < 3 * phantom.contour

    @settings(max_examples=10, deadline=None)
    @given(st.floats(1e-3, 1e3))
    def test_it_scales_with_the_map(self, scale: float) -> None:
        values = noisy(ball(32, 7.0))
        one = study(values).suggest().level
        other = study(values * np.float32(scale)).suggest().level
        assert other == pytest.approx(scale * one, rel=0.02)


_DIALOG = """
import sys, tkinter
from pathlib import Path
from vrs_scipion.wizards.contour_dialog import ContourDialog

root = tkinter.Tk()
root.withdraw()
used = []
dialog = ContourDialog(root, Path(sys.argv[1]), use=used.append)
turns = []

def act():
    turns.append(1)
    if dialog._suggestion is None or "counting" in dialog._pieces.cget("text"):
        assert len(turns) < 2000, dialog._words.cget("text")
        root.after(100, act)
        return
    root.update()
    if len(sys.argv) > 2:
        import subprocess
        subprocess.run(["import", "-window", "root", sys.argv[2]], check=False)
    print(dialog._enclosed.cget("text"), "|", dialog._pieces.cget("text"))
    assert dialog.level() == dialog._suggestion.level
    dialog._entry.event_generate("<Return>")
    root.update()
    print("used", *used)
    root.destroy()

root.after(100, act)
root.mainloop()
"""


@pytest.mark.skipif(shutil.which("xvfb-run") is None, reason="xvfb-run is not here (apt: xvfb)")
def test_the_dialog_hands_the_suggestion_to_the_form(tmp_path: Path) -> None:
    path = write(tmp_path / "ball.mrc", mrc_bytes(noisy(ball()), voxel_size=(1.5, 1.5, 1.5)))
    arguments = [str(path), *wanted_screenshot("contour_wizard.png")]
    done = subprocess.run(
        ["xvfb-run", "-a", sys.executable, "-c", _DIALOG, *arguments],
        capture_output=True,
        text=True,
        timeout=300,
        env={**os.environ, "MPLBACKEND": "TkAgg"},
    )
    assert done.returncode == 0, done.stderr
    assert "1 piece" in done.stdout or "pieces; the largest holds" in done.stdout
    assert "kDa" in done.stdout
    level = float(done.stdout.split("used")[1])
    assert level == LevelStudy(Density(noisy(ball()), (1.5,) * 3)).suggest().level
