"""The cart: lines of what someone wants, without prices. Every change gives a new cart of the next version, or `Refused` and nothing.

A line is known by its content, so the same thing added twice is one line and another personalisation is another (RB-76). Limits
count per SKU over all lines (RB-05). Merging says what became of every line, and destroys neither cart (RB-74, OB-4).
"""

from __future__ import annotations

import hashlib
import json
import re
import reprlib
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Final, Literal, assert_never

from attrs import Attribute, evolve, field, frozen

from checkout_core.customers import looks_like_card_number
from checkout_core.errors import NotFound
from checkout_core.money import CURRENCIES
from checkout_core.refusals import Refused

Options = tuple[tuple[str, str], ...]
How = Literal["sum", "max", "keep_guest", "keep_account"]
What = Literal["added", "kept", "changed", "capped", "dropped", "unchanged"]

MAX_CUSTOMER: Final = 200
MAX_SKU: Final = 100
MAX_OPTIONS: Final = 20
MAX_OPTION_KEY: Final = 40
MAX_OPTION_VALUE: Final = 200


def _is_utc(cart: Cart, attribute: Attribute[datetime | None], value: datetime | None) -> None:
    if value is not None and value.utcoffset() != timedelta(0):
        raise ValueError(f"{attribute.name} is a time in UTC, with its time zone; got {value.isoformat()}.")


def _sorted(pairs: Iterable[tuple[str, str]]) -> Options:
    return tuple(sorted((key, value) for key, value in pairs))


@frozen
class Limits:
    """How much one cart may hold: units of one SKU over all its lines, and lines."""

    quantity: int = 999
    lines: int = 200


@frozen
class Line:
    """So many of one SKU, personalised by `options`: sorted pairs. The `id` follows from SKU and options."""

    sku: str
    quantity: int
    options: Options = field(default=(), converter=_sorted)
    id: str = field(init=False)

    @id.default
    def _content(self) -> str:
        if not self.options:
            return self.sku
        text = json.dumps(self.options, separators=(",", ":"))
        return f"{self.sku}~{hashlib.sha256(text.encode()).hexdigest()[:8]}"


@frozen
class Cart:
    """What one shopper wants to buy. `customer_id` None is a guest's cart.

    `ordered` names the checkout that bought it, `merged_into` the cart it went into (with the report of that merge): either closes it.
    """

    id: str
    currency: str
    customer_id: str | None
    lines: tuple[Line, ...] = ()
    version: int = 1
    created_at: datetime | None = field(default=None, validator=_is_utc)
    updated_at: datetime | None = field(default=None, validator=_is_utc)
    ordered: str | None = None
    merged_into: str | None = None
    merge_report: MergeReport | None = None

    def line(self, line_id: str) -> Line | None:
        """The line of that id, if there is one."""
        return next((line for line in self.lines if line.id == line_id), None)


@frozen
class MergedLine:
    """What became of one line: its quantity in the guest's cart, in the account's cart (0: not there), and now.

    `added` came from the guest; `kept` only the account had; `unchanged` both had, and the account's quantity stands; `changed` both had,
    and it does not; `capped` a limit left room for less; `dropped` it is not in the cart: by the choice of `how`, or no room at all.
    """

    id: str
    sku: str
    guest: int
    account: int
    result: int
    what: What


@frozen
class MergeReport:
    """One row for every line of either cart: the account's first, then what only the guest had, each in its order.

    `currency_changed` (guest's, account's) means that the guest saw other prices: price the cart again, and say so (RB-79).
    """

    how: How
    rows: tuple[MergedLine, ...] = ()
    currency_changed: tuple[str, str] | None = None


def open_cart(id: str, currency: str, customer_id: str | None, now: datetime) -> Cart | Refused:
    """An empty cart."""
    if currency not in CURRENCIES:
        return Refused("unknown-currency", _name(currency))
    if customer_id is not None and not _is_text(customer_id, MAX_CUSTOMER):
        hint = f"Give the account's id, a text of 1 to {MAX_CUSTOMER} characters; None is a guest."
        return Refused("invalid", "customer", _shown(customer_id), hint=hint)
    return Cart(id, currency, customer_id, created_at=now, updated_at=now)


