"""What each command does inside its unit. The shop asks the ports for facts before, and performs remote effects after.

A command re-reads, decides, and writes; it raises `Refusal` (nothing is written) or returns. A cart that changed since the facts were
asked gives `None`: the shop asks again (facts first).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from typing import TypeVar

import attrs
from attrs import frozen

from checkout_core import cart as carts
from checkout_core import drive, edge, flow
from checkout_core.card_numbers import shown_number
from checkout_core.cart import Cart, How, Limits, MergeReport
from checkout_core.checkout import Checkout, Pending, Result, answer, demand_of, turn
from checkout_core.customers import Address, Contact, identities
from checkout_core.drive import Step
from checkout_core.errors import Misconfigured, NotFound
from checkout_core.experiments import Assigned, Experiment, assigned, subject_of
from checkout_core.gift_cards import GiftCard
from checkout_core.gifts import gift_skus
from checkout_core.holds import (
    CardBalance,
    CartTurn,
    CodeUses,
    CouponBudget,
    CouponUses,
    CouponUsesBy,
    CouponUsesIn,
    MovedPool,
    Movement,
    Pool,
    PoolKey,
    Short,
    Stock,
    Unpaid,
    promised_beyond,
)
from checkout_core.money import Money
from checkout_core.payments import Attempt, AttemptState, Fact, Instrument, Terms, ZeroTender, attempt_key
from checkout_core.plugins import Declares
from checkout_core.policy import Policy
from checkout_core.prices import promised
from checkout_core.pricing import Basket, Facts, Quote, diff, price, prices_today, quantities_of
from checkout_core.pricing_policy import PricingPolicy
from checkout_core.promotions import Promotion
from checkout_core.quote import priced_for, same_price
from checkout_core.refusals import Change, Refusal, Refused
from checkout_core.shadow import Shadow, side_of
from checkout_core.shipping import chosen_of, handed_over
from checkout_core.taking import gone, shelves, wanted
from checkout_core.tax_provider import awaited
from checkout_core.unit import Person, Request, Unit, View
from checkout_core.uses import gifts_gone, left_of, there_for, used_up_for
from checkout_core.values import evolve

T = TypeVar("T")
INCOMPLETE = frozenset({"needs-address", "needs-shipping", "needs-email"})  # a checkout may begin without; it cannot be paid


@frozen
class Asked:
    """The identity of a request: where, what, under which key, and a fingerprint of everything it said (R23).

    `own`: the key is the shop's, so that nobody can repeat the request once it is answered (decision 0008).
    """

    scope: str
    operation: str
    key: str
    fingerprint: str
    own: bool = False

    @classmethod
    def of(cls, scope: str, operation: str, key: str, *said: str | int | None, own: bool = False) -> Asked:
        # What is of a wrong type or size will be refused; it must not crash here.
        plain = [it if isinstance(it, str | None) or (type(it) is int and abs(it) < 2**63) else type(it).__name__ for it in said]
        text = json.dumps(plain, ensure_ascii=True)
        return cls(scope, operation, key, hashlib.sha256(text.encode()).hexdigest(), own)

    def before(self, unit: Unit) -> Request | None:
        """The record of the first time. Raises Refusal if the key was used for something else."""
        record = unit.request(self.scope, self.operation, self.key)
        if record is not None and record.fingerprint != self.fingerprint:
            raise Refusal(Refused("key-reused", self.key))
        return record

    def unchanged(self, answer: Cart) -> tuple[Request, ...]:
        """What to keep of a request that changed nothing: its answer, if it may be repeated, because later it might change something."""
        return () if self.own else (self.record(answer=answer),)

    def record(self, *, attempt: str = "", answer: Cart | Checkout | None = None) -> Request:
        return Request(self.scope, self.operation, self.key, self.fingerprint, attempt, answer)


@frozen
class Details:
    """What was said about delivery, the means of payment and the channel of sale; None leaves what was said before."""

    ship_to: Address | None = None
    contact: Contact | None = None
    shipping: str | None = None
    codes: tuple[str, ...] | None = None
    cards: tuple[str, ...] | None = None
    channel: str | None = None
    pay_by: str | None = None


@frozen
class Seen:
    """What was read before the ports were asked. A unit that finds other versions starts the command again."""

    cart: Cart
    checkout: Checkout | None = None
    person: Person | None = None

    def still(self, cart: Cart, checkout: Checkout | None) -> bool:
        """Whether nothing has changed since."""
        versions = (self.checkout.id, self.checkout.version) if self.checkout else None
        return cart.version == self.cart.version and versions == ((checkout.id, checkout.version) if checkout else None)


@frozen
class Known:
    """What the ports said, before the unit: facts for pricing, the numbers of the pools of limited promotions, and the experiments."""

    seen: Seen
    facts: Facts
    pools: Mapping[PoolKey, Pool]
    experiments: tuple[Experiment, ...] = ()

    def balance(self, card: str, currency: str) -> Pool | None:
        """The pool of that gift card; None if there never was money in this currency on it."""
        pool = self.pools.get(CardBalance(card, currency))
        return pool if pool is not None and pool.on_hand else None


# Carts.
def open_cart(unit: Unit, cart: Cart, asked: Asked) -> Cart:
    """The customer's open cart in that currency, if there is one (RB-77); else this new one."""
    if (record := asked.before(unit)) is not None and isinstance(record.answer, Cart):
        return record.answer
    open = None if cart.customer_id is None else unit.cart_of(cart.customer_id, cart.currency)
    if open is not None:
        found = unit.cart(open)
        unit.write(*asked.unchanged(found))
        return found
    unit.write(cart, asked.record(answer=cart))
    return cart


