"""What the checks of the half maps' directions share: cones under the soft mask, words, limits."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from vrs_scipion import __version__
from vrs_scipion.checks.check import Limit
from vrs_scipion.checks.findings import Findings
from vrs_scipion.checks.half_maps_words import FOREIGN, SPECK
from vrs_scipion.checks.independence import doubt
from vrs_scipion.checks.task import Task
from vrs_scipion.entry.kept import kept
from vrs_scipion.folders import SPECTRA
from vrs_scipion.maps.masks import runs_through
from vrs_scipion.methods.directional import (
    SEED,
    Cones,
    DirectionalSums,
    HalfSphere,
    Overlap,
    Reach,
    cones_about,
    directional_sums,
    mask_overlap,
)
from vrs_scipion.methods.engine import BUILTIN
from vrs_scipion.methods.fsc import GOLD_STANDARD, UnderMask
from vrs_scipion.methods.local_directions import Preference
from vrs_scipion.methods.shells import Reals, Shells
from vrs_scipion.results import Engine
from vrs_scipion.results.model import Role
from vrs_scipion.results.numbers import quantity

_FILE = "directions.npy"

SIGNAL, REPORTED = "signal_lowest", "reported_share"
_SURE = 2.0
"""Standard errors that are no chance."""
_WHERE_BEST = "A triangle marks the finest direction, one that stands on its tip the coarsest."

_FILLS = (
    " The mask is cut off at the faces of the box: what is cut off there correlates along the "
    "direction across the face, which makes that direction look better than it is."
)


@dataclass(frozen=True)
class HalvesByDirection:
    """Two half maps under their soft mask, by direction.

    Attributes
    ----------
    sums : by shell and pixel of the half sphere
    overlap : of the mask
    order : of the point group; 1 where none was given
    filament : whether the molecule runs through the box
    """

    sums: DirectionalSums
    overlap: Overlap
    order: int
    filament: bool

    @classmethod
    def of(cls, task: Task) -> HalvesByDirection:
        """Sort the half maps of an entry, once for all checks that ask for it."""
        entry = task.entry
        halves, record = entry.half_maps(), entry.half_maps_record
        size = record.voxel_size
        under = UnderMask.of(halves.mask, size, task.threads)

        def make() -> DirectionalSums:
            spectra = under.spectra(halves.first.values, halves.second.values)
            return directional_sums(*spectra, record.box, size)

        source = entry.path("half_maps", record.soft_mask.file)
        path = source.parent / SPECTRA / _FILE
        return cls(
            kept(path, source, make, _save, lambda found: _load(found, under.shells)),
            mask_overlap(under),
            entry.symmetry_order or 1,
            any(runs_through(halves.hard)),
        )

    def cones(self, half_angle: float, directions: Reals | None = None) -> Cones:
        """Of so many degrees, about every pixel of the half sphere or about some directions."""
        about = self.sums.sphere.directions if directions is None else directions
        return cones_about(about, half_angle, self.sums, self.overlap, self.order)


def _save(path: Path, sums: DirectionalSums) -> None:
    with path.open("wb") as file:
        np.save(file, sums.all)


def _load(path: Path, shells: Shells) -> DirectionalSums | None:
    sphere, found = HalfSphere(), np.load(path)
    right = found.shape == (4, shells.count, sphere.count)
    return DirectionalSums(shells, sphere, found) if right else None


def builtin(half_angle: float, directions: int) -> Engine:
    """The built-in engine with what it was told."""
    arguments = {"half_angle": half_angle, "directions": directions, "seed": SEED}
    return Engine(name=BUILTIN, version=__version__, arguments=arguments)


def cannot_measure(found: Findings, cones: Cones) -> bool:
    """Say why nothing can be said of directions, if so: no signal, copies, too few samples."""
    resolution = cones.whole.resolution(GOLD_STANDARD)
    if resolution is None:
        found.cannot_tell = (
            f"The correlation of the half maps does not fall below {GOLD_STANDARD:g} before the "
            "Nyquist limit of their voxels: they are copies of each other, or not independent, or "
            "were filtered so that nothing is left to compare, or their voxels are too coarse for "
            "what they hold. Whether it depends on direction cannot be told."
        )
        found.headline = "The half maps agree as far as their voxels reach."
        return True
    if not found.judge(SIGNAL, cones.significance).passed:
        found.headline = "The half maps have no signal in common."
        return True
    if not cones.tells(GOLD_STANDARD):
        found.cannot_tell = (
            f"The correlation of the half maps falls at {quantity(resolution, 'Å')}, where a cone "
            "holds too few independent values to be told from another: the box or the mask is too "
            "small for the question."
        )
        found.headline = "Whether the resolution depends on direction cannot be told."
        return True
    return False


def doubt_dependent(found: Findings) -> None:
    """Tell nothing good of half maps that were found to share more than the molecule."""
    reason = doubt(found.task)
    if reason and not found.warnings:
        found.cannot_tell = reason
        found.headline = "The half maps are not independent: their resolution is in doubt."


def note_axes(found: Findings, reach: Reach | Preference) -> None:
    """Measure the finest and the coarsest direction."""
    for name, direction in (("best", reach.best), ("worst", reach.worst)):
        words = {"best": "finest", "worst": "coarsest"}[name]
        for axis, component in zip("xyz", direction[::-1], strict=True):
            found.measure(
                f"{name}_axis_{axis}",
                float(component),
                "",
                f"{axis} of the unit vector along the direction of the {words} resolution",
            )


def axes_in_words(reach: Reach) -> str:
    """The finest and the coarsest direction, with the resolutions there."""
    fine, coarse = (
        f"{quantity(float(1 / value), 'Å')} along {vector(direction)}"
        for value, direction in (
            (reach.smooth.max(), reach.best),
            (reach.smooth.min(), reach.worst),
        )
    )
    chance = "" if reach.ratio.value - 1 > _SURE * reach.ratio.error else ", which may be chance"
    return f"the finest is {fine} and the coarsest {coarse}{chance}"


def vector(direction: Reals) -> str:
    """A direction as its components along x, y and z."""
    components = (f"{component:.2f}".replace("-", "−") for component in direction[::-1] + 0.0)
    return f"({', '.join(components)})"


def draw_reach(found: Findings, key: str, reach: Reach, values: Reals, caption: str) -> None:
    """Draw resolutions by direction on half a sphere, the finest and coarsest one marked."""
    from vrs_scipion.figures.sphere import Spot, draw_sphere  # slow to load

    spots = (Spot(reach.best, "finest", "^"), Spot(reach.worst, "coarsest", "v"))
    found.picture(
        key,
        lambda path: draw_sphere(
            reach.directions, 1 / values, path, label="Resolution (Å)", spots=spots
        ),
        f"{caption} The sphere of directions is seen from z, x to the right, y up; a direction and "
        f"its opposite are one. Dotted circles lie 30 and 60° from z. {_WHERE_BEST}",
        "A disc coloured by resolution, with two marks.",
    )


def mask_at_faces(found: Findings) -> str:
    """What to say where the soft mask is cut off by the box; '' where it is not."""
    return _FILLS if found.task.entry.half_maps_record.soft_mask_touches_faces else ""


def role_of_evenness(found: Findings, filament: bool) -> Role:
    """Whether differences between directions decide: those of a filament do not."""
    if not filament:
        return "verdict"
    found.paragraphs.append(
        "The molecule runs through the box, as filaments do: their amplitudes lie on layer lines, "
        "so that directions differ whatever the views. Such differences are printed and decide "
        "nothing here."
    )
    return "advice"


def symmetry_in_words(found: Findings) -> str:
    """What the error bars know of the point group."""
    order = found.task.entry.symmetry_order
    if order is None:
        return (
            " No point group was given: if a symmetry was imposed, the error bars are too small by "
            "the root of its order."
        )
    return f" The point group of order {order} is in the error bars." if order > 1 else ""


def reported_limit(subject: str, of: str) -> Limit:
    """The limit of the reported resolution, in % of the one found."""
    return Limit(
        REPORTED,
        80.0,
        "%",
        "Reported resolution against the one found",
        f"The check warns when the reported resolution, in % of {of}, is below this.",
        subject,
        ">=",
        advice=(
            "The claim goes beyond what the half maps hold. Most often it was read off a curve "
            "under a mask that is too tight, or off other half maps than these: see 1.a and 1.k."
        ),
    )


SIGNAL_LIMIT = Limit(
    SIGNAL,
    5.0,
    "standard errors",
    "Least signal in common",
    "The check warns when the correlation of the half maps, over all shells before it falls below "
    "0.143, is fewer standard errors above none: they have no signal in common.",
    "the correlation of the half maps before it falls",
    ">=",
    advice=FOREIGN + SPECK,
)
