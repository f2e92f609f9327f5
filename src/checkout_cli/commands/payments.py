"""`checkout payment`: look at payments, and resolve those that nobody could decide."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer
from attrs import frozen

from checkout_cli.asking import Change, Consent, Plan, actor_of, agreed, because
from checkout_cli.exits import WrongUsage
from checkout_cli.opening import shop_of
from checkout_cli.options import ACTING, Actor, ConfigFile, Db, DryRun, Json, Limit, Yes
from checkout_cli.output import Output
from checkout_core.checkout import Checkout
from checkout_core.errors import NotFound
from checkout_core.payments import Attempt, AttemptState, Captured, Declined, Fact, Refunded, Voided

if TYPE_CHECKING:
    from checkout_cli.wiring import Backend

app = typer.Typer(no_args_is_help=True, help="Payments: list them, look at one, resolve what nobody could decide.")
Id = Annotated[str, typer.Argument(metavar="ID", help="A payment as it is listed (4Y7HT-2FJN4/3fa9c1), or its order's number.")]
SAID = "What you found out at the gateway"


@app.command("list")
def list_payments(
    due: Annotated[
        bool, typer.Option("--due", metavar="", help="Only those that wait for a worker or a person, the most overdue first.")
    ] = False,
    order: Annotated[str | None, typer.Option("--order", metavar="N", help="Only those of this order.")] = None,
    limit: Limit = 50,
    db: Db = None,
    config: ConfigFile = None,
    as_json: Json = False,
) -> None:
    """List payments, the last changed first.

    Example: checkout payment list --due
    """
    from checkout_cli.rendering.payments import payments_data, payments_words

    with shop_of(db, config) as backend:
        checkout = None if order is None else found_checkout(backend, order)
        found = backend.queries.payments(checkout=checkout, due=due, limit=limit)
    Output(as_json).show(payments_data(found), lambda: payments_words(found, limit, due=due))


@app.command()
def show(id: Id, db: Db = None, config: ConfigFile = None, as_json: Json = False) -> None:
    """Show one payment in full.

    Example: checkout payment show 4Y7HT-2FJN4
    """
    from checkout_cli.rendering.payments import payment_data, payment_words

    with shop_of(db, config) as backend:
        checkout, attempt = the_payment(backend, id)
    Output(as_json).show(payment_data(checkout, attempt), lambda: payment_words(checkout, attempt))


@frozen
class Said:
    """What is to be done with a payment: `ask` its gateway, `retry` what had to wait for a person, or `learn` what a person verified."""

    verb: str
    fact: Fact | None = None
    then: str = ""


@app.command()
def resolve(
    id: Id,
    ask: Annotated[bool, typer.Option("--ask", metavar="", help="Ask the gateway now what became of it. This is the default.")] = False,
    retry: Annotated[
        bool, typer.Option("--retry", metavar="", help="You have looked: let it go on where it had to stop for a person.")
    ] = False,
    captured: Annotated[
        str | None, typer.Option("--captured", metavar="REF", help="It was paid, under this reference.", rich_help_panel=SAID)
    ] = None,
    declined: Annotated[
        str | None, typer.Option("--declined", metavar="REASON", help="It was declined; nothing was taken.", rich_help_panel=SAID)
    ] = None,
    voided: Annotated[
        bool, typer.Option("--voided", metavar="", help="It was called off; nothing will be taken.", rich_help_panel=SAID)
    ] = False,
    refunded: Annotated[
        str | None, typer.Option("--refunded", metavar="REF", help="The money went back, under this reference.", rich_help_panel=SAID)
    ] = None,
    reason: Annotated[
        str | None,
        typer.Option(
            "--reason", metavar="TEXT", help="How you know. Needed for a statement of yours, and a retry.", rich_help_panel=ACTING
        ),
    ] = None,
    actor: Actor = None,
    yes: Yes = False,
    dry_run: DryRun = False,
    db: Db = None,
    config: ConfigFile = None,
    as_json: Json = False,
) -> None:
    """Resolve a payment: ask its gateway, or tell what you have verified there.

    A statement of yours counts like the gateway's own: say only what you have seen in its books.
    Example: checkout payment resolve 4Y7HT-2FJN4 --captured ch_123 --reason "seen in the gateway's dashboard"
    """
    out = Output(as_json)
    with shop_of(db, config) as backend:
        checkout, attempt = the_payment(backend, id)
        said = wish(attempt, ask=ask, retry=retry, captured=captured, declined=declined, voided=voided, refunded=refunded)
        if said.verb != "ask" and not reason:
            raise WrongUsage("A statement about money, or a retry, needs a --reason: how do you know, what have you done?")
        who = actor_of(actor)
        because(reason or "asked")
        if not agreed(plan_of(checkout, attempt, said, reason), Consent(yes, dry_run), out):
            return
        after = _act(backend, checkout, attempt, said, reason or "", who)
    from checkout_cli.rendering.payments import payment_data
    from checkout_cli.rendering.reasons import reasons
    from checkout_cli.rendering.tables import cell

    now = after.attempt(attempt.key) or attempt
    plan = plan_of(checkout, attempt, said, reason)
    out.show({**plan.data(done=True), **payment_data(after, now)}, lambda: (cell(words) for words in reasons(after)))


def _act(backend: Backend, checkout: Checkout, attempt: Attempt, said: Said, reason: str, actor: str) -> Checkout:
    match said.verb:
        case "ask":
            return backend.shop.ask(checkout.id)
        case "retry":
            return backend.shop.retry(attempt.key, reason=reason, actor=actor)
        case _:
            assert said.fact is not None
            return backend.shop.learn(attempt.key, said.fact, reason=reason, actor=actor)


def wish(
    attempt: Attempt, *, ask: bool, retry: bool, captured: str | None, declined: str | None, voided: bool, refunded: str | None
) -> Said:
    """The one thing that was wished. Raises WrongUsage for two at once, or an empty reference."""
    chosen = {"--ask": ask, "--retry": retry, "--captured": captured, "--declined": declined, "--voided": voided, "--refunded": refunded}
    given = [name for name, value in chosen.items() if value is not None and value is not False]
    if len(given) > 1:
        raise WrongUsage(f"{' and '.join(given)} cannot both be. Say one of them.")
    if any(value is not None and value is not True and value is not False and not value.strip() for value in chosen.values()):
        raise WrongUsage(f"{given[0]} is empty. Give the gateway's own reference, or the reason.")
    if captured is not None:
        return Said("learn", Captured(captured, attempt.amount), f"captured, {attempt.amount} under {captured}")
    if declined is not None:
        return Said("learn", Declined(declined), f"declined ({declined})")
    if voided:
        return Said("learn", Voided(), "voided")
    if refunded is not None:
        return Said("learn", Refunded(refunded, attempt.taken), f"refunded, {attempt.taken} under {refunded}")
    if retry:
        return Said("retry", None, "goes on where it had to stop")
    return Said("ask", None, f"as {attempt.gateway or 'the gateway'} says when it is asked")


def plan_of(c: Checkout, attempt: Attempt, said: Said, reason: str | None) -> Plan:
    """What is true of the payment now, and what it will be."""
    from checkout_cli.rendering.facts import short_id

    name = f"payment {short_id(c.number, attempt.key)}"
    title = f"Resolve {name}"
    settled = not attempt.open or (attempt.state is AttemptState.CAPTURED and not attempt.unwanted and not attempt.doubt)
    if said.verb == "ask" and settled:
        return Plan(title, (), (f"It is settled: {attempt.state}. There is nothing to ask.",))
    if said.verb == "retry" and not attempt.stuck:
        return Plan(title, (), ("It did not stop for a person. There is nothing to retry.",))
    now = ", ".join(filter(None, (str(attempt.state), attempt.reason, attempt.stuck and f"a person must look: {attempt.stuck}")))
    notes = [f"You say so, because: {reason}"] if said.fact is not None and reason else []
    notes += [f"What follows for order {c.number} is decided by the same rules as for the gateway's own news."]
    return Plan(title, (Change(name, now, said.then),), tuple(notes))


def the_payment(backend: Backend, text: str) -> tuple[Checkout, Attempt]:
    """The payment that a person means, with its checkout. Raises NotFound, and WrongUsage if several could be meant."""
    from checkout_cli.rendering.facts import short_id

    owner, slash, part = text.rpartition("/")
    id = backend.queries.find(owner if slash else text)
    if id is None:
        raise NotFound("payment", text[:80])
    checkout = backend.storage.look(lambda view: view.checkout(id))
    meant = [one for one in checkout.attempts if one.key.rsplit("/", 1)[-1].startswith(part.lower())] if slash else list(checkout.attempts)
    if len(meant) > 1 and not part:
        open_ones = [one for one in meant if one.open and not (checkout.order and checkout.order.paid_by == one.key)]
        meant = open_ones if len(open_ones) == 1 else meant
    if len(meant) > 1:
        names = ", ".join(f"{short_id(checkout.number, one.key)} ({one.state})" for one in meant)
        raise WrongUsage(f"{text[:80]} has several payments: {names}. Name one of them.")
    if not meant:
        raise NotFound("payment", text[:80])
    return checkout, meant[0]


def found_checkout(backend: Backend, text: str) -> str:
    """The id of the purchase that a person means. Raises NotFound."""
    id: str | None = backend.queries.find(text)
    if id is None:
        raise NotFound("order", text[:60])
    return id
