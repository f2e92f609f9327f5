"""Scenarios: read strictly, every mistake at once with its place and its cure, and worlds that cannot be told apart from mistakes."""

from __future__ import annotations

import tomllib
from datetime import UTC, datetime
from typing import Any

import pytest
from attrs import evolve, frozen

from checkout_core import Money, Product, Promotion, Ratio
from checkout_core.checkout import Deadlines
from checkout_core.holds import Stock
from checkout_core.promotions import AmountOff, Percent
from checkout_core.script_reader import script_of
from checkout_core.scripts import BadScript, Script
from checkout_core.simulation.impossible import needs, orders_at_most
from checkout_core.simulation.scenario_reader import BadScenario, scenario_of
from checkout_core.simulation.scenario_world import Goods, Parts, Wrong
from checkout_core.simulation.scenarios import Actor, Adapters, Between, Exact, Facts, Faults, GatewayTerms, Scenario

SCRIPT = """
title = "A mug"
[addresses.home]
name = "Ada Winter"
lines = ["Torstraße 112"]
city = "Berlin"
country = "DE"
[shoppers.ada]
customer = "customer-1"
email = "ada@example.com"
address = "home"
[[steps]]
do = "open"
currency = "EUR"
[[steps]]
do = "add"
sku = "MUG"
quantity = 2
[[steps]]
do = "begin"
shipping = "standard"
codes = ["spring"]
[[steps]]
do = "pay"
card = "tok_ok"
expect = "placed"
"""
BUY = SCRIPT.replace('title = "A mug"\n', "").replace("[[steps]]", "[[journeys.buy.steps]]")
BUY = BUY.replace("[addresses", "[journeys.buy.addresses").replace("[shoppers", "[journeys.buy.shoppers")
WORLD = """
[world]
[[world.products]]
sku = "MUG"
price = "9.90"
stock = 5
[[world.coupons]]
code = "spring"
percent = 10
"""
ACTORS = '[[actors]]\nname = "buyer"\njourney = "buy"\ncount = 5\n'
WHOLE = f'title = "T"\n{WORLD}{BUY}{ACTORS}'

EVERYTHING = """
title = "All of it"
about = "Every key once."
marks = ["placed", "out of stock"]

[world]
currency = "EUR"
starts = 2026-11-27T08:00:00Z
processes = 3
workers = 2
notifier = false
locations = ["berlin", "hamburg"]
hold_at = "begin"
capture = "after-placing"
shipping = "4.90"
skew = 900
steps = true

[[world.products]]
sku = "MUG"
name = "Enamel mug"
price = "9.90"
weight = 300
stock = { berlin = 5, hamburg = 7 }

[[world.products]]
sku = "PDF"
price = "3"
untracked = true

[[world.coupons]]
code = "spring"
percent = "12.5"
limit = 5
per_person = 1

[[world.coupons]]
code = "TWO"
amount = "2.00"
starts = 2026-11-27T08:00:00Z
ends = 2026-11-28T08:00:00Z

[world.deadlines]
hold_for = 300
hold_at_most = 600
after_decline = 60
quote_for = 200
checkout_for = 7200

[world.gateway]
tombstone = false
idempotent_keys = false
capture_later = true
capture_with_authorize = false
settle_window = 60
call_timeout = 5
forgets_keys_after = 3600
webhooks = false

[adapters]
storage = "sqlite"
gateway = "my_package.gateways:Mine"
""" + BUY + """
[[actors]]
name = "buyer"
journey = "buy"
count = 5
within = 60
after = 10
patience = 0

[[actors]]
name = "twin-tab"
journey = "elsewhere/buy.toml"
shared = true

[faults]
swarm = false

[faults.rates]
crash_after = "common"
poison = "off"

[[faults.exact]]
actor = "buyer-3"
call = "gateway.authorize"
nth = 2
fault = "timeout_applied"

[[faults.exact]]
actor = "twin-tab"
call = "client.ask"
fault = "twin"

[[faults.exact]]
actor = "worker-2"
call = "notifier.notify"
fault = "poison"

[expect]
orders = { most = 6 }
left = { MUG = { least = 0, most = 12 } }

[expect.calm]
orders = 6
refused = ["out-of-stock"]
notices = { least = 1 }
"""  # fmt: skip


