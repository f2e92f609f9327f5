"""Adapters by name, unsafe mixes refused, and this machine's ids."""

from __future__ import annotations

import uuid

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from checkout_adapters.sandbox import SandboxGateway
from checkout_core import Misconfigured, plugins
from checkout_core.payments import Capabilities
from checkout_core.system import SystemIds, is_order_number, number_of
from checkout_core.values import ALPHABET

CARDS = Capabilities(frozenset({"card"}))


def test_ours_are_registered_like_a_strangers() -> None:
    """The sandbox, the console and the memory store are found through the entry points that anybody may use."""
    if not plugins.names("checkout_core.gateways"):
        pytest.skip("checkout-core is not installed here, so nothing is registered")
    assert plugins.load("checkout_core.gateways", "sandbox") is SandboxGateway
    assert "console" in plugins.names("checkout_core.notifiers")
    with pytest.raises(Misconfigured, match="Registered: "):
        plugins.load("checkout_core.gateways", "nobody")


def test_a_production_shop_refuses_a_sandbox() -> None:
    """What takes no real money is refused at start-up, with what to do."""
    plugins.check([SandboxGateway()], production=False)
    with pytest.raises(Misconfigured, match="Leave it out"):
        plugins.check([SandboxGateway()], production=True)


@pytest.mark.parametrize(
    "unsafe",
    [
        evolve(CARDS, idempotent_keys=False, tombstone=False, settle_window=0),
        evolve(CARDS, call_timeout=0),
        evolve(CARDS, capture_with_authorize=False, capture_later=False),
    ],
    ids=["could charge twice", "never gives up", "cannot capture"],
)
def test_a_mix_that_could_lose_money_is_refused(unsafe: Capabilities) -> None:
    """R2, R3: a gateway that can neither repeat, nor forbid, nor outwait a lost call is not used."""
    with pytest.raises(Misconfigured):
        plugins.check([SandboxGateway(capabilities=unsafe)], production=False)


def test_two_gateways_need_two_names() -> None:
    """A payment is found again by the name of its gateway."""
    with pytest.raises(Misconfigured, match="Two gateways"):
        plugins.check([SandboxGateway(), SandboxGateway()], production=False)


def test_ids_are_version_7() -> None:
    """RFC 9562: version 7, the variant of the RFC, no two alike."""
    ids = [uuid.UUID(SystemIds().new()) for _ in range(200)]
    assert {(id.version, id.variant) for id in ids} == {(7, uuid.RFC_4122)}
    assert len(set(ids)) == 200


@given(st.integers(0, 2**45 - 1), st.integers(0, 8), st.sampled_from(ALPHABET))
def test_an_order_number_notices_a_wrong_symbol(value: int, place: int, wrong: str) -> None:
    """A number that people type catches every single wrong symbol."""
    number = number_of(value)
    assert is_order_number(number.lower())
    symbols = list(number.replace("-", ""))
    if symbols[place] != wrong:
        symbols[place] = wrong
        assert not is_order_number("".join(symbols))
