"""A simulation as one page of HTML that needs nothing else: no script, no font, no picture from elsewhere. Everything in it is escaped."""

from __future__ import annotations

import html
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from math import log1p
from typing import Final

from attrs import frozen

from checkout_cli.output import neutral
from checkout_cli.rendering.facts import units
from checkout_cli.rendering.runs import by_number, share, speed
from checkout_cli.verdicts import WORDS, AllRan, Ran
from checkout_core.simulation.coverage import MARKS, Coverage
from checkout_core.simulation.promises import PROMISES
from checkout_core.simulation.running import Outcome

CELL, LABEL, HEAD, LANE, ROW, TIME = 26, 190, 130, 96, 22, 150  # pixels

STYLE: Final = """
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 72rem; padding: 0 1rem; color: #1c2733; background: #fff }
h1 { font-size: 1.6rem; margin-bottom: 0 } h2 { font-size: 1.15rem; margin-top: 2.2rem } h3 { font-size: 1rem }
table { border-collapse: collapse } th, td { padding: .25rem .8rem .25rem 0; text-align: left; vertical-align: top }
th { font-weight: 600; border-bottom: 1px solid #c9d2da } td.n, th.n { text-align: right; font-variant-numeric: tabular-nums }
.clean { color: #146c43 } .broken, .nondeterminism { color: #b02a37 } .coverage { color: #97690a } .dim { color: #66747f }
pre { background: #f3f5f7; padding: .8rem; overflow-x: auto; white-space: pre-wrap } code { font-size: .92em }
section.bad { border-left: 4px solid #b02a37; padding-left: 1rem } svg { max-width: 100%; height: auto }
.wide { overflow-x: auto } .wide svg { max-width: none }
svg text { font-size: 11px; fill: #1c2733 }
@media (prefers-color-scheme: dark) { body { background: #12181e; color: #dbe3ea } pre { background: #1c252e } svg text { fill: #dbe3ea }
 .clean { color: #6fcf97 } .broken, .nondeterminism { color: #ff8b94 } .coverage { color: #e8c268 } .dim { color: #93a1ad } }
"""


@frozen
class Moment:
    """Something in a story: when, who, what, and the fault that struck there."""

    at: str
    who: str
    what: str
    fault: str = ""


@frozen
class Counterexample:
    """A broken promise, cut down: the small run, its story in words, and its moments for the lanes."""

    ran: Ran
    outcome: Outcome
    small: Outcome
    story: str
    moments: Sequence[Moment]


def page(ran: AllRan, bad: Sequence[Counterexample], versions: Mapping[str, str]) -> str:
    """The whole page."""
    together = ran.together
    coverage = together.coverage
    made = " · ".join(f"{name} {version}" for name, version in versions.items())
    levels = ", ".join(sorted({one.level for one in ran.runs}))
    parts = [
        f'<h1>Simulation: <span class="{ran.verdict}">{ran.verdict}</span></h1>',
        f"<p>{words(WORDS[ran.verdict]).capitalize()}, in {units(together.runs, 'run')} with {units(together.checkouts, 'checkout')}, "
        f"{together.steps} steps and {sum(coverage.struck.values())} faults. "
        f"{'Stopped before the end. ' if ran.stopped else ''}"
        f'<span class="dim">Seeds {ran.first} to {ran.first + ran.seeds - 1} of each scenario, at the level {words(levels)}, '
        f"in {ran.seconds:.1f} s ({speed(together.checkouts, ran.seconds)} checkouts/s). {words(made)}.</span></p>",
        *(_bad(one) for one in bad),
        "<h2>Scenarios</h2>",
        _scenarios(ran.runs),
        "<h2>Promises, and how often each was looked at</h2>",
        _promises(ran.runs),
        "<h2>What went wrong where</h2>",
        '<p class="dim">Each square is a state of a checkout and a call made in it: the number is how many kinds of fault struck there, '
        "the colour how often. Point at a square to read them.</p>",
        heat_map(coverage),
        "<h2>The mix</h2>",
        bars([("contended", together.contended, together.runs), ("with a fault", together.faulty, together.runs)]),
        bars([(name, number, max(coverage.struck.values())) for name, number in sorted(coverage.struck.items())]),
        "<h2>Marks</h2>",
        _marks(coverage),
    ]
    body = "\n".join(parts)
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>Simulation: {ran.verdict}</title><style>{STYLE}</style></head>\n<body>\n{body}\n</body></html>\n"
    )


