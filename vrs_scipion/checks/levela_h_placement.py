"""A.h Placement: does the model lie where the map is, at its size and hand?"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from vrs_scipion.checks.check import Check, Growth, Limit
from vrs_scipion.checks.findings import Findings
from vrs_scipion.checks.model_words import NO_RESOLUTION, grid_of, resolution_of, without_sense
from vrs_scipion.checks.pictures import ribbons
from vrs_scipion.checks.references import AFONINE_2018, PINTILIE_2020, ROSEMAN_2003
from vrs_scipion.checks.task import Task
from vrs_scipion.entry.entry import Entry
from vrs_scipion.maps.placement import correlation
from vrs_scipion.methods.model_map import filtered, inside, model_map
from vrs_scipion.methods.placement_fit.motion import Motion, turned
from vrs_scipion.methods.placement_fit.offsets import name_of
from vrs_scipion.methods.placement_fit.place import Place, find_place
from vrs_scipion.methods.placement_fit.surroundings import whole
from vrs_scipion.methods.placement_fit.turns import axis_order
from vrs_scipion.methods.q_score_model import model_scores
from vrs_scipion.models.atomic_model import AtomicModel
from vrs_scipion.models.moving import write_moved
from vrs_scipion.results import Column
from vrs_scipion.results.numbers import number, quantity, with_error

_SURE = 3.0
"""Errors by which something has to differ from nothing."""
_MENTIONED = 0.005
"""Difference of the scale from 1 from which on it is mentioned."""
_UNSEEN = 0.3
"""CC(mask) below which a fit has found nothing."""
_RISES = 0.002
"""Of CC(mask): what a motion that is worth a warning must add at least."""
_HANDED = 6.0
"""Å beyond which a molecule and its mirror image look alike."""
_SCALES = (0.95, 0.97, 0.98, 0.99, 1.0, 1.01, 1.02, 1.03, 1.05)
_COINCIDE = 0.5
"""Å, models closer to each other than that are drawn as one."""
_BEFORE, _AFTER = "#D55E00", "#0072B2"
_SHIFT, _ROTATION, _SCALE, _RISE = "shift", "rotation", "scale_difference", "cc_rise"


@dataclass(frozen=True)
class _Found:
    """What was found of a model.

    Attributes
    ----------
    model : as it was given
    place : where it should lie
    named : what the shift is by the map's header; '' where it has no name
    order : MAPC, MAPR, MAPS with which the map should be read; None for those that it has
    resolution : Å
    now, fitted : CC(mask) where the model lies, None outside of the map, and where it should lie
    """

    model: AtomicModel
    place: Place
    named: str
    order: tuple[int, int, int] | None
    resolution: float
    now: float | None
    fitted: float

    @property
    def motion(self) -> Motion:
        return self.place.fit.motion

    @property
    def shift(self) -> float:
        """Å from where the model lies to where it should."""
        return float(np.linalg.norm(self.motion.shift))

    @property
    def before(self) -> float:
        """CC(mask) where the model lies; 0 outside of the map."""
        return self.now or 0.0

    @property
    def rise(self) -> float:
        """By how much CC(mask) is higher where the model should lie."""
        return self.fitted - self.before

    @property
    def moves(self) -> bool:
        """Whether any atom should move by so much that it is seen."""
        far = self.motion.reach(self.model.atoms.positions) >= _COINCIDE
        return far and self.rise >= _RISES

    @property
    def size_is_open(self) -> bool:
        """Whether the scale that fits says nothing: the map agrees with the model's own as well."""
        differs = abs(self.motion.scale - 1) >= _MENTIONED
        return differs and (
            self.rise < _RISES or abs(self.motion.scale - 1) < _SURE * self.place.fit.scale_error
        )

    @property
    def is_seen(self) -> bool:
        """Whether the model agrees with the map anywhere."""
        return self.place.fitted >= _UNSEEN and math.isfinite(self.place.fit.shift_error)


