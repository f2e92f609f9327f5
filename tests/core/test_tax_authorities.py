"""Examples that tax authorities have published come out to the cent, each with its source (docs/how-to/taxes.md lists them)."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import pytest

from checkout_core.cart import Line
from checkout_core.catalog import Product
from checkout_core.customers import Destination
from checkout_core.money import Money, Ratio
from checkout_core.pricing import Basket, Facts, Quote, price
from checkout_core.pricing_policy import PricingPolicy, policy_from
from checkout_core.promotions import AmountOff, Percent, Promotion
from checkout_core.receipt import figures_of, receipt_of, recompute
from checkout_core.shipping import ShippingOption
from checkout_core.tax import TaxRate

ROOT: Final = Path(__file__).parents[2]
EXAMPLES: Final[list[dict[str, Any]]] = json.loads((ROOT / "tests" / "vectors" / "tax_authorities.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("example", EXAMPLES, ids=[each["id"] for each in EXAMPLES])
def test_an_authoritys_own_example_comes_out_to_the_cent(example: dict[str, Any]) -> None:
    """Each tax by its name, and the total."""
    currency, products, lines, taxes = example["currency"], {}, [], {}
    for n, each in enumerate(example["lines"]):
        sku, category = f"item-{n}", f"category-{n}"
        products[sku] = Product(sku, sku, [Money.parse(each["amount"], currency)], category, tracked=False)
        taxes[category] = tuple(TaxRate(code, Ratio.parse(rate), *how) for code, rate, *how in each["rates"])
        lines.append(Line(sku, each.get("quantity", 1)))
    delivery = Money.parse(example["delivery"], currency) if "delivery" in example else None
    offers = () if delivery is None else (ShippingOption("delivery", "Delivery", delivery, "delivery"),)
    policy = policy_from({"shipping_tax": example.get("shipping_tax", "own")})
    assert isinstance(policy, PricingPolicy)
    off: tuple[Promotion, ...] = ()
    if "percent_off" in example:
        off = (Promotion("off", "Discount", Percent(Ratio(example["percent_off"]))),)
    elif "amount_off" in example:
        off = (Promotion("off", "Coupon", AmountOff([Money.parse(example["amount_off"], currency)])),)
    basket = Basket(currency, tuple(lines), Destination("US"), tuple(offer.id for offer in offers))
    quote = price(basket, Facts(products, off, taxes, offers), datetime(2026, 1, 1, tzinfo=UTC), policy)
    assert isinstance(quote, Quote), quote
    assert {code: Money(tax, currency) for code, tax in quote.totals.tax_by_code if tax} == {
        code: Money.parse(tax, currency) for code, tax in example["taxes"].items()
    }
    assert quote.total == Money.parse(example["total"], currency)
    assert recompute(receipt_of(quote)) == figures_of(quote)


def test_the_page_lists_each_with_its_source() -> None:
    page = (ROOT / "docs" / "how-to" / "taxes.md").read_text(encoding="utf-8")
    assert [each["id"] for each in EXAMPLES if each["source"] not in page or each.get("address", "") not in page] == []