def words(text: object) -> str:
    """A text as it may stand in the page: nothing in it is markup, and nothing steers."""
    return html.escape("\n".join(neutral(line) for line in str(text).split("\n")))


def rows_of(head: Iterable[str], rows: Iterable[Sequence[object]], numbers: Iterable[int] = ()) -> str:
    """A table; the columns in `numbers` are aligned to the right."""
    right = set(numbers)

    def one(tag: str, cells: Iterable[object]) -> str:
        return "<tr>" + "".join(f"<{tag}{' class=n' if n in right else ''}>{words(cell)}</{tag}>" for n, cell in enumerate(cells)) + "</tr>"

    return f"<table>{one('th', head)}{''.join(one('td', row) for row in rows)}</table>"


def _scenarios(runs: Iterable[Ran]) -> str:
    head = ("scenario", "title", "level", "runs", "checkouts", "orders", "contended", "faulty", "verdict")
    rows = (
        (
            one.scenario.name,
            one.scenario.title,
            one.level,
            one.report.runs,
            one.report.checkouts,
            one.report.orders,
            share(one.report.contended, one.report.runs),
            share(one.report.faulty, one.report.runs),
            one.verdict,
        )
        for one in runs
    )
    return rows_of(head, rows, range(3, 8))


def _promises(runs: Sequence[Ran]) -> str:
    evaluated, broken = Counter[str](), Counter[str]()
    for one in runs:
        evaluated.update(one.report.coverage.evaluated)
        broken.update(outcome.violation.id for outcome in one.report.broken if outcome.violation is not None)
    every = sorted({*evaluated, *broken}, key=by_number)
    rows = ((id, evaluated[id], broken[id] or "", PROMISES.get(id, "")) for id in every)
    return rows_of(("promise", "looked at", "broken", "what it says"), rows, (1, 2))


def _marks(coverage: Coverage) -> str:
    rows = ((mark, coverage.marks.get(mark, 0) or "not reached", says) for mark, says in MARKS.items())
    return rows_of(("mark", "times", "what it is"), rows, (1,))


# Pictures.
def heat_map(coverage: Coverage) -> str:
    """States by calls, coloured by how often faults struck there."""
    struck: dict[tuple[str, str], Counter[str]] = {}
    for (state, call, fault), number in coverage.cells.items():
        struck.setdefault((state, call), Counter())[fault] += number
    states, calls = sorted({state for state, _ in struck}), sorted({call for _, call in struck})
    if not struck:
        return '<p class="dim">Nothing was reached.</p>'
    most = max((sum(faults.values()) - faults[""] for faults in struck.values()), default=0)
    parts = [
        *(
            f'<text transform="translate({LABEL + n * CELL + 16},{HEAD - 6}) rotate(-60)">{words(call)}</text>'
            for n, call in enumerate(calls)
        ),
        *(f'<text x="{LABEL - 8}" y="{HEAD + n * CELL + 17}" text-anchor="end">{words(state)}</text>' for n, state in enumerate(states)),
        *(_square(struck.get((s, c)), s, c, n, m, most) for m, s in enumerate(states) for n, c in enumerate(calls)),
    ]
    return _svg(LABEL + len(calls) * CELL + 80, HEAD + len(states) * CELL + 8, parts, "What went wrong where")


def _square(faults: Counter[str] | None, state: str, call: str, column: int, row: int, most: int) -> str:
    x, y = LABEL + column * CELL, HEAD + row * CELL
    if faults is None:
        return f'<rect x="{x}" y="{y}" width="{CELL - 2}" height="{CELL - 2}" fill="none" stroke="#8a97a3" stroke-opacity=".25"/>'
    kinds = [fault for fault in sorted(faults) if fault]
    number = sum(faults[fault] for fault in kinds)
    shade = 0.12 + 0.78 * log1p(number) / log1p(most) if number else 0.05
    told = ", ".join(f"{fault} {faults[fault]}" for fault in kinds) or "no fault"
    label = f'<text x="{x + (CELL - 2) / 2}" y="{y + 16}" text-anchor="middle">{len(kinds)}</text>' if kinds else ""
    says = f"{call} while {state}: {told}; {units(faults[''], 'time')} without"
    rect = f'<rect x="{x}" y="{y}" width="{CELL - 2}" height="{CELL - 2}" fill="#d9480f" fill-opacity="{shade:.2f}"/>'
    return f"<g><title>{words(says)}</title>{rect}{label}</g>"


