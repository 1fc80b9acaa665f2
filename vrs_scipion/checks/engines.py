"""Which engines are asked for: one wherever a check has it, and others check by check."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from vrs_scipion.checks.check import Check
from vrs_scipion.checks.levels import CHECKS
from vrs_scipion.methods.engine import AUTO, BUILTIN, choose

NAMES = (AUTO, *sorted({name for check in CHECKS.values() for name in check.engines}))
"""The engines that can be asked for."""


@dataclass(frozen=True)
class Engines:
    """The engines that are asked for.

    Attributes
    ----------
    general : for every check that has it and finds it here; the others take what 'auto' takes
    by_check : by code, for single checks: refused where it is not here
    """

    general: str = AUTO
    by_check: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def named(cls, text: str) -> Engines:
        """Understand for example 'xmipp', '0.e=builtin' or 'xmipp,0.e=builtin'.

        Raises
        ------
        ValueError
            if a word names no engine, no check, or an engine that the check does not have.
        """
        general, by_check = AUTO, {}
        for word in filter(None, (part.strip() for part in text.split(","))):
            code, given, name = word.rpartition("=")
            if given:
                by_check[_code(code.strip(), name.strip())] = name.strip()
            elif name in NAMES:
                general = name
            else:
                raise ValueError(f"there is no engine {name!r}; there are {', '.join(NAMES)}")
        return cls(general, by_check)

    def __str__(self) -> str:
        return ",".join((self.general, *(f"{c}={name}" for c, name in self.by_check.items())))

    def chosen(self, checks: Iterable[Check]) -> dict[str, str]:
        """What to ask of every check that has a choice, by code.

        Raises
        ------
        EngineUnavailableError
            if an engine that is asked of a single check is not here, with how to get it.
        """
        return {check.code: self._of(check) for check in checks if len(check.engines) > 1}

    def missed(self, check: str, used: str) -> bool:
        """Whether a check, by its code, was computed without the engine asked for."""
        has_it = check in CHECKS and self.general in CHECKS[check].engines
        return has_it and check not in self.by_check and used != self.general

    def _of(self, check: Check) -> str:
        asked = self.by_check.get(check.code)
        if asked is not None:
            choose(asked, lambda: check.external(None))
            return asked
        if self.general in (AUTO, BUILTIN):
            return self.general
        here = any(one.name == self.general and one.here for one in check.external(None))
        return self.general if here else AUTO


def _code(code: str, name: str) -> str:
    if code not in CHECKS:
        raise ValueError(f"there is no check {code!r} to choose an engine for")
    offered = (AUTO, *CHECKS[code].engines)
    if name not in offered:
        raise ValueError(f"check {code} has no engine {name!r}; it has {', '.join(offered)}")
    return code