def read(text: str, parts: Parts | None = None) -> Scenario:
    return scenario_of(tomllib.loads(text), "a-scenario", parts)


@frozen
class Elsewhere:
    """Everything that lies elsewhere is there, but for what is called `none`."""

    goods: Goods = Goods(read(WHOLE).world.catalog, ((Stock("MUG", "cellar"), 3),), ("cellar",))

    def script(self, path: str) -> Script | Wrong:
        return Wrong((f"{path}: step 1: no",)) if "none" in path else script_of(tomllib.loads(SCRIPT), "buy")

    def shop(self, folder: str) -> Goods | Wrong:
        return Wrong((f"{folder}: no such folder",)) if "none" in folder else self.goods

    def adapter(self, port: str, name: str) -> Wrong | None:
        return Wrong((f"the {port} {name} is not installed",)) if "none" in name else None


def mistakes(text: str, parts: Parts | None = None) -> tuple[str, ...]:
    with pytest.raises(BadScenario) as raised:
        read(text, parts)
    assert str(raised.value).splitlines()[0] == f"a-scenario: {raised.value.mistakes[0]}"
    return raised.value.mistakes


def test_every_key_is_read() -> None:
    """What stands in the table stands in the value, and nothing else."""
    found = read(EVERYTHING, Elsewhere())
    world = found.world
    buy = script_of({"title": "buy", **tomllib.loads(BUY)["journeys"]["buy"]}, "buy")
    assert (found.name, found.title, found.about, found.marks) == ("a-scenario", "All of it", "Every key once.", ("placed", "out of stock"))
    assert world.catalog.items == {
        "MUG": Product("MUG", "Enamel mug", [Money(990, "EUR")], weight=300),
        "PDF": Product("PDF", "PDF", [Money(300, "EUR")], tracked=False),
    }
    day = datetime(2026, 11, 27, 8, tzinfo=UTC)
    assert world.catalog.deals == (
        Promotion("spring", "SPRING", Percent(Ratio(25, 2)), code="SPRING", limit=5, per_person=1),
        Promotion("two", "TWO", AmountOff([Money(200, "EUR")]), code="TWO", starts=day, ends=day.replace(day=28)),
    )
    assert world.stock == ((Stock("MUG", "berlin"), 5), (Stock("MUG", "hamburg"), 7))
    assert (world.processes, world.workers, world.notifier, world.starts, world.skew, world.steps) == (3, 2, False, day, 900, True)
    policy = world.policy
    assert (policy.locations, policy.hold_at, policy.capture) == (("berlin", "hamburg"), "begin", "after-placing")
    assert policy.deadlines == Deadlines(300, 600, 60, 200, 7200)
    assert policy.identity_secret
    assert world.gateway == GatewayTerms(False, False, True, False, 60, 5, 3600, False)
    assert found.adapters == Adapters("sqlite", "my_package.gateways:Mine")
    assert found.actors == (
        Actor("buyer", buy, 5, 60, 10, 0),
        Actor("twin-tab", script_of(tomllib.loads(SCRIPT), "buy"), shared=True),
    )
    exact = (
        Exact("buyer-3", "gateway.authorize", 2, "timeout_applied"),
        Exact("twin-tab", "client.ask", 1, "twin"),
        Exact("worker-2", "notifier.notify", 1, "poison"),
    )
    assert found.faults == Faults(False, (("crash_after", "common"), ("poison", "off")), exact)
    assert found.always == Facts(Between(0, 6), (("MUG", Between(0, 12)),))
    assert found.calm == Facts(Between(6, 6), (), ("out-of-stock",), Between(1))


def test_what_is_not_said_has_a_default() -> None:
    """A title, something to sell and somebody who buys it: that is a scenario, told in one table."""
    found = read(WHOLE)
    default = evolve(found, about="").world
    assert (default.currency, default.processes, default.workers, default.gateway, default.skew) == ("EUR", 2, 1, GatewayTerms(), 0)
    assert (found.faults, found.always, found.calm, found.adapters) == (Faults(), Facts(), Facts(), Adapters())
    assert found.actors[0].patience == 5
    table = default.catalog.taxes
    (rate,) = table.rates("JP", None, "standard", datetime(2026, 1, 1, tzinfo=UTC)) or ()
    assert (rate.included, rate.rate) == (True, Ratio(20, 100))


