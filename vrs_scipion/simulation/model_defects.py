"""What can be wrong with a model beside its map, each with a size."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import gemmi
import numpy as np
from scipy.spatial import cKDTree
from scipy.spatial.transform import Rotation

from vrs_scipion.models.atoms import Coordinates
from vrs_scipion.simulation.model_errors import refined
from vrs_scipion.simulation.model_pair import (
    MAIN_CHAIN,
    Pair,
    has_backbone,
    keep_atoms,
    listed,
    proteins,
)
from vrs_scipion.simulation.model_rebuilding import (
    lead_astray,
    shift_sequence,
    shift_stretch,
    turn_side_chains,
)
from vrs_scipion.simulation.record import Parameters
from vrs_scipion.simulation.wrong import Kind, Wrong

_FEWEST = 10
"""Residues of a chain that one of the defects of whole chains is made to."""
_ADENINE = {
    "N9": (-1.291, 4.498), "C8": (0.024, 4.897), "N7": (0.877, 3.902), "C5": (0.071, 2.771),
    "C6": (0.369, 1.398), "N6": (1.611, 0.909), "N1": (-0.668, 0.532), "C2": (-1.912, 1.023),
    "N3": (-2.320, 2.290), "C4": (-1.267, 3.124),
}  # fmt: skip
"""x and y in Å of the flat base (Olson et al. 2001, doi:10.1006/jmbi.2001.4987)."""
_PLACES = 20_000
_N_H, _C_H = 1.01, 1.09
_APART = 0.4
"""Å between alternative conformations."""
_NAMES = "LMNOPQRSTUVWXYZ"


def _about_the_centroid(matrix: Coordinates) -> Callable[[Coordinates], Coordinates]:
    """Positions multiplied by a matrix on x, y, z, their centroid staying where it is."""

    def change(positions: Coordinates) -> Coordinates:
        centre = positions.mean(axis=0)
        return np.asarray((positions - centre) @ matrix.T + centre)

    return change


def _shifted(pair: Pair, distance: float) -> Pair:
    return pair.moved(lambda p: p + np.array((distance, 0.0, 0.0)))


def _shifted_by_voxels(pair: Pair, voxels: float) -> Pair:
    return pair.moved(lambda p: p + voxels * np.array(pair.voxel_size[::-1]))


def _scaled(pair: Pair, percent: float) -> Pair:
    return pair.moved(_about_the_centroid((1 + percent / 100) * np.eye(3)))


def _turned(pair: Pair, degrees: float) -> Pair:
    turn = Rotation.from_euler("z", degrees, degrees=True)
    return pair.moved(_about_the_centroid(turn.as_matrix()))


def _mirrored(pair: Pair, _: float) -> Pair:
    return pair.moved(_about_the_centroid(np.diag((-1.0, 1.0, 1.0))))


def _displaced(pair: Pair, rms: float) -> Pair:
    """Every atom by itself, in any direction."""

    def displace(positions: Coordinates) -> Coordinates:
        moves = pair.generator.standard_normal(positions.shape)
        size = np.sqrt(np.square(moves).sum(axis=1).mean())
        return np.asarray(positions + moves * (rms / size))

    return pair.moved(displace)


def _in_nanometres(pair: Pair, _: float) -> Pair:
    return pair.moved(lambda p: p / 10)


def _partly_outside(pair: Pair, percent: float) -> Pair:
    """Moved along x until a share of the atoms lies beyond the last voxel."""
    beyond = np.percentile(pair.positions[:, 0], 100 - percent)
    return _shifted(pair, float(pair.side[0] - beyond))


def _without_density(pair: Pair, _: float) -> Pair:
    """A chain that the map does not show."""
    if len(pair.model[0]) < 2:
        raise ValueError("the model has one chain: without its density there would be no map")
    chain = _chain(pair)
    assert pair.drawn.labels is not None
    shown = pair.drawn.labels.chains != chain.name
    drawn = replace(pair.drawn, occupancies=np.where(shown, pair.drawn.occupancies, 0.0))
    return replace(pair, drawn=drawn).at([chain.name])


def _chain(pair: Pair) -> gemmi.Chain:
    """One of the chains that are long enough, drawn at random."""
    long = [chain for chain in pair.model[0] if len(chain) >= _FEWEST]
    if not long:
        raise ValueError(f"no chain of the model has {_FEWEST} residues")
    return long[pair.generator.integers(len(long))]


def _unoccupied(pair: Pair, _: float) -> Pair:
    chain = _chain(pair)
    for residue in chain:
        for atom in residue:
            atom.occ = 0.0
    return pair.at([chain.name])


def _of_unknown_type(pair: Pair, _: float) -> Pair:
    """One of the protein chains: residues UNK, with no side chain but CB."""
    chains = [chain for chain in proteins(pair.model) if len(chain) >= _FEWEST]
    if not chains:
        raise ValueError(f"no protein chain of the model has {_FEWEST} residues")
    chosen = chains[pair.generator.integers(len(chains))]
    for place in chosen:
        place.residue.name = "UNK"
        keep_atoms(place.residue, lambda atom: atom.name in (*MAIN_CHAIN, "CB"))
    return pair.at([chosen[0].chain])


def _with_ligand(pair: Pair, distance: float) -> Pair:
    """An adenine where there is nothing, as far from the model as is asked for."""
    ring = np.array([(*xy, 0.0) for xy in _ADENINE.values()])
    ring -= ring.mean(axis=0)
    turned = Rotation.random(random_state=int(pair.generator.integers(2**31))).apply(ring)
    radius = float(np.linalg.norm(ring, axis=1).max())
    corner = np.full(3, radius)
    places = pair.generator.uniform(corner, pair.side - corner, (_PLACES, 3))
    far = cKDTree(pair.positions).query(places)[0]
    best = int(np.argmin(np.abs(far - distance - radius)))
    residue = gemmi.Residue()
    residue.name, residue.seqid, residue.het_flag = "ADE", gemmi.SeqId("1"), "H"
    b_factor = float(np.median([site.atom.b_iso for site in pair.model[0].all()]))
    for name, position in zip(_ADENINE, turned + places[best], strict=True):
        atom = gemmi.Atom()
        atom.name, atom.element, atom.b_iso = name, gemmi.Element(name[0]), b_factor
        atom.pos = gemmi.Position(*position.tolist())
        residue.add_atom(atom)
    taken = {chain.name for chain in pair.model[0]}
    chain = gemmi.Chain(next(name for name in (*_NAMES, "LIG") if name not in taken))
    chain.add_residue(residue)
    pair.model[0].add_chain(chain)
    return pair.at([f"{chain.name}/ADE 1"])


def _with_b_factors(pair: Pair, b_factor: float) -> Pair:
    for site in pair.model[0].all():
        site.atom.b_iso = b_factor
        site.atom.aniso = gemmi.SMat33f(0, 0, 0, 0, 0, 0)
    return pair


def _with_hydrogens(pair: Pair, _: float) -> Pair:
    """Those of the main chain, riding on N and CA."""
    added = 0
    for chain in proteins(pair.model):
        before: Coordinates | None = None
        for place in chain:
            n, ca, c = place.backbone
            if before is not None and place.residue.name != "PRO":
                added += _ride(place.residue, "H", "N", n, (before, ca), _N_H)
            if beta := place.residue.find_atom("CB", "*"):
                neighbours = (n, c, np.array(beta.pos.tolist()))
                added += _ride(place.residue, "HA", "CA", ca, neighbours, _C_H)
            before = c
    if not added:
        raise ValueError("the model has no amino acids to which hydrogens could be added")
    return pair


def _ride(
    residue: gemmi.Residue,
    name: str,
    carrier: str,
    at: Coordinates,
    neighbours: Sequence[Coordinates],
    length: float,
) -> int:
    """Add a hydrogen opposite to the neighbours of the atom that carries it; how many it adds."""
    if residue.find_atom(name, "*"):
        return 0
    away = sum((at - one) / np.linalg.norm(at - one) for one in neighbours)
    atom = residue.find_atom(carrier, "*").clone()
    atom.name, atom.element = name, gemmi.Element("H")
    atom.pos = gemmi.Position(*(at + length * away / np.linalg.norm(away)).tolist())
    residue.add_atom(atom)
    return 1


def _with_alternatives(pair: Pair, percent: float) -> Pair:
    """Side chains of some residues twice, half of them 0.4 Å from the other half."""
    able = [
        place
        for chain in proteins(pair.model)
        for place in chain
        if any(atom.name not in MAIN_CHAIN for atom in place.residue)
        and all(atom.altloc == "\0" for atom in place.residue)
    ]
    if not able:
        raise ValueError("no residue has a side chain without alternative conformations")
    count = max(1, round(percent / 100 * len(able)))
    chosen = [able[i] for i in sorted(pair.generator.permutation(len(able))[:count])]
    for place in chosen:
        away = pair.generator.standard_normal(3)
        away *= _APART / np.linalg.norm(away)
        others = []
        for atom in place.residue:
            if atom.name not in MAIN_CHAIN:
                atom.altloc, atom.occ = "A", atom.occ / 2
                others.append(atom.clone())
        for other in others:
            other.altloc = "B"
            other.pos = gemmi.Position(*(np.array(other.pos.tolist()) + away).tolist())
            place.residue.add_atom(other)
    return pair.at(listed(chosen))


def _trace_only(pair: Pair, _: float) -> Pair:
    """Cα of amino acids, nothing else."""
    _keep_residues(pair, has_backbone)
    for chain in proteins(pair.model):
        for place in chain:
            keep_atoms(place.residue, lambda atom: atom.name == "CA")
    return pair


def _waters_only(pair: Pair, _: float) -> Pair:
    """One in the place of each residue."""
    for chain in pair.model[0]:
        for residue in chain:
            first = residue[0].name
            keep_atoms(residue, lambda atom, first=first: atom.name == first)  # type: ignore[misc]
            residue.name, residue.het_flag = "HOH", "H"
            residue[0].name, residue[0].element = "O", gemmi.Element("O")
    return pair


def _one_atom(pair: Pair, _: float) -> Pair:
    site = next(iter(pair.model[0].all()))
    name = site.atom.name
    only = (site.chain.name, str(site.residue.seqid))
    for chain_name in [chain.name for chain in pair.model[0]][1:]:
        pair.model[0].remove_chain(chain_name)
    first = pair.model[0][0]
    while len(first) > 1:
        del first[1]
    keep_atoms(first[0], lambda atom: atom.name == name)
    return pair.at([f"{only[0]}/{first[0].name} {only[1]}"])


def _keep_residues(pair: Pair, kept: Callable[[gemmi.Residue], bool]) -> None:
    for chain in pair.model[0]:
        for index in reversed(range(len(chain))):
            if not kept(chain[index]):
                del chain[index]
    pair.model.remove_empty_chains()
    if not pair.model[0].count_atom_sites():
        raise ValueError("the model has no amino acids")


DEFECTS: dict[str, Kind[Pair]] = {
    "refined": Kind("errors as refinement leaves them", refined, "Å r.m.s.", 0.2, 0.0, 2.0),
    "shifted": Kind("the model is shifted along x", _shifted, "Å", 3.0),
    "shifted-voxels": Kind("it is shifted along x, y and z", _shifted_by_voxels, "voxels", 0.5),
    "scaled": Kind("it is too large", _scaled, "%", 1.0, -50.0, 100.0),
    "turned": Kind("it is turned about z", _turned, "°", 2.0),
    "mirrored": Kind("it is mirrored, the map is not", _mirrored),
    "nanometres": Kind("its coordinates are in nanometres", _in_nanometres),
    "outside": Kind(
        "it is moved along x until part of it is outside of the box",
        _partly_outside, "% of the atoms", 20.0, 0.0, 100.0,
    ),
    "displaced": Kind("every atom is displaced by itself", _displaced, "Å r.m.s.", 0.5, 0.0, 20.0),
    "side-chains": Kind(
        "side chains are turned by 120° about χ1", turn_side_chains, "% of them", 100.0, 0.0, 100.0
    ),
    "register": Kind(
        "residues are at the places of later ones, in all chains",
        shift_sequence, "residues on", 1.0, -20.0, 20.0,
    ),
    "register-stretch": Kind(
        "residues of one stretch are each at the place of the next",
        shift_stretch, "residues", 20.0, 2.0, 1000.0,
    ),
    "loop": Kind(
        "a loop goes another way, taken at random", lead_astray, "residues", 12.0, 3.0, 100.0
    ),
    "ligand": Kind(
        "there is a ligand where there is nothing", _with_ligand, "Å from the model", 4.0, 0.0, 50.0
    ),
    "unseen": Kind("the map does not show one chain", _without_density),
    "unoccupied": Kind("one chain has occupancies of 0", _unoccupied),
    "unknown": Kind("one chain's residues are of unknown type", _of_unknown_type),
    "b-factors": Kind("all B-factors are the same", _with_b_factors, "Å²", 0.0, 0.0, 1000.0),
    "hydrogens": Kind("the main chain has hydrogens", _with_hydrogens),
    "alternatives": Kind(
        "side chains have alternative conformations",
        _with_alternatives, "% of the residues", 20.0, 0.0, 100.0,
    ),
    "trace": Kind("the model is of Cα alone", _trace_only),
    "waters": Kind("it is of waters alone, one for each residue", _waters_only),
    "one-atom": Kind("it has a single atom", _one_atom),
}  # fmt: skip
"""By name."""


class ModelDefect(Wrong):
    """Something wrong with a model, and how much of it."""

    KINDS = DEFECTS
    NOUN = "defect"

    def applied(self, pair: Pair) -> Pair:
        """The pair with it; the one given stays as it is.

        Raises
        ------
        ValueError
            If the model has nothing to which it could be done.
        """
        own = replace(pair, model=pair.model.clone(), where=())
        return DEFECTS[self.kind].apply(own, self.size)


class DefectRecord(Parameters):
    """What is wrong with a model, and the chains or residues where it is; none for all of it."""

    kind: str
    size: float
    words: str
    where: tuple[str, ...]


def with_defects(
    pair: Pair, defects: Sequence[ModelDefect]
) -> tuple[Pair, tuple[DefectRecord, ...]]:
    """A model with one defect after the other, and what was done where.

    Raises
    ------
    ValueError
        If the model has nothing to which one of them could be done, or nothing is left to draw.
    """
    done = []
    for defect in defects:
        pair = defect.applied(pair)
        record = defect.model_dump()
        done.append(DefectRecord(**record, words=defect.words, where=pair.where))
    _name_entities(pair.model)
    return pair, tuple(done)


def _name_entities(model: gemmi.Structure) -> None:
    """Polymers, ligands and waters told apart anew."""
    model.entities.clear()
    model.add_entity_types(overwrite=True)
    model.assign_subchains(force=True)
    model.ensure_entities()
    model.assign_serial_numbers()
