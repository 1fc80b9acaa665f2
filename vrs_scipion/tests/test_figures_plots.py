"""Plots as data: they come back from their files, and every drawer shows the same."""

from __future__ import annotations

import math
import unittest

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from plotly.graph_objects import Figure as PlotlyFigure
from pydantic import ValidationError

from vrs_scipion.figures.distribution import distribution_plot
from vrs_scipion.figures.fsc import fsc_plot
from vrs_scipion.figures.guinier import guinier_plot
from vrs_scipion.figures.histogram import histogram_plot
from vrs_scipion.figures.mass import mass_plot
from vrs_scipion.figures.plotting import draw_plot, plot_figure, save_picture
from vrs_scipion.figures.projections import projection_panels
from vrs_scipion.figures.spectrum import spectra_plot, spectrum_plot
from vrs_scipion.figures.ticks import opposite_ticks
from vrs_scipion.methods.shells import power_spectrum
from vrs_scipion.report.plotly_figure import GROUNDS, plotly_figure
from vrs_scipion.report.tables import plot_csv
from vrs_scipion.results.files import load_plot, save_plot
from vrs_scipion.results.plots import Axis, Band, Mark, OppositeAxis, Plot, Series
from vrs_scipion.tests.test_figures import InFolder

VOXEL = (1.0, 1.5, 2.0)


def volume(shape: tuple[int, int, int] = (12, 10, 8)) -> np.ndarray:
    return np.random.default_rng(5).normal(0.5, 2, shape).astype(np.float32)


def examples() -> dict[str, Plot]:
    """One plot of each kind that the package draws."""
    values = np.random.default_rng(6).normal(-150, 60, 4000)
    squares = np.linspace(0, 0.15, 60)
    profile = -3 - 25 * squares
    map_values = volume((20, 20, 20))
    return {
        "histogram": histogram_plot(
            values, xlabel="B (Å²)", accepted=(-math.inf, 0), marks=[(-150, "median"), (9e3, "far")]
        ),
        "guinier": guinier_plot(
            inverse_square=squares,
            experimental=profile,
            corrected=profile + 20 * squares,
            fitted=(-25, -3),
            fit_range=(0.02, 0.1),
        ),
        "mass": mass_plot([0.1, 0.2, 0.3], [5000, 20, 0], 0.15, 0.001),
        "distribution": distribution_plot(map_values, map_values > 2, 2.0),
        "spectrum": spectrum_plot(map_values, (1.0, 1.0, 1.0), 4.0),
        "spectra": spectra_plot(
            squares[1:],
            [("one", 1 / squares[1:], "part"), ("other", squares[1:], "measured")],
            None,
        ),
        "fsc": fsc_plot(
            np.linspace(0.01, 0.4, 40),
            [
                ("masked", np.linspace(1, -0.05, 40), "measured"),
                ("unmasked", np.where(np.arange(40) == 7, np.nan, 0.5), "part"),
            ],
            (0.143, 0.5),
            4.0,
        ),
        "level": Plot(
            x=Axis(label="x"),
            y=Axis(label="y"),
            series=(Series(name="a", x=(0, 1, 2), y=(1, None, 3)),),
            marks=(Mark(value=2, label="<b>level</b>", axis="y"),),
            bands=(Band(low=1, high=None, label="band", axis="y"),),
            notes=("a note",),
        ),
    }


class TestData(InFolder):
    def test_comes_back_from_its_file(self) -> None:
        for name, plot in examples().items():
            with self.subTest(name):
                path = save_plot(plot, self.folder / f"{name}.plot.json")
                self.assertEqual(load_plot(path), plot)
                self.assertNotIn("NaN", path.read_text("utf-8"))

    def test_lies_beside_the_picture(self) -> None:
        save_picture(histogram_plot([1, 2, 2], xlabel="n"), self.folder / "h.svg")
        save_picture(mass_plot([1, 2], [5, 0], 1), self.folder / "m.png")
        guinier = guinier_plot(
            inverse_square=[0, 0.1, 0.2],
            experimental=[1, 2, 3],
            corrected=[1, 2, math.inf],
            fitted=(1, 1),
            fit_range=(0.1, 0.2),
        )
        save_picture(guinier, self.folder / "g.svg")
        for name in "hmg":
            self.assertTrue(load_plot(self.folder / f"{name}.plot.json").series)

    def test_lengths_that_differ_are_refused(self) -> None:
        with self.assertRaisesRegex(ValidationError, "'a' has 2 x and 1 y"):
            Series(name="a", x=(1, 2), y=(3,))

    def test_csv(self) -> None:
        lines = plot_csv(examples()["level"]).splitlines()
        self.assertEqual(lines, ["series,x,y", "a,0.0,1", "a,1.0,", "a,2.0,3"])


class TestDrawing(unittest.TestCase):
    def test_every_plot_on_small_axes(self) -> None:
        for name, plot in examples().items():
            for size in ((5.0, 4.0), (2.0, 1.5)):
                with self.subTest(name, size=size):
                    figure = Figure(figsize=size)
                    FigureCanvasAgg(figure)
                    axes = figure.add_subplot()
                    draw_plot(plot, axes)
                    figure.canvas.draw()
                    self.assertEqual(axes.get_xlabel(), plot.x.title)
                    self.assertEqual(axes.get_yscale(), plot.y.scale)
                    words = {text.get_text().strip("←→ ") for text in axes.texts}
                    self.assertLessEqual({m.label for m in plot.marks} | set(plot.notes), words)

    def test_gaps_are_gaps(self) -> None:
        (line,) = plot_figure(examples()["level"]).axes[0].lines[:1]
        np.testing.assert_array_equal(np.isnan(line.get_ydata()), [False, True, False])

    def test_no_zero_with_a_sign(self) -> None:
        plot = histogram_plot(np.repeat(np.arange(6) / 5, 9), xlabel="share")
        figure = plot_figure(plot)
        figure.canvas.draw()
        labels = [label.get_text() for label in figure.axes[0].get_xticklabels()]
        self.assertIn("0.0", labels)


