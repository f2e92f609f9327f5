"""What every address book promises."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from attrs import evolve

from checkout_core.addresses import Layout, amended
from checkout_core.customers import COUNTRIES, Address
from checkout_core.refusals import Refused

GOOD: Final = (
    Address("Ada King", ["Torstraße 1"], "Berlin", "10119", "DE"),
    Address("Ada King", ["12 St James's Square"], "London", "SW1Y 4JH", "GB"),
    Address("Ada King", ["1600 Amphitheatre Parkway", "Suite 5"], "Mountain View", "94043", "US", "CA"),
    Address("Asha Rao", ["12 MG Road"], "Bengaluru", "560001", "IN", "KA"),
    Address("山田 花子", ["丸の内一丁目1-1"], "千代田区", "100-0005", "JP", "13"),
    Address("Aoife Byrne", ["1 Main Street"], "Dublin", "D02 AF30", "IE"),
)
"""Addresses that no book refuses."""

TYPED: Final = "QqTypedQq"


class AddressBookContract:
    """`make` gives the book."""

    def make(self) -> Any:
        """An address book."""
        raise NotImplementedError

    def test_good_addresses_are_taken_and_checking_twice_is_checking_once(self) -> None:
        book = self.make()
        for address in GOOD:
            once = book.checked(address)
            assert isinstance(once, Address), once
            assert book.checked(once) == once
            assert amended(once, once) == ()

    def test_nothing_that_is_empty_is_filled_in(self) -> None:
        book = self.make()
        for address in GOOD:
            no_postcode, nowhere = book.checked(evolve(address, postcode="")), book.checked(evolve(address, city="", region=None))
            assert not isinstance(no_postcode, Address) or not no_postcode.postcode
            assert not isinstance(nowhere, Address) or not (nowhere.city or nowhere.region)

    def test_a_refusal_names_its_field_and_repeats_no_text(self) -> None:
        """R24: an address is in no error, and so in no log."""
        book = self.make()
        for country in ("DE", "US", "IN", "JP"):
            refused = book.checked(Address(TYPED, [TYPED], "", TYPED, country, TYPED))
            assert isinstance(refused, tuple)
            assert refused
            assert all(isinstance(one, Refused) and (one.subject or "").startswith("ship_to.") for one in refused)
            assert not any(TYPED in str(one) for one in refused)
        number = book.phone(f"12{TYPED}", "DE")
        assert not isinstance(number, Refused) or TYPED not in str(number)

    def test_every_country_has_a_layout_and_what_is_none_has_not(self) -> None:
        book = self.make()
        for country in sorted(COUNTRIES):
            layout = book.layout(country)
            assert isinstance(layout, Layout)
            names = [one.name for one in layout.fields]
            assert {"name", "lines"} <= {*names}
            assert len({*names}) == len(names)
        assert isinstance(book.layout("XX"), Refused)

    def test_every_text_of_an_address_is_written(self) -> None:
        book = self.make()
        for address in GOOD:
            lines: Sequence[str] = book.written(address)
            text = "\n".join(lines).casefold()
            assert all(part.casefold() in text for part in (address.name, *address.lines, address.city, address.postcode))
            assert len(lines) > 1
            assert all(line.strip() for line in lines)

    def test_a_number_that_was_read_is_read_as_itself(self) -> None:
        book = self.make()
        number = book.phone("030 901820", "DE")
        assert isinstance(number, str)
        assert book.phone(number, "DE") == book.phone(number, None) == number
