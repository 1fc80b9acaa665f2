"""The page of the results window with the scores of a model's residues."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

pytest.importorskip("PyQt5", reason="PyQt5 is not installed (pip install 'vrs_scipion[window]')")
pytest.importorskip("pytestqt", reason="pytest-qt is not installed (pip install pytest-qt)")
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import numpy as np
from PyQt5.QtCore import Qt
from PyQt5.QtWidgets import QApplication

from vrs_scipion.figures.residue_plot import residue_plot
from vrs_scipion.tests.small_models import mmcif
from vrs_scipion.tests.test_residue_view import (
    HOSTILE,
    RESIDUES,
    large_scores,
    leave,
    prepared,
    scored_model,
    some_scores,
)
from vrs_scipion.tests.test_window import opened
from vrs_scipion.windows.main_window import PANES
from vrs_scipion.windows.residues_pane import ScoreRows

_FIND_CHIMERAX = "vrs_scipion.figures.isosurface.engine_chimerax.find_chimerax"


@pytest.fixture(scope="module")
def scored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("scored")
    entry = prepared(folder, mmcif(scored_model()))
    cc, rama, q = some_scores(entry.model())
    leave(entry, folder, "A.a", {"cc": cc, "q": q})
    leave(entry, folder, "A.x", {"rama": rama})
    return folder


class TestResidues:
    def test_sorted_found_and_chosen(self, qtbot: Any, scored: Path) -> None:
        window = opened(qtbot, scored, "A.x", "residues")
        pane = window._residues
        assert window._tabs.isTabVisible(PANES.index("residues"))
        assert pane._score.currentText() == "RAMA"  # that of the check
        heads = [pane.rows.headerData(n, Qt.Horizontal) for n in range(pane.rows.columnCount())]
        assert heads == ["Residue", "Name", "Kind", "CC", "RAMA"]
        pane.choose(5)
        for order, first in ((Qt.AscendingOrder, 0), (Qt.DescendingOrder, 2 * RESIDUES + 1)):
            pane._table.sortByColumn(3, order)
            assert pane.rows.residue(0) == first
            assert pane.rows.residue(2 * RESIDUES + 1) == 3  # has no score
            assert pane.chosen == 5
        assert "a/ALA 6 (protein)" in pane._said.text()
        assert "RAMA allowed" in pane._said.text()
        pane._find.setText("a 2-4")
        assert sorted(pane.rows.residue(row) for row in range(3)) == [1, 2, 3]
        assert pane._said.text() == f"3 of {2 * RESIDUES + 2} residues"
        pane._copy()
        assert len(QApplication.clipboard().text().splitlines()) == 4
        pane._find.setText("")
        pane.choose(2 * RESIDUES + 1)
        assert pane._chain.currentText() == HOSTILE

    def test_a_click_in_the_plot_chooses(self, qtbot: Any, scored: Path) -> None:
        pane = opened(qtbot, scored, "A.a", "residues")._residues
        pane._clicked(mock.Mock(xdata=7.2, button=1))
        assert pane.chosen == 6
        pane._clicked(mock.Mock(xdata=None, button=1))
        assert pane.chosen == 6

    def test_chimerax_colours_by_the_score(self, qtbot: Any, scored: Path) -> None:
        pane = opened(qtbot, scored, "A.x", "residues")._residues
        with mock.patch("vrs_scipion.windows.residues_pane.open_chimerax") as started:
            pane._chimerax()
        (script,) = started.call_args.args
        lines = script.read_text().splitlines()
        assert 'color #9::vrs_rama="outlier" #a50f15' in lines
        assert f'open "{script.with_suffix(".defattr")}" format defattr' in lines
        with mock.patch(_FIND_CHIMERAX, return_value=None):
            pane._chimerax()
        assert "ChimeraX is not available here" in pane._said.text()

    def test_twenty_thousand_residues(self, qtbot: Any) -> None:
        rows = ScoreRows()
        rows.show_scores(large_scores(20_000, 10))
        rows.sort(12, Qt.DescendingOrder)
        values = [float(rows.data(rows.index(row, 12))) for row in range(100)]
        assert values == sorted(values, reverse=True)
        rows.look_for("C7")
        assert rows.rowCount() == 1000


def test_gaps_of_the_numbering_stay_gaps() -> None:
    scores = large_scores(20, 1)
    model = scores.model
    model.residues.numbers[10:] += 5
    values = np.linspace(0, 1, 20)
    plot = residue_plot(model, "C0", values, "S", "", (0, 1), chosen=3)
    (series,) = plot.series
    assert series.x[9:12] == (10.0, 15.5, 16.0)
    assert series.y[10] is None
    assert [mark.label for mark in plot.marks] == ["C0/ALA 4"]
