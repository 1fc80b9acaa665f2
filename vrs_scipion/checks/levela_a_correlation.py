"""A.a Map–model correlation: does the map look like the map that the model would give?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from vrs_scipion.checks.check import Check, Limit
from vrs_scipion.checks.findings import Findings
from vrs_scipion.checks.model_words import (
    NO_RESOLUTION,
    beside_the_map,
    grid_of,
    resolution_of,
)
from vrs_scipion.checks.pictures import along_chains, ribbons
from vrs_scipion.checks.references import AFONINE_2018, JOSEPH_2016
from vrs_scipion.checks.task import Task
from vrs_scipion.entry.entry import Entry
from vrs_scipion.figures.fsc import fsc_plot
from vrs_scipion.figures.histogram import histogram_plot
from vrs_scipion.methods import cctbx, model_correlation_cctbx
from vrs_scipion.methods.engine import BUILTIN, Availability
from vrs_scipion.methods.fsc import GOLD_STANDARD, HALF, FscCurve, shell_correlation
from vrs_scipion.methods.model_correlation import (
    NEIGHBOURS,
    Correlations,
    correlations,
    radius_around,
)
from vrs_scipion.methods.model_map import filtered, inside, model_map, soft_around
from vrs_scipion.methods.shells import Reals
from vrs_scipion.models.atomic_model import AtomicModel
from vrs_scipion.models.kinds import POLYMERS, Kind
from vrs_scipion.results import Column, Engine, ResolutionEstimate
from vrs_scipion.results.numbers import number, quantity
from vrs_scipion.results.plots import Mark

_LEVELS = ((HALF, "fsc_05"), (GOLD_STANDARD, "fsc_0143"), (0.0, "fsc_0"))
_POOR = 0.5
"""Correlation below which a residue is not seen in the map."""
_REACH = (0.3, 0.9)
_FEWEST = 2
"""Shells of which a mean is worth something."""
_ROWS = 40
_COARSE = 4.5
"""Å beyond which the solvent, which the model's map lacks, parts the curves: right models in maps
of the second simulator had 1.5 times the resolution at 5 to 6 Å."""
_SHARE, _POOR_RESIDUES, _WHOLE = "fsc_05_share", "residues_below_05", "cc_mask"


@dataclass(frozen=True)
class _Measured:
    """What was measured of a model.

    Attributes
    ----------
    model : the atoms
    resolution : Å, at which the model's map was cut
    around : correlations in space
    unmasked, masked : by shell, without a mask and with a soft one around the model
    radius : Å around atoms that residues, chains and ligands are correlated in
    told : what cctbx says, where it is the engine: then the rest is its, too, where it has it
    """

    model: AtomicModel
    resolution: float
    around: Correlations
    unmasked: FscCurve
    masked: FscCurve
    radius: float
    told: model_correlation_cctbx.Told | None = None

    def crossing(self, name: str, level: float) -> float | None:
        """Å where the curve 'masked' or 'unmasked' falls below a level; None where it does not."""
        if self.told is not None:
            return self.told.crossings[name, level]
        curve = self.masked if name == "masked" else self.unmasked
        return curve.resolution(level)

    @property
    def area(self) -> float:
        """Mean correlation under the mask up to the resolution."""
        frequency, correlation = self.masked.frequency, self.masked.correlation
        kept = (frequency <= 1 / self.resolution) & np.isfinite(correlation)
        if np.count_nonzero(kept) < _FEWEST:
            return float("nan")
        widths = np.gradient(frequency)[kept]
        return float(np.average(correlation[kept], weights=widths))

    @property
    def poor(self) -> float | None:
        """Share of the polymers' residues with a correlation below 0.5, in %."""
        known = self.of_polymers
        return 100 * float(np.mean(known < _POOR)) if known.size else None

    @property
    def of_polymers(self) -> Reals:
        """Correlations around the residues of polymers that have one."""
        polymers = self.model.residues.of(*POLYMERS)
        values = self.around.residues[polymers]
        known: Reals = values[np.isfinite(values)]
        return known


def measure_correlation(task: Task) -> Findings:
    """Answer A.a."""
    found = Findings(task)
    resolution = resolution_of(task)
    if resolution is None:
        found.does_not_apply = NO_RESOLUTION
        return found
    measured = _by_engine(found, _measured(task, resolution))
    _note(found, measured)
    _tabulate(found, measured)
    _draw(found, measured)
    _describe(found, measured)
    _judge(found, measured)
    return found


