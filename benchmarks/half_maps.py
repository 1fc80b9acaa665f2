"""How near 1.a comes to the truth, and how often its verdict is right: half maps of known truth.

    python benchmarks/half_maps.py MODELS [--structures N] [--seed S] [--maps FOLDER] [--page FILE]

MODELS is a folder with ``index.json`` and atomic structures (PDB or mmCIF). Of each structure half
maps are made twice (``vrs simulate --halves``): their correlation in a refinement's mask falls
through 0.143 at the resolution wanted, steeply or gently. Deposited maps of FOLDER are tried, too.
The truth that 1.a is held against is the correlation by the signal alone under the very mask that
1.a has made. Then the resolution reported is varied, and so are the half maps: a reported
resolution that is the truth under the refinement's mask must pass, and none at all; finer ones,
halves of pure noise, of which one is inverted or mirrored, and halves that are the same must not.
"""

from __future__ import annotations

import argparse
import json
import math
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy import fft

from vrs_scipion.checks.level1_a_fsc import CHECK
from vrs_scipion.checks.run import run_check
from vrs_scipion.entry.inputs import prepare
from vrs_scipion.entry.request import Request
from vrs_scipion.maps.density import Volume
from vrs_scipion.maps.writing import write_volume
from vrs_scipion.methods.fsc import GOLD_STANDARD, UnderMask, crossings, modified_correlation
from vrs_scipion.results import CheckResult, Outcome
from vrs_scipion.simulation import (
    Fault,
    HalvesSettings,
    Signal,
    SimulatedHalves,
    SimulationSettings,
    Within,
    atoms_from_model,
    read_model,
    signal_of_map,
    signal_of_simulation,
    simulate,
    simulate_halves,
)
from vrs_scipion.simulation.half_masks import LOOSE
from vrs_scipion.simulation.halves_truth import correlation_of, power_under
from vrs_scipion.simulation.shells import Shells

RESOLUTIONS = (2.8, 3.5, 4.5, 6.0, 8.0)
CLAIMS = (1.0, 0.95, 0.9, 0.85, 0.8, 0.7, 0.5)
"""Reported resolutions, as shares of the truth under the refinement's mask."""
FALLS = {"steep": 0.06, "gentle": 0.12}
"""Width of the correlation's fall, as a share of the frequency at which it is 0.143."""
KINDS = ("masked", "corrected", "mfsc")
"""Of the resolutions that 1.a has under its mask, by their keys."""
DEPOSITED = (
    ("emd_3488.map.gz", 0.05, 3.6),
    ("emd_5168.map.gz", 8.0, 7.0),
    ("emd_0093_m4A.mrc.gz", 0.6, 4.2),
)
"""Deposited maps, their contours, and the resolution of their half maps in Å."""
FAULTS = ("noise", "inverted", "mirrored", "identical", "scaled=2")

_LARGEST_SIDE, _ROOM, _OVERSAMPLED = 96, 1.7, 2.8
_B_FACTOR = 60.0


@dataclass(frozen=True)
class Pair:
    """Half maps whose truth is known.

    Attributes
    ----------
    name, fall : of the structure or map, of the correlation
    sets : whether limits may be chosen on it; the others judge the choice
    made : the half maps
    settings : what they were made with, but for faults
    signal : what they were made of
    """

    name: str
    fall: str
    sets: bool
    made: SimulatedHalves
    settings: HalvesSettings
    signal: Signal

    @property
    def truth(self) -> float:
        """Å, under the refinement's mask."""
        return self.made.truth.resolution(LOOSE) or math.nan

    def spoiled(self, fault: str) -> SimulatedHalves:
        """The half maps with a fault."""
        wrong = {"faults": (Fault.parsed(fault),)}
        return simulate_halves(self.signal, self.settings.model_copy(update=wrong))

    def truth_under(self, mask: Volume) -> float:
        """Å at which the correlation by the signal alone falls below 0.143 under a mask."""
        grid, truth = self.made.signal.density, self.made.truth
        shells = Shells(grid.box, grid.voxel_size)
        curve = correlation_of(power_under(grid.values, {"": mask}, shells)[""], truth.noise)
        found = crossings(shells.frequencies[1:].tolist(), curve[1:].tolist(), GOLD_STANDARD)
        return 1 / found[0] if found else math.nan