def find_placement(task: Task) -> Findings:
    """Answer A.h."""
    found, entry = Findings(task), task.entry
    resolution = resolution_of(task)
    if resolution is None:
        found.does_not_apply = NO_RESOLUTION
        return found
    model = entry.model()
    of = whole(entry.density().values, entry.voxel_size, entry.start, task.threads)
    place = find_place(of, model, max(resolution, 2 * max(entry.voxel_size)))
    del of
    seen = _seen(task, model, place, resolution)
    _note(found, seen)
    if not seen.is_seen:
        _say_nothing_fits(found, seen)
        return found
    _tabulate(found, seen)
    _draw(found, seen)
    _describe(found, seen)
    _offer(found, seen)
    if place.mirrored or place.turned:
        _say_how_turned(found, seen)
    else:
        _judge(found, seen)
    return found


def _seen(task: Task, model: AtomicModel, place: Place, resolution: float) -> _Found:
    """What was found, with the correlations as A.a has them: of the map as it is."""
    entry = task.entry
    grid, density = grid_of(entry), entry.density().values

    def agreement(of: AtomicModel) -> float | None:
        mask = inside(of, grid)
        uncut = model_map(of, grid, threads=task.threads)
        drawn = filtered(uncut, grid.voxel_size, 1 / resolution, threads=task.threads)
        return correlation(density[mask], drawn[mask]) if mask.any() else None

    return _Found(
        model,
        place,
        _name(entry, place),
        _order(place),
        resolution,
        agreement(model),
        agreement(place.fit.motion.moved(model)) or 0.0,
    )


def _name(entry: Entry, place: Place) -> str:
    if place.turned:
        return ""
    return name_of(place.fit.motion.shift, entry.map)


def _order(place: Place) -> tuple[int, int, int] | None:
    return axis_order(place.fit.motion.rotation) if place.turned else None


def _note(found: Findings, seen: _Found) -> None:
    motion, fit, known = seen.motion, seen.place.fit, seen.is_seen
    voxel = float(np.mean(found.task.entry.voxel_size))
    turn = None if seen.place.mirrored else motion.angle
    for axis, value in zip("xyz", motion.shift, strict=True):
        found.measure(
            f"shift_{axis}",
            float(value) if known else None,
            "Å",
            f"shift along {axis} that brings the model's centroid to where it should lie",
        )
    for key, number_, unit, words in (
        ("shift", seen.shift, "Å", "its length"),
        ("shift_error", fit.shift_error, "Å", "standard error of the shift, a lower bound"),
        ("rotation", turn, "°", "rotation about the centroid that the model needs"),
        ("rotation_error", fit.rotation_error, "°", "standard error of the rotation"),
        ("scale", motion.scale, "", "factor on the model's size that fits the map"),
        ("scale_error", fit.scale_error, "", "standard error of the scale, a lower bound"),
        ("voxel_suggested", voxel / motion.scale, "Å", "voxel size if the model's size is right"),
        ("cc_mask_fitted", seen.fitted, "", "correlation where the model should lie"),
    ):
        found.measure(key, number_ if known else None, unit, words)
    found.measure(
        "q_mean_fitted",
        _mean_q(found.task.entry, motion.moved(seen.model)) if known else None,
        "",
        "mean Q-score (σ 0.4 Å, A.e) where the model should lie",
    )
    found.measure("cc_mask", seen.now, "", "correlation of map and model where the model is")
    found.measure(
        "offset_named", int(bool(seen.named)), "", "1 where the map's header explains the shift"
    )
    found.measure(
        "axis_order_suggested",
        None if seen.order is None else int("".join(map(str, seen.order))),
        "",
        "MAPC, MAPR and MAPS with which the map should be read, where it was read with others",
    )
    found.measure(
        "mirrored", int(seen.place.mirrored), "", "1 where the model fits the mirrored map alone"
    )


