"""What a mask adds to the comparison of two half maps: its shape, what it cuts off, check 1.k."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from vrs_scipion.checks import level1_a_fsc
from vrs_scipion.checks.level1_k_mask import CHECK, DILATIONS
from vrs_scipion.checks.run import run_check
from vrs_scipion.entry.entry import Entry
from vrs_scipion.entry.inputs import prepare
from vrs_scipion.entry.request import Request
from vrs_scipion.maps.density import Mask, Triple, Volume
from vrs_scipion.maps.masks import cosine_mask
from vrs_scipion.maps.writing import write_volume
from vrs_scipion.methods.fsc import (
    GOLD_STANDARD,
    FscCurve,
    UnderMask,
    correlate,
)
from vrs_scipion.methods.mask_effect import (
    MaskCurves,
    MaskEffect,
    Surroundings,
    edge_width,
    left_out,
    made_by_mask,
    mask_shape,
    widened,
)
from vrs_scipion.methods.shells import half_spectrum
from vrs_scipion.results import (
    CheckResult,
    Column,
    Engine,
    Measurement,
    Outcome,
    ResolutionEstimate,
    Table,
)

BOX = (48, 52, 56)
SIZE: Triple = (1.5, 1.5, 1.5)
ACROSS_A_COSINE = (math.acos(-0.8) - math.acos(0.8)) / math.pi
"""From 0.9 to 0.1, as a share of a raised cosine's width."""


