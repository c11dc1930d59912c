from __future__ import annotations

import csv
import re
from pathlib import Path

import gatukoll.runtime.capture as package
from gatukoll.runtime.capture.reasons import REASONS, explain, page

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