def _mean_q(entry: Entry, model: AtomicModel) -> float | None:
    """Mean Q-score (σ 0.4 Å) of a model in the map; None without an atom that has one."""
    scores = model_scores(entry.density(), entry.start, model, entry.resolution)
    return scores.mean if scores.counted.any() else None


def _tabulate(found: Findings, seen: _Found) -> None:
    motion, fit = seen.motion, seen.place.fit
    error = fit.covariance.diagonal()[:3] ** 0.5
    rows: list[tuple[str, str]] = [
        (f"Shift along {axis}", f"{_signed(with_error(v, e))} Å")
        for axis, v, e in zip("xyz", motion.shift.tolist(), error.tolist(), strict=True)
    ]
    if not seen.place.mirrored:
        rows.append(("Rotation", f"{with_error(motion.angle, fit.rotation_error)}°"))
    rows.append(("Scale", with_error(motion.scale, fit.scale_error)))
    outside = seen.now is None
    rows += [
        ("Correlation where it lies", "outside of the map" if outside else f"{seen.before:.3f}"),
        ("Correlation where it should lie", f"{seen.fitted:.3f}"),
    ]
    fitted = found.measurements["q_mean_fitted"].value
    if seen.moves:
        before = number(_mean_q(found.task.entry, seen.model), ".3f")
        rows.append(("Mean Q-score where it lies", before))
    rows.append(("Mean Q-score where it should lie", number(fitted, ".3f")))
    found.tabulate(
        "placement",
        "What brings the model to where the map agrees best with it. Errors (68 %) are lower "
        "bounds: faults of the model are not in them.",
        [Column(key="what", label=""), Column(key="value", label="Found")],
        rows,
    )


def _signed(text: str) -> str:
    return text.replace("-", "−")


def _draw(found: Findings, seen: _Found) -> None:
    from vrs_scipion.figures.placement import scale_plot  # slow to load
    from vrs_scipion.figures.ribbons import by_chain, in_one_colour

    entry, model = found.task.entry, seen.model
    moved = seen.motion.moved(model)
    far = seen.moves
    nearby = seen.shift < max(n * s for n, s in zip(entry.box, entry.voxel_size, strict=True))
    both = far and nearby and not seen.place.mirrored
    drawn = model if seen.place.mirrored else moved
    if both:
        words = "The model where it lies (orange) and where it should lie (blue)"
    elif seen.place.mirrored or not far:
        words = "The model where it lies"
    else:
        words = "The model where it should lie"
    ribbons(
        found,
        "in_contour",
        drawn,
        in_one_colour(drawn, _AFTER) if both else by_chain(drawn),
        f"{words}, in the isosurface of the map",
        "Tubes along the chains in the glassy surface of the map, from three directions.",
        (entry.map_path, entry.contour),
        beside=(model, in_one_colour(model, _BEFORE)) if both else None,
    )
    scales = sorted({*_SCALES, seen.motion.scale})
    around = seen.place.around
    found.plot(
        "scale_profile",
        scale_plot(
            scales,
            [around.correlation(seen.motion.scaled(s).moved(model)) for s in scales],
            seen.motion.scale,
        ),
        "Correlation of map and model where the model should lie, made smaller and larger about "
        "its centroid. The peak is where its size agrees with the map's voxel size.",
        "A curve with a peak near a scale of 1.",
    )


def _describe(found: Findings, seen: _Found) -> None:
    motion, fit = seen.motion, seen.place.fit
    turn = "" if seen.place.mirrored else f", a rotation of {motion.angle:.2f}°"
    told = [
        f"The map that the model would give, with the amplitudes of the map, agrees best with it "
        f"after a shift of {seen.shift:.2f} Å{turn} and a change of scale by "
        f"{_percent(motion.scale)} ({{tab:placement}}). The correlation where the model is goes "
        f"from {seen.before:.3f} to {seen.fitted:.3f}."
    ]
    if "in_contour" in {figure.key for figure in found.figures}:
        told.append("{fig:in_contour} shows it in the map; {fig:scale_profile} its size.")
    else:
        told.append("{fig:scale_profile} shows how sharply its size is determined.")
    found.paragraphs = [*told, *_about_scale(found, seen), *_about_copies(seen), *found.paragraphs]
    if not fit.converged:
        found.paragraphs.append(
            "The fit did not come to rest: the errors say less than usual here."
        )


