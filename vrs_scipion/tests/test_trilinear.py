"""Values between voxels on another grid, against scipy's."""

from __future__ import annotations

import unittest

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from vrs_scipion.maps.trilinear import between

Triple = tuple[float, float, float]


class TestBetween(unittest.TestCase):
    @settings(max_examples=40, deadline=None)
    @given(
        st.tuples(*[st.integers(1, 9)] * 3),
        st.tuples(*[st.integers(1, 9)] * 3),
        st.tuples(*[st.floats(0.3, 3)] * 3),
        st.tuples(*[st.floats(-4, 4)] * 3),
        st.booleans(),
    )
    def test_as_scipy(
        self, shape: tuple[int, ...], box: tuple[int, ...], step: Triple, start: Triple, mask: bool
    ) -> None:
        values = np.random.default_rng(1).standard_normal(shape).astype(np.float32)
        z, y, x = (b + s * np.arange(n) for b, s, n in zip(start, step, box, strict=True))
        given_values = values > 0 if mask else values
        expected = ndimage.map_coordinates(
            given_values.astype(np.float64), np.meshgrid(z, y, x, indexing="ij"), order=1
        )
        found = between(given_values, (z, y, x))
        self.assertEqual(found.dtype, np.float32)
        np.testing.assert_allclose(found, expected, atol=1e-5)

    def test_voxels_that_lie_on_each_other_are_copied(self) -> None:
        values = np.random.default_rng(2).standard_normal((4, 5, 6)).astype(np.float32)
        whole = np.arange(2.0, 8), np.arange(5.0), np.arange(-1.0, 4)
        found = between(values, whole)
        np.testing.assert_array_equal(found[:2, :, 1:], values[2:, :, :4])
        self.assertFalse(found[2:].any() or found[:, :, 0].any())


if __name__ == "__main__":
    unittest.main()
