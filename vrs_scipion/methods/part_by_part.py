"""Fourier transforms axis by axis, a few planes at a time, without the coefficients that are 0.

A transform of a whole box goes through memory once for every axis and every product. Taken apart,
what is done with a few planes stays in the processor's cache, and lines of zeros are left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

Spectrum = NDArray[np.complex64]

_CACHE = 1 << 20
"""Bytes of coefficients that a thread works on at a time."""

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")
_Scalar = TypeVar("_Scalar", np.float32, np.float64, np.complex64)


@dataclass(frozen=True)
class Kept:
    """The coefficients of an axis of ``n`` that a band reaches: the first and the last ones."""

    n: int
    head: int
    tail: int

    @classmethod
    def up_to(cls, n: int, highest: int) -> Kept:
        """Those of so many waves."""
        return cls(n, n, 0) if 2 * highest + 1 >= n else cls(n, highest + 1, highest)

    @property
    def count(self) -> int:
        """How many."""
        return self.head + self.tail

    def select(self, whole: NDArray[_Scalar], axis: int = 0) -> NDArray[_Scalar]:
        """The kept coefficients of an array, one after the other."""
        if not self.tail:
            return whole
        return np.concatenate([whole[part] for part in self._parts(axis)], axis)

    def spread(self, kept: Spectrum, axis: int) -> Spectrum:
        """The whole axis, with zeros where the band has no coefficients."""
        if not self.tail:
            return kept
        shape = list(kept.shape)
        shape[axis] = self.n
        whole = np.zeros(shape, np.complex64)
        for part in self._parts(axis):
            whole[part] = kept[part]
        return whole

    def _parts(self, axis: int) -> Iterator[tuple[slice, ...]]:
        for part in (slice(self.head), slice(-self.tail, None)):
            yield (*(slice(None),) * axis, part)

    def blocks(self, step: int) -> Iterator[tuple[slice, slice]]:
        """Runs of kept coefficients: where they are among the kept, and in the whole axis."""
        gap = self.n - self.count
        for start, stop, shift in ((0, self.head, 0), (self.head, self.count, gap)):
            for run in slices(start, stop, step):
                yield run, slice(run.start + shift, run.stop + shift)


def slices(start: int, stop: int, step: int) -> Iterator[slice]:
    """So many indices at a time."""
    for first in range(start, stop, step):
        yield slice(first, min(first + step, stop))


def planes_at_once(coefficients: int) -> int:
    """How many planes of so many complex64 coefficients a thread works on at a time."""
    return max(1, _CACHE // (8 * coefficients))


def each(work: Callable[[_Item], _Result], items: Iterable[_Item], threads: int) -> list[_Result]:
    """What is made of every item, so many at a time."""
    if threads == 1:
        return [work(item) for item in items]
    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(work, items))
