"""Histograms and Guinier plots: the right bars, labels that can be read, the same bytes twice."""

from __future__ import annotations

import itertools
import unittest
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np

from vrs_scipion.figures import looks, style
from vrs_scipion.figures.binning import bin_values
from vrs_scipion.figures.flags import place_flags
from vrs_scipion.figures.guinier import guinier_plot
from vrs_scipion.figures.histogram import histogram_plot
from vrs_scipion.figures.plotting import save_picture
from vrs_scipion.tests.test_figures import InFolder


class TestBins(unittest.TestCase):
    def test_normal_values(self) -> None:
        values = np.random.default_rng(1).normal(10, 2, 20_000)
        bins = bin_values(values)
        self.assertFalse(bins.discrete)
        self.assertTrue(30 <= bins.percent.size <= 60)
        shown = values[(values >= bins.edges[0]) & (values <= bins.edges[-1])]
        self.assertEqual(bins.outside, values.size - shown.size)
        self.assertAlmostEqual(bins.percent.sum(), 100 * shown.size / values.size)
        self.assertLess(bins.outside, 5)

    def test_shares_of_a_whole_number_have_a_bar_each(self) -> None:
        counts = np.arange(1, 29)
        for dtype in (np.float32, np.float64):
            values = np.repeat(np.arange(28) / 27, counts).astype(dtype).astype(np.float64)
            bins = bin_values(values)
            self.assertTrue(bins.discrete)
            self.assertEqual(bins.percent.size, 28)
            np.testing.assert_allclose(bins.percent, 100 * counts / counts.sum())
            middles = (bins.edges[:-1] + bins.edges[1:]) / 2
            np.testing.assert_allclose(middles, np.arange(28) / 27, atol=1e-6)

    def test_many_steps_share_bars_evenly(self) -> None:
        bins = bin_values(np.repeat(np.arange(150) / 149, 10))
        self.assertEqual(bins.percent.size, 50)
        np.testing.assert_allclose(bins.percent, 2)

    def test_a_few_extremes_stay_outside(self) -> None:
        values = np.random.default_rng(2).normal(0, 1, 10_000)
        values[:7], values[7:9] = 1e6, -1e9
        bins = bin_values(values)
        self.assertEqual(bins.outside, 9)
        self.assertTrue(-6 < bins.edges[0] < -3 and 3 < bins.edges[-1] < 6)

    def test_equal_values(self) -> None:
        for value in (0.0, -3.0, 1e-9, 250.0):
            bins = bin_values(np.full(50, value))
            self.assertEqual((bins.percent.max(), bins.percent.sum()), (100, 100))
            tallest = int(bins.percent.argmax())
            self.assertTrue(bins.edges[tallest] < value < bins.edges[tallest + 1])

    def test_nearly_all_equal(self) -> None:
        bins = bin_values(np.array([1.0] * 999 + [0.25]))
        self.assertEqual((bins.outside, bins.percent[0]), (0, 0.1))

    def test_a_view_that_holds_one_value_only(self) -> None:
        for count in range(390, 410):
            with self.subTest(count):
                bins = bin_values(np.array([1.0] * count + [0.25] * 2))
                self.assertAlmostEqual(bins.percent.sum(), 100 * (1 - bins.outside / (count + 2)))


class TestFlags(unittest.TestCase):
    def test_no_label_on_another_or_across_a_line(self) -> None:
        rng = np.random.default_rng(3)
        length = 4.5
        for case in range(100):
            number = int(rng.integers(1, 7))
            lines = np.clip(rng.normal(2.5, 1.2, number), 0, length).tolist()
            widths = rng.uniform(0.3, 1.3, number).tolist()
            flags = place_flags(lines, widths, length)
            with self.subTest(case):
                for (line, one), (other_line, other) in itertools.permutations(
                    zip(lines, flags, strict=True), 2
                ):
                    self.assertFalse(one.row == other.row and one.meets(other))
                    crossed = other.row >= one.row and one.start < other_line < one.end
                    self.assertFalse(crossed)
                    self.assertTrue(one.start >= 0 and one.end <= length)
                    self.assertTrue(one.start >= line or one.end <= line)

    def test_rows_only_where_needed(self) -> None:
        self.assertEqual([f.row for f in place_flags([0.5, 2.0, 3.5], [1, 1, 0.8], 4.5)], [0, 0, 0])
        self.assertEqual([f.row for f in place_flags([1.0, 1.1], [1, 1], 4.5)], [1, 0])
        alone = place_flags([4.4], [1], 4.5)[0]
        self.assertTrue(alone.end < 4.4 and alone.row == 0)