def _percent(scale: float) -> str:
    return f"{100 * (scale - 1):+.2f} %".replace("-", "−")


def _about_scale(found: Findings, seen: _Found) -> Iterator[str]:
    """What the scale says of the voxel size."""
    scale, error = seen.motion.scale, seen.place.fit.scale_error
    voxel = float(np.mean(found.task.entry.voxel_size))
    if seen.size_is_open:
        yield (
            f"Its size cannot be told here: {abs(100 * (scale - 1)):.1f} % "
            f"{'smaller' if scale < 1 else 'larger'} it agrees with the map about as well."
        )
    elif abs(scale - 1) >= _MENTIONED:
        yield (
            f"The model fits best {abs(100 * (scale - 1)):.1f} % "
            f"{'smaller' if scale < 1 else 'larger'} than it is. If its bond lengths are right "
            f"(A.j), the voxel size is {voxel / scale:.4g} Å, not {voxel:.4g} Å."
        )
    else:
        sure = max(100 * abs(scale - 1), 100 * error, 0.01)
        yield (
            f"Model and voxel size agree within {sure:.2f} %: a voxel of "
            f"{with_error(voxel / scale, voxel * error)} Å would fit the model best."
        )


def _about_copies(seen: _Found) -> Iterator[str]:
    """That it would agree as well elsewhere: another copy, and nothing wrong."""
    peaks = seen.place.peaks
    if seen.place.elsewhere or peaks.near is None:
        return
    apart = float(np.linalg.norm(peaks.best.shift - peaks.near.shift))
    if apart > 2 * seen.resolution and peaks.best.correlation >= peaks.near.correlation:
        yield (
            f"Low-passed, the map agrees as well with the model {apart:.0f} Å away "
            f"({peaks.best.correlation:.2f} against {peaks.near.correlation:.2f} here): most "
            "likely that is another copy. Where the model lies it is at home as well."
        )


def _offer(found: Findings, seen: _Found) -> None:
    """The fitted model as a file, where it would lie elsewhere; the user's own is left alone."""
    motion = seen.motion
    if seen.place.mirrored or not seen.moves:
        return
    found.model(
        "fitted",
        lambda path: write_moved(
            found.task.entry.model_path,
            path,
            motion.applied_to,
            lambda tensors: turned(tensors, motion.rotation),
        ),
        "the model where it should lie, turned, scaled and shifted as a whole",
    )
    found.paragraphs.append(
        "The model was left where it is, and all checks hold it against the map there. A copy "
        "where it should lie is fitted.cif in the folder of this check's result. It was scaled, "
        "too: refine it before it is used."
    )


def _say_nothing_fits(found: Findings, seen: _Found) -> None:
    outside = seen.now is None
    found.headline = (
        "The whole model lies outside of the map's box."
        if outside
        else "The model does not agree with the map where it lies."
    )
    said = (
        "Neither where it lies nor shifted anywhere else does the model agree with the map, nor "
        "turned to any direction or mirrored"
    )
    found.paragraphs.append(f"{said}; the best correlation is {seen.fitted:.2f}.")
    if outside:
        found.remarks.append(
            "The whole model lies outside of the map's box, and no place in it was found that "
            "fits. Is it the model of this map, in Å?"
        )
    else:
        found.cannot_tell = (
            f"{said}: it may be of something else, its parts may lie differently from those in "
            "the map, or it is too small or the map too coarse to place it. A.a says how well "
            "they agree."
        )