def add(cart: Cart, sku: str, quantity: int, options: Mapping[str, str] | Options, now: datetime, limits: Limits) -> Cart | Refused:
    """`quantity` more of the SKU with these options. Whether we sell it is a question for the catalogue, not asked here."""
    if closed := _closed(cart):
        return closed
    if not _is_text(sku, MAX_SKU):
        return Refused("unknown-sku", _name(sku))
    if refused := _bad_quantity(sku, quantity, limits) or _bad_options(options):
        return refused
    line = Line(sku, quantity, tuple(dict(options).items()))
    old = cart.line(line.id)
    if old and not _same_thing(old, line):
        return _clash(line)
    if not old and len(cart.lines) >= limits.lines:
        return Refused("too-many-lines", sku, limit=limits.lines)
    total = demand(cart.lines).get(sku, 0) + quantity
    if total > limits.quantity:
        return Refused("quantity", sku, str(total), limit=limits.quantity)
    return _put(cart, evolve(old, quantity=old.quantity + quantity) if old else line, now)


def change(cart: Cart, line_id: str, quantity: int, now: datetime, limits: Limits) -> Cart | Refused:
    """The line with this quantity instead; the very same cart if it has that quantity already. To take it out, `remove` it."""
    if closed := _closed(cart):
        return closed
    line = cart.line(line_id)
    if line is None:
        return Refused("unknown-line", _name(line_id))
    if refused := _bad_quantity(line.sku, quantity, limits):
        return refused
    if quantity == line.quantity:
        return cart
    total = demand(cart.lines)[line.sku] - line.quantity + quantity
    if total > limits.quantity and quantity > line.quantity:  # limits may have been lowered: towards them is always allowed
        return Refused("quantity", line.sku, str(total), limit=limits.quantity)
    return _put(cart, evolve(line, quantity=quantity), now)


def remove(cart: Cart, line_id: str, now: datetime) -> Cart | Refused:
    """The cart without that line."""
    if closed := _closed(cart):
        return closed
    if cart.line(line_id) is None:
        return Refused("unknown-line", _name(line_id))
    return _next(cart, tuple(line for line in cart.lines if line.id != line_id), now)


def demand(lines: Iterable[Line]) -> dict[str, int]:
    """How many of each SKU, over all lines: what stock and limits are asked for (RB-05). Sorted by SKU."""
    total: dict[str, int] = {}
    for line in lines:
        total[line.sku] = total.get(line.sku, 0) + line.quantity
    return dict(sorted(total.items()))


def merge(guest: Cart, account: Cart, how: How, now: datetime, limits: Limits) -> tuple[Cart, Cart, MergeReport] | Refused:
    """The account's cart with the guest's lines in it, the guest's cart closed with its lines kept, and what became of every line.

    - `sum` adds the quantities, `max` takes the larger; `keep_guest` and `keep_account` take the lines of one cart and drop the others'.
    - Limits hold for the result: what the account had comes first, earlier lines come before later ones.
    - Repeating a merge changes nothing and gives the first report (K4).
    - A second cart of the same customer may be merged like a guest's. Somebody else's looks as if it did not exist: `NotFound` (R21).
    """
    if guest.customer_id not in (None, account.customer_id):
        raise NotFound("cart", guest.id)
    if guest.id == account.id:
        return Refused("same-cart", account.id)
    if guest.merged_into == account.id and guest.merge_report:
        return account, guest, guest.merge_report
    if closed := _closed(guest) or _closed(account):
        return closed
    lines = {line.id: line for line in (*account.lines, *guest.lines)}
    for line in account.lines:
        if not _same_thing(line, lines[line.id]):
            return _clash(line)
    theirs, ours = _quantities(guest.lines, lines), _quantities(account.lines, lines)
    wanted = {id: _wanted(how, theirs[id], ours[id]) for id in lines}
    result = _fitted(lines, ours, wanted, limits)
    rows = (MergedLine(id, lines[id].sku, g := theirs[id], a := ours[id], r := result[id], _what(g, a, wanted[id], r)) for id in lines)
    report = MergeReport(how, tuple(rows), None if guest.currency == account.currency else (guest.currency, account.currency))
    merged = tuple(evolve(line, quantity=result[id]) for id, line in lines.items() if result[id])
    away = evolve(_next(guest, guest.lines, now), merged_into=account.id, merge_report=report)
    return _next(account, merged, now), away, report


