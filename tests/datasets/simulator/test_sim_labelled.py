"""A simulated set is a labelled source like any other."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from gatukoll.datasets import labels, layout
from gatukoll.datasets.simulator import measure
from gatukoll.datasets.simulator.labelled import simulate_labelled
from gatukoll.datasets.simulator.make import DEMO_SEEDS_FROM
from gatukoll.errors import DataError


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return simulate_labelled(tmp_path_factory.mktemp("set") / "sim", [3, 4], 6, width=480)


def test_it_reads_as_a_source(folder: Path) -> None:
    source = layout.read_source(folder)
    assert source.train and source.licence == "Apache-2.0"
    assert source.classes == {1: "crack", 2: "pothole", 3: "patch", 4: "network"}
    pictures = source.pictures()
    assert len(pictures) == 6 and {p.group for p in pictures} == {"sim_street_0003", "sim_street_0004"}
    for picture in pictures:
        mask, image = source.mask(picture), cv2.imread(str(picture.path))
        assert mask is not None and mask.shape == image.shape[:2] == (270, 480)
        assert (mask == 0).any() and (mask == 255).any()


def test_every_class_is_known_where_the_carriageway_is(folder: Path) -> None:
    source = layout.read_source(folder)
    shown = set()
    for picture in source.pictures():
        mask = source.mask(picture)
        assert mask is not None
        for name in source.classes.values():
            target = labels.pixels(source, picture, name)
            assert np.array_equal(target.known, mask != 255)
            if target.positive.any():
                shown.add(name)
        line = labels.pixels(source, picture, "crack", line=True)
        assert not line.known[mask == 4].any()
    assert shown


def test_counts_in_source_json_are_those_of_the_masks(folder: Path) -> None:
    import json

    said = json.loads((folder / "source.json").read_text())["annotations"]
    masks = [cv2.imread(str(p), cv2.IMREAD_UNCHANGED) for p in sorted((folder / "masks").iterdir())]
    assert said == {
        name: sum(bool((m == v).any()) for m in masks)
        for v, name in layout.read_source(folder).classes.items()
    }


def test_the_figures_of_a_set_can_be_measured(folder: Path) -> None:
    figures = measure.measure(folder)
    assert 20 < figures["asphalt.level"].mid < 200
    assert figures["asphalt.level"].count >= 5


def test_seeds_of_demos_and_tests_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=f"{DEMO_SEEDS_FROM} is kept for demos"):
        simulate_labelled(tmp_path / "a", [1, DEMO_SEEDS_FROM], 4)
    with pytest.raises(DataError, match="at least one a street"):
        simulate_labelled(tmp_path / "a", [1, 2, 3], 2)
    assert not (tmp_path / "a").exists()


def test_a_folder_that_holds_a_source_is_kept(folder: Path) -> None:
    with pytest.raises(DataError, match="holds a source"):
        simulate_labelled(folder, [1], 1)
