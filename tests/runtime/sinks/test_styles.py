from __future__ import annotations

from xml.etree import ElementTree

import pytest

from gatukoll.detectors.contract import FindingClass
from gatukoll.runtime.sinks.findingcolumns import GIS_FINDINGS, SHAPES
from gatukoll.runtime.sinks.styles import COLOURS, MARKERS, qml

GRADES = ("slight", "moderate", "severe")
MANY = {
    "a": tuple(FindingClass(f"k{i}", f"slag {i}", f"kind {i}", "point", GRADES) for i in range(10)),
    "b'c": (FindingClass("o'hara", "o'hara & <co>", "o'hara & <co>", "area", GRADES),),
}


def rules(text: str) -> ElementTree.Element:
    found = ElementTree.fromstring(text).find("renderer-v2/rules")
    assert found is not None
    return found


def options(symbol: ElementTree.Element) -> dict[str | None, str | None]:
    return {o.get("name"): o.get("value") for o in symbol.iterfind("layer/Option/Option")}


def test_a_group_for_each_class_and_a_rule_for_each_severity() -> None:
    root = rules(qml("findings", GIS_FINDINGS, MANY, "sv"))
    groups = list(root)
    assert [g.get("label") for g in groups][:2] == ["Slag 0", "Slag 1"]
    assert groups[10].get("filter") == "\"detector\" = 'b''c' AND \"class\" = 'o''hara'"
    assert (groups[-1].get("label"), groups[-1].get("filter")) == ("Övrigt", "ELSE")
    for group in groups:
        assert [r.get("filter") for r in group] == [f'"severity" = {s}' for s in (3, 2, 1)]
        assert [r.get("label") for r in group] == ["3 svår", "2 måttlig", "1 lindrig"]


def test_every_rule_has_its_symbol_and_keys_are_unique() -> None:
    for layer, columns in (
        ("findings", GIS_FINDINGS),
        ("findings_lines", SHAPES),
        ("findings_areas", SHAPES),
    ):
        text = qml(layer, columns, MANY, "en")
        document = ElementTree.fromstring(text)
        symbols = {s.get("name") for s in document.iterfind("renderer-v2/symbols/symbol")}
        used = [r.get("symbol") for r in document.iter("rule") if r.get("symbol")]
        assert sorted(used) == sorted(symbols)
        keys = [r.get("key") for r in document.iter("rule")]
        assert len(set(keys)) == len(keys)
        assert text == qml(layer, columns, MANY, "en")


def test_severity_by_colour_and_size_class_by_shape() -> None:
    document = ElementTree.fromstring(qml("findings", GIS_FINDINGS, MANY, "sv"))
    made = [options(s) for s in document.iterfind("renderer-v2/symbols/symbol")]
    severe, moderate, slight = made[:3]
    assert [m["color"] for m in (slight, moderate, severe)] == [f"{c},255" for c in COLOURS]
    assert float(slight["size"] or 0) < float(moderate["size"] or 0) < float(severe["size"] or 0)
    assert [made[3 * i]["name"] for i in range(3)] == list(MARKERS[:3])


@pytest.mark.parametrize(
    ("layer", "kind"), [("findings_lines", "line"), ("traces", "line"), ("findings_areas", "fill")]
)
def test_symbols_fit_the_geometry(layer: str, kind: str) -> None:
    document = ElementTree.fromstring(qml(layer, SHAPES, MANY, "sv"))
    assert {s.get("type") for s in document.iter("symbol")} == {kind}
    assert document.findtext("layerGeometryType") == {"line": "1", "fill": "2"}[kind]
