"""Refusals: each reason has its words, each word its fact, and a refusal raised can travel."""

from __future__ import annotations

import ast
import copy
import pickle
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from string import Formatter

import pytest
from attrs import evolve, fields

from checkout_core.errors import CheckoutError, NotFound
from checkout_core.money import Money
from checkout_core.refusals import WORDS, Change, Refusal, Refused

ROOT = Path(__file__).parents[2]
FACTS = {
    "subject": "mug", "given": "seven", "missing": Money(410, "EUR"), "missing_units": 2, "wanted": 5, "available": 0, "limit": 9,
    "until": datetime(2026, 1, 2, 3, 4, tzinfo=UTC), "hint": "Try another.",
}  # fmt: skip


def names_in(template: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(template) if name is not None}


def full(reason: str, *, without: str = "") -> Refused:
    facts = {name: FACTS[name] for name in names_in(WORDS[reason]) if name != without}
    return evolve(Refused(reason), **facts)  # type: ignore[arg-type]


# The table of words


@pytest.mark.parametrize("reason", WORDS)
def test_each_template_names_facts_of_a_refusal(reason: str) -> None:
    """A misspelt fact would leave its sentence out for ever."""
    assert names_in(WORDS[reason]) <= {a.name for a in fields(Refused)} - {"reason", "changes"}


@pytest.mark.parametrize("reason", WORDS)
def test_each_template_is_complete_with_its_own_facts(reason: str) -> None:
    """With the facts it names, and no others, every sentence is said and every fact is in it."""
    refused = full(reason)
    facts = {name: FACTS[name] for name in names_in(WORDS[reason])} | {"until": "2026-01-02 03:04 UTC"}
    assert str(refused) == WORDS[reason].format(**facts)


@pytest.mark.parametrize(("reason", "name"), [(reason, name) for reason in WORDS for name in sorted(names_in(WORDS[reason]))])
def test_a_sentence_without_its_fact_is_left_out(reason: str, name: str) -> None:
    """Nobody reads "None" or an empty pair of brackets: what is not known is not said."""
    text = str(full(reason, without=name))
    assert text.endswith(".")
    assert not [odd for odd in ("None", "{", "()", "..", " .", "  ") if odd in text]


@pytest.mark.parametrize("reason", WORDS)
def test_words_are_sentences(reason: str) -> None:
    """Each begins with a capital or a fact, and ends."""
    assert WORDS[reason][0] in "{" or WORDS[reason][0].isupper()
    assert WORDS[reason].endswith((".", "{hint}"))


def test_a_zero_is_a_fact() -> None:
    """None left is said; it is not the same as not knowing."""
    assert str(Refused("out-of-stock", "mug", wanted=2, available=0)) == "You want 2 of mug; 0 can be had now. Take fewer, or none."


def test_an_end_is_said_once() -> None:
    """A fact that ends its own sentence gets no second full stop."""
    refused = Refused("invalid", "email", "This is no e-mail address.", hint="It needs an @.")
    assert str(refused) == "email is not acceptable: This is no e-mail address. It needs an @."


def test_text_from_outside_is_not_a_template() -> None:
    """Braces in what was typed are shown, not followed."""
    assert "{reason.__class__}. {0}" in str(Refused("unknown-code", "{reason.__class__}. {0}"))


def test_a_reason_without_words_still_says_what_is_known() -> None:
    """A host's own reason, not yet translated, is not silent."""
    assert str(Refused("house-rule", "mug", hint="Ask us.")) == "Refused: house-rule. mug. Ask us."


def test_a_host_speaks_its_own_language() -> None:
    """The words are a table that can be exchanged."""
    assert Refused("unknown-sku", "mug").words({"unknown-sku": "{subject} haben wir nicht."}) == "mug haben wir nicht."


def test_changes_follow_the_words() -> None:
    """Every difference is listed, before and after."""
    refused = Refused("quote-changed", changes=(Change("mug", "10.00 EUR", "11.00 EUR"),))
    assert str(refused).endswith("confirm the new total. mug: 10.00 EUR -> 11.00 EUR.")


def test_how_far_has_the_known_facts_only() -> None:
    """The distance to yes as data, zero included."""
    assert Refused("out-of-stock", "mug", wanted=2, available=0).how_far == {"wanted": 2, "available": 0}


# Raised


def test_a_raised_refusal_says_every_reason() -> None:
    """All reasons are in the message, and as data."""
    both = (Refused("empty-cart"), Refused("needs-shipping"))
    assert str(Refusal.of(both)) == f"{both[0]} {both[1]}"
    assert Refusal(*both).refused == both


@pytest.mark.parametrize("error", [Refusal(Refused("quantity", "mug", "0", limit=9)), NotFound("cart", "c1")], ids=["Refusal", "NotFound"])
def test_an_error_can_travel(error: CheckoutError) -> None:
    """An error from a worker process arrives as it was raised, not as another error."""
    for arrived in (copy.copy(error), copy.deepcopy(error), pickle.loads(pickle.dumps(error))):
        assert (type(arrived), str(arrived), vars(arrived)) == (type(error), str(error), vars(error))


# Every reason used anywhere has words


def reasons(source: str) -> Iterator[str]:
    """The literal reasons a file gives to `Refused(...)`, or matches it by."""
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Call(func=ast.Name(id="Refused") | ast.Attribute(attr="Refused"), args=args, keywords=keywords):
                named = [keyword.value for keyword in keywords if keyword.arg == "reason"]
                for given in [*args[:1], *named]:
                    yield from _texts(given)
            case ast.MatchClass(cls=ast.Name(id="Refused") | ast.Attribute(attr="Refused"), patterns=patterns):
                named_patterns = [p for name, p in zip(node.kwd_attrs, node.kwd_patterns, strict=True) if name == "reason"]
                for pattern in [*patterns[:1], *named_patterns]:
                    for part in ast.walk(pattern):
                        if isinstance(part, ast.MatchValue):
                            yield from _texts(part.value)
            case _:
                pass


def _texts(node: ast.expr) -> Iterator[str]:
    match node:
        case ast.Constant(value=str(text)):
            yield text
        case ast.IfExp(body=body, orelse=orelse):
            yield from _texts(body)
            yield from _texts(orelse)
        case ast.BoolOp(values=values):
            for value in values:
                yield from _texts(value)
        case _:
            pass


def test_every_reason_has_words() -> None:
    """Whatever refuses, in the core, the command or an adapter, has its words in the table."""
    files = sorted(path for folder in ("src", "adapters") for path in (ROOT / folder).rglob("*.py"))
    used = {(str(path.relative_to(ROOT)), reason) for path in files for reason in reasons(path.read_text(encoding="utf-8"))}
    assert used
    assert sorted((where, reason) for where, reason in used if reason not in WORDS) == []


@pytest.mark.parametrize(
    "planted",
    [
        'Refused("no-words")',
        'refusals.Refused("no-words", "mug")',
        'Refused(reason="no-words")',
        'Refused("quantity" if x else "no-words")',
        'Refused(x or "no-words")',
        'match x:\n    case Refused("quantity" | "no-words"): ...',
        'match x:\n    case Refused(reason="no-words"): ...',
    ],
)
def test_a_planted_reason_is_seen(planted: str) -> None:
    """The search above finds a reason in each form in which one may be written."""
    assert "no-words" in set(reasons(planted))


def test_other_texts_are_no_reasons() -> None:
    """Subjects, and classes of other names, are left alone."""
    assert list(reasons('Refused(reason_of(x), "no-words"); RefundRefused("no-words")')) == []
