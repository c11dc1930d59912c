"""Trainings on tiny made sources: every recipe runs, and a resumed one is the undisturbed one."""

from __future__ import annotations

import json
import signal
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="needs the train extra")
pytestmark = pytest.mark.train

from tinysources import damaged, label, write_source  # noqa: E402

from gatukoll.errors import ConfigError, DataError, ModelError, StoppedEarly  # noqa: E402
from gatukoll.training.config import SourceUse  # noqa: E402
from gatukoll.training.recipes import recipe_folders  # noqa: E402
from gatukoll.training.settings import settings_of  # noqa: E402
from gatukoll.training.task import SegmentationTask  # noqa: E402
from gatukoll.training.train import load_task, main  # noqa: E402

SMALL = [
    "train.steps=4",
    "train.round=2",
    "train.batch=2",
    "train.warmup=1",
    "input.crop_height=64",
    "input.crop_width=64",
    "model.width=8",
]


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Words of a tiny training; one run log for all of them, since making its tables takes seconds."""
    return [*SMALL, f"mlflow=sqlite:///{tmp_path_factory.mktemp('log')}/mlflow.db", "train.check_every=9"]


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sources of the recipes, tiny, with one group on each side of the split."""
    root = tmp_path_factory.mktemp("data")
    for name in recipe_folders():
        settings = settings_of([f"detector={name}"])
        for source, use in settings.data.sources.items():
            if not (root / source).exists():
                _write_like(root / source, settings.data.split.development, use)
    return root


def _write_like(folder: Path, held: dict[str, list[str]], use: SourceUse) -> None:
    """Write a source with one picture to train on and one for each value held back."""
    stems = [f"held{i}" for i in range(max(map(len, held.values())))]
    rows = {stem: {c: v[i % len(v)] for c, v in held.items()} for i, stem in enumerate(stems)}
    rows["a"] = {"group": f"train_{folder.name}"}
    surface = use.surface if isinstance(use.surface, list) else []
    names = [*surface, *(f"other{i}" for i in range(4))]  # the masks hold up to four values
    named = {"classes": dict(enumerate(names, 1)), "labels": {n: label() for n in names}}
    write_source(
        folder,
        {stem: damaged(i) for i, stem in enumerate(rows)},
        groups={stem: row["group"] for stem, row in rows.items()},
        columns={c: {s: row.get(c, "other") for s, row in rows.items()} for c in held if c != "group"},
        **(named if surface else {}),
    )


@pytest.mark.parametrize("name", sorted(recipe_folders()))
def test_every_recipe_trains(name: str, root: Path, tmp_path: Path) -> None:
    words = [f"detector={name}", f"data.root={root}", f"out={tmp_path}", *SMALL, "train.check_every=1"]
    checkpoint = main(words)
    task, saved = load_task(checkpoint)
    assert saved["global_step"] == 4
    assert task.settings.detector.name == name
    assert json.loads((tmp_path / "dataset.json").read_text())["hash"] == saved["dataset"]["hash"]
    assert list((tmp_path / "pictures" / "step_000004").glob("*.jpg"))
    assert (tmp_path / "mlflow.db").is_file()
    assert all(torch.isfinite(v).all() for v in task.state_dict().values())


def test_two_steps_and_two_more_are_four(root: Path, small: list[str], tmp_path: Path) -> None:
    words = ["detector=pavement", f"data.root={root}", *small]
    whole, _ = load_task(main([*words, f"out={tmp_path / 'whole'}"]))
    first = main([*words, f"out={tmp_path / 'half'}", "train.stop_after=2"])
    half, saved = load_task(first)
    assert saved["global_step"] == 2
    again = main([*words, f"out={tmp_path / 'half'}", f"resume={first}"])
    resumed, saved = load_task(again)
    assert saved["global_step"] == 4
    assert _distance(whole, half) > 0
    assert _distance(whole, resumed) == 0


