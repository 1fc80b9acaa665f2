"""The catalogue of defects, each with a dial, and the checks that should notice."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import edits
from recipe import SHARPENED_TO, Edit, Recipe

COARSEST_HAND = 5.0
"""Å; 0.h does not apply beyond."""
_COARSEST_STRUCTURE = 5.0
"""Å; 0.i need not be sure beyond."""


@dataclass(frozen=True)
class Defect:
    """Something wrong with a map, and how wrong.

    Attributes
    ----------
    key : name in files
    title : what is wrong; ``dial`` is its size in ``unit``
    dials : sizes, growing
    stated : the size that ought to be noticed
    caught_by : codes of the checks that should warn; empty where Level 0 cannot see it
    apply : turns the recipe of a good map into that of a bad one
    seen_at : where Level 0 cannot, the level that can, and by what
    coarsest : Å; maps beyond do not get it
    helix : fraction of the residues; maps below do not get it
    chains : of the structure; maps of fewer do not get it
    """

    key: str
    title: str
    unit: str
    dials: tuple[float, ...]
    stated: float
    caught_by: tuple[str, ...]
    apply: Callable[[Recipe, float], Recipe]
    seen_at: str = ""
    coarsest: float = float("inf")
    helix: float = 0.0
    chains: int = 1

    @property
    def tried(self) -> tuple[float, ...]:
        """The sizes that maps get; one is enough where no check is meant to notice."""
        return self.dials if self.caught_by else (self.stated,)


def _editing(make_edit: Callable[[float], Edit]) -> Callable[[Recipe, float], Recipe]:
    return lambda recipe, dial: recipe.edited(make_edit(dial))


DEFECTS: tuple[Defect, ...] = (
    Defect("decentred", "molecule off the centre", "% of the box, right minus left",
           (5, 10, 20, 25, 35), 25, ("0.a",), edits.decentred),
    Defect("tight_box", "box too tight", "% of the box free on each side",
           (15, 10, 5, 2), 5, ("0.a",), edits.tight),
    Defect("high_contour", "contour too high", "of the molecule's volume inside it",
           (0.5, 0.3, 0.2, 0.1), 0.1, ("0.b",), _editing(edits.contour_enclosing)),
    Defect("low_contour", "contour inside the noise", "standard deviations of the noise",
           (3.0, 2.5, 2.0, 1.5), 2.5, ("0.b",), _editing(edits.contour_in_noise)),
    Defect("loose_contour", "contour too low, above the noise", "of the right one",
           (0.4,), 0.4, (), _editing(edits.contour_times),
           "A: an atomic model, which shows how much the contour should enclose"),
    Defect("dust", "dust around the molecule", "% of the volume at the contour",
           (2, 5, 10, 20, 40), 20, ("0.b",), _editing(edits.dust)),
    Defect("fragment", "a large disconnected lump", "% of the volume at the contour",
           (2, 5, 10, 20, 40), 20, ("0.b",), _editing(edits.fragment)),
    Defect("noisy", "more noise than the resolution allows", "× the noise's amplitude",
           (2.0, 5.0, 10.0, 20.0), 20.0, ("0.b", "0.e", "0.g"), edits.louder),
    Defect("coloured_noise", "slow noise all over the box", "deviation in contours",
           (0.1, 0.2, 0.5, 1.0), 0.5, ("0.b", "0.c", "0.g"), _editing(edits.coloured)),
    Defect("offset", "background not at zero", "standard deviations of the noise",
           (0.05, 0.1, 0.3, 1.0), 1.0, ("0.c",), _editing(edits.offset)),
    Defect("masked", "surroundings set to zero", "Å around the molecule",
           (10, 5, 2), 5, ("0.c",), _editing(edits.masked)),
    Defect("oversharpened", "oversharpened", "d² Å² too much",
           (4, 8, 12, 20), 12, ("0.d", "0.f"), _editing(edits.sharpened), coarsest=SHARPENED_TO),
    Defect("undersharpened", "undersharpened", "d² Å² too little",
           (10, 20, 40, 80), 40, ("0.d", "0.f"), _editing(lambda dial: edits.sharpened(-dial)),
           coarsest=SHARPENED_TO),
    Defect("low_passed", "low-passed, resolution reported as before", "× the resolution",
           (1.2, 1.5, 2.0, 3.0), 1.5, ("0.e", "0.i"), _editing(edits.low_passed)),
    Defect("overclaimed", "resolution claimed too good", "× better than it is",
           (1.2, 1.5, 2.0, 3.0), 1.5, ("0.d", "0.e", "0.f"), _editing(edits.claimed)),
    Defect("blurred_domain", "half of the molecule of worse resolution", "× the resolution",
           (1.3, 1.6, 2.0, 3.0), 2.0, (), edits.blurred_domain,
           "1: local resolution from half maps; of Level 0 only the colours of 0.e show it"),
    Defect("partial_domain", "half of the molecule partly occupied", "missing fraction",
           (0.2, 0.4, 0.6, 0.8), 0.6, (), edits.partial_domain,
           "3: classification of the particles; of Level 0 only the colours of 0.g show it"),
    Defect("missing_cone", "missing cone", "degrees, half angle",
           (15, 30, 45, 60), 45, (), _editing(edits.missing_cone),
           "3: how the views are spread; 1: Fourier shell correlation by direction"),
    Defect("preferred_views", "preferred orientation", "× the resolution along z",
           (1.3, 1.6, 2.0, 3.0), 2.0, (), _editing(edits.preferred),
           "4: how the angles are spread; 1: Fourier shell correlation by direction"),
    Defect("stripes", "stripes through the box", "amplitude in contours",
           (0.1, 0.2, 0.5, 1.0), 0.5, ("0.b", "0.c"), _editing(edits.stripes)),
    Defect("halo", "halo of a wrong contrast correction", "missing fraction at 0",
           (0.5, 1.0, 2.0, 3.0), 2.0, ("0.c", "0.j"), _editing(edits.halo)),
    Defect("mirrored", "mirrored", "", (1,), 1, ("0.h",), edits.mirrored,
           coarsest=COARSEST_HAND, helix=0.2),
    Defect("swapped_axes", "axes stored in another order than the header says", "",
           (1,), 1, ("0.h",), _editing(edits.swapped_axes),
           coarsest=COARSEST_HAND, helix=0.2),
    Defect("wrong_voxels", "wrong voxel size", "%",
           (-10, -5, -2, 2, 5, 10), 5, (), _editing(edits.wrong_voxels),
           "A: an atomic model, whose bonds have known lengths"),
    Defect("noise_in_envelope", "noise in a molecule's envelope", "resolutions, its softness",
           (2, 3, 4, 6), 4, ("0.i",), _editing(edits.noise_in_envelope),
           coarsest=_COARSEST_STRUCTURE),
    Defect("noise_with_offset", "the same on a smooth pedestal", "deviations of the noise",
           (0.5, 1, 2, 4), 2, ("0.i",), _editing(edits.noise_with_offset),
           coarsest=_COARSEST_STRUCTURE),
    Defect("blob", "a smooth blob with noise in it", "its height",
           (0, 0.01, 0.1, 0.3), 0.01, ("0.i",), _editing(edits.blob),
           coarsest=_COARSEST_STRUCTURE),
    Defect("random_phases", "phases random beyond a resolution", "× the resolution",
           (1.2, 1.5, 2, 4), 2, ("0.i",), _editing(edits.random_phases),
           coarsest=_COARSEST_STRUCTURE),
    Defect("biased", "a reference averaged in", "its share",
           (0.1, 0.3, 0.5, 0.9), 0.5, (), _editing(edits.biased),
           "3 and above: a reconstruction from the particles without the reference"),
    Defect("half_voxels", "voxel size half of the true one", "%",
           (-50,), -50, (), _editing(edits.wrong_voxels),
           "0, where the mass is given: 0.b; A: an atomic model, whose bonds have known lengths"),
    Defect("compressed", "compressed along z", "× shorter",
           (1.3,), 1.3, (), _editing(edits.compressed),
           "A: an atomic model, whose bonds have known lengths"),
    Defect("linear_resampling", "resampled by linear interpolation", "× finer voxels",
           (1.3,), 1.3, (), _editing(edits.resampled(1)),
           "none: of it 0.d sees that fine detail is weaker, as from any other cause"),
    Defect("clipped_low", "values stop at a lowest one", "% of the voxels",
           (0.1, 1, 10, 50), 1, ("0.j",), _editing(edits.clipped)),
    Defect("clipped_high", "values stop at a highest one", "% of the voxels",
           (-0.01, -0.1, -1), -0.1, ("0.j",), _editing(edits.clipped)),
    Defect("quantised", "few grey levels", "levels",
           (256, 128, 64, 16), 16, ("0.j",), _editing(edits.quantised)),
    Defect("nearest_neighbour", "resampled by the nearest voxel", "× finer voxels",
           (1.1, 1.3, 1.6), 1.3, ("0.j",), _editing(edits.resampled(0))),
    Defect("hot_voxels", "single voxels as bright as the brightest", "voxels",
           (1, 10, 100), 10, ("0.j",), _editing(edits.hot_voxels)),
    Defect("missing_plane", "planes set to zero", "planes",
           (1, 2), 1, ("0.b", "0.j"), _editing(edits.missing_planes)),
    Defect("shifted_plane", "a plane shifted", "voxels",
           (1, 2, 4, 8), 4, ("0.j",), _editing(edits.shifted_plane)),
    Defect("torn", "one part shifted against the other", "voxels",
           (1, 2, 4), 4, ("0.j",), _editing(edits.torn)),
    Defect("rings", "rings about an axis", "standard deviations of the noise",
           (0.3, 0.5, 1.0, 2.0), 1.0, ("0.j",), _editing(edits.ringed)),
    Defect("ramp", "a ramp through the box", "standard deviations of the noise",
           (0.2, 0.5, 1.0, 2.0), 1.0, ("0.j",), _editing(edits.ramped)),
    Defect("ghost", "a weaker copy beside the molecule", "of its strength",
           (0.1, 0.2, 0.3), 0.3, ("0.j",), _editing(edits.ghosted)),
    Defect("inverted", "contrast inverted", "", (1,), 1, ("0.j",), _editing(edits.inverted)),
)  # fmt: skip

BY_KEY = {defect.key: defect for defect in DEFECTS}