def edit_cart(unit: Unit, id: str, edit: Callable[[Cart, datetime], Cart | Refused], asked: Asked) -> Cart:
    """Read the cart, apply a pure edit, write the next version."""
    if (record := asked.before(unit)) is not None and isinstance(record.answer, Cart):
        return record.answer
    before = unit.cart(id)
    after = said_yes(edit(before, unit.now))
    unit.write(*([after, asked.record(answer=after)] if after != before else asked.unchanged(after)))
    return after


def merge_carts(unit: Unit, guest: str, account: str, how: How, limits: Limits) -> tuple[Cart, MergeReport]:
    """Both carts in one unit, locked in the order of their ids; idempotent by itself (K4)."""
    found = {id: unit.cart(id) for id in sorted({guest, account})}
    holder = unit.buyer(guest)
    if holder is not None:
        raise Refusal(Refused("cart-in-use", guest))
    into, away, report = said_yes(carts.merge(found[guest], found[account], how, unit.now, limits))
    unit.write(*(cart for cart in (into, away) if cart != found[cart.id]))
    return into, report


# Checkouts.
def look_at_cart(unit: View, cart: str) -> Seen:
    """A cart, and the checkout that has its turn."""
    owner = unit.buyer(cart)
    live = unit.checkout(owner) if owner else None
    return Seen(unit.cart(cart), live, unit.person(live.id) if live else None)


def look_at_checkout(unit: View, id: str) -> Seen:
    """A checkout and its cart."""
    checkout = unit.checkout(id)
    return Seen(unit.cart(checkout.cart), checkout, unit.person(id))


def begin(unit: Unit, details: Details, known: Known, new: tuple[str, str], policy: Policy) -> Step | None:
    """The one live checkout of this cart: a new one, or the one that is there, brought up to date."""
    now = look_at_cart(unit, known.seen.cart.id)
    cart, live = now.cart, now.checkout
    if cart.ordered is not None:
        raise Refusal(Refused("cart-closed", live.order.number if live and live.order else cart.ordered))
    if cart.merged_into is not None:
        raise Refusal(Refused("cart-merged", cart.merged_into))
    if not known.seen.still(cart, live):
        return None
    if live is not None and not live.over and (live.in_flight or unit.now < live.lapses_at):
        return edit(unit, now, details, known, policy)
    if not cart.lines:
        raise Refusal(Refused("empty-cart"))
    person = Person(new[0], details.contact, details.ship_to)
    after = priced(unit, described(blank(cart, new, unit.now, policy), cart, details, person, policy), known, policy)
    unit.write(person)
    return drive.step(None, drive.drive(unit, None, after))


