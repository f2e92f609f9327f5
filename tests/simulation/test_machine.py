"""The shop against a model in a few dictionaries: whatever shoppers do in whatever order, both have the same orders, goods and money.

The simulator makes things go wrong between the steps; here nothing goes wrong, and Hypothesis chooses the steps.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, ClassVar, Final

import pytest
from attrs import define, evolve, field
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule, run_state_machine_as_test

from checkout_adapters.sandbox import SandboxGateway
from checkout_adapters.sqlalchemy.fsck import check as fsck
from checkout_adapters.sqlalchemy.simulating import SqliteLevel
from checkout_core import ActionRequired, Card, MemoryStorage, Money, Placed, Policy, Refusal, Refused, Shop
from checkout_core.memory import MemoryUnit
from checkout_core.money import Ratio
from checkout_core.promotions import Percent, Promotion
from tests.checked_shop import rows_of
from tests.scenarios import sound
from tests.world import ADA, BERLIN, SECRET, Numbered, TestClock, catalog

PRICES: Final = {"MUG": 1250, "BOOK": 2000}
WEIGHTS: Final = {"MUG": 350, "BOOK": 600}
USES: Final = 2  # of the coupon, by all together
FEW: Final = Promotion("few", "For the first two", Percent(Ratio.parse("10")), code="FEW", limit=USES)
MUST_MEET: Final = (
    "Placed", "ActionRequired", "declined", "out-of-stock", "coupon-used-up", "empty-cart", "paid after a challenge",
    "placed, then cancelled", "waiting, then cancelled",
)  # fmt: skip
SKUS, TOKENS = st.sampled_from(sorted(PRICES)), st.sampled_from(["tok_ok", "tok_ok", "tok_declined", "tok_3ds_ok", "tok_3ds_abandoned"])


@define(eq=False)
class Deal:
    """What the model knows of a cart: its lines; once it is to be bought, how; and where that got to."""

    lines: Counter[str] = field(factory=Counter)
    checkout: str = ""
    wanted: Counter[str] = field(factory=Counter)
    coupon: bool = False
    total: int = 0
    state: str = "open"  # waiting, placed, cancelled
    approves: bool = False
    tries: int = 0

    @property
    def may_hold(self) -> bool:
        """Whether it may hold something without having bought it."""
        return self.tries > 0 and self.state in ("open", "waiting", "leaving")


class Machine(RuleBasedStateMachine):
    """One shop, and what it ought to be."""

    opens: ClassVar[Callable[[TestClock], Any]]
    ends: ClassVar[Callable[[Any, SandboxGateway, TestClock], None]]
    met: ClassVar[Counter[str]]

    @initialize()
    def begins(self) -> None:
        self.clock = TestClock()
        self.opened = type(self).opens(self.clock)
        self.sandbox = SandboxGateway(clock=self.clock)
        self.shop = Shop(
            storage=getattr(self.opened, "stores", self.opened), gateways=[self.sandbox], catalog=catalog([FEW]), clock=self.clock,
            ids=Numbered(), policy=Policy(identity_secret=SECRET),
        )  # fmt: skip
        self.deals: dict[str, Deal] = {}
        self.on_hand: Counter[str] = Counter()
        for sku in PRICES:
            self.receives(sku, 4)
        for mugs in (1, 1, 1, 2):
            self.comes(mugs)

    # What happens.
    @rule(mugs=st.integers(0, 2))
    def comes(self, mugs: int) -> None:
        if len(self.deals) < 8:
            cart = self.shop.open_cart(currency="EUR").id
            self.deals[cart] = Deal(Counter({"MUG": mugs} if mugs else {}))
            if mugs:
                self.shop.add(cart, sku="MUG", quantity=mugs)

    @precondition(lambda self: self.deals)
    @rule(data=st.data(), sku=SKUS, many=st.integers(1, 3))
    def adds(self, data: st.DataObject, sku: str, many: int) -> None:
        cart, deal = self.one(data)
        if deal.state in ("placed", "cancelled") or weight(deal.lines) + many * WEIGHTS[sku] > 10_000:
            return
        self.shop.add(cart, sku=sku, quantity=many)
        deal.lines[sku] += many

    @precondition(lambda self: self.deals)
    @rule(data=st.data(), many=st.integers(0, 2))
    def changes_or_takes_out(self, data: st.DataObject, many: int) -> None:
        cart, deal = self.one(data)
        if deal.state in ("placed", "cancelled") or not deal.lines:
            return
        sku = data.draw(st.sampled_from(sorted(deal.lines)))
        if many:
            self.shop.change(cart, sku, quantity=many)
            deal.lines[sku] = many
        else:
            self.shop.remove(cart, sku)
            del deal.lines[sku]

    @precondition(lambda self: self.deals)
    @rule(data=st.data(), coupon=st.booleans(), token=TOKENS)
    def buys(self, data: st.DataObject, coupon: bool, token: str) -> None:
        cart, deal = self.one(data)
        if deal.state == "open" and self.begins_a_checkout(cart, deal, coupon):
            self.pays(deal, token)

    @precondition(lambda self: self.deals)
    @rule(data=st.data(), coupon=st.booleans())
    def only_looks(self, data: st.DataObject, coupon: bool) -> None:
        cart, deal = self.one(data)
        if deal.state == "open":
            self.begins_a_checkout(cart, deal, coupon)

    @precondition(lambda self: self.deals)
    @rule(data=st.data())
    def turns_back(self, data: st.DataObject) -> None:
        deal = self.deals[data.draw(st.sampled_from(list(self.deals)))]
        if not deal.checkout or deal.state in ("cancelled", "leaving"):
            return
        self.shop.cancel(deal.checkout, reason="changed my mind")
        if deal.state == "open":  # the cart is free, and may be bought anew
            deal.checkout, deal.tries = "", 0
        else:
            self.met[f"{deal.state}, then cancelled"] += 1
            deal.state = "cancelled" if deal.state == "placed" else "leaving"

    @rule(sku=SKUS, many=st.integers(-2, 2).filter(bool))
    def receives(self, sku: str, many: int) -> None:
        least, most = self.free(sku)
        try:
            self.shop.receive(sku, many, reason="counted", actor="keeper")
        except Refusal:
            assert least + many < 0
        else:
            assert most + many >= 0
            self.on_hand[sku] += many

    @rule(seconds=st.sampled_from([1, 15, 400, 2000]))
    def time_passes(self, seconds: int) -> None:
        self.clock.forward(seconds=seconds)
        self.shop.tick()
        self.shop.tick()

    # How it is.
    def one(self, data: st.DataObject) -> tuple[str, Deal]:
        """Somebody who has not bought yet, if there is one."""
        busy = [cart for cart, deal in self.deals.items() if deal.state in ("open", "waiting")]
        cart = data.draw(st.sampled_from(busy or list(self.deals)))
        return cart, self.deals[cart]

    def free(self, sku: str, but: Deal | None = None) -> tuple[int, int]:
        """How many are free at least, and at most, for anybody but this one."""
        most = self.on_hand[sku] - sum(deal.wanted[sku] for deal in self.deals.values() if deal.state == "placed")
        return most - sum(deal.wanted[sku] for deal in self.deals.values() if deal.may_hold and deal is not but), most

    def uses(self, but: Deal) -> tuple[int, int]:
        """How many uses of the coupon are free at least, and at most."""
        most = USES - sum(deal.coupon for deal in self.deals.values() if deal.state == "placed")
        return most - sum(deal.coupon for deal in self.deals.values() if deal.may_hold and deal is not but), most

    def begins_a_checkout(self, cart: str, deal: Deal, coupon: bool) -> bool:
        codes = ("FEW",) if coupon else ()
        least, most = self.uses(deal)
        wanted, before = Counter(deal.lines), (deal.wanted, deal.coupon)
        deal.wanted, deal.coupon = wanted | before[0] if deal.tries else wanted, coupon or (deal.coupon and deal.tries > 0)
        try:
            c = self.shop.begin(cart, ship_to=BERLIN, shipping="standard", codes=codes, contact=ADA)
        except Refusal as no:
            deal.wanted, deal.coupon = before
            reasons = {one.reason for one in no.refused}
            self.explains(reasons, deal, wanted, least if coupon else 1, can_be_empty=not wanted)
            return False
        assert wanted
        assert not coupon or most > 0 or before == (wanted, coupon)  # what was quoted stays quoted; it is judged when it is paid
        assert c.total.minor == costs(wanted, coupon)
        deal.checkout, deal.total, deal.wanted, deal.coupon = c.id, c.total.minor, wanted, coupon
        return True

    def explains(self, reasons: set[str], deal: Deal, wanted: Counter[str], uses: int, *, can_be_empty: bool = False) -> None:
        """Each reason is one that the model knows, too."""
        self.met.update(reasons)
        assert reasons <= {"empty-cart", "coupon-used-up", "out-of-stock"}, reasons
        assert ("empty-cart" in reasons) <= can_be_empty
        assert ("coupon-used-up" in reasons) <= (uses <= 0)
        if "out-of-stock" in reasons:
            assert any(self.free(sku, deal)[0] < n for sku, n in wanted.items())

    def pays(self, deal: Deal, token: str) -> None:
        short = any(self.free(sku)[1] < n for sku, n in deal.wanted.items()) or (deal.coupon and self.uses(deal)[1] <= 0)
        deal.tries += 1
        said = self.shop.pay(deal.checkout, Card(token), expected=Money(deal.total, "EUR"), key=f"{deal.checkout}-{deal.tries}")
        self.met[said.reason if isinstance(said, Refused) else type(said).__name__] += 1
        if isinstance(said, Refused) and said.reason == "too-many-attempts":
            assert deal.tries > 10
        elif isinstance(said, Refused) and said.reason != "declined":
            self.explains({said.reason}, deal, deal.wanted, self.uses(deal)[0] if deal.coupon else 1)
        else:
            assert not short
            match token:
                case "tok_ok":
                    assert isinstance(said, Placed)
                    deal.state = "placed"
                case "tok_declined":
                    assert isinstance(said, Refused)
                case _:
                    assert isinstance(said, ActionRequired)
                    deal.state, deal.approves = "waiting", token == "tok_3ds_ok"

    def comes_of_what_waits(self) -> None:
        for deal in self.deals.values():
            if deal.state not in ("waiting", "leaving"):
                continue
            c = self.shop.status(deal.checkout)
            if c.order is not None:
                assert deal.approves
                assert deal.state == "waiting"
                deal.state = "placed"
                self.met["paid after a challenge"] += 1
            elif c.paying is None and deal.state == "waiting":
                assert not deal.approves
                deal.state = "open"
                if c.abandoned:
                    deal.checkout, deal.tries = "", 0
            elif c.due_at is None:
                deal.state, deal.checkout, deal.tries = "open", "", 0

    @invariant()
    def the_same_goods_and_money(self) -> None:
        if not hasattr(self, "deals"):
            return
        self.comes_of_what_waits()
        placed = [deal for deal in self.deals.values() if deal.state == "placed"]
        levels = self.shop.stock(*PRICES)
        for sku in PRICES:
            level = levels[sku]
            assert level.on_hand == self.on_hand[sku]
            assert level.committed == sum(deal.wanted[sku] for deal in placed)
            assert level.on_hand >= level.committed + level.held >= level.committed
        waiting = {deal.checkout for deal in self.deals.values() if deal.state in ("waiting", "leaving")}
        kept = [p for p in self.sandbox.books.payments() if p.live and p.key.split("/")[0] not in waiting]
        assert sorted(p.amount for p in kept) == sorted(deal.total for deal in placed)

    def teardown(self) -> None:
        if not hasattr(self, "deals"):
            return
        for _ in range(40):
            self.time_passes(4000)
        self.the_same_goods_and_money()
        assert not [deal for deal in self.deals.values() if deal.state in ("waiting", "leaving")]
        type(self).ends(self.opened, self.sandbox, self.clock)


def weight(lines: Counter[str]) -> int:
    return sum(WEIGHTS[sku] * n for sku, n in lines.items())


def costs(lines: Counter[str], coupon: bool) -> int:
    """What a cart costs, in cents: a tenth off with the coupon, to the nearest cent, and its carriage by weight."""
    goods = sum(PRICES[sku] * n for sku, n in lines.items())
    return goods - (goods + 5) // 10 * coupon + (490 if weight(lines) <= 1000 else 990)


def machine(opens: Callable[[TestClock], Any], ends: Callable[[Any, SandboxGateway, TestClock], None]) -> type[Machine]:
    return type("Of", (Machine,), {"opens": staticmethod(opens), "ends": staticmethod(ends), "met": Counter()})


def sound_in_memory(store: MemoryStorage, sandbox: SandboxGateway, clock: TestClock) -> None:
    sound.check(store.tables, sandbox.books.payments(), clock.now(), rest=True)


def runs(of: type[Machine], examples: int, phases: Sequence[Phase] = (Phase.generate, Phase.shrink)) -> None:
    steps = settings(
        max_examples=examples,
        stateful_step_count=25,
        derandomize=True,
        database=None,
        deadline=None,
        phases=phases,
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(of, settings=steps)


def test_the_shop_in_memory_does_as_the_model_does() -> None:
    """Every order, unit, coupon and cent, after each of many steps of several shoppers."""
    tried = machine(MemoryStorage, sound_in_memory)
    runs(tried, 60)
    assert set(MUST_MEET) <= set(tried.met)


@pytest.fixture
def level(tmp_path: Path) -> Iterator[SqliteLevel]:
    with SqliteLevel(tmp_path) as level:
        yield level


def test_the_shop_on_sqlite_does_as_the_model_does(level: SqliteLevel) -> None:
    """The same on real files, where fsck has the last word."""

    def ends(opened: Any, sandbox: SandboxGateway, clock: TestClock) -> None:
        found = opened.stores.read(lambda connection: fsck(connection, rows_of(sandbox), clock.now()))
        opened.close()
        assert found == ()

    runs(machine(level.open, ends), 8)


def test_a_unit_too_many_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the bug planted that a take never says no, the model has less than the shop sells."""
    take = MemoryUnit.take

    def never_short(unit: MemoryUnit, checkout: str, claims: Any) -> Any:
        for claim in claims:
            pool = unit.pool(claim.pool)
            if claim.limit is None and pool.available < claim.amount:
                unit._pools.put(claim.pool, evolve(pool, on_hand=pool.on_hand + 10))
        return take(unit, checkout, claims)

    monkeypatch.setattr(MemoryUnit, "take", never_short)
    with pytest.raises(AssertionError):
        runs(machine(MemoryStorage, sound_in_memory), 60, [Phase.generate])
