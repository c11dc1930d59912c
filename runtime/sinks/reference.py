"""The page docs/outputs.md, made from the tables of columns.

``python -m gatukoll.runtime.sinks.reference > docs/outputs.md`` refreshes it; a test holds the two together.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

from gatukoll.runtime.sinks.columns import Column
from gatukoll.runtime.sinks.factcolumns import OBSERVATIONS, TRACES
from gatukoll.runtime.sinks.findingcolumns import FINDINGS, SHAPES

INTRO = """# What a run writes for the departments

| file | what |
|---|---|
| `findings.gpkg` | all findings, observations and driven traces, for GIS |
| `findings.csv` | all findings, for Excel |
| `owners/ID/findings.gpkg`, `owners/ID/findings.csv` | the same for one owner of the city's file |

Every owner has its files, also where nothing was found: then the CSV holds the headings alone, which says
that something was looked for. The sums of the owners' files are the whole. Files of an owner that left the
city's file are removed, unless somebody has changed them. A file is put in place whole: whoever opens it
during a run or after a power cut has the old one or the new one.

Each run writes the files anew. A file that somebody has changed since the run before is kept beside the new
one, as `findings (edited YYYY-MM-DD HHMM).csv` with the time of the change, and the run says so; notes are
safest in a file of your own, joined by the column `id`. A file that another program holds open (Excel on
Windows, edits in QGIS that are not saved) stays as it is; all others are written, and the run ends with exit
code 3 and its name: close it and run again.

Findings are sorted worst first, then by class and id.

**GeoPackage.** In the coordinate system of `output.epsg` (default 3006, SWEREF 99 TM); x is east, y is north.
Captures whose places lie outside the area that the system is made for are left out and named in `run.json`
(`outside_area`); the run goes on. Opens in QGIS from 3.22 on
with styles: colour and size tell severity, the symbol tells the class. Headings and meanings of columns stand
in the file too (`gpkg_data_columns`). Times are UTC (`2026-09-14T06:58:20.000Z`). Count in the layer
`findings`; the layers of shapes repeat its ids.

| layer | geometry | a row is |
|---|---|---|
| `findings` | point | a finding: the middle of a line, a point inside an area |
| `findings_lines` | lines | the shape of a finding that is a line |
| `findings_areas` | areas | the shape of a finding that is an area |
| `observations` | point | what one capture saw of one thing; an owner gets those of its findings |
| `traces` | lines | what one capture drove; captures without positions have no row |

**CSV.** UTF-8 with BOM, semicolons, decimal comma, CRLF; times in `output.time_zone`, as the heading says.
Sizes are rounded to 0.1, those below 1 to 0.01; an empty cell is a size that has no meaning for the geometry.
Text that a spreadsheet would take for a formula, a number or a date has an apostrophe in front.
"""


def markdown() -> str:
    """Return the page."""
    return "\n".join(
        [
            INTRO,
            _table("Findings (layer `findings`, CSV)", FINDINGS),
            _table("Shapes (layers `findings_lines`, `findings_areas`)", SHAPES),
            _table("Observations (layer `observations`)", OBSERVATIONS),
            _table("Driven traces (layer `traces`)", TRACES),
        ]
    )


def _table(title: str, columns: Sequence[Column[Any]]) -> str:
    only = {"": "", "gis": " (GIS only)", "csv": " (CSV only)", "sv": " (CSV: sv)", "en": " (CSV: en)"}
    rows = [f"| `{c.name}` | {c.sv} | {c.en} | {c.kind} | {c.about}{only[c.only]} |" for c in columns]
    head = ["| column | heading (sv) | heading (en) | kind | meaning |", "|---|---|---|---|---|"]
    return "\n".join([f"## {title}", "", *head, *rows, ""])


if __name__ == "__main__":
    sys.stdout.write(markdown())
