"""The steps from a past version of a document to the one after: plain objects in, plain objects out, `v` is not their business.

A step meets what nobody has checked. It takes what it needs and leaves the rest as it is, so that a field too many is still refused when
the result is read; what it cannot make sense of, it raises at (any exception will do).
"""

from __future__ import annotations

from typing import Any, Final

Document = dict[str, Any]


def raised_checkout_1(old: Document) -> Document:
    """Nobody was named yet."""
    return _with(old, by="")


def raised_checkout_2(old: Document) -> Document:
    """A shop had no channels and took no gift cards; nobody said beforehand how they would pay, and no price was promised, nor a day."""
    return _with(old, channel="", pay_by="", cards=[], promises=[], arrival=None)


def raised_product_1(old: Document) -> Document:
    """No price had a floor, and none was below zero; nothing was said of a thing but its name and its weight."""
    return _with(old, size=None, floors=[], credit=False, categories=[], attributes=[])


def raised_promotion_1(old: Document) -> Document:
    """There were three kinds: a percent of the order, an amount off it, and free carriage.

    One person could be allowed more uses than all together; that never meant more than all together, and is no longer written.
    """
    rest = dict(old)
    kind, percent, amounts = rest.pop("kind"), rest.pop("percent"), rest.pop("amounts")
    most, own = rest["limit"], rest["per_person"]
    if type(most) is type(own) is int:
        rest["per_person"] = min(own, most)
    return _with(rest, benefit=_benefit(kind, percent, amounts), methods=None, minimum_skus=None, group=None, **_UNHEARD_OF)


def raised_shipping_1(old: Document) -> Document:
    """Bands went by weight, a zone by countries and regions; it was the same from every location; nobody fetched anything."""
    rest = dict(old)
    return _with(rest, zones=[_zone(zone) for zone in rest.pop("zones")], parcels="together", points=[])


def _zone(zone: Document) -> Document:
    rest = dict(zone)
    bands = [_with(band, worth=[]) for band in rest.pop("bands")]
    calendar = {"workdays": ["fri", "mon", "thu", "tue", "wed"], "holidays": []}
    return _with(rest, bands=bands, postcodes=None, origins=None, by="weight", divisor=5000, calendar=calendar)


def raised_tax_1(old: Document) -> Document:
    """A row was in force for ever, and nobody said why nothing was due."""
    rest = dict(old)
    rates = rest.pop("rates")
    return _with(rest, rates=_rates(rates), since=None, until=None, zone="UTC")


def _rates(rates: list[Document]) -> list[Document]:
    return [_with(rate, reason=None) for rate in rates]


def raised_quote_1(old: Document) -> Document:
    """Carriage was one entry, without an id if there was nothing to send; gift cards, coins and floors were unknown.

    Its hash stays, and says by `scheme` how it was made.
    """
    rest = dict(old)
    carriage, lines, used, policy, totals = [rest.pop(name) for name in ("shipping", "lines", "promotions", "policy", "totals")]
    sent = [_with(carriage, parts=[], point=[], source=None)] if carriage["id"] else []
    if not sent and (any(carriage.values()) or len(carriage) != _CARRIAGE):
        raise ValueError("nothing to send has a price")
    rates = rest.pop("rates")
    return _with(
        rest,
        rates=[[category, _rates(each)] for category, each in rates],
        lines=[_with(line, floor=0, origin=None) for line in lines],
        shipping=sent,
        promotions=[_applied(each, len(lines), len(sent), rest["currency"]) for each in used],
        cards=[],
        policy=_policy(policy),
        totals=_with(totals, cards=0, card_tax=0, rounded=0, due=totals["total"]),
        scheme=1,
        tax_source=None,
        experiments=[],
    )


def _applied(old: Document, goods: int, carriages: int, currency: str) -> Document:
    """`weights` were the amounts of the lines at that moment, 0 for one not covered; what was taken off the carriage stood apart."""
    rest = dict(old)
    kind, percent, carriage = rest.pop("kind"), rest.pop("percent"), rest.pop("shipping")
    weights, shares = rest.pop("weights"), rest.pop("shares")
    covered = [n for n, (weight, share) in enumerate(zip(weights, shares, strict=True)) if _counts(weight, share)]
    if len(weights) != goods or (kind == "free_shipping") != bool(carriage):
        raise ValueError("a share of what is not there")
    entries: list[int] | None = covered
    if kind == "free_shipping":
        if covered or carriages != 1:
            raise ValueError("free carriage of goods")
        entries, shares = [goods], [carriage]
    elif len(covered) == goods:
        entries = None
    else:
        shares = [shares[n] for n in covered]
    amounts = [[sum(shares) + rest["unused"], currency]] if kind == "fixed" else []
    benefit = _benefit(kind, percent, amounts)
    return _with(
        rest,
        entries=entries,
        shares=shares,
        units=[],
        bought=[],
        benefit=benefit,
        group=None,
        when=[],
        budget=None,
        window=None,
        kept=False,
        issued=None,
        per_code=None,
    )


def _counts(weight: int, share: int) -> bool:
    """Whether a line was covered; one that was not gave nothing."""
    if type(weight) is not int or type(share) is not int or (share and not weight):
        raise ValueError("a share of nothing")
    return bool(weight)


def _benefit(kind: str, percent: str | None, amounts: list[Any]) -> Document:
    of_all: Document = {"cap": [], "max_units": None, "unit_order": "line_order"}
    match kind, percent, amounts:
        case "percent", str(), []:
            return {"type": "percent", "percent": percent, "on": "order", **of_all}
        case "free_shipping", None, []:
            return {"type": "percent", "percent": "100", "on": "shipping", **of_all}
        case "fixed", None, [_, *_]:
            return {"type": "amount-off", "amounts": amounts, "on": "order"}
        case _:
            raise ValueError("a kind with what belongs to another")


def _policy(old: Document) -> Document:
    """What could not be chosen yet was as it is by default today, but for one: shares were rounded as the discount was."""
    return _with(
        {name: value for name, value in old.items() if name != "tax"},
        tax=_with(old["tax"], base="after_discount", discount_tax="net_of_discount", order_shares="largest_remainder"),
        discount_target="discount",
        percent_line_level="line",
        percent_order_level="order",
        allocation_mode=old["discount_mode"],
        allocation_basis="price",
        stacking="sequential",
        cash=None,
        shipping_tax="own",
        prices_keep="gross",
    )


def _with(old: Document, **new: object) -> Document:
    """The object with these fields besides. One that has them already was never of the version it says."""
    if old.keys() & new.keys():
        raise ValueError("a field of a later version")
    return {**old, **new}


_CARRIAGE: Final = 9  # fields of a carriage
_UNHEARD_OF: Final[Document] = {
    "categories": None,
    "attributes": None,
    "but_not": None,
    "when": [],
    "lane": "",
    "full_price": False,
    "over": 0,
    "window": None,
    "budget": [],
    "kept_when_cancelled": False,
    "by_code": False,
    "issued": None,
    "per_code": None,
}
