"""The contour level as it was asked for, in the map's units; and why one cannot be right.

A refusal says the cause that can be seen and the remedy, with the level that the program suggests.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from vrs_scipion.entry.read_half_maps import HALF_KEYS, mean_map, read_half_maps
from vrs_scipion.entry.request import Request
from vrs_scipion.entry.words import AUTO, sigmas
from vrs_scipion.maps.density import Density
from vrs_scipion.maps.kind import Recognised, Trait
from vrs_scipion.maps.reading import read_density
from vrs_scipion.maps.statistics import moments

if TYPE_CHECKING:
    from vrs_scipion.methods.contour_level import Suggestion

_INVERTED = 1.5
_LIKELY_SIGMAS = (1.0, 30.0)
_IMOD_ADDS = 128.0
_UNSIGNED_ADDS = 256.0


def in_map_units(request: Request) -> Request:
    """The request with a number where its contour level is 'auto' or in standard deviations.

    ``contour_from`` then says where the number comes from.

    Raises
    ------
    InputError
        if the map cannot be read.
    """
    words = request.values.get("contour")
    if not isinstance(words, str):
        return request
    density = given_density(request)
    if density is None:
        return request
    if words == AUTO:
        suggestion = suggest(density)
        said = f"suggested by this program: {suggestion.reason[:1].lower()}{suggestion.reason[1:]}"
        return request.having(contour=suggestion.level, contour_from=said.rstrip("."))
    times = sigmas(words)
    if times is None:
        return request
    whole = moments(density.values)
    said = f"{times:g} σ above the mean, with σ = {whole.std:.4g} and a mean of {whole.mean:.4g}"
    return request.having(contour=_rounded(whole.mean + times * whole.std), contour_from=said)


def given_density(request: Request) -> Density | None:
    """The map that was given, or else the mean of the half maps; None where neither was.

    Raises
    ------
    InputError
        if they cannot be read.
    """
    path, voxel = request.path("map"), request.number("voxel")
    if path is not None:
        return read_density(path, voxel)
    if not any(key in request.values for key in HALF_KEYS):
        return None
    return mean_map(read_half_maps(request, voxel=voxel))


def suggest(density: Density) -> Suggestion:
    """The level that the program suggests, and how it was chosen."""
    from vrs_scipion.methods.contour_level import LevelStudy  # slow to load

    return LevelStudy(density).suggest()


def missing(density: Density) -> str:
    """What to say where no contour level was given."""
    return f"give the recommended contour level (--contour){_suggested(density)}"


def senseless(contour: float, density: Density) -> str:
    """What to say of a level that is no number."""
    return f"a contour level of {contour} makes no sense; give a number{_suggested(density)}"


def _suggested(density: Density) -> str:
    return f"; --contour auto would take {suggest(density).level:g} (vrs contour says why)"


def unreached(contour: float, density: Density, kind: Recognised) -> str:
    """What to say where no voxel reaches the contour level."""
    _, highest = _range(density)
    said = f"no voxel reaches the contour level {contour:g}; the map's maximum is {highest:.6g}"
    causes = [
        *_no_density(kind),
        *_inverted(density, kind),
        *_other_bytes(contour, density),
        *_sigmas(contour, density),
    ]
    return f"{said}: {'; '.join(causes) or f'give a lower level{_suggested(density)}'}"


def unbounded(contour: float, filled: float, density: Density, kind: Recognised) -> str:
    """What to say where the density at the contour level, a share of the box, has no outside."""
    _, highest = _range(density)
    causes = [*_no_density(kind), *_inverted(density, kind), *_other_bytes(contour, density)]
    higher = f"give a higher level (the map's maximum is {highest:.6g}){_suggested(density)}"
    remedy = causes or [higher]
    return (
        f"at the contour level {contour:g} the density reaches all six faces of the box and fills "
        f"{filled:.0%} of it, so nothing is outside the molecule; {'; '.join(remedy)}"
    )


def is_inverted(density: Density, kind: Recognised) -> bool:
    """Whether the strongest density is plainly negative."""
    if Trait.DENSITY in kind.kind.lacks:
        return False
    lowest, highest = _range(density)
    return -lowest > _INVERTED * highest


def inversion(density: Density) -> str:
    """That the map is probably inverted, and how to turn it."""
    lowest, highest = _range(density)
    return (
        f"the strongest density is negative ({lowest:.4g} against {highest:.4g}): the map is "
        "probably inverted; multiply it by -1 (relion_image_handler --multiply_constant -1, or "
        "volume scale #1 factor -1 in ChimeraX) and give a positive level"
    )


def _no_density(kind: Recognised) -> Iterator[str]:
    if Trait.DENSITY in kind.kind.lacks:
        yield f"this is {kind.kind.noun}: {kind.evidence}"


def _inverted(density: Density, kind: Recognised) -> Iterator[str]:
    if is_inverted(density, kind):
        yield inversion(density)


def _other_bytes(contour: float, density: Density) -> Iterator[str]:
    """That the level fits 8-bit values as another program shows them."""
    lowest, highest = _range(density)
    if density.bytes_as == "signed":
        if lowest < contour - _IMOD_ADDS <= highest:
            yield (
                f"its 8-bit values were read as signed ({lowest:g} to {highest:g}); IMOD adds 128 "
                f"to such bytes: a level of {contour:g} read there is {contour - _IMOD_ADDS:g} here"
            )
        elif lowest < contour - _UNSIGNED_ADDS <= highest:
            yield (
                f"its 8-bit values were read as signed ({lowest:g} to {highest:g}); a program that "
                "reads them as unsigned shows the negative ones 256 higher"
            )
    if density.bytes_as == "unsigned" and contour < 0 and contour + _IMOD_ADDS > lowest:
        yield (
            f"its 8-bit values were read as unsigned ({lowest:g} to {highest:g}); a program that "
            "reads them as signed shows those above 127 256 lower"
        )


def _sigmas(contour: float, density: Density) -> Iterator[str]:
    """That the level fits standard deviations."""
    if not _LIKELY_SIGMAS[0] <= contour <= _LIKELY_SIGMAS[1]:
        return
    whole = moments(density.values)
    level = whole.mean + contour * whole.std
    if level <= _range(density)[1]:
        yield (
            f"give a lower level, or {contour:g}sigma if standard deviations are meant (here "
            f"{level:.4g})"
        )


def _rounded(level: float) -> float:
    """Six significant digits."""
    return float(f"{level:.6g}")


def _range(density: Density) -> tuple[float, float]:
    return float(density.values.min()), float(density.values.max())
