"""A quote: the frozen answer of pricing. What each thing costs, which promotions took what, the rates and the policy, and a hash of it all.

A quote is plain data (tuples, ints, text) in minor units of its currency. "As entered" means as the prices were given: included
taxes are inside, added taxes are not. Entries are counted lines first, then carriage.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from operator import attrgetter
from struct import pack
from typing import Final

from attrs import AttrsInstance, evolve, field, fields, frozen

from checkout_core.customers import Destination
from checkout_core.experiments import Assigned
from checkout_core.gift_cards import UsedCard
from checkout_core.money import Money, Ratio, divide
from checkout_core.prices import PriceOrigin
from checkout_core.pricing_policy import PricingPolicy
from checkout_core.promotions import FREE_SHIPPING, AmountOff, Condition, Kept, PaidBy, Percent
from checkout_core.promotions.windows import UseIn
from checkout_core.refusals import Refused
from checkout_core.shipping import RateSource
from checkout_core.tax import TaxPolicy, TaxRate
from checkout_core.tax_provider import TaxSource

SCHEMES: Final = (1, 2)
"""The ways in which hashes of quotes are made."""

Taxes = tuple[tuple[str, int], ...]
Parts = tuple[tuple[str, int], ...]
Rates = tuple[tuple[str, tuple[TaxRate, ...]], ...]


@frozen
class PricedLine:
    """A line with its price. subtotal = unit × quantity, as entered; net + tax = gross is what is paid after `discount`.

    `floor` is the least price of a unit, below which no discount goes. `origin`: the price list that the unit price is from; None is the
    catalogue.
    """

    id: str
    sku: str
    name: str
    quantity: int
    unit: int
    subtotal: int
    discount: int
    net: int
    tax: int
    gross: int
    taxes: Taxes
    tax_category: str
    tracked: bool = True
    options: tuple[tuple[str, str], ...] = ()
    floor: int = 0
    origin: PriceOrigin | None = None


@frozen
class PricedShipping:
    """Carriage with its price; the figures mean what they mean for a line.

    `parts`: with several parcels, where each leaves and its share of the subtotal. `point`: the address where the goods are fetched.
    `source`: the carrier that was asked for the price; None is the shop's own table.
    """

    id: str
    name: str
    subtotal: int
    discount: int
    net: int
    tax: int
    gross: int
    taxes: Taxes
    tax_category: str
    parts: Parts = ()
    point: tuple[str, ...] = ()
    source: RateSource | None = None


@frozen
class AppliedPromotion:
    """A promotion that took something: `shares` of the entries at these positions (None: of all lines, in their order).

    `units`: of how many units of each, where it does not cover all (empty: all). `bought`: line and number of units that had to be there.
    `unused` is the part of a fixed amount that found nothing to reduce (RB-68). Of a host's own benefit `benefit` has what its class
    answered, so that the quote can be worked out again without it. `limit` and `per_person` say what placing must hold.
    `issued`: the code of its batch that was typed, which can be used `per_code` times. `when`: the conditions that held. `budget` (minor
    units) and `window` are further limits to be held; `kept`: a cancelled order gives nothing of them all back.
    """

    id: str
    name: str
    code: str | None
    benefit: Kept
    entries: tuple[int, ...] | None
    shares: tuple[int, ...]
    units: tuple[int, ...]
    bought: tuple[tuple[int, int], ...]
    unused: int
    group: str | None
    limit: int | None
    per_person: int | None
    when: tuple[Condition, ...] = ()
    budget: int | None = None
    window: UseIn | None = None
    kept: bool = False
    issued: str | None = None
    per_code: int | None = None

    @property
    def amount(self) -> int:
        """All it takes off, goods and carriage, as entered."""
        return sum(self.shares)

    def positions(self, goods: int) -> Iterable[int]:
        """The positions of the entries it covers, in a quote with so many lines of goods."""
        return range(goods) if self.entries is None else self.entries


@frozen
class Totals:
    """The sums. total = subtotal + shipping - discount + tax_added = net + tax; due = total - cards - card_tax + rounded.

    `subtotal` (goods) and `shipping` are as entered, before any discount; `discount` has that on goods and on carriage. `tax` is all
    tax in the total, `tax_added` the part of it that the entered prices did not contain; `tax_by_code` adds up to `tax`. `cards` is what
    gift cards pay, `card_tax` the tax that taxed cards cover; `rounded` is what cash rounding adds; `due` is to be paid.
    """

    subtotal: int
    shipping: int
    discount: int
    net: int
    tax: int
    tax_added: int
    total: int
    tax_by_code: Taxes
    cards: int = 0
    card_tax: int = 0
    rounded: int = 0
    due: int = field()

    @due.default
    def _nothing_else(self) -> int:
        return self.total - self.cards - self.card_tax + self.rounded


@frozen(cache_hash=True)
class Quote:
    """The price of a cart, frozen (R7): equal content has an equal `hash` in every process.

    `rates` are the tax rates by category, as they were. `near_misses` says why automatic promotions did not apply; they are news, not
    part of the price, so neither the hash nor `==` looks at them. `scheme` says how the hash was made; older quotes keep theirs.
    `tax_source`: the provider that was asked for the rates; None is the shop's own table. `experiments`: the variants that the shopper
    was in, by experiment. Equal quotes are stored once for all who got them, so these are in the hash; they are no price (`same_price`).
    """

    currency: str
    lines: tuple[PricedLine, ...]
    shipping: tuple[PricedShipping, ...]
    promotions: tuple[AppliedPromotion, ...]
    cards: tuple[UsedCard, ...]
    destination: Destination
    rates: Rates
    policy: PricingPolicy
    totals: Totals
    hash: str
    near_misses: tuple[Refused, ...] = field(default=(), eq=False)
    scheme: int = 2
    tax_source: TaxSource | None = None
    experiments: Assigned = ()

    @property
    def total(self) -> Money:
        """What is to be paid: the total less gift cards, in coins if the policy rounds cash."""
        return Money(self.totals.due, self.currency)

    @property
    def net_due(self) -> int:
        """The net part of the amount due, in proportion, before cash rounding; rounded as taxes are."""
        totals = self.totals
        due = totals.total - totals.cards - totals.card_tax
        return divide(totals.net * due, totals.total, self.policy.tax.mode) if totals.total > 0 else 0


def hash_of(quote: Quote) -> str:
    """The SHA-256 of all a quote says, but for `near_misses`, the scheme and the hash itself.

    First its canonical text, JSON in ASCII; then the shares of its promotions, most of a large quote, as 64-bit big-endian numbers.
    """
    if quote.scheme == 1:
        return _hash_1(quote)
    q = quote
    content = (q.currency, q.lines, q.shipping, q.promotions, q.cards, q.destination, q.rates, q.policy, q.totals)
    return hash_text(*content, q.tax_source, q.experiments)


def hash_text(
    currency: str,
    lines: Iterable[PricedLine],
    shipping: Iterable[PricedShipping],
    promotions: Sequence[AppliedPromotion],
    cards: Iterable[UsedCard],
    destination: Destination,
    rates: Rates,
    policy: PricingPolicy,
    totals: Totals,
    source: TaxSource | None = None,
    experiments: Assigned = (),
) -> str:
    """The hash of a quote that is made of these."""
    content = (
        "quote/2",
        currency,
        [_LINE(line) if line.origin is None else (*_LINE(line), _ORIGIN(line.origin)) for line in lines],
        [(*_SHIPPING(carriage), *_sent(carriage)) for carriage in shipping],
        [(*_PROMOTION(used), len(used.shares), benefit_text(used.benefit), *_further(used)) for used in promotions],
        [(*_CARD(card), "" if card.tax_rate is None else str(card.tax_rate)) for card in cards],
        (destination.country, destination.region, destination.postcode),
        rates_text(rates),
        policy_text(policy),
        _TOTALS(totals),
        *(() if source is None else (_SOURCE(source),)),
        *((("experiments", experiments),) if experiments else ()),
    )
    digest = hashlib.sha256(CANONICAL.encode(content).encode())
    for used in promotions:
        digest.update(pack(f">{len(used.shares)}q", *used.shares))
    return digest.hexdigest()


def priced_for(quote: Quote) -> frozenset[str] | None:
    """The means of payment that this price is for, because a promotion asks for one; None is any."""
    asked = [condition.methods for used in quote.promotions for condition in used.when if isinstance(condition, PaidBy)]
    return frozenset.intersection(*asked) if asked else None


def same_price(before: Quote, after: Quote) -> bool:
    """Whether two quotes have one price: one content, but for experiments. One of a former scheme is compared by the former's rule."""
    if before.scheme == after.scheme and before.experiments == after.experiments:
        return before.hash == after.hash
    return before.hash == hash_of(evolve(after, scheme=before.scheme, experiments=before.experiments))


