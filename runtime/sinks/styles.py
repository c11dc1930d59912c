"""QGIS styles (QML, read by QGIS from 3.22 on) for the layers of a GeoPackage, in the city's language.

Severity is told by colour and by size, so that it is seen without colour vision too; the class by the symbol.
Rules follow the class tables of the detectors, so a new use case gets its symbols without an edit here.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from gatukoll.detectors.contract import FindingClass
from gatukoll.runtime.sinks.columns import Column
from gatukoll.runtime.texts import OTHER, SEVERITY, STATE, Language

Classes = Mapping[str, Sequence[FindingClass]]
Options = dict[str, str]

COLOURS = ("249,212,72", "242,142,28", "196,22,28")  # severity 1, 2, 3
MARKERS = ("circle", "diamond", "square", "triangle", "pentagon", "star", "hexagon", "cross_fill")
_GEOMETRY = {"marker": "0", "line": "1", "fill": "2"}


class _Style:
    """A QML document with a rule-based renderer, filled rule by rule."""

    def __init__(self, layer: str, kind: str) -> None:
        self.layer, self.kind = layer, kind
        self.document = Element("qgis", version="3.22.0", styleCategories="Symbology|Fields|MapTips")
        self.renderer = SubElement(
            self.document,
            "renderer-v2",
            type="RuleRenderer",
            symbollevels="0",
            enableorderby="0",
            forceraster="0",
        )
        self.root = SubElement(self.renderer, "rules", key=self._key("root"))
        self.symbols = SubElement(self.renderer, "symbols")

    def _key(self, text: str) -> str:
        # QGIS wants a unique key; made of the text, so that the same style is the same file
        return f"{{{uuid.uuid5(uuid.NAMESPACE_URL, f'gatukoll:{self.layer}:{text}')}}}"

    def group(self, label: str, where: str) -> Element:
        """Add a rule without a symbol that holds others."""
        return SubElement(self.root, "rule", key=self._key(where), label=label, filter=where)

    def rule(self, parent: Element, label: str, where: str, symbol: Options) -> None:
        """Add a rule with a symbol layer of the style's kind."""
        number = str(len(self.symbols))
        key = self._key(f"{parent.get('key')}{where}")
        SubElement(parent, "rule", key=key, label=label, filter=where, symbol=number)
        element = SubElement(
            self.symbols, "symbol", type=self.kind, name=number, alpha="1", clip_to_extent="1", force_rhr="0"
        )
        simple = {"marker": "SimpleMarker", "line": "SimpleLine", "fill": "SimpleFill"}[self.kind]
        layer = SubElement(element, "layer", {"class": simple}, enabled="1", locked="0")
        layer.set("pass", "0")
        options = SubElement(layer, "Option", type="Map")
        for name, value in symbol.items():
            SubElement(options, "Option", type="QString", name=name, value=value)

    def text(self, aliases: Mapping[str, str], tip: str) -> str:
        """Return the document, with headings for the fields and a map tip (HTML)."""
        fields = SubElement(self.document, "aliases")
        for i, (name, alias) in enumerate(aliases.items()):
            SubElement(fields, "alias", field=name, name=alias, index=str(i + 1))  # 0 is the row number
        SubElement(self.document, "mapTip").text = tip
        SubElement(self.document, "layerGeometryType").text = _GEOMETRY[self.kind]
        indent(self.document)
        head = "<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>\n"
        return head + tostring(self.document, encoding="unicode") + "\n"


def qml(layer: str, columns: Sequence[Column[object]], classes: Classes, language: Language) -> str:
    """Return the style of a layer of `gatukoll.runtime.texts.LAYERS`."""
    aliases = {c.name: c.title(language) for c in columns}
    if layer == "findings":
        style, tip = _points(classes, language), _tip(language)
    elif layer == "findings_lines":
        style, tip = _lines(language), _tip(language)
    elif layer == "findings_areas":
        style, tip = _areas(language), _tip(language)
    elif layer == "observations":
        style, tip = _observations(language), '[% "capture" %] [% "frame" %]'
    else:
        style, tip = _traces(language), '[% "capture" %]'
    return style.text(aliases, tip)


