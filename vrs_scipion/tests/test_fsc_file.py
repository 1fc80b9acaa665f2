"""The curve that depositors hand in: read where it is one, refused in one sentence where not."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vrs_scipion.entry.fsc_file import read_fsc
from vrs_scipion.files import InputError

HEAD = '<fsc title="FSC" xaxis="Resolution (A-1)" yaxis="Correlation Coefficient">'
POINTS = [(0.0, 1.0), (0.05, 0.99), (0.1, 0.5), (0.2, -0.01)]


def xml(points: Sequence[tuple[object, object]], head: str = HEAD) -> str:
    return head + "".join(f"<coordinate><x>{x}</x><y>{y}</y></coordinate>" for x, y in points)


def of(folder: Path, text: str | bytes) -> tuple[np.ndarray, np.ndarray]:
    path = folder / "emd_1_fsc.xml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_fsc(path)


@pytest.mark.parametrize(
    "text",
    [
        xml(POINTS) + "</fsc>",
        '<?xml version="1.0" encoding="UTF-8"?>\n<!-- a comment -->\n' + xml(POINTS) + "\n</fsc>\n",
        xml(POINTS, '<fsc xmlns="http://example.org/fsc">') + "</fsc>",
        xml([(f"\n {x} ", f" {y}\n") for x, y in POINTS]) + "<other><x>7</x></other></fsc>",
        (f'<?xml version="1.0" encoding="UTF-16"?>{xml(POINTS)}</fsc>').encode("utf-16"),
    ],
)
def test_a_curve(tmp_path: Path, text: str | bytes) -> None:
    frequency, correlation = of(tmp_path, text)
    assert frequency.dtype == correlation.dtype == np.float64
    np.testing.assert_array_equal(np.column_stack([frequency, correlation]), POINTS)


ENTITY = '<!DOCTYPE fsc [<!ENTITY a "1"><!ENTITY b "&a;&a;&a;&a;">]>'
OUTSIDE = '<!DOCTYPE fsc [<!ENTITY a SYSTEM "file:///etc/passwd">]>'


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (ENTITY + xml([("&b;", 1), (2, 1)]) + "</fsc>", "declares a document type"),
        (OUTSIDE + xml([("&a;", 1), (2, 1)]) + "</fsc>", "declares a document type"),
        (xml([("&a;", 1)]) + "</fsc>", "no XML"),
        ("", "no XML"),
        ("not found", "no XML"),
        (xml(POINTS), "no XML"),
        ("<html><body/></html>", "begins with <html>"),
        ("<fsc></fsc>", "no curve, 0 of its points"),
        (xml(POINTS[:1]) + "</fsc>", "no curve, 1 of its points"),
        (HEAD + "<coordinate><x>0.1</x></coordinate></fsc>", "point 1 of its curve has no <y>"),
        (xml([*POINTS, (0.3, "see text")]) + "</fsc>", "point 5 of its curve has 'see text'"),
        (xml([(0.1, "nan"), (0.2, 0)]) + "</fsc>", "has 'nan' where a number has to be"),
        (xml([(0.1, "1e999"), (0.2, 0)]) + "</fsc>", "where a number has to be"),
        (xml([(0.1, "1" * 1000000), (0.2, 0)]) + "</fsc>", "where a number has to be"),
        (xml(POINTS[::-1]) + "</fsc>", "do not rise"),
        (xml([(-0.1, 1), (0.1, 1)]) + "</fsc>", "do not rise"),
        (xml([(0, 1), (0, 1)]) + "</fsc>", "do not rise"),
        (xml([(0.1, 100), (0.2, 14.3)]) + "</fsc>", "a correlation of 100, beyond 1"),
        (xml(POINTS) + " " * (1 << 23) + "</fsc>", "too large"),
        (HEAD + "<a>" * 100000, "no XML"),
        (b"\xff\xfe\x00\xd8", "no XML"),
    ],
)
def test_what_is_no_curve(tmp_path: Path, text: str | bytes, words: str) -> None:
    with pytest.raises(InputError) as caught:
        of(tmp_path, text)
    said = str(caught.value)
    assert said.startswith("emd_1_fsc.xml: ")
    assert words in said
    assert len(said.splitlines()) == 1
    assert len(said) < 300


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        read_fsc(tmp_path / "nowhere.xml")


@settings(max_examples=200, deadline=None)
@given(place=st.integers(0, 10_000), what=st.binary(max_size=8), gone=st.integers(0, 40))
def test_any_damage_is_a_curve_or_one_sentence(
    tmp_path_factory: pytest.TempPathFactory, place: int, what: bytes, gone: int
) -> None:
    whole = (xml(POINTS) + "</fsc>").encode()
    place %= len(whole)
    damaged = whole[:place] + what + whole[place + gone :]
    said = ""
    try:
        frequency, correlation = of(tmp_path_factory.getbasetemp(), damaged)
    except InputError as error:
        said = str(error)
    if said:
        assert len(said.splitlines()) == 1
    else:
        assert frequency.shape == correlation.shape
        assert np.isfinite(frequency).all()
        assert np.abs(correlation).max() <= 1
