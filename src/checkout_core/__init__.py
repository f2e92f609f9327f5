"""Checkout, to embed: from a cart to a paid, placed, refundable order. Start with `Shop`; start reading at `checkout_core.flow.plan`."""

from checkout_core.carriers import AsyncCarrierShipping
from checkout_core.cart import Cart, Limits, Line, MergeReport
from checkout_core.catalog import Product
from checkout_core.checkout import ActionRequired, Checkout, Deadlines, Pending, Placed, Result
from checkout_core.customers import Address, Contact, Destination, Shopper
from checkout_core.errors import Broken, Busy, CheckoutError, Misconfigured, NoAnswer, NotFound, Unavailable, Undeliverable
from checkout_core.experiments import Experiment
from checkout_core.memory import AsyncMemoryCatalog, AsyncMemoryStorage, MemoryCatalog, MemoryStorage
from checkout_core.memory_lists import AsyncMemoryQueries, MemoryQueries
from checkout_core.money import Money, Ratio
from checkout_core.orders import Order
from checkout_core.payments import Card, Upi
from checkout_core.policy import Policy
from checkout_core.prices import PriceBook, PriceList, PriceRow, ShownPrice
from checkout_core.pricing import Quote
from checkout_core.promotions import Promotion
from checkout_core.refusals import Refusal, Refused
from checkout_core.regulars import AsyncOwnOrders
from checkout_core.shipping import Band, ShippingMethod, ShippingTable, Zone
from checkout_core.shop import AsyncShop
from checkout_core.sync.carriers import CarrierShipping
from checkout_core.sync.regulars import OwnOrders
from checkout_core.sync.shop import Shop
from checkout_core.sync.tax_reports import TaxReporter
from checkout_core.sync.worker import Worker
from checkout_core.tax import TaxRate, TaxRow, TaxTable
from checkout_core.tax_reports import AsyncTaxReporter
from checkout_core.worker import AsyncWorker

__all__ = [
    "ActionRequired",
    "Address",
    "AsyncCarrierShipping",
    "AsyncMemoryCatalog",
    "AsyncMemoryQueries",
    "AsyncMemoryStorage",
    "AsyncOwnOrders",
    "AsyncShop",
    "AsyncTaxReporter",
    "AsyncWorker",
    "Band",
    "Broken",
    "Busy",
    "Card",
    "CarrierShipping",
    "Cart",
    "Checkout",
    "CheckoutError",
    "Contact",
    "Deadlines",
    "Destination",
    "Experiment",
    "Limits",
    "Line",
    "MemoryCatalog",
    "MemoryQueries",
    "MemoryStorage",
    "MergeReport",
    "Misconfigured",
    "Money",
    "NoAnswer",
    "NotFound",
    "Order",
    "OwnOrders",
    "Pending",
    "Placed",
    "Policy",
    "PriceBook",
    "PriceList",
    "PriceRow",
    "Product",
    "Promotion",
    "Quote",
    "Ratio",
    "Refusal",
    "Refused",
    "Result",
    "ShippingMethod",
    "ShippingTable",
    "Shop",
    "Shopper",
    "ShownPrice",
    "TaxRate",
    "TaxReporter",
    "TaxRow",
    "TaxTable",
    "Unavailable",
    "Undeliverable",
    "Upi",
    "Worker",
    "Zone",
]