def blank(cart: Cart, new: tuple[str, str], now: datetime, policy: Policy) -> Checkout:
    """A checkout of this cart about which nothing has been said."""
    id, number = new
    early = policy.hold_at == "begin"
    lapse = now + timedelta(seconds=policy.deadlines.hold_for if early else policy.deadlines.checkout_for)
    return Checkout(
        id=id,
        number=number,
        cart=cart.id,
        cart_version=cart.version,
        currency=cart.currency,
        customer=cart.customer_id,
        begun_at=now,
        deadline=lapse,
        latest=lapse,
        hold_early=early,
        deadlines=policy.deadlines,
        claims=(turn(cart.id),),
    )


def update(unit: Unit, details: Details, known: Known, policy: Policy) -> Step | None:
    """The checkout with other details, and with the cart as it is now."""
    assert known.seen.checkout is not None
    now = look_at_checkout(unit, known.seen.checkout.id)
    if now.checkout is None or not known.seen.still(now.cart, now.checkout):
        return None
    refuse_if_over(now.checkout)
    return edit(unit, now, details, known, policy)


def edit(unit: Unit, now: Seen, details: Details, known: Known, policy: Policy) -> Step:
    """Change a live checkout; refused while money is on its way, unless nothing would change (`begin` and `update` are idempotent)."""
    before, cart = now.checkout, now.cart
    assert before is not None
    person = now.person or Person(before.id)
    said = Person(before.id, details.contact or person.contact, details.ship_to or person.address)
    after = described(before, cart, details, said, policy)
    fresh = before.quote_until is not None and unit.now < before.quote_until
    if fresh and after == before and before.quote is not None and not before.in_flight:
        fresh = not gone(unit, before, before.quote, policy)
    if after == before and said == person and (fresh or before.in_flight):
        return before, None
    if any(attempt.open for attempt in before.attempts):
        raise Refusal(Refused("payment-in-flight", until=before.due_at))
    if not cart.lines:
        raise Refusal(Refused("empty-cart"))
    if said != person:
        unit.write(said)
    if after == before and fresh:  # a street or a name costs nothing: the quote stands
        return before, None
    return drive.step(before, drive.drive(unit, before, evolve(priced(unit, after, known, policy), next=None)))


def described(c: Checkout, cart: Cart, details: Details, person: Person, policy: Policy) -> Checkout:
    """The checkout with what the shopper said."""
    email = person.contact.email if person.contact else None
    who = identities(policy.identity_secret, c.customer, email) if policy.identity_secret else ()
    return evolve(
        c,
        cart_version=cart.version,
        lines=cart.lines,
        identities=who,
        destination=person.address.destination if person.address else None,
        shipping=c.shipping if details.shipping is None else details.shipping,
        codes=c.codes if details.codes is None else details.codes,
        cards=c.cards if details.cards is None else details.cards,
        channel=c.channel if details.channel is None else details.channel,
        pay_by=c.pay_by if details.pay_by is None else details.pay_by,
    )


def priced(unit: Unit, c: Checkout, known: Known, policy: Policy) -> Checkout:
    """The checkout with a fresh quote; without one while something is still to be said. Raises Refusal for what is wrong."""
    quote = quoted(c, known, unit.now, policy)
    if not isinstance(quote, Quote):
        wrong = [refused for refused in quote if refused.reason not in INCOMPLETE]
        if wrong:
            raise Refusal.of(wrong)
        return evolve(c, quote=None, quote_until=None, claims=(turn(c.cart),), arrival=None)
    c = with_promises(c, known, unit.now, policy)
    everything = c.hold_early or len(c.held) > 1
    claims = wanted(unit, c, quote, policy) if everything else (turn(c.cart),)
    until, sent = unit.now + timedelta(seconds=c.deadlines.quote_for), chosen_of(known.facts.shipping, c.shipping)
    if sent is not None and sent.until is not None:
        until = min(until, sent.until)
    return evolve(c, quote=quote, quote_until=until, claims=claims, arrival=None if sent is None else sent.arrival)


