"""The cart: one line per thing, limits per SKU, refusals that change nothing, and merges in which no line vanishes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any, get_args

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from checkout_core.cart import Cart, How, Limits, Line, MergeReport, Options, add, change, demand, merge, open_cart, remove
from checkout_core.errors import NotFound
from checkout_core.refusals import Refused

NOW = datetime(2026, 1, 2, 3, 4, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
LIMITS = Limits()
CARD = "4111 1111 1111 1111"
HOWS: tuple[How, ...] = get_args(How)
NOT_QUANTITIES = [True, False, "1", 1.5, 1.0, float("nan"), float("inf"), -1, 0, 1000, 10**12, 10**5000, None, ["x" * 30] * 6, b"1"]


def cart(*lines: Line, id: str = "c1", customer_id: str | None = None, currency: str = "EUR") -> Cart:
    return Cart(id, currency, customer_id, lines, created_at=NOW, updated_at=NOW)


def account_cart(*lines: Line, currency: str = "EUR") -> Cart:
    return cart(*lines, id="c2", customer_id="ann", currency=currency)


def added(to: Cart, sku: str, quantity: int = 1, options: dict[str, str] | Options = (), limits: Limits = LIMITS) -> Cart:
    result = add(to, sku, quantity, options, LATER, limits)
    assert isinstance(result, Cart)
    return result


def merged(guest: Cart, account: Cart, how: How = "sum", limits: Limits = LIMITS) -> tuple[Cart, Cart, MergeReport]:
    result = merge(guest, account, how, LATER, limits)
    assert not isinstance(result, Refused)
    return result


def reason(result: object) -> str:
    assert isinstance(result, Refused)
    assert str(result)
    return result.reason


# Opening


def test_an_opened_cart_is_empty() -> None:
    """A new cart has no lines, version 1, and the time it was given."""
    assert open_cart("c1", "EUR", None, NOW) == Cart("c1", "EUR", None, (), 1, NOW, NOW)


@pytest.mark.parametrize("currency", ["", "eur", "XXX", "EURO", "€", "E" * 1000])
def test_an_unknown_currency_is_refused(currency: str) -> None:
    """A cart has a currency one can pay with, or is not opened."""
    refused = open_cart("c1", currency, None, NOW)
    assert reason(refused) == "unknown-currency"
    assert len(str(refused)) < 200


@pytest.mark.parametrize("now", [NOW.replace(tzinfo=None), NOW.astimezone(timezone(timedelta(hours=2)))])
def test_times_are_utc(now: datetime) -> None:
    """A time without a zone, or of another zone, is a programmer's mistake."""
    with pytest.raises(ValueError, match="UTC"):
        open_cart("c1", "EUR", None, now)


# Lines


def test_the_same_thing_twice_is_one_line() -> None:
    """Adding what is there already raises its quantity (RB-76)."""
    assert added(added(cart(), "mug", 2), "mug", 3).lines == (Line("mug", 5),)


def test_another_personalisation_is_another_line() -> None:
    """Two engravings are two things, though of one SKU (RB-76)."""
    both = added(added(cart(), "mug", 1, {"engraving": "Ann"}), "mug", 1, {"engraving": "Bob"})
    assert [line.options for line in both.lines] == [(("engraving", "Ann"),), (("engraving", "Bob"),)]
    assert len({line.id for line in both.lines}) == 2


def test_the_order_of_options_does_not_matter() -> None:
    """The same options in another order are the same line (RB-76)."""
    assert len(added(added(cart(), "mug", 1, {"a": "1", "b": "2"}), "mug", 1, (("b", "2"), ("a", "1"))).lines) == 1


def test_a_line_id_never_changes() -> None:
    """Ids follow from the content alone: stored carts and links keep their meaning in the next release."""
    assert Line("mug", 1).id == "mug"
    assert Line("mug", 1, (("engraving", "Ann"), ("colour", "red"))).id == "mug~aef279d5"


