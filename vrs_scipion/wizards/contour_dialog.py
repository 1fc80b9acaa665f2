"""The window of the contour wizard: Tk, beside the form, never in its way."""

from __future__ import annotations

import queue
import threading
import tkinter as tk
from collections.abc import Callable
from pathlib import Path
from tkinter import ttk
from typing import Any

from matplotlib.backends.backend_tkagg import FigureCanvasTkAgg

from vrs_scipion.maps.density import Triple
from vrs_scipion.maps.reading import read_density
from vrs_scipion.methods.contour_level import LevelStudy, Pieces, Suggestion, enclosed
from vrs_scipion.results.numbers import number
from vrs_scipion.wizards.contour_figure import ContourFigure

_POLL_MS, _RESTED_MS = 60, 200
_TICKS = 1000
_WRAP = 1000
_WARNED = "#7d4400"


class ContourDialog:
    """Shows what each level of a map encloses and hands the chosen one back.

    The map is read and its pieces are counted in other threads.

    Parameters
    ----------
    parent : Tk window of the form
    path : the map's file
    voxel_size : Å, instead of the header's
    given : level that the form has already, if any
    recommended : level that an archive recommends and the archive's name, if any
    use : called with the level that was chosen
    """

    def __init__(
        self,
        parent: tk.Misc,
        path: Path,
        *,
        voxel_size: float | None = None,
        given: float | None = None,
        recommended: tuple[float, str] | None = None,
        use: Callable[[float], Any],
    ) -> None:
        self._given, self._recommended, self._use = given, recommended, use
        self._answers: queue.Queue[Callable[[], None]] = queue.Queue()
        self._stopped = threading.Event()
        self._study: LevelStudy | None = None
        self._suggestion: Suggestion | None = None
        self._figure: ContourFigure | None = None
        self._asked = 0
        self._resting: str | None = None
        self.window = tk.Toplevel(parent)
        self.window.title(f"Contour level of {path.name}")
        self.window.protocol("WM_DELETE_WINDOW", self.close)
        self.window.bind("<Escape>", lambda _: self.close())
        self._build()
        self._in_background(lambda: _study(path, voxel_size), self._studied)
        self._poll()

    def close(self) -> None:
        """Leave the form as it is."""
        self._stopped.set()
        self.window.destroy()

    # ----------------------------------------------------------------- threads

    def _in_background(self, work: Callable[[], Any], done: Callable[[Any], None]) -> None:
        def run() -> None:
            try:
                result = work()
            except Exception as error:
                text = str(error)
                self._answers.put(
                    lambda: self._tell(f"The map cannot be studied: {text}", bad=True)
                )
            else:
                self._answers.put(lambda: done(result))

        threading.Thread(target=run, daemon=True).start()

    def _poll(self) -> None:
        while not self._stopped.is_set():
            try:
                answer = self._answers.get_nowait()
            except queue.Empty:
                break
            answer()
        if not self._stopped.is_set():
            self.window.after(_POLL_MS, self._poll)

    # ----------------------------------------------------------------- what is known

    def _studied(self, found: tuple[LevelStudy, Triple]) -> None:
        study, voxel_size = found
        self._study = study
        self._figure = ContourFigure(study, voxel_size)
        self._canvas = FigureCanvasTkAgg(self._figure.figure, master=self._place)
        self._canvas.get_tk_widget().grid(row=0, column=0, sticky="news")
        self._waiting.grid_remove()
        self._planes.configure(to=self._figure.planes - 1, state="normal")
        self._planes.set(self._figure.plane)
        self._slider.configure(state="normal")
        self._entry.configure(state="normal")
        self._entry.focus_set()
        self._start()

    def _start(self) -> None:
        assert self._study is not None
        study = self._study
        if self._recommended is not None:
            level, source = self._recommended
            self._tell(f"{source} recommends {number(level)}.")
            self._set_level(level)
        elif self._given is not None:
            self._tell(f"The form says {number(self._given)}. Looking for a suggestion…")
            self._set_level(self._given)
        else:
            self._tell("Looking for a level above the noise at which the molecule is one piece…")
            self._set_level(study.ceiling())
        self._in_background(lambda: study.suggest(self._stopped.is_set), self._suggested)

    def _suggested(self, suggestion: Suggestion) -> None:
        self._suggestion = suggestion
        self._suggest.configure(state="normal", text=f"Suggested: {number(suggestion.level)}")
        words = f"Suggested: {number(suggestion.level)}. {suggestion.reason}"
        if self._recommended is not None:
            level, source = self._recommended
            words = f"{source} recommends {number(level)}. {words}"
        self._tell(words)
        if self._given is None and self._recommended is None:
            self._set_level(suggestion.level)

    # ----------------------------------------------------------------- the level

    def level(self) -> float | None:
        """The level that is typed, or None where that is no number."""
        try:
            return float(self._text.get())
        except ValueError:
            return None

    def _set_level(self, level: float) -> None:
        self._text.set(f"{level:.6g}")
        self._moved(level)

    def _moved(self, level: float) -> None:
        if self._study is None or self._figure is None:
            return
        self._slider.set(self._tick(level))
        self._figure.move(level)
        self._canvas.draw_idle()
        found = enclosed(self._study, level)
        self._enclosed.configure(
            text=f"{found.voxels:,} voxels, {found.volume:,.0f} Å³: {found.kda:,.1f} kDa, were it "
            "all protein"
        )
        self._pieces.configure(text="counting pieces…")
        if self._resting is not None:
            self.window.after_cancel(self._resting)
        self._resting = self.window.after(_RESTED_MS, lambda: self._count(level))

    def _count(self, level: float) -> None:
        study = self._study
        if study is None:
            return
        self._asked += 1
        turn = self._asked

        def show(found: Pieces) -> None:
            if turn == self._asked:
                words = "1 piece" if found.count == 1 else f"{found.count:,} pieces"
                share = (
                    f"; the largest holds {100 * found.largest:.1f} % of it" if found.count else ""
                )
                self._pieces.configure(text=words + share)

        self._in_background(lambda: study.pieces(level), show)

    def _tick(self, level: float) -> int:
        """Where the slider stands at a level."""
        low, high = self._ends()
        return min(max(round(_TICKS * (level - low) / ((high - low) or 1)), 0), _TICKS)

    def _ends(self) -> tuple[float, float]:
        assert self._study is not None
        return min(self._study.floor(), 0.0), self._study.range[1]

    def _slid(self, tick: str) -> None:
        if self._study is None:
            return
        typed = self.level()
        if typed is not None and round(float(tick)) == self._tick(typed):
            return  # the slider follows the number, which may lie between its ticks
        low, high = self._ends()
        level = low + float(tick) / _TICKS * (high - low)
        self._text.set(f"{level:.4g}")
        self._moved(level)

    def _typed(self, _: Any = None) -> None:
        level = self.level()
        if level is None:
            self._tell("Please type the level as a number.", bad=True)
        else:
            self._moved(level)

    def _accept(self) -> None:
        level = self.level()
        if level is None:
            self._tell("Please type the level as a number.", bad=True)
            return
        self._use(level)
        self.close()

    # ----------------------------------------------------------------- widgets

    def _tell(self, text: str, *, bad: bool = False) -> None:
        self._words.configure(text=text, foreground=_WARNED if bad else "black")
        if bad and self._study is None:
            self._waiting.configure(text="")

    def _plane_moved(self, index: str) -> None:
        if self._figure is not None:
            self._figure.show_plane(round(float(index)))
            self._canvas.draw_idle()

    def _build(self) -> None:
        window = self.window
        window.columnconfigure(0, weight=1)
        window.rowconfigure(1, weight=1)
        self._words = ttk.Label(window, text="Reading the map…", wraplength=_WRAP)
        self._words.grid(row=0, column=0, sticky="we", padx=8, pady=6)
        self._place = ttk.Frame(window, width=1020, height=355)
        self._place.grid_propagate(False)  # the window has its size before the map is read
        self._place.grid(row=1, column=0, sticky="news")
        self._place.columnconfigure(0, weight=1)
        self._place.rowconfigure(0, weight=1)
        self._waiting = ttk.Label(self._place, text="The map is being read.", anchor="center")
        self._waiting.grid(row=0, column=0, sticky="news", pady=150)
        controls = ttk.Frame(window)
        controls.grid(row=2, column=0, sticky="we", padx=8)
        controls.columnconfigure(2, weight=1)
        self._text = tk.StringVar()
        ttk.Label(controls, text="Level").grid(row=0, column=0, sticky="w")
        self._entry = ttk.Entry(controls, textvariable=self._text, width=12, state="disabled")
        self._entry.grid(row=0, column=1, padx=6, pady=2)
        for event in ("<KeyRelease>", "<FocusOut>"):
            self._entry.bind(event, self._typed)
        self._entry.bind("<Return>", lambda _: self._accept())
        self._slider = _scale(controls, _TICKS, self._slid)
        self._slider.grid(row=0, column=2, sticky="we")
        ttk.Label(controls, text="Z plane").grid(row=1, column=0, columnspan=2, sticky="w")
        self._planes = _scale(controls, 1, self._plane_moved)
        self._planes.grid(row=1, column=2, sticky="we")
        told = ttk.Frame(window)
        told.grid(row=3, column=0, sticky="we", padx=8, pady=4)
        self._enclosed, self._pieces = ttk.Label(told), ttk.Label(told)
        self._enclosed.grid(row=0, column=0, sticky="w")
        self._pieces.grid(row=0, column=1, sticky="w", padx=24)
        buttons = ttk.Frame(window)
        buttons.grid(row=4, column=0, sticky="e", padx=8, pady=8)
        self._suggest = ttk.Button(
            buttons, text="Suggested: …", state="disabled", command=self._take_suggestion
        )
        use = ttk.Button(buttons, text="Use this level", command=self._accept)
        cancel = ttk.Button(buttons, text="Cancel", command=self.close)
        for column, button in enumerate((self._suggest, use, cancel)):
            button.grid(row=0, column=column, padx=4)
            button.bind("<Return>", lambda event: event.widget.invoke())

    def _take_suggestion(self) -> None:
        if self._suggestion is not None:
            self._set_level(self._suggestion.level)


def _scale(parent: tk.Misc, last: int, moved: Callable[[str], None]) -> tk.Scale:
    """A slider that arrow keys move."""
    return tk.Scale(
        parent,
        from_=0,
        to=last,
        orient="horizontal",
        showvalue=False,
        takefocus=True,
        state="disabled",
        command=moved,
    )


def _study(path: Path, voxel_size: float | None) -> tuple[LevelStudy, Triple]:
    density = read_density(path, voxel_size)
    return LevelStudy(density), density.voxel_size