def test_ctrl_c_says_how_to_go_on(
    root: Path, small: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    step = SegmentationTask.training_step

    def interrupted(task: SegmentationTask, batch: Any, index: int) -> Any:
        if task.global_step == 3:
            raise KeyboardInterrupt
        return step(task, batch, index)

    handler = signal.getsignal(signal.SIGINT)
    monkeypatch.setattr(SegmentationTask, "training_step", interrupted)
    words = ["detector=pavement", f"data.root={root}", *small, f"out={tmp_path / 'out'}"]
    with pytest.raises(StoppedEarly, match=r"step 3; add resume=.*last\.ckpt"):
        main(words)
    signal.signal(signal.SIGINT, handler)
    assert load_task(tmp_path / "out" / "last.ckpt")[1]["global_step"] == 2


def test_finetuning_begins_at_step_0_with_other_weights(root: Path, small: list[str], tmp_path: Path) -> None:
    words = ["detector=pavement", f"data.root={root}", *small, "train.steps=2"]
    first = main([*words, f"out={tmp_path / 'first'}"])
    second, saved = load_task(main([*words, f"out={tmp_path / 'second'}", f"finetune={first}"]))
    assert saved["global_step"] == 2
    assert _distance(load_task(first)[0], second) > 0


def test_a_frozen_trunk_stays_as_it_is(root: Path, small: list[str], tmp_path: Path) -> None:
    from gatukoll.training import trunk

    words = ["detector=pavement", f"data.root={root}", *small]
    task, _ = load_task(main([*words, f"out={tmp_path}", "model.freeze=true"]))
    untouched = trunk.Lite0()
    trunk.load_imagenet(untouched)
    assert trunk.digest(task.net.trunk) == trunk.digest(untouched)


def test_wrong_words_end_before_anything_is_begun(root: Path, small: list[str], tmp_path: Path) -> None:
    words = ["detector=pavement", f"data.root={root}", f"out={tmp_path / 'out'}", *small]
    with pytest.raises(ConfigError, match="no such checkpoint"):
        main([*words, f"resume={tmp_path / 'none.ckpt'}"])
    with pytest.raises(ConfigError, match="both"):
        main([*words, "resume=a", "finetune=b"])
    with pytest.raises(DataError, match="no source is called"):
        main([*words, "+data.sources.brazil={share: 1}"])
    assert not (tmp_path / "out").exists()


def test_a_source_to_look_at_only_needs_an_override(root: Path, small: list[str], tmp_path: Path) -> None:
    write_source(tmp_path / "closed", {"a": damaged()}, groups={"a": "g"}, train=False)
    for source in root.iterdir():
        (tmp_path / source.name).symlink_to(source)
    words = ["detector=pavement", f"data.root={tmp_path}", f"out={tmp_path / 'out'}", *small]
    words.append("+data.sources.closed={share: 1}")
    with pytest.raises(DataError, match=r"data\.allow=\[closed\]"):
        main(words)
    main([*words, "data.allow=[closed]", "train.steps=2"])
    parts = json.loads((tmp_path / "out" / "dataset.json").read_text())["parts"]
    assert {p["source"]: p["trainable"] for p in parts}["closed"] is False


def test_finetuning_keeps_the_channels_that_have_the_same_name(
    root: Path, small: list[str], tmp_path: Path
) -> None:
    words = ["detector=pavement", f"data.root={root}", *small]
    first = main([*words, f"out={tmp_path / 'a'}", "detector.surface=null"])
    saved = torch.load(first, map_location="cpu", weights_only=False)
    settings = settings_of([*words, "detector.classes=[patch,crack]", "detector.boost={}"])
    task, _ = load_task(first, settings)
    rows = task.state_dict()["net.decoder.score.weight"]
    before = saved["state_dict"]["net.decoder.score.weight"]
    assert len(before) == 4 and len(rows) == 3
    assert torch.equal(rows[0], before[3]) and torch.equal(rows[1], before[0])


def test_a_file_that_is_no_checkpoint(tmp_path: Path) -> None:
    (tmp_path / "x.ckpt").write_bytes(b"nothing")
    with pytest.raises(ModelError, match="no checkpoint that fits"):
        load_task(tmp_path / "x.ckpt")


def _distance(one: torch.nn.Module, other: torch.nn.Module) -> float:
    pairs = zip(one.state_dict().values(), other.state_dict().values(), strict=True)
    return max(float((a.float() - b.float()).abs().max()) for a, b in pairs)