def _measured(task: Task, resolution: float) -> _Measured:
    entry, threads = task.entry, task.threads
    model, grid, density = entry.model(), grid_of(entry), entry.density().values
    drawn = model_map(model, grid, threads=threads)
    filled = inside(model, grid)
    cut = filtered(drawn, grid.voxel_size, 1 / resolution, threads=threads)
    around = correlations(model, grid, density, cut, filled, resolution)
    del cut
    soft = soft_around(filled, grid.voxel_size)

    unmasked = shell_correlation(density, drawn, grid.voxel_size, threads=threads)
    masked = shell_correlation(density * soft, drawn * soft, grid.voxel_size, threads=threads)
    return _Measured(model, resolution, around, unmasked, masked, radius_around(resolution))


def _by_engine(found: Findings, ours: _Measured) -> _Measured:
    """What was measured, by the engine chosen as far as it goes."""
    task, entry = found.task, found.task.entry
    if task.engine == BUILTIN:
        return ours
    interpreter = cctbx.require()
    found.engine = Engine(
        name=cctbx.NAME,
        version=interpreter.version,
        arguments={
            "programs": model_correlation_cctbx.PROGRAMS,
            "resolution": ours.resolution,
            "scattering_table": model_correlation_cctbx.TABLE,
        },
    )
    places = ours.model.indices(entry.start, entry.voxel_size)
    outside = ((places < 0) | (places > np.subtract(entry.box, 1))).any(axis=1).sum()
    if outside:
        found.paragraphs.append(
            f"{outside:,} of {len(ours.model):,} atoms lie outside of the map's box. cctbx takes "
            "the box for repeated, so that they count on its other side."
        )
    told = model_correlation_cctbx.correlation(
        interpreter,
        ours.model,
        entry.density(),
        entry.start,
        ours.resolution,
        ours.around,
        task.threads,
    )
    return replace(
        ours,
        around=told.around,
        unmasked=told.unmasked,
        masked=told.masked,
        radius=told.radius,
        told=told,
    )


def _external(entry: Entry | None) -> Sequence[Availability]:
    return (cctbx.availability(),)


def _note(found: Findings, measured: _Measured) -> None:
    for key, words, value in _whole(measured.around):
        found.measure(key, value, "", f"correlation of map and model {words}")
    found.measure(
        _POOR_RESIDUES, measured.poor, "%", f"residues of polymers with a correlation below {_POOR}"
    )
    for name in ("masked", "unmasked"):
        for level, key in _LEVELS:
            found.measure(
                f"{key}_{name}",
                measured.crossing(name, level),
                "Å",
                f"where the correlation by shell of map and model falls below {level:g}, {name}",
            )
    found.measure("fsc_area", measured.area, "", "mean correlation by shell up to the resolution")
    if measured.told is not None:
        for key, (unit, words) in model_correlation_cctbx.FURTHER.items():
            found.measure(key, measured.told.further[key], unit, f"{words} (mtriage)")
    around = measured.around
    found.score(
        "cc", around.residues, "CC", "correlation of map and model around the residue", reach=_REACH
    )
    found.score(
        "smoc",
        around.segments,
        "SMOC",
        f"the same around it and its {NEIGHBOURS} neighbours to either side",
        reach=_REACH,
    )


def _whole(around: Correlations) -> Iterator[tuple[str, str, float | None]]:
    """Key, where, and value of the correlations of the whole model."""
    yield _WHOLE, "where the model is", around.mask
    yield "cc_volume", "in the highest voxels of the model's map", around.volume
    yield "cc_peaks", "in the highest voxels of either", around.peaks
    yield "cc_box", "in the whole box", around.box
    yield "cc_main_chain", "around the main chain", around.main_chain
    yield "cc_side_chain", "around the side chains", around.side_chain


def _tabulate(found: Findings, measured: _Measured) -> None:
    found.tabulate(
        "correlations",
        "Correlation of the map and of the map that the model would give.",
        [Column(key="where", label="Where"), Column(key="cc", label="Correlation", format=".3f")],
        [(f"{words[:1].upper()}{words[1:]}", value) for _, words, value in _whole(measured.around)],
    )
    found.tabulate(
        "crossings",
        "Where the correlation by shell falls below a level.",
        [
            Column(key="level", label="Level", format=".3g"),
            Column(key="masked", label="Around the model", unit="Å", format=".2f"),
            Column(key="unmasked", label="Without a mask", unit="Å", format=".2f"),
        ],
        [
            (level, measured.crossing("masked", level), measured.crossing("unmasked", level))
            for level, _ in _LEVELS
        ],
    )
    _tabulate_chains(found, measured)
    _tabulate_ligands(found, measured)


