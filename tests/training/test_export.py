"""Exports: the card, parity with the network, and the refusal where there is none."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the train extra")
pytestmark = pytest.mark.train

import onnxruntime as ort  # noqa: E402
from tinysources import damaged, write_source  # noqa: E402

from gatukoll.detectors.cardcheck import read_card  # noqa: E402
from gatukoll.errors import ConfigError, DataError, ModelError  # noqa: E402
from gatukoll.training import export, trunk  # noqa: E402
from gatukoll.training.config import Recipe  # noqa: E402
from gatukoll.training.decoder import Segmenter  # noqa: E402
from gatukoll.training.graph import to_onnx  # noqa: E402
from gatukoll.training.train import load_task  # noqa: E402
from gatukoll.training.train import main as train  # noqa: E402

WORDS = [
    "detector=pavement",
    "~data.sources",
    "+data.sources={lane: {share: 1}}",
    "~data.split.development.highway",
    "data.split.development.group=[south]",
    "train.steps=2",
    "train.round=2",
    "train.batch=2",
    "train.warmup=1",
    "train.check_every=9",
    "input.crop_height=64",
    "input.crop_width=64",
    "model.width=8",
]


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("data")
    masks = {stem: damaged(i) for i, stem in enumerate("abcd")}
    write_source(root / "lane", masks, groups={"a": "north", "b": "north", "c": "south", "d": "south"})
    return root


@pytest.fixture(scope="module")
def checkpoint(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return train([*WORDS, f"data.root={root}", f"out={tmp_path_factory.mktemp('run')}"])


def _words(root: Path, checkpoint: Path, out: Path) -> list[str]:
    return ["detector=pavement", f"checkpoint={checkpoint}", f"data.root={root}", f"out={out}"]


def test_an_export_carries_its_card(root: Path, checkpoint: Path, tmp_path: Path) -> None:
    out = export.main(_words(root, checkpoint, tmp_path / "new" / "model.onnx"))
    card = read_card(out)
    assert card.classes == ["crack", "network", "pothole", "patch"]
    assert set(card.thresholds) == set(card.classes)
    assert (card.input.fit, card.input.height, card.input.width) == ("area", 480, 768)
    assert [(t.source, t.pictures, t.train) for t in card.trained_on] == [("lane", 2, True)]
    assert card.trunk is not None
    assert not card.trunk.frozen
    assert "0 of" in card.notes["parity"]
    assert [(s.source, s.split) for s in card.scores] == [("lane", "development: group south")]
    assert [p.name for p in out.parent.iterdir()] == ["model.onnx"]


def test_the_graph_takes_any_batch_and_size(checkpoint: Path) -> None:
    task = load_task(checkpoint)[0]
    net = task.net.eval()
    session = ort.InferenceSession(to_onnx(net, task.settings.detector).SerializeToString())
    rng = np.random.default_rng(0)
    for shape in [(1, 32, 64, 3), (2, 96, 64, 3)]:
        image = rng.integers(0, 255, shape).astype(np.uint8)
        scores, surface = session.run(["scores", "surface"], {"image": image})
        assert scores.shape == (shape[0], 4, shape[1] // 4, shape[2] // 4)
        assert surface.shape == (shape[0], 1, shape[1] // 4, shape[2] // 4)
        with torch.no_grad():
            channels = net(torch.from_numpy(image)).numpy()
        assert np.allclose(np.concatenate([scores, surface], axis=1), channels, atol=1e-5)


def test_half_precision_halves_the_file() -> None:
    net = Segmenter(4, 16)
    trunk.load_imagenet(net.trunk)
    recipe = Recipe(name="x", version="0", classes=list("abcd"))
    whole, half = (len(to_onnx(net, recipe, half_from=h).SerializeToString()) for h in (None, 64))
    assert half < 0.6 * whole


def test_a_graph_of_another_network_is_refused_and_nothing_is_written(
    root: Path, checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = Segmenter(5, 8)
    torch.nn.init.constant_(other.decoder.score.bias, -2.0)
    monkeypatch.setattr(export, "to_onnx", lambda net, *words, **more: to_onnx(other, *words, **more))
    out = tmp_path / "new" / "model.onnx"
    with pytest.raises(ModelError, match="does not agree"):
        export.main(_words(root, checkpoint, out))
    assert list(out.parent.iterdir()) == []


def test_other_data_than_those_trained_on_are_refused(root: Path, checkpoint: Path, tmp_path: Path) -> None:
    masks = {stem: damaged(i + 1) for i, stem in enumerate("abcd")}
    groups = {"a": "north", "b": "north", "c": "south", "d": "south"}
    write_source(tmp_path / "data" / "lane", masks, groups=groups)
    with pytest.raises(DataError, match="not those that the checkpoint was trained on"):
        export.main(_words(tmp_path / "data", checkpoint, tmp_path / "model.onnx"))


def test_wrong_words_get_the_right_ones(checkpoint: Path) -> None:
    with pytest.raises(ConfigError, match='Did you mean "checkpoint"'):
        export.main(["detector=pavement", "chekpoint=x"])
    with pytest.raises(ConfigError, match="checkpoint: is missing"):
        export.main(["detector=pavement"])
    with pytest.raises(ConfigError, match='Did you mean "pavement"'):
        export.main(["detector=pavment", f"checkpoint={checkpoint}"])
    with pytest.raises(ModelError, match="no checkpoint that fits"):
        export.main(["detector=pavement", "checkpoint=none.ckpt"])


def test_an_export_lies_beside_its_checkpoint_and_leaves_the_model_in_use_alone(
    root: Path, checkpoint: Path
) -> None:
    shipped = Path(export.__file__).parents[1] / "detectors" / "pavement" / "model.onnx"
    before = shipped.stat().st_mtime_ns
    words = ["detector=pavement", f"checkpoint={checkpoint}", f"data.root={root}"]
    assert export.main(words) == checkpoint.with_name("model.onnx")
    assert shipped.stat().st_mtime_ns == before
