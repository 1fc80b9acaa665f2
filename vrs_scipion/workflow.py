"""The boxes of a validation, in a Scipion project: for any inputs, as Scipion's JSON.

``python -m vrs_scipion.workflow`` writes the workflow templates, ``protocols.conf`` and the list of
checks in the README anew.
"""

from __future__ import annotations

import json
import textwrap
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from vrs_scipion.checks.check import Check
from vrs_scipion.checks.levels import (
    CHECKS,
    LEVELS,
    Level,
    asked_of,
    in_turn,
    is_number,
    looks_at,
)
from vrs_scipion.entry.input import Field, Kind
from vrs_scipion.entry.inputs import FIELDS, INPUTS
from vrs_scipion.protocols import (
    VrsProtCheck,
    VrsProtImportHalfMaps,
    VrsProtImportMap,
    VrsProtLevel,
    VrsProtPrepare,
    VrsProtPrepareInput,
    VrsProtReport,
    VrsProtValidate,
)
from vrs_scipion.protocols.input_form import POINTERS

IMPORT, REPORT = "import", "report"
"""Keys of the boxes that neither prepare an input nor run a check."""

PACKAGE = Path(__file__).parent
TEMPLATES = PACKAGE / "templates"
CONF_FILE = PACKAGE / "protocols.conf"
README = PACKAGE.parent / "README.rst"

_LIST_STARTS = ".. checks: written by python -m vrs_scipion.workflow\n\n"
_LIST_ENDS = ".. end of the checks\n"
_WIDTH = 100

Json = dict[str, Any]


@dataclass(frozen=True)
class Box:
    """A protocol of a validation.

    Attributes
    ----------
    key : what it does: the code of a check, the key of the input that it shows, 'prepare.KEY',
        'import' or 'report'
    kind : the protocol's class
    pointers : by parameter, the output of another box as (its key, the output's name)
    outcomes : keys of the boxes whose outcomes it is given, and the parameter that takes them
    """

    key: str
    kind: type[Any]
    pointers: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    outcomes: tuple[str, Sequence[str]] = ("", ())

    @property
    def label(self) -> str:
        return str(self.kind._label)

    @property
    def fields(self) -> dict[str, Field]:
        """The fields that its form asks for, by parameter."""
        named: dict[str, str] = getattr(self.kind, "fields", {})
        return {parameter: FIELDS[key] for parameter, key in named.items()}

    @property
    def inputs(self) -> set[str]:
        """Keys of the boxes that it starts after."""
        return {key for key, _ in self.pointers.values()} | set(self.outcomes[1])


def boxes(
    given: Collection[str], checks: Sequence[Check] | None = None, *, mean: bool = False
) -> list[Box]:
    """The boxes of a validation of the inputs that are given, in the order of their inputs.

    Parameters
    ----------
    given : keys of inputs
    checks : those that are wanted; all that have what they need by default
    mean : whether that of the half maps stands for the map
    """
    wanted = asked_of(given) if checks is None else checks
    shown = [*looks_at(given), *in_turn(wanted)]
    return [
        Box(IMPORT, VrsProtImportHalfMaps if mean else VrsProtImportMap),
        *(_prepare_box(key) for key in INPUTS if key in given),
        *(_check_box(check, {one.code for one in wanted}) for check in shown),
        Box(
            REPORT,
            VrsProtReport,
            _prepared(key for key in INPUTS if key in given),
            ("inputOutcomes", [check.code for check in shown]),
        ),
    ]


def as_json(
    chosen: Sequence[Box],
    value: Callable[[Field], Any],
    ids: Mapping[str, str],
) -> list[Json]:
    """Boxes as Scipion reads them.

    Parameters
    ----------
    chosen : the boxes
    value : of a field, for the parameter that asks for it; None leaves it out
    ids : of every box, those that are pointed to included, by key
    """
    return [_box_json(box, value, ids) for box in chosen]


def prepare_key(key: str) -> str:
    """Key of the box that prepares an input."""
    return f"prepare.{key}"


def _box_json(box: Box, value: Callable[[Field], Any], ids: Mapping[str, str]) -> Json:
    said: Json = {
        "object.className": box.kind.__name__,
        "object.id": ids[box.key],
        "object.label": box.label,
        "object.comment": "",
    }
    for parameter, one in box.fields.items():
        given = value(one)
        if given is not None:
            said[parameter] = given
    for parameter, (key, output) in box.pointers.items():
        said[parameter] = f"{ids[key]}.{output}"
    parameter, keys = box.outcomes
    if keys:
        said["_prerequisites"] = [ids[key] for key in keys]
        said[parameter] = [f"{ids[key]}.outputOutcome" for key in keys]
    return said


def _prepare_box(key: str) -> Box:
    kind = _prepare_kinds()[key]
    if kind is VrsProtPrepare:
        return Box(prepare_key(key), kind, {"inputVolume": (IMPORT, "outputVolume")})
    return Box(prepare_key(key), kind, _prepared(INPUTS[key].after))


def _check_box(check: Check, wanted: Collection[str]) -> Box:
    """The box of a check among those that are wanted."""
    earlier = [code for code in check.earlier if code in wanted]
    outcomes = ("inputResults", earlier) if earlier else ("", ())
    return Box(check.code, _check_kinds()[check.code], _prepared(check.needs), outcomes)


