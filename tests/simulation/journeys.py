"""The canonical journeys: each a world small enough to try everything in it. Buyers stay, so that what goes on behind can fail too."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from checkout_core import Address, Contact, Money, Policy, Promotion, Ratio
from checkout_core.holds import Stock
from checkout_core.memory import MemoryCatalog
from checkout_core.payments import Card, Upi
from checkout_core.promotions import Percent
from checkout_core.scripts import Add, Begin, Cancel, Do, Login, Open, Outcome, Pay, Reprice, Script, Shopper, Step, WaitFor
from checkout_core.shipping import Band, ShippingMethod, ShippingTable, Zone
from checkout_core.simulation.scenarios import Actor, GatewayTerms, Scenario, World
from tests import world

HOME: Final = Address("Ada Lovelace", ("Unter den Linden 1",), "Berlin", "10117", "DE")
SECRET: Final = b"a secret of the canonical journeys"
OPEN, MUG, STAYS = Open("cart", "EUR"), Add("MUG"), WaitFor(40 * 60)
OK, DECLINED, CHALLENGED = Pay(Card("tok_ok")), Pay(Card("tok_declined")), Pay(Card("tok_3ds_ok"))

Expected = tuple[Do, Outcome]


def begin(*codes: str) -> Begin:
    return Begin(HOME, Contact(email="ada@example.com"), "standard", codes or None)


def steps(*taken: Do | Expected) -> Script:
    """What ada does, in order; a step may come with what it expects."""
    told = [Step(_word(do), "ada", do, expect=expect) for do, expect in (one if isinstance(one, tuple) else (one, None) for one in taken)]
    return Script("journey", "A journey", "", (Shopper("ada", "ada", Contact(email="ada@example.com"), HOME),), tuple(told))


def _word(do: Do) -> str:
    return type(do).__name__.lower()


def buys(*paying: Do | Expected, codes: Sequence[str] = (), wants: Do = MUG, stays: WaitFor = STAYS) -> Script:
    """One mug, and so paid for."""
    return steps(OPEN, wants, begin(*codes), *paying, stays)


def shelf(*promotions: Promotion, carriage: int = 490) -> MemoryCatalog:
    parcels = ShippingTable([ShippingMethod("standard", "Standard", [Zone(("DE",), (Band(10_000, [Money(carriage, "EUR")]),))])])
    return MemoryCatalog(world.products(), promotions, world.german_taxes(), parcels)


def scenario(
    name: str,
    *journeys: Script,
    stock: Mapping[str, int] | int = 3,
    catalog: MemoryCatalog | None = None,
    policy: Policy | None = None,
    gateway: GatewayTerms | None = None,
    shared: bool = False,
    notifier: bool = False,
    tax_provider: bool = False,
) -> Scenario:
    lies = stock if isinstance(stock, Mapping) else {"main": stock}
    names = ("ada", "ben", "cleo")
    actors = tuple(Actor(who, journey, shared=shared) for who, journey in zip(names, journeys, strict=False))
    there = World(
        catalog or shelf(),
        tuple((Stock("MUG", where), number) for where, number in lies.items()),
        policy=policy or Policy(identity_secret=SECRET),
        gateway=gateway or GatewayTerms(webhooks=True),
        notifier=notifier,
        tax_provider=tax_provider,
    )
    return Scenario(name, name, "", there, actors)


def _percent(code: str, percent: str, limit: int | None = None) -> Promotion:
    return Promotion(code.lower(), code, Percent(Ratio.parse(percent)), code=code, limit=limit)


_TURNS_BACK = steps(OPEN, begin(), Cancel("another tab"), STAYS)
_MERGES = steps(Open("guest", "EUR", guest=True), MUG, Open("account", "EUR"), MUG, Open("guest-2", "EUR", guest=True), MUG,
                Login("account"), begin(), OK, STAYS)  # fmt: skip

JOURNEYS: Final[Mapping[str, Scenario]] = {
    one.name: one
    for one in (
        scenario("a card", buys(OK)),
        scenario("a card, and a message", buys(OK), notifier=True),
        scenario("captured after placing", buys(OK), policy=Policy(identity_secret=SECRET, capture="after-placing")),
        scenario("declined, then another card", buys((DECLINED, "refused"), OK)),
        scenario("a challenge passed", buys(CHALLENGED)),
        scenario("a challenge failed", buys((Pay(Card("tok_3ds_denied")), "refused"), OK)),
        scenario("a challenge left", buys((Pay(Card("tok_3ds_abandoned")), "action"), stays=WaitFor(11 * 60))),
        scenario("UPI, paid", buys(Pay(Upi("upi_paid")))),
        scenario("UPI, late", buys((Pay(Upi("upi_late")), "action"), stays=WaitFor(8 * 60))),
        scenario("UPI, pending", buys((Pay(Upi("upi_pending")), "action"), stays=WaitFor(5 * 60))),
        scenario("nothing to pay", buys(Pay(), codes=("FREE",)), catalog=shelf(_percent("FREE", "100"), carriage=0)),
        scenario("the last use of a coupon", *[buys(OK, codes=("ONCE",))] * 2, catalog=shelf(_percent("ONCE", "10", limit=1))),
        scenario("the last unit", buys(OK), buys(OK), stock=1),
        scenario("two tabs", buys(OK), buys(OK), shared=True),
        scenario("merged at login", _MERGES, stock=4),
        scenario("turned back while the bank asks", buys((CHALLENGED, "action"), Cancel("too dear"))),
        scenario("turned back in the other tab", buys(OK), _TURNS_BACK, shared=True),
        scenario("turned back after placing", buys(OK, Cancel("too late")), notifier=True),
        scenario("turned back, and the tax provider told", buys(OK, WaitFor(30), Cancel("too late")), tax_provider=True),
        scenario("a price that changes", buys(Reprice("MUG", Money(1300, "EUR")), (OK, "refused"), OK)),
        scenario("no tombstone", buys(OK), gateway=GatewayTerms(tombstone=False)),
        scenario("no idempotent keys", buys(OK), gateway=GatewayTerms(idempotent_keys=False)),
        scenario("neither", buys(OK), gateway=GatewayTerms(tombstone=False, idempotent_keys=False)),
        scenario("held from the beginning", buys(OK), policy=Policy(identity_secret=SECRET, hold_at="begin")),
        scenario(
            "two locations",
            buys(OK, wants=Add("MUG", 2)),
            stock={"main": 1, "east": 1},
            policy=Policy(identity_secret=SECRET, locations=("main", "east")),
        ),
    )
}
"""Each by its name."""