def test_a_shop_that_lies_elsewhere_is_sold_from() -> None:
    """`shop` brings catalogue, stock and locations."""
    found = read(f'title = "T"\n[world]\nshop = "there"\n{BUY}{ACTORS}', Elsewhere())
    assert found.world.stock == ((Stock("MUG", "cellar"), 3),)
    assert found.world.policy.locations == ("cellar",)


def test_the_parts_that_are_missing_are_told_with_their_own_mistakes() -> None:
    """A journey, a shop or an adapter that cannot be had: what is wrong there, and where it is named."""
    text = WHOLE.replace('journey = "buy"', 'journey = "none.toml"').replace("[world]", '[adapters]\nstorage = "none:make"\n[world]')
    assert mistakes(text, Elsewhere()) == (
        'adapters: "storage": the storage none:make is not installed',
        'actors, number 1: "journey": none.toml: step 1: no',
    )
    assert 'world: "shop": none: no such folder' in mistakes(f'title = "T"\n[world]\nshop = "none"\n{BUY}{ACTORS}', Elsewhere())
    alone = mistakes(text.replace("[world]", '[world]\nshop = "there"'))
    assert [one for one in alone if "cannot be" in one] == [
        "adapters: \"storage\": 'none:make' cannot be had here: give the storage to whoever runs the scenario, and leave it out",
        "world: \"shop\": 'there' cannot be read here: write the goods into the scenario, as tables [[world.products]]",
        "actors, number 1: \"journey\": 'none.toml' cannot be read here: write the script into the scenario, as a table [journeys.NAME]",
    ]


