"""Scopes and completeness of labels: where absence means something, and where nothing is known."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tinysources import ALL_LABELS, damaged, label, write_source

from gatukoll.datasets import labels
from gatukoll.datasets.layout import Source, read_source
from gatukoll.errors import DataError


def _source(tmp_path: Path, entries: dict[str, Any], **more: Any) -> Source:
    pictures = {"a": damaged(), "b": None}
    more.setdefault("groups", {"a": "g", "b": "g"})
    return read_source(write_source(tmp_path / "s", pictures, labels=entries, **more))


def test_a_mask_decides_where_it_is_not_255(tmp_path: Path) -> None:
    source = _source(tmp_path, ALL_LABELS)
    a, b = source.pictures()
    pothole = labels.pixels(source, a, "pothole")
    assert np.array_equal(pothole.positive, damaged() == 2)
    assert np.array_equal(pothole.known, damaged() != 255)
    assert not labels.pixels(source, b, "pothole").known.any()  # no mask, so nothing is known
    assert labels.pixels(source, b, "pothole").known.shape == (64, 96)


def test_an_area_that_counts_as_a_line_is_left_out_of_the_line(tmp_path: Path) -> None:
    source = _source(tmp_path, ALL_LABELS)
    a = source.pictures()[0]
    mask = damaged()
    as_line = labels.pixels(source, a, "crack", line=True)
    assert np.array_equal(as_line.positive, mask == 1)
    assert np.array_equal(as_line.known, (mask != 255) & (mask != 4))
    as_area = labels.pixels(source, a, "crack")
    assert np.array_equal(as_area.positive, (mask == 1) | (mask == 4))
    assert np.array_equal(as_area.known, mask != 255)


def test_scope_picture_holds_without_a_mask(tmp_path: Path) -> None:
    source = _source(tmp_path, {"crack": label(scope="picture")})
    assert labels.pixels(source, source.pictures()[1], "crack").known.all()


def test_scope_annotations_knows_only_what_is_drawn(tmp_path: Path) -> None:
    source = _source(tmp_path, {"crack": label(scope="annotations", complete="no")})
    target = labels.pixels(source, source.pictures()[0], "crack")
    assert np.array_equal(target.known, damaged() == 1)
    assert not labels.absence_known(source, source.pictures()[0], "crack")


def test_scope_by_a_column(tmp_path: Path) -> None:
    pictures = {"yes": damaged(), "no": damaged(), "bare": None}
    source = read_source(
        write_source(
            tmp_path / "s",
            pictures,
            groups=dict.fromkeys(pictures, "g"),
            columns={"crack_labelled": {"yes": "1", "no": "0", "bare": "1"}},
            labels={"crack": label(scope="groups.csv:crack_labelled", complete="clear")},
        )
    )
    known = {p.path.stem: labels.pixels(source, p, "crack").known for p in source.pictures()}
    assert np.array_equal(known["yes"], damaged() != 255)
    assert np.array_equal(known["no"], damaged() == 1)  # drawn is drawn; its absence says nothing
    assert not known["bare"].any()  # for a mask the rule of `masked` too


def test_a_missing_column_is_named_with_the_nearest(tmp_path: Path) -> None:
    source = _source(
        tmp_path,
        {"crack": label(scope="groups.csv:labeled")},
        columns={"labelled": {"a": "1", "b": "1"}},
    )
    with pytest.raises(DataError, match=r'no column "labeled".*Did you mean "labelled"'):
        labels.pixels(source, source.pictures()[0], "crack")


def test_a_name_without_an_entry_is_unknown_everywhere(tmp_path: Path) -> None:
    source = _source(tmp_path, {"crack": label()})
    target = labels.pixels(source, source.pictures()[0], "pothole")
    assert not target.known.any()
    assert not target.positive.any()
    assert labels.completeness(source, "pothole") is None


def test_a_general_name_is_known_only_where_all_that_count_as_it_are(tmp_path: Path) -> None:
    entries = {
        "pothole": label(**{"is": ["damage"]}),
        "patch": label(scope="annotations", complete="no", **{"is": ["damage"]}),
    }
    source = _source(tmp_path, entries)
    target = labels.pixels(source, source.pictures()[0], "damage")
    drawn = np.isin(damaged(), [2, 3])
    assert np.array_equal(target.positive, drawn)
    assert np.array_equal(target.known, drawn)
    assert labels.completeness(source, "damage") == "no"
    assert "damage" in labels.labelled_names(source)


def test_objects_by_general_name_ignore_regions_and_least_height(tmp_path: Path) -> None:
    entries = {
        "transverse": label("box", "picture", "near", min_px=10, **{"is": ["crack"]}),
        "pothole": label("box", "picture", "yes"),
    }
    source = _source(
        tmp_path,
        entries,
        coco={
            "a": [
                ("transverse", (0, 0, 30, 12), False),
                ("transverse", (0, 20, 30, 24), False),
                ("pothole", (50, 50, 60, 60), False),
                ("pothole", (70, 40, 80, 60), True),
            ]
        },
    )
    found = labels.objects(source, source.pictures()[0], "crack")
    assert [(b.name, b.ignore) for b in found] == [
        ("transverse", False),
        ("transverse", True),  # lower than min_px
        ("pothole", True),  # an ignore region is one for every name
    ]
    assert labels.completeness(source, "crack") == "near"
    assert labels.absence_known(source, source.pictures()[0], "crack")


def test_real_scopes(shared_data: Path) -> None:
    source = read_source(shared_data / "pavement" / "brazil_dnit")
    unlabelled = next(p for p in source.pictures() if p.row["crack_labelled"] == "0")
    assert not labels.pixels(source, unlabelled, "crack", line=True).known.any()
    assert labels.pixels(source, unlabelled, "pothole").known.any()
    assert not labels.pixels(source, unlabelled, "patch").known.any()
