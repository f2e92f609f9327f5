"""Impossible worlds: what a scenario asks for and its world cannot give, found before anything runs.

A sentence for each, without its full stop: where, what, and what to do. What a journey expects to be refused is possible.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Final

from attrs import define, field

from checkout_core.customers import canonical_code
from checkout_core.payments import Card, Upi
from checkout_core.refusals import WORDS
from checkout_core.script_table import near, shown
from checkout_core.scripts import (
    Add,
    Backorder,
    Begin,
    Change,
    Load,
    Login,
    Merge,
    MoveStock,
    Open,
    Pay,
    Remove,
    Reprice,
    Script,
    Step,
)
from checkout_core.simulation.faults import FAULTS, MENU
from checkout_core.simulation.scenarios import Actor, Exact, Facts, World
from checkout_core.tokens import TOKENS


def of_journey(script: Script, world: World, *, own_gateway: bool = False) -> Iterator[str]:
    """Steps that nobody could take in this world. With `own_gateway` its tokens are the host's, and any may be good."""
    loaded = {step.do.card for step in script.steps if isinstance(step.do, Load)} | {card for card, _ in world.cards}
    carts: dict[str, _Carts] = {shopper.name: _Carts(loaded) for shopper in script.shoppers}
    for number, step in enumerate(script.steps, start=1):
        said = _of_step(step, carts[step.who], world, own_gateway=own_gateway)
        if step.expect != "refused":
            yield from (f"step {number} ({step.word}) of {script.name}: {one}" for one in said)


@define
class _Carts:
    """The gift cards there are; the currencies of one shopper's carts, and which is current; whether they said how goods are sent."""

    cards: Collection[str]
    currencies: dict[str, str] = field(factory=dict)
    current: str = ""
    sent: bool = False


def _of_step(step: Step, carts: _Carts, world: World, *, own_gateway: bool) -> list[str]:
    match step.do:
        case Open(cart, currency):
            carts.currencies[cart], carts.current = currency, cart
            return list(_of_currency(currency, world))
        case Login(into) | Merge(_, into):
            carts.current = into
        case Add(sku):
            return [*_of_sku(sku, world), *_of_price(sku, carts.currencies.get(carts.current, ""), world)]
        case Change(sku) | Remove(sku) | Reprice(sku):
            return list(_of_sku(sku, world))
        case MoveStock(sku, _, location) | Backorder(sku, _, location):
            return [*_of_sku(sku, world), *_of_location(location, world)]
        case Begin(shipping=shipping, codes=codes, gift_cards=cards, channel=channel):
            carts.sent = carts.sent or shipping is not None
            of_codes = [one for code in codes or () for one in _of_code(code, world)]
            of_cards = [one for card in cards or () for one in _of_card(card, carts.cards)]
            return [*_of_shipping(shipping, world), *of_codes, *of_cards, *_of_channel(channel, world)]
        case Pay(instrument=instrument):
            return [*_of_unsent(carts, world), *(() if own_gateway or instrument is None else _of_token(instrument))]
        case _:
            pass
    return []


def _of_sku(sku: str, world: World) -> Iterator[str]:
    if sku not in world.catalog.items:
        yield f"this world has no {shown(sku)}{near(sku, world.catalog.items)}. Sell it there, or name another"


def _of_currency(currency: str, world: World) -> Iterator[str]:
    priced = sorted({code for product in world.catalog.items.values() for code in product.prices})
    if currency not in priced:
        yield f"nothing has a price in {currency} in this world. Open the cart in {' or '.join(priced)}, or give the products such a price"


def _of_price(sku: str, currency: str, world: World) -> Iterator[str]:
    product = world.catalog.items.get(sku)
    if product is not None and currency and product.price_in(currency) is None and not list(_of_currency(currency, world)):
        yield f"{shown(sku)} has no price in {currency}. Give it one, or open the cart in {' or '.join(product.prices)}"


def _of_location(location: str, world: World) -> Iterator[str]:
    known = world.policy.locations
    if location not in known:
        yield f"{shown(location)} is no location of this world{near(location, known)}. {_one_of(known)}"