# What is replaced in WHOLE, by what, and the mistake that this makes.
WRONG: list[tuple[str, str, str]] = [
    # The frame.
    ('title = "T"', "", '"title" is missing'),
    ('title = "T"', 'title = "T"\nabuot = "x"', 'unknown word "abuot" (did you mean "about"?); known: '),
    ('title = "T"', 'title = "T"\nmarks = ["out of stok"]', '"marks": \'out of stok\' is no mark (did you mean "out of stock"?). Use'),
    (ACTORS, "", "nobody shops: add a table [[actors]] with a name and a journey"),
    (WHOLE, f'actors = 5\ntitle = "T"{WORLD}{BUY}', '"actors" is up to 100 tables, each [[actors]], not 5'),
    ("[world]", '[adapters]\nstorage = "postgres"\n[world]', 'adapters: "storage" is model, sqlite or an object of yours, such as'),
    ("[world]", '[adapters]\nbroker = "x"\n[world]', 'adapters: unknown word "broker"; known: storage, gateway'),
    # The world.
    ("[world]", "[world]\nprocesses = 0", 'world: "processes" is a whole number from 1 to 16, not 0'),
    ("[world]", "[world]\nworkers = 99", 'world: "workers" is a whole number from 1 to 16, not 99'),
    ("[world]", "[world]\nprocesess = 2", 'world: unknown word "procesess" (did you mean "processes"?); known: '),
    ("[world]", '[world]\nstarts = "noon"', "world: \"starts\" is a time in UTC without quotes, such as 2026-06-01T09:00:00Z, not 'noon'"),
    ("[world]", "[world]\nstarts = 2026-06-01T09:00:00+02:00", 'world: "starts" is a time in UTC without quotes'),
    ("[world]", '[world]\ncurrency = "EURO"', "world: 'EURO' is not an active ISO 4217 currency"),
    ("[world]", '[world]\nhold_at = "start"', "world: \"hold_at\" is one of pay, begin, not 'start'"),
    ("[world]", '[world]\nlocations = ["a", "a"]', 'world: "locations" names one of them twice. Name each once'),
    ("[world]", "[world]\nskew = -1", 'world: "skew" is a whole number from 0 to 86400, not -1'),
    ("[world]", "[world]\n[world.deadlines]\nhold = 3", 'world, deadlines: unknown word "hold" (did you mean "hold_for"?)'),
    ("[world]", "[world]\n[world.deadlines]\nhold_at_most = 60", 'world, deadlines: "hold_at_most" is less than "hold_for"'),
    (WORLD, '[world]\nshop = "there"\nshipping = "1"', 'world: "shipping" does not go with "shop": the shop has its own. Leave one of'),
    (WORLD, "[world]", "world: there is nothing to sell: add tables [[world.products]], or name a folder as \"shop\""),
    (
        "[world]",
        "[world]\n[world.gateway]\ntombstone = false\nidempotent_keys = false\nsettle_window = 0",
        "world, gateway: it can neither repeat, nor forbid, nor outwait a lost call: it could charge twice. No shop would start with it: "
        "set idempotent_keys or tombstone, or give it a settle_window",
    ),
    (
        "[world]",
        "[world]\n[world.gateway]\ncapture_later = false\ncapture_with_authorize = false",
        "world, gateway: it can capture neither with the authorization nor later. No shop would start with it: set one of the two",
    ),
    ("[world]", "[world]\n[world.gateway]\ncall_timeout = 0", 'world, gateway: "call_timeout" is a whole number from 1'),
    # Goods.
    ('price = "9.90"', "price = 9.90", 'world, products, number 1: "price" is an amount in quotes, such as "73.90", not 9.9'),
    ('price = "9.90"\n', "", 'world, products, number 1: "price" is missing'),
    ("stock = 5\n", "", 'world, products, number 1: "stock" is missing'),
    ("stock = 5", "stock = 5\nuntracked = true", 'world, products, number 1: "stock" does not go with "untracked"'),
    ("stock = 5", "stock = { mian = 5 }", "world, products, number 1, stock: 'mian' is no location of this world (did you mean \"main\"?)"),
    ("stock = 5", 'stock = 5\n[[world.products]]\nsku = "MUG"\nprice = "1"\nstock = 1', "number 2: \"sku\": 'MUG' is sold already. Give"),
    ("percent = 10", "percent = 0", 'world, coupons, number 1: "percent" is a whole number from 1 to 100, not 0'),
    ("percent = 10", 'percent = "ten"', 'world, coupons, number 1: "percent" is a number such as 10 or "12.5"'),
    ("percent = 10", 'percent = "101"', "world, coupons, number 1: percent: the percent is more than 0 and at most 100"),
    ("percent = 10\n", "", 'world, coupons, number 1: a coupon takes off a "percent" or an "amount": give one of the two'),
    ("percent = 10", 'percent = 10\namount = "1"', 'world, coupons, number 1: a coupon takes off a "percent" or an "amount": give one'),
    ("percent = 10", "percent = 10\nlimit = 0", "number 1: \"limit\" is 0, so nobody could ever use it. Give it a use, or leave"),
    ("percent = 10", 'percent = 10\n[[world.coupons]]\ncode = "Spring"\npercent = 5', "number 2: \"code\": 'SPRING' is there already"),
    ('code = "spring"', 'code = "spring!"', "world, coupons, number 1: A code has 1 to 40 letters A-Z, digits, - or _"),
    # Who acts.
    ('name = "buyer"\n', "", 'actors, number 1: "name" is missing'),
    ('name = "buyer"', 'name = "buyer-1"', "actors, number 1: \"name\": 'buyer-1' is no name for an actor: use up to 30 small letters"),
    ('name = "buyer"', 'name = "worker"', "actors, number 1: \"name\": 'worker' is no name for an actor"),
    ("count = 5", "count = 5\nsince = 4", 'actors, number 1: unknown word "since"; known: name, journey, '),
    ("count = 5", f"count = 99999\n{ACTORS.replace('buyer', 'b')}", "100004 actors are too many: all together are at most 100000. Lower"),
    ("count = 5", f"count = 5\n{ACTORS}", 'actors, number 2: "name": buyer is there already. Give each a name of their own'),
    ("count = 5", "count = 0", 'actors, number 1: "count" is a whole number from 1 to 100000, not 0'),
    ('journey = "buy"', 'journey = "by"', "number 1: \"journey\": there is no 'by' (did you mean \"buy\"?). Write it as [journeys.NAME]"),
    ('do = "begin"', 'do = "bgin"', "journeys, buy: step 3: \"do\" is one of "),
    # Impossible worlds.
    ('sku = "MUG"\nquantity', 'sku = "MUGG"\nquantity', "number 1: step 2 (add) of buy: this world has no 'MUGG' (did you mean \"MUG\"?)."),
    ('currency = "EUR"', 'currency = "USD"', "step 1 (open) of buy: nothing has a price in USD in this world. Open the cart in EUR, or"),
    ('shipping = "standard"', 'shipping = "express"', "step 3 (begin) of buy: this world sends nothing by 'express'. Use one of standard"),
    ('shipping = "standard"\n', "", "step 4 (pay) of buy: it is not said how the goods are sent, so nobody can pay. Let"),
    ('["spring"]', '["sprin"]', "step 3 (begin) of buy: 'sprin' is no code of this world (did you mean \"SPRING\"?). Add the coupon,"),
    ("tok_ok", "tok_okay", "step 4 (pay) of buy: 'tok_okay' is no token of the model gateway for a card (did you mean \"tok_ok\"?)."),
    ('card = "tok_ok"', 'upi = "tok_ok"', "step 4 (pay) of buy: 'tok_ok' is no token of the model gateway for UPI. Use one of upi_paid, "),
    (
        'do = "pay"',
        'do = "stock"\nsku = "MUG"\ndelta = 1\nlocation = "cellar"\nbecause = "x"\n[[journeys.buy.steps]]\ndo = "pay"',
        "step 4 (stock) of buy: 'cellar' is no location of this world. Use one of main",
    ),
    # Faults.
    (ACTORS, f'{ACTORS}[faults.rates]\ncrash = "common"', "faults, rates: 'crash' is no fault. Use one of timeout_lost, "),
    (ACTORS, f'{ACTORS}[faults.rates]\npoison = "often"', "faults, rates: \"poison\" is one of off, rare, common, not 'often'"),
    (ACTORS, f"{ACTORS}[faults]\nswarms = true", 'faults: unknown word "swarms" (did you mean "swarm"?)'),
    # Expectations.
    (ACTORS, f"{ACTORS}[expect]\norders = 3", 'expect: "orders": at least 3 are to stand, and there are 5 of MUG: at most 2 can. Expect'),
    (ACTORS, f"{ACTORS}[expect.calm]\norders = {{ least = 3 }}", 'expect, calm: "orders": at least 3 are to stand, and there are 5'),
    (ACTORS, f"{ACTORS}[expect]\norders = {{ least = 3, most = 1 }}", 'expect, orders: "least" is more than "most"'),
    (ACTORS, f"{ACTORS}[expect]\norders = {{}}", 'expect, orders: give a "least", a "most" or both'),
    (ACTORS, f"{ACTORS}[expect.left]\nMUG = 6", 'expect: "left": at least 6 of MUG are to be left, and there are never more than 5.'),
    (ACTORS, f"{ACTORS}[expect.left]\nMUGS = 1", "expect: \"left\": this world has no 'MUGS' (did you mean \"MUG\"?). Sell it there"),
    (ACTORS, f'{ACTORS}[expect]\nrefused = ["out-of-stok"]', "expect: \"refused\": 'out-of-stok' is no reason of a refusal (did you mean"),
    (ACTORS, f"{ACTORS}[expect.calm]\nordres = 1", 'expect, calm: unknown word "ordres" (did you mean "orders"?)'),
]  # fmt: skip


