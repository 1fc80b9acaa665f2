"""The atomic model as it came: what it consists of, its chains, and how it lies in the map."""

from __future__ import annotations

from collections import Counter

import numpy as np

from vrs_scipion.checks.check import Check
from vrs_scipion.checks.findings import Findings
from vrs_scipion.checks.pictures import ribbons
from vrs_scipion.checks.task import Task
from vrs_scipion.models.atomic_model import AtomicModel, Chosen
from vrs_scipion.models.breaks import breaks
from vrs_scipion.models.kinds import POLYMERS, Kind
from vrs_scipion.results import Column

_IN_THE_MAP = (
    "The model is drawn in the map's isosurface ({fig:model_in_map}): it should lie in the "
    "density, neither beside it nor turned against it. Density that it leaves empty is of "
    "something that was not built."
)
_RIBBONS = (
    "Its polymers alone are drawn as ribbons ({fig:model_ribbons}), each chain in a colour of its "
    "own; ligands, sugars and ions are spheres in the colour of their chain, waters are left out."
)
_TABLES = (
    "{tab:chains} lists the polymers with their gaps, where no bond joins a residue to the next "
    "one. B-factors and occupancies are means over the atoms that are not hydrogens."
)
_LIGANDS = "{tab:ligands} lists everything else."

_ROWS = 100
"""Of a table; a virus has more chains than anybody reads."""


def look_at_model(task: Task) -> Findings:
    """Tell what the model consists of, and draw it in the map and alone."""
    found, model = Findings(task), task.entry.model()
    _tabulate_kinds(found, model)
    words = ["{tab:kinds} says what the model consists of."]
    if model.residues.of(*POLYMERS).any():
        _tabulate_chains(found, model)
        words.append(_TABLES)
    if _tabulate_ligands(found, model):
        words.append(_LIGANDS)
    if model.of(*(kind for kind in Kind if kind is not Kind.WATER)).any():
        words += _drawn(found, model)
    found.paragraphs = [*words, *found.paragraphs]
    return found


def _drawn(found: Findings, model: AtomicModel) -> list[str]:
    """Draw both pictures; what refers to those that could be drawn."""
    from vrs_scipion.figures.ribbons import by_chain  # slow to load

    entry = found.task.entry
    colours = by_chain(model)
    pictures = (
        (
            "model_in_map",
            (entry.map_path, entry.contour),
            "The model in the isosurface of the map",
            "Tubes along the chains of the model in the glassy surface of the map, from three "
            "directions.",
            _IN_THE_MAP,
        ),
        (
            "model_ribbons",
            None,
            "The chains of the model",
            "Tubes along the chains of the model, one colour each, from three directions.",
            _RIBBONS,
        ),
    )
    return [
        said
        for key, around, caption, alt, said in pictures
        if ribbons(found, key, model, colours, caption, alt, around)
    ]


def _tabulate_kinds(found: Findings, model: AtomicModel) -> None:
    rows = []
    residues = Counter(model.residues.kinds.tolist())
    for kind in Kind:
        chosen = model.of(kind)
        if chosen.any():
            heavy = int(np.count_nonzero(chosen & ~model.hydrogens))
            rows.append(
                (
                    kind.heading,
                    residues[kind.value],
                    heavy,
                    int(np.count_nonzero(chosen)) - heavy,
                    *_means(model, chosen),
                )
            )
    found.tabulate(
        "kinds",
        "What the model consists of.",
        [
            Column(key="kind", label="Kind"),
            Column(key="residues", label="Residues"),
            Column(key="heavy", label="Atoms but hydrogens"),
            Column(key="hydrogens", label="Hydrogens"),
            *_MEANS,
        ],
        rows,
    )


_MEANS = (
    Column(key="b_factor", label="Mean B-factor", unit="Å²", format=".1f"),
    Column(key="occupancy", label="Mean occupancy", format=".2f"),
)


def _means(model: AtomicModel, chosen: Chosen) -> tuple[float | None, float | None]:
    """Mean B-factor and occupancy of the chosen atoms that are no hydrogens."""
    heavy = chosen & ~model.hydrogens
    if not heavy.any():
        return None, None
    return float(model.atoms.b_factors[heavy].mean()), float(model.atoms.occupancies[heavy].mean())


def _tabulate_chains(found: Findings, model: AtomicModel) -> None:
    """The chains of polymers, the first hundred."""
    of, chains, chain = model.residues, model.chains, model.chain
    gaps = Counter(int(of.chains[one.before]) for one in breaks(model))
    polymers = np.flatnonzero(chains.of(*POLYMERS))
    rows = []
    for number in polymers[:_ROWS].tolist():
        residues = np.flatnonzero(of.chains == number)
        first, last = (f"{of.numbers[i]}{of.insertions[i]}" for i in residues[[0, -1]])
        rows.append(
            (
                str(chains.names[number]),
                str(chains.labels[number]),
                str(chains.entities[number]),
                Kind(chains.kinds[number]).heading,
                len(residues),
                f"{first}–{last}",
                gaps[number],
                *_means(model, chain == number),
            )
        )
    found.tabulate(
        "chains",
        f"The chains of the model{_of_many(len(polymers))}.",
        [
            Column(key="name", label="Chain"),
            Column(key="label", label="Label in the file"),
            Column(key="entity", label="Entity"),
            Column(key="kind", label="Kind"),
            Column(key="residues", label="Residues"),
            Column(key="numbers", label="First–last"),
            Column(key="gaps", label="Gaps"),
            *_MEANS,
        ],
        rows,
    )


def _tabulate_ligands(found: Findings, model: AtomicModel) -> bool:
    """Everything but polymers and water, by name; whether there is any."""
    listed = found.task.entry.model_record.ligands
    if not listed:
        return False
    names = model.residues.names[model.residue]
    rows = []
    for one in listed[:_ROWS]:
        chosen = (names == one.name) & model.of(one.kind)
        heavy = int(np.count_nonzero(chosen & ~model.hydrogens))
        rows.append((one.name, one.kind.heading, one.count, heavy, *_means(model, chosen)))
    found.tabulate(
        "ligands",
        f"Ligands, sugars and ions of the model{_of_many(len(listed))}.",
        [
            Column(key="name", label="Residue"),
            Column(key="kind", label="Kind"),
            Column(key="count", label="Number"),
            Column(key="heavy", label="Atoms but hydrogens"),
            *_MEANS,
        ],
        rows,
    )
    return True


def _of_many(count: int) -> str:
    return f", the first {_ROWS} of {count:,}" if count > _ROWS else ""


LOOK = Check(
    code="model",
    name="Atomic model",
    label="look at atomic model",
    purpose="The atomic model as it came.",
    explanation="",
    answer=look_at_model,
    needs=("map", "model"),
    relies_on=(),
    judges=False,
)
