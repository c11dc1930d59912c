from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pyogrio.raw
import pytest
import shapely
from shapely.geometry import GeometryCollection, MultiPoint, Point, Polygon

from gatukoll.errors import UserError
from gatukoll.runtime.city import City, load_city
from gatukoll.runtime.findings.facts import Finding
from gatukoll.runtime.sinks.base import Output
from gatukoll.runtime.sinks.factcolumns import OBSERVATIONS, TRACES
from gatukoll.runtime.sinks.findingcolumns import GIS_FINDINGS, SHAPES
from gatukoll.runtime.sinks.geopackage import GeoPackageSink
from gatukoll.runtime.sinks.rows import point_on

MakeCity = Callable[..., City]
MakeOutput = Callable[..., Output]
MakeFinding = Callable[..., Finding]

LAYERS = {
    "findings": ("Point", GIS_FINDINGS),
    "findings_lines": ("MultiLineString", SHAPES),
    "findings_areas": ("MultiPolygon", SHAPES),
    "observations": ("Point", OBSERVATIONS),
    "traces": ("MultiLineString", TRACES),
}


def read(path: Path, layer: str) -> tuple[dict[str, Any], list[Any], dict[str, Any]]:
    meta, _, geometry, fields = pyogrio.raw.read(path, layer=layer)
    return meta, list(shapely.from_wkb(geometry)), dict(zip(meta["fields"], fields, strict=True))


def ask(path: Path, question: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as database:
        return database.execute(question).fetchall()


@pytest.fixture(scope="module")
def output(make_city: MakeCity, make_output: MakeOutput) -> Output:
    return make_output(make_city(), 18)


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory, output: Output) -> Path:
    folder = tmp_path_factory.mktemp("out")
    GeoPackageSink().write(folder, output)
    return folder


def test_layers_types_and_columns(written: Path) -> None:
    listed = {name: kind for name, kind in pyogrio.list_layers(written / "findings.gpkg") if kind}
    assert listed == {name: kind for name, (kind, _) in LAYERS.items()}
    for name, (_, columns) in LAYERS.items():
        meta, _, fields = read(written / "findings.gpkg", name)
        assert list(fields) == [c.name for c in columns]
        assert meta["crs"] == "EPSG:3006"


def test_every_layer_opens_with_no_warning_from_gdal(written: Path) -> None:
    assert ask(written / "findings.gpkg", "PRAGMA integrity_check") == [("ok",)]
    assert ask(written / "findings.gpkg", "PRAGMA foreign_key_check") == []
    assert ask(written / "findings.gpkg", "PRAGMA user_version") == [(10200,)]


def test_findings_carry_their_values(written: Path, output: Output) -> None:
    _, points, fields = read(written / "findings.gpkg", "findings")
    ordered = output.ordered()
    assert list(fields["id"]) == [f.id for f in ordered]
    assert list(fields["severity"]) == [f.severity for f in ordered]
    assert list(fields["class_sv"]) == [f.sv for f in ordered]
    assert list(fields["owner"]) == [f.owner for f in ordered]
    assert set(fields["length_m"]) == {12.3} and set(fields["area_m2"]) == {0.06}
    assert np.isnan(fields["width_m"]).all()  # 0 = no meaning = missing
    assert fields["first_seen"].dtype.kind == "M"
    stored = ask(written / "findings.gpkg", "SELECT first_seen, heading_deg FROM findings LIMIT 1")
    assert stored == [("2026-09-14T06:58:28.000Z", 45)]
    for point, east, north in zip(points, fields["east"], fields["north"], strict=True):
        assert (point.x, point.y) == pytest.approx((east, north), abs=0.06)
        assert 350_000 < point.x < 360_000 and 6_210_000 < point.y < 6_220_000