def _of_shipping(method: str | None, world: World) -> Iterator[str]:
    known = [one.id for one in world.catalog.shipping.methods]
    if method is not None and method not in known:
        yield f"this world sends nothing by {shown(method)}{near(method, known)}. {_one_of(known)}"


def _of_card(number: str, known: Collection[str]) -> Iterator[str]:
    if number not in known:
        yield f"nobody has a gift card {shown(number)} in this world{near(number, known)}. {_one_of(sorted(known))}"


def _of_channel(channel: str | None, world: World) -> Iterator[str]:
    known = sorted(world.policy.channels)
    if channel is not None and channel not in known:
        yield f"this world does not sell through {shown(channel)}{near(channel, known)}. {_one_of(known)}"


def _of_unsent(carts: _Carts, world: World) -> Iterator[str]:
    known = [one.id for one in world.catalog.shipping.methods]
    if known and not carts.sent and all(product.tracked or product.weight for product in world.catalog.items.values()):
        yield f'it is not said how the goods are sent, so nobody can pay. Let "begin" say shipping = "{known[0]}"'


def _of_code(code: str, world: World) -> Iterator[str]:
    known = [deal.code for deal in world.catalog.deals if deal.code is not None]
    try:
        means = canonical_code(code)
    except ValueError:
        means = code
    if means not in known:
        yield f"{shown(code)} is no code of this world{near(means, known)}. Add the coupon, or say that it is refused"


def _of_token(instrument: Card | Upi) -> Iterator[str]:
    """A token that the model gateway does not know is declined: a script that means that says so."""
    known = [name for name, token in TOKENS.items() if token.method == instrument.method]
    if instrument.token not in known:
        what = "a card" if instrument.method == "card" else "UPI"
        yield (
            f"{shown(instrument.token)} is no token of the model gateway for {what}{near(instrument.token, known)}. "
            f"Use one of {', '.join(known)}"
        )


def _one_of(known: Sequence[str]) -> str:
    return f"Use one of {', '.join(known)}" if known else "There is none: add one, or leave it out"


# Faults at one place.
_ONLY_SHOPPERS: Final[Mapping[str, str]] = {
    "client.ask": "shoppers ask",
    "webhook.deliver": "a gateway's message counts as the shopper's whose checkout it is about",
    "payer.act": "a payer's act counts as the shopper's whose checkout it is about",
}
_ONLY_WORKERS: Final[Mapping[str, str]] = {
    "store.due": "workers look what is due",
    "store.undelivered": "workers look which messages wait",
    "notifier.notify": "workers send messages",
    "tax.commit": "workers tell the tax provider",
    "tax.void": "workers tell the tax provider",
}


def of_exact(exact: Exact, world: World, actors: Sequence[Actor]) -> Iterator[str]:
    """A fault that could never strike: its actor, its call, or the two together do not exist."""
    fault = FAULTS.get(exact.fault)
    if fault is None:
        yield f'"fault": {shown(exact.fault)} is no fault{near(exact.fault, FAULTS)}. Use one of {", ".join(FAULTS)}'
    if exact.call not in MENU:
        yield f'"call": {shown(exact.call)} is no call{near(exact.call, MENU)}. Use one of {", ".join(MENU)}'
    elif fault is not None and exact.call not in fault.calls:
        strikes = f"It strikes {', '.join(fault.calls)}; what strikes there is {', '.join(MENU[exact.call])}"
        yield f'"fault": {exact.fault} cannot strike {exact.call}. {strikes}'
    counts = {actor.name: actor.count for actor in actors}
    alone = {name for name, count in counts.items() if count == 1}
    counts["worker"] = world.workers
    name, _, number = exact.actor.rpartition("-")
    others = {"worker": _ONLY_SHOPPERS}.get(name, _ONLY_WORKERS)
    if fault is not None and exact.call in others:
        yield f'"call": {shown(exact.actor)} never makes the call {exact.call}: {others[exact.call]}. Name one of those, or another call'
    if exact.actor in alone:
        return
    known = [_numbered(one, count, alone=one in alone) for one, count in counts.items()]
    if name in alone or name not in counts or not number.isdecimal():
        yield f'"actor": there is no {shown(exact.actor)}. There is {", ".join(known)}'
    elif not 1 <= int(number) <= counts[name]:
        yield f'"actor": there is no {shown(exact.actor)}. There is {_numbered(name, counts[name])}'


