"""What a check found, as Scipion objects and as the words of the project window."""

from __future__ import annotations

from pathlib import Path

from pwem.objects import Volume

from vrs_scipion.folders import RESULT_FILE
from vrs_scipion.objects import VrsCheckOutcome
from vrs_scipion.protocols.volume_outputs import volume_object, volume_output
from vrs_scipion.results import CheckResult


def outcome_object(result: CheckResult, folder: Path) -> VrsCheckOutcome:
    """The Scipion object of a result."""
    outcome = VrsCheckOutcome(str(folder / RESULT_FILE))
    outcome.describe(result)
    return outcome


def volumes_of(result: CheckResult, folder: Path, suffix: str = "") -> dict[str, Volume]:
    """The volumes that a check computed, as Scipion objects by output name."""
    return {
        f"{volume_output(item.key)}{suffix}": volume_object(folder / item.file, item.description)
        for item in result.volumes
    }


def describe_result(result: CheckResult) -> list[str]:
    """What the project window says of a result."""
    return [
        f"*{result.code} {result.name}: {result.outcome.words}*",
        *([result.reason] if result.reason else []),
        *([result.headline] if result.headline and not result.reason else []),
        *(f"- {warning}" for warning in result.warnings),
    ]


def without_references(text: str) -> str:
    """A paragraph whose references to figures and tables are words."""
    return text.replace("{fig:", "(figure ").replace("{tab:", "(table ").replace("}", ")")