def _wanted(how: How, guest: int, account: int) -> int:
    match how:
        case "sum":
            return guest + account
        case "max":
            return max(guest, account)
        case "keep_guest":
            return guest
        case "keep_account":
            return account
        case _:
            assert_never(how)


def _fitted(lines: Mapping[str, Line], ours: Mapping[str, int], wanted: Mapping[str, int], limits: Limits) -> dict[str, int]:
    """The quantities that find room. First what the account had, then the rest: a guest's line never crowds out the account's."""
    result = dict.fromkeys(lines, 0)
    room = {line.sku: limits.quantity for line in lines.values()}
    free_lines = limits.lines
    for share in ({id: min(ours[id], wanted[id]) for id in lines}, wanted):
        for id, line in lines.items():
            more = min(share[id] - result[id], room[line.sku])
            if more > 0 and (result[id] or free_lines > 0):
                free_lines -= not result[id]
                result[id] += more
                room[line.sku] -= more
    return result


def _what(guest: int, account: int, wanted: int, result: int) -> What:
    if not result:
        return "dropped"
    if result < wanted:
        return "capped"
    if not account:
        return "added"
    if not guest:
        return "kept"
    return "unchanged" if result == account else "changed"


def _quantities(lines: Iterable[Line], ids: Iterable[str]) -> dict[str, int]:
    return dict.fromkeys(ids, 0) | {line.id: line.quantity for line in lines}


def _closed(cart: Cart) -> Refused | None:
    if cart.ordered:
        return Refused("cart-closed", cart.ordered)
    if cart.merged_into:
        return Refused("cart-merged", cart.merged_into)
    return None


def _put(cart: Cart, line: Line, now: datetime) -> Cart:
    lines = {old.id: old for old in cart.lines} | {line.id: line}
    return _next(cart, tuple(lines.values()), now)


def _next(cart: Cart, lines: tuple[Line, ...], now: datetime) -> Cart:
    return evolve(cart, lines=lines, version=cart.version + 1, updated_at=now)


def _same_thing(one: Line, other: Line) -> bool:
    return (one.sku, one.options) == (other.sku, other.options)


def _clash(line: Line) -> Refused:
    """Two things with one line id: the eight digits can be made to agree, and then one text must not pass for the other."""
    return Refused("invalid", "options", f"line {line.id} holds other ones", hint="Remove that line, or change the options a little.")


def _bad_quantity(sku: str, quantity: int, limits: Limits) -> Refused | None:
    """Only an int is a quantity: True, 1.5, "1" and NaN are not (K8)."""
    if type(quantity) is int and 1 <= quantity <= limits.quantity:
        return None
    return Refused("quantity", sku, _shown(quantity), limit=limits.quantity)


def _bad_options(options: Mapping[str, str] | Options) -> Refused | None:
    if len(options) > MAX_OPTIONS:
        return Refused("invalid", "options", f"{len(options)} of them", hint=f"Give at most {MAX_OPTIONS}.")
    pairs = options.items() if isinstance(options, Mapping) else options
    for key, value in pairs:
        if not _is_text(key, MAX_OPTION_KEY):
            return Refused("invalid", "options", f"the key {_shown(key)}", hint=f"Use a text of 1 to {MAX_OPTION_KEY} characters.")
        if looks_like_card_number(key):
            return Refused("card-number", "options")
        if value != "" and not _is_text(value, MAX_OPTION_VALUE):
            return Refused("invalid", key, _shown(value), hint=f"Use a text of at most {MAX_OPTION_VALUE} characters.")
        if looks_like_card_number(value):
            return Refused("card-number", key)
    if len({key for key, _ in pairs}) < len(options):
        return Refused("invalid", "options", "a key is there twice", hint="Give each key once.")
    return None


def _is_text(value: object, longest: int) -> bool:
    """Text that every database keeps: no control characters but tab and line ends, no half of a surrogate pair."""
    return type(value) is str and 1 <= len(value) <= longest and not re.search(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]", value)


def _name(text: str) -> str:
    return text if _is_text(text, MAX_SKU) and text.isprintable() and not looks_like_card_number(text) else _shown(text)


def _shown(value: object) -> str:
    """At most 40 characters of anything, and never a card number (R24)."""
    try:
        text = reprlib.repr(value)
    except ValueError:  # Python writes out no int of thousands of digits
        text = "a huge number"
    return "•••" if looks_like_card_number(text) else text[:40]