def _numbered(name: str, count: int, *, alone: bool = False) -> str:
    """What the many of one name are called; who is alone has no number."""
    if alone:
        return name
    return f"{name}-1" if count == 1 else f"{name}-1 to {name}-{count}"


# Expectations.
def of_facts(facts: Facts, world: World, actors: Sequence[Actor]) -> Iterator[str]:
    """Ends that this world cannot come to."""
    brought = _brought(world, actors)
    if facts.orders is not None:
        most, why = orders_at_most(world, actors)
        if facts.orders.least > most:
            wanted = f'"orders": at least {facts.orders.least} are to stand'
            yield f"{wanted}, and {why}: at most {most} can. Expect fewer, or give the world more"
    for sku, left in facts.left:
        product = world.catalog.items.get(sku)
        if product is None or not product.tracked:
            yield from (f'"left": {one}' for one in _of_sku(sku, world))
            if product is not None:
                yield f'"left": {shown(sku)} is not counted in this world: it never runs out. Leave it out'
        elif left.least > brought[sku]:
            wanted = f'"left": at least {left.least} of {sku} are to be left'
            yield f"{wanted}, and there are never more than {brought[sku]}. Expect fewer, or stock more"
    for reason in facts.refused or ():
        if reason not in WORDS:
            yield f'"refused": {shown(reason)} is no reason of a refusal{near(reason, WORDS)}. Use one of {", ".join(WORDS)}'


def orders_at_most(world: World, actors: Sequence[Actor]) -> tuple[int, str]:
    """How many orders can stand at the end, and what sets that bound: the shoppers, or the stock of one SKU."""
    journeys = [(actor.count * _checkouts(actor.journey), needs(actor.journey)) for actor in actors]
    shoppers = sum(number for number, _ in journeys)
    found = (shoppers, "no more checkouts are begun")
    for sku, units in _brought(world, actors).items():
        least = min((need[sku] for _, need in journeys if sku in need), default=0)
        if not least:
            continue
        others = sum(number for number, need in journeys if sku not in need)
        if others + units // least < found[0]:
            found = (others + units // least, f"there are {units} of {sku}")
    return found


def needs(script: Script) -> Mapping[str, int]:
    """What one order of this journey takes of each SKU at the least; nothing is said of one that changes its mind, or buys twice."""
    firm = all(not isinstance(step.do, Change | Remove | Login | Merge) for step in script.steps)
    if not firm or _checkouts(script) != 1:
        return {}
    taken: dict[str, int] = {}
    for step in script.steps:
        if isinstance(step.do, Begin):
            return taken
        if isinstance(step.do, Add):
            taken[step.do.sku] = taken.get(step.do.sku, 0) + step.do.quantity
    return taken


def _checkouts(script: Script) -> int:
    return sum(isinstance(step.do, Begin) and not step.do.again for step in script.steps)


def _brought(world: World, actors: Iterable[Actor]) -> Mapping[str, int]:
    """All that ever lies there of each SKU that is counted."""
    found = {sku: 0 for sku, product in world.catalog.items.items() if product.tracked}
    for pool, units in world.stock:
        found[pool.sku] = found.get(pool.sku, 0) + units
    for actor in actors:
        for step in actor.journey.steps:
            if isinstance(step.do, MoveStock) and step.do.delta > 0 and step.do.sku in found:
                found[step.do.sku] += step.do.delta * actor.count
            if isinstance(step.do, Backorder) and step.do.sku in found:
                found[step.do.sku] += step.do.limit
    return found
