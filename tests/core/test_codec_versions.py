"""Versions of stored documents: no shape changes without a number, and what a former release wrote is read, and means what it meant."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
import types
from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime
from enum import Enum
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin

import pytest
from attrs import fields, has, resolve_types

from checkout_core import codec
from checkout_core.cart import Cart, Line
from checkout_core.checkout import Checkout
from checkout_core.codec import (
    TAGS,
    UPCASTERS,
    VERSIONS,
    Unreadable,
    decode,
    decode_answer,
    decode_checkout,
    encode,
    encode_answer,
    encode_checkout,
    encode_facts,
    hooks,
)
from checkout_core.effects import Wait
from checkout_core.holds import KINDS, Claim, PoolKey, Stock
from checkout_core.money import Money, Ratio
from checkout_core.pricing import (
    Quote,
)
from checkout_core.promotions import (
    BENEFITS,
    CONDITIONS,
    FREE_SHIPPING,
    AmountOff,
    Condition,
    Percent,
    Promotion,
)
from checkout_core.promotions.benefits import Benefit
from checkout_core.quote import intact
from checkout_core.receipt import figures_of, receipt_of, recompute
from tests.core.kept import ATTEMPTS, CART, DOCUMENTS, a_checkout, a_quote, changed, compact, eur, fixtures, put, read

# Unions and shapes


def parts(kind: Any) -> tuple[Any, ...]:
    if kind is Condition:
        return CONDITIONS  # and those that hosts register
    if kind == Benefit:
        return BENEFITS  # likewise
    return get_args(kind) if isinstance(kind, types.UnionType) or get_origin(kind) in (Union, tuple) else ()


def reached(kind: Any, seen: dict[str, Any]) -> dict[str, Any]:
    """Every type that can be met in a document of this one."""
    if repr(kind) not in seen:
        seen[repr(kind)] = kind
        inner = [a.type for a in fields(resolve_types(kind)) if a.init] if has(kind) else [part for part in parts(kind) if part is not ...]
        for each in inner:
            reached(each, seen)
    return seen


def all_types() -> list[Any]:
    seen: dict[str, Any] = {}
    for kind in codec._KINDS.values():
        reached(kind, seen)
    return list(seen.values())


def test_every_member_of_every_union_has_a_tag_and_every_tag_a_member() -> None:
    members = {Cart, Checkout}  # of an answer
    for kind in all_types():
        classes = [part for part in parts(kind) if has(part)] if get_origin(kind) is not tuple else []
        if len(classes) > 1 and set(classes) != set(get_args(PoolKey)):
            members |= set(classes)
            tags = [TAGS[part] for part in classes]
            assert len(tags) == len(set(tags)), f"Two members of {kind} have one tag."
    assert members == set(TAGS)


def test_no_field_is_called_like_what_a_document_adds() -> None:
    assert not [kind for kind in TAGS if "type" in {a.name for a in fields(kind)}]
    assert not [kind for kind in codec._KINDS.values() if "v" in {a.name for a in fields(kind)}]


def shape(kind: Any, above: tuple[Any, ...] = ()) -> object:
    """What a document of this type looks like, without the name of any class; raises for a type that the codec does not know."""
    if kind in (str, int, bool, datetime, date):
        return kind.__name__
    if kind in (Money, Ratio, type(None)):
        return {Money: "[minor, currency]", Ratio: "ratio", type(None): None}[kind]
    if kind == PoolKey:
        return "pool: " + ", ".join(sorted(f"{KINDS[part]}({', '.join(a.name for a in fields(part))})" for part in get_args(PoolKey)))
    if kind in above:
        return f"as {len(above) - above.index(kind)} above"
    if kind is Quote and Checkout in above:
        return "hash"
    if kind == Mapping[str, Money]:
        return ["[minor, currency], by currency", "…"]
    if get_origin(kind) is frozenset:
        return [*(shape(part, above) for part in get_args(kind)), "…, sorted"]
    if get_origin(kind) is Literal:
        return "one of: " + ", ".join(sorted(get_args(kind)))
    if get_origin(kind) is tuple:
        return ["…" if part is ... else shape(part, above) for part in get_args(kind)]
    if isinstance(kind, type) and issubclass(kind, Enum):
        return "one of: " + ", ".join(sorted(member.value for member in kind))
    if has(kind):
        return {a.name: shape(a.type, (*above, kind)) for a in fields(resolve_types(kind)) if a.init}
    if parts(kind):
        several = len([part for part in parts(kind) if has(part)]) > 1
        return {"either": sorted(([TAGS[p], shape(p, above)] if several and has(p) else shape(p, above) for p in parts(kind)), key=repr)}
    raise TypeError(f"The codec has no hook for {kind}. Write one, and a test.")


def shapes() -> dict[str, object]:
    return {f"{kind}-v{VERSIONS[kind]}": json.loads(json.dumps(shape(cls))) for kind, cls in codec._KINDS.items()}


@pytest.mark.parametrize("name", sorted(shapes()))
def test_no_shape_changes_without_a_new_version(name: str) -> None:
    """A release that meets a document of another shape must know it by its number: then it can raise it, or say that it is too new."""
    known = json.loads((DOCUMENTS / "shapes.json").read_text(encoding="utf-8"))
    assert known.get(name) == shapes()[name], (
        f"The documents of {name} look different now. Raise the version in codec.VERSIONS, add to UPCASTERS the step from the one before, "
        "then run `python -m tests.core.test_codec_versions` to write the new shape and a new fixture, and keep the old ones."
    )


def test_a_planted_change_of_shape_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    before = shapes()
    monkeypatch.setitem(codec.TAGS, Wait, "pause")  # type: ignore[misc, index, arg-type, unused-ignore]
    after = shapes()
    assert {name for name in before if before[name] != after[name]} == {f"checkout-v{VERSIONS['checkout']}"}


def test_a_type_without_a_hook_is_seen() -> None:
    with pytest.raises(TypeError):
        shape(tuple[float, ...])


def test_a_float_is_neither_written_nor_read() -> None:
    """R14: also where a class should come to ask for one."""
    converter = hooks.converter()
    with pytest.raises(TypeError):
        converter.get_unstructure_hook(float)(1.5)
    with pytest.raises(TypeError):
        converter.get_structure_hook(float)(1.5, float)


def test_a_frozen_set_is_a_sorted_list() -> None:
    """Its text must not depend on the order of a set."""
    converter, kind = hooks.converter(), frozenset[str]
    text = converter.get_unstructure_hook(kind)(frozenset("zebra"))
    assert text == sorted(set("zebra"))
    hook = converter.get_structure_hook(kind)
    assert hook(text, kind) == frozenset("zebra")
    for wrong in (["b", "a"], ["a", "a"], "ab", [1], {"a": 1}, None):
        with pytest.raises(hooks.Wrong):
            hook(wrong, kind)


# Versions


def stored() -> list[Path]:
    return sorted(DOCUMENTS.glob("*-v*.json"))


def kind_and_version(path: Path) -> tuple[str, int]:
    found = re.fullmatch(r"([a-z]+)-v(\d+)(?:-[a-z]+)?", path.stem)
    assert found
    return found[1], int(found[2])


def quotes_stored() -> dict[str, Quote]:
    found = (decode(Quote, path.read_text(encoding="utf-8")) for path in stored() if kind_and_version(path)[0] == "quote")
    return {quote.hash: quote for quote in found}


@pytest.mark.parametrize("path", stored(), ids=lambda path: path.stem)
def test_every_document_ever_written_can_be_read(path: Path) -> None:
    """Read, written, and equal: the same document if it is of the current version, else the one it is raised to."""
    kind, version = kind_and_version(path)
    text = path.read_text(encoding="utf-8")
    document = json.loads(text)
    assert document["v"] == version

    def load(text: str) -> Any:
        return decode_checkout(text, quotes_stored().get(json.loads(text)["quote"])) if kind == "checkout" else read(kind, text)

    def dump(value: Any) -> str:
        return encode_checkout(value) if kind == "checkout" else encode_facts(value) if kind == "facts" else encode(value)

    value = load(text)
    again = dump(value)
    assert load(again) == value
    assert again == dump(load(again))
    if version == VERSIONS[kind]:
        assert again == compact(document)


FORMER = [path for path in stored() if path.stem.startswith("quote-v1")]


@pytest.mark.parametrize("path", FORMER, ids=lambda path: path.stem)
def test_a_quote_of_the_first_version_keeps_its_hash_and_is_intact(path: Path) -> None:
    """R7: the hash was made by the release that wrote it; read today, and written again, it still names this quote."""
    text = path.read_text(encoding="utf-8")
    quote = decode(Quote, text)
    assert (quote.scheme, quote.hash) == (1, json.loads(text)["hash"])
    assert quote.total.minor == quote.totals.total == json.loads(text)["totals"]["total"]
    assert intact(quote)
    again = decode(Quote, encode(quote))
    assert again == quote
    assert intact(again)


@pytest.mark.parametrize("path", [path for path in stored() if path.stem.startswith("quote-v2")], ids=lambda path: path.stem)
def test_a_stored_quote_of_the_second_version_is_intact(path: Path) -> None:
    """R7: whoever changes the rule of the hash sees it here, and raises the scheme."""
    quote = decode(Quote, path.read_text(encoding="utf-8"))
    assert quote.scheme == 2
    assert intact(quote)


@pytest.mark.parametrize("path", [path for path in FORMER if path.stem != "quote-v1"], ids=lambda path: path.stem)
def test_a_receipt_of_the_first_version_can_be_worked_out_again(path: Path) -> None:
    """Quotes that release priced: percent, amount and free carriage, nothing to send, other roundings. (`quote-v1` is made by hand.)"""
    quote = decode(Quote, path.read_text(encoding="utf-8"))
    receipt = receipt_of(quote)
    assert recompute(receipt) == figures_of(quote)
    assert sum(row.amount for row in receipt.rows) == receipt.due == quote.totals.total


def leaves(document: Any, *way: str | int) -> Iterator[tuple[tuple[str | int, ...], Any]]:
    """Everything in a document that is no object, and every list, with the way there."""
    if not isinstance(document, dict):
        yield way, document
    pairs = document.items() if isinstance(document, dict) else enumerate(document) if isinstance(document, list) else ()
    for name, value in pairs:
        yield from leaves(value, *way, name)


def others(value: Any) -> Iterator[Any]:
    """Other values, such as could stand there instead."""
    match value:
        case bool():
            yield not value
        case int():
            yield from (value + 1, value - 1, 0, 2)
        case str():
            yield from (value + "x", "", "1", "up", "original", "unit", "lines", "shipping", "parallel")
        case None:
            yield from ("x", 1, [0], [[1, "EUR"]], {"increment": 5, "mode": "half_up"})
        case list():
            yield from (value[:-1], [*value, *value[-1:]], [*value, 0], [*value, [1, "EUR"]], [[0, 1]])
            yield [{"id": "gc1", "balance": 500, "limit": None, "tax_rate": None, "used": 5, "tax": 0}]
        case _:
            raise AssertionError(value)


@pytest.mark.parametrize("name", ["quote-v1", "quote-v1-sold", "quote-v1-gratis", "quote-v1-policy", "quote-v2", "quote-v2-full"])
def test_nothing_in_a_stored_quote_can_change_unseen(name: str) -> None:
    """R7: whatever else stands anywhere, the document cannot be read or is not the one its hash names; news are not part of the price."""
    quote = decode(Quote, (DOCUMENTS / f"{name}.json").read_text(encoding="utf-8"))
    text = encode(quote)
    seen = 0
    for way, value in list(leaves(json.loads(text))):
        for other in others(value) if way[0] not in ("v", "near_misses") else ():
            document = json.loads(text)
            place = document
            for step in way[:-1]:
                place = place[step]
            place[way[-1]] = other
            if compact(document) == text:
                continue
            seen += 1
            try:
                again = decode(Quote, compact(document))
            except Unreadable:
                continue
            assert again == quote or not intact(again), (way, value, other)
    assert seen > 200


@pytest.mark.parametrize(
    ("name", "path", "value"),
    [
        ("quote-v1", "promotions[0].kind", "free_shipping"),
        ("quote-v1", "promotions[0].kind", "tiers"),
        ("quote-v1", "promotions[0].percent", None),
        ("quote-v1", "promotions[0].shipping", 5),
        ("quote-v1", "promotions[0].weights", [2500]),
        ("quote-v1", "promotions[0].weights", [0, 2500]),
        ("quote-v1", "promotions[0].shares", [250]),
        ("quote-v1", "promotions[0].group", None),
        ("quote-v1", "lines[0].floor", 0),
        ("quote-v1", "cards", []),
        ("quote-v1", "scheme", 1),
        ("quote-v1", "shipping", None),
        ("quote-v1", "shipping.id", ""),
        ("quote-v1", "policy.cash", None),
        ("quote-v1", "totals.due", 4990),
        ("quote-v1-sold", "promotions[2].shares[0]", 1),
        ("quote-v1-gratis", "promotions[1].shipping", 5),
        ("promotion-v1", "kind", "percent"),
        ("promotion-v1", "kind", "free_shipping"),
        ("promotion-v1", "amounts", []),
        ("promotion-v1", "percent", "1"),
        ("promotion-v1", "group", "season"),
        ("product-v1", "credit", False),
    ],
)
def test_what_was_never_of_the_first_version_is_not_raised(name: str, path: str, value: object) -> None:
    """R13: a kind with the fields of another, a share of nothing, a field of a later version."""
    text = (DOCUMENTS / f"{name}.json").read_text(encoding="utf-8")
    with pytest.raises(Unreadable) as caught:
        read(name.partition("-")[0], changed(text, put(path, value)))
    assert caught.value.paths == ("v",)


def test_what_is_wrong_beside_what_is_raised_is_still_told() -> None:
    """R13: an old document is read as strictly as a new one."""
    for name, path, value in (("quote-v1", "lines[0].quantity", True), ("promotion-v1", "priority", 1.0), ("product-v1", "weight", "1")):
        text = (DOCUMENTS / f"{name}.json").read_text(encoding="utf-8")
        with pytest.raises(Unreadable) as caught:
            read(name.partition("-")[0], changed(text, put(path, value)))
        assert caught.value.paths == (path,)


def test_the_three_kinds_of_the_first_promotions_mean_what_they_meant() -> None:
    def former(name: str) -> Promotion:
        return decode(Promotion, (DOCUMENTS / f"{name}.json").read_text(encoding="utf-8"))

    assert former("promotion-v1-percent").benefit == Percent(Ratio(1))
    assert former("promotion-v1").benefit == AmountOff([eur(500), Money(500, "USD")])
    posted = former("promotion-v1-posted")
    assert posted.benefit == FREE_SHIPPING
    assert (posted.limit, posted.per_person) == (5, 5)  # 12 were written: more than all together, which is refused today


def test_every_version_has_its_fixture_its_shape_and_its_step_up() -> None:
    versions = {(kind, version) for kind, last in VERSIONS.items() for version in range(1, last + 1)}
    assert {kind_and_version(path) for path in stored()} == versions
    assert {f"{kind}-v{version}" for kind, version in versions} == set(json.loads((DOCUMENTS / "shapes.json").read_text(encoding="utf-8")))
    assert set(UPCASTERS) == {(kind, version) for kind, version in versions if version < VERSIONS[kind]}
    assert set(codec._KINDS) == set(VERSIONS)


def test_an_old_document_is_raised_step_by_step(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two made-up older shapes: first the lines were called items, before that a quantity was a text."""

    def counted(document: dict[str, Any]) -> dict[str, Any]:
        return document | {"items": [item | {"quantity": int(item["quantity"])} for item in document["items"]]}

    def renamed(document: dict[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in document.items() if name != "items"} | {"lines": document["items"]}

    monkeypatch.setitem(UPCASTERS, ("cart", -1), counted)
    monkeypatch.setitem(UPCASTERS, ("cart", 0), renamed)

    def age(document: Any) -> None:
        document.update(v=-1, items=[line | {"quantity": str(line["quantity"])} for line in document.pop("lines")])

    assert decode(Cart, changed(encode(CART), age)) == CART
    answer = changed(encode_answer(CART), age)
    assert decode_answer(answer, lambda _: None) == CART
    with pytest.raises(Unreadable) as caught:  # a step that meets what it cannot raise
        decode(Cart, changed(encode(CART), lambda d: d.update(v=-1, items=[{"quantity": "Lovelace"}])))
    assert caught.value.paths == ("v",)
    assert caught.value.__context__ is None


# Stable, and fast


STABLE = """
import sys
sys.path.insert(0, sys.argv[1])
import hashlib
from tests.core import kept
print(hashlib.sha256(repr(sorted(kept.fixtures().items())).encode()).hexdigest())
"""


def test_a_text_is_the_same_in_every_process() -> None:
    """Q4: whatever the seed of Python's hashes."""
    digests = set()
    for seed in ("0", "1", "4711"):
        env = {**os.environ, "PYTHONHASHSEED": seed}
        done = subprocess.run(
            [sys.executable, "-c", STABLE, str(Path(__file__).parents[2])], capture_output=True, text=True, check=True, env=env
        )
        digests.add(done.stdout.strip())
    assert len(digests) == 1


def measured(times_: int = 200) -> tuple[int, int, int]:
    """Nanoseconds to write and read a checkout of ten lines, its quote, and, as a measure, to dump and load the checkout as plain JSON."""
    quote = a_quote(10)
    ten = tuple(Line(f"SKU{n}", n + 1) for n in range(10))
    checkout = a_checkout(quote, lines=ten, attempts=ATTEMPTS[:1], claims=tuple(Claim(Stock(line.sku), 1) for line in ten))
    plain = json.loads(encode_checkout(checkout))

    def best(work: Callable[[], object]) -> int:
        spent = []
        for _ in range(times_):
            start = time.perf_counter_ns()
            work()
            spent.append(time.perf_counter_ns() - start)
        return min(spent)

    return (
        best(lambda: decode_checkout(encode_checkout(checkout), quote)),
        best(lambda: decode(Quote, encode(quote))),
        best(lambda: json.loads(compact(plain))),
    )


def test_a_checkout_of_ten_lines_is_written_and_read_in_a_small_multiple_of_plain_json() -> None:
    checkout, _, plain = measured()
    assert checkout < 20 * plain


if __name__ == "__main__":  # writes the fixtures and shapes of the current versions; those of past versions are never touched
    DOCUMENTS.mkdir(exist_ok=True)
    for name, text in fixtures().items():
        (DOCUMENTS / f"{name}.json").write_text(json.dumps(json.loads(text), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    known = DOCUMENTS / "shapes.json"
    past = json.loads(known.read_text(encoding="utf-8")) if known.exists() else {}
    known.write_text(json.dumps(past | shapes(), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    print("{} ns, {} ns, {} ns".format(*measured()))