def distances(box: tuple[int, ...] = BOX, size: Triple = SIZE, shift: float = 0.0) -> Volume:
    """Å from voxel N/2, along z moved by ``shift`` Å."""
    z, y, x = ((np.arange(n) - n // 2) * s for n, s in zip(box, size, strict=True))
    radius = np.sqrt((z - shift)[:, None, None] ** 2 + y[:, None] ** 2 + x**2)
    return radius.astype(np.float32)


def ball(radius: float, shift: float = 0.0) -> Mask:
    return distances(shift=shift) <= radius


def soft_ball(radius: float, edge: float, size: Triple = SIZE) -> Volume:
    """Of half the height at a radius; the edge is a raised cosine."""
    share = np.clip((distances(size=size) - radius) / edge + 0.5, 0, 1)
    return (1 + np.cos(np.pi * share)).astype(np.float32) / 2


class TestShape:
    @pytest.mark.parametrize("edge", [3.0, 4.5, 6.0, 9.0, 15.0])
    @pytest.mark.parametrize("size", [SIZE, (1.0, 1.4, 1.8)])
    def test_the_width_of_an_edge(self, edge: float, size: Triple) -> None:
        found = edge_width(soft_ball(20.0, edge, size), size)
        assert found == pytest.approx(ACROSS_A_COSINE * edge, abs=0.2 * max(size))

    def test_the_mask_of_the_checks_is_softer_than_the_limit(self) -> None:
        mask = cosine_mask(ball(15.0), SIZE, 4.0, 5 * SIZE[0])
        shape = mask_shape(mask, SIZE)
        assert shape.edge_voxels == pytest.approx(5 * ACROSS_A_COSINE, abs=0.2)
        assert shape.faces == ()

    def test_a_hard_mask_has_none(self) -> None:
        shape = mask_shape(ball(20.0).astype(np.float32), SIZE)
        assert shape.edge_voxels == pytest.approx(0.25)
        noise = np.random.default_rng(1).normal(size=BOX) > 1.5
        assert mask_shape(noise.astype(np.float32), SIZE).edge_voxels == pytest.approx(0.25)

    def test_masks_without_a_border(self) -> None:
        assert edge_width(np.ones(BOX, np.float32), SIZE) is None
        assert edge_width(0.5 * ball(20.0).astype(np.float32), SIZE) is None

    def test_volume(self) -> None:
        shape = mask_shape(soft_ball(20.0, 6.0), SIZE)
        # of a shell between r - 3 and r + 3 a raised cosine leaves more than the ball inside r
        assert shape.volume == pytest.approx(4 / 3 * math.pi * 20**3, rel=0.03)
        assert shape.fraction == pytest.approx(shape.volume / (math.prod(BOX) * 1.5**3))

    def test_faces(self) -> None:
        reaching = ball(20.0, shift=20.0).astype(np.float32)
        assert mask_shape(reaching, SIZE).faces == ("last z",)
        tube = np.broadcast_to(np.hypot(*np.ogrid[-26:26, -28:28]) < 9, BOX).astype(np.float32)
        assert mask_shape(tube, SIZE).faces == ("first z", "last z")
        assert mask_shape(tube, SIZE, (True, False, False)).faces == ()
        faint = np.full(BOX, 0.05, np.float32)
        assert mask_shape(np.maximum(faint, ball(15.0)), SIZE).faces == ()

    @settings(max_examples=25, deadline=None)
    @given(
        axes=st.permutations((0, 1, 2)),
        flipped=st.sets(st.integers(0, 2)),
        edge=st.floats(0.1, 12.0),
        radius=st.floats(8.0, 30.0),
    )
    def test_turning_the_box_changes_nothing(
        self, axes: list[int], flipped: set[int], edge: float, radius: float
    ) -> None:
        mask = soft_ball(radius, edge)
        turned = np.flip(mask, tuple(flipped)).transpose(axes)
        before, after = (mask_shape(np.ascontiguousarray(m), SIZE) for m in (mask, turned))
        assert after.volume == pytest.approx(before.volume)
        assert (after.edge is None) == (before.edge is None)
        if before.edge is not None:
            assert after.edge == pytest.approx(before.edge)
        assert len(after.faces) == len(before.faces)


class TestWhatIsLeftOut:
    """Of a molecule of two balls, one of them outside of the mask, in noise."""

    def setup_method(self) -> None:
        body, domain = ball(14.0, shift=-12.0), ball(9.0, shift=14.0)
        self.body, self.whole = body, body | domain
        noise = np.random.default_rng(3).normal(scale=0.5, size=BOX)
        self.values = (self.whole + noise + 7.0).astype(np.float32)
        self.share = domain.sum() / self.whole.sum()

    def test_of_the_molecule(self) -> None:
        assert left_out(self.whole.astype(np.float32), self.whole) == 0
        assert left_out(self.body.astype(np.float32), self.whole) == pytest.approx(self.share)

    def test_of_the_density(self) -> None:
        around = Surroundings(self.values, SIZE, self.body)
        kept = around.cut_by(cosine_mask(self.whole, SIZE, 4.0, 7.5))
        cut = around.cut_by(cosine_mask(self.body, SIZE, 4.0, 7.5))
        assert kept == pytest.approx(0.0, abs=0.002)
        assert cut == pytest.approx(self.share / (1 - self.share), rel=0.35)

    def test_neither_scale_nor_offset_nor_a_halo_matters(self) -> None:
        mask = cosine_mask(self.body, SIZE, 4.0, 7.5)
        plain = Surroundings(self.values, SIZE, self.body).cut_by(mask)
        scaled = Surroundings(-40 + 1e-3 * self.values, SIZE, self.body).cut_by(mask)
        assert scaled == pytest.approx(plain, rel=5e-3)  # single precision, and an edge that counts
        halo = cosine_mask(self.whole, SIZE, 6.0, 6.0) - self.whole
        haloed = Surroundings(self.values - np.float32(0.4) * halo, SIZE, self.whole)
        assert haloed.cut_by(cosine_mask(self.whole, SIZE, 4.0, 7.5)) == pytest.approx(0, abs=0.002)

    def test_nothing_to_hold_it_against(self) -> None:
        everything = np.ones(BOX, bool)
        assert Surroundings(self.values, SIZE, everything).cut_by(everything) is None
        flat = np.zeros(BOX, np.float32)
        assert Surroundings(flat, SIZE, self.body).cut_by(self.body.astype(np.float32)) is None


def test_what_random_phases_leave_at_a_resolution() -> None:
    frequency = np.arange(1, 11) / 40
    values = np.arange(10.0)
    assert made_by_mask(frequency, values, 8.0) == 4.0
    assert made_by_mask(frequency, values, 40.0) == 0.5
    assert made_by_mask(frequency, values, 1.0) == made_by_mask(frequency, values, None) == 8.5
    values[4] = np.nan
    assert made_by_mask(frequency, values, 8.0) == 4.0
    assert made_by_mask(frequency, np.full(10, np.nan), 8.0) is None


class TestEffect:
    def test_how_much_finer_the_masked_curve_makes_it(self) -> None:
        assert MaskEffect(3.0, 3.5, 3.6, 0.4).inflation == pytest.approx(1.2)
        assert MaskEffect(None, 3.5, 3.6, 0.4).inflation is None

    def test_the_deviation_of_what_is_corrected(self) -> None:
        assert MaskEffect(3.0, 4.5, 4.0, 0.1).deviation(2.0) == pytest.approx(0.125)
        assert MaskEffect(3.0, None, 4.0, 0.1).deviation(2.0) == pytest.approx(0.5)
        assert MaskEffect(3.0, 3.0, None, 0.1).deviation(3.1) == 0
        assert MaskEffect(None, None, None, 0.1).deviation(3.1) is None


SHAPE, VOXEL = (60, 60, 60), 2.0
RESOLUTION = 5.5
NOISE = 0.15


def sphere(centre: float, radius: float) -> Mask:
    """Of a radius in Å, its centre so many Å along z from voxel N/2."""
    return distances(SHAPE, (VOXEL,) * 3, centre) <= radius


def filament() -> Mask:
    inside = np.hypot(*np.ogrid[-30:30, -30:30]) * VOXEL < 18
    return np.broadcast_to(inside, SHAPE)


MOLECULE = sphere(-9.0, 17.0) | sphere(18.0, 11.0)


@cache
def halves(filamentous: bool) -> tuple[Volume, Volume]:
    """A texture in the shape of a molecule, and that in two white noises."""
    random = np.random.default_rng(7)
    texture = (random.random(SHAPE) < 0.3) * (filament() if filamentous else MOLECULE)
    signal = ndimage.gaussian_filter(texture.astype(np.float32), 2.2 / VOXEL, mode="wrap")
    noises = random.normal(scale=NOISE, size=(2, *SHAPE)).astype(np.float32)
    return signal + noises[0], signal + noises[1]


def entry_of(
    folder: Path,
    mask: Volume | Mask | None = None,
    *,
    resolution: float | None = RESOLUTION,
    swapped: bool = False,
    filamentous: bool = False,
) -> Entry:
    """The halves, their mean low-passed as the map, and a mask."""
    first, second = halves(filamentous)
    written = {
        "map": ndimage.gaussian_filter((first + second) / 2, 1.5),
        "half1": second if swapped else first,
        "half2": first if swapped else second,
        **({} if mask is None else {"mask": np.asarray(mask, np.float32)}),
    }
    folder.mkdir()
    for name, values in written.items():
        write_volume(folder / f"{name}.mrc", values, (VOXEL,) * 3)
    files = {name: folder / f"{name}.mrc" for name in written}
    return prepare(Request.of(**files, contour=0.15, resolution=resolution), folder / "entry")


class TestWiderMasks:
    def test_on_coarser_voxels_the_same(self) -> None:
        size = (VOXEL,) * 3
        blurred = [ndimage.gaussian_filter(one, 1.2, mode="wrap") for one in halves(False)]
        noise = np.random.default_rng(5).normal(scale=0.02, size=(2, *SHAPE)).astype(np.float32)
        first, second = (half_spectrum(b + n) for b, n in zip(blurred, noise, strict=True))
        whole = widened((first, second), MOLECULE, size, (0.0, 4.0, 8.0), 10.0)
        resolutions = [one.resolution or 0.0 for one in whole]
        assert resolutions == sorted(resolutions)
        assert resolutions[0] > 5.0
        coarser = widened(
            (first, second), MOLECULE, size, (0.0, 4.0, 8.0), 10.0, expected=resolutions[1]
        )
        for one, other in zip(whole, coarser, strict=True):
            assert other.resolution == pytest.approx(one.resolution, rel=0.02)
            assert other.fraction == pytest.approx(one.fraction, rel=0.1)

    def test_where_too_little_was_expected(self) -> None:
        size, spectra = (VOXEL,) * 3, [half_spectrum(one) for one in halves(False)]
        whole = widened((spectra[0], spectra[1]), MOLECULE, size, (4.0,), 10.0)
        again = widened((spectra[0], spectra[1]), MOLECULE, size, (4.0,), 10.0, expected=30.0)
        assert again == whole


def global_result(entry: Entry) -> CheckResult:
    """What 1.a says of it, as far as 1.k reads that."""
    both, size = entry.half_maps(), (VOXEL,) * 3
    spectra, soft = entry.half_spectra(), UnderMask.of(both.mask, size)
    unmasked = correlate(*spectra, SHAPE, size)
    curves = MaskCurves.of(soft, (both.first.values, both.second.values), spectra, unmasked)
    assert curves.randomised is not None
    found: dict[str, FscCurve] = {
        "unmasked": unmasked,
        "masked": curves.masked,
        "corrected": curves.corrected,
        "mfsc": curves.modified,
        "inside": curves.modified,
    }
    frequency = unmasked.frequency
    columns = {
        "frequency": frequency,
        "n_eff": curves.masked.samples,
        "randomised": curves.randomised.correlation,
        **{
            key: np.interp(frequency, curve.frequency, curve.correlation, right=np.nan)
            for key, curve in found.items()
        },
    }
    rows = np.column_stack(list(columns.values()))
    return CheckResult(
        code="1.a",
        name="Global resolution",
        outcome=Outcome.OK,
        explanation="",
        engine=Engine(name="builtin", version=""),
        measurements={
            "nyquist_limited": Measurement(value=0, unit="", description=""),
            **{
                f"resolution_{key}": Measurement(
                    value=curve.resolution(GOLD_STANDARD), unit="Å", description=""
                )
                for key, curve in found.items()
            },
        },
        tables={
            "fsc": Table(
                caption="",
                columns=tuple(Column(key=key, label=key) for key in columns),
                rows=tuple(tuple(v if np.isfinite(v) else None for v in row) for row in rows),
            )
        },
        resolution_estimate=ResolutionEstimate(method="", value=1.0),
    )


def measured_by_1a(folder: Path, entry: Entry) -> CheckResult:
    """What 1.a itself says."""
    return run_check(level1_a_fsc.CHECK, entry, folder, engine="builtin")


def answered(folder: Path, entry: Entry) -> CheckResult:
    result = run_check(CHECK, entry, folder, results={"1.a": global_result(entry)})
    assert result.outcome is not Outcome.FAILED, result.reason
    return result


def value(result: CheckResult, key: str) -> float:
    found = result.measurements[key].value
    assert found is not None
    return found


def failed(result: CheckResult) -> set[str]:
    return {c.key for c in result.criteria if c.role == "verdict" and not c.passed}


def dilated(mask: Mask, by: float, edge: float) -> Volume:
    return cosine_mask(mask, (VOXEL,) * 3, by, edge)


def noisy_threshold() -> Mask:
    """Voxels at or above a high level of the noisy mean, as nobody should make a mask."""
    mean = np.add(*halves(False))
    return mean > np.quantile(mean, 0.985)


class TestCheck:
    def test_the_soft_mask_adds_nothing(self, tmp_path: Path) -> None:
        result = answered(tmp_path / "check", entry_of(tmp_path / "in"))
        assert result.outcome is Outcome.OK, result.warnings
        assert "adds nothing" in result.headline
        assert value(result, "randomised_at_resolution") < 0.02
        assert value(result, "inflation") == pytest.approx(1, abs=0.05)
        assert value(result, "cut_density") < 0.01
        assert value(result, "faces_touched") == 0
        assert value(result, "edge_width") == pytest.approx(ACROSS_A_COSINE * 10, abs=0.4)
        assert 1.0 < value(result, "volume_fraction") / dilated(MOLECULE, 5.5, 10.0).mean() < 1.3
        assert not any(key.endswith("_given") for key in result.measurements)

    def test_with_1a_itself(self, tmp_path: Path) -> None:
        entry = entry_of(tmp_path / "in", dilated(MOLECULE, 4.0, 10.0))
        global_ = measured_by_1a(tmp_path / "1.a", entry)
        result = run_check(CHECK, entry, tmp_path / "1.k", results={"1.a": global_})
        assert result.outcome is Outcome.OK, (result.reason, result.warnings)
        for key in ("unmasked", "masked", "corrected", "mfsc"):
            assert value(result, f"resolution_{key}") == value(global_, f"resolution_{key}")
        expected = answered(tmp_path / "check", entry)
        assert value(result, "randomised_at_resolution") == pytest.approx(
            value(expected, "randomised_at_resolution"), abs=1e-6
        )

    def test_the_resolution_by_where_the_border_lies(self, tmp_path: Path) -> None:
        result = answered(tmp_path / "check", entry_of(tmp_path / "in"))
        rows = result.tables["dilation"].rows
        assert tuple(row[0] for row in rows) == DILATIONS
        fractions, resolutions = (np.array([row[i] for row in rows], float) for i in (1, 2))
        assert (np.diff(fractions) > 0).all()
        assert resolutions[0] < resolutions[1] < resolutions[-1]
        assert resolutions[1] == value(result, "resolution_mfsc")

    @pytest.mark.parametrize(
        ("make", "keys"),
        [
            (lambda: dilated(MOLECULE, 4.0, 10.0), set()),
            (lambda: dilated(MOLECULE, 8.0, 3 * VOXEL), set()),
            (lambda: sphere(0.0, 40.0), {"edge_lowest"}),
            (lambda: dilated(MOLECULE, 4.0, 2 * VOXEL), {"edge_lowest"}),
            (
                noisy_threshold,
                {"edge_lowest", "randomised_highest", "left_out_highest", "faces_highest"},
            ),
            (lambda: dilated(sphere(-9.0, 17.0), 0.0, 8.0), {"left_out_highest"}),
            (lambda: dilated(MOLECULE, 30.0, 10.0), {"faces_highest"}),
        ],
    )
    def test_masks_that_are_given(
        self, tmp_path: Path, make: Callable[[], Volume | Mask], keys: set[str]
    ) -> None:
        result = answered(tmp_path / "check", entry_of(tmp_path / "in", make()))
        assert failed(result) >= keys
        assert not failed(result) - keys - {"corrected_deviation"}
        assert (result.outcome is Outcome.OK) == (not keys)
        if keys:
            assert result.headline.startswith("The mask that was given")
        assert {row[0] for row in result.tables["masks"].rows} >= {"Volume", "Molecule left out"}
        assert all(c.advice for c in result.criteria if not c.passed)
        assert "left_out_given" in result.measurements

    def test_swapping_the_halves_changes_no_number(self, tmp_path: Path) -> None:
        mask = dilated(MOLECULE, 4.0, 10.0)
        one, other = (
            answered(
                tmp_path / f"check{swapped}",
                entry_of(tmp_path / f"in{swapped}", mask, swapped=swapped),
            )
            for swapped in (False, True)
        )
        assert other.tables["masks"] == one.tables["masks"]
        assert other.measurements.keys() == one.measurements.keys()
        for key, found in one.measurements.items():
            assert other.measurements[key].value == pytest.approx(found.value, rel=1e-5, abs=1e-6)
        for before, after in zip(
            one.tables["dilation"].rows, other.tables["dilation"].rows, strict=True
        ):
            assert after == pytest.approx(before, rel=1e-5)

    def test_without_a_reported_resolution(self, tmp_path: Path) -> None:
        result = answered(tmp_path / "check", entry_of(tmp_path / "in", resolution=None))
        assert result.outcome is Outcome.OK, result.warnings

    def test_a_filament_runs_through_the_box(self, tmp_path: Path) -> None:
        result = answered(tmp_path / "check", entry_of(tmp_path / "in", filamentous=True))
        assert value(result, "faces_touched") == 0
        assert result.outcome is Outcome.OK, result.warnings

    def test_no_signal_is_no_pass(self, tmp_path: Path) -> None:
        entry = entry_of(tmp_path / "in", dilated(MOLECULE, 4.0, 10.0))
        known = global_result(entry)
        nothing = known.model_copy(update={"resolution_estimate": None})
        doubted = known.model_copy(update={"outcome": Outcome.UNDETERMINED})
        for name, results in (("a", {"1.a": nothing}), ("b", {"1.a": doubted}), ("c", {})):
            result = run_check(CHECK, entry, tmp_path / name, results=results)
            assert result.outcome is Outcome.UNDETERMINED
            assert not result.criteria
            assert value(result, "volume_fraction") > 0
            assert "masks" in result.tables

    def test_signal_as_far_as_the_voxels_reach(self, tmp_path: Path) -> None:
        entry = entry_of(tmp_path / "in")
        known = global_result(entry)
        limited = {
            key: one.model_copy(update={"value": 1 if key == "nyquist_limited" else None})
            for key, one in known.measurements.items()
        }
        reaching = known.model_copy(update={"resolution_estimate": None, "measurements": limited})
        result = run_check(CHECK, entry, tmp_path / "check", results={"1.a": reaching})
        assert result.outcome is Outcome.OK, (result.reason, result.warnings)
        assert "the limit of the voxels" in result.headline
        assert result.measurements["inflation"].value is None
