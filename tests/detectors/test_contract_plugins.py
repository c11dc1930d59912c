"""The contract serves masks, boxes, and crops classified in a second stage: three tiny models, one engine."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tinymodels

from gatukoll.detectors.cardcheck import check_card, read_card
from gatukoll.detectors.contract import Detector
from gatukoll.runtime.engine import Engine, Loaded


def loaded(detector: Detector, model: Path, classifier: Path | None = None) -> Loaded:
    check_card(read_card(model), model, detector)
    if classifier is None:
        return Loaded(detector, read_card(model), model)
    check_card(read_card(classifier), classifier, detector, "classifier")
    return Loaded(detector, read_card(model), model, read_card(classifier), classifier)


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    spots = tinymodels.card("tiny_crops", classes=["spot"], thresholds={"spot": 0.5})
    return Engine(
        [
            loaded(tinymodels.TinyMasks(), tinymodels.masks(tmp_path / "masks.onnx")),
            loaded(tinymodels.TinyBoxes(), tinymodels.boxes(tmp_path / "boxes.onnx")),
            loaded(
                tinymodels.TinyCrops(),
                tinymodels.masks(tmp_path / "crops.onnx", spots),
                tinymodels.colours(tmp_path / "classifier.onnx"),
            ),
        ],
        threads=1,
    )


def test_masks_boxes_and_crops_through_one_engine(engine: Engine) -> None:
    picture = np.full((96, 128, 3), 60, np.uint8)
    picture[20:40, 30:60] = (255, 30, 30)
    picture[50:70, 80:110] = 255
    picture[80:83, 10:60] = 255

    found = engine.detect(picture)

    masks = found["tiny_masks"]
    assert [(d.name, d.box_px) for d in masks] == [
        ("spot", (30, 20, 60, 40)),
        ("spot", (80, 50, 110, 70)),
        ("stripe", (10, 80, 60, 83)),
    ]
    assert all(d.mask is not None and d.mask.pixels.all() for d in masks)
    assert [(d.name, d.box_px) for d in found["tiny_boxes"]] == [("spot", (10.0, 20.0, 110.0, 83.0))]
    assert [d.attributes for d in found["tiny_crops"]] == [{"colour": "red"}, {"colour": "white"}]


def test_frames_larger_than_the_input_come_back_in_pixels_of_the_frame(engine: Engine) -> None:
    picture = np.full((192, 300, 3), 60, np.uint8)  # fits with a scale of 128 / 300 and padding below
    picture[40:90, 100:200] = 255

    found = engine.detect(picture)

    for name in ("tiny_masks", "tiny_boxes", "tiny_crops"):
        (detection,) = found[name]
        np.testing.assert_allclose(detection.box_px, (100, 40, 200, 90), atol=2.5)


def test_an_empty_frame_gives_nothing_and_a_second_look_gives_the_same(engine: Engine) -> None:
    nothing = engine.detect(np.full((96, 128, 3), 60, np.uint8))
    assert nothing == {"tiny_masks": [], "tiny_boxes": [], "tiny_crops": []}
    picture = np.full((96, 128, 3), 60, np.uint8)
    picture[20:40, 30:60] = 255
    first, second = engine.detect(picture), engine.detect(picture)
    assert [(d.name, d.score, d.box_px) for f in first.values() for d in f] == [
        (d.name, d.score, d.box_px) for f in second.values() for d in f
    ]


def test_more_crops_than_one_batch(engine: Engine) -> None:
    picture = np.full((288, 384, 3), 60, np.uint8)
    corners = [(y, x) for y in range(0, 280, 48) for x in range(0, 380, 48)]
    for y, x in corners:
        picture[y : y + 33, x : x + 33] = (255, 255, 255) if (x // 48) % 2 else (255, 20, 20)
    colours = [d.attributes["colour"] for d in engine.detect(picture)["tiny_crops"]]
    assert len(colours) == len(corners) == 48  # the engine's batch is 32
    assert colours == ["white" if (x // 48) % 2 else "red" for _, x in corners]
