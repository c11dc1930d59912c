"""The registry over made distributions: what is listed, what is loaded, and what every fault is called."""

from __future__ import annotations

import hashlib
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import onnx
import pytest
import tinymodels
import tinysite
from onnx import TensorProto, helper

from gatukoll.detectors import registry
from gatukoll.detectors.card import CARD_KEY
from gatukoll.detectors.cardcheck import read_card
from gatukoll.errors import ConfigError, ModelError, PluginError

Install = Callable[..., registry.Plugin]

GOOD = """
from tinymodels import TinyMasks
class Found(TinyMasks):
    name = "{name}"
"""


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.syspath_prepend(str(tmp_path))
    before = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - before:
        if name.startswith("found_"):
            del sys.modules[name]


@pytest.fixture
def install(site: Path) -> Install:
    """Put a distribution with one detector on the path, with a model that fits it unless told otherwise."""

    def put(
        name: str = "other",
        code: str = GOOD,
        *,
        dist: str = "found-dist",
        model: bool | Callable[[Path], object] = True,
    ) -> registry.Plugin:
        folder = tinysite.distribution(site, dist, name, code.format(name=name))
        if model is True:
            tinymodels.masks(folder / "model.onnx", tinymodels.card(name))
        elif model:
            model(folder / "model.onnx")
        return next(p for p in registry.installed() if p.distribution == dist)

    return put


def test_listing_imports_nothing(install: Install) -> None:
    plugin = install(code="raise RuntimeError('imported')")
    assert plugin.value == "found_dist:Found"
    assert plugin.folder.name == "found_dist"
    assert "found_dist" not in sys.modules


def test_a_sound_plugin(install: Install) -> None:
    plugin = install()
    assert plugin.state() == registry.PluginState(True)
    assert plugin.load().name == "other"
    assert plugin.model_path() == plugin.folder / "model.onnx"
    row = next(r for r in registry.rows() if r.name == "other")
    assert (row.version, row.package, row.model, str(row.state)) == (
        "0.1.0",
        "found-dist 1.2",
        str(plugin.folder / "model.onnx"),
        "ok",
    )
    assert registry.get("other") == plugin


def test_digest_is_of_the_file_and_of_both_where_there_are_two(install: Install) -> None:
    plugin = install()
    sha = hashlib.sha256((plugin.folder / "model.onnx").read_bytes()).hexdigest()
    assert registry.digest(plugin) == sha
    two = install("tiny_crops", "from tinymodels import TinyCrops as Found", dist="found-crops", model=crops)
    assert registry.digest(two) == registry.digest_files(
        [two.folder / "model.onnx", two.folder / "classifier.onnx"]
    )
    assert registry.digest(two) not in {registry.digest_files([p]) for p in two.model_paths().values()}
    assert str(two.state()) == "ok"


def crops(path: Path) -> None:
    tinymodels.masks(path, tinymodels.card("tiny_crops", classes=["spot"], thresholds={"spot": 0.5}))
    tinymodels.colours(path.with_name("classifier.onnx"))


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("import no_such_thing", "ModuleNotFoundError: No module named 'no_such_thing'"),
        ("1 / 0", "ZeroDivisionError: division by zero"),
        ("import sys; sys.exit(3)", "SystemExit: 3"),
        ("x = (", "SyntaxError: "),
        ("class Other: pass", "AttributeError: "),
        ("class Found: pass", "found_dist:Found is not a subclass of Detector"),
        ("Found = 3", "is not a subclass of Detector"),
        (GOOD + "    name = 'third'", "its class calls itself 'third'"),
        (GOOD + "    classes = ()", "at least one class"),
        (GOOD + "    classes = (TinyMasks.classes[0],) * 2", "names spot twice"),
        (GOOD + "    classes = ('spot',)", "is not a FindingClass"),
        (
            GOOD + "    from dataclasses import replace as r\n"
            "    classes = (r(TinyMasks.classes[0], severity=('a', 'b')),)",
            'class "spot" needs three severities',
        ),
        (
            GOOD + "    from dataclasses import replace as r\n"
            "    classes = (r(TinyMasks.classes[0], geometry='blob'),)",
            "has geometry 'blob'. Allowed: point, line, area",
        ),
        (GOOD + "    classifier = 'second.onnx'", "it has a classifier but no classify"),
        (GOOD + "    def __init__(self):\n        raise ValueError('no')", "ValueError: no"),
        (
            "from gatukoll.detectors.contract import Detector\nfrom tinymodels import TinyMasks\n"
            "class Found(Detector):\n    name = 'other'\n    classes = TinyMasks.classes",
            "it has no decode",
        ),
    ],
)
def test_every_fault_of_the_code_has_its_reason(install: Install, code: str, reason: str) -> None:
    plugin = install(code=code.replace("{name}", "other"))
    state = plugin.state()
    assert not state.ok
    assert reason in state.reason
    assert "\n" not in state.reason
    with pytest.raises(PluginError, match="disabled"):
        registry.get("other")
    assert registry.get("other", enabled=False) == plugin
    row = next(r for r in registry.rows() if r.name == "other")
    assert str(row.state) == f"disabled: {state.reason}"