def with_promises(c: Checkout, known: Known, now: datetime, policy: Policy) -> Checkout:
    """The checkout with the unit prices that hold for it from now on (RB-88)."""
    if not policy.promise_for:
        return c if not c.promises else evolve(c, promises=tuple([one for one in c.promises if now < one.until]))
    basket, facts = laid_before(c, known, now)
    before, today, quantities = {one.sku: one for one in c.promises}, prices_today(basket, facts, now), quantities_of(c.lines)
    return evolve(c, promises=promised(before, today, quantities, c.currency, c.channel, now, policy.promise_for))


def quoted(c: Checkout, known: Known, now: datetime, policy: Policy) -> Quote | tuple[Refused, ...]:
    """The price of this checkout now in its channel, or everything that is in the way."""
    pricing = policy.pricing_for(c.channel)
    if isinstance(pricing, Refused):  # it was there when this checkout began; another policy in its place would be a surprise (RB-49)
        return (pricing,)
    quote = price(*laid_before(c, known, now), now, pricing)
    unknown = [Refused("unknown-gift-card", shown_number(card)) for card in c.cards if not known.balance(card, c.currency)]
    if not isinstance(quote, Quote) or unknown:
        return (*unknown, *(() if isinstance(quote, Quote) else quote))
    per_person = [deal for deal in quote.promotions if deal.per_person is not None or (deal.window is not None and deal.window.a_person)]
    if per_person and not policy.identity_secret:
        raise Misconfigured("A promotion has a limit per person: give the Policy an identity_secret of at least 16 bytes.")
    if per_person and not c.identities:
        return tuple(Refused("needs-email", deal.code or deal.name) for deal in per_person)
    # a price that was hashed by a former rule, or before an experiment began, is no other price: the shopper's hash stays good
    return c.quote if c.quote is not None and c.quote.hash != quote.hash and same_price(c.quote, quote) else quote


def laid_before(c: Checkout, known: Known, now: datetime) -> tuple[Basket, Facts]:
    """What pricing is to price, and what it is to know."""
    sent = (c.shipping,) if c.shipping else ()
    to = None if c.destination is None else handed_over(known.facts.shipping, c.shipping, c.destination)
    variants = variants_of(c.customer, c.cart, c.quote, known.experiments, now)
    there = [(card, pool) for card in c.cards if (pool := known.balance(card, c.currency)) is not None]
    cards = tuple([GiftCard(card, there_for(c, pool)) for card, pool in there])
    basket = Basket(c.currency, c.lines, to, sent, c.codes, cards, channel=c.channel, pay_by=c.pay_by, experiments=variants)
    facts, limited = known.facts, [deal for deal in known.facts.promotions if deal.limited]
    if c.promises:
        facts = attrs.evolve(facts, promises={one.sku: one for one in c.promises})
    gifts = gift_skus(facts.promotions)
    if not limited and not gifts:
        return basket, facts
    used_up = dict(gifts_gone(facts.promotions, c, facts.products, known.pools)) if gifts else {}
    used_up |= {deal.id: why for deal in limited if (why := used_up_for(deal, c, known.pools, now)) is not None}
    budgets = {deal.id: left for deal in limited if (left := left_of(deal, c, known.pools)) is not None}
    return basket, attrs.evolve(facts, used_up={**facts.used_up, **used_up}, budgets={**facts.budgets, **budgets})


def variants_of(customer: str | None, cart: str, quote: Quote | None, experiments: Iterable[Experiment], now: datetime) -> Assigned:
    """The variants that a cart is in now. Those that its checkout was quoted in are kept, as long as they are there."""
    return assigned(experiments, subject_of(customer, cart), now, quote.experiments if quote is not None else ())


