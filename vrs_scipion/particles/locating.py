"""Where the files lie that a table of particles names."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from vrs_scipion.particles.table import ImageFile, ParticleError, shown

_TWINS = {".mrc": ".mrcs", ".mrcs": ".mrc"}
_HIGHEST = 4
"""Folders above the table that may be the project's."""


@dataclass
class Locator:
    """Looks for files as programs of the field name them: by their project's folder, mostly.

    A name is tried under the root where one is given, else beside the table and in the folders
    above it. An absolute path counts where it lies in one of these. What is not there is looked for
    by the end of its path, the longest first, since projects are moved and stacks are copied.
    Nothing outside these folders is followed.

    Attributes
    ----------
    table : the file that names them
    root : the folder that names are relative to; None to look for it
    """

    table: Path
    root: Path | None = None
    _folders: tuple[Path, ...] = ()
    _is_folder: dict[Path, bool] = field(default_factory=dict)
    _names: dict[Path, PurePosixPath] = field(default_factory=dict)

    def __post_init__(self) -> None:
        beside = _absolute(self.table).parent
        if self.root is None:
            self._folders = (beside, *beside.parents)[: _HIGHEST + 1]
        elif self.root.is_dir():
            self._folders = (_absolute(self.root), beside)
        else:
            raise ParticleError(self.root, "it is no folder; give the project's folder")

    def file(self, written: str) -> ImageFile:
        """A file with where it lies.

        Raises
        ------
        ParticleError
            If its name is none, climbs out of the folder that it is relative to, or would be found
            where another one was.
        """
        if not written or "\0" in written:
            raise ParticleError(
                self.table, f"it names an image file {shown(written)}; correct that"
            )
        name = PurePosixPath(os.path.normpath(written.removeprefix(">")))
        if name.parts[:1] == ("..",):
            raise ParticleError(
                self.table,
                f"it names {shown(written)}, which climbs out of the folder that it is relative "
                "to; write paths from the project's folder",
            )
        found = self._found(name) or self._twin(name)
        if found is not None and self._names.setdefault(found, name) != name:
            raise ParticleError(
                self.table,
                f"it names {shown(str(self._names[found]))} and {shown(str(name))}, and for both "
                f"only {shown(found.name)} is found; give the folder that both are relative to",
            )
        return ImageFile(written, found)

    @property
    def places(self) -> str:
        """Where is looked, in words."""
        first, last = self._folders[0], self._folders[-1]
        if self.root is not None:
            return f"in {first} and beside the table"
        return f"beside the table and in the folders up to {last}"

    def _found(self, name: PurePosixPath) -> Path | None:
        parts = name.parts
        if name.is_absolute():
            if any(name.is_relative_to(folder) for folder in self._folders) and self._is_there(
                Path(name)
            ):
                return Path(name)
            parts = parts[1:]
        for dropped in range(len(parts)):
            for folder in self._folders:
                if self._is_there(place := folder.joinpath(*parts[dropped:])):
                    return place
        return None

    def _twin(self, name: PurePosixPath) -> Path | None:
        """A stack under the other of the two suffixes that programs insist on."""
        other = _TWINS.get(name.suffix)
        return self._found(name.with_suffix(other)) if other else None

    def _is_there(self, path: Path) -> bool:
        """Whether there is such a file; folders are asked once."""
        folder = path.parent
        try:
            if folder not in self._is_folder:
                self._is_folder[folder] = folder.is_dir()
            return self._is_folder[folder] and path.is_file()
        except (OSError, ValueError):
            return False


def _absolute(path: Path) -> Path:
    """An absolute path; links stay, since projects are full of them."""
    return Path(os.path.normpath(Path.cwd() / path))