@pytest.mark.parametrize(("what", "by", "said"), WRONG, ids=[said[:70] for _, _, said in WRONG])
def test_a_mistake_is_told_with_its_place_and_its_cure(what: str, by: str, said: str) -> None:
    """Where, what, and what to do instead; the nearest known word if there is one."""
    assert what in WHOLE
    parts = Elsewhere() if "there" in by else None
    assert any(said in mistake for mistake in mistakes(WHOLE.replace(what, by), parts)), mistakes(WHOLE.replace(what, by), parts)


def test_every_mistake_is_told_at_once() -> None:
    """Whoever corrects a scenario sees all of it in one go, each mistake once."""
    text = WHOLE.replace('title = "T"', "").replace("stock = 5", "stock = -1").replace("count = 5", "count = -1")
    assert len(mistakes(text + "[faults]\nx = 1\n")) == len(set(mistakes(text + "[faults]\nx = 1\n"))) == 4


@pytest.mark.parametrize(
    ("what", "by", "said"),
    [
        ('do = "pay"', 'do = "pya"', 'journeys, buy: step 4: "do" is one of '),
        ('journey = "buy"', 'journey = "by"', "actors, number 1: \"journey\": there is no 'by'"),
        ("count = 5", "count = 500000", 'actors, number 1: "count" is a whole number from 1 to 100000'),
        ('percent = 10', 'percent = 10\namount = "1"', 'world, coupons, number 1: a coupon takes off a "percent" or an "amount"'),
    ],
)  # fmt: skip
def test_one_mistake_is_not_told_twice(what: str, by: str, said: str) -> None:
    """What only follows from another mistake is not blamed: a fault at the actor who has it, or the orders of that actor."""
    rest = '[[faults.exact]]\nactor = "buyer-2"\ncall = "gateway.authorize"\nfault = "decline"\n[expect]\norders = 2\n'
    assert what in WHOLE
    (told,) = mistakes(WHOLE.replace(what, by) + rest)
    assert told.startswith(said)