def would_be(known: Known, details: Details, now: datetime, policy: Policy) -> tuple[Basket, Facts, PricingPolicy]:
    """What a cart would be priced as if that was said, whether it has a checkout or not. Raises Refusal for a channel that is gone."""
    cart, c = known.seen.cart, known.seen.checkout
    person = known.seen.person or Person("", details.contact, details.ship_to)
    asked = described(c or blank(cart, ("", ""), now, policy), cart, details, person, policy)
    pricing = policy.pricing_for(asked.channel)
    if isinstance(pricing, Refused):
        raise Refusal(pricing)
    return (*laid_before(asked, known, now), pricing)


def shadowed(known: Known, others: tuple[Promotion, ...], trials: tuple[Experiment, ...], now: datetime, policy: Policy) -> Shadow:
    """A cart with the shop's own rules and with these. Raises Refusal for a channel that is gone."""
    other = attrs.evolve(known, facts=attrs.evolve(known.facts, promotions=others), experiments=trials)
    sides = [would_be(each, Details(), now, policy) for each in (known, other)]
    return Shadow(known.seen.cart.currency, *[side_of(basket, facts, now, pricing) for basket, facts, pricing in sides])


def refuse_if_over(c: Checkout) -> None:
    """Raise Refusal for a checkout that is placed or abandoned. One past its time that still has its goods may be paid (Q2)."""
    if c.order is not None:
        raise Refusal(Refused("already-placed", c.order.number))
    if c.abandoned:
        raise Refusal(Refused("abandoned", given=c.because or c.abandoned))


# Paying.
@frozen
class Payment:
    """The shopper's wish to pay: with what, where it can be taken, having seen which total (or quote hash), under which key."""

    instrument: Instrument | None
    gateways: tuple[Declares, ...]
    expected: Money | str
    asked: Asked


class Stale(Exception):
    """The quote has run out: raised out of the unit, so that facts can be asked."""


def pay(unit: Unit, id: str, wish: Payment, known: Known | None, policy: Policy) -> tuple[Step, Attempt | None]:
    """Store the intent to pay (R1), or join the payment that is under way. Raises Refusal, Stale, Shortage."""
    before = unit.checkout(id)
    edge.refuse(edge.checked_expected(wish.expected, before.currency))
    record = wish.asked.before(unit)
    if record is not None:
        after = flow.ask_now(flow.overdue(before, unit.now), record.attempt, unit.now)
        after = before if after is before else drive.drive(unit, before, after)
        return drive.step(before, after), after.attempt(record.attempt)
    refuse_if_over(before)
    under_way = before.paying
    if under_way is not None:  # one live intent: the second caller gets the first's status (K1, RB-26)
        unit.write(wish.asked.record(attempt=under_way.key))
        return drive.step(before, before), under_way
    if any(attempt.open for attempt in before.attempts):
        return drive.step(before, before), None
    if len(before.attempts) >= policy.attempts_at_most:
        raise Refusal(Refused("too-many-attempts", limit=policy.attempts_at_most))
    c = requoted(unit, before, wish.expected, known, policy)
    assert c.quote is not None
    attempt = attempt_for(c, c.quote, wish, policy)
    c = flow.pay(evolve(c, claims=wanted(unit, c, c.quote, policy)), attempt, unit.now)
    after = drive.drive(unit, before, c)
    unit.write(wish.asked.record(attempt=attempt.key))
    return drive.step(before, after), after.attempt(attempt.key)


def requoted(unit: Unit, c: Checkout, expected: Money | str, known: Known | None, policy: Policy) -> Checkout:
    """The checkout with a quote that may be paid: the stored one while it lasts (R7), else a new one if it is what was expected."""
    old = c.quote
    if (
        c.quote_until is None
        or unit.now >= c.quote_until
        or (old and (awaited(old.tax_source, policy.tax_outage) or gone(unit, c, old, policy)))
    ):
        if known is None or known.seen.checkout is None or known.seen.checkout.version != c.version:
            raise Stale
        c = priced(unit, c, known, policy)
    if c.quote is None:
        raise Refusal.of(missing(c))
    if away := awaited(c.quote.tax_source, policy.tax_outage):
        raise Refusal(Refused("tax-provisional", away))
    if expected not in (c.quote.total, c.quote.hash):
        seen = [] if isinstance(expected, str) else [Change("total", str(expected), str(c.quote.total))]
        changes = diff(old, c.quote) if old is not None and old.hash != c.quote.hash else ()
        others = [change for change in changes if not seen or change.what != "total"]  # that one is told as the shopper saw it
        raise Refusal(Refused("quote-changed", changes=(*seen, *others), total=c.quote.total))
    return c


