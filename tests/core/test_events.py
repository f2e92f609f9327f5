"""Events carry what is on the list, and nothing else."""

from __future__ import annotations

from typing import Any

import pytest

from checkout_adapters.sandbox import SCRIPTS, SandboxGateway
from checkout_core import Card, Contact, Upi
from checkout_core.events import KINDS, Event
from checkout_core.notices import Notice
from tests.world import ADA, NOON, TestClock, a_checkout, a_shop, drain, total


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_a_fact_that_is_not_listed_is_refused(kind: str) -> None:
    """R24, S11: a field nobody allowed cannot be put into an event; those allowed can."""
    assert Event("c", 1, kind, NOON, tuple((name, "x") for name in KINDS[kind])).facts
    for name in ("email", "name", "address", "token", "card", "phone", "Reason"):
        with pytest.raises(ValueError, match=f"may not carry.*{name}"):
            Event("c", 1, kind, NOON, ((name, "x"),))


def test_an_unknown_kind_is_refused() -> None:
    with pytest.raises((KeyError, ValueError)):
        Event("c", 1, "order.vanished", NOON, (("number", "x"),))


@pytest.mark.parametrize("name", sorted({name for names in KINDS.values() for name in names}))
def test_no_fact_on_the_list_is_personal(name: str) -> None:
    """R24: the list itself has no place for a person."""
    assert not set(name.split("_")) & {"name", "email", "phone", "street", "address", "city", "postcode", "token", "ip"}


def test_an_event_is_known_by_checkout_and_number() -> None:
    """I14: its id is what a consumer de-duplicates by, and a notice has the same."""
    event = Event("c", 3, "checkout.begun", NOON)
    assert event.id == Notice(event).id == "c/3"


def test_a_notice_masks_whom_it_reaches() -> None:
    """R24: looked at in a log, it shows no address."""
    shown = repr(Notice(Event("c", 1, "checkout.begun", NOON), Contact(email="ada@example.com", phone="+49 30 1234")))
    assert "ada" not in shown
    assert "1234" not in shown


@pytest.mark.parametrize("token", SCRIPTS)
def test_what_a_purchase_tells_names_nobody(token: str) -> None:
    """I22, R24: over a whole life with every kind of payment, no event holds a name, an address, a token or a street."""
    clock = TestClock()
    shop, store = a_shop(gateways=[SandboxGateway(clock=clock)], clock=clock)
    c = a_checkout(shop, customer="customer-1")
    instrument: Any = Upi(token) if token.startswith("upi") else Card(token)
    shop.pay(c.id, instrument, expected=total(c), key="secret-key")
    drain(shop, store, clock)
    told = repr(store.tables.events)
    assert len(store.tables.events) > 2
    for secret in (str(ADA.email), "Lovelace", "Linden", "10117", token, "secret-key", "customer-1"):
        assert secret not in told
