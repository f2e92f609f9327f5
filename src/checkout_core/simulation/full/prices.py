"""What a quote says of itself, judged apart from what made it (I12): sums, shares, percents and taxes in plain whole numbers.

The receipt is recomputed as well, by the arithmetic of the product; a fault of that arithmetic itself shows in the rest.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from checkout_core.money import MAX_MINOR, Ratio, Rounding
from checkout_core.pricing import AppliedPromotion, PricedLine, PricedShipping, Quote, intact
from checkout_core.promotions import AmountOff, Percent
from checkout_core.receipt import figures_of, receipt_of, recompute

Contradiction = tuple[str, object, object]
"""A word for what does not add up, what is said, and what its parts come to."""


def not_adding_up(quote: Quote) -> Contradiction | None:
    """The first thing of a quote that does not add up; None if all does."""
    for judged in (_sums, _entries, _deals, _taxes, _paid, _receipt):
        for what, told, so in judged(quote):
            if told != so:
                return what, told, so
    return None


def _sums(quote: Quote) -> Iterator[Contradiction]:
    q, entries = quote.totals, _all(quote)
    yield "the total", q.total, q.subtotal + q.shipping - q.discount + q.tax_added
    yield "net and tax", q.total, q.net + q.tax
    yield "the lines", q.total, sum([entry.gross for entry in entries])
    yield "the net amounts", q.net, sum([entry.net for entry in entries])
    yield "the taxes", q.tax, sum([entry.tax for entry in entries])
    yield "the taxes by code", q.tax, sum([tax for _, tax in q.tax_by_code])
    yield "the prices", q.subtotal, sum([line.unit * line.quantity for line in quote.lines])
    yield "the carriage", q.shipping, sum([sent.subtotal for sent in quote.shipping])
    yield "the discounts", q.discount, sum([used.amount for used in quote.promotions])
    yield "the lines' discounts", q.discount, sum([entry.discount for entry in entries])
    if not all(type(amount) is int for amount in (q.total, q.net, q.tax, q.discount, q.due)) or not 0 <= q.total <= MAX_MINOR:
        yield "the amounts", q.total, f"a whole number from 0 to {MAX_MINOR}"


def _entries(quote: Quote) -> Iterator[Contradiction]:
    """Each line and each carriage for itself. What has a credit's price is never discounted, and nothing goes below its floor."""
    for entry, quantity, floor in _with_floors(quote):
        left = entry.subtotal - entry.discount
        yield f"the gross of {entry.id}", entry.gross, entry.net + entry.tax
        yield f"the taxes of {entry.id}", entry.tax, sum([tax for _, tax in entry.taxes])
        rates = dict(quote.rates)[entry.tax_category]
        yield f"the rates of {entry.id}", [code for code, _ in entry.taxes], [rate.code for rate in rates]
        added = sum([tax for rate, (_, tax) in zip(rates, entry.taxes, strict=True) if not rate.included])
        yield f"the gross of {entry.id} from its price", entry.gross, left + added
        if not 0 <= entry.discount <= max(entry.subtotal - max(floor, 0) * quantity, 0):
            yield "a discount", entry.discount, f"at most what {entry.id} can give"
    for line in quote.lines:
        yield f"the price of {line.id}", line.subtotal, line.unit * line.quantity


def _all(quote: Quote) -> list[PricedLine | PricedShipping]:
    return [*quote.lines, *quote.shipping]


def _with_floors(quote: Quote) -> Iterator[tuple[PricedLine | PricedShipping, int, int]]:
    for line in quote.lines:
        yield line, line.quantity, line.floor
    for sent in quote.shipping:
        yield sent, 1, 0


