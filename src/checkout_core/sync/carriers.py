# Made from ../carriers.py by tests/project/twins.py; do not edit.
"""Rates of carriers in a shop's ways to send, and what stands in for them while a carrier is away.

    shop = Shop(shipping=CarrierShipping(catalog, [acme], {"express": ("acme", "X24")}), …)

The table says which methods there are, where they go and what they are called; the carrier what they cost. While it is away they cost what
the table says, or are not offered: nothing is guessed, and no other method waits for it.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

from attrs import evolve

from checkout_core.errors import CheckoutError, Misconfigured
from checkout_core.sync.ports import Carrier, ShippingRates
from checkout_core.refusals import Refused
from checkout_core.shipping import CarrierRate, RateSource, Shipment, ShippingOption
from checkout_core.values import Table


class CarrierShipping:
    """Ways to send whose prices carriers name. It is the `ShippingRates` port of a shop.

    `services`: by the id of a method, the name of its carrier and what the carrier calls it. `outage`: while a carrier does not answer,
    its methods cost what the `table` says (`"fallback"`), or are refused with `rates-away` (`"block"`). What is fetched at a pickup point
    keeps the price of the table.
    Raises Misconfigured for a service of a carrier that is not among `carriers`.
    """

    def __init__(
        self,
        table: ShippingRates,
        carriers: Iterable[Carrier],
        services: Mapping[str, tuple[str, str]],
        *,
        outage: Literal["block", "fallback"] = "fallback",
    ) -> None:
        self.table = table
        self.carriers: Mapping[str, Carrier] = {carrier.name: carrier for carrier in carriers}
        self.services: Mapping[str, tuple[str, str]] = Table(services)
        self.outage = outage
        for method, (carrier, _) in services.items():
            if carrier not in self.carriers:
                known = ", ".join(sorted(self.carriers)) or "none"
                raise Misconfigured(f"The method {method} is of the carrier {carrier!r}, who is not there. Known: {known}.")

    def options(self, shipment: Shipment) -> Sequence[ShippingOption | Refused]:
        """Those of the table, in its order, with the prices of their carriers. Each carrier is asked once, and only if it matters."""
        offers = self.table.options(shipment)
        rates: dict[str, Mapping[str, CarrierRate] | None] = {}
        for offer in offers:
            if (service := self._service(offer)) is not None and service[0] not in rates:
                rates[service[0]] = _rates(self.carriers[service[0]], shipment)
        return [self._priced(offer, rates, shipment) for offer in offers]

    def _service(self, offer: ShippingOption | Refused) -> tuple[str, str] | None:
        return self.services.get(offer.id) if isinstance(offer, ShippingOption) and offer.point is None else None

    def _priced(
        self, offer: ShippingOption | Refused, rates: Mapping[str, Mapping[str, CarrierRate] | None], shipment: Shipment
    ) -> ShippingOption | Refused:
        named = self._service(offer)
        if named is None or isinstance(offer, Refused):
            return offer
        carrier, service = named
        known = rates[carrier]
        if known is None:
            away = evolve(offer, source=RateSource(carrier, answered=False))
            return away if self.outage == "fallback" else Refused("rates-away", offer.id, carrier)
        rate = known.get(service)
        if rate is None:
            return Refused("not-shipped-there", offer.id, shipment.destination.country)
        if rate.price.currency != shipment.currency:
            return Refused("no-price", offer.id, shipment.currency)
        legs = () if rate.days is not None else tuple([evolve(leg, price=None) for leg in offer.legs])
        days = rate.days if rate.days is not None else offer.days
        return evolve(offer, price=rate.price, days=days, until=rate.until, legs=legs, source=RateSource(carrier))


def _rates(carrier: Carrier, shipment: Shipment) -> Mapping[str, CarrierRate] | None:
    """What it asks, by service; None if it is away, or what it says makes no sense."""
    answer: object
    try:
        answer = carrier.rates(shipment)
    except CheckoutError:
        return None
    except Exception as error:
        answer = error
    if isinstance(answer, list | tuple) and all(isinstance(rate, CarrierRate) for rate in answer):
        return {rate.service: rate for rate in answer}
    kind = type(answer).__name__  # no more: its text may hold anything (R24)
    warnings.warn(f"The carrier {carrier.name!r} gave {kind}, which is taken as no answer.", RuntimeWarning, stacklevel=2)
    return None
