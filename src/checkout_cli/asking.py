"""Plan, then ask: a change is shown (what is true now, what it will be) before it is made."""

from __future__ import annotations

import getpass
import os
import sys
from collections.abc import Mapping
from contextlib import suppress

from attrs import frozen

from checkout_cli.config import ENV_ACTOR
from checkout_cli.exits import SaidNo, WrongUsage
from checkout_cli.output import Output, ReaderGone
from checkout_core import edge


@frozen
class Change:
    """One thing that will be different."""

    what: str
    now: str
    then: str


@frozen
class Plan:
    """What a command is about to do. Without changes there is nothing to ask."""

    title: str
    changes: tuple[Change, ...]
    notes: tuple[str, ...] = ()

    def data(self, *, done: bool) -> dict[str, object]:
        """The plan as `--json` prints it."""
        changes = [{"what": one.what, "now": one.now, "then": one.then} for one in self.changes]
        return {"title": self.title, "changes": changes, "notes": list(self.notes), "done": done}


@frozen
class Consent:
    """What the caller said beforehand: `--yes`, `--dry-run`, or neither."""

    yes: bool = False
    dry_run: bool = False


def agreed(plan: Plan, consent: Consent, out: Output) -> bool:
    """Whether to go on: after the plan was shown, and somebody said yes. Raises SaidNo; WrongUsage if there is nobody to ask."""
    from checkout_cli.rendering.plans import plan_words

    if out.as_json:
        if plan.changes and not consent.yes and not consent.dry_run:
            raise WrongUsage("With --json nobody is asked. Say --yes to do it, or --dry-run to see the plan.")
        if consent.dry_run or not plan.changes:
            out.show(plan.data(done=False), lambda: "")
            return False
        return True
    if not plan.changes:
        out.show({}, lambda: plan_words(plan, "Nothing to change."))
        return False
    if consent.dry_run:
        out.show({}, lambda: plan_words(plan, "Nothing was changed (--dry-run)."))
        return False
    if consent.yes:
        with suppress(ReaderGone):  # `--yes | head -1` is a yes all the same
            out.show({}, lambda: plan_words(plan))
        return True
    out.show({}, lambda: plan_words(plan))
    if sys.stdin is None or not sys.stdin.isatty():
        raise WrongUsage("There is no terminal to ask at. Say --yes to do it, or --dry-run to see the plan and stop.")
    sys.stderr.write("Do it? [y/N] ")
    sys.stderr.flush()
    if sys.stdin.readline().strip().casefold() not in ("y", "yes"):
        raise SaidNo("You said no. Nothing was changed.")
    return True


def because(reason: str) -> str:
    """The reason that was given. Raises Refusal, before any plan is shown, for one that could not be kept."""
    edge.refuse(edge.checked_text("reason", reason))
    return reason


def actor_of(named: str | None, environment: Mapping[str, str] | None = None) -> str:
    """Who does this: as named, else CHECKOUT_ACTOR, else the login name. Raises WrongUsage if nobody can be told."""
    env = os.environ if environment is None else environment
    if who := named or env.get(ENV_ACTOR):
        return who
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        raise WrongUsage(f"Who does this? Name somebody: --actor NAME, or {ENV_ACTOR}.") from None
