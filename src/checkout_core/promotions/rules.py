"""A promotion: what it gives, when, on what, and how it gets on with others. And whether it applies to a cart here and now.

A promotion with a code is asked for by typing it; one without is automatic.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final, Literal, get_args

from attrs import evolve, field, frozen

from checkout_core.catalog import Product
from checkout_core.customers import canonical_code
from checkout_core.errors import BadSetting
from checkout_core.money import Money
from checkout_core.promotions.benefits import (
    BENEFITS,
    AmountOff,
    Amounts,
    Benefit,
    Bundle,
    BuyGet,
    FreeGift,
    Naming,
    On,
    amounts_of,
    currencies_of,
    not_a_benefit,
    skus_of,
)
from checkout_core.promotions.conditions import Assortment, Condition, Context, asked, pairs_of
from checkout_core.promotions.windows import Window
from checkout_core.refusals import Refused
from checkout_core.sheet import Sheet

Basis = Literal["current", "original"]

ABOUT_GOODS: Final = frozenset({"minimum-spend", "minimum-quantity", "not-these-goods", "no-effect", "not-combinable", "already-reduced"})
"""The refusals that other goods would change: not worth telling while part of the cart has no price."""


def _attributes(given: Mapping[str, Iterable[str]] | Iterable[tuple[str, str]] | None) -> frozenset[tuple[str, str]] | None:
    return None if given is None else pairs_of(given)


def _conditions(given: Iterable[Condition]) -> tuple[Condition, ...]:
    return tuple(given)


@frozen(cache_hash=True)
class Promotion:
    """One rule of the shop that makes things cheaper. Raises `BadSetting` if it contradicts itself, or can never apply.

    - `benefit`: what it gives (`checkout_core.promotions.benefits`).
    - `skus`, `categories`, `attributes`: the goods it covers, those that any of the three names; if none is given, all. `but_not`: goods
      left out of these. `methods`: the carriage it covers; None is all. A benefit on shipping alone asks for one of its goods in the cart.
    - `when`: conditions (`checkout_core.promotions.conditions`) that must all hold.
    - `code`: what the shopper types, canonical; None is automatic. `by_code`: it has codes of its own, issued in batches, and is never
      automatic; the catalogue gives it with the `code` that was typed, which was `issued` in that spelling. `per_code`: how often each of
      them can be used.
    - `starts`, `ends`: UTC instants; it runs from `starts` up to, but not at, `ends`.
    - `minimum`: the goods must be worth so much, by currency: all of them, or those of `minimum_skus`. `minimum_basis` `current` looks at
      what the promotions before this one left, `original` at the undiscounted goods. Reaching the value is enough.
    - `limit`, `per_person`: how often it can be used, in all and by one person; counted outside, and held while someone pays. `over`: so
      many uses beyond the limit are honoured for those to whom it was promised in time (RB-65); 0 is a hard limit.
    - `window`: how often in each hour, day, week or month. `budget`: the money it may give away, by currency, to the minor unit.
    - `kept_when_cancelled`: an order that is cancelled does not give back what it used of all these.
    - `priority`: the higher first, equals in the order given. `exclusive`: if it takes something, no other promotion of its `lane` does.
      Exclusive ones come first.
    - `lane`: the promotions that an exclusive one shuts out; those of another lane apply besides it.
    - `group`: of the promotions of one group, within a lane, only the best one takes something off each line.
    - `full_price`: it makes only what nothing before it made cheaper.
    """

    id: str
    name: str
    benefit: Benefit
    skus: frozenset[str] | None = field(default=None, converter=skus_of, kw_only=True)
    categories: frozenset[str] | None = field(default=None, converter=skus_of, kw_only=True)
    attributes: frozenset[tuple[str, str]] | None = field(default=None, converter=_attributes, kw_only=True)
    but_not: Assortment | None = field(default=None, kw_only=True)
    methods: frozenset[str] | None = field(default=None, converter=skus_of, kw_only=True)
    when: tuple[Condition, ...] = field(default=(), converter=_conditions, kw_only=True)
    code: str | None = field(default=None, kw_only=True)
    by_code: bool = field(default=False, kw_only=True)
    issued: str | None = field(default=None, kw_only=True)
    per_code: int | None = field(default=None, kw_only=True)
    starts: datetime | None = field(default=None, kw_only=True)
    ends: datetime | None = field(default=None, kw_only=True)
    minimum: Amounts = field(default=(), converter=amounts_of, hash=False, kw_only=True)
    minimum_basis: Basis = field(default="current", kw_only=True)
    minimum_skus: frozenset[str] | None = field(default=None, converter=skus_of, kw_only=True)
    limit: int | None = field(default=None, kw_only=True)
    per_person: int | None = field(default=None, kw_only=True)
    over: int = field(default=0, kw_only=True)
    window: Window | None = field(default=None, kw_only=True)
    budget: Amounts = field(default=(), converter=amounts_of, hash=False, kw_only=True)
    kept_when_cancelled: bool = field(default=False, kw_only=True)
    priority: int = field(default=0, kw_only=True)
    exclusive: bool = field(default=False, kw_only=True)
    group: str | None = field(default=None, kw_only=True)
    lane: str = field(default="", kw_only=True)
    full_price: bool = field(default=False, kw_only=True)
    currencies: frozenset[str] | None = field(init=False, eq=False, repr=False)
    """The currencies it is for; None is all."""
    goods: Assortment | None = field(init=False, eq=False, repr=False)
    """The goods it covers, before `but_not`; None is all."""

    on: On = field(init=False, eq=False, repr=False)
    """What it takes something off."""

    rivals: str | None = field(init=False, eq=False, repr=False)
    """The name of its group over all lanes."""

    @on.default
    def _on(self) -> On:
        on: On = getattr(self.benefit, "on", "lines") if not_a_benefit(self.benefit) is None else "lines"
        return on

    @rivals.default
    def _rivals(self) -> str | None:
        return self.group if self.group is None or not self.lane else f"{self.lane}:{self.group}"

    @goods.default
    def _goods(self) -> Assortment | None:
        if self.skus is None and self.categories is None and self.attributes is None:
            return None
        return Assortment(self.skus or (), self.categories or (), self.attributes or ())

    @currencies.default
    def _currencies(self) -> frozenset[str] | None:
        own = currencies_of(self.benefit) if type(self.benefit) in BENEFITS else None
        asked = (own, frozenset(self.minimum) or None, frozenset(self.budget) or None)
        given = [each for each in asked if each is not None]
        return frozenset.intersection(*given) if given else None

    def __attrs_post_init__(self) -> None:
        for place, problem, cure in _mistakes(self):
            raise BadSetting(f"Promotion {self.id!r}, {place}", problem, cure)

    @property
    def label(self) -> str:
        """What a refusal calls it: its code, or the id of an automatic one."""
        return self.code or self.id

    def covers(self, sku: str, product: Product | None) -> bool:
        """Whether it covers this thing; without the product only its SKU counts."""
        left_out = self.but_not is not None and self.but_not.has(sku, product)
        return not left_out and (self.goods is None or self.goods.has(sku, product))

    @property
    def automatic(self) -> bool:
        """Whether nothing has to be typed for it."""
        return self.code is None and not self.by_code

    @property
    def limited(self) -> bool:
        """Whether something is counted for it."""
        by_code = self.per_code is not None and self.issued is not None
        return by_code or self.limit is not None or self.per_person is not None or self.window is not None or bool(self.budget)

    @property
    def a_person(self) -> bool:
        """Whether it is counted by person, so that one has to be known."""
        return self.per_person is not None or (self.window is not None and self.window.a_person)

    @property
    def on_goods(self) -> bool:
        """Whether it takes something off goods."""
        return self.on != "shipping"


def _mistakes(p: Promotion) -> Iterable[tuple[str, str, str]]:
    if not p.id:
        yield "id", "it has no id", "Name it."
    if (problem := not_a_benefit(p.benefit)) is not None:
        known = ", ".join(benefit.__name__ for benefit in BENEFITS)
        yield "benefit", problem, f"Use one of {known}, or a frozen class with on, words and takes."
        return
    if p.currencies == frozenset():
        if p.budget:
            yield "budget", "no currency has an amount, a minimum and a budget, so it can never apply", "Give all of them in one currency."
        else:
            yield "minimum", "no currency has both an amount and a minimum, so it can never apply", "Give both in one currency."
    if any(amount.minor <= 0 for amount in p.budget.values()):
        yield "budget", "it is zero or less", "Leave it out, or write more than zero."
    if type(p.over) is not int or p.over < 0:
        yield "over", f"it is a whole number of uses, 0 or more, not {p.over!r}", "Leave it out for a hard limit."
    if p.over and p.limit is None:
        yield "over", "there is no limit that it could go beyond", "Give a limit, or leave it out."
    if p.by_code and p.code is not None and p.issued is None:
        yield "code", "it has codes of its own, and a code for all besides", "Keep one of the two: code, or by_code."
    if p.issued is not None and not (p.by_code and p.code is not None):
        yield "issued", "a code was issued for it, and it has none", "Leave it to the catalogue."
    if p.per_code is not None and not p.by_code:
        yield "per_code", "it has no codes of its own", "Say by_code, or leave it out."
    if p.kept_when_cancelled and not p.limited and p.per_code is None:
        yield "kept_when_cancelled", "nothing of it is counted", "Give a limit, or leave it out."
    if isinstance(p.benefit, AmountOff) and p.minimum and (alone := sorted(set(p.benefit.amounts) - set(p.minimum))):
        yield "minimum", f"there is an amount but no minimum in {', '.join(alone)}", "Give both."
    if any(amount.minor <= 0 for amount in p.minimum.values()):
        yield "minimum", "it is zero or less", "Leave it out, or write more than zero."
    if p.minimum_basis not in get_args(Basis):
        yield "minimum_basis", f"{p.minimum_basis!r} is not a basis", f"Use one of {', '.join(get_args(Basis))}."
    if isinstance(p.benefit, Naming) and not (p.goods is None and p.but_not is None):
        place = (
            "skus" if p.skus is not None else "but_not" if p.goods is None else "categories" if p.categories is not None else "attributes"
        )
        yield place, "what it is about stands in the benefit", f"Name the SKUs there, as {_where(p.benefit)}."
    if isinstance(p.benefit, FreeGift) and p.budget:
        yield "budget", "a gift takes no money off", "Give limit, which says how many may have it."
    if p.but_not is not None and not p.but_not:
        yield "but_not", "it names no goods", "Leave it out."
    if not _covers_something(p):
        yield "skus", "it covers nothing at all, so it can never apply", "Leave skus or methods out to cover everything."
    if p.minimum_skus is not None and not (p.minimum_skus and p.minimum):
        yield "minimum_skus", "no goods, or no minimum that they must reach", "Give a minimum and at least one SKU, or leave both out."
    if p.code is not None and canonical_code(p.code) != p.code:
        yield "code", f"the code {p.code!r} is not canonical", f"Write {canonical_code(p.code)!r}."
    for name, instant in (("starts", p.starts), ("ends", p.ends)):
        if instant is not None and instant.utcoffset() != timedelta(0):
            yield name, f"{instant.isoformat()} is not in UTC", "Give a time in UTC, with its time zone."
    if p.starts is not None and p.ends is not None and p.starts >= p.ends:
        yield "ends", "it ends before it starts, so it can never apply", "Correct one of the two."
    for name, count in (("limit", p.limit), ("per_person", p.per_person), ("per_code", p.per_code)):
        if count is not None and (type(count) is not int or count < 1):
            yield name, f"it is a whole number of uses, at least 1, not {count!r}", "Leave it out if there is no limit."
    if p.limit is not None and p.per_person is not None and p.per_person > p.limit:
        yield "per_person", f"one person may use it more often than all together ({p.limit})", "Lower it, or raise the limit."
    if type(p.priority) is not int:
        yield "priority", f"it is a whole number, not {p.priority!r}", "Write 0, or more for an earlier turn."
    if p.group == "":
        yield "group", "it has no name", "Name it, or leave it out."
    for name, text in (("lane", p.lane), ("group", p.group or "")):
        if ":" in text:
            yield name, f"{text!r} has a colon in it", "Use letters and dashes."


def _where(benefit: Naming) -> str:
    return "buy and get" if isinstance(benefit, BuyGet) else "the SKUs of its parts"


def _covers_something(p: Promotion) -> bool:
    """Whether there can be an entry for it: an empty set covers nothing."""
    match p.on:
        case "shipping":
            return p.methods != frozenset() and (p.goods is None or bool(p.goods))
        case "order_and_shipping":
            return bool(p.goods is None or p.goods or p.methods is None or p.methods)
        case _:
            return p.goods is None or bool(p.goods)


def entries_of(p: Promotion, sheet: Sheet) -> Sequence[int]:
    """The positions of the entries it covers now."""
    entries = _entries(p, sheet)
    return [i for i in entries if sheet.current[i] == sheet.original[i]] if p.full_price else entries


def _entries(p: Promotion, sheet: Sheet) -> Sequence[int]:
    benefit = p.benefit
    if isinstance(benefit, BuyGet):
        return _goods(benefit.get, sheet)
    if isinstance(benefit, Bundle):
        return _goods(benefit.skus, sheet)
    if p.on == "shipping":
        return _carriage(p.methods, sheet)
    if p.on == "order_and_shipping":
        return [*covered_by(p, sheet), *_carriage(p.methods, sheet)]
    return covered_by(p, sheet)


def covered_by(p: Promotion, sheet: Sheet) -> Sequence[int]:
    """The positions of the lines it covers."""
    if p.categories is None and p.attributes is None and p.but_not is None:
        return _goods(p.skus, sheet)
    products: Sequence[Product | None] = sheet.products or [None] * sheet.goods
    return [i for i, (key, product) in enumerate(zip(sheet.keys, products, strict=False)) if p.covers(key, product)]


def bought_of(benefit: BuyGet, sheet: Sheet) -> Sequence[int]:
    """The positions of the lines that count as bought."""
    return _goods(benefit.buy, sheet)


def _goods(skus: frozenset[str] | None, sheet: Sheet) -> Sequence[int]:
    if skus is None:
        return sheet.lines
    return [i for i, key in enumerate(sheet.keys[: sheet.goods]) if key in skus]


def _carriage(methods: frozenset[str] | None, sheet: Sheet) -> Sequence[int]:
    entries = range(sheet.goods, len(sheet.keys))
    return entries if methods is None else [i for i in entries if sheet.keys[i] in methods]


Obstacle = tuple[str, Refused]
"""A requirement that does not hold, by its place in the promotion, and why not."""


def unmet(p: Promotion, context: Context) -> Iterator[Obstacle]:
    """Those of its conditions `when` that do not hold, in their order."""
    for n, condition in enumerate(p.when):
        refused = asked(condition, context)
        if refused is not None:
            yield f"when[{n}]", refused if refused.subject else evolve(refused, subject=p.label)


def obstacles(
    p: Promotion, sheet: Sheet, entries: Sequence[int], now: datetime, used_up: Refused | None, barred: Iterable[Obstacle] = ()
) -> Iterator[Obstacle]:
    """All that does not hold, each with how far away it is; nothing: it may apply.

    Whether it may be combined with others is for `stack`; `used_up` is what the counters said, `barred` what its own conditions did.
    """
    currency = sheet.currency
    if p.starts is not None and now < p.starts:
        yield "starts", Refused("not-yet", p.label, until=p.starts)
    if p.ends is not None and now >= p.ends:
        yield "ends", Refused("expired", p.label, until=p.ends)
    only = p.currencies
    if only is not None and currency not in only:
        yield "currencies", Refused("other-currency", p.label, ", ".join(sorted(only)))
    if used_up is not None:
        yield "uses", used_up
    yield from barred
    if not entries and p.full_price and _entries(p, sheet):
        yield "full_price", Refused("already-reduced", p.label)
    elif not entries and (p.on_goods or sheet.carriage_known):
        yield "goods", Refused("not-these-goods" if p.on_goods else "no-effect", p.label)
    elif not p.on_goods and not (p.goods is None and p.but_not is None) and not covered_by(p, sheet):
        yield "goods", Refused("not-these-goods", p.label)
    if p.minimum and currency in p.minimum:
        amounts = sheet.current if p.minimum_basis == "current" else sheet.original
        worth = sum(amounts[: sheet.goods] if p.minimum_skus is None else [amounts[i] for i in _goods(p.minimum_skus, sheet)])
        missing = p.minimum[currency].minor - worth
        if missing > 0:
            yield "minimum", Refused("minimum-spend", p.label, missing=Money(missing, currency))
