"""A run that broke a promise, told as a story: who did what and when, which fault struck where, what broke, and two facts that contradict.

The tape is run again, and what has nothing to do with it is left out: other people's purchases, and whatever only looked.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from textwrap import wrap
from typing import Final

from attrs import frozen

from checkout_core.simulation.levels import Level
from checkout_core.simulation.promises import PROMISES
from checkout_core.simulation.recording import Change, Recording, Seen
from checkout_core.simulation.running import Outcome
from checkout_core.simulation.scenarios import Scenario
from checkout_core.simulation.tapes import Tape
from checkout_core.simulation.telling import clock
from checkout_core.simulation.violations import Violation

_OF_POOLS: Final = ("I1", "I2", "I9")
_OF_MESSAGES: Final = ("I14", "I15", "I25", "L3", "Q3")
WIDTH: Final = 110
_LONGEST, _MANY = 6, 8
"""Steps that a refrain may have, and how often it comes before it is only counted."""


@frozen
class Told:
    """One step of the story, in words: when, who, what, which fault struck, and what is different now."""

    at: datetime
    who: str
    what: str
    fault: str = ""
    changed: tuple[str, ...] = ()


@frozen
class Verdict:
    """The promise that was broken, how, and the two facts that cannot both be right."""

    id: str
    promise: str
    says: str
    facts: tuple[str, str]
    at: datetime


@frozen
class Explained:
    """The whole story. `verdict` is None if every promise held, and then everything is told."""

    scenario: str
    title: str
    about: str
    steps: tuple[Told, ...]
    verdict: Verdict | None
    decisions: int

    @property
    def lanes(self) -> tuple[str, ...]:
        """Everybody who acts, in the order of their first step."""
        return tuple(dict.fromkeys(step.who for step in self.steps if step.who))

    def __str__(self) -> str:
        return text(self)


def explain(scenario: Scenario, run: Outcome | Tape, *, level: Level | None = None) -> Explained:
    """The story of a run, from its tape."""
    tape = run if isinstance(run, Tape) else run.tape
    recording = Recording(scenario, tape, level=level)
    violation = recording.go()
    at = recording.kernel.instant
    told = _story(recording, violation)
    if violation is None:
        return Explained(scenario.name, f"{scenario.title}: every promise held", scenario.about, told, None, len(tape))
    first, second = (_in_words(recording, said) for said in violation.facts)
    verdict = Verdict(violation.id, PROMISES.get(violation.id, violation.says), violation.says, (first, second), at)
    return Explained(scenario.name, f"{scenario.title}: {violation.says}", scenario.about, told, verdict, len(tape))


def text(story: Explained, width: int = WIDTH) -> str:
    """The story as plain text, in lines of that width: one a step, its consequences below it."""
    lines = [*wrap(story.title, width), "", _deviations(story), ""]
    wide = max((len(lane) for lane in story.lanes), default=0)
    times = max((len(clock(step.at)) for step in story.steps), default=0)
    shown: datetime | None = None
    for step in story.steps:
        time = "" if step.at == shown else clock(step.at)
        shown = step.at
        head = f"{time:<{times}}  {step.who:<{wide}}  "
        gap = " " * min(len(head), max(width - 40, width // 3))  # on a narrow screen there must be room left for words
        lines += _wrapped(width, head, gap, step.what if step.who else f"-- {step.what} --")
        if step.fault:
            lines += _wrapped(width, f"{gap}⚡ ", f"{gap}  ", step.fault)
        for change in step.changed:
            lines += _wrapped(width, f"{gap}→ ", f"{gap}  ", change)
    if story.verdict is None:
        return "\n".join([*lines, "", "Every promise held."])
    verdict = story.verdict
    lines += ["", *_wrapped(width, f"✗ {verdict.id}, at {clock(verdict.at)}: ", "  ", f"{verdict.says}.")]
    lines += [line for n, said in enumerate(verdict.facts) for line in _wrapped(width, "  " if n == 0 else "  but ", "    ", said)]
    lines += _wrapped(width, "  The promise: ", "    ", verdict.promise)
    return "\n".join(line.rstrip() for line in lines)


def _deviations(story: Explained) -> str:
    match story.decisions:
        case 0 if story.verdict is None:
            return "A calm run: nothing deviates."
        case 0 if story.verdict is not None and story.verdict.id == "expect":
            return "Nothing need go wrong for this: it is so in a calm run, too."
        case 0:
            return "Nothing went wrong but what is in the shop itself."
        case 1:
            return "One thing deviates from a calm run."
        case many:
            return f"{many} things deviate from a calm run."


def _wrapped(width: int, head: str, gap: str, says: str) -> list[str]:
    return wrap(says, width, initial_indent=head, subsequent_indent=gap, break_long_words=False, break_on_hyphens=False) or [head]


def _story(run: Recording, violation: Violation | None) -> tuple[Told, ...]:
    concerned = _concerned(run, violation)
    actors = _actors(run.seen, concerned)
    where = {one.process for one in run.seen if concerned is None or one.about & concerned}
    seen = [one for one in run.seen if _matters(one, concerned, actors) or (one.halts and one.process in where)]
    seen = _without_lonely_restarts(seen)
    many = len({change.about for one in seen for change in one.changed if change.about}) > 1
    messages = violation is None or violation.id in _OF_MESSAGES
    told = list[Told]()
    for one in seen:
        changed = [change for change in one.changed if not change.about or concerned is None or change.about in concerned]
        kept = [change for change in changed if messages or not change.says.startswith("message ")]
        if one.changed and not kept and not one.fault:
            continue
        told.append(Told(_instant(run, one.at), one.who, one.what, one.fault, tuple(_named(run, change, many) for change in kept)))
    while told and not told[-1].who:
        told.pop()
    return _without_refrains(told)


def _concerned(run: Recording, violation: Violation | None) -> frozenset[str] | None:
    """The checkouts it is about; None for all."""
    if violation is None:
        return None
    if violation.id == "expect" and not violation.checkout:  # a count of all: whoever bought has a part in it
        return frozenset(run.books.docs) or None
    about = violation.checkout or run.last
    if not about:
        return None
    found = {about}
    docs = run.books.docs
    if about in docs:
        found |= {id for id, c in docs.items() if c.cart == docs[about].cart}
    if violation.id in _OF_POOLS:
        wanted = run.pools.get(about, set())
        found |= {id for id, pools in run.pools.items() if pools & wanted}
    return frozenset(found)


def _actors(seen: Iterable[Seen], concerned: frozenset[str] | None) -> frozenset[str]:
    return frozenset(one.actor for one in seen if concerned is None or one.about & concerned)


def _matters(one: Seen, concerned: frozenset[str] | None, actors: frozenset[str]) -> bool:
    if concerned is None or not (one.about or one.actor):
        return True
    if one.about:
        return bool(one.about & concerned)
    if one.actor == one.process:  # a worker that looks around
        return bool(one.fault and not one.changed)
    return one.actor in actors


def _without_lonely_restarts(seen: Sequence[Seen]) -> list[Seen]:
    """Without the restarts of processes whose end is not in the story."""
    died, kept = set[str](), list[Seen]()
    for one in seen:
        restart = bool(one.process) and not one.actor
        if restart and one.process not in died:
            continue
        if one.halts:
            died.add(one.process)
        kept.append(one)
    return kept


def _without_refrains(told: Sequence[Told]) -> tuple[Told, ...]:
    """What comes again and again, alike but for its numbers, and by no fault: told twice, counted, and told as it was last."""
    alike = [(step.who, re.sub(r"(?:\d+ [A-Z][a-z]{2} )?\d+", "0", "; ".join((step.what, *step.changed))), step.fault) for step in told]
    kept, at = list[Told](), 0
    while at < len(told):
        long, times = max(((long, _times(alike, at, long)) for long in range(1, _LONGEST + 1)), key=lambda found: found[1])
        if times < _MANY:
            kept.append(told[at])
            at += 1
            continue
        last = at + (times - 1) * long
        left_out = Told(told[at + 2 * long].at, "", f"and so on, the same {times - 3} times more")
        kept += [*told[at : at + 2 * long], left_out, *told[last : last + long]]
        at = last + long
    return tuple(kept)


def _times(alike: Sequence[tuple[str, str, str]], at: int, long: int) -> int:
    """How often what stands there comes at once again; not at all if a fault or a turn of the world is in it."""
    verse = alike[at : at + long]
    if len(verse) < long or any(fault or not who for who, _, fault in verse):
        return 0
    times = 1
    while alike[at + times * long : at + (times + 1) * long] == verse:
        times += 1
    return times


def _named(run: Recording, change: Change, many: bool) -> str:
    c = run.books.docs.get(change.about)
    if c is None or change.says.startswith(("the answer:", "no answer")):
        return change.says
    which = f"checkout {c.number}" if many else "the checkout"
    if change.says.startswith(("the payment", "payment ", "order ", "the gateway", "message ")):
        return f"{change.says}" if not many else f"{which}: {change.says}"
    return f"{which} {change.says}" if not change.says.startswith("next:") else change.says


def _in_words(run: Recording, said: str) -> str:
    """A fact with payments and checkouts as people call them, instead of their keys."""
    for id, c in run.books.docs.items():
        for n, attempt in enumerate(c.attempts, start=1):
            name = "the payment" if n == 1 else f"payment {n}"
            said = said.replace(attempt.authorization, name).replace(attempt.key, name)
        said = said.replace(f"checkout {id}", id).replace(id, f"checkout {c.number}")
    return said


def _instant(run: Recording, micros: int) -> datetime:
    return run.kernel.starts + timedelta(microseconds=micros)