def test_what_has_nothing_to_do_with_an_actors_mistake_is_told_beside_it() -> None:
    """A fault that is none, and a SKU that nobody sells."""
    rest = '[[faults.exact]]\nactor = "buyer-2"\ncall = "gateway.authorize"\nfault = "declined"\n[expect.left]\nMUGS = 1\n'
    told = mistakes(WHOLE.replace("count = 5", "count = 0") + rest)
    assert [any(word in one for word in ('"count"', "is no fault", "has no 'MUGS'")) for one in told] == [True] * 3


def test_a_script_is_not_taken_for_a_scenario_nor_a_scenario_for_a_script() -> None:
    """One sentence that says which it is, instead of a mistake for each of its words."""
    assert mistakes(SCRIPT) == (
        'this is a script of one purchase, and no scenario. Name its file as the "journey" of one of the [[actors]] of a scenario',
    )
    with pytest.raises(BadScript) as raised:
        script_of(tomllib.loads(WHOLE), "buy")
    assert raised.value.mistakes == ("this is a scenario, and no script of one purchase. Name a file with [[steps]]",)


@pytest.mark.parametrize(
    ("actor", "call", "fault", "said"),
    [
        ("buyer-9", "gateway.authorize", "decline", "\"actor\": there is no 'buyer-9'. There is buyer-1 to buyer-5"),
        ("buyer-0", "gateway.authorize", "decline", "\"actor\": there is no 'buyer-0'. There is buyer-1 to buyer-5"),
        ("buyer", "gateway.authorize", "decline", "\"actor\": there is no 'buyer'. There is buyer-1 to buyer-5, keeper, worker-1"),
        ("keeper-1", "gateway.authorize", "decline", "\"actor\": there is no 'keeper-1'. There is buyer-1 to buyer-5, keeper, worker-1"),
        ("worker-2", "store.transact", "busy", "\"actor\": there is no 'worker-2'. There is worker-1"),
        ("keeper", "gateway.autorize", "decline", "\"call\": 'gateway.autorize' is no call (did you mean \"gateway.authorize\"?)."),
        ("keeper", "gateway.authorize", "declined", "\"fault\": 'declined' is no fault (did you mean \"decline\"?). Use one of "),
        (
            "keeper",
            "store.transact",
            "decline",
            '"fault": decline cannot strike store.transact. It strikes gateway.authorize, gateway.capture; what strikes there',
        ),
        ("worker-1", "client.ask", "twin", "\"call\": 'worker-1' never makes the call client.ask: shoppers ask. Name one of those"),
        ("keeper", "notifier.notify", "poison", "\"call\": 'keeper' never makes the call notifier.notify: workers send messages."),
    ],
)  # fmt: skip
def test_a_fault_that_could_never_strike_is_a_mistake(actor: str, call: str, fault: str, said: str) -> None:
    """An exact fault names somebody who is there, a call there is, and a fault that can strike it."""
    keeper = '[[actors]]\nname = "keeper"\njourney = "buy"\n'
    exact = f'[[faults.exact]]\nactor = "{actor}"\ncall = "{call}"\nfault = "{fault}"\n'
    (told,) = mistakes(WHOLE + keeper + exact)
    assert told.startswith(f"faults, exact, number 1: {said}")
    good = exact.replace(actor, "keeper").replace(call, "gateway.authorize").replace(f'"{fault}"', '"decline"')
    assert read(WHOLE + keeper + good).faults.exact == (Exact("keeper", "gateway.authorize", 1, "decline"),)