def test_two_things_with_one_id_are_kept_apart() -> None:
    """Engravings made so that their eight digits agree do not become one line (RB-76)."""
    one, other = {"engraving": "n20385"}, {"engraving": "n69309"}
    assert Line("mug", 1, tuple(one.items())).id == Line("mug", 1, tuple(other.items())).id
    before = added(cart(), "mug", 1, one)
    assert reason(add(before, "mug", 1, other, LATER, LIMITS)) == "invalid"
    assert reason(merge(added(cart(), "mug", 1, other), evolve(before, id="c2"), "sum", LATER, LIMITS)) == "invalid"


def test_an_edit_gives_the_next_version() -> None:
    """Adding, changing and removing each raise the version by one, note the time, and leave the old cart as it was."""
    empty = cart()
    one = added(empty, "mug")
    two = change(one, "mug", 2, LATER, LIMITS)
    assert isinstance(two, Cart)
    three = remove(two, "mug", LATER)
    assert isinstance(three, Cart)
    assert [(c.version, len(c.lines), c.updated_at) for c in (empty, one, two, three)] == [
        (1, 0, NOW),
        (2, 1, LATER),
        (3, 1, LATER),
        (4, 0, LATER),
    ]


def test_an_edit_keeps_the_order_of_lines() -> None:
    """A changed line stays where it stands."""
    changed = change(cart(Line("b", 1), Line("a", 1)), "b", 5, LATER, LIMITS)
    assert isinstance(changed, Cart)
    assert changed.lines == (Line("b", 5), Line("a", 1))


def test_a_change_to_the_same_quantity_is_no_change() -> None:
    """A repeated request does not make a new version."""
    before = cart(Line("mug", 2))
    assert change(before, "mug", 2, LATER, LIMITS) is before


@pytest.mark.parametrize("line_id", ["", "cup", "mug~00000000", "x" * 1000, CARD])
def test_a_line_that_is_not_there_is_refused(line_id: str) -> None:
    """Changing or removing a line the cart does not have is an answer, not an accident, and repeats no card number (R24)."""
    before = cart(Line("mug", 2))
    for refused in (change(before, line_id, 1, LATER, LIMITS), remove(before, line_id, LATER)):
        assert reason(refused) == "unknown-line"
        assert len(str(refused)) < 200
        assert CARD not in repr(refused)


# What may be typed


@pytest.mark.parametrize("quantity", NOT_QUANTITIES, ids=lambda quantity: type(quantity).__name__)
def test_only_a_whole_number_in_range_is_a_quantity(quantity: Any) -> None:
    """-1, 0, 10^12, 1.5, NaN, "1" and true are no quantities, and the answer says so in few words (K8)."""
    before = cart(Line("mug", 1))
    for refused in (add(before, "cup", quantity, {}, LATER, LIMITS), change(before, "mug", quantity, LATER, LIMITS)):
        assert isinstance(refused, Refused)
        assert (refused.reason, refused.limit) == ("quantity", 999)
        assert len(refused.given) <= 40
    assert before == cart(Line("mug", 1))


@given(st.one_of(st.integers(), st.floats(), st.text(), st.booleans(), st.none(), st.binary(), st.lists(st.integers())))
def test_any_quantity_gives_a_cart_within_limits_or_a_refusal(quantity: Any) -> None:
    """Whatever is sent as a quantity, nothing is raised and nothing beyond the limits comes out (K8)."""
    before = cart(Line("mug", 5))
    for result in (add(before, "mug", quantity, {}, LATER, LIMITS), change(before, "mug", quantity, LATER, LIMITS)):
        if isinstance(result, Refused):
            assert result.reason == "quantity"
        else:
            assert type(quantity) is int
            assert 1 <= demand(result.lines)["mug"] <= LIMITS.quantity
    assert before == cart(Line("mug", 5))


def test_the_limit_counts_all_lines_of_a_sku() -> None:
    """Splitting one SKU over differently personalised lines does not get round its limit, by adding or by changing (K9, RB-05)."""
    limits = Limits(quantity=5)
    split = added(added(cart(), "mug", 3, limits=limits), "mug", 2, {"engraving": "Ann"}, limits)
    assert reason(add(split, "mug", 1, {"engraving": "Bob"}, LATER, limits)) == "quantity"
    assert reason(change(split, "mug", 4, LATER, limits)) == "quantity"