def _severities(language: Language) -> list[tuple[int, str, str]]:
    """Return severity, label and filter, worst first."""
    words = SEVERITY[language]
    return [(s, f"{s} {words[s - 1]}", f'"severity" = {s}') for s in (3, 2, 1)]


def _points(classes: Classes, language: Language) -> _Style:
    style = _Style("findings", "marker")
    kinds = [(detector, kind) for detector, table in classes.items() for kind in table]
    for i, (detector, kind) in enumerate(kinds):
        where = f'"detector" = {_quoted(detector)} AND "class" = {_quoted(kind.name)}'
        group = style.group(_capital(kind.sv if language == "sv" else kind.en), where)
        for severity, label, condition in _severities(language):
            style.rule(group, label, condition, _marker(MARKERS[i % len(MARKERS)], severity))
    rest = style.group(OTHER[language], "ELSE")
    for severity, label, condition in _severities(language):
        style.rule(rest, label, condition, _marker("cross2", severity))
    return style


def _marker(shape: str, severity: int) -> Options:
    return {
        "name": shape,
        "color": f"{COLOURS[severity - 1]},255",
        "outline_color": "35,35,35,255",
        "outline_style": "solid",
        "outline_width": "0.3",
        "outline_width_unit": "MM",
        "size": ("2.6", "3.4", "4.4")[severity - 1],
        "size_unit": "MM",
    }


def _lines(language: Language) -> _Style:
    style = _Style("findings_lines", "line")
    for severity, label, condition in _severities(language):
        width = ("0.6", "0.9", "1.3")[severity - 1]
        style.rule(style.root, label, condition, _line(f"{COLOURS[severity - 1]},255", width))
    return style


def _line(colour: str, width: str, pen: str = "solid") -> Options:
    return {
        "line_color": colour,
        "line_style": pen,
        "line_width": width,
        "line_width_unit": "MM",
        "capstyle": "round",
        "joinstyle": "round",
    }


def _areas(language: Language) -> _Style:
    style = _Style("findings_areas", "fill")
    for severity, label, condition in _severities(language):
        colour = COLOURS[severity - 1]
        symbol = {
            "color": f"{colour},110",
            "style": "solid",
            "outline_color": f"{colour},255",
            "outline_style": "solid",
            "outline_width": "0.4",
            "outline_width_unit": "MM",
        }
        style.rule(style.root, label, condition, symbol)
    return style


def _observations(language: Language) -> _Style:
    style = _Style("observations", "marker")
    dot = {
        "name": "circle",
        "color": "255,255,255,160",
        "outline_color": "90,90,90,255",
        "outline_width": "0.2",
        "outline_width_unit": "MM",
        "size": "1.4",
        "size_unit": "MM",
    }
    inside, outside = {"sv": ("i ett fynd", "i inget fynd"), "en": ("in a finding", "in no finding")}[
        language
    ]
    style.rule(style.root, inside, '"finding_id" IS NOT NULL', dot)
    style.rule(style.root, outside, '"finding_id" IS NULL', {**dot, "color": "180,180,180,160"})
    return style


def _traces(language: Language) -> _Style:
    style = _Style("traces", "line")
    style.rule(style.root, STATE["done"][language], "\"state\" = 'done'", _line("62,120,178,255", "0.5"))
    style.rule(
        style.root,
        STATE["rejected"][language],
        "\"state\" <> 'done'",
        _line("120,120,120,255", "0.5", "dash"),
    )
    return style


def _tip(language: Language) -> str:
    return f'<b>[% "class_{language}" %]</b> [% "severity" %]<br>[% "id" %]<br>[% "owner" %]'


def _capital(word: str) -> str:
    return word[:1].upper() + word[1:]


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
