"""Training samples: what weighs how much, and that sample i is always the same."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the train extra")
pytestmark = pytest.mark.train

from tinysources import ALL_LABELS, damaged, label, write_source  # noqa: E402

from gatukoll.datasets.layout import read_source  # noqa: E402
from gatukoll.datasets.splits import Item  # noqa: E402
from gatukoll.detectors.card import InputSpec  # noqa: E402
from gatukoll.errors import DataError  # noqa: E402
from gatukoll.training.augment import Augment  # noqa: E402
from gatukoll.training.config import Recipe, SourceUse, Weight  # noqa: E402
from gatukoll.training.data import FILL, OUTSIDE_WEIGHT, Crops, targets  # noqa: E402

RECIPE = Recipe(
    name="pavement", version="0", classes=["crack", "network", "pothole", "patch"], lines=["crack"]
)
SHARE = SourceUse(share=1)
SPEC = InputSpec(height=64, width=96, fit="area")


def _items(folder: Path, labels: Mapping[str, Any] = ALL_LABELS, count: int = 3) -> list[Item]:
    masks = {f"p{i}": damaged(i) for i in range(count)}
    source = read_source(write_source(folder, masks, groups=dict.fromkeys(masks, "g"), labels=labels))
    return [Item(source, p) for p in source.pictures()]


def _crops(items: list[Item], strength: Any = "none", **more: Any) -> Crops:
    uses = more.pop("uses", {i.source.name: SHARE for i in items})
    recipe = more.pop("recipe", RECIPE)
    size = more.pop("size", (64, 96))
    return Crops(items, recipe, uses, size, more.pop("spec", SPEC), Augment(strength), seed=3, length=100)


def test_unlabelled_pixels_and_classes_weigh_nothing(tmp_path: Path) -> None:
    item = _items(tmp_path / "s", {"crack": label(), "pothole": label()})[0]
    target = targets(item, RECIPE, SHARE)
    mask = damaged(0)
    crack, network, pothole, patch = target.weight
    assert not network.any()
    assert not patch.any()
    assert np.array_equal(pothole > 0, mask != 255)
    assert np.array_equal(crack > 0, mask != 255)
    assert np.array_equal(target.positive[2], mask == 2)


def test_absence_weighs_by_completeness_unless_the_recipe_says_otherwise(tmp_path: Path) -> None:
    item = _items(tmp_path / "s", {"crack": label(complete="clear"), "pothole": label(complete="near")})[0]
    mask = damaged(0)
    by_default = targets(item, RECIPE, SHARE).weight
    assert set(by_default[0][mask == 0]) == {0.25}
    assert set(by_default[0][mask == 1]) == {1.0}
    assert set(by_default[2][mask == 0]) == {1.0}
    use = SourceUse(share=1, weights={"crack": Weight(present=0.3, absent=0)})
    said = targets(item, RECIPE, use).weight
    assert not said[0][mask == 0].any()
    assert np.allclose(said[0][mask == 1], 0.3)


def test_above_the_road_every_class_is_absent(tmp_path: Path) -> None:
    mask = damaged(0)
    mask[:32] = 255
    source = read_source(write_source(tmp_path / "s", {"a": mask}, groups={"a": "g"}))
    item = Item(source, source.pictures()[0])
    target = targets(item, RECIPE, SourceUse(share=1, none_above=0.25))
    assert np.allclose(target.weight[:, :16], OUTSIDE_WEIGHT)
    assert not target.positive[:, :16].any()
    assert not target.weight[:, 16:32].any()


GROUND = RECIPE.model_copy(update={"surface": "road"})


def test_the_surface_is_what_the_mask_knows(tmp_path: Path) -> None:
    item = _items(tmp_path / "s")[0]
    target = targets(item, GROUND, SourceUse(share=1, surface="known"))
    inside = damaged(0) != 255
    assert len(target.positive) == 5
    assert np.array_equal(target.positive[4], inside)
    assert np.array_equal(target.weight[4] > 0, inside)
    assert not targets(item, GROUND, SHARE).weight[4].any()


def test_no_damage_lies_beside_the_surface(tmp_path: Path) -> None:
    mask = np.full((64, 96), 2, np.uint8)
    mask[40:], mask[:4] = 1, 255
    folder = write_source(
        tmp_path / "s", {"a": mask}, groups={"a": "g"}, classes={1: "road", 2: "wall"},
        labels={"road": label(), "wall": label()},
    )  # fmt: skip
    source = read_source(folder)
    target = targets(Item(source, source.pictures()[0]), GROUND, SourceUse(share=1, surface=["road"]))
    assert np.array_equal(target.positive[4], mask == 1)
    assert np.array_equal(target.weight[4] > 0, mask != 255)
    for weight in target.weight[:4]:
        assert np.allclose(weight[mask == 2], OUTSIDE_WEIGHT)
        assert not weight[mask != 2].any()
    assert not target.positive[:4].any()


def test_a_mistyped_surface_gets_the_nearest_word(tmp_path: Path) -> None:
    item = _items(tmp_path / "s")[0]
    with pytest.raises(DataError, match='Did you mean "patch"'):
        targets(item, GROUND, SourceUse(share=1, surface=["pach"]))


@pytest.mark.parametrize("strength", ["none", "weak", "medium", "strong"])
def test_a_sample_depends_on_its_number_alone(tmp_path: Path, strength: str) -> None:
    items = _items(tmp_path / "s")
    one, other = _crops(items, strength), _crops(items, strength)
    first = [one[i] for i in range(4)]
    other[17]
    for i in reversed(range(4)):
        again = other[i]
        assert all(torch.equal(a, b) for a, b in zip(first[i], again, strict=True))
    assert any(not torch.equal(first[0].image, s.image) for s in first[1:])


def test_picture_and_targets_move_together(tmp_path: Path) -> None:
    """Damage is drawn at half brightness in these pictures, so targets can be read off the crops."""
    crops = _crops(_items(tmp_path / "s"), "weak", size=(64, 64))
    for i in range(6):
        sample = crops[i]
        grey = sample.image.float().mean(-1)
        patch = sample.positive[3].bool() & (sample.weight[3] > 0)
        road = (sample.weight[3] > 0) & ~sample.positive.bool().any(0)
        if patch.sum() > 50:
            assert grey[patch].mean() < 0.75 * grey[road].mean()


def test_a_crop_beyond_the_picture_is_grey_and_unknown(tmp_path: Path) -> None:
    sample = _crops(_items(tmp_path / "s"), size=(96, 128))[0]
    outside = (sample.image == FILL).all(-1)
    assert outside[-30:].all()
    assert not sample.weight[:, -30:].any()


def test_shares_and_boosts_decide_how_often_pictures_come(tmp_path: Path) -> None:
    few, many = _items(tmp_path / "few", count=1), _items(tmp_path / "many", count=4)
    uses = {"few": SourceUse(share=3), "many": SourceUse(share=1)}
    chance = _crops([*few, *many], uses=uses).chance
    assert np.allclose(chance, [0.75, *[0.0625] * 4])
    plain = np.zeros((64, 96), np.uint8)
    source = read_source(
        write_source(tmp_path / "s", {"a": damaged(), "b": plain}, groups={"a": "g", "b": "g"})
    )
    boosted = RECIPE.model_copy(update={"boost": {"pothole": 3.0}})
    chance = _crops([Item(source, p) for p in source.pictures()], recipe=boosted).chance
    assert np.allclose(chance, [0.8, 0.2])