def test_a_lowered_limit_lets_the_cart_shrink() -> None:
    """A cart above a limit that came later may always go down, also in steps."""
    split = cart(Line("mug", 9), Line("mug", 9, (("engraving", "Ann"),)))
    down = change(split, "mug", 5, LATER, Limits(quantity=10))
    assert isinstance(down, Cart)
    assert demand(down.lines) == {"mug": 14}


def test_lines_are_limited() -> None:
    """A full cart takes no new line, but more of what it has."""
    full, limits = cart(Line("a", 1), Line("b", 1)), Limits(lines=2)
    assert reason(add(full, "c", 1, {}, LATER, limits)) == "too-many-lines"
    assert len(added(full, "a", 1, limits=limits).lines) == 2


@pytest.mark.parametrize("sku", ["", "x" * 101, "a\x00b", "\ud800", None, 7, CARD + "\n" * 99])
def test_what_cannot_be_a_sku_is_refused(sku: Any) -> None:
    """An empty, overlong or unstorable SKU is refused before anything else sees it."""
    refused = add(cart(), sku, 1, {}, LATER, LIMITS)
    assert reason(refused) == "unknown-sku"
    assert len(str(refused)) < 200


@pytest.mark.parametrize(
    "options",
    [
        {"": "x"}, {"k" * 41: "x"}, {"k": "v" * 201}, {"k": "a\x00b"}, {"k": "\udfff"}, {"k": 1}, {1: "v"}, {"k": None},
        {f"k{i}": "v" for i in range(21)}, (("k", "1"), ("k", "2")),
    ],
)  # fmt: skip
def test_options_are_bounded(options: Any) -> None:
    """At most 20 options of 40 and 200 characters, text only, each key once (R25)."""
    before = cart()
    refused = add(before, "mug", 1, options, LATER, LIMITS)
    assert reason(refused) == "invalid"
    assert len(str(refused)) < 250
    assert before == cart()


def test_options_up_to_the_bounds_are_accepted() -> None:
    """Twenty options, the longest key and value, an empty value, several lines of any script."""
    most = {f"{i:>040}": "é" * 200 for i in range(18)} | {"note": "", "text": "நன்றி\n👩‍👩‍👧"}
    assert added(cart(), "mug", 1, most).lines[0].options == tuple(sorted(most.items()))


@pytest.mark.parametrize("options", [{"engraving": CARD}, {"note": "my card 4111-1111-1111-1111 12/29"}, {CARD: "x"}])
def test_a_card_number_is_refused_and_not_repeated(options: dict[str, str]) -> None:
    """A card number in an option goes nowhere, not even into the refusal (R24)."""
    refused = add(cart(), "mug", 1, options, LATER, LIMITS)
    assert reason(refused) == "card-number"
    assert "1111" not in f"{refused} {refused!r}"


@pytest.mark.parametrize("quantity", [CARD, int(CARD.replace(" ", ""))])
def test_a_card_number_as_quantity_is_not_repeated(quantity: Any) -> None:
    """What was typed into the wrong field does not come back in the words (R24)."""
    assert "1111" not in repr(add(cart(), "mug", quantity, {}, LATER, LIMITS))


# Closed carts


@pytest.mark.parametrize(
    ("closed", "why"),
    [(evolve(cart(Line("mug", 1)), ordered="o1"), "cart-closed"), (evolve(cart(Line("mug", 1)), merged_into="c9"), "cart-merged")],
)
def test_a_closed_cart_takes_no_edit(closed: Cart, why: str) -> None:
    """A cart that was bought or merged away refuses every edit, and says where to go."""
    open_ = account_cart(Line("mug", 1))
    for refused in (
        add(closed, "mug", 1, {}, LATER, LIMITS),
        change(closed, "mug", 1, LATER, LIMITS),
        remove(closed, "mug", LATER),
        merge(closed, open_, "sum", LATER, LIMITS),
        merge(cart(id="c3"), evolve(closed, customer_id="ann"), "sum", LATER, LIMITS),
    ):
        assert reason(refused) == why
        assert isinstance(refused, Refused)
        assert refused.subject == closed.ordered or refused.subject == closed.merged_into


# Demand


def test_demand_is_summed_per_sku() -> None:
    """Stock is asked once per SKU, for the sum of its lines (RB-05)."""
    lines = [Line("mug", 1), Line("cup", 2), Line("mug", 3, (("engraving", "Ann"),))]
    assert list(demand(lines).items()) == [("cup", 2), ("mug", 4)]