def test_what_a_journey_expects_to_be_refused_is_possible() -> None:
    """Nobody sells it, and the script says so: the world is as it should be."""
    wrong = ("add", "sku", "CUP"), ("begin", "shipping", "rocket"), ("pay", "card", "tok_none")
    for word, key, value in wrong:
        text = f"{WHOLE}".replace('expect = "placed"\n', "")
        before, step, after = text.partition(f'do = "{word}"\n')
        rest = "\n".join(line for line in after.partition("[[")[0].splitlines() if not line.startswith(key))
        steps = f'{before}{step}{rest}\n{key} = "{value}"\nEXPECT\n' + after[len(after.partition("[[")[0]) :]
        assert any(value in one for one in mistakes(steps.replace("EXPECT\n", "")))
        assert read(steps.replace("EXPECT", 'expect = "refused"')).actors[0].count == 5


def test_a_gateway_of_the_host_knows_its_own_tokens() -> None:
    """With another gateway than the model, a token is the host's affair."""
    text = WHOLE.replace("tok_ok", "pm_card_visa").replace("[world]", '[adapters]\ngateway = "mine:make"\n[world]')
    assert read(text, Elsewhere()).adapters.gateway == "mine:make"


def test_a_card_number_is_never_repeated() -> None:
    """R24: not even in a mistake."""
    number = "4111111111111111"
    for what, by in (("tok_ok", number), ('"MUG"\nquantity', f'"{number}"\nquantity'), ('"buyer"', f'"{number}"')):
        assert number not in " ".join(mistakes(WHOLE.replace(what, by)))


@pytest.mark.parametrize("value", [5, "x", True, 1.5, [], {}, [5], [{}], datetime(2026, 1, 1, tzinfo=UTC)])
@pytest.mark.parametrize(
    "key", ["title", "about", "marks", "world", "journeys", "actors", "faults", "expect", "adapters", "products", "stock", "rates", "calm"]
)
def test_nothing_that_can_stand_in_a_table_makes_it_fall_over(key: str, value: Any) -> None:
    """S13: whatever stands at a key, it is read or it is told what is wrong."""
    said = "read"
    table: dict[str, Any] = tomllib.loads(WHOLE + "[faults]\n[expect]\n")
    inner = {"products": table["world"], "rates": table["faults"], "calm": table["expect"], "stock": table["world"]["products"][0]}
    inner.get(key, table)[key] = value
    try:
        scenario_of(table, "x")
    except BadScenario as bad:
        said = str(bad)
    assert said


def test_how_many_orders_can_stand_is_bounded_by_shoppers_and_by_stock() -> None:
    """The bound is never too low: who changes their mind is counted as buying nothing, and goods that come in are counted."""
    found = read(WHOLE)
    assert needs(found.actors[0].journey) == {"MUG": 2}
    assert orders_at_most(found.world, found.actors) == (2, "there are 5 of MUG")
    assert orders_at_most(found.world, [evolve(found.actors[0], count=1)]) == (1, "no more checkouts are begun")
    change = read(WHOLE.replace('do = "begin"', 'do = "change"\nsku = "MUG"\nquantity = 1\n[[journeys.buy.steps]]\ndo = "begin"'))
    assert orders_at_most(change.world, change.actors)[0] == 5
    coming = 'do = "stock"\nsku = "MUG"\ndelta = 1\nbecause = "delivery"\n[[journeys.buy.steps]]\ndo = "begin"'
    more = read(WHOLE.replace('do = "begin"', coming))
    assert orders_at_most(more.world, more.actors)[0] == 5
    assert orders_at_most(more.world, [evolve(more.actors[0], count=2)])[0] == 2