def texts(draw: Any) -> list[str]:
    """Return what is written on the figure that `draw` saves."""
    with mock.patch.object(style, "save") as save:
        draw()
    figure = save.call_args.args[0]
    words = [text.get_text() for text in figure.texts]
    for axes in figure.axes:
        words += [text.get_text() for text in axes.texts]
        words += [axes.get_xlabel(), axes.get_ylabel()]
        legend = axes.get_legend()
        words += [text.get_text() for text in legend.get_texts()] if legend else []
    return words


class TestHistogram(InFolder):
    def setUp(self) -> None:
        super().setUp()
        self.values = np.random.default_rng(4).normal(-150, 60, 3000)

    def words(self, values: Any, **options: Any) -> list[str]:
        path = self.folder / "a.svg"
        plot = histogram_plot(values, xlabel="B (Å²)", **options)
        return texts(lambda: save_picture(plot, path))

    def test_same_bytes_and_no_nan(self) -> None:
        self.values[:30] = np.nan
        self.values[30] = np.inf
        paths = [self.folder / f"{n}.svg" for n in range(2)]
        for path in paths:
            plot = histogram_plot(
                self.values,
                xlabel="Local B-factor (Å²)",
                accepted=(-300, 0),
                marks=[(-150, "median"), (np.nan, "none")],
            )
            save_picture(plot, path)
        self.assertSameBytes(*paths)
        self.assertNotIn("nan", paths[0].read_text())

    def test_percent_of_the_finite_values(self) -> None:
        with mock.patch.object(style, "save") as save:
            save_picture(histogram_plot([1, 1, 1, 2, np.nan], xlabel="n"), self.folder / "a.svg")
        heights = [bar.get_height() for bar in save.call_args.args[0].axes[0].patches]
        self.assertEqual(heights, [75, 25])

    def test_accepted_interval_is_named_wherever_it_lies(self) -> None:
        for accepted, words in (
            ((-300, 0), "accepted: −300 to 0"),
            ((0.5, np.inf), "accepted: at least 0.5"),
            ((-np.inf, 0), "accepted: at most 0"),
            ((20_000, 30_000), "accepted: 20,000 to 30,000, right of the values shown (→)"),
            ((-9000, -8000), "accepted: −9000 to −8000, left of the values shown (←)"),
        ):
            with self.subTest(words):
                self.assertIn(words, self.words(self.values, accepted=accepted))

    def test_shaded_from_limit_to_limit(self) -> None:
        for accepted, shaded in (((-300, 0), (-300, 0)), ((2000, 3000), None)):
            with (
                mock.patch.dict(looks.SHADES, accepted=looks.Look("#123456", "#000000")),
                mock.patch.object(style, "save") as save,
            ):
                plot = histogram_plot(self.values, xlabel="", accepted=accepted)
                save_picture(plot, self.folder / "a.svg")
            axes = save.call_args.args[0].axes[0]
            found = [
                p for p in axes.patches if p.get_facecolor()[:3] == (18 / 255, 52 / 255, 86 / 255)
            ]
            extents = [(p.get_xy()[:, 0].min(), p.get_xy()[:, 0].max()) for p in found]
            self.assertEqual(extents, [shaded] if shaded else [])

    def test_outliers_are_counted(self) -> None:
        self.values[:3] = (5000, 6000, -70_000)
        words = self.words(self.values, marks=[(8000, "far"), (-150, "median")])
        self.assertIn(
            "3 voxels (0.1 %) lie outside the view; the extremes are −70,000 and 6000", words
        )
        self.assertIn("far →", words)
        self.assertIn("median", words)

    def test_refusals(self) -> None:
        for nothing in ([], [np.nan, np.inf]):
            with self.assertRaisesRegex(ValueError, "no finite value"):
                histogram_plot(nothing, xlabel="")
        with self.assertRaisesRegex(ValueError, "neither"):
            save_picture(histogram_plot([1], xlabel=""), self.folder / "a.jpg")


