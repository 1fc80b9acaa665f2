"""What the windows show, told without a screen."""

from __future__ import annotations

import argparse
import fcntl
import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Mapping
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import mrcfile
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vrs_scipion.checks.levels import LEVELS
from vrs_scipion.folders import BOXES_FILE, DATABASE
from vrs_scipion.maps.writing import write_volume
from vrs_scipion.report.numbering import PlacedFigure
from vrs_scipion.results.files import load_plot
from vrs_scipion.tests.test_entry import blob
from vrs_scipion.tests.version_0_1_0 import old_folder
from vrs_scipion.tests.window_results import (
    BOX,
    CONTOUR,
    RESOLUTION,
    VOXEL,
    local_values,
    make_half_map_results,
    make_results,
    prepare_half_maps,
    write_json,
)
from vrs_scipion.windows import show
from vrs_scipion.windows.chimerax_script import write_script
from vrs_scipion.windows.layers import Layer, find_layers
from vrs_scipion.windows.pages import NoProgramError, leading_to
from vrs_scipion.windows.results_folder import (
    Contents,
    FolderError,
    State,
    at_work,
    locate,
    process_lives,
    read_contents,
)
from vrs_scipion.windows.run_states import RunState, run_states
from vrs_scipion.windows.shading import Scale, coloured, greys, outlines, usual_scale
from vrs_scipion.windows.show import WindowError, add_arguments, command, require_window
from vrs_scipion.windows.surface import VALUES, SurfaceMaker, ValueField, colour
from vrs_scipion.windows.tables import (
    criteria_grid,
    facts_grid,
    measurements_grid,
    plot_text,
    tab_separated,
)
from vrs_scipion.windows.volume import COARSE, LazyVolume, Shelf


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_results(tmp_path_factory.mktemp("results"))


