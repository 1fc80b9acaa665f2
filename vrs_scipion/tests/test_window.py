"""The windows themselves, drawn where nobody looks (Qt's offscreen platform)."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("PyQt5", reason="PyQt5 is not installed (pip install 'vrs_scipion[window]')")
pytest.importorskip("pytestqt", reason="pytest-qt is not installed (pip install pytest-qt)")
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PyQt5.QtCore import QPointF, Qt
from PyQt5.QtWidgets import QApplication, QLabel

from vrs_scipion.doctor import _window
from vrs_scipion.tests.window_results import (
    BOX,
    VOXEL,
    make_half_map_results,
    make_results,
    prepare_half_maps,
    write_json,
)
from vrs_scipion.windows.layers import Layer, Layers
from vrs_scipion.windows.live_plot import LivePlot
from vrs_scipion.windows.main_window import PANES, ResultsWindow
from vrs_scipion.windows.map_window import MapWindow
from vrs_scipion.windows.plots_pane import Picture
from vrs_scipion.windows.results_folder import locate, read_contents

_WAIT_MS = 20_000
_NAMES = ["Map", "0.a Mass analysis", "0.b Mask analysis", "0.f LocBfactor"]
_LEVEL_1 = "1.a Global resolution"


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_results(tmp_path_factory.mktemp("results"))


@pytest.fixture(scope="module")
def halves(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_half_map_results(tmp_path_factory.mktemp("halves"))


def opened(
    qtbot: Any, folder: Path, check: str = "", pane: str = "", **state: bool
) -> ResultsWindow:
    running = {"now": False, **state}
    window = ResultsWindow(
        lambda: read_contents(locate(folder), lambda: running["now"]), check, pane
    )
    window.running = running
    show(qtbot, window)
    return window


def show(qtbot: Any, window: Any) -> None:
    qtbot.addWidget(window)
    qtbot.__dict__.setdefault("kept", []).append(window)  # qtbot's own reference is a weak one
    window.show()
    qtbot.waitExposed(window)


def slices_of(qtbot: Any, window: ResultsWindow) -> Any:
    pane = window._slices
    qtbot.waitUntil(
        lambda: all(v._drawing is not None for v in pane._views.values()), timeout=_WAIT_MS
    )
    qtbot.waitUntil(lambda: window._background.idle, timeout=_WAIT_MS)
    QApplication.processEvents()
    return pane


class TestWindow:
    def test_every_check_has_its_outcome_in_words(self, qtbot: Any, results: Path) -> None:
        window = opened(qtbot, results)
        rows = [window._list.item(i).text() for i in range(window._list.count())]
        assert [row.split("\n")[0] for row in rows[:4]] == _NAMES
        assert rows[3].split("\n")[1] == "1 warning"
        assert rows[4].split("\n")[1] == "Failed"
        assert all(not window._list.item(i).icon().isNull() for i in range(window._list.count()))

    def test_choosing_a_check_with_the_keyboard_shows_it(self, qtbot: Any, results: Path) -> None:
        window = opened(qtbot, results)
        for _ in range(3):
            qtbot.keyClick(window._list, Qt.Key_Down)
        assert "0.f LocBfactor" in window._banner.text()
        assert "oversharpened" in window._banner.text()
        assert window._numbers.tables[0].grid.title == "Criteria"

    def test_a_failed_check_says_why(self, qtbot: Any, results: Path) -> None:
        window = opened(qtbot, results, "0.g")
        assert "Failed" in window._banner.text()
        assert "too little memory" in window._banner.text()

    def test_it_fits_a_small_screen(self, qtbot: Any, results: Path) -> None:
        for pane in ("numbers", "plots", "slices", "surface", "words"):
            hint = opened(qtbot, results, "0.f", pane).minimumSizeHint()
            assert hint.width() <= 1280
            assert hint.height() <= 690

    def test_a_table_goes_to_the_clipboard(self, qtbot: Any, results: Path) -> None:
        window = opened(qtbot, results, "0.a")
        window._numbers.tables[1].copy_all()
        lines = QApplication.clipboard().text().splitlines()
        assert lines[0].startswith("Quantity\tValue\tUnit")
        window._numbers.tables[1].table.selectRow(1)
        qtbot.keyClick(window._numbers.tables[1].table, Qt.Key_C, Qt.ControlModifier)
        assert QApplication.clipboard().text().splitlines()[1] == lines[2]

    def test_plots_are_live_and_pictures_are_shown(self, qtbot: Any, results: Path) -> None:
        window = opened(qtbot, results, "0.f", "plots")
        live = window._plots.findChildren(LivePlot)
        assert len(live) == 1
        assert len(window._plots.findChildren(Picture)) == 1
        qtbot.waitUntil(lambda: bool(live[0].figure.axes), timeout=_WAIT_MS)
        assert live[0].figure.axes[0].get_xlabel() == "Local B-factor (Å²)"
        live[0].copy()
        assert QApplication.clipboard().text().startswith("series\t")

    def test_where_there_is_no_opengl_the_pictures_stay(self, qtbot: Any, results: Path) -> None:
        window = opened(qtbot, results, "0.f", "surface")
        qtbot.waitUntil(
            lambda: "cannot be turned" in window._surface._status.text(), timeout=_WAIT_MS
        )
        assert len(window._surface._stills.cards) == 1
        assert window._surface._stills.isVisible()

    def test_words_have_their_references(self, qtbot: Any, results: Path) -> None:
        window = opened(qtbot, results, "0.f", "words")
        text = window._words.toPlainText()
        assert "The median is odd (Fig." in text
        assert "! The median is" in text

    def test_results_come_in_while_it_is_open(
        self, qtbot: Any, results: Path, tmp_path: Path
    ) -> None:
        folder = Path(shutil.copytree(results, tmp_path / "copy"))
        (folder / "report.json").unlink()
        late = shutil.move(folder / "checks" / "0.b", tmp_path / "late")
        window = opened(qtbot, folder, "0.b", now=True)
        assert "Not started" in window._banner.text()
        assert window._poll.isActive()
        (folder / "checks" / "0.b").mkdir()
        window.reload()
        assert "Running" in window._banner.text()
        (folder / "checks" / "0.b").rmdir()
        shutil.move(late, folder / "checks" / "0.b")
        write_json(folder)
        window.running["now"] = False
        window.reload()
        assert "0.b Mask analysis" in window._banner.text()
        assert "Running" not in window._banner.text()
        assert not window._poll.isActive()

    def test_a_folder_that_goes_away_leaves_what_was_read(
        self, qtbot: Any, results: Path, tmp_path: Path
    ) -> None:
        folder = Path(shutil.copytree(results, tmp_path / "copy"))
        window = opened(qtbot, folder, "0.a")
        shutil.rmtree(folder)
        window.reload()
        assert "0.a Mass analysis" in window._banner.text()
        assert "is no folder" in window.statusBar().currentMessage()

    def test_closing_ends_the_work(self, qtbot: Any, results: Path) -> None:
        window = opened(qtbot, results, "0.f", "slices")
        slices_of(qtbot, window)
        window.close()
        assert window._background.stopping.is_set()
        assert window.isHidden()


class TestInputs:
    """The map and its half maps, which come before the checks."""

    def test_each_is_an_item_with_its_facts(self, qtbot: Any, halves: Path) -> None:
        window = opened(qtbot, halves)
        rows = [window._list.item(i).text().split("\n") for i in range(window._list.count())]
        assert [name for name, _ in rows] == [*_NAMES[:1], "Half maps", _NAMES[1], _LEVEL_1]
        assert [words for _, words in rows] == ["Prepared", "1 warning", "OK", "OK"]
        assert window._numbers.tables[0].grid.title == "Map"
        assert "start from here" in window._banner.text()
        qtbot.keyClick(window._list, Qt.Key_Down)
        assert window._numbers.tables[0].grid.rows[0] == ("Half map 1", "one.mrc")
        assert "Half maps" in window._banner.text()
        assert "reaches the faces of their box" in window._banner.text()

    def test_each_has_its_pictures_and_what_to_look_for(self, qtbot: Any, halves: Path) -> None:
        window = opened(qtbot, halves, "half_maps", "plots")
        assert len(window._plots.findChildren(Picture)) == 4
        (live,) = window._plots.findChildren(LivePlot)
        qtbot.waitUntil(lambda: bool(live.figure.axes), timeout=_WAIT_MS)
        assert live.figure.axes[0].get_ylabel() == "Mean power"
        window._tabs.setCurrentIndex(PANES.index("words"))
        text = window._words.toPlainText()
        assert text.index("! The soft mask of the half maps") < text.index("What to look for")
        assert "should show the same molecule" in text
        window._choose("map")
        assert "What to look for" in window._words.toPlainText()
        assert "! " not in window._words.toPlainText()

    def test_pictures_come_in_the_order_of_their_numbers(self, qtbot: Any, halves: Path) -> None:
        window = opened(qtbot, halves, "map", "plots")
        captions = [card.findChildren(QLabel)[-1].text() for card in window._plots.cards]
        numbers = [caption.split(". ")[0] for caption in captions]
        assert numbers == [f"Fig.\u00a0{place}" for place in range(1, 10)]
        assert "Isosurface" in captions[4]

    def test_level_1_has_its_plot(self, qtbot: Any, halves: Path) -> None:
        window = opened(qtbot, halves, "1.a", "plots")
        live = window._plots.findChildren(LivePlot)[0]
        qtbot.waitUntil(lambda: bool(live.figure.axes), timeout=_WAIT_MS)
        assert live.figure.axes[0].get_ylabel() == "Fourier shell correlation"

    def test_each_is_what_its_planes_show_first(self, qtbot: Any, halves: Path) -> None:
        window = opened(qtbot, halves, "half_maps", "slices")
        pane = slices_of(qtbot, window)
        assert pane._map.currentText() == "Half map 1"
        offered = [pane._outlines.itemText(i) for i in range(pane._outlines.count())]
        assert offered == ["None", "Soft mask of the half maps"]
        pane._outlines.setCurrentIndex(1)
        slices_of(qtbot, window)
        assert pane._views[0]._drawing.lines[0][1]
        window._choose("map")
        pane = slices_of(qtbot, window)
        assert (pane._map.currentText(), pane._outlines.currentText()) == ("Map", "Contour level")
        assert pane._outlines.findText("Soft mask of the half maps") == -1

    def test_another_box_is_seen_from_its_middle_where_the_place_is_not_in_it(
        self, qtbot: Any, tmp_path: Path
    ) -> None:
        prepare_half_maps(tmp_path, margin=4)
        window = opened(qtbot, tmp_path / "entry", "half_maps", "slices")
        pane = slices_of(qtbot, window)
        assert "voxel (x, y, z) = (21, 20, 19)" in pane._readout.text()
        pane._go(tuple(1000.0 for _ in VOXEL))
        slices_of(qtbot, window)
        assert "voxel (x, y, z) = (41, 39, 37)" in pane._readout.text()
        pane._map.setCurrentIndex(0)
        slices_of(qtbot, window)
        assert "voxel (x, y, z) = (17, 16, 15)" in pane._readout.text()

    def test_without_pictures_it_says_so(self, qtbot: Any, results: Path) -> None:
        window = opened(qtbot, results, "map", "plots")
        assert not window._plots.cards
        words = [label.text() for label in window._plots.findChildren(QLabel)]
        assert words == ["No figure was drawn."]
        window._tabs.setCurrentIndex(PANES.index("words"))
        assert window._words.toPlainText().splitlines()[-1] == "No figure was drawn."


class TestSlices:
    def test_the_middle_is_shown_with_its_value(self, qtbot: Any, results: Path) -> None:
        pane = slices_of(qtbot, opened(qtbot, results, "0.f", "slices"))
        assert "voxel (x, y, z) = (17, 16, 15)" in pane._readout.text()
        assert f"Å (x, y, z) = ({17 * VOXEL[2]:.2f}," in pane._readout.text()
        assert "-83" in pane._readout.text()

    def test_keys_and_wheel_move_through_it(self, qtbot: Any, results: Path) -> None:
        pane = slices_of(qtbot, opened(qtbot, results, "", "slices"))
        view = pane._views[0]
        view.setFocus()
        qtbot.keyClick(view, Qt.Key_PageUp)
        qtbot.keyClick(view, Qt.Key_Right, Qt.ShiftModifier)
        qtbot.keyClick(view, Qt.Key_Down)
        QApplication.processEvents()
        assert "voxel (x, y, z) = (27, 15, 16)" in pane._readout.text()
        qtbot.keyClick(view, Qt.Key_Home)
        QApplication.processEvents()
        assert "voxel (x, y, z) = (17, 16, 15)" in pane._readout.text()
        for _ in range(2 * BOX[0]):
            qtbot.keyClick(view, Qt.Key_PageDown)
        QApplication.processEvents()
        assert "16, 0)" in pane._readout.text()

    def test_a_click_links_the_planes(self, qtbot: Any, results: Path) -> None:
        pane = slices_of(qtbot, opened(qtbot, results, "", "slices"))
        view = pane._views[0]
        place: QPointF = view.place_of(5 * VOXEL[1], 9 * VOXEL[2])
        qtbot.mouseClick(view, Qt.LeftButton, pos=place.toPoint())
        QApplication.processEvents()
        assert "voxel (x, y, z) = (9, 5, 15)" in pane._readout.text()
        assert pane._views[2]._title == f"X plane 9 of {BOX[2] - 1}"
        assert pane._views[1]._title == f"Y plane 5 of {BOX[1] - 1}"

    def test_colours_and_outlines_can_be_taken_off(self, qtbot: Any, results: Path) -> None:
        pane = slices_of(qtbot, opened(qtbot, results, "0.f", "slices"))
        drawn = pane._views[0]._drawing
        assert drawn.lines[0][1]
        assert (drawn.picture[:, :, 0] != drawn.picture[:, :, 2]).any()
        pane._values.setCurrentIndex(0)
        pane._outlines.setCurrentIndex(0)
        QApplication.processEvents()
        drawn = pane._views[0]._drawing
        assert not drawn.lines
        assert (drawn.picture[:, :, 0] == drawn.picture[:, :, 2]).all()

    def test_a_density_without_a_contour_level_offers_none(
        self, qtbot: Any, results: Path, tmp_path: Path
    ) -> None:
        window = opened(qtbot, results, "0.a", "slices")
        pane = slices_of(qtbot, window)
        contour, other = window._layers.densities[0], results / "entry" / "map" / "mask_soft.mrc"
        plain = Layer("0.d:corrected", "corrected", other)
        pane.show_layers(Layers((contour, plain), window._layers.masks, ()), plain.key)
        offered = [pane._outlines.itemText(i) for i in range(pane._outlines.count())]
        assert offered == ["None", "Hard mask", "Soft mask"]
        assert pane._outlines.currentIndex() == 0
        pane._map.setCurrentIndex(0)
        assert pane._outlines.currentText() == "Contour level"
        pane._outlines.setCurrentIndex(pane._outlines.findData("hard_mask"))
        pane._map.setCurrentIndex(1)
        assert pane._outlines.currentText() == "Hard mask"

    def test_a_mask_is_drawn_around(self, qtbot: Any, results: Path) -> None:
        window = opened(qtbot, results, "0.a", "slices")
        pane = slices_of(qtbot, window)
        pane._outlines.setCurrentIndex(pane._outlines.findData("hard_mask"))
        qtbot.waitUntil(lambda: window._background.idle, timeout=_WAIT_MS)
        QApplication.processEvents()
        ((_, lines),) = pane._views[0]._drawing.lines
        assert len(lines) == 1

    def test_contrast(self, qtbot: Any, results: Path) -> None:
        pane = slices_of(qtbot, opened(qtbot, results, "0.a", "slices"))
        before = pane._views[0]._drawing.picture.mean()
        pane.contrast.white.setValue(pane.contrast.white.maximum())
        QApplication.processEvents()
        assert pane._views[0]._drawing.picture.mean() < before
        pane.contrast.reset()
        QApplication.processEvents()
        assert pane._views[0]._drawing.picture.mean() == before

    def test_a_volume_alone(self, qtbot: Any, results: Path) -> None:
        window = MapWindow(results / "entry" / "map" / "map.mrc")
        show(qtbot, window)
        pane = window.slices
        qtbot.waitUntil(lambda: pane._views[0]._drawing is not None, timeout=_WAIT_MS)
        assert "value" in pane._readout.text()


def _process(arguments: list[str], **environment: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "vrs_scipion.cli", "show", *arguments],
        env={**os.environ, "QT_QPA_PLATFORM": "offscreen", **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


class TestProcess:
    def test_the_window_waits_for_nothing_that_it_does_not_show(self) -> None:
        slow = (
            *("scipy", "skimage", "matplotlib", "pyvista", "pyvistaqt", "vtkmodules"),
            *("pyworkflow", "pwem", "vrs_scipion.report.html", "vrs_scipion.report.pdf"),
            *(f"vrs_scipion.windows.{pane}" for pane in ("live_plot", "surface", "surface_view")),
        )
        code = (
            "import sys; import vrs_scipion.windows.main_window; "
            f"print([name for name in {slow} if name in sys.modules])"
        )
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
        assert done.stdout.strip() == "[]", done.stderr

    def test_the_doctor_says_whether_windows_open(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("QT_QPA_PLATFORM", "offscreen")
        window, view = _window()
        assert window.here
        assert not view.here
        assert "OpenGL" in view.detail
        assert "apt install" in view.detail
        monkeypatch.setenv("QT_QPA_PLATFORM", "nothing")
        (window,) = _window()
        assert not window.here
        assert "libxcb" in window.detail

    @pytest.mark.skipif(not sys.platform.startswith("linux"), reason="other systems have a screen")
    def test_the_doctor_says_that_there_is_no_screen(self, monkeypatch: pytest.MonkeyPatch) -> None:
        for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
            monkeypatch.delenv(name, raising=False)
        (window,) = _window()
        assert not window.here
        assert "ssh -X" in window.detail

    def test_what_cannot_be_shown_is_said_in_one_sentence(self, tmp_path: Path) -> None:
        process = _process([str(tmp_path)])
        _, errors = process.communicate(timeout=60)
        assert process.returncode == 2
        assert errors.startswith("vrs: ")
        assert "holds no prepared map" in errors
        assert "Traceback" not in errors

    def test_a_window_stays_until_it_is_ended(self, results: Path) -> None:
        process = _process([str(results)])
        try:
            time.sleep(3)
            assert process.poll() is None
        finally:
            process.send_signal(signal.SIGTERM)
            _, errors = process.communicate(timeout=30)
        assert "Traceback" not in errors


XVFB = ("xvfb-run", "-a", "-s", "-screen 0 1280x720x24 +extension GLX")

_SCREENSHOTS = """
import sys
from pathlib import Path
from PyQt5.QtCore import QTimer
from PyQt5.QtWidgets import QApplication
from vrs_scipion.windows import looks
from vrs_scipion.windows.main_window import PANES, ResultsWindow
from vrs_scipion.windows.results_folder import locate, read_contents