def missing(c: Checkout) -> tuple[Refused, ...]:
    """What has not been said yet."""
    wanted = [Refused("needs-address")] if c.destination is None else []
    return tuple(wanted + ([Refused("needs-shipping")] if c.shipping is None else [])) or (Refused("needs-email", "A code"),)


def attempt_for(c: Checkout, quote: Quote, wish: Payment, policy: Policy) -> Attempt:
    key = attempt_key(c.id, quote.hash, wish.asked.key)
    if not quote.total.minor:
        return Attempt(key, "", ZeroTender(), quote.total, state=AttemptState.CAPTURED, received=quote.total)
    if wish.instrument is None:
        raise Refusal(Refused("needs-payment", given=str(quote.total)))
    method = wish.instrument.method
    if (asked := priced_for(quote)) is not None and method not in asked:
        raise Refusal(Refused("other-payment", method, ", ".join(sorted(asked))))
    able = [gateway for gateway in wish.gateways if gateway.capabilities.takes(method, c.currency)]
    if not able:
        raise Refusal(Refused("no-gateway", f"{method} in {c.currency}"))
    can = able[0].capabilities
    capture = can.capture_with_authorize and (policy.capture == "with-authorize" or not can.capture_later)
    return Attempt(key, able[0].name, wish.instrument, quote.total, capture=capture, terms=Terms.of(can))


def result_of(c: Checkout, attempt: Attempt | None) -> Result:
    """What the caller of `pay` is told."""
    return Pending(c.due_at) if attempt is None else answer(c, c.attempt(attempt.key) or attempt)


def cancel(unit: Unit, id: str, reason: str, actor: str) -> Step:
    """Turn back; doing it twice is doing it once."""
    before = unit.checkout(id)
    if before.over:
        return before, None
    return drive.step(before, drive.drive(unit, before, flow.cancel(before, reason, unit.now, by=actor)))


def ask(unit: Unit, id: str) -> Step:
    """Ask the gateway now about every payment that is not decided."""
    before = unit.checkout(id)
    after = flow.overdue(before, unit.now)
    for attempt in after.attempts:
        after = flow.ask_now(after, attempt.key, unit.now)
    return drive.step(before, before if after is before else drive.drive(unit, before, after))


def learn(unit: Unit, attempt: str, fact: Fact, reason: str, actor: str, asked: Asked) -> Step:
    """Verified news of an attempt; a person's statement is itself an event, whatever follows from it. Raises NotFound."""
    if not actor:
        return drive.learn(unit, attempt.rsplit("/", 1)[0], attempt, fact)
    c = checkout_of(unit, attempt)
    if asked.before(unit) is not None:  # this very unit, run again: it has been stated (R12)
        return c, None
    unit.write(asked.record(attempt=attempt))
    said = ("attempt", attempt), ("fact", type(fact).__name__.lower()), ("by", actor), ("reason", reason)
    return drive.learn(unit, c.id, attempt, fact, ("payment.stated", said))


def retry(unit: Unit, attempt: str, reason: str, actor: str) -> Step:
    """Go on with a payment that waited for a person. Raises NotFound."""
    before = checkout_of(unit, attempt)
    after = flow.retry(before, attempt, unit.now)
    if after is before:
        return before, None
    said = ("attempt", attempt), ("by", actor), ("reason", reason)
    return drive.step(before, drive.drive(unit, before, after, ("payment.retried", said)))


def checkout_of(unit: Unit, attempt: str) -> Checkout:
    """The checkout that an attempt belongs to. Raises NotFound."""
    found = unit.checkout(attempt.rsplit("/", 1)[0])
    if found.attempt(attempt) is None:
        raise NotFound("payment", attempt)
    return found


