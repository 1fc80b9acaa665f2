"""The protocols in a Scipion project: from a map file to its report, box by box."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
from pwem.objects import Volume, VolumeMask
from pwem.protocols import ProtImportPdb, ProtImportVolumes
from pyworkflow.protocol.constants import STATUS_RUNNING, STATUS_SCHEDULED
from pyworkflow.tests import BaseTest, setupTestProject

from vrs_scipion.checks.levels import CHECKS as ALL_CHECKS
from vrs_scipion.checks.levels import LEVELS, asked_of
from vrs_scipion.entry.entry import Entry
from vrs_scipion.objects import VrsCheckOutcome, VrsEntry, VrsHalfMaps, VrsMap, VrsModel
from vrs_scipion.protocols import (
    VrsProtBackground,
    VrsProtBFactor,
    VrsProtCheck,
    VrsProtGlobalResolution,
    VrsProtImportHalfMaps,
    VrsProtImportMap,
    VrsProtLevel0,
    VrsProtLevel1,
    VrsProtLevelA,
    VrsProtLookAtHalfMaps,
    VrsProtLookAtMap,
    VrsProtMask,
    VrsProtMass,
    VrsProtPrepare,
    VrsProtPrepareHalfMaps,
    VrsProtPrepareModel,
    VrsProtReport,
    VrsProtValidate,
)
from vrs_scipion.protocols.check_form import choose_engine
from vrs_scipion.protocols.check_steps import output_name
from vrs_scipion.report.folder import load_report
from vrs_scipion.results import CheckResult, Outcome
from vrs_scipion.results.files import load_result
from vrs_scipion.running.launching import ProtocolServer
from vrs_scipion.tests.mrc_files import mrc_bytes, spider_bytes, write
from vrs_scipion.tests.small_models import helices, mmcif
from vrs_scipion.tests.test_entry import blob

LEVEL_0 = LEVELS[0].checks
CHECKS = tuple(kind for kind in VrsProtCheck.__subclasses__() if kind.check in LEVEL_0)
VOXEL = 1.25


class ProtocolTest(BaseTest):
    """A project and a small map to work with."""

    folder: Path
    map_file: Path
    server: ProtocolServer

    @classmethod
    def setUpClass(cls) -> None:
        setupTestProject(cls)
        cls.folder = Path(tempfile.mkdtemp(prefix="vrs_protocols_"))
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        cls.server = ProtocolServer(cls.folder)
        cls.addClassCleanup(cls.server.close)
        values = blob((48, 50, 52))
        cls.map_file = write(
            cls.folder / "blob.map.gz",
            mrc_bytes(values, order=">", axes=(3, 1, 2), voxel_size=(VOXEL,) * 3),
        )
        cls.plain_file = write(cls.folder / "blob.mrc", mrc_bytes(values, voxel_size=(VOXEL,) * 3))

    def run_protocol(self, protocol: Any) -> Any:
        with self.server.in_place_of_shells():
            return self.launchProtocol(protocol)

    def import_map(self, path: Path | None = None, **parameters: Any) -> Any:
        protocol = self.newProtocol(
            VrsProtImportMap, mapFile=str(path or self.map_file), **parameters
        )
        return self.run_protocol(protocol)

    def new(self, kind: type, source: Any, output: str, name: str, **parameters: Any) -> Any:
        protocol = self.newProtocol(kind, **parameters)
        getattr(protocol, name).set(source)
        getattr(protocol, name).setExtended(output)
        return protocol

    def prepare(self, source: Any, **parameters: Any) -> Any:
        options = {"contour": 0.3, "resolution": 5.0, **parameters}
        return self.run_protocol(
            self.new(VrsProtPrepare, source, "outputVolume", "inputVolume", **options)
        )

    def check(self, kind: type[VrsProtCheck], prepared: Any, **parameters: Any) -> Any:
        return self.new(kind, prepared, "outputEntry", "inputEntry", **parameters)

    def report(self, prepared: Any, checks: list[Any]) -> Any:
        protocol = self.new(VrsProtReport, prepared, "outputEntry", "inputEntry")
        for check in checks:
            protocol.inputOutcomes.append(check)
            protocol.inputOutcomes[-1].setExtended("outputOutcome")
        return self.run_protocol(protocol)

    def in_project(self, path: Path) -> Path:
        return Path(self.proj.path) / path

    def entry_of(self, prepared: Any) -> Entry:
        return Entry({"map": self.in_project(prepared.outputEntry.getFolder())})

    def halves(self) -> list[str]:
        """Two half maps of the map, each with noise of its own."""
        files = []
        for seed in (1, 2):
            noise = np.random.default_rng(seed).normal(scale=0.1, size=(48, 50, 52))
            content = mrc_bytes(
                (blob((48, 50, 52)) + noise).astype(np.float32), voxel_size=(VOXEL,) * 3
            )
            files.append(str(write(self.folder / f"half{seed}.mrc", content)))
        return files


def numbers(result: CheckResult) -> CheckResult:
    """A result without what differs from run to run."""
    return result.model_copy(update={"seconds": 0.0, "peak_memory_bytes": 0})


class TestLevel0Protocols(ProtocolTest):
    def test_from_a_file_to_its_report_box_by_box_and_in_one_box(self) -> None:
        imported = self.import_map()
        volume = imported.outputVolume
        self.assertIsInstance(volume, VrsMap)
        self.assertEqual(volume.getDim(), (52, 50, 48))
        self.assertAlmostEqual(volume.getSamplingRate(), VOXEL)

        prepared = self.prepare(imported, title="A blob")
        entry = self.entry_of(prepared)
        self.assertEqual(entry.map.source.name, "blob.map.gz")
        self.assertEqual(entry.title, "A blob")
        self.assertEqual(entry.map.voxel_size_from, "file header")
        self.assertIsInstance(prepared.outputEntry, VrsEntry)
        self.assertIsInstance(prepared.outputHardMask, VolumeMask)
        self.assertEqual(prepared.outputHardMask.getDim(), volume.getDim())
        self.assertAlmostEqual(prepared.outputResizedVolume.getSamplingRate(), 2.5)

        checks = [self.run_protocol(self.check(kind, prepared)) for kind in CHECKS]
        look = self.run_protocol(self.check(VrsProtLookAtMap, prepared))
        self.assertIs(look.outputOutcome.getOutcome(), Outcome.SHOWN)
        for protocol in checks:
            self.assertIsInstance(protocol.outputOutcome, VrsCheckOutcome)
            self.assertIn(protocol.check.code, protocol.summary()[0])
            self.assertIn("Rosa-Trevín", " ".join(protocol.citations()))
            self.assertNotIn("{", " ".join(protocol.methods()))

        compiled = self.report(prepared, [look, *checks])
        folder = self.in_project(compiled.outputReport.getFolder())
        for name in ("report.pdf", "report.html", "report.json"):
            self.assertGreater((folder / name).stat().st_size, 1000, name)
        report = load_report(folder)
        self.assertEqual([c.code for c in report.checks], [check.code for check in LEVEL_0])
        self.assertTrue(report.inputs["map"].look)

        level = self.run_protocol(self.check(VrsProtLevel0, prepared))
        for check in LEVEL_0:
            outcome = getattr(level, f"outputOutcome_{check.code.replace('.', '')}")
            self.assertEqual(
                numbers(load_result(self.in_project(outcome.getFolder()))),
                numbers(next(r for r in report.checks if r.code == check.code)),
            )

    def test_one_box_for_everything(self) -> None:
        """Validate reaches every level that the inputs allow, with the results of the others."""
        half1, half2 = self.halves()
        imported = self.import_map()
        options = {"contour": 0.3, "resolution": 5.0, "title": "A blob"}
        whole = self.new(
            VrsProtValidate,
            imported,
            "outputVolume",
            "inputVolume",
            half1=half1,
            half2=half2,
            **options,
        )
        self.run_protocol(whole)
        report = load_report(self.in_project(whole.outputReport.getFolder()))
        self.assertEqual(report.grade, "1")
        self.assertEqual(
            [c.code for c in report.checks], [c.code for c in asked_of(("map", "half_maps"))]
        )
        self.assertEqual(
            {key for key, _ in whole.iterOutputAttributes()} & {"outputEntry", "outputHardMask"},
            {"outputEntry", "outputHardMask"},
        )

        prepared = self.prepare(imported, title="A blob")
        halves = self.check(VrsProtPrepareHalfMaps, prepared, half1=half1, half2=half2)
        self.run_protocol(halves)
        for kind in (VrsProtGlobalResolution, VrsProtLookAtHalfMaps):
            protocol = self.check(kind, prepared)
            protocol.inputHalfMaps.set(halves)
            protocol.inputHalfMaps.setExtended("outputEntry")
            self.run_protocol(protocol)
            if kind is VrsProtGlobalResolution:
                outcome = protocol.outputOutcome
                result = load_result(self.in_project(outcome.getFolder()))
                (same,) = [check for check in report.checks if check.code == result.code]
                self.assertEqual(numbers(result), numbers(same))

    def test_half_maps_that_a_volume_carries(self) -> None:
        half1, half2 = self.halves()
        protocol = self.newProtocol(
            ProtImportVolumes,
            filesPath=str(self.plain_file),
            samplingRate=VOXEL,
            setHalfMaps=True,
            half1map=half1,
            half2map=half2,
        )
        imported = self.run_protocol(protocol)
        self.assertTrue(imported.outputVolume.hasHalfMaps())
        prepared = self.prepare(imported)
        halves = self.check(VrsProtPrepareHalfMaps, prepared)
        halves.inputVolume.set(imported)
        halves.inputVolume.setExtended("outputVolume")
        self.run_protocol(halves)
        self.assertIsInstance(halves.outputEntry, VrsHalfMaps)
        self.assertIn("half1.mrc", " ".join(halves.summary()))

    def test_half_maps_without_a_map(self) -> None:
        half1, half2 = self.halves()
        protocol = self.newProtocol(VrsProtImportHalfMaps, half1=half1, half2=half2)
        imported = self.run_protocol(protocol)
        self.assertEqual(imported.outputVolume.getSamplingRate(), VOXEL)
        self.assertIn("the mean of two half maps", imported.summary()[0])
        prepared = self.prepare(imported, symmetry="C3")
        record = self.entry_of(prepared).map
        self.assertEqual([one.name for one in record.sources], ["half1.mrc", "half2.mrc"])
        self.assertEqual(record.symmetry, "C3")
        halves = self.check(VrsProtPrepareHalfMaps, prepared)
        halves.inputVolume.set(imported)
        halves.inputVolume.setExtended("outputVolume")
        self.run_protocol(halves)
        self.assertIn("low-passed to 15 Å", " ".join(halves.summary()))
        alone = self.newProtocol(VrsProtImportHalfMaps, half1=half1)
        self.assertIn("one half map was given", " ".join(alone.validate()))

    def test_an_atomic_model(self) -> None:
        path = write(self.folder / "model.cif", mmcif(helices()).encode())
        pointed = self.run_protocol(
            self.newProtocol(ProtImportPdb, inputPdbData=1, pdbFile=str(path))
        )
        prepared = self.prepare(self.import_map())
        from_file = self.run_protocol(self.check(VrsProtPrepareModel, prepared, model=str(path)))
        model = self.check(VrsProtPrepareModel, prepared, model_offset="1,0,-1")
        model.inputStructure.set(pointed)
        model.inputStructure.setExtended("outputPdb")
        self.run_protocol(model)
        self.assertIsInstance(model.outputEntry, VrsModel)
        self.assertIn("protein 8", " ".join(model.summary()))
        folders = (self.in_project(one.outputEntry.getFolder()) for one in (from_file, model))
        records = [Entry({"model": folder}).model_record for folder in folders]
        self.assertEqual([one.atoms for one in records], [40, 40])
        shift = np.subtract(records[1].lowest, records[0].lowest)
        np.testing.assert_allclose(shift, (1, 0, -1), atol=1e-6)
        level = self.check(VrsProtLevelA, prepared)
        level.inputModel.set(model)
        level.inputModel.setExtended("outputEntry")
        self.run_protocol(level)
        outcome = getattr(level, output_name(ALL_CHECKS["A.l"]))
        result = load_result(self.in_project(outcome.getFolder()))
        self.assertEqual((result.code, result.outcome), ("A.l", Outcome.OK))
        bad = self.check(VrsProtPrepareModel, prepared, model=str(self.plain_file))
        self.assertIn("it is a map", " ".join(bad.validate()))
        none = self.check(VrsProtPrepareModel, prepared)
        self.assertIn("give the model's file", " ".join(none.validate()))

    def test_a_report_refuses_results_of_another_map(self) -> None:
        imported = self.import_map()
        prepared, other = self.prepare(imported), self.prepare(imported, contour=0.4)
        check = self.run_protocol(self.check(VrsProtMass, other))
        compiled = self.new(VrsProtReport, prepared, "outputEntry", "inputEntry")
        compiled.inputOutcomes.append(check)
        compiled.inputOutcomes[-1].setExtended("outputOutcome")
        with self.server.in_place_of_shells():
            self.proj.launchProtocol(compiled, wait=True)
        self.assertTrue(compiled.isFailed())
        self.assertIn("0.a was computed from another input", compiled.getErrorMessage())

    def test_a_volume_imported_by_scipion(self) -> None:
        protocol = self.newProtocol(
            ProtImportVolumes, filesPath=str(self.plain_file), samplingRate=VOXEL
        )
        prepared = self.prepare(self.run_protocol(protocol))
        entry = self.entry_of(prepared)
        self.assertEqual(entry.map.source.name, "blob.mrc")
        self.assertEqual(entry.voxel_size, (VOXEL,) * 3)

    def test_the_volume_in_scipion_knows_its_voxel_size_best(self) -> None:
        protocol = self.newProtocol(
            ProtImportVolumes, filesPath=str(self.plain_file), samplingRate=2.0
        )
        prepared = self.prepare(self.run_protocol(protocol))
        entry = self.entry_of(prepared)
        self.assertEqual(entry.voxel_size, (2.0, 2.0, 2.0))
        self.assertEqual(entry.map.voxel_size_from, "the volume in Scipion")
        self.assertIn("differs from the header", entry.map.source.notes[0])

    def test_a_plain_file_is_linked_not_copied(self) -> None:
        imported = self.import_map(self.plain_file)
        path = self.in_project(Path(imported.outputVolume.getFileName()))
        self.assertTrue(path.is_symlink())
        self.assertEqual(path.resolve(), self.plain_file.resolve())


class TestFaults(ProtocolTest):
    def test_a_failed_check_leaves_the_others_and_the_report_standing(self) -> None:
        prepared = self.prepare(self.import_map())
        good = self.run_protocol(self.check(VrsProtMass, prepared))
        entry = self.entry_of(prepared)
        mask = self.in_project(prepared.outputEntry.getFolder()) / entry.map.hard_mask.file
        hidden = mask.rename(mask.with_suffix(".hidden"))
        broken = self.check(VrsProtMask, prepared)
        self.proj.launchProtocol(broken, wait=True)
        hidden.rename(mask)
        self.assertTrue(broken.isFailed())
        self.assertEqual(broken.outputOutcome.getOutcome(), Outcome.FAILED)
        killed = self.check(VrsProtBackground, prepared)
        self.proj.saveProtocol(killed)
        killed.setFailed("out of memory")
        self.proj._storeProtocol(killed)

        compiled = self.report(prepared, [good, broken, killed])
        report = load_report(self.in_project(compiled.outputReport.getFolder()))
        self.assertEqual(
            [check.outcome for check in report.checks],
            [Outcome.OK, Outcome.FAILED, Outcome.FAILED, *[Outcome.NOT_RUN] * (len(LEVEL_0) - 3)],
        )
        self.assertIn("mask_hard.mrc", report.checks[1].reason)
        self.assertIn("out of memory", report.checks[2].reason)
        self.assertEqual((report.score.passed, report.score.evaluable), (1, 3))

    def test_bad_input_is_told_in_the_form(self) -> None:
        imported = self.import_map(self.plain_file)

        def errors(**parameters: Any) -> list[str]:
            options = {"contour": 0.3, **parameters}
            return self.new(
                VrsProtPrepare, imported, "outputVolume", "inputVolume", **options
            ).validate()

        self.assertEqual(errors(), [])
        self.assertIn("the map's maximum is", errors(contour=9.0)[0])
        self.assertIn("all six faces", errors(contour=-1.0)[0])
        self.assertTrue(any("resolution" in e for e in errors(resolution=-3.0)))
        for path, words in (
            (self.folder / "none.mrc", "there is no such file"),
            (write(self.folder / "text.mrc", b"text " * 500), "no valid MRC/CCP4 header"),
            (write(self.folder / "flat.mrc", mrc_bytes(np.ones((9, 9, 9)))), "constant"),
        ):
            protocol = self.newProtocol(VrsProtImportMap, mapFile=str(path))
            (error,) = protocol.validate()
            self.assertIn(words, error)

    def test_any_volume_that_scipion_holds(self) -> None:
        def errors(index: int, name: str) -> list[str]:
            protocol = self.newProtocol(VrsProtPrepare, contour=0.3)
            volume = Volume()
            volume.setSamplingRate(1.0)
            volume.setLocation(index, name)
            protocol.inputVolume.set(volume)
            found: list[str] = protocol._validate()
            return found

        values = blob()
        stack = mrc_bytes(
            np.concatenate([values, values * 2]), header={"ispg": 401, "mz": len(values)}
        )
        volumes = write(self.folder / "two.mrcs", stack)
        spider = write(self.folder / "one.vol", spider_bytes(values))
        self.assertEqual(errors(1, f"{self.plain_file}:mrc"), [])
        self.assertEqual(errors(2, f"{volumes}:mrcs"), [])
        self.assertEqual(errors(0, f"{spider}:vol"), [])
        self.assertIn("it holds 2", errors(3, f"{volumes}:mrcs")[0])

    def test_a_scheduled_run_does_not_wait_for_a_value_that_is_refused(self) -> None:
        imported = self.import_map(self.plain_file)
        protocol = self.new(
            VrsProtPrepare, imported, "outputVolume", "inputVolume", contour=9.0, resolution=3.0
        )
        protocol.setStatus(STATUS_SCHEDULED)
        self.assertEqual(protocol.validate(), [])
        protocol.setStatus(STATUS_RUNNING)
        self.assertIn("no voxel reaches", protocol.validate()[0])

    def test_labels_are_plain(self) -> None:
        for kind, check in zip(CHECKS, LEVEL_0, strict=True):
            label = self.newProtocol(kind).getObjLabel()
            self.assertTrue(label.startswith(f"{check.code} {check.label}"), label)

    def test_warnings_reach_the_form(self) -> None:
        imported = self.import_map(self.plain_file)
        protocol = self.new(
            VrsProtPrepare,
            imported,
            "outputVolume",
            "inputVolume",
            contour=0.3,
            resolution=1.0,
        )
        self.assertIn("Nyquist", protocol._warnings()[0])


class TestForms(ProtocolTest):
    def test_every_reference_is_in_the_bibliography(self) -> None:
        for kind, check in zip(CHECKS, LEVEL_0, strict=True):
            citations = self.newProtocol(kind).getCitations()
            for reference in check.references:
                self.assertIn(reference.doi, citations[reference.key])

    def test_an_engine_that_is_not_here_is_told_in_the_form(self) -> None:
        protocol = self.newProtocol(VrsProtBFactor)
        choose_engine(protocol, "xmipp")
        with mock.patch.dict("os.environ", {"PATH": "/nowhere"}):
            (error,) = protocol._validate()
        self.assertIn("xmipp is not available here", error)
        choose_engine(protocol, "builtin")
        self.assertEqual(protocol._validate(), [])

    def test_every_limit_is_an_advanced_parameter_with_its_default(self) -> None:
        for kind, check in zip(CHECKS, LEVEL_0, strict=True):
            protocol = self.newProtocol(kind)
            self.assertIs(protocol.check, check)
            for limit in check.parameters:
                name = f"limit_{check.code.replace('.', '')}_{limit.key}"
                self.assertEqual(getattr(protocol, name).get(), limit.default)
                self.assertTrue(protocol.getParam(name).isExpert())

    def test_the_level_has_the_limits_of_every_check(self) -> None:
        protocol = self.newProtocol(VrsProtLevel0)
        for check in LEVEL_0:
            for limit in check.parameters:
                name = f"limit_{check.code.replace('.', '')}_{limit.key}"
                self.assertEqual(getattr(protocol, name).get(), limit.default)

    def test_a_level_reads_the_outcomes_of_another_one(self) -> None:
        protocol = self.newProtocol(VrsProtLevel1)
        self.assertIn("0.e", protocol.getParam("inputResults").help.get())
        self.assertTrue(protocol.getParam("inputResults").allowsNull.get())
        outcome = VrsCheckOutcome(str(self.folder / "looks" / "result.json"))
        outcome._code.set("0.e")
        protocol.inputResults.append(outcome)
        with mock.patch.object(protocol, "_checks", return_value=LEVELS[1].checks):
            folders = protocol._earlier(ALL_CHECKS["1.l"])
            self.assertEqual(folders["0.e"], self.folder / "looks")
            self.assertEqual(folders["1.c"], protocol._resultFolder(ALL_CHECKS["1.c"]))
            self.assertNotIn("0.e", protocol._earlier(ALL_CHECKS["1.c"]))

    def test_a_changed_limit_changes_the_verdict(self) -> None:
        prepared = self.prepare(self.import_map())
        strict = self.run_protocol(self.check(VrsProtMass, prepared, limit_0a_space=60.0))
        result = load_result(self.in_project(strict.outputOutcome.getFolder()))
        self.assertIn("should be above 60", result.warnings[0])
