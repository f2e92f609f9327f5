"""Who buys: one identity per person, one meaning per code, and no name, address or card number where it does not belong."""

from __future__ import annotations

import time
import traceback

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from checkout_core.customers import (
    COUNTRIES,
    Address,
    Contact,
    Destination,
    canonical_code,
    canonical_email,
    identities,
    looks_like_card_number,
)

ADDRESS = Address("Ann Example", ("Main Street 1", "Back door"), "Springfield", "12345", "DE", "BE")
PERSONAL = ["Ann Example", "Main Street", "Back door", "Springfield", "12345"]


def test_there_are_249_countries() -> None:
    """ISO 3166-1 has 249 officially assigned codes."""
    assert len(COUNTRIES) == 249
    assert all(len(code) == 2 and code.isascii() and code.isupper() for code in COUNTRIES)


# Personal data


@pytest.mark.parametrize("value", [ADDRESS, ADDRESS.destination], ids=["address", "destination"])
def test_an_address_masks_itself(value: object) -> None:
    """No way to print an address shows where somebody lives (R24)."""
    shown = f"{value} {value!r} {[value]} {vars(Exception(value))} {''.join(traceback.format_exception(Exception(value)))}"
    assert not [word for word in PERSONAL if word in shown]


def test_a_contact_masks_itself() -> None:
    """Printing a contact shows neither e-mail nor phone, but whether there is one (R24)."""
    assert repr(Contact("ann@example.org", None)) == "Contact(email=•••, phone=None, locale='en')"


def test_prices_know_the_destination_only() -> None:
    """Of an address, pricing gets country, region and postcode."""
    assert ADDRESS.destination == Destination("DE", "BE", "12345")


def test_an_address_line_is_not_taken_for_its_letters() -> None:
    """One text where lines are wanted is a mistake, not a column of letters on the parcel."""
    with pytest.raises(TypeError, match="lines"):
        Address("Ann", "Main Street 1", "Springfield", "12345", "DE")


# E-mail


def wide(text: str) -> str:
    """The same text in the full-width letters of East Asian keyboards."""
    return "".join(chr(ord(letter) + 0xFEE0) for letter in text)


@pytest.mark.parametrize(
    "email", ["ann@example.org", " ANN@Example.ORG\n", "ann+shop@example.org", "ann+a+b@example.org", wide("Ann") + "@example.org"]
)
def test_one_mailbox_is_one_person(email: str) -> None:
    """Case, blanks, width and a +tag make no second person (R22)."""
    assert canonical_email(email) == "ann@example.org"


def test_dots_make_another_person() -> None:
    """Only one provider ignores dots: elsewhere they are two people (R22)."""
    assert canonical_email("a.nn@example.org") != canonical_email("ann@example.org")


@pytest.mark.parametrize(
    "email",
    [
        "", "ann", "@example.org", "+tag@example.org", "ann@", "ann@example", "ann@@example.org", "a b@example.org", "ann@example.org.",
        "ann@example..org",
        "an\u200bn@example.org", "ann@exam\u00adple.org", "ann\x00@example.org", "\ud800@example.org", "a" * 250 + "@b.de",
    ],
)  # fmt: skip
def test_what_is_no_address_is_no_person(email: str) -> None:
    """An address that only looks different, by invisible letters or a last dot, is refused rather than counted as new (R22)."""
    with pytest.raises(ValueError, match="no e-mail address"):
        canonical_email(email)


@example("\u01f0\u0323@example.org")  # its case-folded form is not normal
@given(st.from_regex(r"\A[^@\s+]{1,20}(\+[^@\s]{0,5})?@[^@\s.]{1,10}(\.[^@\s.]{1,10}){1,2}\Z"))
def test_a_canonical_email_is_its_own_canonical_form(email: str) -> None:
    """Canonicalising twice is canonicalising once, in every script (R22)."""
    try:
        once = canonical_email(email)
    except ValueError:
        return
    assert canonical_email(once) == once


@pytest.mark.parametrize("text", ["a@" + "." * 200_000 + " x", "a@" + "a." * 100_000 + " x", "a" + "\u0300\u0323" * 100_000 + "@b.de"])
def test_a_long_text_costs_no_time(text: str) -> None:
    """A text made to be slow is refused at once (R25)."""
    start = time.process_time()
    for canonical in (canonical_email, canonical_code):
        with pytest.raises(ValueError):
            canonical(text)
    assert time.process_time() - start < 1