def test_shapes_are_those_of_the_findings(written: Path, output: Output) -> None:
    kinds = {f.id: f.geometry.geom_type.removeprefix("Multi") for f in output.findings}
    for layer, kind in (("findings_lines", "LineString"), ("findings_areas", "Polygon")):
        _, shapes, fields = read(written / "findings.gpkg", layer)
        assert sorted(fields["id"]) == sorted(i for i, k in kinds.items() if k == kind)
        assert all(not s.is_empty for s in shapes)
    # a square degree measure against metres: 6e-5 degrees of longitude at 56 N are 3.7 m
    _, areas, _ = read(written / "findings.gpkg", "findings_areas")
    assert areas[0].bounds[2] - areas[0].bounds[0] == pytest.approx(7e-5 * 111_320 * 0.5585, rel=0.05)


def test_observations_name_their_finding_and_frame(written: Path) -> None:
    _, _, fields = read(written / "findings.gpkg", "observations")
    assert list(fields["finding_id"]) == [f"f{i:04d}b" for i in range(18)]
    assert len(set(fields["id"])) == 18
    assert fields["frame"][3] == "a.mp4@3.5s"  # the sighting with the best score
    assert set(fields["capture"]) == {"natt/a"} and set(fields["attributes"]) == {"surface=asphalt"}


def test_traces_are_what_was_driven(written: Path) -> None:
    _, lines, fields = read(written / "findings.gpkg", "traces")
    assert list(fields["capture"]) == ["natt/a"]  # the rejected one has no positions
    assert (fields["offered"][0], fields["accepted"][0], fields["rejected"][0]) == (52, 50, "outside_trace=2")
    assert lines[0].length == pytest.approx(253, abs=8)
    assert ask(written / "findings.gpkg", "SELECT ends FROM traces") == [("2026-09-14T06:58:35.033Z",)]


def test_per_owner_sums(written: Path, output: Output) -> None:
    whole = set(read(written / "findings.gpkg", "findings")[2]["id"])
    parts = {}
    for owner in ("gata", "drift", "park"):
        path = written / "owners" / owner / "findings.gpkg"
        fields = read(path, "findings")[2]
        parts[owner] = list(fields["id"])
        assert set(fields["owner"]) <= {owner}
        assert set(read(path, "observations")[2]["finding_id"]) == set(parts[owner])
        assert len(read(path, "traces")[1]) == 1
    assert {o: len(p) for o, p in parts.items()} == {"gata": 14, "drift": 4, "park": 0}
    assert sorted(i for p in parts.values() for i in p) == sorted(whole)


def test_nothing_found_keeps_the_layers(tmp_path: Path, make_city: MakeCity, make_output: MakeOutput) -> None:
    for path in GeoPackageSink().write(tmp_path, make_output(make_city(), 0)):
        for name, (_, columns) in LAYERS.items():
            _, shapes, fields = read(path, name)
            assert list(fields) == [c.name for c in columns]
            assert len(shapes) == (1 if name == "traces" else 0)
        assert len(ask(path, "SELECT * FROM layer_styles")) == 5


def test_columns_say_what_they_mean(written: Path) -> None:
    path = written / "findings.gpkg"
    noted = ask(path, "SELECT table_name, column_name, title, description FROM gpkg_data_columns")
    expected = {(t, c.name, c.sv, c.about) for t, (_, columns) in LAYERS.items() for c in columns}
    assert set(noted) == expected and all(about for *_, about in noted)
    assert ("gpkg_schema", "read-write") in ask(path, "SELECT extension_name, scope FROM gpkg_extensions")
    described = dict(ask(path, "SELECT table_name, description FROM gpkg_contents"))
    assert described["traces"] == "Körda sträckor, Provstad; gatukoll 0.1.0, 2026-09-14T06:58:20Z"


def test_each_layer_has_a_default_style(written: Path) -> None:
    path = written / "findings.gpkg"
    contents = dict(ask(path, "SELECT table_name, data_type FROM gpkg_contents"))
    assert contents == {**dict.fromkeys(LAYERS, "features"), "layer_styles": "attributes"}
    styles = ask(path, "SELECT f_table_name, f_geometry_column, useAsDefault, styleQML FROM layer_styles")
    assert {s[0] for s in styles} == set(LAYERS) and {s[1:3] for s in styles} == {("geom", 1)}
    geometry = dict(ask(path, "SELECT table_name, column_name FROM gpkg_geometry_columns"))
    assert geometry == dict.fromkeys(LAYERS, "geom")
    for name, _, _, qml in styles:
        root = ElementTree.fromstring(qml)
        assert (root.tag, root.get("version")) == ("qgis", "3.22.0")
        fields = {a.get("field") for a in root.iter("alias")}
        assert fields == {c.name for c in LAYERS[name][1]}
        assert all(a.get("name") for a in root.iter("alias"))


