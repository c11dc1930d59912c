"""CSV that a Swedish Excel opens right: BOM, semicolon, decimal comma, CRLF, no formulas."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable
from datetime import datetime, tzinfo
from functools import partial
from pathlib import Path

from gatukoll.runtime.sinks.base import Output, owner_files, put_in_place
from gatukoll.runtime.sinks.columns import Column, FindingRow, Value
from gatukoll.runtime.sinks.findingcolumns import FINDINGS
from gatukoll.runtime.sinks.register import write_files
from gatukoll.runtime.sinks.rows import finding_rows
from gatukoll.runtime.texts import Language

FILE = "findings.csv"

# what a spreadsheet begins a formula with (the wide forms too), and characters that hide such a beginning
_FORMULA = "=+-@＝＋－＠"
# text that Excel would turn into a number, a date, a time or a truth value, e.g. 12e4, 3-4, 1/2, mar12, 07:15
_NUMBERLIKE = re.compile(
    r"""\s*(
      [\d\s.,:/%-]+                                  # numbers, dates, times
      | [\d.,]+\s*e\s*[+-]?\d+                       # 12e4 is 120 000
      | \d{0,4}[\s./-]*(jan|feb|mar|apr|maj|may|jun|jul|aug|sep|okt|oct|nov|dec)[a-z]*[\s./-]*\d{0,4}
      | true|false|sant|falskt
    )\s*""",
    re.IGNORECASE | re.VERBOSE,
)


class CsvSink:
    """``findings.csv``, whole and per owner."""

    name = "csv"

    def write(self, folder: Path, output: Output) -> list[Path]:
        """Write the findings; an owner without findings gets the header alone.

        Raises:
            Unwritten: some files could not be replaced; all others are written.
        """
        rows = finding_rows(output.ordered(), output.city)
        writers = {folder / FILE: partial(_write, rows=rows, output=output)}
        for owner, path in owner_files(folder, [o.id for o in output.city.owners], FILE).items():
            own = [r for r in rows if r.finding.owner == owner]
            writers[path] = partial(_write, rows=own, output=output)
        return write_files(folder, self.name, writers, output.city.output.sinks)


def _write(path: Path, rows: Iterable[FindingRow], output: Output) -> None:
    language, zone = output.city.output.language, output.city.output.zone
    columns = [c for c in FINDINGS if c.in_csv(language)]
    zone_name = output.city.output.time_zone
    with put_in_place(path) as part, part.open("w", encoding="utf-8-sig", newline="") as stream:
        writer = csv.writer(stream, delimiter=";", lineterminator="\r\n")
        writer.writerow([_heading(c, language, zone_name) for c in columns])
        writer.writerows([cell(c.value(row), zone) for c in columns] for row in rows)


def _heading(column: Column[FindingRow], language: Language, zone: str) -> str:
    heading = column.title(language)
    return f"{heading} ({zone})" if column.kind == "time" else heading


def cell(value: Value, zone: tzinfo) -> str:
    """Return a value as Excel with Swedish settings reads it; a time as local date and time.

    >>> from datetime import UTC
    >>> cell(1.5, UTC), cell("=1+1", UTC), cell("12e4", UTC), cell(None, UTC)
    ('1,5', "'=1+1", "'12e4", '')
    """
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.astimezone(zone).strftime("%Y-%m-%d %H:%M:%S")
    if isinstance(value, float):
        return _decimal(value)
    return safe(value) if isinstance(value, str) else str(value)


def _decimal(value: float) -> str:
    text = f"{value:.7f}".rstrip("0").rstrip(".")
    return text.replace(".", ",") if text not in ("-0", "") else "0"


def safe(text: str) -> str:
    """Return a text that stays text: an apostrophe in front of what would act as formula, number or date."""
    line = " ".join(text.split()) if any(c in text for c in "\r\n\t\v\f\0") else text
    start = line.lstrip().lstrip("\ufeff\u200b\u00a0")[:1]
    risky = bool(start) and start in _FORMULA
    return f"'{line}" if risky or (line and _NUMBERLIKE.fullmatch(line)) else line
