"""A described cart, read strictly from TOML or JSON, and its price from a catalogue. Nothing is stored, nothing held.

currency = "EUR"
shipping = "standard"
codes = ["WELCOME10"]
ship_to = { country = "DE", region = "BE", postcode = "10119" }

[[lines]]
sku = "MUG"
quantity = 2
options = { glaze = "blue" }
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Final, Protocol

from attrs import frozen

from checkout_cli.exits import WrongUsage, listed
from checkout_core import edge
from checkout_core.cart import Limits, Line, add, open_cart
from checkout_core.catalog import Product
from checkout_core.customers import COUNTRIES, Destination
from checkout_core.policy import Policy
from checkout_core.pricing import Basket, Facts, PricingPolicy, Quote, price
from checkout_core.promotions import Promotion
from checkout_core.refusals import Refusal, Refused
from checkout_core.shipping import ShippingOption
from checkout_core.tax import TaxRate

LARGEST: Final = 1_000_000  # bytes of a case (R25)
KNOWN: Final = ("currency", "ship_to", "shipping", "codes", "lines")


@frozen
class Case:
    """A cart that somebody describes."""

    currency: str
    lines: tuple[Line, ...]
    destination: Destination | None = None
    shipping: str | None = None
    codes: tuple[str, ...] = ()


class BadCase(WrongUsage):
    """The case cannot be read: correct it. `mistakes` has all of them."""

    def __init__(self, path: Path, mistakes: tuple[str, ...]) -> None:
        super().__init__(path, mistakes)
        self.path = path
        self.mistakes = mistakes

    def __str__(self) -> str:
        return "\n".join(f"{self.path}: {mistake}" for mistake in self.mistakes)


class Prices(Protocol):
    """What a case is priced from: the Catalog, TaxProvider and ShippingRates ports in one."""

    def products(self, skus: Sequence[str]) -> Mapping[str, Product]: ...
    def promotions(self, codes: Sequence[str]) -> Sequence[Promotion]: ...
    def rates(self, destination: Destination, categories: Sequence[str]) -> Mapping[str, tuple[TaxRate, ...] | None]: ...
    def options(self, destination: Destination, weight: int, currency: str) -> Sequence[ShippingOption | Refused]: ...


def quote_of(case: Case, prices: Prices, now: datetime, policy: PricingPolicy, used_up: Mapping[str, Refused] | None = None) -> Quote:
    """The price of this case. Raises Refusal with every reason why there is none."""
    products = prices.products(sorted({line.sku for line in case.lines}))
    offered: Sequence[ShippingOption | Refused] = ()
    taxes: Mapping[str, tuple[TaxRate, ...] | None] = {}
    if case.destination is not None:
        weight = sum(products[line.sku].weight * line.quantity for line in case.lines if line.sku in products)
        offered = prices.options(case.destination, weight, case.currency)
        categories = {product.tax_category for product in products.values()}
        categories |= {option.tax_category for option in offered if isinstance(option, ShippingOption)}
        taxes = prices.rates(case.destination, sorted(categories))
    deals = tuple(prices.promotions(case.codes))
    facts = Facts(products=products, promotions=deals, taxes=taxes, shipping=tuple(offered), used_up=used_up or {})
    answer = price(Basket(case.currency, case.lines, case.destination, case.shipping, case.codes), facts, now, policy)
    if isinstance(answer, Quote):
        return answer
    raise Refusal.of(answer)


def read_case(path: Path, now: datetime) -> Case:
    """The case in that file. Raises BadCase with every mistake, OSError if it cannot be read."""
    with path.open("rb") as file:
        content = file.read(LARGEST + 1)
    if len(content) > LARGEST:
        raise BadCase(path, (f"It has more than {LARGEST} bytes. This is no cart.",))
    try:
        text = content.decode("utf-8-sig")
        table = json.loads(text) if path.suffix == ".json" else tomllib.loads(text)
    except UnicodeDecodeError as error:
        raise BadCase(path, (f"It is not UTF-8 (byte {error.start + 1}). Save it as UTF-8.",)) from None
    except (tomllib.TOMLDecodeError, json.JSONDecodeError) as error:
        raise BadCase(path, (f"It is not {'JSON' if path.suffix == '.json' else 'TOML'}: {error}.",)) from None
    except RecursionError:
        raise BadCase(path, ("It is nested too deeply.",)) from None
    except ValueError:
        raise BadCase(path, ("It has a number with too many digits.",)) from None
    mistakes: list[str] = []
    case = _case(table, mistakes, now)
    if case is None or mistakes:
        raise BadCase(path, tuple(mistakes))
    return case


def _case(table: object, wrong: list[str], now: datetime) -> Case | None:
    if not isinstance(table, dict):
        wrong.append("It is no table. Give currency, ship_to, shipping, codes and lines.")
        return None
    _only("", table, KNOWN, wrong)
    currency = _text(table, "currency", "currency", wrong, needed=True)
    shipping = _text(table, "shipping", "shipping", wrong)
    codes = table.get("codes", [])
    typed: tuple[str, ...] = ()
    if not isinstance(codes, list):
        wrong.append("codes is a list of texts.")
    else:
        try:
            typed = edge.checked_codes(codes, Policy().codes_at_most)
        except Refusal as refusal:
            wrong += [f"codes: {one}" for one in refusal.refused]
    destination = _destination(table.get("ship_to"), wrong)
    lines = _lines(table.get("lines"), currency, wrong, now)
    return None if currency is None else Case(currency, lines, destination, shipping, typed)


def _destination(value: object, wrong: list[str]) -> Destination | None:
    if value is None:
        return None
    if not isinstance(value, dict):
        wrong.append('ship_to is a table such as { country = "DE", postcode = "10119" }.')
        return None
    _only("ship_to.", value, ("country", "region", "postcode"), wrong)
    country = _text(value, "country", "ship_to.country", wrong, needed=True)
    region, postcode = (_text(value, name, f"ship_to.{name}", wrong) for name in ("region", "postcode"))
    if country is not None and country not in COUNTRIES:
        wrong.append(f"ship_to.country: {Refused('unknown-country', country[:20])}")
    return None if country is None else Destination(country, region, postcode)


def _lines(value: object, currency: str | None, wrong: list[str], now: datetime) -> tuple[Line, ...]:
    """The lines, put into a cart one after the other, so that the rules of carts hold for them too."""
    if not isinstance(value, list) or not value:
        wrong.append("There are no lines. Add a [[lines]] with a sku and a quantity.")
        return ()
    cart = open_cart("case", currency or "EUR", None, now)
    if isinstance(cart, Refused):
        wrong.append(f"currency: {cart}")
        return ()
    for n, line in enumerate(value, start=1):
        at = f"lines[{n}]"
        if not isinstance(line, dict):
            wrong.append(f"{at} is a table with a sku and a quantity.")
            continue
        _only(f"{at}.", line, ("sku", "quantity", "options"), wrong)
        sku, quantity = _text(line, "sku", f"{at}.sku", wrong, needed=True), line.get("quantity", 1)
        options = _options(line.get("options", {}), at, wrong)
        if type(quantity) is not int:
            wrong.append(f"{at}.quantity is a whole number, not {type(quantity).__name__}.")
        elif sku is not None:
            after = add(cart, sku, quantity, options, now, Limits())
            if isinstance(after, Refused):
                wrong.append(f"{at}: {after}")
            else:
                cart = after
    return cart.lines


def _options(value: object, at: str, wrong: list[str]) -> tuple[tuple[str, str], ...]:
    if isinstance(value, dict) and all(isinstance(one, str) for one in value.values()):
        return tuple(value.items())
    wrong.append(f'{at}.options is a table of texts, such as {{ glaze = "blue" }}.')
    return ()


def _text(table: Mapping[str, Any], key: str, place: str, wrong: list[str], *, needed: bool = False) -> str | None:
    value = table.get(key)
    if value is None:
        if needed:
            wrong.append(f"{place} is missing.")
        return None
    refused = tuple(edge.checked_text(place, value))
    wrong += [str(one) for one in refused]
    return None if refused else value


def _only(at: str, table: Mapping[str, object], known: Sequence[str], wrong: list[str]) -> None:
    wrong += [f"{at + str(key)[:40]!r} is unknown. Known: {listed(known, 'and')}." for key in table if key not in known]