def with_card(**changes: object) -> Callable[[Path], object]:
    return lambda path: tinymodels.masks(path, tinymodels.card("other", **changes))


def graph(kind: int, shape: list[object], out: int = TensorProto.FLOAT) -> Callable[[Path], object]:
    """Write a model with another input or output than the card says."""

    def write(path: Path) -> None:
        model = helper.make_model(
            helper.make_graph(
                [helper.make_node("Cast", ["image"], ["scores"], to=out)],
                "odd",
                [helper.make_tensor_value_info("image", kind, shape)],
                [helper.make_tensor_value_info("scores", out, None)],
            ),
            opset_imports=[helper.make_opsetid("", 18)],
            ir_version=9,
        )
        helper.set_model_props(model, {CARD_KEY: tinymodels.card("other").model_dump_json()})
        onnx.save(model, str(path))

    return write


def with_props(props: dict[str, str]) -> Callable[[Path], object]:
    def write(path: Path) -> None:
        model = onnx.load(str(tinymodels.masks(path)))
        del model.metadata_props[:]
        helper.set_model_props(model, props)
        onnx.save(model, str(path))

    return write


UINT8, FLOAT = TensorProto.UINT8, TensorProto.FLOAT


@pytest.mark.parametrize(
    ("model", "reason"),
    [
        (False, "model.onnx: no such file. Train and export other first"),
        (lambda p: p.write_bytes(b"not a model"), "not a model that ONNX Runtime can open"),
        (with_props({}), "it has no model card"),
        (with_props({CARD_KEY: "{"}), "its card is wrong at its beginning"),
        (with_props({CARD_KEY: "[]"}), "its card is wrong at its beginning"),
        (with_props({CARD_KEY: '{"name": "other"}'}), "its card is wrong at version: Field required"),
        (
            with_props({CARD_KEY: '{"contract": 2, "new": 1}'}),
            "made for plugin contract 2, this gatukoll knows 1",
        ),
        (lambda p: tinymodels.masks(p), 'a model of "tiny_masks", not of "other"'),
        (with_card(classes=["spot", "hole"], thresholds={"spot": 0.5, "hole": 0.5}), "does not know: hole"),
        (with_card(classes=["spot", "spot"]), "names a class twice"),
        (with_card(thresholds={"spot": 0.5}), "no threshold for stripe"),
        (with_card(thresholds={"spot": 0.5, "stripe": 0.5, "x": 0.5}), "a threshold for unknown x"),
        (with_card(thresholds={"spot": 0.5, "stripe": 1.5}), "threshold of stripe is not between 0 and 1"),
        (with_card(outputs=["scores", "more"]), 'an output "more" that the graph has not. Allowed: scores'),
        (with_card(role="classifier"), "the card says role classifier, here a model is needed"),
        (with_card(input={"name": "img", "height": 96, "width": 128}), "inputs are image, the card says img"),
        (graph(FLOAT, [1, 96, 128, 3]), "the graph's input is tensor(float) (1, 96, 128, 3), not uint8 NHWC"),
        (graph(UINT8, [1, 3, 96, 128]), "not uint8 NHWC with 3 channels"),
        (graph(UINT8, [96, 128, 3]), "not uint8 NHWC with 3 channels"),
        (graph(UINT8, [4, 96, 128, 3]), "batch size is 4, not 1 or free"),
        (graph(UINT8, [1, 90, 128, 3]), "input height is 90, the card says 96"),
        (graph(UINT8, ["n", "h", 100, 3]), "input width is 100, the card says 128"),
        (graph(UINT8, [1, 96, 128, 3], TensorProto.DOUBLE), 'output "scores" is tensor(double)'),
    ],
)
def test_every_fault_of_the_model_has_its_reason(install: Install, model: object, reason: str) -> None:
    state = install(model=model).state()
    assert not state.ok
    assert reason in state.reason
    assert "\n" not in state.reason


