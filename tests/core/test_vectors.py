"""Numbers that other projects' tests assert, under the policy each case names (see tests/vectors/README.md).

Every case of every file is a test of its own. What a case says and we do not know is an error, never a silent pass.
`CHECKOUT_VECTORS=DIR` runs the same checks on another folder.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import pytest
from attrs import frozen

from checkout_cli.vectors import CART, Fractional, Strange, Unreadable, answer_of, read_worked
from checkout_core.money import (
    ALLOCATIONS,
    CURRENCIES,
    ROUNDINGS,
    ZERO_TOTALS,
    Money,
    Ratio,
    allocate,
    cash_round,
    round_to,
)
from checkout_core.pricing import Quote, price
from checkout_core.receipt import figures_of, receipt_of, recompute
from checkout_core.tax import TAX_CHOICES, TaxPolicy, TaxRate, tax_of

Case = dict[str, Any]

FOLDER: Final = Path(os.environ.get("CHECKOUT_VECTORS", Path(__file__).parents[1] / "vectors"))
TABLES: Final = frozenset({"currencies.json", "tax_authorities.json"})  # JSON files that hold no cases of this schema


def test_case(case: Case) -> None:
    """The case comes out as its source says."""
    check(case)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "case" in metafunc.fixturenames:
        cases = [case for case in read(FOLDER) if metafunc.function is test_case or "expected" in case]
        metafunc.parametrize("case", cases, ids=[str(case.get("id")) for case in cases])


def check(case: Case) -> None:
    """Nothing if the case holds. AssertionError if our numbers differ, Unknown if the case says something we do not understand."""
    kind = KINDS.get(case.get("kind", ""))
    if kind is None:
        raise Unknown(f"kind {case.get('kind')!r}")
    known(case, COMMON | kind.needs | kind.may, f"a case of kind {case['kind']}", needs=NEEDED | kind.needs)
    known(case["source"], {"repo", "path", "test"}, "source", needs={"repo", "path", "test"})
    one_of(case["provenance"], PROVENANCES, "provenance")
    if ("expected" in case) == ("expected_error" in case):
        raise Unknown(f"{case['id']}: give either expected or expected_error")
    if "currency" in case:
        one_of(case["currency"], CURRENCIES, "currency")
    if "expected_error" in case:
        check_refused(case, kind)
        return
    if not any(changes(case, "expected")):
        raise Unknown(f"{case['id']}: expected says nothing")
    answer = kind.answer(case)
    compare(case["expected"], answer, f"{case['id']}: expected")
    if "derived" in case:
        compare(case["derived"], answer, f"{case['id']}: derived")
    if "peer_expected" in case:
        assert not comes_out(case["peer_expected"], kind, case), f"{case['id']}: the inexact answer of the peer"
    if "matches_default" in case:
        same = comes_out(case["expected"], kind, kind.default(case))
        assert same is case["matches_default"], f"{case['id']}: under the default policy"


def check_refused(case: Case, kind: Kind) -> None:
    """The case is refused, in a sentence; under the default policy as well, if it says so."""
    one_of(case["expected_error"], [True], "expected_error")
    if figures := sorted({"derived", "peer_expected"} & set(case)):
        raise Unknown(f"{case['id']}: what is refused has no {' and '.join(figures)}")
    with pytest.raises(ValueError, match=r"\.$"):
        kind.answer(case)
    if "matches_default" in case:
        try:
            kind.answer(kind.default(case))
            same = False
        except ValueError:
            same = True
        assert same is case["matches_default"], f"{case['id']}: under the default policy"


def compare(expected: Any, answer: Any, where: str) -> None:
    """Every field that is expected is there and equal; a field that we do not give is Unknown."""
    if isinstance(expected, dict) and isinstance(answer, dict):
        known(expected, set(answer), where)
        for name, value in expected.items():
            compare(value, answer[name], f"{where}.{name}")
    else:
        # 1 == True in Python, so types count as well.
        assert type(expected) is type(answer), f"{where}: {answer!r} is no {type(expected).__name__}"
        assert expected == answer, f"{where}: got {answer!r}"


def comes_out(expected: Any, kind: Kind, case: Case) -> bool:
    try:
        compare(expected, kind.answer(case), case["id"])
    except (AssertionError, ValueError):  # a refusal is another answer, too
        return False
    return True


class Unknown(Exception):
    """The case says something that this runner does not understand."""


def known(
    given: Mapping[str, object], fields: set[str] | frozenset[str], where: str, *, needs: set[str] | frozenset[str] = frozenset()
) -> None:
    if strange := sorted(set(given) - fields):
        raise Unknown(f"{where} has {', '.join(strange)}")
    if missing := sorted(needs - set(given)):
        raise Unknown(f"{where} lacks {', '.join(missing)}")


def one_of(value: object, known_values: Any, what: str) -> None:
    if value not in known_values:
        raise Unknown(f"{what} {value!r}")


# --- what each kind of case asks -------------------------------------------------------------------------------------------------


def rounding(case: Case) -> int:
    one_of(case["mode"], ROUNDINGS, "mode")
    return round_to(Ratio.parse(case["value"]), case["increment"], case["mode"])


def cash_rounding(case: Case) -> int:
    one_of(case["mode"], ROUNDINGS, "mode")
    return cash_round(case["amount"], case["increment"], case["mode"])


def minor_units(case: Case) -> int:
    return Money.parse(case["decimal"], case["currency"]).minor


def allocation(case: Case) -> list[int]:
    one_of(case["method"], ALLOCATIONS, "method")
    one_of(case.get("mode", "half_up"), ROUNDINGS, "mode")
    one_of(case.get("zero_total", "error"), ZERO_TOTALS, "zero_total")
    weights = [weight if type(weight) is int else Ratio.parse(weight) for weight in case["weights"]]
    optional = {name: case[name] for name in ("mode", "step", "zero_total", "caps") if name in case}
    shares = allocate(case["amount"], weights, case["method"], **optional)
    if not {"caps", "zero_total"} & set(case):
        assert sum(shares) == case["amount"]
    return shares


def allocation_default(case: Case) -> Case:
    return {name: value for name, value in case.items() if name not in ("mode", "zero_total")} | {"method": "largest_remainder"}


TAX_POLICY: Final[Mapping[str, tuple[str, tuple[str, ...] | None]]] = {
    "tax_mode": ("mode", ROUNDINGS),
    "tax_level": ("level", TAX_CHOICES["level"]),
    "tax_target": ("target", TAX_CHOICES["target"]),
    "tax_components": ("components", TAX_CHOICES["components"]),
    "increment": ("increment", None),
}


def tax(case: Case) -> dict[str, Any]:
    whole_units(case, fractional=isinstance(case["quantity"], str))
    known(case["policy"], set(TAX_POLICY), "policy")
    for name, value in case["policy"].items():
        if (values := TAX_POLICY[name][1]) is not None:
            one_of(value, values, name)
    for rate in case["rates"]:
        known(rate, {"code", "rate", "included", "compound"}, "rate", needs={"code", "rate", "included"})
    rates = [TaxRate(r["code"], Ratio.parse(r["rate"]), r["included"], r.get("compound", False)) for r in case["rates"]]
    policy = TaxPolicy(**{TAX_POLICY[name][0]: value for name, value in case["policy"].items()})
    taxed = tax_of(case["amount"], rates, policy, case["quantity"])
    return {"net": taxed.net, "tax": taxed.tax, "gross": taxed.gross, "components": dict(taxed.components)}


def tax_default(case: Case) -> Case:
    grid = {name: value for name, value in case["policy"].items() if name == "increment"}  # the currency's grid is no policy of ours
    return case | {"policy": grid}


def whole_units(case: Case, *, fractional: bool) -> None:
    """Leaves out a case that sells parts of a unit, if its tags say that it is optional."""
    if fractional and "fractional-quantity" in case["tags"]:
        pytest.skip("We sell whole units.")
    if fractional:
        raise Unknown("a fractional quantity without its tag")


def cart(case: Case) -> dict[str, Any]:
    """The figures of the quote; its receipt must give them again, and add up to what is due."""
    try:
        worked = read_worked(case)
    except Fractional:
        whole_units(case, fractional=True)
        raise
    except Unreadable as mistakes:
        if "expected_error" in case and not isinstance(mistakes, Strange):
            raise
        raise Unknown(str(mistakes)) from None
    quote = price(worked.basket, worked.facts, NOW, worked.policy)
    if not isinstance(quote, Quote):
        raise ValueError(" ".join(map(str, quote)))
    receipt = receipt_of(quote)
    assert recompute(receipt) == figures_of(quote)
    assert sum(row.amount for row in receipt.rows) == quote.totals.due
    return answer_of(worked, quote)


def cart_default(case: Case) -> Case:
    return case | {"policy": {}}


NOW: Final = datetime(2026, 6, 1, 12, tzinfo=UTC)


@frozen
class Kind:
    """One kind of case: the fields it needs and may have besides the common ones, our answer, and the case under the default policy."""

    answer: Callable[[Case], Any]
    needs: frozenset[str]
    may: frozenset[str] = frozenset()
    default: Callable[[Case], Case] = dict


KINDS: Final[Mapping[str, Kind]] = {
    "rounding": Kind(rounding, frozenset({"value", "mode", "increment"}), frozenset({"currency"})),
    "cash_rounding": Kind(cash_rounding, frozenset({"amount", "increment", "mode"}), frozenset({"currency"})),
    "minor_units": Kind(minor_units, frozenset({"currency", "decimal"})),
    "allocation": Kind(
        allocation,
        frozenset({"amount", "weights", "method"}),
        frozenset({"currency", "mode", "step", "zero_total", "caps"}),
        allocation_default,
    ),
    "tax": Kind(tax, frozenset({"amount", "quantity", "rates", "policy"}), frozenset({"currency"}), tax_default),
    "cart": Kind(cart, frozenset({"currency", "policy", "lines"}), frozenset(CART), cart_default),
}
NEEDED: Final = frozenset({"id", "kind", "source", "rule", "tags", "provenance"})
COMMON: Final = NEEDED | {"notes", "expected", "expected_error", "derived", "matches_default", "peer_expected"}
PROVENANCES: Final = ("asserted", "formula", "normalised", "contradicts-peer")


def read(folder: Path) -> list[Case]:
    """Every case of the folder. A folder without any is an error: nothing checked is no pass."""
    cases = [case for path in sorted(folder.glob("*.json")) if path.name not in TABLES for case in json.loads(path.read_text("utf-8"))]
    if not cases:
        raise ValueError(f"There are no cases in {folder}. Point CHECKOUT_VECTORS at a folder of *.json files.")
    if twice := [name for name, count in Counter(case.get("id") for case in cases).items() if count > 1]:
        raise ValueError(f"Cases share an id: {', '.join(map(str, twice))}. Give each its own.")
    return cases


# --- the runner has been seen failing --------------------------------------------------------------------------------------------


def test_one_changed_number_turns_a_case_red(case: Case) -> None:
    """Each expected number of each case counts: one more, and the case fails."""
    changed = list(changes(case, "expected")) + list(changes(case, "derived"))
    assert changed
    for wrong in changed:
        with pytest.raises(AssertionError):
            check(wrong)


def changes(case: Case, field: str) -> Iterator[Case]:
    """The case with one number of that field raised by one, for each number in turn."""

    def paths(value: Any, path: tuple[Any, ...]) -> Iterator[tuple[Any, ...]]:
        if isinstance(value, dict):
            for name, inner in value.items():
                yield from paths(inner, (*path, name))
        elif isinstance(value, list):
            for i, inner in enumerate(value):
                yield from paths(inner, (*path, i))
        else:
            yield path

    for *above, last in paths(case[field], (field,)) if field in case else ():
        wrong = deepcopy(case)
        place: Any = wrong
        for step in above:
            place = place[step]
        place[last] += 1
        yield wrong


A_TAX_CASE: Final[Case] = {
    "id": "planted",
    "kind": "tax",
    "source": {"repo": "r", "path": "p", "test": "t"},
    "rule": "19 % on top of 1.00",
    "tags": [],
    "provenance": "asserted",
    "matches_default": True,
    "amount": 100,
    "quantity": 1,
    "rates": [{"code": "VAT", "rate": "0.19", "included": False}],
    "policy": {},
    "expected": {"tax": 19},
}
AN_ALLOCATION: Final[Case] = {name: A_TAX_CASE[name] for name in ("id", "source", "rule", "tags", "provenance")} | {
    "kind": "allocation",
    "amount": 3,
    "weights": [1, 1],
    "method": "largest_remainder",
    "expected": [2, 1],
}


A_PROMOTION: Final[Case] = {"id": "ten", "type": "percent", "target": "order", "value": "10"}
A_CART: Final[Case] = {name: A_TAX_CASE[name] for name in ("id", "source", "rule", "tags", "provenance", "matches_default")} | {
    "kind": "cart",
    "currency": "EUR",
    "policy": {},
    "lines": [{"id": "A", "unit_amount": 100, "quantity": 2, "tax": []}],
    "shipping": [{"id": "S", "amount": 50, "tax": []}],
    "promotions": [A_PROMOTION],
    "gift_cards": [{"id": "G", "balance": 30}],
    "expected": {"totals": {"total": 230, "amount_due": 200}, "promotions": {"ten": 20}, "units": {"A": [10, 10]}},
}


def with_promotion(**changed: Any) -> Case:
    """The planted cart with its promotion changed; None takes a field out."""
    promotion = {name: value for name, value in (A_PROMOTION | changed).items() if value is not None}
    return A_CART | {"promotions": [promotion]}


@pytest.mark.parametrize("case_in_order", [A_TAX_CASE, AN_ALLOCATION, A_CART], ids=["tax", "allocation", "cart"])
def test_the_planted_cases_pass_as_they_are(case_in_order: Case) -> None:
    """So the tests below fail for what they plant, and for nothing else."""
    check(case_in_order)


@pytest.mark.parametrize(
    "planted",
    [
        A_TAX_CASE | {"surprise": 1},
        A_TAX_CASE | {"kind": "horoscope"},
        A_TAX_CASE | {"provenance": "invented"},
        A_TAX_CASE | {"currency": "ABC"},
        A_TAX_CASE | {"expected_error": True},
        A_TAX_CASE | {"expected": {"tax": 19, "tip": 0}},
        A_TAX_CASE | {"expected": {}},
        A_TAX_CASE | {"quantity": "0.5"},
        A_TAX_CASE | {"policy": {"tax_weather": "fine"}},
        A_TAX_CASE | {"policy": {"tax_mode": "sideways"}},
        A_TAX_CASE | {"policy": {"tax_level": "galaxy"}},
        A_TAX_CASE | {"rates": [{"code": "VAT", "rate": "0.19", "included": False, "hidden": True}]},
        A_TAX_CASE | {"source": {"repo": "r"}},
        {name: value for name, value in A_TAX_CASE.items() if name != "quantity"},
        {name: value for name, value in A_TAX_CASE.items() if name != "expected"},
        AN_ALLOCATION | {"method": "by_beauty"},
        AN_ALLOCATION | {"mode": "sideways"},
        AN_ALLOCATION | {"zero_total": "perhaps"},
        A_CART | {"surprise": 1},
        A_CART | {"expected": {"totals": {}}},
        A_CART | {"policy": {"tax_weather": "fine"}},
        A_CART | {"policy": {"stacking": "sideways"}},
        A_CART | {"policy": {"cash": {"increment": 5, "coin": "gold"}}},
        A_CART | {"policy": {"tax_base": "before_discount", "discount_line_tax": "separate"}},
        A_CART | {"lines": [A_CART["lines"][0] | {"colour": "red"}]},
        A_CART | {"lines": [A_CART["lines"][0] | {"quantity": "0.5"}]},
        A_CART | {"lines": [A_CART["lines"][0] | {"quantity": 0}]},
        A_CART | {"lines": [A_CART["lines"][0] | {"unit_amount": 1.5}]},
        A_CART | {"shipping": [A_CART["shipping"][0] | {"speed": 1}]},
        A_CART | {"gift_cards": [A_CART["gift_cards"][0] | {"colour": "red"}]},
        A_CART | {"expected": {"lines": {"Z": {"tax": 0}}}},
        A_CART | {"expected": {"totals": {"tip": 0}}},
        with_promotion(type="horoscope"),
        with_promotion(target="moon"),
        with_promotion(size=3),
        with_promotion(value=None),
        with_promotion(lines=["Z"]),
        with_promotion(unit_order="by_beauty"),
        with_promotion(min_amount={"value": 1, "basis": "hearsay"}),
        with_promotion(type="tiered_percent", value=None, tiers=[[0]]),
        with_promotion(type="buy_get", target="lines", value=None, buy={"lines": ["A"]}, get={}),
        with_promotion(type="group_nth", target="lines", size=2, nth=3, sort="price_asc", picking="vertical"),
    ],
    ids=lambda planted: "",
)
def test_what_we_do_not_know_is_an_error(planted: Case) -> None:
    """An unknown field, kind, method, mode, policy key or value is never skipped."""
    with pytest.raises(Unknown):
        check(planted)


def test_a_wrong_claim_about_the_default_is_seen() -> None:
    """`matches_default` is checked both ways, of an answer and of a refusal."""
    with pytest.raises(AssertionError, match="default"):
        check(A_TAX_CASE | {"matches_default": False})
    contradiction = refused(A_CART) | {"policy": {"tax_base": "before_discount", "discount_line_tax": "separate"}}
    check(contradiction | {"matches_default": False})
    with pytest.raises(AssertionError, match="default"):
        check(contradiction | {"matches_default": True})
    check(refused(AN_ALLOCATION) | {"weights": [], "matches_default": True})


def refused(case: Case) -> Case:
    """The case without its figures, as one that must be refused."""
    return {name: value for name, value in case.items() if name not in ("expected", "matches_default")} | {"expected_error": True}


@pytest.mark.parametrize(
    "planted",
    [
        refused(with_promotion(type="horoscope")),
        refused(with_promotion(target="moon")),
        refused(with_promotion(surprise=1)),
        refused(with_promotion(value=None)),
        refused(A_CART) | {"surprise": 1},
        refused(A_CART) | {"policy": {"tax_weather": "fine"}},
        refused(A_CART) | {"policy": {"stacking": "sideways"}},
        refused(A_CART) | {"lines": [A_CART["lines"][0] | {"colour": "red"}]},
        refused(A_TAX_CASE) | {"policy": {"tax_weather": "fine"}},
        refused(AN_ALLOCATION) | {"method": "by_beauty"},
        refused(AN_ALLOCATION) | {"weights": [], "derived": [1]},
        refused(A_TAX_CASE) | {"peer_expected": {"tax": 1}},
    ],
    ids=lambda planted: "",
)
def test_what_we_do_not_know_is_no_refusal(planted: Case) -> None:
    """A case that must be refused does not pass because we did not understand it."""
    with pytest.raises(Unknown):
        check(planted)


def test_a_refusal_that_does_not_come_is_seen() -> None:
    """A case that must be refused fails if we answer it."""
    with pytest.raises(pytest.fail.Exception):
        check(refused(A_TAX_CASE))


def test_a_tagged_fraction_of_a_unit_is_unsupported_and_nothing_else_is() -> None:
    """We sell whole units; a cart that says so by its tag is left out, and only that one."""
    half = A_CART | {"lines": [A_CART["lines"][0] | {"quantity": "0.5"}], "tags": ["fractional-quantity"]}
    with pytest.raises(pytest.skip.Exception):
        check(half)
    with pytest.raises(pytest.skip.Exception):
        check(A_TAX_CASE | {"quantity": "0.5", "tags": ["fractional-quantity"]})
    with pytest.raises(Unknown):
        check(half | {"policy": {"tax_weather": "fine"}})


def test_a_cart_that_must_be_refused() -> None:
    """A contradiction, and a total below nothing, are refused."""
    check(refused(A_CART) | {"policy": {"tax_base": "before_discount", "discount_line_tax": "separate"}})
    check(refused(A_CART) | {"lines": [{"id": "A", "unit_amount": -100, "quantity": 2, "tax": []}]})
    with pytest.raises(pytest.fail.Exception):
        check(refused(A_CART))


def test_another_folder_can_be_checked(tmp_path: Path) -> None:
    """`CHECKOUT_VECTORS` points the whole run at another folder; a wrong number there fails the run."""
    (tmp_path / "tax.json").write_text(json.dumps([A_TAX_CASE, A_TAX_CASE | {"id": "wrong", "expected": {"tax": 20}}]), "utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"{__file__}::test_case"]
    done = subprocess.run(command, env=os.environ | {"CHECKOUT_VECTORS": str(tmp_path)}, capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "1 failed, 1 passed" in done.stdout


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    """A mistyped folder is an error, not a run without tests."""
    with pytest.raises(ValueError, match="no cases"):
        read(tmp_path)


def test_two_cases_of_one_id_are_refused(tmp_path: Path) -> None:
    """An id names one case."""
    (tmp_path / "tax.json").write_text(json.dumps([A_TAX_CASE, A_TAX_CASE]), "utf-8")
    with pytest.raises(ValueError, match="planted"):
        read(tmp_path)


def test_our_currencies_are_the_table() -> None:
    """Our own ISO 4217 table has the codes, numbers, decimals and names of the reference table, no more and no fewer."""
    table = json.loads((Path(__file__).parents[1] / "vectors" / "currencies.json").read_text("utf-8"))
    reference = {row["code"]: (row["numeric"], row["exponent"], row["name"].strip()) for row in table}
    assert {c.code: (c.numeric, c.exponent, c.name) for c in CURRENCIES.values()} == reference