def intact(quote: Quote) -> bool:
    """Whether a quote that was stored or sent is still the one its hash names."""
    return quote.hash == hash_of(quote)


def _all_but(cls: type[AttrsInstance], *apart: str) -> attrgetter[tuple[object, ...]]:
    """All fields in their order: one added later is in the hash without anyone remembering to put it there."""
    return attrgetter(*(a.name for a in fields(cls) if a.name not in apart))


CANONICAL: Final = json.JSONEncoder(separators=(",", ":"), ensure_ascii=True, check_circular=False)
_LINE: Final = _all_but(PricedLine, "origin")
_ORIGIN: Final = _all_but(PriceOrigin)
_SHIPPING: Final = _all_but(PricedShipping, "parts", "point", "source")
_PROMOTION: Final = _all_but(AppliedPromotion, "benefit", "shares", "when", "budget", "window", "kept", "issued", "per_code")
_CARD: Final = _all_but(UsedCard, "tax_rate")
_TOTALS: Final = _all_but(Totals)
_RATE: Final = _all_but(RateSource)
_SOURCE: Final = _all_but(TaxSource)


@lru_cache(maxsize=4096)
def benefit_text(benefit: Kept) -> str:
    """What a promotion gives, as canonical text: its name and its fields."""
    return CANONICAL.encode(_plain(benefit))