def _tabulate_chains(found: Findings, measured: _Measured) -> None:
    model, around = measured.model, measured.around
    polymers = np.flatnonzero(model.chains.of(*POLYMERS))
    rows = []
    for chain in polymers[:_ROWS].tolist():
        values = around.residues[model.residues.chains == chain]
        known = values[np.isfinite(values)]
        rows.append(
            (
                str(model.chains.names[chain]),
                Kind(model.chains.kinds[chain]).heading,
                values.size,
                around.chains[chain],
                float(np.median(known)) if known.size else None,
                int(np.count_nonzero(known < _POOR)),
            )
        )
    if rows:
        first = f", the first {_ROWS} of {len(polymers):,}" if len(polymers) > _ROWS else ""
        found.tabulate(
            "chains",
            f"Correlation around each chain{first}.",
            [
                Column(key="chain", label="Chain"),
                Column(key="kind", label="Kind"),
                Column(key="residues", label="Residues"),
                Column(key="cc", label="Correlation", format=".3f"),
                Column(key="median", label="Median of its residues", format=".3f"),
                Column(key="poor", label=f"Residues below {_POOR}"),
            ],
            rows,
        )


def _tabulate_ligands(found: Findings, measured: _Measured) -> None:
    model, around = measured.model, measured.around
    bound = model.residues.of(Kind.LIGAND, Kind.GLYCAN, Kind.ION)
    others = np.flatnonzero(bound & np.isfinite(around.residues))
    worst = others[np.argsort(around.residues[others], kind="stable")]
    if worst.size:
        first = f", the {_ROWS} lowest of {worst.size:,}" if worst.size > _ROWS else ""
        found.tabulate(
            "ligands",
            f"Correlation around each ligand, sugar and ion{first}.",
            [
                Column(key="residue", label="Residue"),
                Column(key="kind", label="Kind"),
                Column(key="cc", label="Correlation", format=".3f"),
            ],
            [
                (model.residue_words(i), str(model.residues.kinds[i]), around.residues[i])
                for i in worst[:_ROWS].tolist()
            ],
        )


def _draw(found: Findings, measured: _Measured) -> None:
    from vrs_scipion.figures.along_chains import Line  # slow to load
    from vrs_scipion.figures.ribbons import by_score

    masked, unmasked = measured.masked, measured.unmasked
    found.plot(
        "fsc",
        fsc_plot(
            masked.frequency,
            [
                ("around the model", masked.correlation, "measured"),
                ("without a mask", unmasked.correlation, "part"),
            ],
            (HALF, GOLD_STANDARD),
            found.task.entry.resolution,
        ),
        "Fourier shell correlation of the map and of the map that the model would give, under a "
        "soft mask around the model and without one.",
        "Curves that fall from 1 towards 0 with spatial frequency.",
    )
    if not measured.of_polymers.size:
        return
    found.plot(
        "histogram",
        histogram_plot(
            measured.of_polymers,
            xlabel="Correlation around the residue",
            marks=[(_POOR, "not seen below")],
            of=("residue", "residues"),
        ),
        "How the correlations around the residues of the polymers are distributed.",
        "A histogram, most of it between 0.5 and 1 where the model fits.",
    )
    model, around = measured.model, measured.around
    along_chains(
        found,
        "along_chains",
        model,
        [
            Line("each residue", around.residues),
            Line(f"with {NEIGHBOURS} neighbours to either side", around.segments, "part"),
        ],
        "Correlation around each residue, along the chains.",
        "A panel for each chain, with a line that falls where the model does not fit.",
        label="Correlation",
        reach=(0.0, 1.0),
        marks=[Mark(value=_POOR, label="", axis="y")],
    )
    colours, key = by_score(around.residues, *_REACH, "Correlation around the residue")
    if ribbons(
        found,
        "coloured",
        model,
        colours,
        "The model in the colours of its correlation with the map",
        "Tubes along the chains, red where the model does not fit, from three directions.",
        colour_key=key,
    ):
        found.paragraphs.append("{fig:coloured} shows where in the molecule.")


def _describe(found: Findings, measured: _Measured) -> None:
    d = quantity(measured.resolution, "Å")
    origin = "reported" if found.task.entry.resolution is not None else "estimated"
    told = [
        f"The map that the model would give was drawn with all atoms' B-factors and occupancies "
        f"and cut at the {origin} resolution of {d}. {{tab:correlations}} has its correlation with "
        "the map: where the model is, around the main chain and the side chains, and over the "
        "whole box, where what was not built counts as well.",
        "{fig:fsc} compares them by spatial frequency, {tab:crossings} says where the curves fall "
        "below the usual levels. Under the mask only the model's surroundings count: a model of a "
        "part of the molecule is judged by that part.",
    ]
    if measured.of_polymers.size:
        told.append(
            f"{{fig:along_chains}} and {{fig:histogram}} have the correlation around each residue "
            f"(within {number(measured.radius)} Å of its atoms), {{tab:chains}} "
            "around each chain. A residue below 0.5 is not seen in the map, or lies elsewhere."
        )
    if "ligands" in found.tables:
        told.append("{tab:ligands} has what is no polymer, the lowest first.")
    if measured.told is not None:
        told.append(_cctbx_words(measured.told.further))
    found.paragraphs = [*told, *found.paragraphs]


