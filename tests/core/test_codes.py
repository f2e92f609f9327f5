"""Issued codes: how one is made and read, that nobody guesses or mistypes it into another, and that each counts as often as it may."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from checkout_adapters.files import Location, ShopFiles
from checkout_adapters.sandbox import SandboxGateway
from checkout_adapters.sqlalchemy.catalog import SqlCatalog, load_shop
from checkout_adapters.sqlalchemy.codes import SqlCodes
from checkout_adapters.sqlalchemy.store import SqlStorage
from checkout_core import Card, Contact, MemoryStorage, Placed, Policy, Promotion, Ratio, Refusal, Refused, Shop
from checkout_core.codes import BITS, RANDOM, SYMBOLS, Batch, Issued, answered, grouped, new_code, parted, sought, spelled
from checkout_core.customers import canonical_code
from checkout_core.errors import BadSetting
from checkout_core.holds import CodeUses, CouponUses
from checkout_core.memory import MemoryCatalog
from checkout_core.promotions import Percent
from checkout_core.sync.ports import Storage
from checkout_core.values import ALPHABET
from tests.databases import empty
from tests.world import ADA, NOON, SECRET, TestClock, a_checkout, begin, german_taxes, parcels, products, total

TEN = Percent(Ratio(10))
DEAL = Promotion("news", "Newsletter", TEN, by_code=True, per_code=1)
BITS_ALL = st.integers(0, 2**BITS - 1)


# One code.
@given(BITS_ALL, st.sampled_from(["", "TEA", "ABCDEFGHIJKL"]))
def test_a_code_is_read_however_it_is_typed(bits: int, prefix: str) -> None:
    """R22: in small letters, full width, with dashes anywhere or none, and O, I and L for what they look like."""
    code = new_code(bits, prefix)
    printed = grouped(code, prefix)
    wide = "".join(chr(ord(letter) + 0xFEE0) if letter.isalnum() else letter for letter in printed)
    looks = code[: len(prefix)] + code[len(prefix) :].replace("0", "o").replace("1", "l")
    for typed in (printed, printed.lower(), f" {code} ", wide, looks, printed.replace("-", "_")):
        assert spelled(canonical_code(typed), [prefix]) == (code, True)


@pytest.mark.parametrize("seed", range(20))
def test_no_wrong_letter_and_no_swap_makes_another_code(seed: int) -> None:
    """Each of all single substitutions and of all swaps of two symbols, neighbours or not, is seen by the check symbol."""
    code = new_code(random.Random(seed).getrandbits(BITS))
    for i, symbol in enumerate(code):
        for other in ALPHABET.replace(symbol, ""):
            assert spelled(code[:i] + other + code[i + 1 :], [""]) == (code[:i] + other + code[i + 1 :], False)
        for j in range(i):
            if code[j] != symbol:
                swapped = code[:j] + symbol + code[j + 1 : i] + code[j] + code[i + 1 :]
                assert spelled(swapped, [""]) == (swapped, False)


def test_codes_are_spread_over_all_that_there_are() -> None:
    """Every bit is in the code: other bits, another code; and each symbol is as likely as any other, but for the check."""
    assert len({new_code(1 << n) for n in range(BITS)}) == BITS
    drawn = random.Random(7)
    made = {new_code(drawn.getrandbits(BITS)) for _ in range(20_000)}
    assert len(made) == 20_000
    for place in range(SYMBOLS):
        counts = [sum(code[place] == symbol for code in made) for symbol in ALPHABET]
        assert max(counts) < 2 * min(counts), f"symbol {place} is not random"
    assert RANDOM * 5 == BITS >= 64  # so many random bits as the guarantees ask of a secret for guessing


def test_a_code_prints_in_groups() -> None:
    assert grouped(new_code(0, "TEA"), "TEA") == "TEA-00000-00000-00000"
    assert grouped("PODCAST") == "PODCAST"
    assert grouped(new_code(2**BITS - 1))[:12] == "ZZZZZ-ZZZZZ-"


@pytest.mark.parametrize(
    ("mistake", "error", "words"),
    [
        (lambda: new_code(-1), ValueError, "random bits"),
        (lambda: new_code(2**BITS), ValueError, "random bits"),
        (lambda: new_code(1, "tea"), BadSetting, "no prefix"),
        (lambda: new_code(1, "ABCDEFGHIJKLM"), BadSetting, "no prefix"),
        (lambda: Batch("", "news"), BadSetting, "no name"),
        (lambda: Batch("a b", "news"), BadSetting, "no name"),
        (lambda: Batch("a", "news", "T-"), BadSetting, "no prefix"),
        (lambda: Batch("a", "news", until=datetime(2026, 1, 1)), BadSetting, "not in UTC"),  # noqa: DTZ001
        (lambda: Promotion("p", "P", TEN, by_code=True, code="SAVE"), BadSetting, "Keep one of the two"),
        (lambda: Promotion("p", "P", TEN, per_code=1), BadSetting, "no codes of its own"),
        (lambda: Promotion("p", "P", TEN, by_code=True, per_code=0), BadSetting, "at least 1"),
        (lambda: Promotion("p", "P", TEN, issued="X"), BadSetting, "Leave it to the catalogue"),
    ],
)
def test_what_makes_no_sense_is_refused(mistake: Callable[[], Any], error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        mistake()


# What a catalogue answers.
SPRING, AUTUMN = Batch("spring", "news", "TEA"), Batch("autumn", "news", "TEA", until=NOON + timedelta(days=1))
FIRST, SECOND, THIRD = (new_code(n, "TEA") for n in (1, 2, 3))
ISSUED = {code: Issued(code, SPRING) for code in (FIRST, SECOND)} | {THIRD: Issued(THIRD, AUTUMN)}
DEALS = [Promotion("all", "All", TEN), DEAL, Promotion("save", "Save", TEN, code="SAVE")]


def said(*typed: str, issued: dict[str, Issued] | None = None, deals: list[Promotion] | None = None) -> tuple[list[str], dict[str, str]]:
    """Which promotions come for these codes, and the reason for each code that does nothing."""
    found, refused = parted(answered(typed, DEALS if deals is None else deals, ["TEA"], ISSUED if issued is None else issued))
    return [deal.id for deal in found], {code: one.reason for code, one in refused.items()}


def test_a_promotion_with_codes_comes_only_by_one_of_them() -> None:
    assert said() == (["all"], {})
    assert said(FIRST) == (["all", "news"], {})
    assert said("SAVE", grouped(SECOND, "TEA")) == (["all", "save", "news"], {})
    assert said("TEAPOT") == (["all"], {})


def test_it_comes_with_what_was_typed_and_with_what_was_issued() -> None:
    typed = grouped(FIRST, "TEA")
    (deal,), _ = parted(answered([typed], [DEAL], ["TEA"], ISSUED))
    assert (deal.code, deal.issued, deal.ends) == (typed, FIRST, None)
    (deal,), _ = parted(answered([THIRD], [DEAL], ["TEA"], ISSUED))
    assert deal.ends == NOON + timedelta(days=1)


def test_a_second_code_of_the_same_promotion_says_so() -> None:
    """Typed twice, too: one code in two spellings is one code (S7)."""
    assert said(FIRST, SECOND) == (["all", "news"], {SECOND: "code-of-same"})
    assert said(FIRST, grouped(FIRST, "TEA")) == (["all", "news"], {grouped(FIRST, "TEA"): "code-of-same"})


def test_a_mistyped_code_is_told_without_a_look() -> None:
    wrong = FIRST[:-1] + ("0" if FIRST[-1] != "0" else "1")
    assert said(wrong) == (["all"], {wrong: "code-misspelt"})
    assert sought([wrong], DEALS, ["TEA"]) == [wrong]  # as it stands, it might be a chosen one; not as another spelling
    assert sought([grouped(FIRST, "TEA"), "SAVE"], DEALS, ["TEA"]) == [grouped(FIRST, "TEA"), FIRST]


def test_a_code_that_nobody_issued_is_unknown() -> None:
    assert said(new_code(99, "TEA")) == (["all"], {})


@pytest.mark.parametrize(
    "gone",
    [
        {FIRST: Issued(FIRST, SPRING, "leaked")},
        {FIRST: Issued(FIRST, evolve(SPRING, disabled="the wrong list"))},
        {FIRST: Issued(FIRST, evolve(SPRING, promotion="withdrawn"))},
    ],
)
def test_what_was_disabled_or_withdrawn_is_not_valid_any_more(gone: dict[str, Issued]) -> None:
    assert said(FIRST, issued=gone) == (["all"], {FIRST: "code-disabled"})


def test_a_batch_that_ends_before_its_promotion_begins_is_over() -> None:
    late = evolve(DEAL, starts=NOON + timedelta(days=2))
    assert said(THIRD, deals=[late]) == ([], {THIRD: "expired"})


# A shop.
class Stage:
    def __init__(self, shop: Shop, clock: TestClock, codes: list[str], switch: Callable[[str], None]) -> None:
        self.shop, self.clock, self.codes, self.disable = shop, clock, codes, switch

    def used(self, code: str) -> tuple[int, int]:
        pool = self.shop.storage.pools([CodeUses("news", code)])[CodeUses("news", code)]
        return pool.held, pool.committed

    def pay(self, c: Any, key: str = "k1") -> Any:
        return self.shop.pay(c.id, Card("tok_ok"), expected=total(c), key=f"{c.id}-{key}")


Make = Callable[..., Stage]


@pytest.fixture(params=["memory", "sqlite"])
def stage(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Make]:
    opened = list[SqlStorage]()

    def make(deal: Promotion = DEAL, count: int = 3, **batch: Any) -> Stage:
        clock, drawn = TestClock(), random.Random(1)
        storage, catalog = cast(Storage, None), cast(Any, None)
        issued = Batch("spring", "news", "TEA", **batch)
        if request.param == "memory":
            storage, codes = MemoryStorage(clock), [new_code(drawn.getrandbits(BITS), "TEA") for _ in range(count)]
            shelf = MemoryCatalog(products(), [deal], german_taxes(), parcels(), issued=[Issued(code, issued) for code in codes])
            catalog = Shelf(shelf)
            switch = catalog.disable
        else:
            (path := tmp_path / f"{len(opened)}.db").write_bytes(empty())
            opened.append(sql := SqlStorage(str(path), clock=clock))
            files = ShopFiles(
                "Mugs", "a@example.com", (Location("main", "Main"),), tuple(products()), (deal,), german_taxes(), parcels(), ()
            )
            with sql.engine.begin() as connection:
                load_shop(connection, files, now=NOON, actor="test")
            kept = SqlCodes(sql)
            codes = list(kept.issue(issued, count, lambda: drawn.getrandbits(BITS), actor="test"))
            storage, catalog = sql, SqlCatalog(sql)

            def switch(code: str) -> None:
                kept.disable(code=code, reason="leaked", actor="test")

        shop = Shop(
            storage=storage,
            gateways=[SandboxGateway(clock=clock)],
            catalog=catalog,
            clock=clock,
            policy=Policy(identity_secret=SECRET),
        )
        shop.receive("MUG", 90, reason="opening stock", actor="test")
        return Stage(shop, clock, codes, switch)

    yield make
    for one in opened:
        one.close()


class Shelf:
    """A catalogue in memory of which codes can be disabled."""

    def __init__(self, catalog: MemoryCatalog) -> None:
        self.catalog = catalog

    def __getattr__(self, name: str) -> Any:
        return getattr(self.catalog, name)

    def disable(self, code: str) -> None:
        one = self.catalog.issued[code]
        self.catalog = evolve(self.catalog, issued={**self.catalog.issued, code: evolve(one, disabled="leaked")})


def reasons(refusal: Refusal) -> list[str]:
    return [one.reason for one in refusal.refused]


def test_a_code_is_used_once_and_its_neighbour_is_another(stage: Make) -> None:
    s = stage()
    c = a_checkout(s.shop, codes=[grouped(s.codes[0], "TEA")])
    assert c.quote is not None
    assert [(used.code, used.issued) for used in c.quote.promotions] == [(grouped(s.codes[0], "TEA"), s.codes[0])]
    assert isinstance(s.pay(c), Placed)
    assert s.used(s.codes[0]) == (0, 1)
    with pytest.raises(Refusal) as refusal:
        a_checkout(s.shop, codes=[s.codes[0].lower()])
    assert reasons(refusal.value) == ["coupon-used-up"]
    assert isinstance(s.pay(a_checkout(s.shop, codes=[s.codes[1]])), Placed)
    assert s.used(s.codes[1]) == (0, 1)


def test_two_who_pay_at_once_with_one_code_are_one_with_it(stage: Make) -> None:
    """RB-64, G3: both were quoted, one has it; and whoever has not is told, with nothing held."""
    s = stage()
    first, second = (a_checkout(s.shop, codes=[s.codes[0]]) for _ in range(2))
    assert isinstance(s.pay(first), Placed)
    refused = s.pay(second)
    assert isinstance(refused, Refused)
    assert refused.reason == "coupon-used-up"
    assert s.used(s.codes[0]) == (0, 1)


def test_a_use_comes_back_with_a_cancelled_order_unless_it_is_kept(stage: Make) -> None:
    """G5: once."""
    s = stage()
    c = a_checkout(s.shop, codes=[s.codes[0]])
    s.pay(c)
    for _ in range(2):
        s.shop.cancel(c.id, reason="changed my mind")
    assert s.used(s.codes[0]) == (0, 0)
    assert isinstance(s.pay(a_checkout(s.shop, codes=[s.codes[0]])), Placed)
    kept = stage(evolve(DEAL, kept_when_cancelled=True))
    c = a_checkout(kept.shop, codes=[kept.codes[0]])
    kept.pay(c)
    kept.shop.cancel(c.id, reason="changed my mind")
    assert kept.used(kept.codes[0]) == (0, 1)


def test_limits_in_all_a_person_and_a_code_hold_together(stage: Make) -> None:
    """Another code of the batch is no second turn for the same person, as a guest or otherwise written (RB-67)."""
    s = stage(evolve(DEAL, per_person=1, limit=2))
    assert isinstance(s.pay(a_checkout(s.shop, codes=[s.codes[0]])), Placed)
    with pytest.raises(Refusal) as refusal:
        a_checkout(s.shop, codes=[s.codes[1]])
    assert reasons(refusal.value) == ["coupon-used-by-you"]
    assert isinstance(s.pay(a_checkout(s.shop, codes=[s.codes[1]], contact=Contact("bob@example.com"))), Placed)
    with pytest.raises(Refusal) as refusal:
        a_checkout(s.shop, codes=[s.codes[2]], contact=Contact("eve@example.com"))
    assert reasons(refusal.value) == ["coupon-used-up"]
    assert s.shop.storage.pools([CouponUses("news")])[CouponUses("news")].committed == 2


def test_a_code_that_is_disabled_after_the_quote_is_honoured_while_it_lasts(stage: Make) -> None:
    """G4: what was promised in time holds; nobody new gets it, and a checkout that is priced anew loses it with a reason."""
    s = stage()
    early, late = (a_checkout(s.shop, codes=[code]) for code in s.codes[:2])
    for code in s.codes[:2]:
        s.disable(code)
    assert isinstance(s.pay(early), Placed)
    with pytest.raises(Refusal) as refusal:
        a_checkout(s.shop, codes=[s.codes[1]])
    assert reasons(refusal.value) == ["code-disabled"]
    s.clock.forward(seconds=late.deadlines.quote_for + 1)
    refused = s.pay(late)
    assert isinstance(refused, Refused)
    assert refused.reason == "code-disabled"
    assert [one.reason for one in s.shop.validate(late.id)] == ["code-disabled"]


def test_a_batch_ends_on_its_day(stage: Make) -> None:
    s = stage(until=NOON + timedelta(hours=1))
    assert isinstance(s.pay(a_checkout(s.shop, codes=[s.codes[0]])), Placed)
    s.clock.forward(hours=1)
    with pytest.raises(Refusal) as refusal:
        a_checkout(s.shop, codes=[s.codes[1]])
    assert [(one.reason, one.until) for one in refusal.value.refused] == [("expired", NOON + timedelta(hours=1))]


def test_two_codes_of_one_promotion_are_told_apart(stage: Make) -> None:
    s = stage()
    cart = s.shop.open_cart(currency="EUR")
    s.shop.add(cart.id, sku="MUG")
    with pytest.raises(Refusal) as refusal:
        begin(s.shop, cart.id, codes=s.codes[:2])
    assert [(one.reason, one.subject, one.given) for one in refusal.value.refused] == [("code-of-same", s.codes[1], s.codes[0])]


def test_why_knows_issued_codes(stage: Make) -> None:
    s = stage()
    cart = s.shop.open_cart(currency="EUR")
    s.shop.add(cart.id, sku="MUG")
    assert s.shop.why(cart.id, s.codes[0], ship_to=None).promotion.issued == s.codes[0]
    wrong = s.codes[0][:-1] + ("0" if s.codes[0][-1] != "0" else "1")
    with pytest.raises(Refusal) as refusal:
        s.shop.why(cart.id, wrong)
    assert reasons(refusal.value) == ["code-misspelt"]
    s.disable(s.codes[1])
    with pytest.raises(Refusal) as refusal:
        s.shop.why(cart.id, s.codes[1])
    assert reasons(refusal.value) == ["code-disabled"]
    assert s.shop.near_misses(cart.id) == ()


def test_without_a_limit_a_code_nothing_is_counted(stage: Make) -> None:
    """No hot row for nothing: a code that may be used as often as people like takes no hold."""
    s = stage(evolve(DEAL, per_code=None))
    for _ in range(3):
        assert isinstance(s.pay(a_checkout(s.shop, codes=[s.codes[0]], contact=ADA)), Placed)
    assert s.used(s.codes[0]) == (0, 0)