@pytest.fixture(scope="module")
def halves(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_half_map_results(tmp_path_factory.mktemp("halves"))


@pytest.fixture
def copy(results: Path, tmp_path: Path) -> Path:
    """Results of one's own, to be spoiled."""
    return Path(shutil.copytree(results, tmp_path / "copy"))


def contents(
    folder: Path, entry: Mapping[str, Path] | None = None, running: bool = False
) -> Contents:
    return read_contents(locate(folder, entry), lambda: running)


def write_project(folder: Path, *runs: tuple[str, str, str | None]) -> None:
    """A project of Scipion with boxes of these keys, states and errors; labels say nothing."""
    (folder / DATABASE).parent.mkdir(parents=True, exist_ok=True)
    boxes = {key: 10 * number + 2 for number, (key, _, _) in enumerate(runs)}
    (folder / BOXES_FILE).write_text(json.dumps({**boxes, "report": 9_000}))
    with closing(sqlite3.connect(folder / DATABASE)) as connection, connection:
        connection.execute(
            "CREATE TABLE Objects (id INTEGER PRIMARY KEY, parent_id INTEGER, name TEXT, "
            "label TEXT, value TEXT)"
        )
        for name, status, error in (*runs, ("a copy", "failed", "nobody asked for it")):
            number = boxes.get(name, 8_000)
            connection.executemany(
                "INSERT INTO Objects VALUES (?, ?, ?, ?, ?)",
                [
                    (number, None, "", "0.a renamed by a user", None),
                    (number + 1, number, f"{number}.status", "", status),
                    (number + 2, number, f"{number}._error", "", error),
                ],
            )


def states(found: Contents) -> dict[str, State]:
    return {item.code: item.state for item in found.items}


class TestFolder:
    def test_a_report_shows_what_is_in_it(self, results: Path) -> None:
        found = contents(results)
        assert found.title == "A blob"
        assert [item.code for item in found.items] == ["map", "0.a", "0.b", "0.f", "0.g"]
        assert (found.items[0].title, found.items[0].words) == ("Map", "Prepared")
        assert set(states(found).values()) == {State.DONE}
        assert found.items[4].words == "Failed"
        assert "too little memory" in found.items[4].reason
        assert "evaluable items passed" in found.score

    def test_without_a_report_all_checks_are_expected(self, copy: Path) -> None:
        (copy / "report.json").unlink()
        found = contents(copy)
        assert list(states(found)) == ["map", *(check.code for check in LEVELS[0].checks)]
        assert states(found)["0.a"] is State.DONE
        assert states(found)["0.h"] is State.MISSING
        assert "was not run" in found.items[-1].reason

    def test_a_check_waits_until_its_folder_is_there(self, copy: Path) -> None:
        (copy / "report.json").unlink()
        last = LEVELS[0].checks[-1].code
        assert states(contents(copy, running=True))[last] is State.WAITING
        (copy / "checks" / last).mkdir()
        assert states(contents(copy, running=True))[last] is State.RUNNING
        stopped = contents(copy).items[-1]
        assert stopped.state is State.MISSING
        assert "was stopped" in stopped.reason

    def test_a_broken_result_is_said_to_be_one(self, copy: Path) -> None:
        (copy / "report.json").unlink()
        (copy / "checks" / "0.b" / "result.json").write_text("{]")
        found = contents(copy)
        assert states(found)["0.b"] is State.BROKEN
        assert states(found)["0.a"] is State.DONE

    def test_a_broken_report_does_not_hide_the_results(self, copy: Path) -> None:
        (copy / "report.json").write_text('{"schema": "vrs-report/0"}')
        assert states(contents(copy))["0.f"] is State.DONE

    def test_a_result_alone_needs_its_map(self, results: Path, tmp_path: Path) -> None:
        alone = tmp_path / "result"
        shutil.copytree(results / "checks" / "0.b", alone)
        with pytest.raises(FolderError, match="holds no prepared map"):
            locate(alone)
        found = contents(alone, {"map": results / "entry" / "map"})
        assert [item.code for item in found.items] == ["map", "0.b"]
        assert found.score == ""

    def test_an_entry_alone_is_the_map_alone(self, results: Path) -> None:
        for folder in (results / "entry", results / "entry" / "map"):
            found = contents(folder)
            assert [item.code for item in found.items] == ["map"]
            assert found.entry.map_path == results / "entry" / "map" / "map.mrc"

    def test_results_of_a_run_that_goes_on_are_found_in_its_project(
        self, results: Path, tmp_path: Path
    ) -> None:
        run = tmp_path / "scipion" / "projects" / "project" / "Runs"
        prepared = run / "000001_VrsProtPrepare" / "extra" / "entry"
        shutil.copytree(results / "entry" / "map", prepared)
        shutil.copytree(results / "checks" / "0.a", run / "000002_VrsProtMass" / "extra" / "result")
        write_project(
            tmp_path,
            ("prepare.map", "finished", None),
            ("map", "running", None),
            ("0.a", "finished", None),
            ("0.b", "running", None),
            ("0.c", "launched", None),
            ("0.d", "failed", "\x1b[31mit was\nkilled\x1b[0m"),
            ("0.e", "failed", None),
            ("0.f", "saved", None),
            ("0.g", "aborted", None),
            ("0.h", "finished", None),
            ("0.i", "saved", None),
        )
        found = contents(tmp_path, running=True)
        later = {check.code: State.WAITING for check in LEVELS[0].checks}
        assert states(found) == later | {
            "map": State.DONE,
            "0.a": State.DONE,
            "0.b": State.RUNNING,
            "0.c": State.WAITING,
            "0.d": State.FAILED,
            "0.e": State.FAILED,
            "0.f": State.WAITING,
            "0.g": State.FAILED,
            "0.h": State.RUNNING,
            "0.i": State.WAITING,
        }
        assert found.items[4].reason == "it was killed"
        assert found.items[5].reason == "It ended before it could leave a result."
        assert states(contents(tmp_path))["0.b"] is State.MISSING
        assert states(contents(tmp_path))["0.d"] is State.FAILED

    def test_the_states_of_boxes_go_by_their_keys(self, tmp_path: Path) -> None:
        write_project(tmp_path, ("0.b", "running", None), ("1.a", "failed", "no\nmemory"))
        assert run_states(tmp_path) == {
            "0.b": RunState("running"),
            "1.a": RunState("failed", "no memory"),
        }
        (tmp_path / BOXES_FILE).unlink()
        assert run_states(tmp_path) == {}

    def test_a_project_that_cannot_be_read_says_nothing(self, tmp_path: Path) -> None:
        write_project(tmp_path, ("0.b", "running", None))
        (tmp_path / DATABASE).write_text("no database")
        assert run_states(tmp_path) == {}
        (tmp_path / BOXES_FILE).write_text("{]")
        assert run_states(tmp_path) == {}

    def test_half_maps_of_a_run_that_goes_on_ask_for_their_check(
        self, halves: Path, tmp_path: Path
    ) -> None:
        run = tmp_path / "scipion" / "projects" / "project" / "Runs"
        for number, key in enumerate(("map", "half_maps")):
            prepared = run / f"00000{number}_VrsProtPrepare" / "extra" / "entry"
            shutil.copytree(halves / "entry" / key, prepared)
        write_project(tmp_path, ("0.a", "saved", None), ("1.a", "running", None))
        found = states(contents(tmp_path, running=True))
        assert list(found)[:3] == ["map", "half_maps", "0.a"]
        assert found["1.a"] is State.RUNNING
        assert found["0.a"] is State.WAITING

    def test_what_is_given_later_is_seen_while_it_is_at_work(
        self, halves: Path, tmp_path: Path
    ) -> None:
        folder = Path(shutil.copytree(halves, tmp_path / "copy"))
        run = folder / "scipion" / "projects" / "project" / "Runs" / "000009_VrsProtPrepareHalfMaps"
        (run / "extra").mkdir(parents=True)
        shutil.move(folder / "entry" / "half_maps", run / "extra" / "entry")
        for late in ("looks/half_maps", "checks/1.a"):
            shutil.rmtree(folder / late)
        write_json(folder)
        assert list(states(contents(folder))) == ["map", "0.a"]
        with (folder / ".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            found = contents(folder, running=True)
        assert list(states(found))[:3] == ["map", "half_maps", "0.a"]
        assert states(found)["1.a"] is State.WAITING
        assert states(found)["0.a"] is State.DONE

    def test_one_check_at_work_is_shown_alone(self, results: Path, tmp_path: Path) -> None:
        places = locate(tmp_path, {"map": results / "entry" / "map"}, "0.c")
        item = read_contents(places, lambda: True).items[1]
        assert (item.title, item.state) == ("0.c Background analysis", State.RUNNING)
        assert len(read_contents(places).items) == 2

    def test_what_shows_an_input_is_no_check(self, results: Path, tmp_path: Path) -> None:
        places = locate(tmp_path, {"map": results / "entry" / "map"}, "map")
        assert states(read_contents(places, lambda: True)) == {"map": State.DONE}

    def test_half_maps_need_their_map(self, halves: Path, tmp_path: Path) -> None:
        alone = Path(shutil.copytree(halves / "entry" / "half_maps", tmp_path / "alone"))
        with pytest.raises(FolderError, match="holds no prepared map"):
            locate(alone)
        for found in (
            contents(alone, {"map": halves / "entry" / "map", "half_maps": alone}),
            contents(halves / "entry" / "half_maps"),
            contents(halves / "entry"),
        ):
            assert list(states(found)) == ["map", "half_maps"]

    def test_a_broken_record_is_named(self, halves: Path, tmp_path: Path) -> None:
        folder = Path(shutil.copytree(halves, tmp_path / "copy"))
        (folder / "entry" / "half_maps" / "record.json").write_text("{]")
        words = r"^the two half maps prepared in .*/half_maps cannot be read \("
        with pytest.raises(FolderError, match=words):
            contents(folder)

    def test_no_folder(self, tmp_path: Path) -> None:
        with pytest.raises(FolderError, match="is no folder"):
            locate(tmp_path / "nothing")

    def test_the_lock_of_a_run_is_seen(self, tmp_path: Path) -> None:
        assert not at_work(tmp_path)
        with (tmp_path / ".lock").open("w") as lock:
            assert not at_work(tmp_path)
            fcntl.flock(lock, fcntl.LOCK_EX)
            assert at_work(tmp_path)
        assert not at_work(tmp_path)

    def test_a_process_that_has_ended_does_not_live(self) -> None:
        assert process_lives(os.getpid())
        ended = subprocess.Popen([sys.executable, "-c", ""])
        ended.wait()
        assert not process_lives(ended.pid)


class TestHalfMaps:
    """A folder with a map and its half maps."""

    def test_both_inputs_come_first_and_level_1_last(self, halves: Path) -> None:
        found = contents(halves)
        titles = ["Map", "Half maps", "0.a Mass analysis", "1.a Global resolution"]
        assert [item.title for item in found.items] == titles
        assert set(states(found).values()) == {State.DONE}
        assert found.score == "2 of 2 evaluable items passed"
        half = found.items[1]
        assert (half.words, half.outcome) == ("1 warning", "warnings")

    def test_both_inputs_have_their_facts(self, halves: Path) -> None:
        whole, half = (item.given for item in contents(halves).items[:2])
        assert whole is not None
        assert half is not None
        facts = {fact.label: fact.value for fact in whole.facts}
        assert facts["File"] == "blob.mrc"
        assert facts["Reported resolution"] == f"{RESOLUTION:g}\u00a0Å (given by the user)"
        facts = {fact.label: fact.value for fact in half.facts}
        assert (facts["Half map 1"], facts["Half map 2"]) == ("one.mrc", "two.mrc")
        assert facts["Box of the half maps"] == "34 × 32 × 30 voxels (x × y × z)"
        grid = facts_grid(half)
        assert grid.title == "Half maps"
        assert ("Half map 2", "two.mrc") in grid.rows
        assert grid.copied == grid.rows

    def test_both_inputs_have_their_pictures(self, halves: Path) -> None:
        for item, some in zip(
            contents(halves).items,
            ({"central_slices", "isosurface", "soft_mask"}, {"half1_slices", "half_spectra"}),
            strict=False,
        ):
            assert item.result is not None
            assert item.given is not None
            assert item.folder == halves / "looks" / item.code
            assert some <= {figure.key for figure in item.result.figures}
            assert all((item.folder / figure.file).is_file() for figure in item.result.figures)
            assert item.anchor == f"input-{item.code.replace('_', '-')}"
            placed = [one.key for one in item.given.blocks if isinstance(one, PlacedFigure)]
            assert sorted(placed) == sorted(figure.key for figure in item.result.figures)

    def test_half_maps_are_densities_and_their_mask_one_of_the_masks(self, halves: Path) -> None:
        layers = find_layers(contents(halves))
        prepared = halves / "entry" / "half_maps"
        keys = ["map", "resized_volume", "half1", "half2"]
        assert [layer.key for layer in layers.densities] == keys
        first = layers.densities[2]
        assert (first.name, first.path) == ("Half map 1", prepared / "half1.mrc")
        assert (first.contour, first.input) == (None, "half_maps")
        keys = ["hard_mask", "soft_mask", "half_maps_mask"]
        assert [layer.key for layer in layers.masks] == keys
        assert layers.masks[2].name == "Soft mask of the half maps"
        assert layers.masks[2].path == prepared / "mask_soft.mrc"
        assert layers.values == ()

    def test_nothing_is_laid_over_the_grid_of_another_input(self, tmp_path: Path) -> None:
        prepare_half_maps(tmp_path, margin=4)
        layers = find_layers(contents(tmp_path / "entry"))
        values = replace(layers.masks[0], key="0.f:values")
        layers = replace(layers, values=(values,))
        whole, _, half, _ = layers.densities
        assert LazyVolume(half.path).frame.box != LazyVolume(whole.path).frame.box
        assert [layer.key for layer in layers.over(whole).masks] == ["hard_mask", "soft_mask"]
        assert layers.over(whole).values == (values,)
        (mask,) = layers.over(half).masks
        assert mask.key == "half_maps_mask"
        assert LazyVolume(mask.path).frame == LazyVolume(half.path).frame
        assert layers.over(half).values == ()
        assert layers.over(half).densities == layers.densities


class TestTables:
    def test_criteria_say_what_was_held_against_what(self, results: Path) -> None:
        section = contents(results).items[3].section
        assert section is not None
        grid = criteria_grid(section)
        assert grid.rows[0][0] == "The median should be above 0 Å²".replace("0 Å", "0\u00a0Å")
        assert grid.rows[0][3] == "! Not passed"
        assert grid.marks == (False,)

    def test_numbers_are_copied_in_full(self, results: Path) -> None:
        result = contents(results).items[1].result
        assert result is not None
        grid = measurements_grid(result)
        lines = tab_separated(grid).splitlines()
        assert lines[0] == "Quantity\tValue\tUnit\tName"
        for line, item in zip(lines[1:], result.measurements.values(), strict=True):
            cells = line.split("\t")
            assert float(cells[1]) == item.value
            assert cells[2] == item.unit

    def test_chosen_rows_alone(self, results: Path) -> None:
        result = contents(results).items[1].result
        assert result is not None
        assert len(tab_separated(measurements_grid(result), [2]).splitlines()) == 2

    def test_the_data_of_a_plot(self, results: Path) -> None:
        plot = load_plot(results / "checks" / "0.f" / "histogram.plot.json")
        lines = plot_text(plot).splitlines()
        assert len(lines) == 1 + sum(len(series.x) for series in plot.series)
        assert lines[0].split("\t")[1] == "Local B-factor (Å²)"


class TestLayers:
    def test_densities_masks_and_values_are_told_apart(self, results: Path) -> None:
        layers = find_layers(contents(results))
        assert [layer.key for layer in layers.densities] == ["map"]
        assert layers.densities[0].contour == CONTOUR
        assert [layer.key for layer in layers.masks] == ["hard_mask", "soft_mask"]
        (values,) = layers.values
        assert values.name == "0.f Local B-factor (Å²)"
        assert values.unit == "Å²"
        assert values.mask is not None
        assert values.mask == results / "entry" / "map" / "mask_hard.mrc"

    def test_values_of_version_0_1_0_are_known_as_such(self, copy: Path) -> None:
        (now,) = find_layers(contents(copy)).values
        old_folder(copy)
        assert list(states(contents(copy))) == ["map", "0.a", "0.b", "0.f", "0.g"]
        layers = find_layers(contents(copy))
        assert layers.densities[0].path == copy / "entry" / "map.mrc"
        assert layers.values == (replace(now, mask=copy / "entry" / "mask_hard.mrc"),)
        file = copy / "checks" / "0.f" / "result.json"
        old = json.loads(file.read_text("utf-8"))
        old["figures"] = []  # where no surface was drawn, the percentiles tell the range
        old["paragraphs"] = []
        file.write_text(json.dumps(old))
        (values,) = find_layers(contents(copy)).values
        assert values.name == "0.f LocBfactor (Å²)"
        assert (values.unit, values.colour_range) == ("Å²", now.colour_range)
        for name in ("b_factor_p2_5", "b_factor_p97_5"):
            del old["measurements"][name]
        file.write_text(json.dumps(old))
        layers = find_layers(contents(copy))
        assert layers.values == ()
        assert layers.densities[1].key == "0.f:b_factor"

    def test_zero_is_a_value_where_the_colours_say_so(self) -> None:
        values, inside = np.array([0.0, 0.0, 0.5, np.nan]), np.array([1.0, 0.0, 1.0, 1.0])
        occupancy = Layer("g", "Occupancy", Path("a"), colour_range=(0.0, 1.0))
        assert occupancy.counts(values, inside).tolist() == [True, False, True, False]
        factor = Layer("f", "B-factor", Path("a"), colour_range=(-90.0, -10.0))
        assert factor.counts(values, inside).tolist() == [False, False, True, False]
        assert occupancy.counts(values, None).tolist() == [False, False, True, False]

    def test_a_volume_that_is_gone_is_left_out(self, copy: Path) -> None:
        (copy / "checks" / "0.f" / "bmap.mrc").unlink()
        assert find_layers(contents(copy)).values == ()


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, np.ndarray]:
    """A volume large enough to be shown coarsely first."""
    path = tmp_path_factory.mktemp("large") / "large.mrc"
    values = np.random.default_rng(0).normal(size=(COARSE + 5, COARSE * 2 + 1, 40))
    write_volume(path, values.astype(np.float32), (2.0, 1.0, 1.5), origin=(10.0, -20.0, 5.0))
    return path, values.astype(np.float32)


class TestVolume:
    def test_a_small_volume_is_fine_at_once(self, results: Path) -> None:
        volume = LazyVolume(results / "entry" / "map" / "map.mrc")
        assert volume.fine
        with mrcfile.open(results / "entry" / "map" / "map.mrc") as mrc:
            cut = volume.cut(1, volume.frame.position(1, 12))
            np.testing.assert_array_equal(cut.values, mrc.data[:, 12, :])
        assert cut.vertical == pytest.approx((-VOXEL[0] / 2, (BOX[0] - 0.5) * VOXEL[0]))

    def test_a_large_one_is_coarse_until_it_was_read(self, large: tuple[Path, np.ndarray]) -> None:
        path, values = large
        volume = LazyVolume(path)
        assert not volume.fine
        assert volume.binning == 3
        coarse = volume.cut(0, volume.frame.position(0, 1))
        expected = values[1, :255, :39].reshape(85, 3, 13, 3).mean(axis=(1, 3))
        np.testing.assert_allclose(coarse.values, expected, atol=1e-6)
        told: list[float] = []
        assert not volume.warm(stopped=lambda: True)
        assert volume.warm(told=told.append)
        assert told[-1] == 1
        np.testing.assert_array_equal(volume.cut(0, volume.frame.position(0, 1)).values, values[1])

    def test_coarse_planes_lie_where_the_fine_ones_do(self, large: tuple[Path, np.ndarray]) -> None:
        volume = LazyVolume(large[0])
        before = volume.cut(2, 20.0)
        volume.warm()
        after = volume.cut(2, 20.0)
        step = volume.binning * max(volume.frame.voxel_size)
        assert np.abs(np.subtract(before.vertical, after.vertical)).max() < step
        assert np.abs(np.subtract(before.horizontal, after.horizontal)).max() < step

    @settings(max_examples=50, deadline=None)
    @given(st.tuples(*(st.integers(0, n - 1) for n in BOX)))
    def test_a_voxel_is_found_where_it_is(self, results: Path, index: tuple[int, int, int]) -> None:
        volume = LazyVolume(results / "entry" / "map" / "map.mrc")
        z, y, x = (volume.frame.position(axis, i) for axis, i in enumerate(index))
        assert tuple(volume.frame.index(axis, p) for axis, p in enumerate((z, y, x))) == index
        with mrcfile.open(results / "entry" / "map" / "map.mrc") as mrc:
            assert volume.at((z, y, x)) == mrc.data[index]

    def test_beyond_the_box_there_is_nothing(self, results: Path) -> None:
        volume = LazyVolume(results / "entry" / "map" / "map.mrc")
        assert volume.at((-5.0, 0.0, 0.0)) is None
        places = np.array([-5.0, 0.0, VOXEL[2]])
        plane = volume.cut_like(0, 0.0, places, places)
        assert np.isnan(plane[0]).all()
        assert np.isnan(plane[:, 0]).all()
        assert np.isfinite(plane[1:, 1:]).all()
        assert np.isnan(volume.cut_like(0, 1e4, places, places)).all()

    def test_another_grid_shows_the_same_place(self, results: Path, tmp_path: Path) -> None:
        fine = LazyVolume(results / "entry" / "map" / "map.mrc")
        with mrcfile.open(results / "entry" / "map" / "map.mrc") as mrc:
            halved = mrc.data[::2, ::2, ::2].copy()
        z, y, x = VOXEL
        write_volume(tmp_path / "half.mrc", halved, (2 * z, 2 * y, 2 * x))
        coarse = LazyVolume(tmp_path / "half.mrc")
        rows, columns = (fine.frame.positions(axis)[::2] for axis in (1, 2))
        plane = coarse.cut_like(0, fine.frame.position(0, 6), rows, columns)
        np.testing.assert_array_equal(plane, halved[3])

    def test_world_follows_the_header(self, large: tuple[Path, np.ndarray], tmp_path: Path) -> None:
        assert LazyVolume(large[0]).world_start == pytest.approx((10.0, -20.0, 5.0))
        write_volume(
            tmp_path / "n.mrc", np.ones((8, 8, 8), np.float32), (2.0,) * 3, nstart=(1, 2, 3)
        )
        assert LazyVolume(tmp_path / "n.mrc").world_start == pytest.approx((2.0, 4.0, 6.0))

    def test_a_shelf_opens_a_volume_once(self, results: Path) -> None:
        shelf = Shelf()
        path = results / "entry" / "map" / "map.mrc"
        assert shelf.get(path) is shelf.get(path)


class TestShading:
    def test_greys_run_from_black_to_white_upside_up(self) -> None:
        picture = greys(np.array([[0.0, 1.0], [2.0, np.nan]], np.float32), Scale(0, 2))
        assert picture[:, :, 0].tolist() == [[255, 48], [0, 128]]

    def test_greys_are_those_of_the_molecule_where_the_rest_was_masked(self) -> None:
        inside = np.random.default_rng(0).normal(3, 1, 2000).astype(np.float32)
        masked = np.concatenate([np.zeros(100_000, np.float32), inside])
        assert usual_scale(masked) == usual_scale(inside)
        assert usual_scale(np.zeros(9, np.float32)) == Scale(0, 0)
        assert usual_scale(np.full(9, np.nan, np.float32)) == Scale(0, 1)

    def test_colours_are_laid_where_there_are_values(self) -> None:
        values = np.array([[np.nan, 5.0]], np.float32)
        grey = greys(np.zeros((1, 2), np.float32), Scale(-1, 1))
        picture = coloured(grey, values, Scale(0, 10))
        assert (picture[0, 0] == grey[0, 0]).all()
        assert (picture[0, 1] != grey[0, 1]).any()

    def test_an_outline_runs_along_the_level(self) -> None:
        rows, columns = np.indices((40, 40))
        distance = np.hypot(rows - 20, columns - 20).astype(np.float32)
        (line,) = outlines(-distance, -10)
        np.testing.assert_allclose(np.hypot(*(line - 20).T), 10, atol=0.05)
        assert outlines(-distance, 5) == []


class TestSurfaceValues:
    def test_values_are_read_between_voxels_and_only_where_they_count(self, results: Path) -> None:
        (layer,) = find_layers(contents(results)).values
        field = ValueField(layer, Shelf())
        middle = [VOXEL[2] * 17, VOXEL[1] * 16, VOXEL[0] * 15]
        between = [VOXEL[2] * 17.5, VOXEL[1] * 16, VOXEL[0] * 15]
        found = field.at(np.array([middle, between, [0.0, 0.0, 0.0]]))
        np.testing.assert_allclose(found[:2], [-83.0, -82.5], atol=1e-4)
        assert np.isnan(found[2])
        assert (field.low, field.high) == layer.colour_range

    def test_where_the_box_cuts_the_molecule_its_faces_have_values(self, tmp_path: Path) -> None:
        write_volume(tmp_path / "v.mrc", np.full(BOX, 7, np.float32), VOXEL)
        field = ValueField(Layer("v", "Values", tmp_path / "v.mrc"), Shelf())
        beyond = [[VOXEL[2] * BOX[2], VOXEL[1] * 5, VOXEL[0] * 5]]
        assert field.at(np.array(beyond)) == pytest.approx(7)

    def test_values_that_are_all_the_same_have_a_scale(self, tmp_path: Path) -> None:
        write_volume(tmp_path / "v.mrc", np.ones(BOX, np.float32), VOXEL)
        field = ValueField(Layer("v", "Values", tmp_path / "v.mrc"), Shelf())
        assert (field.low, field.high) == (1, 2)

    def test_a_surface_encloses_what_is_above_its_level(self, results: Path) -> None:
        path = results / "entry" / "map" / "map.mrc"
        maker = SurfaceMaker(path, (0.0, 0.0, 0.0), CONTOUR)
        assert maker.lowest < CONTOUR < maker.highest
        with mrcfile.open(path) as mrc:
            above = np.count_nonzero(mrc.data >= CONTOUR) * np.prod(VOXEL)
        fine, binning = maker.fine(CONTOUR)
        assert binning == 1
        for mesh in (maker.coarse(CONTOUR), fine):
            assert mesh.volume == pytest.approx(above, rel=0.1)
        (layer,) = find_layers(contents(results)).values
        values = colour(fine, ValueField(layer, Shelf())).point_data[VALUES]
        known = np.isfinite(values)
        assert known.mean() > 0.9
        expected = np.asarray(fine.points)[known, 0] / VOXEL[2] - 100
        np.testing.assert_allclose(values[known], expected, atol=1.0)

    def test_without_a_voxel_above_it_there_is_no_surface(self, results: Path) -> None:
        with pytest.raises(ValueError, match="has no surface"):
            SurfaceMaker(results / "entry" / "map" / "map.mrc", (0.0, 0.0, 0.0), 100.0)

    def test_the_values_are_those_that_were_written(self) -> None:
        assert local_values()[15, 16, 17] == -83


_NUMBER, _HEX = r"-?\d+(?:\.\d+)?(?:e[+-]\d+)?", "#[0-9A-Fa-f]{6}"
_DOCUMENTED = {
    "open": r""" (?:"[^"]+"|'[^']+') format mrc""",
    "volume": rf" #1 style surface step [1-9] level {_NUMBER} color {_HEX}",
    "set": " bgColor white",
    "lighting": " soft",
    "hide": " #2 models",
    "color": rf" sample #1 map #2 palette {_NUMBER},{_HEX}(?::{_NUMBER},{_HEX})+",
    "key": rf"(?: {_HEX}:{_NUMBER}){{2,}} pos {_NUMBER},{_NUMBER} size {_NUMBER},{_NUMBER}"
    r" fontSize \d+",
    "2dlabels": rf' text "[ -!#-~]+" xpos {_NUMBER} ypos {_NUMBER} size \d+',
    "view": "",
}
"""What ChimeraX's user guide (docs/user/commands) gives as the usage of each command, as far as
it is used; whether ChimeraX does what it says is not known here."""


def documented(line: str) -> str:
    """The name of the command in ``line``, whose arguments have to be as documented."""
    name = line.split(" ")[0]
    assert re.fullmatch(name + _DOCUMENTED[name], line), line
    return name


class TestFiles:
    def test_chimerax_colours_the_map_by_the_values(self, results: Path, tmp_path: Path) -> None:
        layers = find_layers(contents(results))
        script = write_script(layers, layers.values[0], tmp_path / "a.cxc")
        names = [documented(line) for line in script.read_text(encoding="utf-8").splitlines()]
        assert names == [
            *("open", "volume", "set", "lighting"),
            *("open", "hide", "color", "key", "2dlabels", "view"),
        ]
        text = script.read_text()
        assert f'open "{results / "entry" / "map" / "map.mrc"}"' in text
        assert f'open "{tmp_path / "a.mrc"}"' in text
        assert "level 0.3 " in text
        stops = [stop.split(",") for stop in text.split("palette ")[1].split()[0].split(":")]
        values = [float(value) for value, _ in stops]
        assert values == sorted(set(values))
        assert (values[2], values[-1]) == pytest.approx(layers.values[0].colour_range)
        labels = [
            float(pair.split(":")[1]) for pair in text.split("key ")[1].split(" pos")[0].split()
        ]
        assert labels == sorted(set(labels))
        assert "B-factor (\\u00c5\\u00b2)" in text

    def test_chimerax_gets_grey_where_there_is_no_value(
        self, results: Path, tmp_path: Path
    ) -> None:
        layers = find_layers(contents(results))
        write_script(layers, layers.values[0], tmp_path / "a.cxc")
        low, high = layers.values[0].colour_range or (0.0, 0.0)
        with mrcfile.open(tmp_path / "a.mrc") as mrc:
            assert mrc.data[0, 0, 0] == pytest.approx(2 * low - high)
            assert mrc.data[15, 16, 17] == pytest.approx(-83)
            assert mrc.voxel_size.x == pytest.approx(VOXEL[2])

    def test_the_values_lie_where_chimerax_puts_the_map(
        self, results: Path, tmp_path: Path
    ) -> None:
        write_volume(tmp_path / "n.mrc", blob(BOX), VOXEL, nstart=(1, 2, 3))
        layers = find_layers(contents(results))
        placed = replace(layers.densities[0], path=tmp_path / "n.mrc")
        moved = replace(layers, densities=(placed,))
        write_script(moved, layers.values[0], tmp_path / "a.cxc")
        start = LazyVolume(tmp_path / "a.mrc").world_start
        assert start == pytest.approx((VOXEL[0], 2 * VOXEL[1], 3 * VOXEL[2]))

    def test_chimerax_without_values(self, results: Path, tmp_path: Path) -> None:
        script = write_script(find_layers(contents(results)), None, tmp_path / "a.cxc")
        names = [documented(line) for line in script.read_text().splitlines()]
        assert names == ["open", "volume", "set", "lighting", "view"]
        assert not (tmp_path / "a.mrc").exists()

    def test_a_page_that_leads_on(self, tmp_path: Path) -> None:
        page = leading_to(tmp_path / "a & b.html", "check-0-b")
        try:
            assert "a%20%26%20b.html#check-0-b" in page.read_text()
        finally:
            page.unlink()


class TestCommand:
    def test_the_words_that_start_a_window(self) -> None:
        entry = {"map": Path("/e"), "half_maps": Path("/h=1")}
        words = command(Path("/r"), entry=entry, check="0.b", pane="slices", pid=7)
        assert words[1:4] == ["-m", "vrs_scipion.windows.show", "/r"]
        given = ["--entry", "map=/e", "--entry", "half_maps=/h=1"]
        assert words[4:] == [*given, "--check", "0.b", "--pane", "slices", "--pid", "7"]

    def test_the_words_are_understood(self) -> None:
        entry = {"map": Path("/e"), "half_maps": Path("/h=1")}
        parser = argparse.ArgumentParser()
        add_arguments(parser)
        options = parser.parse_args(command(Path("/r"), entry=entry, check="1.a")[3:])
        assert dict(options.entry) == {"map": "/e", "half_maps": "/h=1"}
        assert (options.folder, options.check) == (Path("/r"), "1.a")

    def test_without_a_screen_it_says_so(self, monkeypatch: pytest.MonkeyPatch) -> None:
        for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setattr(sys, "platform", "linux")
        with pytest.raises(WindowError):
            require_window()

    def test_where_no_window_opens_the_page_is_shown(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
    ) -> None:
        opened: list[Path] = []
        monkeypatch.setenv("QT_QPA_PLATFORM", "nothing")
        monkeypatch.setattr(show, "locate", lambda *_: None)
        monkeypatch.setattr(show, "read_contents", lambda *_: None)
        monkeypatch.setattr(show, "open_page", opened.append)
        assert show.main([str(tmp_path)]) == 2
        said = capsys.readouterr().err
        assert "does not open here" in said
        assert "apt install" in said
        page = tmp_path / "report.html"
        page.write_text("")
        assert show.main([str(tmp_path)]) == 0
        assert opened == [page]

        def nothing(page: Path) -> None:
            raise NoProgramError(f"No browser was found; the page is {page}")

        monkeypatch.setattr(show, "open_page", nothing)
        assert show.main([str(tmp_path)]) == 2
        assert str(page) in capsys.readouterr().err