def pairs(models: Path, structures: int, seed: int) -> Iterator[Pair]:
    """Structures in the order in which they are drawn, with both falls each."""
    generator = np.random.default_rng(seed)
    index = json.loads((models / "index.json").read_text(encoding="utf-8"))
    done = 0
    for place in generator.permutation(len(index)):
        if done == structures:
            return
        wanted = RESOLUTIONS[done % len(RESOLUTIONS)]
        atoms = atoms_from_model(read_model(models / index[place]["file"]))
        voxel = wanted / _OVERSAMPLED
        side = 2 * round(_ROOM * float(np.ptp(atoms.positions, axis=0).max()) / voxel / 2)
        if not 48 <= side <= _LARGEST_SIDE:
            continue
        drawn = SimulationSettings(
            resolution=2 * voxel, voxel_size=voxel, box=side, b_factor=_B_FACTOR
        )
        signal = signal_of_simulation(simulate(atoms, drawn))
        for fall, width in FALLS.items():
            settings = HalvesSettings(
                resolution=wanted, fall=width, within=Within.MASK, seed=seed + done
            )
            made = simulate_halves(signal, settings)
            yield Pair(index[place]["id"], fall, done % 2 == 0, made, settings, signal)
        done += 1


def deposited(maps: Path) -> Iterator[Pair]:
    """Half maps of deposited maps."""
    for file, contour, resolution in DEPOSITED:
        signal = signal_of_map(maps / file, contour)
        settings = HalvesSettings(resolution=resolution, within=Within.MASK)
        made = simulate_halves(signal, settings)
        yield Pair(file.split(".")[0], "usual", False, made, settings, signal)


