"""The verbs. Each imports what it needs when it runs, so that ``--help`` is quick."""

from __future__ import annotations

import signal
import sys
from pathlib import Path
from typing import Annotated

import typer

from gatukoll import __version__
from gatukoll.errors import StoppedEarly, UserError

FINISHED, BUG, USER_ERROR, STOPPED, STRICT = 0, 1, 2, 3, 4

app = typer.Typer(
    name="gatukoll",
    help="Street check: films of a street become findings that a city can act on.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    add_completion=False,
    epilog="Exit codes: 0 finished, 1 a bug, 2 user error (nothing begun), 3 stopped early, run again to "
    "go on, 4 something was rejected (--strict).",
)
config_app = typer.Typer(help="Check a city's file, or print its schema.", no_args_is_help=True)
route_app = typer.Typer(help="Who gets which finding, and why.", no_args_is_help=True)
app.add_typer(config_app, name="config")
app.add_typer(route_app, name="route")

City = Annotated[Path, typer.Option("--city", help="the city's file", metavar="FILE")]


@app.command(
    epilog="Example: gatukoll run nattens-filmer/ --city configs/cities/helsingborg.yaml --out resultat/",
)
def run(
    paths: Annotated[
        list[Path], typer.Argument(help="films, pictures, traces, or folders of them", metavar="PATH...")
    ],
    city: City,
    out: Annotated[Path, typer.Option("--out", help="folder for the results", metavar="DIR")] = Path(
        "gatukoll-out"
    ),
    clock: Annotated[
        str | None,
        typer.Option(
            "--clock",
            help="when a film began: start=2026-09-14T06:58:20Z, end=…, stamp=start, stamp=end, "
            "offset=SECONDS, gps",
            metavar="POLICY",
        ),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="say what was read and what is due; do nothing")
    ] = False,
    strict: Annotated[bool, typer.Option("--strict", help="exit code 4 if anything was rejected")] = False,
    threads: Annotated[int | None, typer.Option("--threads", min=1, help="default: every core")] = None,
) -> None:
    """Run the city's detectors over captures; go on where a stopped run ended."""
    from gatukoll.runtime import commands

    raise typer.Exit(
        commands.run(
            paths, city_file=city, out=out, clock=clock, dry_run=dry_run, strict=strict, threads=threads
        )
    )


@app.command(epilog="Example: gatukoll detectors")
def detectors() -> None:
    """List the installed detectors, their models and their state."""
    from gatukoll.runtime import commands

    commands.detectors()


@app.command(
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
    epilog="Example: gatukoll train detector=NAME data.root=/data/streets train.steps=600",
)
def train(context: typer.Context) -> None:
    """Train a detector by its recipe; everything in it can be overridden as KEY=VALUE (hydra)."""
    _need("torch", "train")
    from gatukoll.training import train as verb

    verb.main(context.args)


@app.command(
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
    epilog="Example: gatukoll export detector=NAME checkpoint=outputs/train/NAME/…/last.ckpt",
)
def export(context: typer.Context) -> None:
    """Write a checkpoint as ONNX with its card, once torch and ONNX Runtime agree on real pictures."""
    _need("torch", "train")
    from gatukoll.training import export as verb

    verb.main(context.args)


@app.command(
    epilog="Example: gatukoll evaluate NAME --data /data/streets/SOURCE --json scores.json --worst worst/"
)
def evaluate(
    detector: Annotated[str, typer.Argument(help="its name, see gatukoll detectors")],
    data: Annotated[
        Path, typer.Option("--data", help="a labelled source, or a folder of them", metavar="DIR")
    ],
    json_file: Annotated[
        Path | None, typer.Option("--json", help="where the scores go", metavar="FILE")
    ] = None,
    model: Annotated[
        Path | None, typer.Option("--model", help="default: the shipped one", metavar="FILE")
    ] = None,
    worst: Annotated[
        Path | None, typer.Option("--worst", help="pictures of the worst cases", metavar="DIR")
    ] = None,
    groups: Annotated[
        str | None, typer.Option("--groups", help="only these groups: a,b or COLUMN=VALUE of groups.csv")
    ] = None,
) -> None:
    """Score an exported model on labelled pictures, through the same engine and decode as a run."""
    from gatukoll.training import evaluate as verb

    report = verb.evaluate(detector, data, json_file=json_file, model=model, worst=worst, groups=groups)
    verb.print_table(report)


@app.command(epilog="Example: gatukoll simulate drive/ --seed 10001 --length 300 --passes 2")
def simulate(
    out: Annotated[Path, typer.Argument(help="folder for what is made", metavar="DIR")],
    seed: Annotated[
        int, typer.Option("--seed", min=0, help="below 10000 for training sets, from there on for drives")
    ] = 10_000,
    length: Annotated[float, typer.Option("--length", help="of the street, m")] = 300.0,
    passes: Annotated[int, typer.Option("--passes", help="how often it is driven")] = 1,
    fps: Annotated[int, typer.Option("--fps", help="pictures a second in the film")] = 10,
    speed: Annotated[float, typer.Option("--speed", help="of the vehicle, km/h")] = 30.0,
    labelled: Annotated[
        int, typer.Option("--labelled", min=0, help="make a training set of so many pictures instead")
    ] = 0,
    streets: Annotated[
        int, typer.Option("--streets", min=1, help="of the training set, seeds from --seed on")
    ] = 10,
) -> None:
    """Make a drive with known damage (film, trace, truth in metres), or a labelled training set."""
    from gatukoll.datasets.simulator import command

    if labelled:
        command.labelled(out, seed, streets, labelled)
    else:
        command.drive(out, seed, length_m=length, passes=passes, fps=fps, speed_kmh=speed)


@route_app.command("explain", epilog="Example: gatukoll route explain 3f9c2b1a77d0 --city city.yaml")
def route_explain(
    finding: Annotated[str, typer.Argument(help="id of a finding, or its beginning", metavar="FINDING")],
    city: City,
) -> None:
    """Say rule by rule why a finding goes to its owner."""
    from gatukoll.runtime import commands

    commands.route_explain(finding, city)


@config_app.command("check", epilog="Example: gatukoll config check city.yaml")
def config_check(file: Annotated[Path, typer.Argument(help="the city's file", metavar="FILE")]) -> None:
    """Check a city's file and say in plain words what it does."""
    from gatukoll.runtime import commands

    commands.config_check(file)


@config_app.command("schema", epilog="Example: gatukoll config schema > city.schema.json")
def config_schema() -> None:
    """Print the JSON schema of a city's file, for editors that complete and check."""
    from gatukoll.runtime import commands

    commands.config_schema()


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"gatukoll {__version__}")
        raise typer.Exit


@app.callback()
def _top(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="and exit")
    ] = False,
) -> None:
    pass


def _need(module: str, extra: str) -> None:
    import importlib.util

    if importlib.util.find_spec(module) is None:
        raise UserError(
            f"this verb needs the extra {extra!r}",
            todo=f"In the project's folder: .venv/bin/pip install -c constraints.txt torch -e '.[{extra}]'",
        )


def main() -> None:
    """Run the command line; turn errors into one sentence and an exit code."""
    try:
        app()
    except UserError as error:
        typer.echo(f"gatukoll: {error}", err=True)
        sys.exit(USER_ERROR)
    except (StoppedEarly, KeyboardInterrupt) as error:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # a third Ctrl-C must not change the exit code
        typer.echo(
            f"gatukoll: stopped early. {error or 'Interrupted'}. Run the same command again to go on.",
            err=True,
        )
        sys.exit(STOPPED)