@lru_cache(maxsize=4096)
def conditions_text(when: tuple[Condition, ...]) -> tuple[str, ...]:
    """The conditions of a promotion, as canonical texts: one each."""
    return tuple([CANONICAL.encode(_plain(condition)) for condition in when])


def _sent(carriage: PricedShipping) -> tuple[object, ...]:
    """Its parcels, the pickup point and the carrier, for the hash; nothing for one parcel that is delivered."""
    source = () if carriage.source is None else ("source", *_RATE(carriage.source))
    return (*(("parts", carriage.parts) if carriage.parts else ()), *(("point", carriage.point) if carriage.point else ()), *source)


def _further(used: AppliedPromotion) -> tuple[object, ...]:
    """Its conditions and further limits, for the hash; nothing for one that has none."""
    window = used.window
    found: list[object] = [*conditions_text(used.when)]
    found += [] if used.budget is None else [("budget", used.budget)]
    found += [] if window is None else [("window", window.window, window.uses, window.a_person)]
    found += [] if used.issued is None and used.per_code is None else [("issued", used.issued, used.per_code)]
    return (*found, *(("kept",) if used.kept else ()))


@lru_cache(maxsize=1024)
def rates_text(rates: Rates) -> str:
    """Tax rates by category as canonical text."""
    return CANONICAL.encode([(category, [_rate(r) for r in of]) for category, of in rates])


def _rate(rate: TaxRate) -> tuple[object, ...]:
    told = (rate.code, str(rate.rate), rate.included, rate.compound)
    return told if rate.reason is None else (*told, rate.reason)


@lru_cache(maxsize=64)
def policy_text(policy: PricingPolicy) -> str:
    """All choices of a policy as canonical text; one of a later day only where it is not what was always done before."""
    return CANONICAL.encode({name: value for name, value in _settings(policy).items() if _FORMERLY.get(name) != value})


_FORMERLY: Final = {"shipping_tax": "own", "prices_keep": "gross"}


def _settings(policy: PricingPolicy) -> dict[str, object]:
    plain = _plain(policy)
    assert isinstance(plain, dict)
    return plain