def answered(made: SimulatedHalves, claim: float | None) -> tuple[CheckResult, Volume]:
    """What 1.a says of two half maps and a reported resolution (Å), and the mask it made."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        given = {"map": made.density, "half1": made.half_maps[0], "half2": made.half_maps[1]}
        files = {key: folder / f"{key}.mrc" for key in given}
        for key, density in given.items():
            write_volume(files[key], density.values, density.voxel_size)
        request = Request.of(**files, contour=made.contour, resolution=claim)
        entry = prepare(request, folder / "entry")
        return run_check(CHECK, entry, folder / "out"), entry.half_maps().mask


@dataclass
class Tables:
    """What was measured.

    Attributes
    ----------
    found : of each pair its name, fall, truth under 1.a's mask, and 1.a's resolutions by key
    masks : by the name of a mask: truth, under it, and without its effect, in Å
    claims : by the share claimed and whether the structure sets limits: not OK
    others : by what is wrong, with a resolution reported or not: outcomes
    """

    found: list[tuple[str, str, float, dict[str, float]]]
    masks: dict[str, list[tuple[float, float, float]]]
    claims: dict[tuple[float, bool], list[bool]]
    others: dict[tuple[str, bool], list[Outcome]]

    def add_truth(self, pair: Pair) -> None:
        """1.a against the truth under its own mask."""
        result, mask = answered(pair.made, pair.truth)
        values = {
            key.removeprefix("resolution_"): math.nan if m.value is None else float(m.value)
            for key, m in result.measurements.items()
            if key.startswith("resolution_")
        }
        self.found.append((pair.name, pair.fall, pair.truth_under(mask), values))

    def add_masks(self, pair: Pair) -> None:
        """Curves under masks of all kinds, against the truth under each."""
        first, second = (half.values for half in pair.made.half_maps)
        size = pair.made.density.voxel_size
        spectra = fft.rfftn(first), fft.rfftn(second)
        for name, mask in pair.made.masks.items():
            masked = UnderMask.of(mask, size).correlation(first, second)
            modified = modified_correlation(*spectra, mask, size)
            nyquist = 2 * max(size)
            found = (curve.resolution(GOLD_STANDARD) or nyquist for curve in (masked, modified))
            truth = pair.made.truth.resolution(name) or nyquist
            self.masks.setdefault(name, []).append((truth, *found))

    def add_claims(self, pair: Pair) -> None:
        """Verdicts on reported resolutions, and on half maps with something wrong."""
        for claim in CLAIMS:
            outcome = answered(pair.made, claim * pair.truth)[0].outcome
            self.claims.setdefault((claim, pair.sets), []).append(outcome is not Outcome.OK)
        self._add_outcome("nothing", pair.made, None)
        for fault in FAULTS:
            spoiled = pair.spoiled(fault)
            self._add_outcome(fault, spoiled, pair.truth)
            self._add_outcome(fault, spoiled, None)

    def _add_outcome(self, fault: str, made: SimulatedHalves, claim: float | None) -> None:
        outcome = answered(made, claim)[0].outcome
        self.others.setdefault((fault, claim is not None), []).append(outcome)


def page_of(tables: Tables, structures: int) -> str:
    """The tables in Markdown."""
    return "\n".join(
        [
            "# How near 1.a comes to the truth, and how often it is right",
            "",
            f"`python benchmarks/half_maps.py MODELS --maps FOLDER`: {structures} atomic "
            "structures, each with a correlation that falls steeply and one that falls gently, and "
            "deposited maps. Voxels are those of the resolution over 2.8.",
            "",
            "## Measured against the truth",
            "",
            "Resolution at 0.143 in Å. The truth is the correlation by the signal alone under the "
            "mask that 1.a made.",
            "",
            *_deviations(tables),
            "",
            *_table(
                ["half maps", "fall", "truth", *KINDS, "unmasked", "95 %"],
                (
                    [name, fall, _angstrom(truth), *(_angstrom(v.get(k)) for k in KINDS),
                     _angstrom(v.get("unmasked")), _bounds(v)]
                    for name, fall, truth, v in tables.found
                ),
            ),
            "",
            "## Under good and bad masks",
            "",
            "Deviation from the truth under each mask in %, mean and root mean square; positive is "
            "coarser than the truth. Curves that never fall count as Nyquist.",
            "",
            *_table(
                ["mask", "FSC under it", "correlation by bands (mFSC)"],
                (
                    [name, *(_spread([row[k] / row[0] for row in rows]) for k in (1, 2))]
                    for name, rows in tables.masks.items()
                ),
            ),
            "",
            "## Reported resolutions",
            "",
            "*Not OK* is a warning or \"cannot tell\". Even structures may set limits, odd ones "
            "judge them. Shares are of the truth under the refinement's mask.",
            "",
            *_table(
                ["reported", "setting, not OK", "judging, not OK"],
                (
                    [f"{claim:g} ×", *(_share(tables.claims[claim, s]) for s in (True, False))]
                    for claim in CLAIMS
                    if (claim, True) in tables.claims
                ),
            ),
            "",
            "## Half maps with something wrong",
            "",
            *_table(
                ["what is wrong", "reported", "outcomes of 1.a"],
                (
                    [fault, "the truth" if told else "nothing", _counted(outcomes)]
                    for (fault, told), outcomes in tables.others.items()
                ),
            ),
            "",
        ]
    )  # fmt: skip


def _deviations(tables: Tables) -> Iterator[str]:
    for kind in KINDS:
        ratios = [v[kind] / truth for *_, truth, v in tables.found if kind in v]
        if ratios:
            yield f"- {kind}: deviation {_spread(ratios)} (mean, root mean square) of {len(ratios)}"
    inside = [
        v["mfsc_high"] <= truth <= v["mfsc_low"] or v["mfsc_low"] <= truth <= v["mfsc_high"]
        for *_, truth, v in tables.found
        if "mfsc_low" in v
    ]
    if inside:
        yield f"- the 95 % interval of mfsc holds the truth in {sum(inside)} of {len(inside)}"


def _spread(ratios: Sequence[float]) -> str:
    off = 100 * (np.array([r for r in ratios if np.isfinite(r)]) - 1)
    return f"{off.mean():+.1f} %, {np.sqrt(np.mean(off**2)):.1f} %" if off.size else "–"


def _bounds(values: dict[str, float]) -> str:
    if "mfsc_low" not in values:
        return "–"
    low, high = sorted((values["mfsc_low"], values["mfsc_high"]))
    return f"{_angstrom(low)} to {_angstrom(high)}"


def _angstrom(value: float | None) -> str:
    return "–" if value is None or not math.isfinite(value) else f"{value:.2f}"


def _share(hits: Sequence[bool]) -> str:
    return f"{sum(hits)} of {len(hits)}"


def _counted(outcomes: Sequence[Outcome]) -> str:
    return ", ".join(f"{n} {one.value.replace('_', ' ')}" for one, n in Counter(outcomes).items())


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    lines = ["| " + " | ".join(cells) + " |" for cells in (header, *rows)]
    return [lines[0], "|" + "---|" * len(header), *lines[1:]]


def main() -> None:
    """Measure, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("models", type=Path)
    parser.add_argument("--structures", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--maps", type=Path, help="folder of deposited maps")
    parser.add_argument("--page", type=Path, default=Path(__file__).with_suffix(".md"))
    options = parser.parse_args()
    tables = Tables([], {}, {}, {})
    for pair in pairs(options.models, options.structures, options.seed):
        tables.add_truth(pair)
        tables.add_masks(pair)
        tables.add_claims(pair)
        print(tables.found[-1])
    for pair in deposited(options.maps) if options.maps else ():
        tables.add_truth(pair)
        tables.add_masks(pair)
        print(tables.found[-1])
    options.page.write_text(page_of(tables, options.structures), encoding="utf-8")


if __name__ == "__main__":
    main()
