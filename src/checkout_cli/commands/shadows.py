"""`checkout promotion shadow`: what other rules would make of the carts there are, before anybody is charged by them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from checkout_cli.config import settings_of
from checkout_cli.exits import WrongUsage
from checkout_cli.options import WHERE, ConfigFile, Db, Json, Limit, ShopDir
from checkout_cli.output import Output

if TYPE_CHECKING:
    from checkout_cli.cases import Case
    from checkout_cli.rendering.shadows import Tally
    from checkout_cli.wiring import Backend, Rules, ShopFiles

PAGE: Final = 200
"""Carts that are listed at once."""


def shadow(
    rules: Annotated[Path, typer.Argument(metavar="DIR", help="The other rules: a folder with a promotions.toml, or that file.")],
    cart: Annotated[
        list[Path] | None, typer.Option("--cart", metavar="FILE", help="Described carts instead of the open ones; more than once.")
    ] = None,
    limit: Limit = 20,
    shop: ShopDir = None,
    db: Db = None,
    config: ConfigFile = None,
    channel: Annotated[
        str | None, typer.Option("--channel", metavar="NAME", help="Described carts as in this channel.", rich_help_panel=WHERE)
    ] = None,
    as_json: Json = False,
) -> None:
    """Price every open cart with the shop's own rules and with others, at one instant, and tell where they differ. Changes nothing.

    Only promotions and experiments are taken from DIR: goods, prices, taxes and carriage are the shop's. The biggest differences come
    first, at most --limit of them; the sums are of all carts.

    Example: checkout promotion shadow next-season --db shop.db
    """
    from checkout_cli.rendering.shadows import Tally, tally_data, tally_words
    from checkout_core.system import SystemClock

    if shop is not None and db is not None:
        raise WrongUsage("Say --shop or --db: the rules of one shop are compared with the others.")
    if shop is not None and not cart:
        raise WrongUsage("Files have no carts. Describe some with --cart FILE, or say --db shop.db for the open carts of a shop.")
    if channel is not None and not cart:
        raise WrongUsage("An open cart has a channel of its own. Leave --channel out, or describe carts with --cart FILE.")
    now, out, tally = SystemClock().now(), Output(as_json), Tally(limit)
    cases = [(str(path), _described(path, now)) for path in cart or ()]
    if shop is not None:
        from checkout_cli.wiring import other_rules, read_files

        files = read_files(shop)
        _compare_described(cases, files, other_rules(rules, files), now, tally, config, channel)
    else:
        from checkout_cli.wiring import looking, other_rules

        with looking(settings_of(db, config), now) as backend:
            others = other_rules(rules, backend)
            if cases:
                _compare_described(cases, backend, others, now, tally, config, channel)
            else:
                _compare_open(backend, others, tally, out)
    out.show(tally_data(tally, now), lambda: tally_words(tally))


def _described(path: Path, now: datetime) -> Case:
    from checkout_cli.cases import Case, read_case

    case = read_case(path, now)
    if not isinstance(case, Case):
        raise WrongUsage(f"{path}: a worked cart brings its own promotions. Describe the cart in the shop's words: lines, codes, ship_to.")
    return case


def _compare_described(
    cases: list[tuple[str, Case]],
    of: ShopFiles | Backend,
    others: Rules,
    now: datetime,
    tally: Tally,
    config: Path | None,
    channel: str | None,
) -> None:
    """Each described cart, at its own moment if it names one."""
    from attrs import evolve

    from checkout_cli.cases import Sources, facts_of
    from checkout_cli.commands.quotes import spent, used_up
    from checkout_cli.wiring import Backend
    from checkout_core.policy import Policy
    from checkout_core.pricing_policy import PricingPolicy, policy_from
    from checkout_core.shadow import Shadow, side_of

    settings = of.settings if isinstance(of, Backend) else settings_of(None, config)
    pricing = settings.pricing_for(channel)
    for name, case in cases:
        tried = others.experiments or ()
        if isinstance(of, Backend):
            sources, gone = Sources(of.places, of.storage.pools, of.shipping), used_up(of, case)
            asked = (case, of.catalog, now, gone, channel or "", settings.home, of.taxes_due)
            basket, facts = facts_of(*asked, sources=sources, tried=tried, besides=others.promotions)
            other = evolve(facts, promotions=others.promotions, used_up=spent(of, others.promotions))
        else:
            sources = Sources(of.policy(Policy()), of.pools)
            where = (channel or "", settings.home)
            basket, facts = facts_of(case, of.catalog(), now, None, *where, sources=sources, tried=tried, besides=others.promotions)
            other = evolve(facts, promotions=others.promotions)
        policy = policy_from(case.choices, pricing)
        if not isinstance(policy, PricingPolicy):  # a choice that contradicts one of the configuration
            raise WrongUsage("\n".join([f"policy.{mistake}" for mistake in policy]))
        at = case.at or now
        before, after = [side_of(basket, each, at, policy) for each in (facts, other)]
        tally.add(name, Shadow(basket.currency, before, after))


def _compare_open(backend: Backend, others: Rules, tally: Tally, out: Output) -> None:
    """Each open cart with something in it, one after the other: no more are in memory than a page of the list and those to be told."""
    from checkout_core.errors import NotFound
    from checkout_core.refusals import Refusal

    with out.progress("comparing carts") as told:
        for done, id in enumerate(_open_carts(backend), start=1):
            try:
                tally.add(id, backend.shop.shadow(id, others.promotions, experiments=others.experiments))
            except (Refusal, NotFound) as error:  # its channel is gone, or it is
                tally.pass_over(id, str(error))
            told(done)


def _open_carts(backend: Backend) -> Iterator[str]:
    after = ""
    while page := backend.queries.carts(after=after, limit=PAGE):
        yield from (row.id for row in page if row.lines)
        after = page[-1].id
