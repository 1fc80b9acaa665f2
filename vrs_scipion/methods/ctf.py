"""The contrast transfer function of an electron microscope in the weak-phase approximation.

References
----------
Wade (1992), doi:10.1016/0304-3991(92)90011-8
Rohou & Grigorieff (2015), doi:10.1016/j.jsb.2015.08.008
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vrs_scipion.particles.table import ParticleTable

Reals = NDArray[np.float64]

_PHASE_SHIFT = "phase_shift"
_VOLTS = 1e3
_MILLIMETRE = 1e7
"""Å."""
_WAVELENGTH, _RELATIVISTIC = 12.264259, 0.978466e-6
"""Å·√V, and 1/V: of h/√(2·m·e·V·(1 + e·V/(2·m·c²)))."""


def wavelength(voltage: ArrayLike) -> Reals:
    """Wavelength of electrons, in Å, at voltages in kV.

    Examples
    --------
    >>> round(float(wavelength(300.0)), 4)
    0.0197
    """
    volts = np.asarray(voltage, dtype=np.float64) * _VOLTS
    found: Reals = _WAVELENGTH / np.sqrt(volts * (1 + _RELATIVISTIC * volts))
    return found


@dataclass(frozen=True)
class Optics:
    """What the contrast transfer function of particles follows from, one value a particle.

    Attributes
    ----------
    voltage, spherical_aberration, amplitude_contrast : kV, mm, fraction
    defocus_u, defocus_v : Å, positive is underfocus
    defocus_angle : degrees from x to the axis of ``defocus_u``
    phase_shift : degrees
    """

    voltage: Reals
    spherical_aberration: Reals
    amplitude_contrast: Reals
    defocus_u: Reals
    defocus_v: Reals
    defocus_angle: Reals
    phase_shift: Reals

    @classmethod
    def of(cls, table: ParticleTable) -> Optics:
        """Of all particles of a table; where it gives no phase shift, there is none.

        Raises
        ------
        ParticleError
            If the table lacks anything else.
        """
        names = [one.name for one in fields(cls) if one.name != _PHASE_SHIFT]
        shift = table.columns.get(_PHASE_SHIFT, np.zeros(len(table)))
        return cls(**{name: table.needed(name) for name in names}, phase_shift=shift)

    def ctf(self, frequencies: Reals) -> Reals:
        """The contrast transfer function: −(√(1 − Q²)·sin χ + Q·cos χ).

        χ = πλΔf·k² − (π/2)·Cs·λ³·k⁴ + phase shift, where Δf is the defocus along k. A protein that
        is dark in the micrograph (underfocus) is seen through this function; inverted on
        extraction, through its negative.

        Parameters
        ----------
        frequencies : shape (s, 2), 1/Å along x and y

        Returns
        -------
        float64 array, shape (n, s)
        """
        squared = (frequencies**2).sum(axis=1)[None, :]
        azimuth = np.arctan2(frequencies[:, 1], frequencies[:, 0])[None, :]
        electrons = wavelength(self.voltage)[:, None]
        aberration = self.spherical_aberration[:, None] * _MILLIMETRE
        mean, half = (self.defocus_u + self.defocus_v) / 2, (self.defocus_u - self.defocus_v) / 2
        turned = 2 * (azimuth - np.radians(self.defocus_angle)[:, None])
        defocus = mean[:, None] + half[:, None] * np.cos(turned)
        phase = (
            np.pi * electrons * squared * (defocus - aberration * electrons**2 * squared / 2)
            + np.radians(self.phase_shift)[:, None]
        )
        found: Reals = -np.sin(phase + np.arcsin(self.amplitude_contrast)[:, None])
        return found
