"""`checkout gift-card`: cards that people pay with; what is on one, who spent it, and how it got there."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from checkout_cli.asking import Change, Consent, Plan, actor_of, agreed, because
from checkout_cli.csv_files import opened, written_rows
from checkout_cli.exits import WrongUsage
from checkout_cli.opening import shop_of
from checkout_cli.options import ACTING, Actor, ConfigFile, Db, DryRun, Json, Limit, Yes
from checkout_cli.output import Output
from checkout_core import edge
from checkout_core.card_numbers import reference_of, shown_number
from checkout_core.holds import CardBalance, Pool
from checkout_core.money import Money
from checkout_core.refusals import Refusal, Refused

if TYPE_CHECKING:
    from checkout_cli.wiring import Backend

app = typer.Typer(no_args_is_help=True, help="Gift cards: issue them, load and unload them, see what is on one and who spent it.")
ISSUED_AT_MOST = 10_000
ON_SCREEN = 20
TheCard = Annotated[str, typer.Argument(metavar="CARD", help="A card: its number, or its reference as lists show it.")]
Amount = Annotated[str, typer.Argument(metavar="AMOUNT", help="In major units, such as 50.00.")]
Currency = Annotated[str, typer.Argument(metavar="CURRENCY", help="Such as EUR.")]
Why = Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why: sold, a present, a mistake.", rich_help_panel=ACTING)]
Out = Annotated[Path | None, typer.Option("--out", metavar="FILE", help="Write the numbers there, as CSV. It must not be there yet.")]
COLUMNS = ("number", "reference", "amount", "currency")


@app.command()
def issue(
    amount: Amount,
    currency: Currency,
    reason: Why,
    count: Annotated[int, typer.Option("--count", metavar="N", min=1, max=ISSUED_AT_MOST, help="How many.")] = 1,
    out: Out = None,
    actor: Actor = None,
    yes: Yes = False,
    dry_run: DryRun = False,
    db: Db = None,
    config: ConfigFile = None,
    as_json: Json = False,
) -> None:
    """Make new gift cards with so much on each. Their numbers are told once, and kept nowhere: whoever has one can spend it.

    Example: checkout gift-card issue 50.00 EUR --count 100 --reason "for the shelf" --out cards.csv
    """
    from checkout_cli.rendering.gift_cards import issued_data, issued_words
    from checkout_core.system import new_gift_card

    because(reason)
    worth, screen = _money(amount, currency), Output(as_json)
    if out is None and count > ON_SCREEN:
        raise WrongUsage(f"{count} numbers are too many for a screen, and they are told only once. Say --out FILE.")
    with shop_of(db, config) as backend:
        notes = [f"They are written to {out}." if out else "Their numbers are shown once, and kept nowhere."]
        each = f"{count} with {worth} each, {Money(worth.minor * count, worth.currency)} in all" if count > 1 else f"one with {worth}"
        plan = Plan(f"Issue {count} gift card{'s' if count > 1 else ''}", (Change("new gift cards", "none", each),), tuple(notes))
        if not agreed(plan, Consent(yes, dry_run), screen):
            return
        numbers = [new_gift_card() for _ in range(count)]
        part = opened(out)
        if part is not None:  # before any of them is worth something: a number that is lost is money that nobody has
            written_rows(part, COLUMNS, ((number, reference_of(number), *str(worth).split()) for number in numbers))
        loaded = 0
        try:
            with screen.progress("issuing", count) as told:
                for number in numbers:
                    backend.shop.load_gift_card(number, worth, reason=reason, actor=actor_of(actor))
                    loaded += 1
                    told(loaded)
        except BaseException:
            if part is not None and not loaded:
                part.unlink(missing_ok=True)
            elif part is not None:
                raise WrongUsage(
                    f"Stopped after {loaded} of {count}: those have their money, the others are worth nothing. All numbers are in {part}."
                ) from None
            raise
        if out is not None and part is not None:
            part.rename(out)
    data = {**plan.data(done=True), "issued": issued_data(numbers if out is None else [], count, worth, out)}
    screen.show(data, lambda: issued_words(numbers, worth, out))


@app.command("list")
def list_cards(
    after: Annotated[str | None, typer.Option("--after", metavar="REFERENCE", help="Those after this one, as the list showed it.")] = None,
    limit: Limit = 100,
    db: Db = None,
    config: ConfigFile = None,
    as_json: Json = False,
) -> None:
    """List gift cards by their references, with what was loaded, what is spent and what is left.

    Example: checkout gift-card list
    """
    from checkout_cli.rendering.gift_cards import cards_data, cards_words

    # "~" comes after every currency: the next card, not the next currency of this one
    start = None if after is None else CardBalance(edge.checked_card(after), "~")
    with shop_of(db, config) as backend:
        found = backend.queries.gift_cards(after=start, limit=limit)
    Output(as_json).show(cards_data(found), lambda: cards_words(found, limit))


@app.command()
def show(card: TheCard, limit: Limit = 20, db: Db = None, config: ConfigFile = None, as_json: Json = False) -> None:
    """Show one gift card: what is left on it, who is spending it or has, and how its money came there.

    Example: checkout gift-card show GC-7K3QM-9XWT2-HV4RS
    """
    from checkout_cli.rendering.gift_cards import card_data, card_words

    reference = edge.checked_card(card)
    with shop_of(db, config) as backend:
        found = backend.queries.gift_cards(card=reference)
        if not found:
            raise Refusal(Refused("unknown-gift-card", shown_number(reference)))
        spent = backend.queries.holds(card=reference, limit=limit)
        moved = [one for each in found for one in backend.queries.movements(CardBalance(reference, each.currency), limit=limit)]
    Output(as_json).show(card_data(reference, found, spent, moved), lambda: card_words(reference, found, spent, moved))


@app.command()
def load(
    card: TheCard,
    amount: Amount,
    currency: Currency,
    reason: Why,
    actor: Actor = None,
    yes: Yes = False,
    dry_run: DryRun = False,
    db: Db = None,
    config: ConfigFile = None,
    as_json: Json = False,
) -> None:
    """Put money on a gift card.

    Example: checkout gift-card load GC-7K3QM-9XWT2-HV4RS 20.00 EUR --reason "topped up at the till"
    """
    worth = _money(amount, currency)
    with shop_of(db, config) as backend:
        _move(backend, card, worth, reason, actor_of(actor), Consent(yes, dry_run), Output(as_json))


@app.command()
def unload(
    card: TheCard,
    currency: Currency,
    reason: Why,
    amount: Annotated[str | None, typer.Option("--amount", metavar="AMOUNT", help="So much. Default: all that is left.")] = None,
    actor: Actor = None,
    yes: Yes = False,
    dry_run: DryRun = False,
    db: Db = None,
    config: ConfigFile = None,
    as_json: Json = False,
) -> None:
    """Take money off a gift card: all that is left, or so much. What is spent, or is being spent, stays.

    Example: checkout gift-card unload V4RS-0f3c5e6a7b8c9d0e1f2a3b4c5d6e7f80 EUR --reason "reported lost"
    """
    with shop_of(db, config) as backend:
        there = backend.shop.gift_card(card, _currency(currency))
        worth = Money(there.available, there_currency(there)) if amount is None else _money(amount, currency)
        _move(backend, card, -worth, reason, actor_of(actor), Consent(yes, dry_run), Output(as_json))


def there_currency(pool: Pool) -> str:
    """The currency of a card's money."""
    assert isinstance(pool.key, CardBalance)
    return pool.key.currency


