"""A shop sells through several channels, each with a pricing policy of its own: what is kept, what is honoured, and what is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

from checkout_adapters.sandbox import SandboxGateway
from checkout_adapters.sqlalchemy.admin import SqlAdmin
from checkout_adapters.sqlalchemy.store import SqlStorage
from checkout_core import Card, Checkout, Placed, Policy, Product, Promotion, Ratio, Refusal, Refused, Shop, TaxRate, TaxRow, TaxTable, Upi
from checkout_core.errors import BadSetting
from checkout_core.memory import MemoryCatalog
from checkout_core.pricing_policy import PricingPolicy, policy_from
from checkout_core.promotions import Percent
from checkout_core.receipt import figures_of, receipt_of, recompute
from checkout_core.script_reader import script_of
from checkout_core.scripts import BadScript, Script
from checkout_core.simulation import simulate
from checkout_core.simulation.impossible import of_journey
from checkout_core.simulation.scenarios import Actor, Scenario, World
from checkout_core.sync.player import Play
from tests.world import ADA, BERLIN, SECRET, Crash, Numbered, TestClock, Watched, a_shop, eur, everything, parcels, total


def pricing(**chosen: object) -> PricingPolicy:
    made = policy_from(chosen)
    assert isinstance(made, PricingPolicy), made
    return made


WEB, COUNTER = pricing(tax_level="line"), pricing(tax_level="order", cash={"increment": 5})
SHOPS = Policy(identity_secret=SECRET, channels={"web": WEB, "counter": COUNTER, "label": pricing(tax_level="unit")})
GOODS = {"TEA": 790, "POT": 14032, "BAG": 170, "BOX": 11537}


def shelf(rate: str = "0.026", promotions: tuple[Promotion, ...] = ()) -> MemoryCatalog:
    """Goods that need no parcel, and whose tax comes on top."""
    goods = [Product(sku, sku.title(), [eur(price)], tracked=False) for sku, price in GOODS.items()]
    return MemoryCatalog(goods, promotions, TaxTable([TaxRow("DE", None, "standard", (TaxRate("TAX", Ratio.parse(rate)),))]), parcels())


class Room:
    """A shop on a store that counts its commits, and a cart in it."""

    def __init__(self, policy: Policy = SHOPS, *, rate: str = "0.026", lines: dict[str, int] | None = None, **parts: Any) -> None:
        self.clock = TestClock()
        self.gateway = SandboxGateway(clock=self.clock)
        self.shelf = shelf(rate, **parts)
        self.shop, self.store = a_shop(
            gateways=[self.gateway], clock=self.clock, stock=0, policy=policy, shelf=self.shelf, watch=self._watched
        )
        self.cart = self.shop.open_cart(currency="EUR").id
        for sku, quantity in (lines or {"TEA": 3, "POT": 1}).items():
            self.shop.add(self.cart, sku=sku, quantity=quantity)

    def _watched(self, store: Any) -> Any:
        self.watched: Any = Watched(store)
        return self.watched

    def with_policy(self, policy: Policy) -> Shop:
        """The same shop after its settings were changed."""
        parts: dict[str, Any] = {"storage": self.store, "gateways": [self.gateway], "catalog": self.shelf, "clock": self.clock}
        return Shop(**parts, ids=Numbered("later-"), policy=policy)

    def begin(self, channel: str | None = None, **said: Any) -> Checkout:
        details: dict[str, Any] = {"ship_to": BERLIN, "contact": ADA} | said
        return self.shop.begin(self.cart, **details, channel=channel)


def pay(shop: Shop, c: Checkout, token: str = "tok_ok", key: str = "k") -> Any:
    return shop.pay(c.id, Upi(token) if token.startswith("upi") else Card(token), expected=total(c), key=key)


def reasons(refusal: pytest.ExceptionInfo[Refusal]) -> list[str]:
    return [refused.reason for refused in refusal.value.refused]


# What is sold through a channel costs what its policy says.
@pytest.mark.parametrize(
    ("rate", "lines", "taxes"),
    [
        ("0.026", {"TEA": 3, "POT": 1}, {"web": 427, "label": 428, "counter": 426}),  # RB-49: 164.02 net
        ("0.148", {"BAG": 3, "BOX": 1}, {"web": 1782, "label": 1782, "counter": 1783}),  # RB-59: 120.47 net
    ],
)
def test_one_cart_costs_what_each_channel_says_and_the_receipt_says_which(rate: str, lines: dict[str, int], taxes: dict[str, int]) -> None:
    """RB-49, RB-59, G15: each level gives its documented figure, its totals add up, and the policy is kept with the quote."""
    for channel, tax in taxes.items():
        c = Room(rate=rate, lines=lines).begin(channel)
        assert c.quote is not None
        assert (c.channel, c.quote.totals.tax) == (channel, tax)
        receipt = receipt_of(c.quote)
        assert receipt.policy == SHOPS.channels[channel]
        assert recompute(receipt) == figures_of(c.quote)
        assert sum(row.amount for row in receipt.rows) == receipt.due == total(c).minor


def test_coins_are_for_the_channel_that_takes_them() -> None:
    """The total and its tax are those of any channel with that level; what is to be paid is rounded."""
    web, counter = Room().begin(), Room().begin("counter")
    assert web.quote is not None
    assert counter.quote is not None
    assert (web.quote.totals.due, web.quote.totals.rounded) == (16829, 0)
    assert (counter.quote.totals.total, counter.quote.totals.rounded, counter.quote.totals.due) == (16828, 2, 16830)


def test_without_a_channel_the_shop_prices_its_own_way() -> None:
    own = pricing(tax_level="unit")
    room = Room(Policy(identity_secret=SECRET, pricing=own, channels={"web": WEB}))
    c = room.begin()
    assert c.quote is not None
    assert (c.channel, c.quote.policy) == ("", own)


# It is kept.
def test_a_checkout_keeps_its_channel_whatever_else_is_said() -> None:
    """Over an update, a changed cart, a second begin, the payment and the order: only who names another changes it."""
    room = Room()
    c = room.begin("counter")
    assert room.begin() == c
    assert room.shop.update(c.id, ship_to=evolve(BERLIN, name="Ada King")).channel == "counter"
    room.shop.add(room.cart, sku="BAG")
    c = room.shop.update(c.id)
    assert c.quote is not None
    assert (c.channel, c.quote.policy) == ("counter", COUNTER)
    assert isinstance(pay(room.shop, c), Placed)
    placed = room.shop.status(c.id)
    assert placed.order is not None
    assert (placed.channel, placed.order.total) == ("counter", total(c))


def test_another_channel_is_another_price_and_none_is_the_shops_own() -> None:
    room = Room()
    c = room.begin("counter")
    for channel, tax in (("label", 428), ("web", 427), ("counter", 426), ("", 427)):
        moved = room.begin(channel) if channel == "web" else room.shop.update(c.id, channel=channel)
        assert moved.quote is not None
        assert (moved.id, moved.channel, moved.quote.totals.tax) == (c.id, channel, tax)


@pytest.mark.parametrize("edge", ["before", "after"])
def test_a_crash_loses_no_channel(edge: str) -> None:
    """A7: the process dies at the commit of begin; whoever comes back says it again, or finds it said."""
    room = Room()
    setattr(room.watched, f"crash_{edge}", room.watched.units + 1)
    with pytest.raises(Crash):
        room.begin("counter")
    room.watched.reset()
    c = room.begin("counter" if edge == "before" else None)
    assert (c.channel, len(room.store.tables.checkouts)) == ("counter", 1)
    again = room.begin("counter")
    assert again == c


def test_a_channel_is_stored(tmp_path: Path) -> None:
    """Another process, on the database file alone, knows the channel and its policy."""
    clock, path = TestClock(), str(tmp_path / "shop.db")
    SqlAdmin(path).upgrade()
    with SqlStorage(path, clock=clock) as storage:
        shop = Shop(storage=storage, catalog=shelf(), gateways=[SandboxGateway(clock=clock)], clock=clock, policy=SHOPS)
        cart = shop.open_cart(currency="EUR").id
        shop.add(cart, sku="TEA", quantity=3)
        c = shop.begin(cart, ship_to=BERLIN, channel="counter")
    with SqlStorage(path, clock=clock) as storage:
        other = Shop(storage=storage, catalog=shelf(), gateways=[SandboxGateway(clock=clock)], clock=clock, policy=SHOPS)
        assert other.status(c.id) == c
        changed = other.update(c.id, ship_to=evolve(BERLIN, postcode="10119"))
    assert changed.channel == "counter"
    assert changed.quote is not None
    assert changed.quote.policy == COUNTER


# What was promised is honoured.
def test_a_changed_setting_changes_no_promise_and_is_named_at_the_next_quote() -> None:
    """G15, R7: the quote stands as it was made until it runs out; the one after says that the policy changed, before any money moves."""
    room = Room()
    c = room.begin("counter")
    later = room.with_policy(evolve(SHOPS, channels={"counter": WEB}))
    assert later.begin(room.cart).quote == c.quote
    (news,) = later.validate(c.id)
    assert news.reason == "quote-changed"
    assert {"policy", "total"} <= {change.what for change in news.changes}
    room.clock.forward(minutes=16)
    refused = pay(later, c)
    assert isinstance(refused, Refused)
    assert (refused.reason, refused.total) == ("quote-changed", eur(16829))
    assert "policy" in {change.what for change in refused.changes}
    assert not room.gateway.books.payments()
    assert isinstance(pay(later, later.update(c.id), key="k2"), Placed)


def test_a_changed_setting_does_not_change_what_is_being_paid() -> None:
    room = Room()
    c = room.begin("counter")
    placed = pay(room.with_policy(evolve(SHOPS, channels={"counter": WEB})), c)
    assert isinstance(placed, Placed)
    assert placed.total == total(c) == eur(16830)


def test_a_channel_that_was_given_up_is_refused_by_name_once_a_new_price_is_needed() -> None:
    """No other policy takes its place unasked; the standing quote can still be paid (R7)."""
    room = Room()
    c = room.begin("counter")
    later = room.with_policy(evolve(SHOPS, channels={"web": WEB}))
    assert later.validate(c.id) == (Refused("unknown-channel", "counter", hint="Use one of web."),)
    with pytest.raises(Refusal) as refusal:
        later.update(c.id, ship_to=evolve(BERLIN, postcode="10119"))
    assert reasons(refusal) == ["unknown-channel"]
    assert later.status(c.id) == c
    assert later.update(c.id, channel="web").channel == "web"
    second = Room()
    c = second.begin("counter")
    assert isinstance(pay(second.with_policy(Policy(identity_secret=SECRET)), c), Placed)


# What is refused.
def test_an_unknown_channel_is_refused_with_the_known_ones() -> None:
    room = Room()
    before = everything(room.store)
    with pytest.raises(Refusal, match=r"Nothing is sold here through booth\. Use one of counter, label, web\.") as refusal:
        room.begin("booth")
    assert reasons(refusal) == ["unknown-channel"]
    assert everything(room.store) == before
    c = room.begin("web")
    with pytest.raises(Refusal, match="booth"):
        room.shop.update(c.id, channel="booth")
    assert room.shop.status(c.id) == c
    with pytest.raises(Refusal, match="Leave it out: this shop has no channels"):
        Room(Policy(identity_secret=SECRET)).begin("web")


@pytest.mark.parametrize("channel", [3, True, ["web"], "w" * 300, "we\x1b[31mb", "4111 1111 1111 1111"])
def test_what_is_no_name_of_a_channel_is_refused_and_not_repeated(channel: Any) -> None:
    """R13, R24, R25."""
    with pytest.raises(Refusal) as refusal:
        Room().begin(channel)
    assert set(reasons(refusal)) <= {"invalid", "card-number"}
    assert "4111" not in str(refusal.value)
    assert "\x1b" not in str(refusal.value)


def test_everything_wrong_is_told_at_once() -> None:
    with pytest.raises(Refusal) as refusal:
        Room().begin("booth", ship_to=evolve(BERLIN, country="XX"))
    assert reasons(refusal) == ["unknown-country", "unknown-channel"]


def test_the_channel_does_not_change_while_money_is_on_its_way() -> None:
    """K3."""
    room = Room()
    c = room.begin("counter")
    pay(room.shop, c, "upi_pending")
    assert room.begin("counter").quote == c.quote
    with pytest.raises(Refusal) as refusal:
        room.begin("web")
    assert reasons(refusal) == ["payment-in-flight"]


@pytest.mark.parametrize("name", ["", "the app", "-", "7eleven", "a" * 41, "web\n"])
def test_a_channel_has_a_plain_name(name: str) -> None:
    with pytest.raises(BadSetting, match="no name for a channel"):
        Policy(channels={name: PricingPolicy()})


def test_a_policy_keeps_its_channels_to_itself() -> None:
    """Whoever changes the table afterwards changes no policy."""
    table = {"web": WEB}
    policy = Policy(channels=table)
    table["web"] = COUNTER
    assert policy.channels == {"web": WEB}


# A promotion is worked out as the channel says.
def test_promotions_follow_the_policy_of_the_channel() -> None:
    """RB-55: a percentage of the order is taken of the sum, or of each line where that is asked for."""
    third = Promotion("third", "A third", Percent(Ratio(35)), code="THIRD")
    policy = Policy(channels={"label": pricing(percent_order_level="line"), "down": pricing(discount_mode="down")})
    seen = {}
    for channel in ("", "label", "down"):
        c = Room(policy, lines={"TEA": 1, "BAG": 1, "BOX": 1}, promotions=(third,)).begin(channel, codes=["THIRD"])
        assert c.quote is not None
        seen[channel] = c.quote.totals.discount
    assert seen == {"": 4374, "label": 4375, "down": 4373}  # 276.5 + 59.5 + 4037.95 of 124.97


# In a script.
STEPS: list[dict[str, Any]] = [
    {"do": "open", "currency": "EUR"},
    {"do": "add", "sku": "TEA", "quantity": 3},
    {"do": "add", "sku": "POT"},
    {"do": "begin", "channel": "counter", "total": "168.30"},
    {"do": "update", "channel": "label", "total": "168.30"},
    {"do": "update", "channel": "booth", "expect": "refused", "reason": "unknown-channel"},
    {"do": "pay", "card": "tok_ok", "expect": "placed"},
]


def script(steps: list[dict[str, Any]], name: str = "counter") -> Script:
    people = {"ada": {"address": "home", "email": "ada@example.com"}}
    home = {"name": "Ada", "lines": ["Weg 1"], "city": "Berlin", "country": "DE"}
    return script_of({"title": "A tea", "addresses": {"home": home}, "shoppers": people, "steps": steps}, name)


def test_a_script_names_the_channel() -> None:
    room = Room()
    told = script(STEPS)
    play = Play(room.shop, told, None, None)  # type: ignore[arg-type]
    came = [play.take(step) for step in told.steps]
    assert [one.outcome for one in came[3:]] == ["done", "done", "refused", "placed"]
    assert [one.total for one in came[3:]] == [eur(16830)] * 4
    assert [c.channel for c in room.store.tables.checkouts.values()] == ["label"]


def test_a_channel_in_a_script_is_a_text() -> None:
    with pytest.raises(BadScript, match=r'step 2 \(begin\): "channel" is a text in quotes, not 3'):
        script([STEPS[0], {"do": "begin", "channel": 3}])


def test_a_scenario_that_sells_through_an_unknown_channel_is_an_impossible_world() -> None:
    """It is told before anything runs, unless the journey expects to be refused."""
    told = [
        one for one in of_journey(script(STEPS), World(shelf(), policy=evolve(SHOPS, channels={"labels": WEB}))) if "sell through" in one
    ]
    assert told == [
        "step 4 (begin) of counter: this world does not sell through 'counter'. Use one of labels",
        "step 5 (update) of counter: this world does not sell through 'label' (did you mean \"labels\"?). Use one of labels",
    ]
    assert not [one for one in of_journey(script(STEPS), World(shelf(), policy=SHOPS)) if "sell through" in one]


def test_what_is_promised_of_money_holds_in_every_channel_while_things_go_wrong() -> None:
    """Shoppers of three channels in a simulated shop: coins have their account, and every quote adds up under its own policy (I11)."""
    pay = {"do": "pay", "card": "tok_ok"}
    journeys = [script([*STEPS[:3], {"do": "begin", "channel": channel}, pay], channel) for channel in ("web", "counter", "label")]
    actors = tuple(Actor(one.name, one) for one in journeys)
    assert simulate(Scenario("channels", "Channels", "", World(shelf(), policy=SHOPS), actors), seeds=25).runs == 25
