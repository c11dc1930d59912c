"""Sources on disk: what is read, and how a wrong one is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tinysources import ALL_LABELS, damaged, label, write_source

from gatukoll.datasets.layout import Box, find_source, find_sources, read_picture, read_source
from gatukoll.errors import DataError


@pytest.fixture
def source_folder(tmp_path: Path) -> Path:
    return write_source(
        tmp_path / "pavement" / "lane",
        {"a": damaged(), "b": None},
        groups={"a": "north", "b": "south"},
        columns={"light": {"a": "dull", "b": "sun"}},
        coco={"a": [("pothole", (1, 2, 11, 22), False), ("pothole", (5, 5, 6, 6), True)]},
    )


def test_a_source_is_read_whole(source_folder: Path) -> None:
    source = find_source(source_folder.parent.parent, "lane")
    assert source.classes == {1: "crack", 2: "pothole", 3: "patch", 4: "network"}
    assert source.labels["network"].is_ == ("crack",)
    a, b = source.pictures()
    assert (a.file, a.group, a.row["light"]) == ("a.jpg", "north", "dull")
    mask = source.mask(a)
    assert mask is not None
    assert np.array_equal(mask, damaged())
    assert source.mask(b) is None
    assert source.boxes(a) == [
        Box("pothole", (1, 2, 11, 22)),
        Box("pothole", (5, 5, 6, 6), ignore=True),
    ]
    assert source.boxes(b) == []
    assert read_picture(a.path).shape == (64, 96, 3)


def test_one_source_or_a_tree_of_them(source_folder: Path) -> None:
    for root in (source_folder, source_folder.parent, source_folder.parent.parent):
        assert [s.name for s in find_sources(root)] == ["lane"]


def test_a_mistyped_source_gets_the_nearest_name(source_folder: Path) -> None:
    with pytest.raises(DataError, match='Did you mean "lane"'):
        find_source(source_folder, "lain")


def test_a_folder_without_a_source_says_what_would_be_one(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"no source\.json"):
        find_sources(tmp_path)
    with pytest.raises(DataError, match="no such folder"):
        find_sources(tmp_path / "none")


def test_without_groups_pictures_have_none(tmp_path: Path) -> None:
    folder = write_source(tmp_path / "loose", {"a": damaged()})
    assert [p.group for p in read_source(folder).pictures()] == [""]


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ({"crack": label(form="maks")}, r'labels\.crack\.form: is "maks"\. Did you mean "mask"'),
        ({"crack": label(scope="pictures")}, r'labels\.crack\.scope: is "pictures"\. Did you mean "picture"'),
        ({"crack": label(complete="most")}, r"labels\.crack\.complete"),
        ({"crack": "mask"}, r"labels\.crack: is 'mask'"),
    ],
)
def test_a_wrong_label_entry_is_named(tmp_path: Path, labels: dict[str, object], message: str) -> None:
    folder = write_source(tmp_path / "wrong", {"a": damaged()}, groups={"a": "g"}, labels=labels)
    with pytest.raises(DataError, match=message):
        read_source(folder)


def test_train_must_be_true_or_false(tmp_path: Path) -> None:
    folder = write_source(tmp_path / "wrong", {"a": damaged()}, groups={"a": "g"}, **{"licence": "x"})
    text = (folder / "source.json").read_text().replace('"train": true', '"train": "no"')
    (folder / "source.json").write_text(text)
    with pytest.raises(DataError, match="true or false"):
        read_source(folder)


def test_a_mask_with_a_strange_value_is_refused(tmp_path: Path) -> None:
    mask = damaged()
    mask[0, 50] = 9
    source = read_source(write_source(tmp_path / "wrong", {"a": mask}, groups={"a": "g"}))
    with pytest.raises(DataError, match=r"holds the values \[9\]"):
        source.mask(source.pictures()[0])


def test_a_picture_in_groups_that_is_not_there(tmp_path: Path) -> None:
    folder = write_source(tmp_path / "wrong", {"a": damaged()}, groups={"a": "g"}, labels=ALL_LABELS)
    (folder / "images" / "a.jpg").unlink()
    with pytest.raises(DataError, match=r'"a.jpg" is not in images/'):
        read_source(folder).pictures()


def test_all_real_sources_are_read(shared_data: Path) -> None:
    sources = {s.name: s for s in find_sources(shared_data)}
    assert len(sources) >= 30
    assert len(sources["brazil_dnit_gold"].pictures()) == 122
    assert not sources["crackforest_cfd"].train
    for name in ("brazil_dnit", "brazil_dnit_gold", "chiba_windscreen"):
        picture = sources[name].pictures()[0]
        mask = sources[name].mask(picture)
        assert mask is not None
        assert mask.shape == read_picture(picture.path).shape[:2]
