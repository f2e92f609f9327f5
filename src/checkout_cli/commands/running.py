"""`checkout worker` and `checkout fsck`: what goes on without a shopper, and whether everything adds up."""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING, Annotated

import typer
from attrs import define, frozen

from checkout_cli.exits import BROKEN, UNAVAILABLE
from checkout_cli.opening import shop_of
from checkout_cli.options import ConfigFile, Db, Json
from checkout_cli.output import Output, neutral, written
from checkout_cli.rendering.facts import units
from checkout_core.errors import Broken, CheckoutError, NoAnswer, Unavailable
from checkout_core.payments import AttemptState

if TYPE_CHECKING:
    from checkout_cli.wiring import Backend, Check, Finding

NAP = 0.2  # seconds between two looks at whether to stop
BATCH = 100
ROUNDS_AT_MOST = 10_000


@frozen
class Done:
    """What a worker has done: checkouts gone on with, and messages tried."""

    checkouts: int = 0
    messages: int = 0

    def __add__(self, other: Done) -> Done:
        return Done(self.checkouts + other.checkouts, self.messages + other.messages)

    def __bool__(self) -> bool:
        return bool(self.checkouts or self.messages)

    def __str__(self) -> str:
        return f"Went on with {units(self.checkouts, 'checkout')}, and told {units(self.messages, 'message')}."


@frozen
class Waiting:
    """What is left for later: what is due and cannot be done, payments without an answer, messages that were not taken."""

    due: int
    payments: int
    messages: int

    def __bool__(self) -> bool:
        return bool(self.due or self.payments or self.messages)


@define
class Stop:
    """Whether somebody asked us to stop."""

    asked: bool = False

    def __call__(self, signum: int, frame: FrameType | None) -> None:
        self.asked = True


def worker(
    once: Annotated[bool, typer.Option("--once", metavar="", help="Do everything that is due now, and end. For cron.")] = False,
    every: Annotated[
        float, typer.Option("--every", min=0.1, max=3600, metavar="SECONDS", help="How long to sleep if nothing is due.")
    ] = 5.0,
    db: Db = None,
    config: ConfigFile = None,
    as_json: Json = False,
) -> None:
    """Do what goes on without a shopper: overdue checkouts, payments without an answer, mails.

    Any number may run at once. SIGTERM or Ctrl-C ends it after the step it is at. With --once the exit code is 3 if something outside
    was unavailable. With --json and without --once it prints a line for each step that did something.
    Example: checkout worker --once --db shop.db
    """
    out = Output(as_json)
    with shop_of(db, config) as backend, stopped_by_signals() as stop:
        if once:
            with out.progress("working") as told:
                done = drained(backend, stop, told)
            left = waiting(backend)
            _tell_once(done, left, out)
            if left:
                raise typer.Exit(UNAVAILABLE)
            return
        total = _loop(backend, stop, every, out)
    if not as_json:
        _say(f"Stopped. {total}")


def drained(backend: Backend, stop: Stop, told: object = None) -> Done:
    """Do everything that is due, until nothing is, or what is left cannot be done now."""
    total = Done()
    for _ in range(ROUNDS_AT_MOST):
        before = set(backend.storage.due(BATCH))
        done = step(backend)
        total += done
        if callable(told):
            told(total.checkouts + total.messages)
        stuck = bool(before) and set(backend.storage.due(BATCH)) == before
        if stop.asked or not done or (stuck and not done.messages):
            break
    return total


def step(backend: Backend) -> Done:
    """One batch of checkouts, and one of messages for each notifier. A checkout that cannot be gone on with keeps nobody's letters back."""
    fault: CheckoutError | None = None
    checkouts = 0
    try:
        checkouts = backend.shop.tick(BATCH)
    except CheckoutError as error:
        fault = error
    messages = sum(backend.worker.relay(notifier, BATCH) for notifier in backend.notifiers)
    if fault is not None:
        raise fault
    return Done(checkouts, messages)


def waiting(backend: Backend) -> Waiting:
    """What is left because something outside did not answer."""
    unsure = [one for one in backend.queries.payments(due=True, limit=BATCH) if one.state is AttemptState.UNKNOWN]
    untold = [one for one in backend.queries.undelivered(limit=BATCH) if any(delivery.error for delivery in one.deliveries)]
    return Waiting(len(backend.storage.due(BATCH)), len(unsure), len(untold))


def _loop(backend: Backend, stop: Stop, every: float, out: Output) -> Done:
    total = Done()
    if not out.as_json:
        _say(f"Working on {backend.settings.db}, every {every:g} s. Ctrl-C ends it.")
    while not stop.asked:
        try:
            done = step(backend)
        except (Unavailable, NoAnswer, Broken) as fault:  # one broken checkout does not end the work for all others
            _say(f"checkout: {fault}")
            done = Done()
        total += done
        if done:
            _tell_step(done, out)
            continue
        until = time.monotonic() + every
        while (left := until - time.monotonic()) > 0 and not stop.asked:
            time.sleep(min(NAP, left))
    return total


def _tell_step(done: Done, out: Output) -> None:
    from datetime import UTC, datetime

    at = datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    if out.as_json:
        import json

        written(json.dumps({"at": at, "checkouts": done.checkouts, "messages": done.messages}))
    else:
        written(f"{at}  {units(done.checkouts, 'checkout')}, {units(done.messages, 'message')}")


def _tell_once(done: Done, left: Waiting, out: Output) -> None:
    from rich.console import RenderableType

    from checkout_cli.rendering.tables import cell

    data = {
        "worker": {
            "checkouts": done.checkouts,
            "messages": done.messages,
            "waiting": {"due": left.due, "payments": left.payments, "messages": left.messages},
        }
    }

    def words() -> Iterator[RenderableType]:
        yield cell(str(done))
        if left:
            parts = [f"{units(left.due, 'checkout')} still due" if left.due else ""]
            parts += [f"{units(left.payments, 'payment')} without an answer (checkout payment list --due)" if left.payments else ""]
            parts += [f"{units(left.messages, 'message')} not taken (checkout outbox list --waiting)" if left.messages else ""]
            yield cell(f"Something outside is unavailable: {', '.join(filter(None, parts))}. Run it again later.", "yellow")

    out.show(data, words)


def _say(words: str) -> None:
    sys.stderr.write(neutral(words) + "\n")
    sys.stderr.flush()


@contextmanager
def stopped_by_signals() -> Iterator[Stop]:
    """SIGTERM and Ctrl-C ask for an end instead of forcing it, for as long as this lasts."""
    stop = Stop()
    old = {number: signal.signal(number, stop) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield stop
    finally:
        for number, before in old.items():
            signal.signal(number, before)


def fsck(db: Db = None, config: ConfigFile = None, as_json: Json = False) -> None:
    """Check every invariant that the database can show, each by its id. Exit code 4 if one is broken, with its rows and the cure.

    Example: checkout fsck --db shop.db
    """
    from checkout_cli.rendering.checks import checks_data, checks_words

    looked: list[tuple[Check, Finding | None]] = []
    out = Output(as_json)

    def note(check: Check, finding: Finding | None) -> None:
        looked.append((check, finding))
        told(len(looked))

    with shop_of(db, config) as backend, out.progress("checking") as told:
        backend.fsck(note)
    from checkout_cli.wiring import every_check

    made = {check.id: finding for check, finding in looked}
    rows = [(check, check.id in made, made.get(check.id)) for check in every_check()]
    out.show(checks_data(rows), lambda: checks_words(rows))
    if any(finding is not None for _, finding in looked):
        raise typer.Exit(BROKEN)
