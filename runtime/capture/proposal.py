"""What to write where a film's clock is missing or wrong: the lines, what each would mean, and the file.

A film's own stamp has two readings, and which is right can't be seen in the film. So both are named, with
where each would put the film against its trace; the choice stays with a person.
"""

from __future__ import annotations

from pathlib import Path

from gatukoll.runtime.capture.clock import Clock, iso
from gatukoll.runtime.capture.film import Film
from gatukoll.runtime.capture.kinds import ENDINGS, is_system
from gatukoll.runtime.capture.sidecar import FILM_ENDING, FOLDER_NAME, Sidecar

Span = tuple[float, float]  # first and last instant, POSIX seconds
Line = tuple[str, str]  # a clock policy, and what it would mean

STAMP_S = 1.0  # stamps are cut to whole seconds, so a film may seem to lie that much outside its trace
ZONES_H = sorted(range(-14, 13), key=lambda h: (abs(h), h))  # zones are 14 h ahead of UTC to 12 h behind it


def what_to_write(film: Film, trace: Span | None, said: Sidecar, overriding: Clock | None) -> str:
    """Return which line to put into which file, so that it is known when a film began.

    Args:
        film: whose clock is unknown.
        trace: when its trace runs; None where it has none.
        said: what capture.yaml says of the film.
        overriding: the policy of the command line.
    """
    lines, more = _lines(film, trace)
    shared = lines[0][0].startswith(("offset", "stamp"))
    written = [f"clock: {policy}   # {meaning}" for policy, meaning in lines]
    where = _place(film.path, said, shared)
    if overriding:
        where = f"leave out --clock, and {where}"
    if len(written) == 1:
        return f"{where}: {written[0]}{more}"
    return f"{where} one of these lines:\n    " + "\n    ".join(written) + more


def what_differs(film: Span, trace: Span, clock: Clock, overriding: bool) -> str:
    """Say how far apart film and trace are, and which whole hours would bring them together."""
    if film[0] > trace[1]:
        apart = f"the film begins {duration(film[0] - trace[1])} after the trace ends"
    else:
        apart = f"the film ends {duration(trace[0] - film[1])} before the trace begins"
    moves = [h for h in ZONES_H if h and placed(film, trace, h) == "inside"]
    moves = moves or [h for h in ZONES_H if placed(film, trace, h) == "partly inside"]
    if not moves:
        return f"{apart}; correct the clock or give another trace"
    form = "--clock {}" if overriding else "clock: {}"
    h = moves[0]
    line, lies = form.format(clock.moved(h * 3600).text), placed(film, trace, h)
    later = f"{abs(h)} h {'earlier' if h < 0 else 'later'}"
    return f"{apart}; time zone? With {line} ({later}) it lies {lies} the trace. Else give another trace"


def placed(film: Span, trace: Span, hours: int = 0) -> str:
    """Say where a film moved by some hours lies: inside, partly inside or outside its trace."""
    first, last = (s + hours * 3600 for s in film)
    if first >= trace[0] - STAMP_S and last <= trace[1] + STAMP_S:
        return "inside"
    return "partly inside" if first < trace[1] and last > trace[0] else "outside"


def duration(seconds: float) -> str:
    """Write a duration as people do, to two units.

    >>> duration(7179.5), duration(3.2), duration(266400), duration(120)
    ('2 h 0 min', '3 s', '3 days 2 h', '2 min 0 s')
    """
    days, hours = divmod(round(seconds / 3600), 24)
    if days:
        return f"{days} day{'s' * (days > 1)} {hours} h"
    hours, minutes = divmod(round(seconds / 60), 60)
    if hours:
        return f"{hours} h {minutes} min"
    minutes, whole = divmod(round(seconds), 60)
    return f"{minutes} min {whole} s" if minutes else f"{whole} s"


def _lines(film: Film, trace: Span | None) -> tuple[list[Line], str]:
    """Return the policies that may be true of a film, and what else is to be known of them.

    Where it carries no time the line holds a blank that is refused until it is filled in: the beginning of
    the trace would fit it, and be wrong by the seconds between the two buttons.
    """
    stamp = film.dated or film.stamped
    if stamp is None:
        return [("start=YYYY-MM-DDTHH:MM:SSZ", "the instant of the first frame")], ""
    name = "QuickTime date" if film.dated else "stamp"
    starts, ends = _readings(film, stamp.timestamp())
    if film.dated and film.dated != film.stamped:
        forms = (f"start={iso(stamp)}", f"end={iso(stamp)}")
    else:
        forms = ("offset=0", "stamp=end")
    means = (f"if the film's {name} {iso(stamp)} is its start", "if it is its end")
    if trace is None:
        return list(zip(forms, means, strict=True)), ""
    lies = [placed(span, trace) for span in (starts, ends)]
    lines = [(f, f"{m}: {at} the trace") for f, m, at in zip(forms, means, lies, strict=True)]
    if film.dated:  # it states its zone
        return lines, ""
    moved = [h for h in ZONES_H if h and placed(starts, trace, h) == "inside"]
    if set(lies) == {"outside"}:
        local = _local_lines(film, trace, iso(stamp))
        return local or lines, ""
    if not moved:
        return lines, ""
    hours = ", ".join(f"{h * 3600:+d} (UTC{-h:+d})" for h in moved[:3])
    return (
        lines,
        f"\n    If it is local time written as UTC: with seconds of {hours} it lies inside the trace too.",
    )


def _local_lines(film: Film, trace: Span, stamp: str) -> list[Line]:
    """Return the readings of a stamp as local time written as UTC that fit the trace, nearest to UTC."""
    assert film.stamped is not None
    starts, ends = _readings(film, film.stamped.timestamp())
    for wanted in ("inside", "partly inside"):
        for h in ZONES_H:
            local = f"if the film's stamp {stamp} is local time (UTC{-h:+d}) written as UTC, and its"
            lines = []
            if placed(starts, trace, h) == wanted:
                lines.append((f"offset={h * 3600}", f"{local} start: {wanted} the trace"))
            if placed(ends, trace, h) == wanted:
                lines.append((f"stamp=end{h * 3600:+d}", f"{local} end: {wanted} the trace"))
            if lines:
                return lines
    return []


def _readings(film: Film, stamp_s: float) -> tuple[Span, Span]:
    """Return when a film runs if its stamp is its start, and if it is its end."""
    length_s = film.end_s - film.first_s
    return (stamp_s, stamp_s + length_s), (stamp_s - length_s, stamp_s)


def _place(film: Path, said: Sidecar, shared: bool) -> str:
    """Say which file a line belongs in; `shared` lines are true for all films of a camera.

    capture.yaml speaks for the pictures of its folder too, and a start for one film only.
    """
    own = film.stem + FILM_ENDING
    others = [p.suffix.lower() for p in film.parent.iterdir() if p != film and not is_system(p.name)]
    films, pictures = (any(s in ENDINGS[kind] for s in others) for kind in ("film", "pictures"))
    all_films = not pictures and (shared or not films)
    if said.clock_from == own or (said.clock_from == FOLDER_NAME and all_films):
        return f"in {said.clock_from} beside it, write instead of its clock"
    if not all_films:
        return f"add to {own} beside it"
    return f"add to {FOLDER_NAME} beside it" + (f" for all films, or to {own} for this one," if films else "")