def _plain(value: object) -> object:
    """A value of rules and settings as JSON has it; a set and a table in order, so that equal values have equal texts."""
    match value:
        case None | bool() | int() | str():
            return value
        case Ratio():
            return str(value)
        case Money():
            return [value.minor, value.currency]
        case Mapping():
            return [_plain(value[key]) for key in sorted(value)]
        case frozenset():
            return sorted(value)
        case tuple():
            return [_plain(each) for each in value]
        case _:
            named = fields(type(value))  # type: ignore[arg-type]
            return {"type": type(value).__name__} | {a.name: _plain(getattr(value, a.name)) for a in named if a.init}


# Scheme 1, of quotes from before promotions could do more than a percent, an amount or free carriage. They keep their hash for good.
_LINE_1: Final = _all_but(PricedLine, "floor", "origin")
_TOTALS_1: Final = _all_but(Totals, "cards", "card_tax", "rounded", "due")
_NO_CARRIAGE_1: Final = ("", "", 0, 0, 0, 0, 0, (), "")


def _hash_1(quote: Quote) -> str:
    """The hash by scheme 1; none for what a quote of that time could not say, so that nothing is added to one unseen."""
    place, totals, policy, tax = quote.destination, quote.totals, quote.policy, quote.policy.tax
    rounding = TaxPolicy(tax.mode, tax.level, tax.target, tax.components, tax.increment)
    left = [line.subtotal for line in quote.lines]
    promotions = [_promotion_1(used, left, quote.currency) for used in quote.promotions]
    if (
        None in promotions
        or any(line.floor or line.origin for line in quote.lines)
        or len(quote.shipping) > 1
        or any(carriage.parts or carriage.point or carriage.source for carriage in quote.shipping)
        or quote.cards
        or quote.tax_source
        or quote.experiments
        or (totals.cards, totals.card_tax, totals.rounded, totals.due) != (0, 0, 0, totals.total)
        or policy != PricingPolicy(rounding, policy.discount_mode, policy.allocation, allocation_mode=policy.discount_mode)
    ):
        return ""
    chosen = [[name, getattr(tax, name)] for name in ("components", "increment", "level", "mode", "target")]
    content = (
        "quote/1",
        quote.currency,
        [_LINE_1(line) for line in quote.lines],
        _SHIPPING(quote.shipping[0]) if quote.shipping else _NO_CARRIAGE_1,
        promotions,
        (place.country, place.region, place.postcode),
        rates_text(quote.rates),
        CANONICAL.encode([chosen, [["allocation", policy.allocation], ["discount_mode", policy.discount_mode]]]),
        _TOTALS_1(totals),
    )
    return hashlib.sha256(CANONICAL.encode(content).encode()).hexdigest()


def _promotion_1(used: AppliedPromotion, left: list[int], currency: str) -> tuple[object, ...] | None:
    """A promotion as it was told then, its shares taken off what is `left` of the lines; None if there was no word for it.

    For each line there stood what it was worth at that moment, 0 if it was not covered, and its share.
    """
    goods, benefit = len(left), used.benefit
    weights, shares, carriage, percent = [0] * goods, [0] * goods, 0, None
    match benefit:
        case Percent(on="shipping"):
            kind, known, carriage = "free_shipping", benefit == FREE_SHIPPING and used.entries == (goods,), used.amount
        case Percent():
            kind, known, percent = "percent", benefit == Percent(benefit.percent), str(benefit.percent)
        case AmountOff(on="order"):
            whole = (used.amount + used.unused, currency)
            kind, known = "fixed", [(amount.minor, amount.currency) for amount in benefit.amounts.values()] == [whole]
        case _:
            return None
    positions = tuple(used.positions(goods))
    if not known or len(positions) != len(used.shares) or used.units or used.bought or used.group is not None or _further(used):
        return None
    if kind != "free_shipping":
        for i, share in zip(positions, used.shares, strict=True):
            if not 0 <= i < goods:
                return None
            weights[i], shares[i] = left[i], share
            left[i] -= share
        covered = tuple([i for i in range(goods) if weights[i]])
        if used.entries != (None if len(covered) == goods else covered):
            return None
    return (used.id, used.name, used.code, kind, percent, weights, shares, carriage, used.unused, used.limit, used.per_person)