class TestGuinier(InFolder):
    def setUp(self) -> None:
        super().setUp()
        self.squares = (np.arange(41) / 120) ** 2
        self.profile = -3 - 25 * self.squares
        self.profile[:2] = (9, np.nan)

    def draw(self, path: Path, **other: Any) -> Path:
        options: dict[str, Any] = {
            "inverse_square": self.squares,
            "experimental": self.profile,
            "corrected": self.profile + 25 * self.squares,
            "fitted": (-25.0, -3.0),
            "fit_range": (0.1, 0.02),
        }
        return save_picture(guinier_plot(**options | other), path)

    def figure(self, **other: Any) -> Any:
        with mock.patch.object(style, "save") as save:
            self.draw(self.folder / "a.svg", **other)
        return save.call_args.args[0]

    def test_same_bytes_and_no_nan(self) -> None:
        self.profile[20] = -np.inf
        paths = [self.draw(self.folder / f"{n}.svg") for n in range(2)]
        self.assertSameBytes(*paths)
        self.assertNotIn("nan", paths[0].read_text())
        self.assertNotIn("inf", paths[0].read_text())

    def test_lines(self) -> None:
        axes = self.figure().axes[0]
        experimental, corrected, fitted, *limits = axes.lines
        self.assertEqual([list(line.get_xdata()) for line in limits], [[0.02] * 2, [0.1] * 2])
        self.assertGreater(experimental.get_xdata().min(), 0)  # without the map's mean
        self.assertEqual(experimental.get_xdata().size, 40)
        np.testing.assert_allclose(corrected.get_ydata()[1:], -3)
        np.testing.assert_allclose(fitted.get_xdata(), (0.02, 0.1))
        np.testing.assert_allclose(fitted.get_ydata(), (-3.5, -5.5))
        self.assertEqual([line.get_linestyle() for line in axes.lines[:3]], ["-", "--", "--"])
        self.assertLess(axes.get_ylim()[1], 0)

    def test_keys_and_resolutions(self) -> None:
        figure = self.figure()
        words = [text.get_text() for text in figure.axes[0].get_legend().get_texts()]
        self.assertEqual(
            words, ["experimental", "corrected", "fitted line, slope −25 Å²", "fitted range"]
        )
        axes, top = figure.axes
        self.assertEqual(axes.get_xlim(), top.get_xlim())
        shown = {
            float(t.get_text()): x
            for t, x in zip(top.get_xticklabels(), top.get_xticks(), strict=True)
        }
        self.assertTrue({10, 5, 4, 3} <= set(shown))
        for resolution, place in shown.items():
            self.assertAlmostEqual(place, resolution**-2)

    def test_low_resolution(self) -> None:
        top = self.figure(inverse_square=self.squares / 100, fit_range=(0, 0.001)).axes[1]
        self.assertGreaterEqual(len(top.get_xticks()), 2)

    def test_refusals(self) -> None:
        with self.assertRaisesRegex(ValueError, "41 shells, 41 experimental and 3 corrected"):
            self.draw(self.folder / "a.svg", corrected=[1, 2, 3])
        nothing = np.full(41, np.nan)
        with self.assertRaisesRegex(ValueError, "no amplitude"):
            self.draw(self.folder / "a.svg", experimental=nothing, corrected=nothing)


class TestTextWidth(unittest.TestCase):
    def test_grows_with_text_and_size_and_leaves_no_trace(self) -> None:
        figure = style.new_figure(2)
        short, long = (style.text_width(figure, text, 8) for text in ("median", "median 9.87"))
        self.assertTrue(0.2 < short < long < 1)
        self.assertGreater(style.text_width(figure, "median", 16), 1.8 * short)
        self.assertEqual(figure.texts, [])


if __name__ == "__main__":
    unittest.main()
