"""What EMDB's REST interface says of an entry: the few fields that a validation starts from.

``GET {api}/entry/EMD-3488`` answers with the entry's whole record as JSON, a translation of EMDB's
XML schema (https://www.ebi.ac.uk/emdb/documentation): an element with attributes is an object
whose text is ``valueOf_``, without them it is the text alone; a list of one may stand for itself.
Both are accepted; what is used must make sense, and everything else is passed over.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Annotated, Any

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    FiniteFloat,
    ValidationError,
    ValidationInfo,
    ValidatorFunctionWrapHandler,
    WrapValidator,
)

from vrs_scipion.emdb.errors import EmdbError
from vrs_scipion.entry.record_map import Deposition
from vrs_scipion.entry.symmetry import point_group
from vrs_scipion.files import printable

StoredBox = tuple[int, int, int]
"""Sections, rows, columns of a file."""

ENTRY_PAGE = "https://www.ebi.ac.uk/emdb/{accession}"

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_PDB = re.compile(r"[0-9][a-z0-9]{3}|pdb_[a-z0-9]{8}", re.IGNORECASE)
_HALF_MAP, _CURVE = r"half_map_\d+\.map\.gz", r"fsc(_\d+)?\.xml"
"""How the archive names files of an entry, after ``emd_`` and its number."""
_SHOWN = 3
_KDA = {"MDa": 1000.0, "kDa": 1.0}


def _text_of(value: Any) -> Any:
    return value.get("valueOf_") if isinstance(value, dict) else value


def _list_of(value: Any) -> Any:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


_Text = Annotated[str, BeforeValidator(_text_of)]
_Number = Annotated[FiniteFloat, BeforeValidator(_text_of)]
_Positive = Annotated[FiniteFloat, Field(gt=0), BeforeValidator(_text_of)]
_Count = Annotated[int, Field(gt=0), BeforeValidator(_text_of)]


def _kilodaltons_of(value: Any) -> float | None:
    """A mass in kDa; None of what is none, such as the mass of a filament per length."""
    if not isinstance(value, dict) or value.get("units") not in _KDA:
        return None
    try:
        mass = float(value["valueOf_"]) * _KDA[value["units"]]
    except (KeyError, TypeError, ValueError):
        return None
    return mass if 0 < mass < math.inf else None


def _whole_of(value: Any) -> int:
    text = str(_text_of(value))
    return int(text) if text.isdecimal() else 0


def _sum(masses: Iterable[float | None]) -> float:
    return float(f"{math.fsum(mass or 0 for mass in masses):.6g}")


_Kilodaltons = Annotated[float | None, BeforeValidator(_kilodaltons_of)]
_Whole = Annotated[int, BeforeValidator(_whole_of)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


def _left_out_without_sense(
    value: Any, handler: ValidatorFunctionWrapHandler, info: ValidationInfo
) -> Any:
    """A value that a validation can do without: None, and a word about it, if it has no sense."""
    try:
        return handler(value)
    except ValidationError:
        if isinstance(info.context, list):
            info.context.append(f"{info.field_name} ({printable(str(_text_of(value)))[:30]})")
        return None


_Optional = WrapValidator(_left_out_without_sense)


class _Authors(_Part):
    author: Annotated[list[_Text] | None, _Optional, BeforeValidator(_list_of)] = None


class _Dates(_Part):
    deposition: Annotated[_Text | None, _Optional] = None


class _Status(_Part):
    code: Annotated[_Text | None, _Optional] = None


class _Admin(_Part):
    title: Annotated[_Text | None, _Optional] = None
    authors_list: Annotated[_Authors | None, _Optional] = None
    key_dates: Annotated[_Dates | None, _Optional] = None
    current_status: Annotated[_Status | None, _Optional] = None


class _PdbReference(_Part):
    pdb_id: _Text


class _PdbList(_Part):
    pdb_reference: Annotated[list[_PdbReference], BeforeValidator(_list_of)] = []


class _CrossReferences(_Part):
    pdb_list: Annotated[_PdbList | None, _Optional] = None


class _Contour(_Part):
    level: Annotated[_Number | None, _Optional] = None
    primary: bool = False


class _Contours(_Part):
    contour: Annotated[list[_Contour], BeforeValidator(_list_of)] = []


class _Dimensions(_Part):
    col: _Count
    row: _Count
    sec: _Count

    @property
    def stored(self) -> StoredBox:
        return self.sec, self.row, self.col


class _Spacing(_Part):
    x: _Positive
    y: _Positive
    z: _Positive


class _Map(_Part):
    dimensions: Annotated[_Dimensions | None, _Optional] = None
    pixel_spacing: Annotated[_Spacing | None, _Optional] = None
    contour_list: Annotated[_Contours | None, _Optional] = None


class _HalfMap(_Part):
    file: _Text
    dimensions: Annotated[_Dimensions | None, _Optional] = None

    @property
    def stored_box(self) -> StoredBox | None:
        return self.dimensions.stored if self.dimensions else None


class _HalfMaps(_Part):
    half_map: Annotated[list[_HalfMap], BeforeValidator(_list_of)] = []


class _Interpretation(_Part):
    half_map_list: Annotated[_HalfMaps | None, _Optional] = None


class _ValidationMethod(_Part):
    file: Annotated[_Text | None, _Optional] = None


class _Validation(_Part):
    validation_method: Annotated[list[_ValidationMethod], BeforeValidator(_list_of)] = []


class _Symmetry(_Part):
    point_group: Annotated[_Text | None, _Optional] = None


class _Reconstruction(_Part):
    resolution: Annotated[_Positive | None, _Optional] = None
    applied_symmetry: Annotated[_Symmetry | None, _Optional] = None


class _Processing(_Part):
    final_reconstruction: _Reconstruction | None = None


class _Determination(_Part):
    image_processing: Annotated[list[_Processing], BeforeValidator(_list_of)] = []


class _Determinations(_Part):
    structure_determination: Annotated[list[_Determination], BeforeValidator(_list_of)] = []


class _Weights(_Part):
    theoretical: _Kilodaltons = None
    experimental: _Kilodaltons = None

    @property
    def best(self) -> float | None:
        return self.theoretical or self.experimental


class _Component(_Part):
    """Of the sample, or a molecule of one: ``parent`` is 0 for what is not part of another."""

    parent: _Whole = 0
    number_of_copies: _Whole = 0
    molecular_weight: _Weights = _Weights()


class _Supramolecules(_Part):
    supramolecule: Annotated[list[_Component], BeforeValidator(_list_of)] = []


class _Macromolecules(_Part):
    macromolecule: Annotated[list[_Component], BeforeValidator(_list_of)] = []


class _Sample(_Part):
    supramolecule_list: _Supramolecules = _Supramolecules()
    macromolecule_list: _Macromolecules = _Macromolecules()

    @property
    def mass(self) -> float | None:
        """In kDa: what the depositors say of the whole, or the sum over its molecules."""
        parts = [part for part in self.supramolecule_list.supramolecule if part.parent == 0]
        said = [part.molecular_weight.best for part in parts]
        if said and all(said):
            return _sum(said)
        molecules = self.macromolecule_list.macromolecule
        masses = [(one.molecular_weight.best or 0) * one.number_of_copies for one in molecules]
        return _sum(masses) if masses and all(masses) else None


class EmdbRecord(_Part):
    """The record of an entry, as far as it is used; ``notes`` say what was left out of it."""

    emdb_id: str
    admin: Annotated[_Admin | None, _Optional] = None
    crossreferences: Annotated[_CrossReferences | None, _Optional] = None
    structure_determination_list: Annotated[_Determinations | None, _Optional] = None
    sample: Annotated[_Sample | None, _Optional] = None
    interpretation: Annotated[_Interpretation | None, _Optional] = None
    validation: Annotated[_Validation | None, _Optional] = None
    map: _Map
    notes: Annotated[tuple[str, ...], Field(exclude=True)] = ()

    @property
    def status(self) -> str:
        """REL when it is released; HOLD, HPUB, OBS, …"""
        status = self.admin and self.admin.current_status
        return (status and status.code) or "REL"

    @property
    def stored_box(self) -> StoredBox | None:
        """Of the map's file."""
        return self.map.dimensions.stored if self.map.dimensions else None

    @property
    def half_maps(self) -> tuple[_HalfMap, ...]:
        """The half maps, by the names of their files."""
        listed = self.interpretation and self.interpretation.half_map_list
        named = {one.file: one for one in (listed.half_map if listed else ())}
        return tuple(named[file] for file in sorted(named) if self._is_own(file, _HALF_MAP))

    @property
    def fsc_file(self) -> str | None:
        """The file of the Fourier shell correlation, the first of several; None where there is
        none.
        """
        methods = self.validation.validation_method if self.validation else []
        files = sorted({method.file or "" for method in methods})
        return next((file for file in files if self._is_own(file, _CURVE)), None)

    def _is_own(self, file: str, pattern: str) -> bool:
        """Whether a name is one that the archive gives to files of this entry, and no path."""
        number = self.emdb_id.upper().removeprefix("EMD-")
        return re.fullmatch(f"emd_{re.escape(number)}_{pattern}", file, re.ASCII) is not None

    def deposition(self) -> Deposition:
        """What the report and the checks take from the record."""
        spacing = self.map.pixel_spacing
        admin = self.admin or _Admin()
        date = _DATE.match((admin.key_dates and admin.key_dates.deposition) or "")
        authors = (admin.authors_list and admin.authors_list.author) or []
        return Deposition(
            accession=self.emdb_id,
            url=ENTRY_PAGE.format(accession=self.emdb_id),
            title=" ".join((admin.title or "").split()),
            authors=tuple(" ".join(name.split()) for name in authors),
            deposited=date[0] if date else None,
            contour=self._contour(),
            resolution=self._resolution(),
            symmetry=self._symmetry(),
            voxel_size=(spacing.z, spacing.y, spacing.x) if spacing else None,
            pdb_ids=self._pdb_ids(),
            mass=self.sample.mass if self.sample else None,
        )

    def _contour(self) -> float | None:
        """The primary contour level, or the first where none is marked."""
        contours = self.map.contour_list.contour if self.map.contour_list else []
        levels = [c for c in contours if c.level is not None]
        chosen = next((c for c in levels if c.primary), levels[0] if levels else None)
        return chosen.level if chosen else None

    def _resolution(self) -> float | None:
        given = (final.resolution for final in self._reconstructions())
        return next((resolution for resolution in given if resolution), None)

    def _symmetry(self) -> str:
        """The point group that was applied, '' where none is given or it is no point group."""
        for final in self._reconstructions():
            said = final.applied_symmetry and final.applied_symmetry.point_group
            with suppress(ValueError):
                return point_group(said or "")
        return ""

    def _reconstructions(self) -> Iterator[_Reconstruction]:
        listed = self.structure_determination_list
        for determination in listed.structure_determination if listed else ():
            for processing in determination.image_processing:
                if processing.final_reconstruction:
                    yield processing.final_reconstruction

    def _pdb_ids(self) -> tuple[str, ...]:
        listed = self.crossreferences and self.crossreferences.pdb_list
        names = [reference.pdb_id.strip() for reference in listed.pdb_reference] if listed else []
        return tuple(dict.fromkeys(name.upper() for name in names if _PDB.fullmatch(name)))


