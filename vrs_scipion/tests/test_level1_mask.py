"""What a mask adds to the comparison of two half maps: its shape, what it cuts off, check 1.k."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vrs_scipion.maps.density import Mask, Triple, Volume
from vrs_scipion.maps.masks import cosine_mask
from vrs_scipion.methods.mask_effect import (
    Surroundings,
    edge_width,
    left_out,
    mask_shape,
    near,
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
        assert scaled == pytest.approx(plain, rel=1e-3)
        halo = cosine_mask(self.whole, SIZE, 6.0, 6.0) - self.whole
        haloed = Surroundings(self.values - np.float32(0.4) * halo, SIZE, self.whole)
        assert haloed.cut_by(cosine_mask(self.whole, SIZE, 4.0, 7.5)) == pytest.approx(0, abs=0.002)

    def test_nothing_to_hold_it_against(self) -> None:
        everything = np.ones(BOX, bool)
        assert Surroundings(self.values, SIZE, everything).cut_by(everything) is None
        flat = np.zeros(BOX, np.float32)
        assert Surroundings(flat, SIZE, self.body).cut_by(self.body.astype(np.float32)) is None


def test_a_curve_near_a_resolution() -> None:
    frequency = np.arange(1, 11) / 40
    values = np.arange(10.0)
    assert near(frequency, values, 8.0) == 4.0
    assert near(frequency, values, 40.0) == 0.5
    assert near(frequency, values, 1.0) == 8.5
    values[4] = np.nan
    assert near(frequency, values, 8.0) == 4.0