def test_california_is_refused_before_anything_is_written(
    tmp_path: Path, make_city: MakeCity, make_output: MakeOutput, make_finding: MakeFinding
) -> None:
    far = make_finding(2, geometry=Point(-117.327, 33.127))
    with pytest.raises(
        UserError, match=r"output\.epsg: EPSG:3006 \(SWEREF99 TM\) is made for Sweden.*Set epsg"
    ):
        GeoPackageSink().write(tmp_path, make_output(make_city(), findings=(far,)))
    assert list(tmp_path.rglob("*.gpkg")) == []


def test_the_refusal_names_the_line(
    tmp_path: Path, make_output: MakeOutput, make_finding: MakeFinding
) -> None:
    path = tmp_path / "stad.yaml"
    path.write_text(
        "name: X\ndetectors: {pavement: {}}\nowners: [{id: a, name: A}]\nfallback: a\noutput:\n  epsg: 3006\n"
    )
    far = make_finding(2, geometry=Point(-117.327, 33.127))
    with pytest.raises(UserError) as error:
        GeoPackageSink().write(tmp_path, make_output(load_city(path), findings=(far,)))
    assert error.value.where == f"{path}:6 output.epsg"


@pytest.mark.parametrize("epsg", [3008, 25833, 4326])
def test_other_systems(epsg: int, tmp_path: Path, make_city: MakeCity, make_output: MakeOutput) -> None:
    GeoPackageSink().write(tmp_path, make_output(make_city(epsg=epsg), 3))
    meta, points, fields = read(tmp_path / "findings.gpkg", "findings")
    assert meta["crs"] == f"EPSG:{epsg}"
    assert points[0].x == pytest.approx(fields["east"][0], abs=0.06)
    if epsg == 4326:
        assert (points[0].x, points[0].y) == pytest.approx((fields["lon"][0], fields["lat"][0]), abs=1e-7)


def test_a_kill_leaves_the_old_file(
    tmp_path: Path,
    output: Output,
    monkeypatch: pytest.MonkeyPatch,
    make_city: MakeCity,
    make_output: MakeOutput,
) -> None:
    """What a kill leaves behind is neither read nor in the way."""
    GeoPackageSink().write(tmp_path, output)
    path = tmp_path / "findings.gpkg"
    before = path.read_bytes()

    def die(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr("gatukoll.runtime.sinks.geopackage.add_styles", die)
        GeoPackageSink().write(tmp_path, make_output(make_city(), 3))
    assert path.read_bytes() == before
    for rest in (".part-findings.gpkg", ".part-findings.gpkg-journal", ".part-findings.gpkg-wal"):
        (tmp_path / rest).write_bytes(b"half of something")
    GeoPackageSink().write(tmp_path, make_output(make_city(), 3))
    assert len(read(path, "findings")[1]) == 3
    assert not list(tmp_path.glob(".part-*"))


def test_a_point_on_a_shape_lies_on_it() -> None:
    bent = Polygon([(0, 0), (4, 0), (4, 4), (3, 4), (3, 1), (0, 1)])  # its centroid lies outside
    assert not bent.contains(bent.centroid) and bent.contains(point_on(bent))
    assert point_on(shapely.from_wkt("MULTILINESTRING((0 0,1 0),(5 5,9 5))")) == Point(7, 5)
    assert point_on(shapely.from_wkt("LINESTRING(3 3,3 3)")) == Point(3, 3)
    assert point_on(MultiPoint([(1, 1), (2, 2)])).within(MultiPoint([(1, 1), (2, 2)]))
    assert not point_on(GeometryCollection([Point(1, 1)])).is_empty