def parse_record(content: bytes, accession: str) -> EmdbRecord:
    """Read the JSON that EMDB answers with for ``accession``.

    Raises
    ------
    EmdbError
        if it is no JSON, not of this entry, or lacks what no entry is without.
    """
    try:
        left_out: list[str] = []
        record = EmdbRecord.model_validate_json(content, context=left_out)
    except ValidationError as error:
        raise EmdbError(
            f"{accession}: EMDB's answer cannot be understood ({_complaint(error)}); try again "
            "later, or download the map and give its file with --contour"
        ) from error
    if record.emdb_id.upper() != accession:
        raise EmdbError(f"{accession}: EMDB answered with another entry, {record.emdb_id[:20]!r}")
    return record.model_copy(update={"emdb_id": accession, "notes": _notes(accession, left_out)})


def _notes(accession: str, left_out: list[str]) -> tuple[str, ...]:
    if not left_out:
        return ()
    return (
        f"{accession}: EMDB's record has {', '.join(left_out)}, which makes no sense and was left "
        "out.",
    )


def _complaint(error: ValidationError) -> str:
    problems = error.errors(include_url=False, include_context=False, include_input=False)
    said = [f"{'.'.join(map(str, p['loc'])) or 'JSON'}: {p['msg']}" for p in problems[:_SHOWN]]
    return "; ".join(said)
