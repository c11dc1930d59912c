"""What docs/labels.md shows is read, and means what the page says."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import numpy as np
import pytest
from labelspage import PAGE, blocks, write_example

from gatukoll.datasets import labels
from gatukoll.datasets.layout import Complete, Form, Source, find_source
from gatukoll.datasets.splits import divide
from gatukoll.datasets.versions import refuse_untrainable


@pytest.fixture
def source(tmp_path: Path) -> Source:
    return find_source(write_example(tmp_path / "my_streets"), "my_streets")


def test_the_example_is_read(source: Source) -> None:
    pictures = source.pictures()
    assert [p.file for p in pictures] == ["hamnvagen_01.jpg", "kungsgatan_01.jpg", "kungsgatan_02.jpg"]
    assert {p.group for p in pictures} == {"kungsgatan", "hamnvagen"}
    assert all(source.mask(p) is not None for p in pictures)
    assert [b.box_px for b in source.boxes(pictures[1])] == [(400, 300, 440, 318)]
    refuse_untrainable([source], [])
    split = divide("page", [source], {"group": ["hamnvagen"]})
    assert (len(split.train), len(split.development)) == (2, 1)


def test_masks_mean_what_the_page_says(source: Source) -> None:
    picture = source.pictures()[1]
    crack = labels.pixels(source, picture, "crack", line=True)
    assert not crack.known[:200].any(), "255 is not labelled"
    assert crack.known[300, 102] and crack.positive[300, 101]
    assert not crack.known[320, 250], "alligator cracking is left out where crack lines are scored"
    assert labels.pixels(source, picture, "crack").positive[320, 250], "and counts as crack otherwise"
    pothole = labels.pixels(source, picture, "pothole")
    assert np.argwhere(pothole.positive)[0].tolist() == [420, 400]
    assert not labels.pixels(source, picture, "ravelling").known.any(), "no entry: not labelled here"


def test_boxes_mean_what_the_page_says(source: Source) -> None:
    picture = source.pictures()[1]
    assert [b.ignore for b in labels.objects(source, picture, "manhole")] == [False]
    assert labels.absence_known(source, picture, "manhole")
    assert labels.completeness(source, "patch") == "clear"


def test_the_page_names_every_word() -> None:
    text = PAGE.read_text(encoding="utf-8")
    for word in (
        *get_args(Form),
        *get_args(Complete),
        "picture",
        "masked",
        "annotations",
        "groups.csv:COLUMN",
    ):
        assert f"`{word}`" in text, word


def test_the_tree_shows_the_files_of_the_example(source: Source) -> None:
    tree = blocks("")[0]
    for path in source.folder.iterdir():
        assert path.name in tree, path.name
