"""What the environment of a process may say of Scipion."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from pathlib import Path

DOMAINS = (None, "pwem")
FOLDERS = ("SCIPION_HOME", "SCIPION_USER_DATA", "XMIPP_HOME")


def environments(folder: Path) -> Iterator[dict[str, str | None]]:
    """Every combination of Scipion's variables, set to folders under ``folder``, or None: unset."""
    for domain, given in product(DOMAINS, product((False, True), repeat=len(FOLDERS))):
        folders: dict[str, str | None] = {
            name: str(folder / name) if there else None
            for name, there in zip(FOLDERS, given, strict=True)
        }
        yield {"SCIPION_DOMAIN": domain, **folders}


def files_of_the_user(home: Path) -> list[Path]:
    """Everything in a user's home but what libraries keep there to be faster the next time."""
    return [f for f in home.rglob("*") if f.is_file() and ".cache" not in f.parts]
