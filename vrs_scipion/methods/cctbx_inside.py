"""What cctbx is asked, answered by cctbx: run by its own Python, beside nothing of this package.

``python cctbx_inside.py QUESTION RESOLUTION`` reads the files that `vrs_scipion.methods.cctbx` has
laid out in the folder that it is run in, and writes ``answer.json`` there.
"""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path
from typing import Any

MAP, MODEL, ANSWER = "map.mrc", "model.cif", "answer.json"
SCATTERING = "electron"

_WIDTH = 4
_LEVELS = {"0.5": "d_fsc_model_05", "0.143": "d_fsc_model_0143", "0": "d_fsc_model_0"}
_FURTHER = ("d99", "d_model", "d_model_b0", "b_iso_overall")
_OF_A_PROGRAM = """
output_base = None
  .type = str
output_dir = None
  .type = path
quiet = True
  .type = bool
"""
"""What EMRinger wants to be told beyond its own parameters."""


def correlation(resolution: float) -> dict[str, Any]:
    """Correlations in space (map_model_cc) and by shell (mtriage)."""
    from mmtbx.maps import map_model_cc, mtriage

    density, hierarchy = _map(), _hierarchy()
    cell = density.unit_cell_crystal_symmetry()

    asked = map_model_cc.master_params().extract().map_model_cc
    asked.resolution, asked.scattering_table = resolution, SCATTERING
    program = map_model_cc.map_model_cc(density.map_data(), hierarchy, cell, asked)
    program.validate()
    program.run()
    space = program.get_results()

    wanted = mtriage.master_params().extract()
    wanted.resolution, wanted.scattering_table = resolution, SCATTERING
    shells = mtriage.mtriage(
        map_data=density.map_data(),
        xray_structure=hierarchy.extract_xray_structure(crystal_symmetry=cell),
        crystal_symmetry=cell,
        params=wanted,
    ).get_results()
    return {
        **{key: getattr(space, key) for key in ("cc_mask", "cc_volume", "cc_peaks", "cc_box")},
        "cc_main_chain": _cc(space.cc_main_chain),
        "cc_side_chain": _cc(space.cc_side_chain),
        "radius": space.atom_radius,
        "residues": [
            (one.chain_id, *_place(one.resseq, one.icode), one.resname, one.cc)
            for one in space.cc_per_residue
        ],
        "chains": [(one.chain_id, one.cc) for one in space.cc_per_chain],
        **{name: _curve(getattr(shells, name)) for name in ("masked", "unmasked")},
        **{key: getattr(shells.masked, key) for key in _FURTHER},
    }


def emringer(resolution: float) -> dict[str, Any]:
    """The map around side chains, and the EMRinger score."""
    import iotbx.phil
    import mmtbx.model
    from mmtbx.ringer import emringer as program

    density = _map()
    model = mmtbx.model.manager(
        model_input=None,
        pdb_hierarchy=_hierarchy(),
        crystal_symmetry=density.unit_cell_crystal_symmetry(),
    )
    asked = iotbx.phil.parse(program.master_params_str + _OF_A_PROGRAM).extract()
    run = program.emringer(model, None, density, asked, io.StringIO())
    run.validate()
    run.run()
    found = run.get_results()
    score = found.scoring_result
    return {
        "residues": [
            (one.chain_id, *_place_of(one.resid), one.resname, list(chi.densities))
            for one in found.ringer_result
            for chi in [one.get_angle(1)]
            if chi is not None
        ],
        "scanned": score.length,
        "thresholds": list(score.non_zero_thresholds),
        "ratios": list(score.rotamer_ratios),
        "z": list(score.zscores),
        "counted": [sum(score.peak_count[one]) for one in score.non_zero_thresholds],
    }


def geometry(resolution: float) -> dict[str, Any]:
    """Where residues lie in the Ramachandran plot, and how far Cβ atoms are from their places."""
    from mmtbx.validation import cbetadev, ramalyze

    hierarchy = _hierarchy()
    angles = ramalyze.ramalyze(hierarchy, outliers_only=False, quiet=True)
    betas = cbetadev.cbetadev(hierarchy, outliers_only=False, quiet=True)

    def named(one: Any) -> tuple[Any, ...]:
        return (one.chain_id, *_place(one.resseq, one.icode), one.resname)

    return {
        "ratings": [
            (*named(one), one.altloc.strip(), one.ramalyze_type().lower()) for one in angles.results
        ],
        "betas": [(*named(one), one.altloc.strip(), one.deviation) for one in betas.results],
    }


QUESTIONS = {one.__name__: one for one in (correlation, emringer, geometry)}


def _map() -> Any:
    from iotbx.map_manager import map_manager

    return map_manager(MAP)


def _hierarchy() -> Any:
    import iotbx.pdb

    return iotbx.pdb.input(file_name=MODEL).construct_hierarchy()


def _cc(found: Any) -> float | None:
    return None if found is None else found.cc


def _curve(found: Any) -> dict[str, Any]:
    """A curve by shell, and where it falls below the levels."""
    curve = found.fsc_curve_model
    return {
        "frequency": list(curve.d_inv),
        "correlation": list(curve.fsc),
        "crossings": {level: getattr(found, key) for level, key in _LEVELS.items()},
    }


def _place(number: str, insertion: str) -> tuple[int, str]:
    """Number and insertion code of a residue; numbers above 9,999 come in base 36."""
    from iotbx.pdb import hybrid_36

    return hybrid_36.hy36decode(_WIDTH, number.rjust(_WIDTH)), insertion.strip()


def _place_of(residue: Any) -> tuple[int, str]:
    """The same of a number, or of both in one word."""
    if isinstance(residue, int):
        return residue, ""
    text = str(residue)
    return _place(text[:_WIDTH], text[_WIDTH:])


if __name__ == "__main__":
    Path(ANSWER).write_text(json.dumps(QUESTIONS[sys.argv[1]](float(sys.argv[2]))))