def _move(backend: Backend, card: str, delta: Money, reason: str, actor: str, consent: Consent, out: Output) -> None:
    from checkout_cli.rendering.gift_cards import balance_data
    from checkout_cli.rendering.tables import note

    because(reason)
    key = CardBalance(edge.checked_card(card), delta.currency)
    before = backend.storage.pools([key])[key]
    shown = shown_number(key.card)
    if not delta.minor:
        agreed(Plan(f"Unload the gift card {shown}", (), ("There is nothing left on it.",)), consent, out)
        return
    after = before.adjust(delta.minor)
    if after is None:
        raise Refusal(Refused("gift-card-promised", shown, str(Money(before.available, key.currency))))
    notes = () if before.on_hand else ("There never was money in this currency on it: it becomes a card with this.",)
    left = [str(Money(pool.available, key.currency)) for pool in (before, after)]
    plan = Plan(f"{'Load' if delta.minor > 0 else 'Unload'} the gift card {shown}", (Change("left on it", left[0], left[1]),), notes)
    if not agreed(plan, consent, out):
        return
    now = backend.shop.load_gift_card(card, delta, reason=reason, actor=actor)
    data = {**plan.data(done=True), "card": balance_data(key.card, key.currency, now)}
    out.show(data, lambda: note(f"Done: {Money(now.available, key.currency)} left on the gift card {shown}."))


def _money(amount: str, currency: str) -> Money:
    try:
        found = Money.parse(amount, _currency(currency))
    except ValueError as error:
        raise WrongUsage(f"{amount[:40]!r} is no amount: {error}") from None
    if found.minor <= 0:
        raise WrongUsage(f"{amount[:40]!r} is not more than nothing. Give an amount such as 50.00.")
    return found


def _currency(typed: str) -> str:
    from checkout_core.money import CURRENCIES

    code = typed.strip().upper()
    if code not in CURRENCIES:
        raise Refusal(Refused("unknown-currency", typed[:20]))
    return code
