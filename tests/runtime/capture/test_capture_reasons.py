from __future__ import annotations

import csv
import re
from pathlib import Path

import gatukoll.runtime.capture as package
from gatukoll.runtime.capture.reasons import REASONS, explain, page
from gatukoll.runtime.capture.sidecar import ClipSettings, MountingSettings, read_sidecar

ROOT = Path(package.__file__).resolve().parents[2]

# kinds of input that are not read yet, and so have no reasons
LATER = {"ok", "nmea_checksum", "csv_unknown_columns"}


def test_the_page_is_the_table() -> None:
    text = (ROOT / "docs" / "reasons.md").read_text()
    assert text == page(), "write it anew: python -m gatukoll.runtime.capture.reasons > docs/reasons.md"


def test_every_code_that_is_raised_is_in_the_table() -> None:
    raised: set[str] = set()
    for source in Path(package.__file__).parent.glob("*.py"):
        text = source.read_text()
        raised |= set(re.findall(r'CaptureRejected\(\s*"(\w+)"', text))
        raised |= set(re.findall(r'(?:warnings|ignored)\["(\w+)"\]', text))
        raised |= set(re.findall(r'return None, "(\w+)"', text))
    assert len(raised) > 15
    assert raised <= set(REASONS)


def test_the_codes_are_those_of_the_expected_list(shared_data: Path) -> None:
    with (shared_data / "streams/broken/expected.csv").open() as lines:
        codes = {row["reason_code"] for row in csv.DictReader(lines)}
    assert codes - LATER <= set(REASONS)


def test_a_code_explains_itself() -> None:
    assert explain("file_empty") == "The file is empty."
    assert explain("of a detector") == "of a detector"


def test_the_page_on_captures_names_every_field() -> None:
    text = (ROOT / "docs" / "captures.md").read_text()
    for model, prefix in ((ClipSettings, ""), (MountingSettings, "camera.")):
        for name, field in model.model_fields.items():
            if name != "camera":
                assert f"| `{prefix}{name}` | {field.description} |" in text


def test_the_example_on_the_page_is_right(tmp_path: Path) -> None:
    text = (ROOT / "docs" / "captures.md").read_text()
    (tmp_path / "day.gpx").touch()
    (tmp_path / "capture.yaml").write_text(text.split("```yaml\n")[1].split("```")[0])
    said = read_sidecar(tmp_path, "17")
    assert said.clock and said.clock.text == "start=2026-09-14T06:58:20Z"
    assert said.device == "truck 7" and dict(said.camera) == {"height_m": 2.35, "pitch_deg": 8.0}