# Merging

OPTIONS: list[Options] = [(), (("engraving", "Ann"),), (("engraving", "Bob"),)]
THINGS = st.lists(
    st.builds(Line, st.sampled_from(["mug", "cup", "hat"]), st.integers(1, 9), st.sampled_from(OPTIONS)), unique_by=lambda line: line.id
)
ANY_LIMITS = st.builds(Limits, st.integers(1, 30), st.integers(1, 12))
ANY_HOW = st.sampled_from(HOWS)


@pytest.mark.parametrize(
    ("how", "lines", "what"),
    [
        ("sum", {"x": 1, "y": 2, "z": 7}, {"x": "added", "y": "kept", "z": "changed"}),
        ("max", {"x": 1, "y": 2, "z": 4}, {"x": "added", "y": "kept", "z": "unchanged"}),
        ("keep_guest", {"x": 1, "z": 3}, {"x": "added", "y": "dropped", "z": "changed"}),
        ("keep_account", {"y": 2, "z": 4}, {"x": "dropped", "y": "kept", "z": "unchanged"}),
    ],
)
def test_each_way_to_merge(how: How, lines: dict[str, int], what: dict[str, str]) -> None:
    """The old account cart does not replace the fresh one, and the report lists what was added, kept, changed, dropped (RB-74)."""
    result, _, report = merged(cart(Line("x", 1), Line("z", 3)), account_cart(Line("y", 2), Line("z", 4)), how)
    assert demand(result.lines) == lines
    assert {row.id: row.what for row in report.rows} == what


def test_a_merge_brings_the_same_thing_to_one_line() -> None:
    """Both had the mug and the engraved mug: two lines, not four (RB-76)."""
    lines = (Line("mug", 1), Line("mug", 1, OPTIONS[1]))
    assert merged(cart(*lines), account_cart(*lines))[0].lines == (Line("mug", 2), Line("mug", 2, OPTIONS[1]))


def test_a_capped_line_is_reported() -> None:
    """Where the limit leaves room for less, the row says capped, with all three numbers (RB-74)."""
    row = merged(cart(Line("mug", 8)), account_cart(Line("mug", 7)), limits=Limits(quantity=10))[2].rows[0]
    assert (row.guest, row.account, row.result, row.what) == (8, 7, 10, "capped")


def test_no_merge_takes_from_the_account() -> None:
    """What the account had comes first: a guest's line never crowds it out, wherever it stands."""
    guest, account = cart(Line("mug", 9)), account_cart(Line("mug", 1), Line("mug", 5, OPTIONS[1]))
    assert [line.quantity for line in merged(guest, account, limits=Limits(quantity=8))[0].lines] == [3, 5]


def test_another_currency_goes_on_and_is_told() -> None:
    """Lines carry no price: all are merged, neither cart is destroyed, and the report says to price again (RB-79, OB-4)."""
    result, away, report = merged(cart(Line("mug", 1)), account_cart(Line("cup", 1), currency="USD"))
    assert (result.currency, report.currency_changed) == ("USD", ("EUR", "USD"))
    assert demand(result.lines) == {"cup": 1, "mug": 1}
    assert away.lines == (Line("mug", 1),)
    assert merged(cart(Line("mug", 1)), account_cart())[2].currency_changed is None


def test_a_cart_is_not_merged_into_itself() -> None:
    """The same cart twice would double every line: refused."""
    itself = account_cart(Line("mug", 1))
    assert reason(merge(itself, itself, "sum", LATER, LIMITS)) == "same-cart"


def test_somebody_elses_cart_looks_as_if_it_did_not_exist() -> None:
    """Another customer's cart is not merged, and the answer is that of a wrong id (R21)."""
    with pytest.raises(NotFound, match="There is no cart 'c1'"):
        merge(cart(Line("mug", 1), customer_id="bob"), account_cart(), "sum", LATER, LIMITS)


def test_two_carts_of_one_customer_can_be_merged() -> None:
    """Logging in on two devices leaves two carts: they become one."""
    assert demand(merged(cart(Line("mug", 1), customer_id="ann"), account_cart(Line("mug", 1)))[0].lines) == {"mug": 2}


