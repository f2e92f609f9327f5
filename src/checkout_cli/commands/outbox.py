"""`checkout outbox` and `checkout dead-letter`: what was told to whom, telling it again, and what could not be told."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from checkout_cli.asking import Change, Consent, Plan, agreed
from checkout_cli.commands.payments import found_checkout
from checkout_cli.exits import WrongUsage
from checkout_cli.opening import shop_of
from checkout_cli.options import ConfigFile, Db, DryRun, Json, Limit, Yes
from checkout_cli.output import Output
from checkout_core.errors import NotFound
from checkout_core.listings import EventListed
from checkout_core.unit import Delivery

if TYPE_CHECKING:
    from checkout_cli.wiring import Backend

outbox_app = typer.Typer(no_args_is_help=True, help="The outbox: what happened, who was told, and telling it again.")
dead_app = typer.Typer(no_args_is_help=True, help="Dead letters: what a consumer could not be told, and trying it again.")
Consumer = Annotated[str | None, typer.Option("--consumer", metavar="NAME", help="Only this consumer's, such as mail.")]
EVERYTHING = 10_000


@outbox_app.command("list")
def list_outbox(
    order: Annotated[str | None, typer.Option("--order", metavar="N", help="Only events of this order.")] = None,
    after: Annotated[int, typer.Option("--after", min=0, metavar="POSITION", help="Only events after this position.")] = 0,
    waiting: Annotated[
        bool, typer.Option("--waiting", metavar="", help="Only events that somebody was tried to be told and was not yet.")
    ] = False,
    limit: Limit = 50,
    db: Db = None,
    config: ConfigFile = None,
    as_json: Json = False,
) -> None:
    """List events in the order they were committed, and who was told.

    Example: checkout outbox list --order 4Y7HT-2FJN4
    """
    from checkout_cli.rendering.outbox import events_data, outbox_words

    with shop_of(db, config) as backend:
        checkout = None if order is None else found_checkout(backend, order)
        if waiting:
            listed = backend.queries.undelivered(limit=EVERYTHING)
            found: Sequence[EventListed] = [one for one in listed if one.position > after and checkout in (None, one.event.checkout)][
                :limit
            ]
        else:
            found = backend.queries.outbox(checkout=checkout, after=after, limit=limit)
    Output(as_json).show(events_data(found), lambda: outbox_words(found, limit))


@outbox_app.command()
def replay(
    event: Annotated[str | None, typer.Argument(metavar="EVENT", help="An event as it is listed.")] = None,
    order: Annotated[str | None, typer.Option("--order", metavar="N", help="Every event of this order.")] = None,
    consumer: Consumer = None,
    yes: Yes = False,
    dry_run: DryRun = False,
    db: Db = None,
    config: ConfigFile = None,
    as_json: Json = False,
) -> None:
    """Deliver events again that were delivered, or given up. Who has them already ignores them by their id.

    Example: checkout outbox replay --order 4Y7HT-2FJN4 --consumer mail
    """
    if (event is None) == (order is None):
        raise WrongUsage("Say which: an EVENT as `checkout outbox list` shows it, or --order N.")
    with shop_of(db, config) as backend:
        if order is not None:
            found = backend.queries.outbox(checkout=found_checkout(backend, order), limit=EVERYTHING)
        else:
            owner = str(event).rpartition("/")[0]
            found = [one for one in backend.queries.outbox(checkout=owner, limit=EVERYTHING) if one.event.id == event]
            if not found:
                raise NotFound("event", str(event)[:80])
        letters = [d for one in found for d in one.deliveries if (d.delivered or d.dead) and consumer in (None, d.consumer)]
        _again(backend, "Deliver again", letters, backend.worker.replay, Consent(yes, dry_run), Output(as_json))


@dead_app.command("list")
def list_dead(consumer: Consumer = None, limit: Limit = 50, db: Db = None, config: ConfigFile = None, as_json: Json = False) -> None:
    """List what was given up after too many tries, with the last error.

    Example: checkout dead-letter list
    """
    from checkout_cli.rendering.outbox import dead_words, events_data

    with shop_of(db, config) as backend:
        found = backend.queries.undelivered(dead=True, consumer=consumer, limit=limit)
    Output(as_json).show(events_data(found, "dead_letters"), lambda: dead_words(found, limit))


@dead_app.command()
def requeue(
    event: Annotated[str | None, typer.Argument(metavar="EVENT", help="An event as it is listed.")] = None,
    every: Annotated[bool, typer.Option("--all", metavar="", help="Every dead letter.")] = False,
    consumer: Consumer = None,
    yes: Yes = False,
    dry_run: DryRun = False,
    db: Db = None,
    config: ConfigFile = None,
    as_json: Json = False,
) -> None:
    """Try dead letters again, from the first try on, once their cause is mended. Twice is once.

    Example: checkout dead-letter requeue --all --consumer mail
    """
    if (event is None) != every:
        raise WrongUsage("Say which: an EVENT as `checkout dead-letter list` shows it, or --all.")
    with shop_of(db, config) as backend:
        found = backend.queries.undelivered(dead=True, consumer=consumer, limit=EVERYTHING)
        chosen = [one for one in found if every or one.event.id == event]
        if event is not None and not chosen:
            raise NotFound("dead letter", event[:80])
        letters = [d for one in chosen for d in one.deliveries if d.dead and consumer in (None, d.consumer)]
        _again(backend, "Try again", letters, backend.worker.requeue, Consent(yes, dry_run), Output(as_json))


def _again(
    backend: Backend, title: str, letters: Sequence[Delivery], act: Callable[[str, str], Delivery], consent: Consent, out: Output
) -> None:
    """Show which deliveries start anew, and start them."""
    from checkout_cli.rendering.outbox import delivery_state
    from checkout_cli.rendering.tables import note

    changes = tuple(Change(f"{one.event} to {one.consumer}", delivery_state(one), "due now") for one in letters)
    notes = () if changes else ("There is nothing of the kind.",)
    plan = Plan(title, changes, notes)
    if not agreed(plan, consent, out):
        return
    for letter in letters:
        act(letter.consumer, letter.event)
    words = "A worker delivers them: checkout worker --once"
    out.show(plan.data(done=True), lambda: note(words))