def bars(rows: Sequence[tuple[str, int, int]]) -> str:
    """A bar for each: its name, its number, and the number that fills the line."""
    if not rows:
        return ""
    width, parts = 420, list[str]()
    for n, (name, number, full) in enumerate(rows):
        y = n * ROW
        long = width * number / full if full else 0
        parts.append(f'<text x="{LABEL - 8}" y="{y + 14}" text-anchor="end">{words(name)}</text>')
        parts.append(f'<rect x="{LABEL}" y="{y + 3}" width="{long:.1f}" height="{ROW - 8}" fill="#3b78b5" fill-opacity=".75"/>')
        parts.append(f'<text x="{LABEL + long + 6:.1f}" y="{y + 14}">{number}</text>')
    return _svg(LABEL + width + 80, len(rows) * ROW + 4, parts, "How much of each")


def lanes(moments: Sequence[Moment]) -> str:
    """Who did what when: a column for everybody, time going down, the words beside it; a fault is red."""
    if not moments:
        return ""
    everybody = list(dict.fromkeys(moment.who for moment in moments))
    beside, high = TIME + LANE * len(everybody), 30 + len(moments) * ROW
    parts = list[str]()
    for n, who in enumerate(everybody):
        x = TIME + n * LANE
        parts.append(f'<text x="{x}" y="14" text-anchor="middle" font-weight="600">{words(_short(who, 15))}</text>')
        parts.append(f'<line x1="{x}" y1="22" x2="{x}" y2="{high}" stroke="#8a97a3" stroke-opacity=".5"/>')
    for n, moment in enumerate(moments):
        x, y = TIME + everybody.index(moment.who) * LANE, 40 + n * ROW
        colour = "#b02a37" if moment.fault else "#3b78b5"
        said = f"{moment.what}{f' ({moment.fault})' if moment.fault else ''}"
        parts.append(f'<text x="{TIME - 46}" y="{y + 4}" text-anchor="end" fill-opacity=".7">{words(moment.at)}</text>')
        parts.append(f'<line x1="{x}" y1="{y}" x2="{beside - 30}" y2="{y}" stroke="{colour}" stroke-opacity=".25"/>')
        parts.append(f'<g><title>{words(said)}</title><circle cx="{x}" cy="{y}" r="4.5" fill="{colour}"/>')
        parts.append(f'<text x="{beside - 24}" y="{y + 4}">{words(_short(said, 120))}</text></g>')
    return f'<div class="wide">{_svg(beside + 720, 14 + high, parts, "Who did what when")}</div>'


def _svg(width: float, height: float, parts: Iterable[str], says: str) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height:.0f}" '
        f'viewBox="0 0 {width:.0f} {height:.0f}" role="img" aria-label="{words(says)}">{"".join(parts)}</svg>'
    )


def _short(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"


# What was broken.
def _bad(one: Counterexample) -> str:
    return "\n".join(_bad_parts(one))


def _bad_parts(one: Counterexample) -> Iterator[str]:
    violation = one.outcome.violation
    if violation is None:
        return
    yield '<section class="bad">'
    yield f'<h2><span class="broken">{words(violation.id)}</span> {words(violation.says)}</h2>'
    yield f'<p class="dim">{words(one.ran.scenario.name)}, seed {one.outcome.seed}, level {words(one.ran.level)}</p>'
    yield "<ul>" + "".join(f"<li>{words(fact)}</li>" for fact in violation.facts) + "</ul>"
    yield f"<p>Again: <code>{words(one.ran.again(one.outcome))}</code></p>"
    yield f"<h3>The story, cut down to {units(len(one.small.tape), 'decision')}</h3><pre>{words(one.story)}</pre>"
    yield lanes(one.moments)
    tape = json.dumps(one.small.tape.data(), ensure_ascii=False, indent=1)
    yield f"<details><summary>The tape</summary><pre>{words(tape)}</pre></details></section>"
