"""What the protocols hand to each other in a Scipion project."""

from __future__ import annotations

from pathlib import Path

import pyworkflow.object as pwobj
from pwem.objects import EMFile, Volume

from vrs_scipion.entry.records import InputRecord
from vrs_scipion.report.model import Report
from vrs_scipion.results import CheckResult, Outcome


class VrsMap(Volume):
    """A volume that remembers the file it came from, whatever that file's format was.

    One that is the mean of its two half maps came from none.
    """

    def __init__(self, **kwargs: object) -> None:
        super().__init__(**kwargs)
        self._sourceFile = pwobj.String()
        self._depositionFile = pwobj.String()

    def setSourceFile(self, path: Path) -> None:
        self._sourceFile.set(str(path))

    def getSourceFile(self) -> Path | None:
        """The map's file as its owner gave it; None for a mean of half maps."""
        name = self._sourceFile.get()
        return Path(name) if name else None

    def setDepositionFile(self, path: Path) -> None:
        self._depositionFile.set(str(path))

    def getDepositionFile(self) -> Path | None:
        """What the archive says that the map comes from; None for a map of one's own."""
        name = self._depositionFile.get()
        return Path(name) if name else None


class VrsPrepared(EMFile):
    """A prepared input: its file is the record in its folder."""

    def __init__(self, filename: str | None = None, **kwargs: object) -> None:
        super().__init__(filename, **kwargs)
        self._title = pwobj.String()

    def describe(self, record: InputRecord) -> None:
        """Take over what the project window shows."""
        self._title.set(", ".join(source.name for source in record.sources))

    def getFolder(self) -> Path:
        return Path(self.getFileName()).parent

    def __str__(self) -> str:
        return f"{self.getClassName()} ({self._title.get()})"


class VrsEntry(VrsPrepared):
    """A prepared map."""

    def __init__(self, filename: str | None = None, **kwargs: object) -> None:
        super().__init__(filename, **kwargs)
        self._contour = pwobj.Float()
        self._resolution = pwobj.Float()

    def describe(self, record: InputRecord) -> None:
        """Take over what the project window shows."""
        self._title.set(getattr(record, "title", ""))
        self._contour.set(getattr(record, "contour", None))
        self._resolution.set(getattr(record, "resolution", None))

    def __str__(self) -> str:
        resolution = self._resolution.get()
        reported = f", {resolution:g} Å" if resolution else ""
        return f"VrsEntry ({self._title.get()}, contour {self._contour.get():g}{reported})"


class VrsHalfMaps(VrsPrepared):
    """Two prepared half maps."""


class VrsModel(VrsPrepared):
    """A prepared atomic model."""


class VrsCheckOutcome(EMFile):
    """What a check found: its file is ``result.json`` in the result's folder."""

    def __init__(self, filename: str | None = None, **kwargs: object) -> None:
        super().__init__(filename, **kwargs)
        self._code = pwobj.String()
        self._name = pwobj.String()
        self._outcome = pwobj.String()
        self._warnings = pwobj.Integer()

    def describe(self, result: CheckResult) -> None:
        """Take over what the project window shows."""
        self._code.set(result.code)
        self._name.set(result.name)
        self._outcome.set(result.outcome.value)
        self._warnings.set(len(result.warnings))

    def getCode(self) -> str:
        return str(self._code.get())

    def getOutcome(self) -> Outcome:
        return Outcome(self._outcome.get())

    def getFolder(self) -> Path:
        return Path(self.getFileName()).parent

    def __str__(self) -> str:
        label = self.getOutcome().label(self._warnings.get() or 0)
        words = label if label.isupper() else f"{label[:1].lower()}{label[1:]}"
        return f"VrsCheckOutcome ({self._code.get()} {self._name.get()}: {words})"


class VrsReport(EMFile):
    """A validation report: its file is ``report.html`` in the validation folder."""

    def __init__(self, filename: str | None = None, **kwargs: object) -> None:
        super().__init__(filename, **kwargs)
        self._grade = pwobj.String()
        self._passed = pwobj.Integer()
        self._evaluable = pwobj.Integer()

    def describe(self, report: Report) -> None:
        """Take over what the project window shows."""
        self._grade.set(report.grade)
        self._passed.set(report.score.passed)
        self._evaluable.set(report.score.evaluable)

    def getFolder(self) -> Path:
        return Path(self.getFileName()).parent

    def __str__(self) -> str:
        grade = self._grade.get()
        level = f"level {grade}, " if grade else ""
        score = f"{self._passed.get()} out of {self._evaluable.get()} evaluable items"
        return f"VrsReport ({level}{score})"