def _cctbx_words(further: Mapping[str, float | None]) -> str:
    d99, d_model, b0 = (quantity(further[key], "Å") for key in ("d99", "d_model", "d_model_b0"))
    return (
        "The correlations and the curves are by cctbx (map_model_cc, mtriage); that of residues "
        "with their neighbours, which it does not give, is built in. By mtriage the map's Fourier "
        f"coefficients add nothing beyond {d99} (d99), and it is most like the model's map where "
        f"that is cut at {d_model} (d_model), or {b0} with all B-factors 0."
    )


def _judge(found: Findings, measured: _Measured) -> None:
    reported = found.task.entry.resolution
    half = measured.crossing("masked", HALF)
    vacuous = ""
    if half is None:
        vacuous = "map and model agree by more than a half up to the Nyquist frequency"
    elif reported is None:
        vacuous = "no resolution was reported"
    share = None if vacuous or half is None or reported is None else half / reported
    found.judge(_WHOLE, measured.around.mask)
    found.judge(
        _POOR_RESIDUES,
        measured.poor,
        vacuous="" if measured.poor is not None else "the model has no polymer in the box",
    )
    coarse = reported is not None and reported > _COARSE
    found.judge(_SHARE, share, vacuous=vacuous, role="advice" if coarse else None)
    if half is not None:
        found.resolution_estimate = ResolutionEstimate(
            method="FSC of map and model at 0.5", value=half
        )
    agree = "as far as the voxels reach" if half is None else f"to {half:.2f} Å"
    cc = number(measured.around.mask, ".2f")
    poor = "" if measured.poor is None else f", {measured.poor:.1f} % of the residues below 0.5"
    found.headline = f"Map and model agree {agree} (FSC 0.5); correlation {cc}{poor}."


CHECK = Check(
    code="A.a",
    name="Map–model correlation",
    label="map–model correlation",
    purpose="Does the map look like the map that the model would give?",
    in_short=(
        "The map that the model would give (electron scattering, B-factors, occupancies) is drawn, "
        "cut at the resolution and correlated with the map: where the model is, in its highest "
        "voxels, in the box, around main chain, side chains, chains, residues and ligands; and by "
        "Fourier shell, with a soft mask and without. It warns of a correlation of at most 0.5, of "
        "10 % or more of the residues below 0.5, and up to 4.5 Å where the curves part by 0.5 at "
        "1.25 times the reported resolution or coarser."
    ),
    explanation=(
        "If the model is right, the map that its atoms would give must look like the map that was "
        "measured. The correlation of the two in space says whether atoms are where density is; "
        "that by Fourier shell says to which detail they agree. Around each residue it shows which "
        "parts of the model the map supports."
    ),
    answer=measure_correlation,
    needs=("map", "model"),
    listens_to=("1.a", "0.e"),
    applies=beside_the_map,
    engines=(BUILTIN, cctbx.NAME),
    external=_external,
    volumes=8,
    limits=(
        Limit(
            _WHOLE,
            0.5,
            "",
            "Correlation of map and model",
            "The check warns when the correlation in the voxels that the model fills is not above "
            "this.",
            "the correlation of map and model where the model is",
            ">",
            service=0.8,
            advice=(
                "The model lies elsewhere, or is of something else: see A.h, which says where it "
                "should lie, and look at both in one window. Where the whole is right and parts "
                "are not, the correlation of the residues shows which."
            ),
        ),
        Limit(
            _POOR_RESIDUES,
            10.0,
            "%",
            "Residues of low correlation",
            "The check warns when this share of the residues, or more, correlates with the map by "
            "less than 0.5.",
            "the share of residues with a correlation below 0.5",
            "<",
            advice=(
                "These residues were built where the map shows little: loops and ends that move, "
                "or a chain that was traced wrongly. Look at them in the order of the table of "
                "residues, rebuild what the density shows, and leave out what it does not."
            ),
        ),
        Limit(
            _SHARE,
            1.25,
            "",
            "Agreement against the reported resolution",
            "The check warns when map and model part (FSC 0.5) at this many times the reported "
            f"resolution, or coarser; beyond {_COARSE:g} Å that is printed and decides nothing.",
            "the resolution to which map and model agree over the reported one",
            "<",
            advice=(
                "The model explains less detail than the reported resolution promises: it is "
                "placed or built inexactly, its B-factors are off, or the resolution was "
                "overestimated; the half maps (Level 1) tell which."
            ),
        ),
    ),
    references=(AFONINE_2018, JOSEPH_2016),
    differs=(
        "The service cuts the model's map at 3 Å where the resolution is finer, merges chains by "
        "letter, and skips all of this level where its correlation is 0.8 or less."
    ),
)