def test_fit_area_needs_free_sides(install: Install) -> None:
    def fixed(path: Path) -> None:
        graph(UINT8, [1, 96, "w", 3])(path)
        model = onnx.load(str(path))
        spec = {"height": 96, "width": 128, "fit": "area"}
        helper.set_model_props(model, {CARD_KEY: tinymodels.card("other", input=spec).model_dump_json()})
        onnx.save(model, str(path))

    assert "fit area needs a free height; in the graph it is 96" in install(model=fixed).state().reason


def test_a_classifier_must_be_there_and_take_any_number_of_crops(install: Install) -> None:
    def fixed(path: Path) -> None:
        crops(path)
        tinymodels.masks(path.with_name("classifier.onnx"), tinymodels.card("tiny_crops", role="classifier"))

    plugin = install("tiny_crops", "from tinymodels import TinyCrops as Found", model=fixed)
    assert "a classifier needs a free batch size" in plugin.state().reason
    (plugin.folder / "classifier.onnx").unlink()
    assert "classifier.onnx: no such file" in plugin.state().reason


def test_of_two_with_one_name_the_second_is_disabled(install: Install) -> None:
    first, second = install(dist="found-a"), install(dist="found-b")
    assert first.state().ok
    assert second.state() == registry.PluginState(False, "the name is taken by package found-a")
    assert registry.get("other") == first
    assert [r.package for r in registry.rows() if r.name == "other"] == ["found-a 1.2", "found-b 1.2"]
    with pytest.raises(PluginError, match="taken by package found-a"):
        second.load()


def test_our_own_comes_before_a_stranger_of_the_same_name(install: Install) -> None:
    stranger = install("pavement", dist="found-aaa")
    assert stranger.clash == "gatukoll"
    assert registry.get("pavement", enabled=False).distribution == "gatukoll"


def test_a_broken_plugin_leaves_the_others_alone(install: Install) -> None:
    install("broken", "raise KeyboardError", dist="found-broken")
    sound = install(dist="found-sound")
    states = {p.name: p.state().ok for p in registry.installed()}
    assert states["broken"] is False
    assert states["other"] is True
    assert registry.get("other") == sound


def test_an_unknown_name_gets_the_nearest_and_the_list(install: Install) -> None:
    install()
    with pytest.raises(ConfigError) as raised:
        registry.get("othr", where="city.yaml:4 detectors.othr")
    assert str(raised.value).startswith('city.yaml:4 detectors.othr: unknown detector "othr".')
    assert raised.value.nearest == "other"
    assert "other" in raised.value.allowed
    assert "pavement" in raised.value.allowed


def test_a_module_that_is_not_there(install: Install) -> None:
    plugin = install()
    shutil.rmtree(plugin.folder)
    assert "there is no module found_dist" in registry.describe([plugin])[0].state.reason or (
        "No module named" in registry.describe([plugin])[0].state.reason
    )
    with pytest.raises(PluginError, match="there is no module found_dist"):
        _ = plugin.folder


def test_read_card_of_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"nothing\.onnx: no such file"):
        read_card(tmp_path / "nothing.onnx")