def everything_wrong(unit: View, known: Known, policy: Policy) -> tuple[Refused, ...]:
    """Why this checkout cannot be paid now: everything at once, each with how far away it is."""
    assert known.seen.checkout is not None
    now = look_at_checkout(unit, known.seen.checkout.id)
    c = now.checkout
    assert c is not None
    if c.order is not None:
        return (Refused("already-placed", c.order.number),)
    if c.abandoned:
        return (Refused("abandoned", given=c.because or c.abandoned),)
    wrong = [Refused("payment-in-flight", until=c.due_at)] if any(attempt.open for attempt in c.attempts) else []
    if not now.cart.lines:
        wrong.append(Refused("empty-cart"))
    elif now.cart.lines != c.lines:
        wrong.append(Refused("cart-changed"))
    quote = quoted(c, known, unit.now, policy)
    if not isinstance(quote, Quote):
        return (*wrong, *quote)
    if away := awaited(quote.tax_source, policy.tax_outage):
        wrong.append(Refused("tax-provisional", away))
    if c.quote is not None and c.quote.hash != quote.hash:
        wrong.append(Refused("quote-changed", changes=diff(c.quote, quote), total=quote.total))
    for sku, units in sorted(demand_of(quote).items()):
        available = sum(there for _, there in shelves(unit, c, sku, policy))
        if available < units:
            wrong.append(Refused("out-of-stock", sku, wanted=units, available=available))
    return tuple(wrong)


def why_short(short: Short, c: Quote | None) -> Refused:
    """The words for what could not be held."""
    names = {deal.id: deal.code or deal.name for deal in c.promotions} if c else {}
    match short.pool:
        case Stock(sku):  # all the other locations give what they have: what is missing here is missing in all
            units = demand_of(c).get(sku, short.wanted) if c else short.wanted
            missing = short.wanted - short.available
            return Refused("out-of-stock", sku, wanted=units, available=max(units - missing, 0), until=short.until)
        case CouponUses(promotion):
            return Refused("coupon-used-up", names.get(promotion, promotion), until=short.until)
        case CodeUses(promotion):
            return Refused("coupon-used-up", names.get(promotion, promotion), until=short.until)
        case CouponUsesBy(promotion):
            return Refused("coupon-used-by-you", names.get(promotion, promotion))
        case CouponUsesIn(promotion, _, identity):
            return Refused("coupon-used-by-you" if identity else "coupon-used-up", names.get(promotion, promotion), until=short.until)
        case CouponBudget(promotion, currency):
            return Refused("budget-spent", names.get(promotion, promotion), str(Money(max(short.available, 0), currency)))
        case CardBalance(card, currency):
            return Refused("gift-card-spent", shown_number(card), str(Money(max(short.available, 0), currency)))
        case Unpaid():
            return Refused("unpaid-limit", given=str(short.wanted), available=max(short.available, 0), until=short.until)
        case CartTurn(cart):
            return Refused("cart-in-use", cart, until=short.until)


# Stock, and money on gift cards.
def move(unit: Unit, pool: MovedPool, delta: int, reason: str, actor: str, force: bool, asked: Asked, beyond: int | None = None) -> Pool:
    """A movement. Raises Refusal when what is promised would not be covered, unless it is forced (RB-04, F11)."""
    before = unit.pool(pool)
    if asked.before(unit) is not None:
        return before
    after = before.adjust(delta, backorder=beyond, force=force)
    if after is None:
        free = max(before.on_hand - before.held - before.committed, 0)
        if isinstance(pool, CardBalance):
            raise Refusal(Refused("gift-card-promised", shown_number(pool.card), str(Money(free, pool.currency))))
        if beyond is not None:
            raise Refusal(Refused("backorder-promised", pool.sku, str(beyond), wanted=beyond, available=promised_beyond(before)))
        raise Refusal(Refused("stock-promised", pool.sku, str(delta), wanted=-delta, available=free))
    unit.write(Movement(pool, delta, reason, actor, unit.now, beyond), asked.record())
    return after


def said_yes(answer: T | Refused) -> T:
    """The answer, unless it is no: then it is raised, and nothing is written."""
    if isinstance(answer, Refused):
        raise Refusal(answer)
    return answer
