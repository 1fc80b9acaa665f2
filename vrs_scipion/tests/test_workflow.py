"""What follows from the tables of inputs and levels: boxes, templates, the tree of protocols."""

from __future__ import annotations

import configparser
import itertools
import json
import unittest
from typing import Any

from vrs_scipion.checks.levels import (
    CHECKS,
    LEVELS,
    LOOKS,
    asked_of,
    grade,
    in_order,
    looks_at,
    selected,
    ways_on,
)
from vrs_scipion.entry.inputs import FIELDS, INPUTS
from vrs_scipion.entry.read_half_maps import HALF_KEYS
from vrs_scipion.protocols import VrsProtCheck, VrsProtLevel, VrsProtPrepareInput
from vrs_scipion.protocols.input_form import POINTERS
from vrs_scipion.workflow import (
    CONF_FILE,
    IMPORT,
    REPORT,
    as_json,
    boxes,
    generated,
    prepare_key,
    template_text,
)


def combinations() -> list[tuple[str, ...]]:
    """Every set of inputs that can be given: those prepared after others come with them."""
    keys = list(INPUTS)
    sets = (
        chosen
        for count in range(1, len(keys) + 1)
        for chosen in itertools.combinations(keys, count)
    )
    return [one for one in sets if all(set(INPUTS[key].after) <= set(one) for key in one)]


class TestTables(unittest.TestCase):
    def test_every_line_has_what_belongs_to_it(self) -> None:
        self.assertEqual(set(POINTERS), set(INPUTS))
        self.assertEqual({kind.key for kind in VrsProtPrepareInput.__subclasses__()}, set(INPUTS))
        checked = {kind.check.code for kind in VrsProtCheck.__subclasses__()}
        self.assertEqual(checked, {*CHECKS, *LOOKS})
        self.assertLessEqual(set(LOOKS), set(INPUTS))
        marks = {kind.mark for kind in VrsProtLevel.__subclasses__()}
        self.assertEqual(marks, {level.mark for level in LEVELS if level.checks})
        for level in LEVELS:
            for check in level.checks:
                self.assertEqual(check.code.split(".")[0], level.mark)
                self.assertTrue(set(check.needs) <= set(INPUTS))
                self.assertTrue(set(check.after) <= set(CHECKS))
        keys = [field.key for one in INPUTS.values() for field in one.fields]
        self.assertEqual(len(keys), len(FIELDS))

    def test_the_grade_is_the_highest_number_with_all_below_it(self) -> None:
        self.assertEqual(grade(["map"]), "0")
        self.assertEqual(grade(["map", "half_maps"]), "1")
        self.assertEqual(grade(["map", "model"]), "0A")
        self.assertEqual(grade(["map", "half_maps", "model"]), "1A")
        self.assertEqual(grade([]), "")

    def test_the_way_to_the_next_level(self) -> None:
        (level, words), other = ways_on(["map"])
        self.assertEqual(level.mark, "1")
        self.assertEqual(words, "Give the two half maps (--half1, --half2) for Level 1.")
        self.assertEqual(other[1], "Give the atomic model (--model) for Level A.")
        self.assertEqual(ways_on(["map", "half_maps"]), (other,))
        self.assertEqual(ways_on(["map", "half_maps", "model"]), ())

    def test_checks_come_in_the_order_of_the_report(self) -> None:
        self.assertEqual(in_order(["1.a", "0.h", "0.a", "9.z"]), ["0.a", "0.h", "1.a", "9.z"])

    def test_a_selection_takes_codes_and_marks(self) -> None:
        def codes(**words: tuple[str, ...]) -> list[str]:
            return [check.code for check in selected(CHECKS.values(), **words)]

        self.assertEqual(codes(only=("1",)), [check.code for check in LEVELS[1].checks])
        self.assertEqual(codes(only=("0.b", "1.a")), ["0.b", "1.a"])
        self.assertNotIn("0.e", codes(skip=("0.e",)))
        self.assertEqual(codes(only=("0",), skip=("0",)), [])
        with self.assertRaisesRegex(ValueError, "7.x"):
            codes(only=("7.x",))


