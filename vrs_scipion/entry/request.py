"""What is to be validated, as it was asked for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from vrs_scipion.files import printable

Value = Path | str | float
Values = Mapping[str, Value]
"""What was given, by the keys of the fields; what was not given is not there."""

BY_THE_USER, BY_THE_HEADER = "given by the user", "file header"
"""Who said something: whoever gave it, or the file itself."""


@dataclass(frozen=True)
class Request:
    """Everything that was given, of all inputs.

    Attributes
    ----------
    values : by the keys of the fields (see `vrs_scipion.entry.inputs`)
    origins : who gave a value, by its key, where that was not the user
    """

    values: Values
    origins: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, **values: Value | None) -> Request:
        """A request of what is not None and not empty."""
        return cls({key: value for key, value in values.items() if value not in (None, "")})

    def having(self, **values: Value | None) -> Request:
        """The same with other values; None takes one away."""
        changed = {**self.values, **values}
        kept = {key: value for key, value in changed.items() if value is not None}
        return Request(kept, self.origins)

    def anchored(self) -> Request:
        """The same with absolute paths, valid wherever one goes to work."""
        paths = {k: v.absolute() for k, v in self.values.items() if isinstance(v, Path)}
        return self.having(**paths)

    def path(self, key: str) -> Path | None:
        """A file that was given, or None."""
        value = self.values.get(key)
        return None if value is None else Path(str(value))

    def number(self, key: str) -> float | None:
        """A number that was given, or None."""
        value = self.values.get(key)
        return None if value is None else float(value)  # type: ignore[arg-type]

    def text(self, key: str) -> str:
        """Words that were given, or ''."""
        return str(self.values.get(key, ""))

    def origin(self, key: str) -> str:
        """Who gave a value."""
        return self.origins.get(key, BY_THE_USER)

    def as_given(self, keys: Iterable[str]) -> dict[str, float | str]:
        """The values of some keys, with names in place of paths."""
        found = {key: self.values[key] for key in keys if key in self.values}
        return {
            key: printable(value.name) if isinstance(value, Path) else value
            for key, value in found.items()
        }
