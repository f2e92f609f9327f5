"""`checkout order`: look at orders, see why they are what they are, cancel them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from checkout_cli.asking import Change, Consent, Plan, actor_of, agreed, because
from checkout_cli.exits import WrongUsage
from checkout_cli.opening import shop_of
from checkout_cli.options import ACTING, Actor, ConfigFile, Db, DryRun, Json, Limit, Yes
from checkout_cli.output import Output
from checkout_core.checkout import Checkout
from checkout_core.errors import NotFound
from checkout_core.holds import HoldState, Stock
from checkout_core.listings import HoldListed
from checkout_core.orders import OrderState
from checkout_core.payments import AttemptState

if TYPE_CHECKING:
    from checkout_cli.rendering.orders import Whole
    from checkout_cli.wiring import Backend

app = typer.Typer(no_args_is_help=True, help="Orders: list them, look at one, see why it is what it is, cancel it.")
Number = Annotated[str, typer.Argument(metavar="N", help="An order's number, however it was typed, or its id.")]


@app.command("list")
def list_orders(
    customer: Annotated[str | None, typer.Option("--customer", metavar="ID", help="Only this customer's.")] = None,
    status: Annotated[OrderState | None, typer.Option("--status", help="Only those in this state.")] = None,
    before: Annotated[str | None, typer.Option("--before", metavar="TIME", help="Only those placed before, as 2026-06-01T12:00.")] = None,
    limit: Limit = 50,
    db: Db = None,
    config: ConfigFile = None,
    as_json: Json = False,
) -> None:
    """List orders, the newest first.

    Example: checkout order list --status cancelled
    """
    until = instant(before)
    with shop_of(db, config) as backend:
        found = backend.queries.orders(customer=customer, status=status, before=until, limit=limit)
    from checkout_cli.rendering.orders import orders_data, orders_words

    Output(as_json).show(orders_data(found), lambda: orders_words(found, limit))


@app.command()
def show(number: Number, db: Db = None, config: ConfigFile = None, as_json: Json = False) -> None:
    """Show one order in full: who, what, how much, how it was paid, what it holds, and what happened when.

    A checkout that is no order yet is shown too. Example: checkout order show 4Y7HT-2FJN4
    """
    from checkout_cli.rendering.orders import order_data, order_words

    with shop_of(db, config) as backend:
        found = whole(backend, number)
    Output(as_json).show(order_data(found), lambda: order_words(found))


@app.command()
def explain(number: Number, db: Db = None, config: ConfigFile = None, as_json: Json = False) -> None:
    """Explain an order: every step from list price to amount due, and why it is in the state it is in.

    Example: checkout order explain 4Y7HT-2FJN4
    """
    from checkout_cli.rendering.orders import explain_data, explain_words

    with shop_of(db, config) as backend:
        found = whole(backend, number)
    Output(as_json).show(explain_data(found), lambda: explain_words(found))


@app.command()
def cancel(
    number: Number,
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why. It is kept with the order.", rich_help_panel=ACTING)],
    actor: Actor = None,
    yes: Yes = False,
    dry_run: DryRun = False,
    db: Db = None,
    config: ConfigFile = None,
    as_json: Json = False,
) -> None:
    """Cancel an order, or a checkout: goods go back into stock, money goes back to the shopper.

    Example: checkout order cancel 4Y7HT-2FJN4 --reason "sent to the wrong address"
    """
    who, out = actor_of(actor), Output(as_json)
    because(reason)
    with shop_of(db, config) as backend:
        found = whole(backend, number)
        plan = plan_of_cancel(found.checkout, found.holds)
        if not agreed(plan, Consent(yes, dry_run), out):
            return
        backend.shop.cancel(found.checkout.id, reason=reason, actor=who)
        after = whole(backend, found.checkout.id)
    from checkout_cli.rendering.orders import order_data
    from checkout_cli.rendering.reasons import reasons
    from checkout_cli.rendering.tables import cell

    out.show({**plan.data(done=True), **order_data(after)}, lambda: (cell(words) for words in reasons(after.checkout)))


def whole(backend: Backend, text: str) -> Whole:
    """All that is known of the purchase that a person means. Raises NotFound."""
    from checkout_cli.rendering.orders import Whole

    id = backend.queries.find(text)
    if id is None:
        raise NotFound("order", text[:60])
    checkout, person = backend.storage.look(lambda view: (view.checkout(id), view.person(id)))
    holds = backend.queries.holds(checkout=id, limit=1000)
    events = backend.queries.outbox(checkout=id, limit=1000)
    return Whole(checkout, person, tuple(holds), tuple(events))


def plan_of_cancel(c: Checkout, holds: tuple[HoldListed, ...]) -> Plan:
    """What cancelling would change: the state, the goods, the uses of coupons, the money."""
    name = f"order {c.order.number}" if c.order else f"checkout {c.number}"
    if c.over:
        why = c.because or c.abandoned or (c.order.cancelled if c.order else "")
        return Plan(f"Cancel {name}", (), (f"It is over already{f' ({why})' if why else ''}.",))
    if c.order is not None and c.order.state is OrderState.COMPLETED:
        return Plan(f"Cancel {name}", (), ("It is completed: the goods are with the shopper. Nothing can be cancelled any more.",))
    state = str(c.order.state) if c.order else "open"
    changes = [Change(name, state, "cancelled"), *_goods_back(holds), *_money_back(c)]
    notes = ("A call to a gateway is under way: the wish is noted, and weighed when its answer comes.",) if c.in_flight else ()
    return Plan(f"Cancel {name}", tuple(changes), notes)


def _goods_back(holds: tuple[HoldListed, ...]) -> Iterator[Change]:
    from checkout_cli.rendering.facts import amount_words, once_a_person, pool_words, units
    from checkout_core.holds import CardBalance, CartTurn

    for hold in once_a_person(holds):
        if hold.state not in (HoldState.HELD, HoldState.COMMITTED) or isinstance(hold.pool, CartTurn):
            continue
        sold = "sold" if hold.state is HoldState.COMMITTED else "held"
        if isinstance(hold.pool, Stock):
            yield Change(pool_words(hold.pool), f"{units(hold.amount)} {sold}", "back in stock")
        elif isinstance(hold.pool, CardBalance):
            amount = amount_words(hold.pool, hold.amount)
            yield Change(pool_words(hold.pool), f"{amount} {'spent' if sold == 'sold' else sold}", f"{amount} on it again")
        else:
            yield Change(pool_words(hold.pool), "taken" if sold == "sold" else "held", "free again")


def _money_back(c: Checkout) -> Iterator[Change]:
    for attempt in c.attempts:
        what = f"payment at {attempt.gateway or 'no gateway'}"
        match attempt.state:
            case AttemptState.CAPTURED if attempt.taken.minor:
                yield Change(what, f"{attempt.taken} taken", f"{attempt.taken} goes back in full")
            case AttemptState.AUTHORIZED:
                yield Change(what, f"{attempt.taken} reserved", "let go, nothing is taken")
            case _ if attempt.open and attempt.taken.minor:
                yield Change(what, f"{attempt.taken}, not decided", "called off; if the money comes all the same, it goes back")
            case _:
                pass


def instant(text: str | None) -> datetime | None:
    """The instant that was typed; UTC, unless it says otherwise. Raises WrongUsage."""
    if text is None:
        return None
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise WrongUsage(f"{text[:40]!r} is no time. Write it as 2026-06-01 or 2026-06-01T12:00; it is read as UTC.") from None
    try:
        return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except OverflowError:
        raise WrongUsage(f"{text[:40]!r} is out of range. Name a time of this era.") from None