class TestPlotly(unittest.TestCase):
    def test_plotly_accepts_every_plot(self) -> None:
        for name, plot in examples().items():
            for ground in GROUNDS:
                with self.subTest(name, ground=ground):
                    described = plotly_figure(plot, ground)
                    figure = PlotlyFigure(described)
                    drawn = [trace for trace in figure.data if trace.x[0] is not None]
                    self.assertEqual(len(drawn), len(plot.series))
                    self.assertEqual(tuple(drawn[0].y), plot.series[0].y)

    def test_markup_is_text(self) -> None:
        texts = [a["text"] for a in plotly_figure(examples()["level"])["layout"]["annotations"]]
        self.assertEqual(texts[0], "&lt;b&gt;level&lt;/b&gt;")

    def test_light_and_dark_differ_in_colours_alone(self) -> None:
        light, dark = (plotly_figure(examples()["guinier"], ground) for ground in GROUNDS)
        self.assertNotEqual(light["layout"]["font"], dark["layout"]["font"])
        self.assertEqual(light["data"][0]["y"], dark["data"][0]["y"])


class TestTicks(unittest.TestCase):
    @settings(max_examples=60, deadline=None)
    @given(
        low=st.floats(0, 0.2),
        span=st.floats(1e-3, 10),
        power=st.sampled_from([-0.5, -1.0, 1.0]),
        factor=st.floats(1e-3, 1e3),
    )
    def test_read_the_other_quantity(
        self, low: float, span: float, power: float, factor: float
    ) -> None:
        opposite = OppositeAxis(label="d", factor=factor, power=power)
        axis = Axis(label="x", opposite=opposite)
        ticks = opposite_ticks(axis, (low, low + span))
        places = [(place - low) / span for place, _ in ticks]
        for place, words in ticks:
            self.assertTrue(low <= place <= low + span)
            self.assertTrue(math.isclose(opposite.at(place), float(words), rel_tol=1e-3))
        gaps = np.diff(sorted(places))
        self.assertTrue((gaps >= 0.074).all())

    def test_logarithmic(self) -> None:
        axis = Axis(label="n", scale="log", opposite=OppositeAxis(label="m", factor=0.001))
        words = [words for _, words in opposite_ticks(axis, (1, 1e5))]
        self.assertLessEqual({"0.01", "0.1", "1", "10", "100"}, set(words))

    def test_nothing_where_there_is_nothing(self) -> None:
        axis = Axis(label="x", opposite=OppositeAxis(label="d", power=-1))
        self.assertEqual(opposite_ticks(axis, (-2.0, -1.0)), [])


class TestDistribution(unittest.TestCase):
    def test_counts_every_voxel(self) -> None:
        values = volume()
        plot = distribution_plot(values, values > 1, 1.0)
        box, inside = (sum(y or 0 for y in series.y) for series in plot.series)
        self.assertEqual((box, inside), (values.size, int((values > 1).sum())))
        bins, _ = np.histogram(values, len(plot.series[0].x))
        off = np.abs(bins - [y or 0 for y in plot.series[0].y]).sum()
        self.assertLessEqual(off, 4)  # a value on a border may fall to either side

    def test_constant_map(self) -> None:
        values = np.full((4, 4, 4), 3.0, np.float32)
        plot = distribution_plot(values, values > 9, 1.0)
        self.assertEqual(sum(y or 0 for y in plot.series[0].y), 64)


class TestSpectrum(unittest.TestCase):
    def test_agrees_with_the_whole_transform(self) -> None:
        """Every coefficient of the full transform, in the shell its radius rounds to."""
        for shape in ((12, 10, 8), (9, 11, 7)):
            values = volume(shape)
            frequencies, power = power_spectrum(values, VOXEL)
            full = np.abs(np.fft.fftn(values)) ** 2 / values.size**2
            axes = [np.fft.fftfreq(n, s) for n, s in zip(shape, VOXEL, strict=True)]
            z, y, x = np.meshgrid(*axes, indexing="ij")
            longest = max(n * s for n, s in zip(shape, VOXEL, strict=True))
            radius = np.sqrt(z**2 + y**2 + x**2) * longest
            shells = np.floor(radius + 0.5 + 1e-9).astype(int)
            for k, (frequency, mean) in enumerate(zip(frequencies, power, strict=True), start=1):
                self.assertAlmostEqual(frequency, k / longest)
                self.assertAlmostEqual(mean / full[shells == k].mean(), 1, places=4)
            self.assertLessEqual(frequencies[-1], 1 / (2 * max(VOXEL)) + 1e-9)

    def test_one_wave_is_one_peak(self) -> None:
        wave = np.cos(2 * np.pi * 5 * np.arange(32) / 32).astype(np.float32)
        _, power = power_spectrum(np.broadcast_to(wave, (32, 32, 32)).copy(), (1.0, 1.0, 1.0))
        self.assertEqual(int(power.argmax()), 4)
        self.assertGreater(power[4], 1e6 * np.delete(power, 4).max())


class TestDeviationProjections(unittest.TestCase):
    def test_agree_with_numpy(self) -> None:
        values = volume() + 3
        for panel, axis in zip(
            projection_panels(values, VOXEL, "deviation"), (2, 1, 0), strict=True
        ):
            np.testing.assert_allclose(panel.image, values.std(axis=axis), rtol=1e-4)


if __name__ == "__main__":
    unittest.main()
