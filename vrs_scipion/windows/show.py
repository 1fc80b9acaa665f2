"""Opening the window of results: ``vrs show DIR``, or ``python -m vrs_scipion.windows.show``."""

from __future__ import annotations

import argparse
import importlib.util
import os
import subprocess
import sys
import traceback
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from vrs_scipion.files import InputError
from vrs_scipion.folders import HTML_FILE
from vrs_scipion.maps.reading import read_header
from vrs_scipion.windows.pages import NoProgramError, open_page
from vrs_scipion.windows.probe import OPEN_QT, QT_NEEDS, failure
from vrs_scipion.windows.results_folder import (
    Contents,
    FolderError,
    at_work,
    locate,
    process_lives,
    read_contents,
)

INSTALL = "pip install 'vrs_scipion[window]'"
SHOWN, REFUSED = 0, 2


class WindowError(RuntimeError):
    """The window cannot be opened: one sentence that says what to do."""


def has_screen() -> bool:
    """Whether there is a screen to open anything on."""
    named = any(os.environ.get(n) for n in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"))
    return named or not sys.platform.startswith("linux")


def require_window() -> None:
    """Say at once what is missing for a window.

    Raises
    ------
    WindowError
        if PyQt5 is not installed, or there is no screen.
    """
    if importlib.util.find_spec("PyQt5") is None:
        raise WindowError(f"the window needs PyQt5: {INSTALL}")
    if not has_screen():
        raise WindowError(
            "there is no screen here (DISPLAY is not set): log in with `ssh -X`, or look at "
            "report.html"
        )


def require_opening() -> None:
    """Open a window in a process of its own: where Qt cannot, it would end this one.

    Raises
    ------
    WindowError
        if none can be opened.
    """
    require_window()
    reason = failure(OPEN_QT)
    if reason:
        raise WindowError(f"the window does not open here ({reason}). {QT_NEEDS}")


def command(
    folder: Path,
    *,
    entry: Mapping[str, Path] | None = None,
    check: str = "",
    pane: str = "",
    pid: int = 0,
) -> list[str]:
    """The words that start the window in a process of its own."""
    words = [sys.executable, "-m", "vrs_scipion.windows.show", str(folder)]
    for key, path in (entry or {}).items():
        words += ["--entry", f"{key}={path}"]
    for option, value in (("--check", check), ("--pane", pane)):
        words += [option, value] if value else []
    return [*words, "--pid", str(pid)] if pid else words


def start(words: Sequence[str]) -> subprocess.Popen[bytes]:
    """Start a window and go on at once.

    Raises
    ------
    WindowError
        if it cannot be opened.
    """
    require_window()
    return subprocess.Popen(words, start_new_session=True)


def show(
    folder: Path,
    entry: Mapping[str, Path] | None = None,
    check: str = "",
    pane: str = "",
    pid: int = 0,
) -> int:
    """Open the window on a folder of results and wait until it is closed.

    Parameters
    ----------
    folder, entry : see `results_folder.locate`
    check : code of the check to begin with
    pane : 'numbers', 'plots', 'slices', 'surface', 'words' or 'residues'
    pid : of the process that is still at work on the results; 0 for none

    Raises
    ------
    FolderError, WindowError
        if there is nothing to be shown, or no way to show it.
    """

    def read() -> Contents:
        return read_contents(
            locate(folder, entry, check),
            lambda: at_work(folder) or (pid > 0 and process_lives(pid)),
        )

    read()
    require_opening()
    from vrs_scipion.windows.main_window import ResultsWindow

    return _run(lambda: ResultsWindow(read, check, pane))


def show_map(path: Path) -> int:
    """Open the window on one volume and wait until it is closed.

    Raises
    ------
    FolderError, WindowError
        if it is no volume that can be shown as it is, or there is no way to show it.
    """
    try:
        header = read_header(path)
    except InputError as error:
        raise FolderError(str(error)) from error
    if path.suffix == ".gz" or header.axes != (0, 1, 2) or header.volumes != 1:
        raise FolderError(
            f"{path.name} is compressed, a stack, or stored in another axis order; validate or "
            "import it first"
        )
    require_opening()
    from vrs_scipion.windows.map_window import MapWindow

    return _run(lambda: MapWindow(path))


def _run(make: Callable[[], Any]) -> int:
    from PyQt5.QtWidgets import QApplication

    from vrs_scipion.windows import looks

    sys.excepthook = traceback.print_exception  # PyQt5 would end the process
    application = QApplication(["vrs show"])
    looks.dress(application)
    window = make()
    window.show()
    application.exec_()
    sys.stdout.flush()
    sys.stderr.flush()
    # threads that still read a large volume would keep the process alive without its window
    os._exit(SHOWN)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run as a program."""
    parser = argparse.ArgumentParser(description=show.__doc__)
    add_arguments(parser)
    return run(parser.parse_args(arguments))


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of ``vrs show``."""
    parser.add_argument(
        "folder", type=Path, metavar="DIR", help="folder with the results, or a map"
    )
    parser.add_argument(
        "--entry",
        action="append",
        default=[],
        type=lambda text: text.partition("=")[::2],
        metavar="KEY=DIR",
        help="folder of a prepared input, by its key [in DIR]",
    )
    parser.add_argument("--check", default="", metavar="CODE", help="check to begin with")
    parser.add_argument(
        "--pane",
        default="",
        choices=["", "numbers", "plots", "slices", "surface", "words", "residues"],
        metavar="PANE",
        help="numbers, plots, slices, surface, words or residues [numbers]",
    )
    parser.add_argument("--pid", type=int, default=0, help=argparse.SUPPRESS)


def run(options: argparse.Namespace) -> int:
    """Open the window as asked for."""
    try:
        if options.folder.is_file():
            return show_map(options.folder)
        entry = {key: Path(path) for key, path in getattr(options, "entry", ())}
        given = {name: getattr(options, name, None) for name in ("check", "pane", "pid")}
        named = {name: value for name, value in given.items() if value}
        return show(options.folder, entry, **named)
    except FolderError as error:
        print(f"vrs: {error}", file=sys.stderr)
        return REFUSED
    except WindowError as error:
        print(f"vrs: {error}", file=sys.stderr)
        return _show_page(options.folder / HTML_FILE)


def _show_page(page: Path) -> int:
    """Open the report's page instead of the window, where there are page, screen and browser."""
    if not page.is_file():
        return REFUSED
    if not has_screen():
        print(f"vrs: the report is {page.absolute()}", file=sys.stderr)
        return REFUSED
    try:
        open_page(page)
    except NoProgramError as error:
        print(f"vrs: {error}", file=sys.stderr)
        return REFUSED
    print(f"vrs: {page} was opened instead", file=sys.stderr)
    return SHOWN


if __name__ == "__main__":
    sys.exit(main())
