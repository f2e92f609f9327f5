"""What every storage promises about a customer's open cart: there is one in each currency, and never a second."""

from __future__ import annotations

from datetime import datetime

from attrs import evolve

from checkout_core.cart import Cart
from checkout_core.errors import Broken, NotFound
from checkout_core.testing.parts import a_cart, a_checkout
from checkout_core.testing.units import Promises, begin, fault_of, now_of, read, write
from checkout_core.unit import CloseCart


class CartPromises(Promises):
    """A part of `StorageContract`."""

    def test_a_customers_open_cart_is_known(self) -> None:
        """By customer and currency; whoever has none, or is a guest, has none (RB-77)."""
        storage = self.new()
        now = now_of(storage)
        write(storage, cart_of("ann", "k1", now), cart_of("ann", "k2", now, "USD"), cart_of("ben", "k3", now))
        asked = {("ann", "EUR"): "k1", ("ann", "USD"): "k2", ("ben", "EUR"): "k3", ("ben", "USD"): None, ("cleo", "EUR"): None}
        assert read(storage, lambda unit: {of: unit.cart_of(*of) for of in asked}) == asked

    def test_a_customer_never_has_a_second_open_cart(self) -> None:
        """Two devices at once get one; the second is refused whole, and the first stays as it was (RB-77)."""
        storage = self.new()
        now = now_of(storage)
        write(storage, cart_of("ann", "k1", now))
        other = a_checkout("c1", now, cart="k2")
        assert fault_of(storage, lambda unit: unit.write(other, cart_of("ann", "k2", now))) is Broken
        assert fault_of(storage, lambda unit: unit.cart("k2")) is NotFound
        assert fault_of(storage, lambda unit: unit.checkout("c1")) is NotFound
        assert read(storage, lambda unit: unit.cart_of("ann", "EUR")) == "k1"
        write(storage, evolve(read(storage, lambda unit: unit.cart("k1")), version=2, lines=()))
        assert read(storage, lambda unit: unit.cart_of("ann", "EUR")) == "k1"

    def test_guests_have_as_many_carts_as_they_like(self) -> None:
        """Nobody knows whose they are."""
        storage = self.new()
        now = now_of(storage)
        write(storage, a_cart("k1", now), a_cart("k2", now))
        write(storage, a_cart("k3", now))
        assert read(storage, lambda unit: [unit.cart(id).id for id in ("k1", "k2", "k3")]) == ["k1", "k2", "k3"]

    def test_a_guests_cart_may_become_a_customers(self) -> None:
        """At login, if the customer has none; else it is refused, and must be merged (RB-77)."""
        storage = self.new()
        now = now_of(storage)
        write(storage, a_cart("k1", now), a_cart("k2", now))
        write(storage, evolve(a_cart("k1", now), customer_id="ann", version=2))
        assert read(storage, lambda unit: unit.cart_of("ann", "EUR")) == "k1"
        assert fault_of(storage, lambda unit: unit.write(evolve(a_cart("k2", now), customer_id="ann", version=2))) is Broken
        assert read(storage, lambda unit: unit.cart("k2").customer_id) is None

    def test_a_cart_that_was_bought_makes_room(self) -> None:
        """The next one may be opened, and is the one (I18, RB-77)."""
        storage = self.new()
        now = now_of(storage)
        write(storage, cart_of("ann", "k1", now))
        begin(storage, a_checkout("c1", now, cart="k1"))
        write(storage, CloseCart("k1", "c1"))
        assert read(storage, lambda unit: unit.cart_of("ann", "EUR")) is None
        write(storage, cart_of("ann", "k2", now))
        assert read(storage, lambda unit: unit.cart_of("ann", "EUR")) == "k2"
        assert fault_of(storage, lambda unit: unit.write(cart_of("ann", "k3", now))) is Broken

    def test_a_cart_that_was_merged_makes_room(self) -> None:
        """It went into another; its customer may open the next one (I18, RB-77)."""
        storage = self.new()
        now = now_of(storage)
        mine = cart_of("ann", "k1", now)
        write(storage, mine, a_cart("k2", now))
        write(storage, evolve(mine, version=2, merged_into="k2"), evolve(a_cart("k2", now), version=2))
        assert read(storage, lambda unit: unit.cart_of("ann", "EUR")) is None
        write(storage, evolve(a_cart("k2", now), version=3, customer_id="ann"))
        assert read(storage, lambda unit: unit.cart_of("ann", "EUR")) == "k2"


def cart_of(customer: str, id: str, now: datetime, currency: str = "EUR") -> Cart:
    """A first version of a customer's cart."""
    return evolve(a_cart(id, now), customer_id=customer, currency=currency)