def _prepared(keys: Any) -> dict[str, tuple[str, str]]:
    """Pointers to prepared inputs."""
    return {POINTERS[key].name: (prepare_key(key), "outputEntry") for key in keys}


def _prepare_kinds() -> dict[str, type[VrsProtPrepareInput]]:
    """The protocols that prepare an input, by its key."""
    return {kind.key: kind for kind in VrsProtPrepareInput.__subclasses__()}


def _check_kinds() -> dict[str, type[VrsProtCheck]]:
    """The protocols that run a check or show an input, by its code."""
    return {kind.check.code: kind for kind in VrsProtCheck.__subclasses__()}


# --------------------------------------------------------------------- templates


def template_name(level: Level) -> str:
    """Of the workflow template that reaches a level."""
    return f"vrs_level{level.mark}"


def inputs_for(level: Level) -> list[str]:
    """The inputs that a level needs, with those of the numbers below it."""
    below = LEVELS[: LEVELS.index(level)] if is_number(level) else ()
    needed = {key for one in (*below, level) for key in one.needs}
    return [key for key in INPUTS if key in needed]


def template_text(level: Level) -> str:
    """A workflow template as Scipion reads it: words, and JSON with places for the fields."""
    given = inputs_for(level)
    all_of_it = boxes(given)
    ids = {box.key: str(number) for number, box in enumerate(all_of_it, 1)}
    nouns = ", ".join(INPUTS[key].noun for key in given)
    head = (
        f"VRS Level {level.mark}: imports a map from its file, prepares what was given ({nouns}), "
        "runs the checks\nthat need nothing else and compiles the validation report.\n"
    )
    body = json.dumps(as_json(all_of_it, _placeholder, ids), indent=4)
    for one in FIELDS.values():
        if one.kind is Kind.NUMBER:
            body = body.replace(f'"{_placeholder(one)}"', str(_placeholder(one)))
    return f"{head}{body}\n"


def _placeholder(one: Field) -> str | None:
    """Where a template takes a value, as ~what is asked|default|type|name~."""
    if not one.offered:
        return None
    title = one.title.replace("Å", "A")
    if one.kind is Kind.NUMBER:
        none = "" if one.required else " (0: none)"
        return f"~{title}{none}|0|4|{one.key}~"
    optional = "" if one.required else " (optional)"
    return f"~{title}{optional}||0|{one.key}~"


def conf_text() -> str:
    """``protocols.conf``: the tree of the plugin's protocols in Scipion's window."""
    prepare = [_entry(kind) for kind in _prepare_kinds().values()]
    levels = [_section(level) for level in LEVELS if level.checks]
    children = [
        _entry(VrsProtValidate),
        _entry(VrsProtImportMap),
        _entry(VrsProtImportHalfMaps),
        *prepare,
        *levels,
        _entry(VrsProtReport),
    ]
    section = {"tag": "section", "text": "Validation", "openItem": "False", "children": children}
    group = {"tag": "protocol_group", "openItem": "False"}
    tree = [
        {**group, "text": "3D", "children": [{**group, "text": "Analysis", "children": [section]}]}
    ]
    text = json.dumps(tree, indent=1, ensure_ascii=False)
    return f"[PROTOCOLS]\nProtocols SPA = {_indented(text)}\n"


def _section(level: Level) -> Json:
    kinds = _check_kinds()
    of_level = next(kind for kind in VrsProtLevel.__subclasses__() if kind.mark == level.mark)
    looks = [_entry(kinds[level.look.code])] if level.look else []
    return {
        "tag": "section",
        "text": f"Level {level.mark}",
        "openItem": "False",
        "children": [
            _entry(of_level),
            *looks,
            *(_entry(kinds[check.code]) for check in level.checks),
        ],
    }


def _entry(kind: type[Any]) -> Json:
    return {"tag": "protocol", "value": kind.__name__, "text": "default"}


def _indented(text: str) -> str:
    """Lines after the first moved in: they go on with the value of a configuration file."""
    first, *rest = text.splitlines()
    return "\n".join([first, *(f"\t{line}" for line in rest)])


def readme_text(text: str) -> str:
    """The README with its list of checks."""
    before, rest = text.split(_LIST_STARTS)
    after = rest.split(_LIST_ENDS)[1]
    items = "\n".join(_listed(check) for check in CHECKS.values())
    return f"{before}{_LIST_STARTS}{items}\n{_LIST_ENDS}{after}"


def _listed(check: Check) -> str:
    said = textwrap.fill(
        f"{check.purpose} {check.in_short}".strip(),
        _WIDTH,
        initial_indent="    ",
        subsequent_indent="    ",
        break_long_words=False,
        break_on_hyphens=False,
    )
    return f"{check.code} {check.name}\n{said}\n"


def generated() -> Iterator[tuple[Path, str]]:
    """Every file that follows from the tables, with its text."""
    for level in LEVELS:
        if level.checks:
            yield TEMPLATES / f"{template_name(level)}.json.template", template_text(level)
    yield CONF_FILE, conf_text()
    if README.is_file():
        yield README, readme_text(README.read_text(encoding="utf-8"))


if __name__ == "__main__":
    for path, text in generated():
        path.write_text(text, encoding="utf-8")
        print(path)
