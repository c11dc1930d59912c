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
| `pictures/FINDING.jpg`, `owners/ID/pictures/FINDING.jpg` | what was seen, outlined; of made captures only |
| `run.json` | what the run was given, what it used, rejected and wrote |

Findings, observations and traces are those of the whole store of the city (`store:` in its file): what
earlier runs saw is in them, not only what this run was given. The numbers of captures, frames and km are
those of the captures that this run was given.

Pictures are written of captures that `gatukoll simulate` has made and that the run was given, the nearest
frame of each finding. Of real captures no picture is written anywhere.

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

RUN = """## run.json

`accepted` + the sum of `rejected` = `offered`, for captures and for frames.

| field | is |
|---|---|
| `gatukoll`, `started`, `finished`, `city` | version of the program; times in UTC; name of the city |
| `detectors` | name -> `version` of the model, `model`: sha256 of its files |
| `captures`, `frames` | `offered`, `accepted`, `rejected`: reason code -> number ([codes](captures.md)) |
| `warnings`, `ignored` | code -> number of frames or captures, of files; outside the sums |
| `notes` | what a `capture.yaml` says of films that are not there, a sentence each |
| `km` | driven while filming; a trace without film or pictures does not count |
| `findings` | of the whole store: `total`, `held_back` (see `min_sightings`), `by_class` -> severity -> number, `routed` (by a rule), `fallback`, `by_owner` |
| `outside_area` | captures in the store that `output.epsg` can't hold and that are left out: `name`, `detail` |
| `each_capture` | `name`, `kind`, `digest`, `state` (done, rejected), `code` and `detail` of a rejection, `clock`, `starts`, `km`, `frames`, `warnings`; of what was no capture `name`, `state`, `code`, `detail` |
| `each_capture.frames` | as above; `items`: the first 100 that were rejected, each `source` and `code`; `items_left_out`: how many more |
| `files` | written, relative to the folder |
| `edited` | copies of files that somebody had changed since the run before |
| `not_written` | file -> why it could not be replaced; the run ends with exit code 3 |
"""  # noqa: E501 (rows of a table)


def markdown() -> str:
    """Return the page."""
    return "\n".join(
        [
            INTRO,
            _table("Findings (layer `findings`, CSV)", FINDINGS),
            _table("Shapes (layers `findings_lines`, `findings_areas`)", SHAPES),
            _table("Observations (layer `observations`)", OBSERVATIONS),
            _table("Driven traces (layer `traces`)", TRACES),
            RUN,
        ]
    )


def _table(title: str, columns: Sequence[Column[Any]]) -> str:
    only = {"": "", "gis": " (GIS only)", "csv": " (CSV only)", "sv": " (CSV: sv)", "en": " (CSV: en)"}
    rows = [f"| `{c.name}` | {c.sv} | {c.en} | {c.kind} | {c.about}{only[c.only]} |" for c in columns]
    head = ["| column | heading (sv) | heading (en) | kind | meaning |", "|---|---|---|---|---|"]
    return "\n".join([f"## {title}", "", *head, *rows, ""])


if __name__ == "__main__":
    sys.stdout.write(markdown())