folder, out = Path(sys.argv[1]), Path(sys.argv[2])
application = QApplication([])
looks.dress(application)
window = ResultsWindow(lambda: read_contents(locate(folder)), "0.f")
window.show()
turns = 0

def look():
    global turns
    turns += 1
    told = window._surface._status.text()
    settled = told.startswith("Level") or "cannot be turned" in told
    if not settled and turns < 2000:
        return
    timer.stop()
    print(told)
    for index, name in enumerate(PANES):
        window._tabs.setCurrentIndex(index)
        for _ in range(20):
            application.processEvents()
        application.primaryScreen().grabWindow(0).save(str(out / f"window_{name}.png"))
    window.close()

window._tabs.setCurrentIndex(PANES.index("surface"))
timer = QTimer()
timer.timeout.connect(look)
timer.start(100)
application.exec_()
"""


@pytest.mark.skipif(shutil.which("xvfb-run") is None, reason="xvfb-run is not here (apt: xvfb)")
def test_on_a_screen_the_surface_can_be_turned(results: Path, tmp_path: Path) -> None:
    pytest.importorskip("pyvistaqt", reason="pip install 'vrs_scipion[window]'")
    environment = {k: v for k, v in os.environ.items() if k != "QT_QPA_PLATFORM"}
    folder = Path(os.environ.get("VRS_SCREENSHOTS", str(tmp_path)))
    done = subprocess.run(
        [*XVFB, sys.executable, "-c", _SCREENSHOTS, str(results), str(folder)],
        capture_output=True,
        text=True,
        timeout=300,
        env=environment,
    )
    if "xcb" in done.stderr and done.returncode != 0:
        pytest.skip("Qt's xcb plugin does not start here (apt: libxcb-icccm4 libxcb-keysyms1 …)")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("Level 0.3: "), done.stdout
    pictures = sorted(path.name for path in folder.glob("window_*.png"))
    assert len(pictures) == len(PANES)