# Codes


@pytest.mark.parametrize("code", ["SAVE-10", "save-10", "  Save-10 ", wide("SAVE-10"), "\u017fave-10"])
def test_a_code_means_the_same_however_typed(code: str) -> None:
    """Case, blanks and width do not matter (R22)."""
    assert canonical_code(code) == "SAVE-10"


@pytest.mark.parametrize("code", ["", " ", "SAVE 10", "S\u0410VE", "SA\u200bVE", "SAVÉ", "٣", "A" * 41, "A\nB", "A.B", "\ud800"])
def test_a_homoglyph_is_no_code(code: str) -> None:
    """A letter that only looks like another, or cannot be seen, makes no second code (R22)."""
    with pytest.raises(ValueError, match="1 to 40"):
        canonical_code(code)


@given(st.text(max_size=45))
def test_a_canonical_code_is_its_own_canonical_form(code: str) -> None:
    """What is stored can be typed again (R22)."""
    try:
        once = canonical_code(code)
    except ValueError:
        return
    assert canonical_code(once) == once
    assert once.isascii()


# Identities


def test_identities_hide_the_person() -> None:
    """Uses are counted under keys from which nobody reads an account or an address (R22, R24)."""
    keys = identities(b"secret", "ann", "ann@example.org")
    assert [len(key) for key in keys] == [32, 32]
    assert not any("ann" in key for key in keys)


def test_guest_and_account_share_the_email() -> None:
    """Who buys as a guest and then logs in is counted as one (R22)."""
    assert identities(b"secret", None, "Ann+x@example.org")[0] in identities(b"secret", "ann", "ann@example.org")


def test_account_and_email_are_never_mistaken_for_each_other() -> None:
    """An account named like an address is not that address (R22)."""
    assert not set(identities(b"secret", "ann@example.org", None)) & set(identities(b"secret", None, "ann@example.org"))


def test_another_secret_gives_other_keys() -> None:
    """Without the secret, keys cannot be guessed from a list of addresses."""
    assert identities(b"secret", "ann", None) != identities(b"other", "ann", None)


def test_nobody_has_no_identity() -> None:
    """Without account and e-mail there is nothing to count by."""
    assert identities(b"secret", None, None) == ()


# Card numbers: the test numbers of the card schemes


@pytest.mark.parametrize(
    "text",
    [
        "4111111111111111", "4111 1111 1111 1111", "4111-1111-1111-1111", "4111\u00a01111\u00a01111\u00a01111", "5555555555554444",
        "3782 822463 10005", "3056 930902 5904", "4222222222222", "card: 4111111111111111!", "x4111111111111111x",
        "2 4111 1111 1111 1111", "4111 1111 1111 1111 12/29", "4111 1111 1111 1111 12 2029 123", "call 555 4111111111111111",
        "41 11 11 11 11 11 11 11",
        "٤١١١١١١١١١١١١١١١", wide("4111111111111111"),
    ],
)  # fmt: skip
def test_a_card_number_is_seen(text: str) -> None:
    """However it is grouped, in whatever digits, with a quantity before or an expiry after it (R24)."""
    assert looks_like_card_number(text)


@pytest.mark.parametrize(
    "text", ["", "4111111111111112", "123456789012", "4111111111111111" * 2, "2026-01-02", "+49 30 1234567", "4111 1111", "1.4111111111112"]
)
def test_other_digits_are_no_card_number(text: str) -> None:
    """Dates, phone numbers, wrong check digits and longer numbers pass."""
    assert not looks_like_card_number(text)


@given(st.text("0123456789 -x", max_size=60), st.text("ab ", max_size=9))
def test_a_card_number_is_seen_beside_words(before: str, after: str) -> None:
    """Any text that ends in a word and a card number is refused (R24)."""
    assert looks_like_card_number(f"{before}x 4111 1111 1111 1111{after}")


def test_many_digits_cost_no_time() -> None:
    """A long text of digits is looked through in one go (R25)."""
    start = time.process_time()
    for text in ("1" * 200_000, "1 " * 100_000, "123 " * 50_000):
        looks_like_card_number(text)
    assert time.process_time() - start < 5