def _deals(quote: Quote) -> Iterator[Contradiction]:
    """Each promotion in its turn: its shares are of what was left, and a percent or an amount is what its rule says."""
    entries = _all(quote)
    left, taken = [entry.subtotal for entry in entries], [0] * len(entries)
    floors = [floor * quantity for _, quantity, floor in _with_floors(quote)]
    for used in quote.promotions:
        positions = list(used.positions(len(quote.lines)))
        before, room = [left[i] for i in positions], sum([max(left[i] - max(floors[i], 0), 0) for i in positions])
        yield f"the number of shares of {used.id}", len(used.shares), len(positions)
        for i, share in zip(positions, used.shares, strict=True):
            if not 0 <= share <= max(left[i], 0):
                yield f"a share of {used.id}", share, f"from 0 to {left[i]}"
            left[i] -= share
            taken[i] += share
        if used.group is None:  # of a group, the best one takes it from the others
            yield from _by_its_rule(used, before, room, quote)
    yield "the shares", [entry.discount for entry in entries], taken


def _by_its_rule(used: AppliedPromotion, before: Sequence[int], room: int, quote: Quote) -> Iterator[Contradiction]:
    """A percent of a sum, unless it took all the `room` there was, and an amount."""
    policy = quote.policy
    of_the_sum = policy.percent_order_level == "order" and policy.stacking == "sequential" and used.amount != room
    match used.benefit:
        case Percent(on="order" | "order_and_shipping", percent=percent, max_units=None) if of_the_sum and not used.benefit.cap:
            basis = sum([max(worth, 0) for worth in before])
            if not _rounded(used.amount, basis * percent.numerator, 100 * percent.denominator, policy.discount_mode):
                yield f"the percent of {used.id}", used.amount, f"{percent} % of {basis}, rounded once"
        case AmountOff(amounts=amounts):
            yield f"the amount of {used.id}", used.amount + used.unused, amounts[quote.currency].minor
        case _:
            pass


def _rounded(whole: int, numerator: int, denominator: int, mode: Rounding) -> bool:
    """Whether `whole` can be the fraction, rounded once: half a unit away at most, or less than one where `mode` is not to the nearest."""
    away = abs(whole * denominator - numerator)
    return 2 * away <= denominator if mode.startswith("half") else away < denominator


def _taxes(quote: Quote) -> Iterator[Contradiction]:
    """An entry with one tax, where taxes are rounded by the line."""
    policy = quote.policy.tax
    if policy.level != "line" or policy.increment != 1 or policy.base != "after_discount" or policy.discount_tax != "net_of_discount":
        return
    rates = dict(quote.rates)
    for entry in _all(quote):
        if len(rates[entry.tax_category]) == 1:
            (rate,) = rates[entry.tax_category]
            exact = _tax(rate.rate, entry.subtotal - entry.discount, included=rate.included)
            if not _rounded(entry.tax, *exact, policy.mode):
                yield f"the tax of {entry.id}", entry.tax, f"{exact[0]}/{exact[1]}, rounded once"


def _tax(rate: Ratio, amount: int, *, included: bool) -> tuple[int, int]:
    return amount * rate.numerator, rate.denominator + (rate.numerator if included else 0)


def _paid(quote: Quote) -> Iterator[Contradiction]:
    """From the total to what is to be paid: gift cards, and coins."""
    q, cash = quote.totals, quote.policy.cash
    yield "the gift cards", q.cards, sum([card.used for card in quote.cards])
    yield "the tax of gift cards", q.card_tax, sum([card.tax for card in quote.cards])
    yield "what is due", q.due, q.total - q.cards - q.card_tax + q.rounded
    for card in quote.cards:
        if not 0 <= card.used <= (card.balance if card.limit is None else min(card.balance, card.limit)):
            yield f"the use of gift card {card.id}", card.used, f"from 0 to {card.balance}"
    if cash is None:
        yield "the rounding of coins", q.rounded, 0
    elif q.due % cash.increment or abs(q.rounded) >= cash.increment:
        yield "the coins", (q.due, q.rounded), f"the next multiple of {cash.increment}"


def _receipt(quote: Quote) -> Iterator[Contradiction]:
    receipt = receipt_of(quote)
    yield "the receipt", figures_of(quote), recompute(receipt)
    yield "the rows of the receipt", quote.totals.due, sum([row.amount for row in receipt.rows])
    if not intact(quote):
        yield "the hash", quote.hash, "another quote"