def _say_how_turned(found: Findings, seen: _Found) -> None:
    place = seen.place
    rise = f"the correlation would be {seen.fitted:.2f}, not {seen.before:.2f}"
    if seen.order is not None:
        order = ", ".join(map(str, seen.order))
        found.headline = f"The map's axes are in another order than the model's: {order}."
        found.remarks.append(
            f"The map's axes were exchanged: read with MAPC, MAPR, MAPS {order}, {rise}. Correct "
            "the map's header or write its axes anew; the model can stay."
        )
    elif place.mirrored and seen.resolution > _HANDED:
        found.headline = "The model does not lie in its density, and may be of the other hand."
        found.cannot_tell = (
            f"The model agrees best with the mirrored map: there {rise}. Beyond {_HANDED:g} Å a "
            "hand can hardly be told, and neither can the model's place."
        )
    elif place.mirrored:
        found.headline = "The map is the mirror image of the model."
        found.remarks.append(
            f"The map is the mirror image of the model: for the mirrored map {rise}. Proteins have "
            "one hand: where the model's amino acids are L (A.j), mirror the map (and its half "
            "maps) and place the model anew; 0.h looks at the hand of the map alone."
        )
    else:
        found.headline = f"The model is turned by {seen.motion.angle:.0f}° against the map."
        found.remarks.append(
            f"The model is turned by {seen.motion.angle:.0f}° and lies {seen.shift:.1f} Å beside "
            f"its density: placed as in fitted.cif, {rise}. Was it ever fitted into this map?"
        )


def _judge(found: Findings, seen: _Found) -> None:
    """Hold what the model needs against the limits."""
    motion, fit, resolution = seen.motion, seen.place.fit, seen.resolution
    limits = {key: found.task.limit(key, resolution) for key in (_SHIFT, _ROTATION, _SCALE)}
    if fit.shift_error > limits[_SHIFT]:
        found.cannot_tell = (
            f"Where the model should lie cannot be told better than to "
            f"{quantity(fit.shift_error, 'Å')}: the model is too small, or the map too coarse."
        )
    named = f"This is {seen.named}. " if seen.named else ""
    advice = f"{named}{found.task.check.limit(_SHIFT).advice}"
    failed = [
        key
        for key, value, error in (
            (_SHIFT, seen.shift, fit.shift_error),
            (_ROTATION, motion.angle, fit.rotation_error),
            (_SCALE, 100 * abs(motion.scale - 1), 100 * fit.scale_error),
        )
        if not found.judge(
            key,
            None if (reason := excuse(value, limits[key], error, seen.rise)) else value,
            resolution=resolution,
            vacuous=reason,
            advice=advice if key == _SHIFT else "",
        ).passed
    ]
    if not found.judge(_RISE, seen.rise).passed:
        failed.append(_RISE)
    found.headline = _headline(seen, failed)


def excuse(value: float, limit: float, error: float, rise: float) -> str:
    """Why what the model needs is no fault although it is beyond its limit; '' for no reason.

    Parameters
    ----------
    value, limit, error : what the model needs, its limit and its standard error, in one unit
    rise : of the correlation where the model should lie
    """
    if value < limit:
        return ""
    if value < _SURE * error:
        return f"it is known to ± {number(error, '.2g')} only"
    if rise < _RISES:
        return "the correlation is as high where the model lies"
    return ""


