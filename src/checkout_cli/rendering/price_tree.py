"""The picture of a price as data: from list prices to the amount due, as a tree of sentences with amounts.

`whole` are the amounts that add up to what is due, one for each line, carriage, gift card and rounding; `part` says how a whole came
about, or is told besides. Nothing here is words (`price_words`) or ink (`pictures`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final, Literal

from attrs import evolve, frozen

from checkout_cli.exits import listed
from checkout_cli.rendering.benefits import benefit_words
from checkout_cli.rendering.price_words import Say, say, shown, some
from checkout_core.gift_cards import UsedCard
from checkout_core.money import CURRENCIES, Money, Ratio, divide
from checkout_core.pricing_policy import PricingPolicy, settings_of
from checkout_core.promotions import (
    AmountOff,
    Bundle,
    BuyGet,
    EntryOff,
    EveryNth,
    Percent,
    SetPrice,
    SetTotal,
    TieredPercent,
    Told,
    UnitOff,
)
from checkout_core.promotions.conditions import words_of
from checkout_core.quote import AppliedPromotion, PricedLine, PricedShipping, Quote
from checkout_core.receipt import receipt_of
from checkout_core.refusals import Refused
from checkout_core.tax import TaxRate

Tone = Literal["", "quiet", "less", "due"]
MOST_SHARES: Final = 5  # discounts told for one line; of more, the rest are added up
MOST_ROWS: Final = 60  # rows for lines and carriage; with more, each line has one row
MOST_NAMES: Final = 4  # names told of lines that are alike
MOST_MISSES: Final = 8
LARGEST_SAID: Final = 10_000_000
"""The denominator of a rate that a law might say; that of carriage taxed like the goods is mostly greater."""
TOLD_TOGETHER: Final = ("not-combinable", "no-effect", "already-reduced")
EXACT_PLACES: Final = 4  # decimals beyond the minor unit, of an exact amount that has no end
DEFAULTS: Final = settings_of(PricingPolicy())


@frozen
class Node:
    """One row: what it says, its amount, and the rows below that explain it. `apart`: something else begins here."""

    say: Say
    whole: int | None = None
    part: int | None = None
    below: tuple[Node, ...] = ()
    tone: Tone = ""
    apart: bool = False


@frozen
class Deal:
    """A promotion with what it looked at: its entries, in their order, what each was worth before it, and their sum that counts."""

    used: AppliedPromotion
    positions: tuple[int, ...]
    before: tuple[int, ...]
    base: int


@frozen
class Share:
    """What a promotion took of the entry at this position, which was worth `before`; of so many units, if not of all."""

    deal: Deal
    at: int
    before: int
    units: int
    taken: int


class PriceTree:
    """Makes the tree of one quote."""

    def __init__(self, quote: Quote) -> None:
        self.quote = quote
        self.goods = len(quote.lines)
        self.entries: Sequence[PricedLine | PricedShipping] = (*quote.lines, *quote.shipping)
        self.rates: dict[str, tuple[TaxRate, ...]] = dict(quote.rates)
        self.deals = list(self._deals())
        self.shares: list[list[Share]] = [[] for _ in self.entries]
        for deal in self.deals:
            units = deal.used.units or (0,) * len(deal.positions)
            for at, share, before, count in zip(deal.positions, deal.used.shares, deal.before, units, strict=True):
                if share:
                    self.shares[at].append(Share(deal, at, before, count, share))

    def nodes(self) -> Iterator[Node]:
        """The rows of the picture, the amount due last, then the remarks."""
        yield from self._entries()
        yield from self._discounts()
        yield from self._taxes()
        for n, card in enumerate(self.quote.cards):
            yield evolve(self._card(card), apart=n == 0)
        if (cash := self.quote.policy.cash) is not None:
            words = say("cash", coin=self.money(cash.increment), mode=say(cash.mode))
            yield Node(words, self.quote.totals.rounded, apart=not self.quote.cards)
        yield Node(say("due"), self.quote.totals.due, tone="due")
        yield from self._remarks()

    def money(self, minor: int) -> Money:
        return Money(minor, self.quote.currency)

    # What was there when each promotion had its turn.
    def _deals(self) -> Iterator[Deal]:
        parallel = self.quote.policy.stacking == "parallel"
        original = [entry.subtotal for entry in self.entries]
        left, there, group = list(original), list(original), None
        for used in self.quote.promotions:
            if used.group is None or used.group != group:
                there = list(left)  # rivals of one group look at the same amounts
            group = used.group
            positions = tuple(used.positions(self.goods))
            before = tuple([there[i] for i in positions])
            looked_at = [(original if parallel else there)[i] for i in positions]
            yield Deal(used, positions, before, sum([max(amount, 0) for amount in looked_at]))
            for i, share in zip(positions, used.shares, strict=True):
                left[i] -= share

    # Lines and carriage.
    def _entries(self) -> Iterator[Node]:
        made = [self._entry(at, entry) for at, entry in enumerate(self.entries)]
        if sum([1 + len(node.below) for node in made]) <= MOST_ROWS:
            yield from made
            return
        yield from self._brief_lines()
        yield from made[self.goods :]
        yield Node(say("brief"), tone="quiet")

    def _entry(self, at: int, entry: PricedLine | PricedShipping) -> Node:
        taxes = list(self._entry_taxes(entry))
        shares = list(self._share_rows(at, entry))
        listed = entry.origin is not None if isinstance(entry, PricedLine) else bool(entry.parts or entry.source)
        explained = listed or bool(shares) or any(node.part is not None for node in taxes)
        below = [*(self._list_prices(entry) if explained else ()), *shares, *taxes]
        return Node(self._name(entry, explained), entry.gross, below=tuple(below))

    def _name(self, entry: PricedLine | PricedShipping, explained: bool) -> Say:
        if isinstance(entry, PricedShipping):
            return say("carriage", name=entry.name, about=_besides(entry.name, entry.id))
        name = entry.name + "".join([f", {option} {value}" for option, value in entry.options])
        each = () if explained or entry.quantity == 1 else (say("each", unit=self.money(entry.unit)),)
        return say("line", quantity=entry.quantity, name=name, about=(*_besides(entry.name, entry.sku), *each))

    def _list_prices(self, entry: PricedLine | PricedShipping) -> Sequence[Node]:
        if isinstance(entry, PricedShipping) and entry.source is not None:
            return [Node(say("rate" if entry.source.answered else "rate.away", carrier=entry.source.carrier), part=entry.subtotal)]
        if isinstance(entry, PricedShipping) and entry.parts:
            return [Node(say("parcel", origin=origin), part=price) for origin, price in entry.parts]
        return [self._list_price(entry)]

    def _list_price(self, entry: PricedLine | PricedShipping) -> Node:
        if isinstance(entry, PricedLine) and (origin := entry.origin) is not None:
            about = [say("from-list.tier", quantity=origin.quantity)] if origin.quantity > 1 else []
            if origin.price < entry.unit == entry.floor:
                about.append(say("from-list.floor", price=self.money(origin.price)))
            own = origin.catalogue
            about.append(say("from-list.only") if own is None else say("from-list.catalogue", catalogue=self.money(own)))
            words = say("from-list", list=origin.list, quantity=entry.quantity, unit=self.money(entry.unit), about=tuple(about))
            return Node(words, part=entry.subtotal)
        if isinstance(entry, PricedShipping) or entry.quantity == 1:
            return Node(say("list-price.one"), part=entry.subtotal)
        return Node(say("list-price", quantity=entry.quantity, unit=self.money(entry.unit)), part=entry.subtotal)

    def _share_rows(self, at: int, entry: PricedLine | PricedShipping) -> Iterator[Node]:
        shares = self.shares[at]
        told = shares if len(shares) <= MOST_SHARES else shares[: MOST_SHARES - 1]
        quantity = entry.quantity if isinstance(entry, PricedLine) else 1
        for one in told:
            yield Node(say("share", name=one.deal.used.name, how=self._how(one, quantity)), part=-one.taken, tone="less")
        if rest := shares[len(told) :]:
            yield Node(say("more-discounts", count=len(rest)), part=-sum([one.taken for one in rest]), tone="less")

    def _entry_taxes(self, entry: PricedLine | PricedShipping) -> Iterator[Node]:
        base = self.money(self._taxed(entry))
        for rate, (_, tax) in zip(self.rates[entry.tax_category], entry.taxes, strict=True):
            if not rate.rate.numerator:
                yield Node(say("tax.none", code=rate.code), tone="quiet")
            elif rate.included:
                yield Node(say("tax.inside", code=_called(rate), tax=self.money(tax), base=base), tone="quiet")
            else:
                yield Node(say("tax.added", code=_called(rate), base=base), part=tax)

    def _taxed(self, entry: PricedLine | PricedShipping) -> int:
        """The amount that was taxed."""
        return entry.subtotal if self.quote.policy.tax.base == "before_discount" else entry.subtotal - entry.discount

    def _brief_lines(self) -> Iterator[Node]:
        """A row for each line, and one for all lines that cost the same in the same way."""
        alike: dict[tuple[object, ...], list[int]] = {}
        for at, line in enumerate(self.quote.lines):
            alike.setdefault((line.quantity, line.unit, line.discount, line.gross, len(self.shares[at])), []).append(at)
        for places in alike.values():
            lines = [self.quote.lines[at] for at in places]
            line, told = lines[0], [each.name for each in lines[:MOST_NAMES]] + (["…"] if len(lines) > MOST_NAMES else [])
            by = (some("discounts.count", len(self.shares[places[0]])),) if line.discount else ()
            if len(lines) == 1:
                words = say("line", quantity=line.quantity, name=line.name, about=(self.money(line.subtotal), *by))
            else:
                words = say("alike", count=len(lines), quantity=line.quantity, unit=self.money(line.unit), about=(*told, *by))
            off = -sum([each.discount for each in lines])
            yield Node(words, sum([each.gross for each in lines]), off or None)

    # How a share came about.
    def _how(self, one: Share, quantity: int) -> Say:
        used, currency = one.deal.used, self.quote.currency
        match used.benefit:
            case Percent(percent=percent) | EveryNth(percent=percent) | BuyGet(percent=percent) if one.units and not self._shared(used):
                if percent == Ratio(100):
                    return say("how.free-units", units=one.units, quantity=quantity)
                return say("how.percent-units", percent=percent, units=one.units, quantity=quantity)
            case UnitOff(amounts=amounts):
                units, value = one.units or quantity, amounts[currency]
                if units == 1:
                    return say("how.off" if one.taken == value.minor else "how.off-limited", value=value)
                return say("how.each" if one.taken == units * value.minor else "how.each-limited", value=value, units=units)
            case EntryOff(amounts=amounts):
                value = amounts[currency]
                return say("how.off" if one.taken == value.minor else "how.off-limited", value=value)
            case SetPrice(amounts=amounts):
                return say("how.price", value=amounts[currency])
            case Told(words=words):
                return say("how.told", rule=words)
            case _:
                return self._how_much(one)

    def _how_much(self, one: Share) -> Say:
        """A part of a discount on several entries, or a percent of this one."""
        deal, used, policy = one.deal, one.deal.used, self.quote.policy
        amount = self.money(used.amount)
        percent, alone = self._percent(used), sum([bool(share) for share in used.shares]) == 1
        base = self.entries[one.at].subtotal if policy.stacking == "parallel" else one.before
        if percent is not None and (alone or not self._shared(used)) and _is_share(percent, base, one.taken):
            return say("how.percent", percent=percent, base=self.money(base))
        if not self._shared(used):
            return say("how.percent-limited", percent=percent, base=self.money(base))
        if alone:
            return say("how.all", amount=amount)
        if policy.allocation_basis == "price" and used.group is None and not used.units and not self._floors:
            of = self.money(sum([max(amount, 0) for amount in deal.before]))
            return say("how.part", before=self.money(one.before), of=of, share=self.money(one.taken), amount=amount)
        return say("how.shared", amount=amount)

    @property
    def _floors(self) -> bool:
        return any(line.floor for line in self.quote.lines)

    def _shared(self, used: AppliedPromotion) -> bool:
        """Whether it is one amount that was split, and not a sum of what each entry gave."""
        match used.benefit:
            case Percent() | TieredPercent():
                together = used.benefit.on in ("order", "order_and_shipping") and self.quote.policy.percent_order_level == "order"
                return together or self._capped(used)
            case AmountOff() | SetTotal() | Bundle():
                return True
            case _:
                return False

    def _capped(self, used: AppliedPromotion) -> bool:
        match used.benefit:
            case Percent(cap=cap) | TieredPercent(cap=cap):
                return bool(cap) and used.amount == cap[self.quote.currency].minor
            case _:
                return False

    def _percent(self, used: AppliedPromotion) -> Ratio | None:
        match used.benefit:
            case Percent(percent=percent):
                return percent
            case TieredPercent():
                return used.benefit.percent_at(self.quote.totals.subtotal, self.quote.currency)
            case _:
                return None

    # Discounts.
    def _discounts(self) -> Iterator[Node]:
        if not self.deals:
            return
        below = [Node(self._discount(deal), part=-deal.used.amount, tone="less") for deal in self.deals]
        effect = receipt_of(self.quote).discount
        if effect.tax:
            facts = {name: self.money(amount) for name, amount in (("net", effect.net), ("tax", effect.tax), ("gross", effect.gross))}
            below.append(Node(Say("discounts.sum", facts), tone="quiet"))
        yield Node(say("discounts"), below=tuple(below), apart=True)

    def _discount(self, deal: Deal) -> Say:
        used, worked = deal.used, tuple(self._worked(deal))
        label = used.code or used.id
        if label == used.name:
            return say("discount", name=used.name, worked=worked)
        return say("discount.named", name=used.name, label=label, worked=worked)

    def _worked(self, deal: Deal) -> Iterator[Say]:
        used, currency, policy = deal.used, self.quote.currency, self.quote.policy
        of = self.money(sum([max(amount, 0) for amount in deal.before]))
        match used.benefit:
            case TieredPercent() | Percent():
                if isinstance(used.benefit, TieredPercent):
                    yield say("worked.tier", goods=self.money(self.quote.totals.subtotal))
                yield self._worked_percent(deal, self._percent(used) or Ratio(0))
            case AmountOff(amounts=amounts):
                yield say("worked.amount", value=amounts[currency], of=of)
            case SetTotal(amounts=amounts):
                yield say("worked.total", value=amounts[currency], of=of)
            case _:
                yield say("worked.rule", rule=benefit_words(used.benefit, currency, everything=self._everything(deal)))
        if self._shared(used) and sum([bool(share) for share in used.shares]) > 1:
            yield say("worked.shared", allocation=say(policy.allocation))
        if used.unused:
            yield say("worked.unused", unused=self.money(used.unused))
        if used.group is not None:
            yield say("worked.group", group=used.group)
        for condition in used.when:
            yield say("worked.when", condition=words_of(condition))

    def _everything(self, deal: Deal) -> bool:
        """Whether it covers all goods, or all carriage, or both."""
        lines = sum([at < self.goods for at in deal.positions])
        return lines in (0, self.goods) and len(deal.positions) - lines in (0, len(self.quote.shipping))

    def _worked_percent(self, deal: Deal, percent: Ratio) -> Say:
        used, policy = deal.used, self.quote.policy
        amount, base, mode = self.money(used.amount), self.money(deal.base), say(policy.discount_mode)
        if self._capped(used):
            return say("worked.percent-capped", percent=percent, base=base, amount=amount)
        if used.units:
            return say("worked.percent-units", percent=percent, units=some("units", sum(used.units)), amount=amount)
        if not self._shared(used):
            count = some("lines", sum([bool(share) for share in used.shares]))
            if len(deal.positions) > 1:
                return say("worked.percent-lines", percent=percent, count=count, mode=mode)
        if not _is_share(percent, deal.base, used.amount):
            return say("worked.percent-limited", percent=percent, base=base, amount=amount)
        exact = used.amount * 100 * percent.denominator == deal.base * percent.numerator
        return say("worked.percent" if exact else "worked.percent-rounded", percent=percent, base=base, amount=amount, mode=mode)

    # Taxes.
    def _taxes(self) -> Iterator[Node]:
        found: dict[TaxRate, tuple[int, int]] = {}
        for entry in self.entries:
            for rate, (_, tax) in zip(self.rates[entry.tax_category], entry.taxes, strict=True):
                base, sum_of = found.get(rate, (0, 0))
                found[rate] = (base + self._taxed(entry), sum_of + tax)
        if not found:
            return
        exact = {row.subject: row for row in receipt_of(self.quote).rows if row.step == "order-tax"}
        below = []
        for rate, (base, tax) in found.items():
            on = (self.money(base), *([say("compound")] if rate.compound else []))
            words = say("tax.code" if rate.included else "tax.code.added", code=_called(rate), base=on)
            if (row := exact.get(rate.code)) is not None and row.figure == tax:
                words = say("tax.exact", code=_called(rate), exact=self._exactly(row.given["exact"]), mode=say(row.rounding))
            below.append(Node(words, part=tax))
        totals = self.quote.totals
        facts = {name: self.money(getattr(totals, name)) for name in ("net", "tax", "total")}
        yield Node(say("taxes"), below=(*below, Node(Say("taxes.sum", facts), tone="quiet")), apart=True)

    def _exactly(self, exact: object) -> str:
        """An exact amount of minor units in major ones; cut, with dots, where it has no end."""
        places = CURRENCIES[self.quote.currency].exponent
        amount = Ratio.parse(str(exact))
        major = str(Ratio(amount.numerator, amount.denominator * 10**places))
        if "/" not in major:
            return major
        more = places + EXACT_PLACES
        cut = divide(amount.numerator * 10**EXACT_PLACES, amount.denominator, "down")
        return f"{Ratio(cut, 10**more)}…"

    # Gift cards.
    def _card(self, card: UsedCard) -> Node:
        facts = {name: self.money(getattr(card, name)) for name in ("balance", "used", "tax", "remaining")}
        key = "card.taxed" if card.tax else "card" if card.remaining else "card.used-up" if card.balance else "card.empty"
        return Node(Say(key, {"id": card.id, **facts}), -card.paid, tone="less")

    # Remarks.
    def _remarks(self) -> Iterator[Node]:
        choices = {name: value for name, value in settings_of(self.quote.policy).items() if value != DEFAULTS[name]}
        told = ", ".join([f"{name} = {_plain(value)}" for name, value in choices.items()])
        yield Node(say("policy", choices=told) if choices else say("policy.default"), tone="quiet", apart=True)
        if (source := self.quote.tax_source) is not None:
            key = "tax-source.own" if not source.answered else "tax-source" if source.reference else "tax-source.plain"
            yield Node(say(key, provider=source.provider, reference=source.reference), tone="quiet")
        misses = list(together(self.quote.near_misses))
        for refused in misses[:MOST_MISSES]:
            yield Node(say("miss", words=missed(refused)), tone="quiet")
        if more := len(misses[MOST_MISSES:]):
            yield Node(say("misses.more", count=more), tone="quiet")


def together(misses: Sequence[Refused]) -> Iterator[Refused]:
    """Promotions that miss for one and the same reason, as one refusal of them all."""
    alike: dict[Refused, list[str]] = {}
    for refused in misses:
        alike.setdefault(evolve(refused, subject="" if refused.reason in TOLD_TOGETHER else refused.subject), []).append(refused.subject)
    for refused, subjects in alike.items():
        yield evolve(refused, subject=listed(subjects, "and"))


def missed(refused: Refused) -> str:
    """Why an automatic promotion misses; nobody typed it, so nobody can remove it."""
    return " ".join(sentence for sentence in re.split(r"(?<=\.) ", str(refused)) if not sentence.startswith("Remove "))


def _besides(name: str, id: str) -> tuple[str, ...]:
    """The id of a thing, unless its name is the id."""
    return () if id == name else (id,)


def _plain(value: object) -> str:
    return " ".join(map(str, value.values())) if isinstance(value, Mapping) else str(value)


def _called(rate: TaxRate) -> str:
    """The code of a tax with its rate, unless the code says it, or there is nothing to pay."""
    if not rate.rate.numerator:
        plain = rate.code.lower().replace(" ", "-")
        return rate.code if rate.reason is None or rate.reason in plain else f"{rate.code}, {rate.reason}"
    percent = f"{shown(Ratio(rate.rate.numerator * 100, rate.rate.denominator))} %"
    statutory = 100_000 % rate.rate.denominator == 0 or rate.rate.denominator <= LARGEST_SAID  # else it is an average of others
    return rate.code if percent in rate.code or not statutory else f"{rate.code} {percent}"


def _is_share(percent: Ratio, base: int, amount: int) -> bool:
    """Whether the amount is that percent of the base, rounded somehow."""
    exact, whole = base * percent.numerator, 100 * percent.denominator
    return abs(amount * whole - exact) < whole
