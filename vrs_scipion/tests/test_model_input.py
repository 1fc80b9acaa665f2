"""An atomic model as an input: read, refused, placed in the map, shown."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from unittest import mock

import gemmi
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from vrs_scipion.checks.look_model import LOOK
from vrs_scipion.checks.run import run_check
from vrs_scipion.entry.entry import Entry
from vrs_scipion.entry.inputs import inspect, prepare
from vrs_scipion.entry.request import Request, Value
from vrs_scipion.files import InputError, sha256
from vrs_scipion.models.atomic_model import arrays_of
from vrs_scipion.models.kinds import Kind
from vrs_scipion.models.reading import model_of
from vrs_scipion.models.traces import traces
from vrs_scipion.results import Outcome
from vrs_scipion.tests.mrc_files import mrc_bytes, write
from vrs_scipion.tests.small_models import CENTRE, add_residue, helices, mmcif
from vrs_scipion.tests.test_entry import EntryTest, blob
from vrs_scipion.windows.chimerax_script import write_script
from vrs_scipion.windows.layers import Layer, Layers


class ModelTest(EntryTest):
    """A map and models for it."""

    def save(self, structure: gemmi.Structure, name: str = "model.cif") -> Path:
        path = self.folder / name
        text = mmcif(structure) if ".cif" in name else structure.make_pdb_string()
        stored = gzip.compress(text.encode()) if name.endswith(".gz") else text.encode()
        path.write_bytes(stored)
        return path

    def prepared(self, structure: gemmi.Structure | Path, **changes: Value | None) -> Entry:
        path = structure if isinstance(structure, Path) else self.save(structure)
        return prepare(self.request(model=path, **changes), self.out)

    def warned(self, structure: gemmi.Structure, **changes: Value | None) -> tuple[str, ...]:
        return self.prepared(structure, **changes).model_record.warnings


class TestReading(ModelTest):
    def test_what_is_written_comes_back(self) -> None:
        structure = helices(8, 2)
        add_residue(structure, "HEM", [("FE", "Fe"), ("NA", "N")], number=201)
        add_residue(structure, "NAG", [("C1", "C"), ("C2", "C")], number=202)
        add_residue(structure, "ZN", [("ZN", "Zn")], number=203)
        add_residue(structure, "HOH", [("O", "O")], number=301)
        for name in ("model.cif", "model.pdb", "model.ent.gz", "gzipped.cif.gz"):
            with self.subTest(name):
                path = self.save(structure, name)
                entry = prepare(self.request(model=path), self.folder / name.replace(".", "_"))
                record, model = entry.model_record, entry.model()
                self.assertEqual(entry.given, ("map", "model"))
                self.assertEqual(record.source.sha256, sha256(path))
                self.assertEqual((record.atoms, record.residues), (86, 20))
                kinds = {one.kind: (one.residues, one.atoms) for one in record.kinds}
                self.assertEqual(kinds[Kind.PROTEIN], (16, 80))
                self.assertEqual(kinds[Kind.LIGAND], (1, 2))
                self.assertEqual(kinds[Kind.GLYCAN], (1, 2))
                self.assertEqual((kinds[Kind.ION], kinds[Kind.WATER]), ((1, 1), (1, 1)))
                self.assertEqual([one.name for one in record.ligands], ["HEM", "NAG", "ZN"])
                self.assertEqual(len(model), 86)
                self.assertEqual(len(model.chains), 6)
                self.assertEqual(set(model.chains.names.tolist()), {"a", "b"})
                again = gemmi.read_structure(str(entry.model_path))
                sites = list(again[0].all())
                np.testing.assert_allclose(
                    model.atoms.positions, [site.atom.pos.tolist() for site in sites], atol=2e-3
                )
                self.assertEqual(model.names.tolist(), [site.atom.name for site in sites])

    def test_a_cif_is_kept_to_the_letter(self) -> None:
        path = self.folder / "deposited.cif"
        path.write_text(mmcif(helices()) + "\n_vrs_test.kept  yes\n")
        entry = self.prepared(path)
        self.assertEqual(entry.model_path.read_bytes(), path.read_bytes())

    def test_an_offset_moves_everything_but_nothing_else(self) -> None:
        for name in ("model.cif", "model.pdb"):
            path = self.save(helices(), name)
            plain = prepare(self.request(model=path), self.folder / f"{name}_plain")
            moved = prepare(
                self.request(model=path, model_offset="1.5, -2,0.25"), self.folder / f"{name}_moved"
            )
            shift = moved.model().atoms.positions - plain.model().atoms.positions
            np.testing.assert_allclose(shift, np.tile((1.5, -2, 0.25), (len(shift), 1)))
            again = gemmi.read_structure(str(moved.model_path))
            sites = list(again[0].all())
            np.testing.assert_allclose(
                [site.atom.pos.tolist() for site in sites], moved.model().atoms.positions, atol=2e-3
            )
            self.assertNotEqual(plain.model_record.used, moved.model_record.used)
        with self.assertRaisesRegex(InputError, "'1,2' is no shift; give three numbers"):
            inspect(self.request(model=path, model_offset="1,2"))

    def test_of_several_models_the_first(self) -> None:
        structure = helices()
        structure.add_model(helices(centre=(0, 0, 0))[0])
        structure.renumber_models()
        entry = self.prepared(structure)
        self.assertEqual(entry.model_record.models, 2)
        self.assertEqual(entry.model_record.atoms, 40)
        self.assertIn("Of its 2 models the first is validated.", entry.model_record.source.notes)
        self.assertEqual(len(gemmi.read_structure(str(entry.model_path))), 2)

    def test_alternatives_hydrogens_and_what_is_not_there(self) -> None:
        structure = helices(4)
        first, second = structure[0][0][1], structure[0][0][2]
        for label, occupancy in (("A", 0.4), ("B", 0.6)):
            atom = first[4].clone() if label == "B" else first[4]
            atom.altloc, atom.occ = label, occupancy
            if label == "B":
                first.add_atom(atom)
        hydrogen = second[0].clone()
        hydrogen.name, hydrogen.element = "H", gemmi.Element("H")
        second.add_atom(hydrogen)
        second[4].occ = 0
        model = self.prepared(structure).model()
        self.assertEqual(np.flatnonzero(model.altlocs != "").tolist(), [9, 10])
        self.assertEqual(np.flatnonzero(~model.main_conformers).tolist(), [9])
        self.assertEqual(int(model.hydrogens.sum()), 1)
        self.assertEqual(int((~model.scored).sum()), 2)
        self.assertEqual(model.first_atoms("CB")[1], 10)

    def test_anisotropic_displacements(self) -> None:
        structure = helices()
        structure[0][0][0][1].aniso = gemmi.SMat33f(0.1, 0.2, 0.3, 0.01, 0.02, 0.03)
        model = self.prepared(structure).model()
        np.testing.assert_allclose(
            model.anisotropic[1], (0.1, 0.2, 0.3, 0.01, 0.02, 0.03), rtol=1e-5
        )
        self.assertFalse(model.anisotropic[[0, 2]].any())

    def test_atoms_without_element_or_position(self) -> None:
        structure = helices()
        residue = structure[0][0][0]
        residue[2].element = gemmi.Element("X")
        residue[4].element = gemmi.Element("X")
        residue[4].name = "?1"
        residue[3].pos = gemmi.Position(float("nan"), 0, 0)
        path = self.folder / "odd.cif"
        path.write_text(mmcif(structure))
        entry = self.prepared(path)
        record = entry.model_record
        self.assertEqual((record.guessed_elements, record.without_position), (2, 1))
        self.assertEqual(entry.model().atoms.elements[:4], ("N", "C", "C", "C"))
        self.assertEqual(len(record.source.notes), 2)

    def test_nonsense_is_refused_in_a_sentence(self) -> None:
        text = mmcif(helices())
        cut = text[: text.rindex("ATOM") + 30]
        for name, content, words in (
            ("page.pdb", b"<!DOCTYPE html><html><body>Not found</body></html>", "page of the web"),
            ("map.mrc", mrc_bytes(blob()), "it is a map"),
            (
                "r5ni1sf.cif",
                b"data_r5ni1sf\nloop_\n_refln.index_h\n_refln.F_meas_au\n1 2.0\n",
                "structure factors",
            ),
            (
                "ligand.cif",
                b"data_HEM\nloop_\n_chem_comp_atom.comp_id\n_chem_comp_atom.atom_id\nHEM FE\n",
                "describes a ligand",
            ),
            ("cut.cif", cut.encode(), "no atomic model that can be read"),
            ("empty.cif", b"", "no atomic model"),
            ("cut.pdb.gz", gzip.compress(text.encode())[:-30], "cut short"),
        ):
            path = self.folder / name
            path.write_bytes(content)
            with self.subTest(name):
                self.refused(rf"^{name}: .*{words}", model=path)
        nowhere = helices(2)
        for site in nowhere[0].all():
            site.atom.pos = gemmi.Position(float("nan"), 0, 0)
        self.refused("none of its atoms has a position", model=self.save(nowhere))
        self.refused("there is no such file", model=self.folder / "missing.cif")
        with self.assertRaisesRegex(InputError, "cannot be validated without the map"):
            inspect(Request.of(model=self.save(helices())))
        with self.assertRaisesRegex(InputError, "--model-offset: .*without the atomic model"):
            inspect(self.request(model_offset="1,2,3"))

    @settings(max_examples=30, deadline=None)
    @given(st.binary(max_size=400))
    def test_any_bytes_are_a_model_or_one_sentence(self, content: bytes) -> None:
        try:
            model_of(Path("x.cif"), content)
        except InputError as error:
            self.assertEqual(len(str(error).splitlines()), 1)

    def test_more_chains_and_atoms_than_a_pdb_file_holds(self) -> None:
        structure = helices(2)
        copies = [structure[0][0].clone() for _ in range(80)]
        for number, copy in enumerate(copies):
            copy.name = f"chain{number}"
            structure[0].add_chain(copy)
        structure.assign_subchains(True)
        self.assertEqual(len(self.prepared(structure).model().chains), 81)


class TestPlace(ModelTest):
    def header(
        self,
        nstart: tuple[int, int, int] = (0, 0, 0),
        origin: tuple[float, float, float] = (0, 0, 0),
    ) -> None:
        """Place the map, along z, y, x."""
        content = mrc_bytes(blob(), nstart=nstart, header={"origin": origin[::-1]})
        self.path = write(self.folder / "placed.mrc", content)

    def test_where_the_map_lies(self) -> None:
        nowhere, here, between = (0, 0, 0), (3, 4, 5), (3.3, 4.7, 5.2)
        for number, (nstart, origin, start) in enumerate(
            (
                (nowhere, nowhere, nowhere),
                (here, nowhere, here),
                (nowhere, between, between),
                (here, (0, 0, 5.25), (0, 0, 5.25)),
            )
        ):
            with self.subTest(nstart=nstart, origin=origin):
                self.header(nstart, origin)
                structure = helices(centre=np.add(CENTRE, start[::-1]).tolist())
                request = self.request(model=self.save(structure))
                entry = prepare(request, self.folder / f"out{number}")
                np.testing.assert_allclose(entry.start, start, rtol=1e-6)
                places = entry.model().indices(entry.start, entry.voxel_size)
                np.testing.assert_allclose(places.mean(axis=0), CENTRE[::-1], atol=1e-3)

    def test_a_header_that_contradicts_itself(self) -> None:
        self.header((3, 4, 5), (0, 0, 5.25))
        (said,) = self.warned(helices(centre=(22, 16, 15)))
        self.assertIn("places it twice", said)
        self.assertIn("5.25 × 0 × 0", said)

    def test_outside_of_the_box(self) -> None:
        (said,) = self.warned(helices(centre=(100, 16, 15)))
        self.assertIn("The whole model lies outside of the map's box", said)

    def test_nanometres(self) -> None:
        structure = helices()
        for site in structure[0].all():
            site.atom.pos *= 0.1
        (said,) = self.warned(structure)
        self.assertIn("in nanometres?", said)

    def test_good_models_are_not_warned_of(self) -> None:
        self.assertEqual(self.warned(helices(8, 2, (13, 16, 15))), ())
        waters = helices(2)
        del waters[0][0][:]
        for number in range(5):
            place = (10 + 3 * number, 16, 15)
            add_residue(waters, "HOH", [("O", "O")], chain="a", number=number + 1, place=place)
        out = self.folder / "waters"
        entry = prepare(self.request(model=self.save(waters)), out)
        self.assertEqual(entry.model_record.warnings, ())
        self.assertEqual(traces(entry.model()), [])

    def test_one_copy_of_several(self) -> None:
        path = self.save(helices(2), "model.pdb")
        rows = [
            f"REMARK 350   BIOMT{axis}   {number}{1 if axis == 1 else 0:11.6f}"
            f"{1 if axis == 2 else 0:10.6f}{1 if axis == 3 else 0:10.6f}{10 * number - 10:15.5f}"
            for number in (1, 2, 3)
            for axis in (1, 2, 3)
        ]
        head = ["REMARK 350 BIOMOLECULE: 1", "REMARK 350 APPLY THE FOLLOWING TO CHAINS: a"]
        path.write_text("\n".join([*head, *rows, path.read_text()]))
        record = self.prepared(path).model_record
        self.assertEqual(record.operators, 2)
        assert record.covered is not None
        self.assertLess(record.covered, 0.5)
        self.assertIn("it may be one part of what the map shows", record.warnings[-1])


class TestTraces(ModelTest):
    def test_a_gap_ends_a_stretch(self) -> None:
        structure = helices(10)
        del structure[0][0][4:6]
        model = arrays_of(structure).model
        self.assertEqual([len(trace.residues) for trace in traces(model)], [4, 4])
        ca = model.names == "CA"
        np.testing.assert_allclose(
            np.concatenate([trace.points for trace in traces(model)]), model.atoms.positions[ca]
        )


class TestLook(ModelTest):
    def test_tables_without_pictures(self) -> None:
        structure = helices(8, 2)
        del structure[0][0][3]
        add_residue(structure, "ZN", [("ZN", "Zn")], chain="a", number=203)
        entry = self.prepared(structure)
        with mock.patch("importlib.util.find_spec", return_value=None):
            result = run_check(LOOK, entry, self.folder / "look")
        self.assertEqual(result.outcome, Outcome.SHOWN, result.reason)
        self.assertEqual(result.figures, ())
        self.assertIn("could not be drawn: pyvista is not installed", result.paragraphs[-1])
        rows = result.tables["chains"].rows
        self.assertEqual([row[4:7] for row in rows], [(7, "1–8", 1), (8, "1–8", 0)])
        self.assertEqual(result.tables["ligands"].rows[0][:3], ("ZN", "Ions", 1))
        self.assertEqual([row[0] for row in result.tables["kinds"].rows], ["Protein", "Ions"])

    def test_what_is_drawn(self) -> None:
        from vrs_scipion.figures.ribbons import by_chain, shapes_of

        structure = helices(8, 2)
        add_residue(structure, "ZN", [("ZN", "Zn")], chain="b", number=203)
        add_residue(structure, "HOH", [("O", "O")], chain="b", number=204)
        model = arrays_of(structure).model
        colours = by_chain(model)
        shapes = shapes_of(model, (1.0, 2.0, 3.0), colours)
        self.assertEqual(len(shapes.lengths), 2)
        self.assertEqual(len(np.unique(shapes.colours, axis=0)), 2)
        self.assertEqual(len(shapes.spheres), 1)
        np.testing.assert_array_equal(shapes.sphere_colours[0], shapes.colours[-1])
        first = model.atoms.positions[model.first_atoms("CA")[0]]
        np.testing.assert_allclose(shapes.points[0], first - (3, 2, 1), rtol=1e-5)
        path = self.folder / "shapes.npz"
        shapes.save(path)
        np.testing.assert_array_equal(type(shapes).load(path).points, shapes.points)

    def test_chimerax_opens_it_in_the_map(self) -> None:
        entry = self.prepared(helices())
        layers = Layers((Layer("map", "Map", entry.map_path, contour=0.3),), (), ())
        script = write_script(layers, None, self.folder / "a.cxc", entry.model_path).read_text()
        self.assertIn(f'open "{entry.model_path}" format mmcif id 9', script)
        self.assertIn("transparency #1", script)

    def test_the_record_is_plain_json(self) -> None:
        entry = self.prepared(helices())
        stored = json.loads((self.out / "model" / "record.json").read_text())
        self.assertEqual(stored["schema"], "vrs-model/1")
        self.assertEqual(Entry.at(self.out).model_record, entry.model_record)
        labels = [fact.label for fact in entry.model_record.facts]
        self.assertEqual(len(labels), len(set(labels)))
