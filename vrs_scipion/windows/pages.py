"""Opening the report's files with the desktop's programs, and scripts with ChimeraX."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import webbrowser
from html import escape
from pathlib import Path

NO_CHIMERAX = (
    "ChimeraX is not available here; `scipion3 installp -p scipion-em-chimera` installs it. The "
    "3D view of the results window shows the same colours."
)


class NoProgramError(RuntimeError):
    """The desktop has no program for a file: one sentence with the file's path."""


def open_page(page: Path, anchor: str = "") -> None:
    """Open a web page in the browser, at an anchor if one is given.

    Raises
    ------
    NoProgramError
        if there is no browser.
    """
    target = leading_to(page, anchor) if anchor else page
    if not webbrowser.open(target.absolute().as_uri()):
        raise NoProgramError(f"No browser was found; the page is {page.absolute()}")


def open_document(document: Path) -> None:
    """Open a file in the desktop's viewer for its kind, without waiting for it.

    Raises
    ------
    NoProgramError
        if there is none.
    """
    opener = shutil.which("open" if sys.platform == "darwin" else "xdg-open")
    if opener is None:
        raise NoProgramError(f"No viewer was found (xdg-open); the file is {document.absolute()}")
    subprocess.Popen(
        [opener, str(document.absolute())],
        start_new_session=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def open_chimerax(script: Path) -> None:
    """Open a command file in the ChimeraX that Scipion's plugin has installed.

    Raises
    ------
    NoProgramError
        if there is none.
    """
    from vrs_scipion.figures.isosurface.engine_chimerax import find_chimerax  # slow to load

    found = find_chimerax()
    if found is None:
        own = f"A ChimeraX of your own opens {script.absolute()}"
        raise NoProgramError(f"{NO_CHIMERAX} {own}")
    subprocess.Popen(
        [*found.command, str(script.absolute())],
        env=dict(found.environment),
        start_new_session=True,
    )


def leading_to(page: Path, anchor: str) -> Path:
    """A page that leads to an anchor of another: desktops drop the anchor of a file they open."""
    address = escape(f"{page.absolute().as_uri()}#{anchor}", quote=True)
    with tempfile.NamedTemporaryFile(
        "w", prefix="vrs_", suffix=".html", encoding="utf-8", delete=False
    ) as written:
        written.write(
            f'<!doctype html><meta charset="utf-8"><meta http-equiv="refresh" '
            f'content="0; url={address}"><a href="{address}">{escape(page.name)}</a>\n'
        )
    return Path(written.name)