def _headline(seen: _Found, failed: list[str]) -> str:
    scale = seen.motion.scale
    larger = "larger" if scale < 1 else "smaller"
    named = f", {seen.named}" if seen.named else ""
    wrong = {
        _SHIFT: f"lies {seen.shift:.2f} Å beside its density{named}",
        _ROTATION: f"is turned by {seen.motion.angle:.1f}° against its density",
        _SCALE: f"is {100 * abs(1 / scale - 1):.1f} % {larger} than the map's voxel size says",
    }
    said = [words for key, words in wrong.items() if key in failed]
    if not said:
        said = [
            f"lies within {max(seen.shift, 0.1):.1f} Å of its density"
            if not failed
            else "does not lie where the map agrees best with it"
        ]
    sizes = (
        "its size cannot be told"
        if seen.size_is_open
        else f"the voxel size agrees within {max(100 * abs(scale - 1), 0.1):.1f} %"
    )
    *first, last = said
    listed = f"{', '.join(first)} and {last}" if first else last
    return f"The model {listed}." if _SCALE in failed else f"The model {listed}; {sizes}."


CHECK = Check(
    code="A.h",
    name="Placement",
    label="placement",
    purpose="Does the model lie where the map is, at its size and hand?",
    in_short=(
        "The map that the model would give is fitted to the map: shift, rotation and scale with "
        "their errors, first around the model, then anywhere in the box; where nothing fits, also "
        "with other orders of axes, in all directions, and mirrored. It warns of a shift of 0.15 Å "
        "or a tenth of the resolution, a rotation of 1°, a scale that differs by 0.8 %, and of a "
        "correlation that would rise by 0.05; it says where the model should lie, and what the "
        "voxel size would be."
    ),
    explanation=(
        "Every other check of the model holds it against the density around it. A model that lies "
        "beside its density by half a voxel, or in a map whose voxel size is off by a hundredth, "
        "looks badly built everywhere and is not. This check moves, turns and scales the model as "
        "a whole until the map agrees best with it, and says how far that is. A model in the frame "
        "of another header, a map with exchanged axes and a mirrored map are found as well. "
        "Nothing is moved for the other checks."
    ),
    answer=find_placement,
    needs=("map", "model"),
    listens_to=("1.a", "0.e"),
    applies=without_sense,
    volumes=8,
    limits=(
        Limit(
            _SHIFT,
            0.15,
            "Å",
            "Shift of the model",
            "The check warns when the model fits best after a shift of this much or more.",
            "the shift that the model needs",
            "<",
            advice=(
                "The model lies beside its density. Most often it was built in a frame in which "
                "the map's header placed it differently (ORIGIN, the first voxel, the centre of "
                "the box), or was never fitted into this map. Shift it as the table says, or "
                "correct the header; then refine."
            ),
            grows=Growth(
                0.1,
                1,
                "Shift by the resolution",
                "Where this share of the resolution is more, the shift may be as large.",
                fixed_by_service=False,
            ),
        ),
        Limit(
            _ROTATION,
            1.0,
            "°",
            "Rotation of the model",
            "The check warns when the model fits best after a rotation of this much or more.",
            "the rotation that the model needs",
            "<",
            advice=(
                "The model was not fitted into this map, or into another one of the same molecule. "
                "Fit it as a rigid body and refine it."
            ),
        ),
        Limit(
            _SCALE,
            0.8,
            "%",
            "Difference of the model's scale from 1",
            "The check warns when the model fits best larger or smaller by this much or more.",
            "the difference of the model's scale from 1",
            "<",
            advice=(
                "The voxel size in the map's header is wrong, or the model was built into a map "
                "with a wrong one. Where the model's bond lengths are right (A.j), correct the "
                "voxel size of map and half maps to the suggested one; the resolution in Å changes "
                "with it."
            ),
        ),
        Limit(
            _RISE,
            0.05,
            "",
            "Rise of the correlation",
            "The check warns when the correlation would rise by this much or more if the model lay "
            "where it should.",
            "the rise of the correlation where the model should lie",
            "<",
            advice="The model does not lie where the map agrees best with it: fit it, and refine.",
        ),
    ),
    references=(AFONINE_2018, ROSEMAN_2003, PINTILIE_2020),
    differs=(
        "The service moves the model's centre of mass to candidate origins and goes on with "
        "whichever fits, or skips the level; here it is measured where it lies, and told where it "
        "should."
    ),
)
