"""Facts first: what the host's ports say of a cart or a checkout, asked before any unit, in which nothing may be asked."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence

from attrs import evolve

from checkout_core import commands, edge, uses
from checkout_core.cart import Line
from checkout_core.codes import parted
from checkout_core.commands import Details, Known, Seen
from checkout_core.customers import UNKNOWN, Contact, Destination, Shopper, identities
from checkout_core.experiments import Experiment
from checkout_core.gifts import gift_skus
from checkout_core.holds import CardBalance, Pool, PoolKey, Stock
from checkout_core.policy import Policy
from checkout_core.ports import (
    AsyncCatalog,
    AsyncCustomers,
    AsyncExperiments,
    AsyncPrices,
    AsyncShippingRates,
    AsyncStorage,
    AsyncTaxProvider,
    AsyncTaxRates,
    Clock,
)
from checkout_core.prices import NO_LISTS, PriceBook
from checkout_core.pricing import Basket, Facts, prices_today
from checkout_core.pricing_policy import PricingPolicy
from checkout_core.promotions import Promotion
from checkout_core.refusals import Refused
from checkout_core.shipping import Shipment, ShippingOption, handed_over, with_arrivals
from checkout_core.sourcing import looked_at, parcels_now
from checkout_core.tax_asking import taxes_due
from checkout_core.tax_provider import TaxSource
from checkout_core.tax_relief import Taxes


class AsyncFactsFirst(ABC):
    """The half of a shop that asks: its ports, and what they say."""

    storage: AsyncStorage
    catalog: AsyncCatalog
    taxes: AsyncTaxRates
    tax_provider: AsyncTaxProvider | None
    shipping: AsyncShippingRates
    customers: AsyncCustomers | None
    prices: AsyncPrices | None
    experiments: AsyncExperiments | None
    policy: Policy
    clock: Clock

    @abstractmethod
    async def _make_room(self, pool: PoolKey) -> None:
        """Let overdue checkouts go that hold what is short."""

    async def _known_now(self, checkout: str) -> Known:
        seen = await self.storage.look(lambda view: commands.look_at_checkout(view, checkout))
        return await self._known(seen, Details(), seen.checkout.lines if seen.checkout else seen.cart.lines)

    async def _known(self, seen: Seen, details: Details, lines: Sequence[Line], others: Sequence[Promotion] | None = None) -> Known:
        """Facts first: what the host's ports say about these lines, before any unit.

        For a comparison with `others` it is only looked: their pools too, and nobody overdue has to let go.
        """
        c, person = seen.checkout, seen.person
        address = details.ship_to or (person.address if person else None)
        contact = details.contact or (person.contact if person else None)
        codes = details.codes if details.codes is not None else c.codes if c else ()
        cards = details.cards if details.cards is not None else c.cards if c else ()
        products = await self.catalog.products(sorted({line.sku for line in lines}))
        lists = await self._lists(sorted(products))
        deals, refused = parted(await self.catalog.promotions(codes))
        if gifts := gift_skus((*deals, *(others or ()))):
            products = {**products, **await self.catalog.products([sku for sku in gifts if sku not in products])}
        shopper = await self._shopper(seen.cart.customer_id, contact)
        options: Sequence[ShippingOption | Refused] = ()
        rates: Taxes = {}
        source: TaxSource | None = None
        at_home = rates
        if address is not None:
            channel, chosen = details.channel or (c.channel if c else ""), details.shipping or (c.shipping if c else None)
            goods = Basket(seen.cart.currency, tuple(lines), channel=channel), Facts(products, shopper=shopper, prices=lists)
            options = await self._ways_to_send(*goods, seen, address.destination)
            to = handed_over(options, chosen, address.destination)
            categories = {product.tax_category for product in products.values()}
            categories |= {option.tax_category for option in options if isinstance(option, ShippingOption)}
            asked = (self.taxes, self.tax_provider, self.policy.tax_outage)
            rates, source = await taxes_due(*asked, to, sorted(categories), self.clock.now())
            pricing = self.policy.pricing_for(details.channel if details.channel is not None else c.channel if c else "")
            if self.policy.home is not None and isinstance(pricing, PricingPolicy) and pricing.prices_keep == "net":
                at_home = await self.taxes.rates(self.policy.home, sorted(categories), self.clock.now())
        pools: Mapping[PoolKey, Pool] = {}
        if limited := [deal for deal in (*deals, *(others or ())) if deal.limited]:
            secret, email = self.policy.identity_secret, contact.email if contact else None
            who = identities(secret, seen.cart.customer_id, email) if secret else ()
            pools = await self._uses(limited, who, seen.cart.currency, room=others is None)
        if gifts:
            pools = {**pools, **await self.storage.pools([Stock(sku, place) for sku in gifts for place in self.policy.locations])}
        if cards:
            pools = {**pools, **await self._balances(cards, seen.cart.currency, seen, room=others is None)}
        seller = self.policy.home.country if self.policy.home is not None else None
        facts = Facts(products, deals, rates, tuple(options), shopper=shopper, seller=seller, home=at_home, prices=lists, tax_source=source)
        facts = evolve(facts, codes=refused) if refused else facts
        return Known(seen, facts, pools, await self._experiments())

    async def _experiments(self) -> tuple[Experiment, ...]:
        return () if self.experiments is None else tuple(await self.experiments.experiments())

    async def _ways_to_send(self, basket: Basket, facts: Facts, seen: Seen, to: Destination) -> tuple[ShippingOption | Refused, ...]:
        """What each way costs for the parcels that there would be now, and when they would arrive."""
        now, order = self.clock.now(), self.policy.places_for(to)
        keys = looked_at(basket.lines, facts.products, order)
        pools = await self.storage.pools(keys) if keys else {}
        mine = {held.pool: held.amount for held in seen.checkout.held} if seen.checkout else {}
        available = {key: pools[key].available + mine.get(key, 0) for key in keys}
        worth = {sku: unit.minor for sku, unit in prices_today(basket, facts, now).items()}
        parcels = parcels_now(basket.lines, facts.products, worth, order, self.policy.sourcing, available)
        offers = await self.shipping.options(Shipment(to, basket.currency, parcels))
        return with_arrivals(offers, parcels, self.policy.dispatch, now)

    async def _lists(self, skus: Sequence[str]) -> PriceBook:
        return NO_LISTS if self.prices is None else await self.prices.prices(skus)

    async def _shopper(self, customer: str | None, contact: Contact | None) -> Shopper:
        """What the host knows of who buys. A guest who has given no address is nobody, of whom nothing is asked."""
        email = contact.email if contact else None
        if self.customers is None or (customer is None and email is None):
            return UNKNOWN
        shopper = await self.customers.shopper(customer, email)
        edge.refuse(edge.checked_shopper(shopper))
        return shopper

    async def _uses(self, limited: Sequence[Promotion], who: Sequence[str], currency: str, *, room: bool) -> Mapping[PoolKey, Pool]:
        """What these promotions have left; with `room`, without what overdue checkouts still hold (Q2)."""
        now = self.clock.now()
        keys = uses.pools_of(limited, who, currency, now)
        pools = await self.storage.pools(keys) if keys else {}
        short = uses.spent(limited, who, currency, now, pools) if room else ()
        for pool in short:
            await self._make_room(pool)
        return await self.storage.pools(keys) if short else pools

    async def _balances(self, cards: Sequence[str], currency: str, seen: Seen, *, room: bool) -> Mapping[PoolKey, Pool]:
        """What is on these gift cards; with `room`, without what overdue checkouts still hold (Q2)."""
        keys: list[PoolKey] = [CardBalance(card, currency) for card in cards]
        pools = await self.storage.pools(keys)
        c = seen.checkout
        short = [key for key in keys if pools[key].held > (uses.own(c, key) if c is not None else 0)] if room else ()
        for pool in short:
            await self._make_room(pool)
        return await self.storage.pools(keys) if short else pools