class TestBoxes(unittest.TestCase):
    def test_boxes_of_every_combination_of_inputs(self) -> None:
        for given in combinations():
            with self.subTest(given=given):
                self.check_boxes(given)

    def check_boxes(self, given: tuple[str, ...]) -> None:
        made = boxes(given)
        keys = [box.key for box in made]
        self.assertEqual(len(set(keys)), len(keys))
        self.assertEqual(keys[0], IMPORT)
        self.assertEqual(keys[-1], REPORT)
        self.assertEqual(
            set(keys[1:-1]),
            {prepare_key(key) for key in given}
            | {check.code for check in (*asked_of(given), *looks_at(given))},
        )
        for place, box in enumerate(made):
            self.assertLessEqual(box.inputs, set(keys[:place]), box.key)
        shown = {check.code for check in (*asked_of(given), *looks_at(given))}
        self.assertEqual(set(made[-1].outcomes[1]), shown)

    def test_only_the_checks_that_are_wanted(self) -> None:
        made = boxes(["map"], selected(asked_of(["map"]), only=("0.b",)))
        keys = [box.key for box in made]
        self.assertEqual(keys, [IMPORT, "prepare.map", "map", "0.b", REPORT])

    def test_a_mean_is_imported_from_its_half_maps(self) -> None:
        given = ["map", "half_maps"]
        plain, made = boxes(given), boxes(given, mean=True)
        self.assertEqual([box.key for box in made], [box.key for box in plain])
        self.assertEqual([box.kind for box in made[1:]], [box.kind for box in plain[1:]])
        self.assertEqual(plain[0].fields["mapFile"].key, "map")
        self.assertEqual({field.key for field in made[0].fields.values()}, {*HALF_KEYS, "voxel"})

    def test_json_points_to_what_is_there_already(self) -> None:
        (box,) = [box for box in boxes(["map"]) if box.key == "0.a"]
        (said,) = as_json([box], lambda field: None, {"0.a": "new0", "prepare.map": "17"})
        self.assertEqual(said["inputEntry"], "17.outputEntry")
        self.assertEqual(said["object.id"], "new0")


class TestFiles(unittest.TestCase):
    def test_none_is_stale(self) -> None:
        """They are written by ``python -m vrs_scipion.workflow``."""
        for path, text in generated():
            self.assertEqual(path.read_text(encoding="utf-8"), text, path.name)

    def test_templates_are_json_once_their_fields_are_filled(self) -> None:
        for level in LEVELS:
            if level.checks:
                with self.subTest(level=level.mark):
                    self.check_template(template_text(level))

    def check_template(self, text: str) -> None:
        self.assertTrue(text.isascii())
        body = text[text.index("[\n") :]
        self.assertNotIn("[", text[: -len(body)])
        parts = body.split("~")
        fields = [part.split("|") for part in parts[1::2]]
        self.assertEqual(len({title for title, *_ in fields}), len(fields))
        aliases = [alias for *_, alias in fields]
        self.assertLessEqual(set(aliases), set(FIELDS))
        parts[1::2] = [default for _, default, _, _ in fields]
        protocols = json.loads("".join(parts))
        outcomes = protocols[-1]["inputOutcomes"]
        checks = [
            p["object.id"]
            for p in protocols
            if p["object.className"] in {kind.__name__ for kind in VrsProtCheck.__subclasses__()}
        ]
        self.assertEqual(outcomes, [f"{number}.outputOutcome" for number in checks])
        self.assertEqual(protocols[-1]["_prerequisites"], checks)

    def test_the_tree_has_every_protocol_once(self) -> None:
        parser = configparser.ConfigParser()
        parser.optionxform = str  # type: ignore[assignment,method-assign]
        parser.read(CONF_FILE, encoding="utf-8")
        found = list(_values(json.loads(parser["PROTOCOLS"]["Protocols SPA"])))
        self.assertEqual(len(set(found)), len(found))
        bases = (VrsProtCheck, VrsProtLevel, VrsProtPrepareInput)
        expected = {kind.__name__ for base in bases for kind in base.__subclasses__()}
        imports = {"VrsProtImportMap", "VrsProtImportHalfMaps"}
        others = {*imports, "VrsProtReport", "VrsProtValidate"}
        self.assertEqual(set(found), expected | others)


def _values(tree: Any) -> Any:
    for node in tree:
        if "value" in node:
            yield node["value"]
        yield from _values(node.get("children", ()))


if __name__ == "__main__":
    unittest.main()
