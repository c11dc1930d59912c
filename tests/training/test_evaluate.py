"""`evaluate` from the folder to the JSON: a tiny model behind an entry point, over tiny sources."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tinymodels
import tinysite
from PIL import Image
from rich.console import Console

from gatukoll.datasets.bootstrap import METRICS
from gatukoll.errors import ConfigError, DataError, ModelError, PluginError
from gatukoll.training.evaluate import evaluate, print_table

SPOT, STRIPE, FALSE = (20, 10, 40, 30), (60, 50, 110, 53), (10, 80, 60, 83)


@pytest.fixture
def plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of an installed detector `tiny_masks`; test modules it imports stay loaded."""
    site = tmp_path / "site"
    folder = tinysite.distribution(
        site, "found-masks", "tiny_masks", "from tinymodels import TinyMasks as Found\n"
    )
    tinymodels.masks(folder / "model.onnx")
    monkeypatch.syspath_prepend(str(site))
    monkeypatch.delitem(sys.modules, "found_masks", raising=False)
    return folder


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Two pictures that are found whole, and one without an object that gives a false alarm."""
    truth = tinysite.mask({1: [SPOT], 2: [STRIPE]})
    return tinysite.source(
        tmp_path / "data" / "tiny",
        {
            "a.png": tinysite.picture(SPOT, STRIPE),
            "b.png": tinysite.picture(SPOT, STRIPE),
            "c.png": tinysite.picture(FALSE),
        },
        masks={"a.png": truth, "b.png": truth, "c.png": tinysite.mask({})},
    )


def test_scores_through_engine_and_decode(plugin: Path, data: Path, tmp_path: Path) -> None:
    out = tmp_path / "new" / "scores.json"
    report = evaluate("tiny_masks", data, json_file=out)
    spot, stripe = report.classes["spot"].scores, report.classes["stripe"].scores
    assert [spot[m].value for m in METRICS] == [1.0, None, 1.0, 1.0, 1.0]
    assert spot["f1_3px"].reason == "for lines only"
    precision = 300 / 450  # two stripes of 150 px, and the false one
    assert stripe["iou"].value == pytest.approx(precision)
    assert stripe["f1_3px"].value == pytest.approx(2 * precision / (1 + precision))
    assert stripe["object_precision"].value == pytest.approx(2 / 3)
    assert stripe["object_recall"].value == 1.0
    assert stripe["object_f1"].value == pytest.approx(0.8)
    assert (report.pictures, report.groups) == (3, 3)

    written = json.loads(out.read_text())
    assert set(written["classes"]) == {"spot", "stripe"}
    for scores in written["classes"].values():
        assert set(scores) == set(METRICS)
        assert all({"value", "low", "high", "count"} <= set(v) for v in scores.values())
    f1 = written["classes"]["stripe"]["f1_3px"]
    assert f1["low"] < f1["value"] < f1["high"]
    assert (written["pictures"], written["model_version"]) == (3, "0.1.0")
    assert len(written["model_digest"]) == 64
    assert written["sources"][0]["name"] == "tiny"
    assert len(written["sources"][0]["hash"]) == 64
    assert written["command"] == f"gatukoll evaluate tiny_masks --data {data} --json {out}"
    assert written["labels"]["stripe"]["threshold"] == 0.5
    assert (written["labels"]["stripe"]["pictures"], written["labels"]["stripe"]["holding"]) == (3, 2)


def test_twice_the_same(plugin: Path, data: Path) -> None:
    assert evaluate("tiny_masks", data).classes == evaluate("tiny_masks", data).classes


def test_thresholds_come_from_the_card(plugin: Path, data: Path) -> None:
    thresholds = {"spot": 0.999, "stripe": 0.5}  # no pixel scores so high
    tinymodels.masks(plugin / "model.onnx", tinymodels.card("tiny_masks", thresholds=thresholds))
    report = evaluate("tiny_masks", data)
    assert report.classes["spot"].scores["object_recall"].value == 0.0
    assert report.classes["stripe"].scores["object_recall"].value == 1.0


def test_another_model_and_one_that_does_not_fit(plugin: Path, data: Path, tmp_path: Path) -> None:
    other = tinymodels.masks(tmp_path / "other.onnx", tinymodels.card("tiny_masks", version="9.0"))
    (plugin / "model.onnx").unlink()
    assert evaluate("tiny_masks", data, model=other).model_version == "9.0"
    with pytest.raises(PluginError, match="disabled"):
        evaluate("tiny_masks", data)
    wrong = tinymodels.masks(tmp_path / "wrong.onnx", tinymodels.card("another"))
    with pytest.raises(ModelError, match='a model of "another"'):
        evaluate("tiny_masks", data, model=wrong)


def test_an_unlabelled_class_is_null_with_a_reason(plugin: Path, tmp_path: Path) -> None:
    data = tinysite.source(
        tmp_path / "spots",
        {"a.png": tinysite.picture(SPOT)},
        masks={"a.png": tinysite.mask({1: [SPOT]})},
        classes=["spot"],
    )
    out = tmp_path / "scores.json"
    report = evaluate("tiny_masks", data, json_file=out)
    assert report.classes["spot"].scores["iou"].value == 1.0
    stripe = json.loads(out.read_text())["classes"]["stripe"]
    assert all(v["value"] is None and v["reason"] == "not labelled in spots" for v in stripe.values())


def test_a_class_out_of_scope_in_a_picture_takes_no_part_there(plugin: Path, tmp_path: Path) -> None:
    entry = {"form": "mask", "scope": "masked", "complete": "yes", "is": []}
    data = tinysite.source(
        tmp_path / "scoped",
        {"a.png": tinysite.picture(SPOT), "b.png": tinysite.picture(SPOT, STRIPE)},
        masks={"a.png": tinysite.mask({1: [SPOT]}), "b.png": tinysite.mask({1: [SPOT]})},
        labels={"spot": entry, "stripe": {**entry, "scope": "groups.csv:stripes"}},
    )
    (data / "groups.csv").write_text("file,group,stripes\na.png,a,1\nb.png,b,0\n")
    report = evaluate("tiny_masks", data)
    assert report.classes["spot"].pictures == 2
    stripe = report.classes["stripe"]
    assert stripe.pictures == 1
    assert stripe.scores["object_precision"].reason == "nothing reported"


def test_an_area_that_counts_as_the_line_is_left_out_of_its_score(plugin: Path, tmp_path: Path) -> None:
    entry = {"form": "mask", "scope": "masked", "complete": "yes", "is": []}
    data = tinysite.source(
        tmp_path / "mesh",
        {"a.png": tinysite.picture(STRIPE, FALSE)},
        masks={"a.png": tinysite.mask({2: [(5, 75, 70, 90)], 1: [STRIPE]})},
        classes=["stripe", "mesh"],
        labels={"stripe": entry, "mesh": {**entry, "is": ["stripe"]}},
    )
    stripe = evaluate("tiny_masks", data).classes["stripe"].scores
    assert [stripe[m].value for m in METRICS] == [1.0] * 5


def test_boxes_of_a_source_against_boxes(plugin: Path, tmp_path: Path) -> None:
    data = tinysite.source(
        tmp_path / "boxes",
        {"a.png": tinysite.picture(SPOT), "b.png": tinysite.picture(SPOT)},
        boxes={"a.png": [SPOT], "b.png": [(20, 10, 40, 19), (80, 50, 100, 70)]},
        classes=["spot"],
    )
    spot = evaluate("tiny_masks", data).classes["spot"].scores
    assert spot["iou"].reason == "labelled as boxes, which have no pixels"
    assert spot["object_precision"].value == 0.5  # IoU 0.45 in the second picture
    assert spot["object_recall"].value == pytest.approx(1 / 3)


def test_masks_and_boxes_are_not_added_up(plugin: Path, data: Path, tmp_path: Path) -> None:
    tinysite.source(
        data.parent / "boxes", {"d.png": tinysite.picture()}, boxes={"d.png": [SPOT]}, classes=["spot"]
    )
    report = evaluate("tiny_masks", data.parent)
    assert report.classes["spot"].scores["object_recall"].value == 1.0
    boxes = next(s for s in report.sources if s.name == "boxes")
    assert boxes.classes["spot"].scores["object_recall"].value == 0.0
    assert [(o.source, o.what) for o in report.left_out] == [("boxes", "spot")]


def test_a_picture_that_cannot_be_scored_is_left_out_with_its_reason(plugin: Path, data: Path) -> None:
    (data / "images" / "a.png").write_bytes(b"no picture")
    Image.fromarray(np.zeros((5, 5), np.uint8)).save(data / "masks" / "b.png")
    report = evaluate("tiny_masks", data)
    assert {(o.what, o.reason) for o in report.left_out} == {
        ("a.png", "can't be read as a picture"),
        ("b.png", "mask and picture differ in size"),
    }
    assert report.pictures == 1
    (data / "images" / "c.png").write_bytes(b"")
    with pytest.raises(DataError, match="no picture could be scored"):
        evaluate("tiny_masks", data)


def test_a_picture_that_a_run_would_not_judge_is_left_out(plugin: Path, data: Path) -> None:
    (plugin / "__init__.py").write_text(
        "from tinymodels import TinyMasks\n"
        "class Found(TinyMasks):\n"
        "    def valid(self, picture, view):\n"
        "        return None if picture[20, 30, 0] > 200 else 'dark'\n"
    )
    report = evaluate("tiny_masks", data)
    assert [(o.what, o.reason) for o in report.left_out] == [("c.png", "the detector can't judge it: dark")]
    assert report.classes["stripe"].scores["object_f1"].value == 1.0


def test_only_some_groups(plugin: Path, data: Path) -> None:
    assert evaluate("tiny_masks", data, groups="street_a, street_c").pictures == 2
    assert evaluate("tiny_masks", data, groups="town=lund").pictures == 3
    with pytest.raises(ConfigError, match='no group is called "street_x"'):
        evaluate("tiny_masks", data, groups="street_x")


def test_mistakes_end_it_before_it_begins(plugin: Path, data: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match='Did you mean "tiny_masks"'):
        evaluate("tiny_mask", data)
    with pytest.raises(DataError, match=r"no source\.json"):
        evaluate("tiny_masks", tmp_path / "site")
    with pytest.raises(ConfigError, match="is a folder"):
        evaluate("tiny_masks", data, json_file=tmp_path)
    with pytest.raises(ConfigError, match=r"--json .*can't be made"):
        evaluate("tiny_masks", data, json_file=data / "source.json" / "scores.json")


def test_worst_cases_are_drawn_the_worst_first(plugin: Path, data: Path, tmp_path: Path) -> None:
    nearly = tinysite.picture(SPOT, (60, 50, 112, 53), FALSE)
    Image.fromarray(nearly).save(data / "images" / "a.png")
    worst = tmp_path / "worst"
    evaluate("tiny_masks", data, worst=worst)
    files = sorted(p.relative_to(worst).as_posix() for p in worst.rglob("*.jpg"))
    # the false stripe beside a stripe that is 2 px too long (within the tolerance) ties: by name
    assert files == ["stripe/01_tiny_a.jpg", "stripe/02_tiny_c.jpg"]  # spots are perfect
    sheet = np.asarray(Image.open(worst / "stripe" / "01_tiny_a.jpg").convert("RGB")).astype(int)
    left, right = sheet[:600, :900], sheet[:600, 900:]

    def share(panel: np.ndarray, colour: tuple[int, int, int]) -> float:
        return float((np.abs(panel - colour).max(axis=2) < 60).mean())

    for colour in ((0, 190, 255), (255, 120, 0)):
        assert share(left, colour) == 0.0
        assert share(right, colour) > 0.0005


def test_table(plugin: Path, data: Path, tmp_path: Path) -> None:
    out = tmp_path / "scores.json"
    text = io.StringIO()
    print_table(evaluate("tiny_masks", data, json_file=out), Console(file=text, width=80))
    lines = text.getvalue().splitlines()
    assert lines[0] == "tiny_masks 0.1.0: 3 pictures in 3 groups of 1 source"
    assert lines[-1] == f"scores: {out}"
    row = next(line for line in lines if line.startswith(" stripe") or line.startswith("stripe"))
    assert row.split() == ["stripe", "mask", "0.667", "0.800", "0.667", "1.000", "0.800"]
    assert "…" not in text.getvalue()
    assert "  spot f1_3px: for lines only" in lines


def test_card_scores_fit_the_card(plugin: Path, data: Path) -> None:
    (entry,) = evaluate("tiny_masks", data).card_scores("development: street a, b, c")
    assert entry.source == "tiny"
    assert entry.classes["stripe"]["object_f1"].value == pytest.approx(0.8)
    assert "f1_3px" not in entry.classes["spot"]


def test_no_torch(plugin: Path, data: Path, tmp_path: Path) -> None:
    paths = [str(plugin.parent), str(Path(tinymodels.__file__).parent)]
    code = (
        f"import sys; sys.path[:0] = {paths!r}\n"
        "sys.modules['torch'] = sys.modules['pytorch_lightning'] = sys.modules['hydra'] = None\n"
        "from pathlib import Path\n"
        "from gatukoll.training.evaluate import evaluate\n"
        f"print(evaluate('tiny_masks', Path({str(data)!r})).pictures)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "3"


def test_a_source_without_pictures_is_refused(tmp_path: Path) -> None:
    folder = tinysite.source(tmp_path / "empty", {}, masks={})
    with pytest.raises(DataError, match="holds no picture"):
        evaluate("pavement", folder)
