"""What two half maps have in common: a density without noise, from a model or a deposited map."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np

from vrs_scipion.files import InputError, sha256
from vrs_scipion.maps.density import Density, Mask, Volume
from vrs_scipion.maps.masks import cosine_mask, hard_mask, soft_mask
from vrs_scipion.maps.reading import read_density, read_header
from vrs_scipion.simulation.model_to_map import Simulation

_FEWEST_VOXELS = 5.0


@dataclass(frozen=True)
class Signal:
    """A density without noise, 0 far from the molecule.

    Attributes
    ----------
    density : the map before noise
    molecule : bool array, shape (nz, ny, nx), where the molecule is
    contour : recommended for the density
    name : of the file or the model; may be empty
    sha256 : of the file as it is; None where there is none
    notes : what was left out or taken for granted, one sentence each
    dilation, edge : Å by which the mask of refinements is wider than the molecule, and over which
        it falls to 0, over five voxels at least
    """

    density: Density
    molecule: Mask
    contour: float
    name: str = ""
    sha256: str | None = None
    notes: tuple[str, ...] = ()
    dilation: float = 6.0
    edge: float = 8.0

    @cached_property
    def mask(self) -> Volume:
        """The mask of refinements, wide and soft: float32 from 0 to 1."""
        size = self.density.voxel_size
        edge = max(self.edge, _FEWEST_VOXELS * max(size))
        return cosine_mask(self.molecule, size, self.dilation, edge)

    @property
    def enclosed(self) -> int:
        """Voxels at or above the contour."""
        return max(1, int(np.count_nonzero(self.density.values >= self.contour)))


def signal_of_simulation(simulation: Simulation) -> Signal:
    """The noise-free map of a simulation."""
    truth = simulation.truth
    return Signal(
        density=truth.density,
        molecule=truth.mask,
        contour=simulation.contour - simulation.settings.background,
        name=truth.source.name,
        sha256=truth.source.sha256,
        notes=truth.source.notes,
    )


def signal_of_map(
    path: Path | str, contour: float | None, voxel_size: float | None = None
) -> Signal:
    """A deposited map inside its hard mask, whose edge is softened.

    What noise the map has inside stays, and counts as signal.

    Parameters
    ----------
    path : of the map
    contour : in its units
    voxel_size : Å, where the file's header is wrong

    Raises
    ------
    InputError
        If the map cannot be read, no contour is given, or nothing reaches it.
    """
    density = read_density(path, voxel_size)
    if contour is None:
        raise InputError(path, "a map as the signal needs its contour; give --contour")
    if not contour > 0:
        raise InputError(path, f"a contour of {contour:g} has the solvent in it; give one above 0")
    if not (density.values >= contour).any():
        raise InputError(
            path,
            f"nothing reaches the contour of {contour:g}; its highest value is "
            f"{float(density.values.max()):.4g}",
        )
    molecule = hard_mask(density.values, contour, density.voxel_size)
    values = density.values * soft_mask(molecule, density.voxel_size)
    return Signal(
        density=replace(density, values=values),
        molecule=molecule,
        contour=contour,
        name=Path(path).name,
        sha256=sha256(Path(path)),
        notes=density.notes,
    )


def is_map(path: Path | str) -> bool:
    """Whether a file is a map rather than an atomic model."""
    try:
        read_header(path)
    except InputError:
        return False
    return True