def test_a_guest_cart_is_merged_into_one_account_only() -> None:
    """Once merged, its lines cannot be had a second time elsewhere (K4)."""
    _, away, _ = merged(cart(Line("mug", 1)), account_cart())
    assert reason(merge(away, cart(id="c3", customer_id="ann"), "sum", LATER, LIMITS)) == "cart-merged"


def test_a_repeated_merge_answers_even_after_the_order() -> None:
    """A client that repeats its login after all is bought gets the first answer again (K4)."""
    account, away, report = merged(cart(Line("mug", 1)), account_cart())
    bought = evolve(account, ordered="o1")
    assert merged(away, bought) == (bought, away, report)


@given(THINGS, THINGS, ANY_HOW, ANY_LIMITS)
def test_no_line_vanishes_in_a_merge(theirs: list[Line], ours: list[Line], how: How, limits: Limits) -> None:
    """Every line of either cart is in the report exactly once, with both quantities, and the cart is what the report says (RB-74)."""
    result, away, report = merged(cart(*theirs), account_cart(*ours), how, limits)
    before = [{line.id: line.quantity for line in lines} for lines in (theirs, ours)]
    assert sorted(row.id for row in report.rows) == sorted(before[0].keys() | before[1].keys())
    assert all((row.guest, row.account) == tuple(lines.get(row.id, 0) for lines in before) for row in report.rows)
    assert {line.id: line.quantity for line in result.lines} == {row.id: row.result for row in report.rows if row.result}
    assert away.lines == tuple(theirs)


@given(THINGS, THINGS, ANY_HOW, ANY_LIMITS)
def test_what_a_row_says_is_true(theirs: list[Line], ours: list[Line], how: How, limits: Limits) -> None:
    """The word of each row follows from its numbers."""
    for row in merged(cart(*theirs), account_cart(*ours), how, limits)[2].rows:
        match row.what:
            case "dropped":
                assert row.result == 0
            case "capped":
                assert 0 < row.result < row.guest + row.account
            case "added":
                assert (row.account, row.result) == (0, row.guest)
            case "kept":
                assert (row.guest, row.result) == (0, row.account)
            case "unchanged":
                assert row.guest
                assert row.result == row.account
            case "changed":
                assert row.guest
                assert row.account
                assert row.result != row.account


@given(THINGS, THINGS, ANY_HOW, ANY_LIMITS)
def test_a_merged_cart_is_within_limits(theirs: list[Line], ours: list[Line], how: How, limits: Limits) -> None:
    """No merge makes a cart that adding line by line could not make (K9)."""
    result = merged(cart(*theirs), account_cart(*ours), how, limits)[0]
    assert len(result.lines) <= limits.lines
    assert all(quantity <= limits.quantity for quantity in demand(result.lines).values())


@given(THINGS, THINGS, st.integers(18, 30))
def test_a_sum_is_the_sum_up_to_the_limit(theirs: list[Line], ours: list[Line], cap: int) -> None:
    """Per SKU the merged cart has what both had together, or the limit if that is less (RB-05)."""
    result = merged(cart(*theirs), account_cart(*ours), "sum", Limits(quantity=cap))[0]
    both = demand([*theirs, *ours])
    assert demand(result.lines) == {sku: min(cap, quantity) for sku, quantity in both.items()}


@given(THINGS, THINGS, ANY_HOW)
def test_a_merge_raises_both_versions(theirs: list[Line], ours: list[Line], how: How) -> None:
    """Whoever looked at either cart before sees that it has changed, and the guest's knows where it went."""
    result, away, _ = merged(cart(*theirs), account_cart(*ours), how)
    assert (result.version, result.updated_at) == (away.version, away.updated_at) == (2, LATER)
    assert away.merged_into == result.id


@given(THINGS, THINGS, ANY_HOW, ANY_HOW, ANY_LIMITS)
def test_merging_twice_changes_nothing(theirs: list[Line], ours: list[Line], how: How, again: How, limits: Limits) -> None:
    """A repeated merge adds nothing and gives the first report, whatever is asked the second time (K4)."""
    first = merged(cart(*theirs), account_cart(*ours), how, limits)
    assert merged(first[1], first[0], again, limits) == first
