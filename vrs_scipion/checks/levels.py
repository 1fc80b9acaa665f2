"""What is asked of the inputs: one line for each level, in the order of the report.

The highest number whose level is reached, with all below it, is the grade's; the letters follow.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from graphlib import TopologicalSorter

from vrs_scipion.checks import (
    level0_a_mass,
    level0_b_mask,
    level0_c_background,
    level0_d_bfactor,
    level0_e_deepres,
    level0_f_locbfactor,
    level0_g_lococcupancy,
    level0_h_hand,
    level0_i_structure,
    level0_j_artefacts,
    level1_a_fsc,
    level1_b_permutation,
    level1_c_local_fsc,
    level1_d_local_significance,
    level1_e_monores,
    level1_f_local_directions,
    level1_g_occupancy,
    level1_h_anisotropy,
    level1_i_independence,
    level1_j_together,
    level1_k_mask,
    level1_l_agreement,
    levela_a_correlation,
    levela_e_q_score,
    levela_f_emringer,
    levela_h_placement,
    levela_i_inclusion,
    levela_j_stereochemistry,
    levela_l_record,
    look_half_maps,
    look_map,
    look_model,
)
from vrs_scipion.checks.check import Check
from vrs_scipion.entry.inputs import INPUTS


@dataclass(frozen=True)
class Level:
    """What can be asked with a kind of information at hand.

    Attributes
    ----------
    mark : its number or letter
    adds : what was provided at this level
    look : shows the input that the level adds; None where there is none
    checks : of this version, in the order of the report
    """

    mark: str
    adds: str
    look: Check | None = None
    checks: tuple[Check, ...] = ()

    @property
    def title(self) -> str:
        """Of its chapter."""
        return f"Level {self.mark} analysis"

    @property
    def needs(self) -> tuple[str, ...]:
        """Keys of the inputs without which none of its checks can be made."""
        if not self.checks:
            return ()
        common = set.intersection(*(set(check.needs) for check in self.checks))
        return tuple(key for key in INPUTS if key in common)

    def is_reached(self, given: Collection[str]) -> bool:
        """Whether a check of it has all that it needs."""
        return any(_has_all(check, given) for check in self.checks)


LEVELS = (
    Level(
        "0",
        "the map alone",
        look_map.LOOK,
        (
            level0_a_mass.CHECK,
            level0_b_mask.CHECK,
            level0_c_background.CHECK,
            level0_d_bfactor.CHECK,
            level0_e_deepres.CHECK,
            level0_f_locbfactor.CHECK,
            level0_g_lococcupancy.CHECK,
            level0_h_hand.CHECK,
            level0_i_structure.CHECK,
            level0_j_artefacts.CHECK,
        ),
    ),
    Level(
        "1",
        "also its two half maps",
        look_half_maps.LOOK,
        (
            level1_a_fsc.CHECK,
            level1_b_permutation.CHECK,
            level1_c_local_fsc.CHECK,
            level1_d_local_significance.CHECK,
            level1_e_monores.CHECK,
            level1_f_local_directions.CHECK,
            level1_g_occupancy.CHECK,
            level1_h_anisotropy.CHECK,
            level1_i_independence.CHECK,
            level1_j_together.CHECK,
            level1_k_mask.CHECK,
            level1_l_agreement.CHECK,
        ),
    ),
    Level("2", "also the 2D classes"),
    Level("3", "also the particle images"),
    Level("4", "also the orientation assigned to each particle"),
    Level("5", "also the micrographs and the particles' coordinates in them"),
    Level(
        "A",
        "an atomic model was provided",
        look_model.LOOK,
        (
            levela_h_placement.CHECK,
            levela_l_record.CHECK,
            levela_a_correlation.CHECK,
            levela_e_q_score.CHECK,
            levela_i_inclusion.CHECK,
            levela_f_emringer.CHECK,
            levela_j_stereochemistry.CHECK,
        ),
    ),
    Level("W", "the image-processing workflow was provided"),
    Level("O", "results of other techniques were provided"),
)

CHECKS: dict[str, Check] = {check.code: check for level in LEVELS for check in level.checks}
"""Every check there is, by its code, in the order of the report."""

LOOKS: dict[str, Check] = {level.look.code: level.look for level in LEVELS if level.look}
"""What shows an input, by the key of the input."""


def is_number(level: Level) -> bool:
    """Whether the level is one of those that build on each other."""
    return level.mark.isdigit()


def level_of(code: str) -> Level:
    """The level of a check, by its code, or of a mark.

    Raises
    ------
    ValueError
        if there is none.
    """
    found = {level.mark: level for level in LEVELS}.get(code.split(".")[0])
    if found is None:
        raise ValueError(f"the result of {code} is of no level that this version knows")
    return found


def in_order(codes: Iterable[str]) -> list[str]:
    """Codes of checks in the order of the report; those that nobody knows come last."""
    known = {code: place for place, code in enumerate(CHECKS)}
    return sorted(codes, key=lambda code: (known.get(code, len(known)), code))


def in_turn(checks: Iterable[Check]) -> list[Check]:
    """Checks in an order in which each comes after those whose results it reads."""
    known = {check.code: check for check in checks}
    graph = {code: [c for c in one.earlier if c in known] for code, one in known.items()}
    return [known[code] for code in TopologicalSorter(graph).static_order()]


def asked_of(given: Collection[str]) -> tuple[Check, ...]:
    """The checks that have all they need."""
    return tuple(check for check in CHECKS.values() if _has_all(check, given))


def looks_at(given: Collection[str]) -> tuple[Check, ...]:
    """What shows the inputs that are given."""
    return tuple(look for look in LOOKS.values() if _has_all(look, given))


def selected(
    checks: Iterable[Check], only: Collection[str] = (), skip: Collection[str] = ()
) -> tuple[Check, ...]:
    """Those of the checks that are wanted, by their codes or the marks of their levels.

    What is wanted comes with the checks whose results it reads.

    Raises
    ------
    ValueError
        if a code or mark is none.
    """
    names = {*CHECKS, *(level.mark for level in LEVELS)}
    unknown = sorted({*only, *skip} - names)
    if unknown:
        raise ValueError(f"{', '.join(unknown)}: no check and no level of this version")
    listed = tuple(checks)
    wanted = {
        check.code
        for check in listed
        if (not only or _named(check, only)) and not _named(check, skip)
    }
    while more := {code for w in wanted for code in CHECKS[w].after} - wanted:
        wanted |= more
    return tuple(check for check in listed if check.code in wanted)


def reached(given: Collection[str]) -> tuple[Level, ...]:
    """The levels of which a check has all that it needs; those above a gap are among them."""
    return tuple(level for level in LEVELS if level.is_reached(given))


def grade(given: Collection[str]) -> str:
    """The highest number with all below it reached, then the letters, e.g. '1A'."""
    number = ""
    for level in filter(is_number, LEVELS):
        if not level.is_reached(given):
            break
        number = level.mark
    letters = (level.mark for level in reached(given) if not is_number(level))
    return number + "".join(letters)


def grade_in_words(mark: str) -> str:
    """What a grade says was provided.

    Examples
    --------
    >>> grade_in_words("0")
    'the map alone'
    >>> grade_in_words("1")
    'the map, also its two half maps'
    """
    said = "; ".join(level.adds for level in LEVELS if level.mark in mark)
    return f"the map, {said}" if said.startswith("also") else said


def ways_on(given: Collection[str]) -> tuple[tuple[Level, str], ...]:
    """The levels that are not reached and could be, each with what to give for it."""
    return tuple(
        (level, f"Give {_nouns(level, given)} for Level {level.mark}.")
        for level in LEVELS
        if level.checks and not level.is_reached(given)
    )


def _nouns(level: Level, given: Collection[str]) -> str:
    missing = [INPUTS[key] for key in level.needs if key not in given]
    return " and ".join(f"{one.noun} ({one.options})" for one in missing)


def _has_all(check: Check, given: Collection[str]) -> bool:
    return set(check.needs) <= set(given)


def _named(check: Check, names: Collection[str]) -> bool:
    return check.code in names or check.code.split(".")[0] in names
