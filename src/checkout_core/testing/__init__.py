"""Contract kits: what an adapter promises, as tests. Subclass one where your tests are, say how yours is made, and run it.

    from checkout_core.testing import GatewayContract

    class TestMyGateway(GatewayContract):
        def make(self):
            return MyGateway(...)

A promise that an adapter does not make, by its declared capabilities or a hook left out, is skipped and says so. The kits are sync: an
async adapter is tested through `synced(adapter)`. They need no test runner: every `test_` method of a new instance is a promise.
"""

from __future__ import annotations

import sys

if "pytest" in sys.modules:  # so that a failing promise shows its values
    _kits = ("addresses", "carriers", "carts", "commits", "gateway", "notifier", "pools", "prices", "processes", "queries", "storage")
    sys.modules["pytest"].register_assert_rewrite(*(f"{__name__}.{kit}" for kit in (*_kits, "taxes")))

from checkout_core.testing.addresses import AddressBookContract
from checkout_core.testing.carriers import CarrierContract, TableCarrier
from checkout_core.testing.gateway import GatewayContract
from checkout_core.testing.notifier import NotifierContract
from checkout_core.testing.parts import HandClock, a_cart, a_checkout, needs, synced
from checkout_core.testing.prices import PricesContract
from checkout_core.testing.queries import QueriesContract
from checkout_core.testing.storage import StorageContract
from checkout_core.testing.taxes import TableTaxProvider, TaxProviderContract, TaxRecordsContract

__all__ = [
    "AddressBookContract",
    "CarrierContract",
    "GatewayContract",
    "HandClock",
    "NotifierContract",
    "PricesContract",
    "QueriesContract",
    "StorageContract",
    "TableCarrier",
    "TableTaxProvider",
    "TaxProviderContract",
    "TaxRecordsContract",
    "a_cart",
    "a_checkout",
    "needs",
    "synced",
]
