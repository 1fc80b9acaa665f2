"""Bond lengths and angles of the main chain against what small molecules have.

References
----------
Engh and Huber (2001), International Tables for Crystallography F, ch. 18.3, tables of backbone
fragments, doi:10.1107/97809553602060000695; Lovell et al. (2003), doi:10.1002/prot.10286 (Cβ
deviation)
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from vrs_scipion.methods.stereochemistry.main_chain import MainChain
from vrs_scipion.models.atomic_model import Chosen
from vrs_scipion.models.atoms import Coordinates
from vrs_scipion.models.geometry import Reals, angles, distances

Standard = tuple[float, float]
"""What is usual and its standard deviation, in Å or degrees."""


@dataclass(frozen=True)
class Deviations:
    """k lengths or angles of each of r residues.

    Attributes
    ----------
    names : of the k
    values : float64 array, shape (r, k), Å or degrees; NaN where an atom is missing
    ideal, sigma : float64 arrays, shape (r, k)
    """

    names: tuple[str, ...]
    values: Reals
    ideal: Reals
    sigma: Reals

    @property
    def z(self) -> Reals:
        """In standard deviations, shape (r, k)."""
        return (self.values - self.ideal) / self.sigma


@dataclass(frozen=True)
class _Usual:
    """The standards of a length or angle: of most residues, prolines and glycines."""

    most: Standard
    proline: Standard
    glycine: Standard


@dataclass(frozen=True)
class _UsualAtBeta:
    """Those of a length or angle at Cβ, by the hydrogens there, and of prolines."""

    three: Standard
    two: Standard
    one: Standard
    proline: Standard


_LENGTHS: dict[str, _Usual | _UsualAtBeta] = {
    "N–CA": _Usual((1.459, 0.020), (1.468, 0.017), (1.456, 0.015)),
    "CA–C": _Usual((1.525, 0.026), (1.524, 0.020), (1.514, 0.016)),
    "C–O": _Usual((1.229, 0.019), (1.228, 0.020), (1.232, 0.016)),
    "C–N": _Usual((1.336, 0.023), (1.338, 0.019), (1.326, 0.018)),
    "CA–CB": _UsualAtBeta((1.521, 0.033), (1.535, 0.022), (1.542, 0.023), (1.531, 0.020)),
}
_ANGLES: dict[str, _Usual | _UsualAtBeta] = {
    "N–CA–C": _Usual((111.0, 2.7), (112.1, 2.6), (113.1, 2.5)),
    "CA–C–O": _Usual((120.1, 2.1), (120.2, 2.4), (120.6, 1.8)),
    "CA–C–N": _Usual((117.2, 2.2), (117.1, 2.8), (116.2, 2.0)),
    "O–C–N": _Usual((122.7, 1.6), (121.1, 1.9), (123.2, 1.7)),
    "C–N–CA": _Usual((121.7, 2.5), (119.3, 1.5), (122.3, 2.1)),
    "N–CA–CB": _UsualAtBeta((110.4, 1.5), (110.6, 1.8), (111.1, 2.3), (103.1, 1.2)),
    "C–CA–CB": _UsualAtBeta((110.5, 1.5), (110.4, 2.0), (111.3, 2.0), (111.8, 2.0)),
}
_BEFORE_CIS_PROLINE = (127.0, 2.4)
_BRANCHED_AT_BETA = ("ILE", "THR", "VAL", "DIL", "DTH", "DVA")


def lengths(chain: MainChain) -> Deviations:
    """Bond lengths of the main chain and to Cβ; C–N is that to the residue before."""
    n, ca, c, o, cb = _positions(chain)
    values = (
        distances(n, ca),
        distances(ca, c),
        distances(c, o),
        _over_the_bond(chain, lambda before, here: distances(c[before], n[here])),
        distances(ca, cb),
    )
    return _deviations(chain, _LENGTHS, values)


def bond_angles(chain: MainChain) -> Deviations:
    """Bond angles of the main chain and at Cβ; those at C–N are at the bond to the one before."""
    n, ca, c, o, cb = _positions(chain)
    values = (
        angles(n, ca, c),
        angles(ca, c, o),
        _over_the_bond(chain, lambda before, here: angles(ca[before], c[before], n[here])),
        _over_the_bond(chain, lambda before, here: angles(o[before], c[before], n[here])),
        _over_the_bond(chain, lambda before, here: angles(c[before], n[here], ca[here])),
        angles(n, ca, cb),
        angles(c, ca, cb),
    )
    found = _deviations(chain, _ANGLES, values)
    place = found.names.index("C–N–CA")
    bent = chain.prolines & chain.cis
    found.ideal[bent, place], found.sigma[bent, place] = _BEFORE_CIS_PROLINE
    return found


def beta_deviations(chain: MainChain) -> Reals:
    """Å between each Cβ and where N, CA and C want it, shape (r,); NaN without one.

    The place is the mean of two, set up by the usual angles from N and from C, at the usual length:
    what an unusual angle N–CA–C costs is so shared by both sides.
    """
    n, ca, c, _, cb = _positions(chain)
    length = _standards(chain, _LENGTHS["CA–CB"])[0]
    at_ca, at_n, at_c = (
        np.radians(_standards(chain, _ANGLES[name])[0]) for name in ("N–CA–C", "N–CA–CB", "C–CA–CB")
    )
    hand = np.where(chain.named_d, -1.0, 1.0)
    from_n = _placed(c, n, ca, length, at_n, -hand * _dihedral(at_c, at_n, at_ca))
    from_c = _placed(n, c, ca, length, at_c, hand * _dihedral(at_n, at_c, at_ca))
    middle = (from_n + from_c) / 2 - ca
    middle *= (length / np.linalg.norm(middle, axis=1))[:, np.newaxis]
    return distances(ca + middle, cb)


def _dihedral(opposite: Reals, beside: Reals, other: Reals) -> Reals:
    """Of two planes through an edge of a corner, in radians, from the three angles there."""
    cosine = np.cos(opposite) - np.cos(beside) * np.cos(other)
    return np.asarray(np.arccos(cosine / (np.sin(beside) * np.sin(other))), np.float64)


def _placed(
    a: Coordinates, b: Coordinates, c: Coordinates, length: Reals, angle: Reals, torsion: Reals
) -> Coordinates:
    """Points at a length (Å) from c, an angle b–c–d and a torsion a–b–c–d (radians)."""
    along = _unit(c - b)
    normal = _unit(np.cross(b - a, along))
    across = np.cross(normal, along)
    turned = (
        -np.cos(angle)[:, np.newaxis] * along
        + (np.sin(angle) * np.cos(torsion))[:, np.newaxis] * across
        + (np.sin(angle) * np.sin(torsion))[:, np.newaxis] * normal
    )
    return np.asarray(c + length[:, np.newaxis] * turned, np.float64)


def _unit(vectors: Coordinates) -> Coordinates:
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float64)


def _positions(chain: MainChain) -> tuple[Coordinates, ...]:
    return tuple(chain.at(atoms) for atoms in (chain.n, chain.ca, chain.c, chain.o, chain.cb))


def _over_the_bond(chain: MainChain, measured: Callable[[slice, slice], Reals]) -> Reals:
    """What is measured over the bonds to the residues before; NaN where there is none."""
    known = np.where(chain.linked[1:], measured(slice(None, -1), slice(1, None)), np.nan)
    padded: Reals = np.r_[np.nan, known]
    return padded[: len(chain)]


def _deviations(
    chain: MainChain,
    usual: dict[str, _Usual | _UsualAtBeta],
    values: tuple[Reals, ...],
) -> Deviations:
    standards = [_standards(chain, one) for one in usual.values()]
    return Deviations(
        names=tuple(usual),
        values=np.column_stack(values),
        ideal=np.column_stack([ideal for ideal, _ in standards]),
        sigma=np.column_stack([sigma for _, sigma in standards]),
    )


def _standards(chain: MainChain, usual: _Usual | _UsualAtBeta) -> tuple[Reals, Reals]:
    """What is usual for each residue and its standard deviation, shape (r,) each."""
    names = chain.names
    cases: list[tuple[Chosen, Standard]]
    if isinstance(usual, _Usual):
        default = usual.most
        cases = [(names == "GLY", usual.glycine)]
    else:
        default = usual.two
        cases = [
            (np.isin(names, ("ALA", "DAL")), usual.three),
            (np.isin(names, _BRANCHED_AT_BETA), usual.one),
        ]
    ideal, sigma = (np.full(len(chain), value) for value in default)
    for chosen, standard in (*cases, (chain.prolines, usual.proline)):
        ideal[chosen], sigma[chosen] = standard
    return ideal, sigma
