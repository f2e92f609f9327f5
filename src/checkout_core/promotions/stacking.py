"""All promotions of a cart together: by priority, each to what the ones before it left, alone in its lane if exclusive, the best of each
group.

The rules of a shop are put into order once, and kept; a cart then costs one pass over them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from itertools import islice
from types import MappingProxyType
from typing import Final, cast

from attrs import evolve, frozen

from checkout_core.money import Money
from checkout_core.pricing_policy import PricingPolicy
from checkout_core.promotions.asking import asked
from checkout_core.promotions.benefits import Benefit, BuyGet, FreeGift, HostBenefit, Kept, Naming, is_ours
from checkout_core.promotions.conditions import Context, InVariant, Visit, context_of
from checkout_core.promotions.rules import ABOUT_GOODS, Obstacle, Promotion, bought_of, entries_of, obstacles, unmet
from checkout_core.promotions.working import Given, given_by
from checkout_core.refusals import Refused
from checkout_core.sheet import Sheet

_POLICY: Final = PricingPolicy()
_VISIT: Final = Visit()
_ANSWERS: Final = frozenset({"no-effect", "budget-spent", "broken-rule", "too-many-entries"})


@frozen
class Stacked:
    """Which promotions took what, in the order they did, and which did not, and why."""

    applied: tuple[tuple[Promotion, Given], ...]
    refused: tuple[tuple[Promotion, Refused], ...]


@frozen
class RuleSet:
    """Promotions in the order of their turns: the higher priority first, equals as given; `conditional` are those with `when`.

    `tried`: automatic ones that are for a variant of an experiment.
    """

    order: tuple[Promotion, ...]
    exclusive: tuple[Promotion, ...]
    groups: Mapping[str, tuple[Promotion, ...]]
    conditional: tuple[Promotion, ...]
    tried: tuple[Promotion, ...] = ()


@lru_cache(maxsize=256)
def rule_set(promotions: tuple[Promotion, ...]) -> RuleSet:
    """These promotions put into order. Kept, because a shop has the same ones for cart after cart."""
    order = tuple(sorted(promotions, key=lambda p: -p.priority))  # stable
    groups: dict[str, tuple[Promotion, ...]] = {}
    for p in order:
        if (name := p.rivals) is not None:
            groups[name] = (*groups.get(name, ()), p)
    exclusive, conditional = tuple([p for p in order if p.exclusive]), tuple([p for p in order if p.when])
    tried = tuple([p for p in conditional if p.automatic and any(isinstance(condition, InVariant) for condition in p.when)])
    return RuleSet(order, exclusive, MappingProxyType(groups), conditional, tried)


def judge(
    promotion: Promotion,
    sheet: Sheet,
    now: datetime,
    *,
    used_up: Refused | None = None,
    left: int | None = None,
    policy: PricingPolicy = _POLICY,
    visit: Visit = _VISIT,
) -> Given | Refused:
    """What the promotion takes off this sheet now, or the first reason why it does not, with how far away it is. Changes nothing.

    `left` is what is left of its budget, in minor units; None: it has none, or nobody has looked.
    """
    barred = tuple(unmet(promotion, context_of(sheet, now, visit))) if promotion.when else ()
    return _judge(promotion, sheet, now, used_up, left, barred, policy)


def _judge(
    promotion: Promotion,
    sheet: Sheet,
    now: datetime,
    used_up: Refused | None,
    left: int | None,
    barred: Sequence[Obstacle],
    policy: PricingPolicy,
) -> Given | Refused:
    entries = entries_of(promotion, sheet)
    for _, refused in obstacles(promotion, sheet, entries, now, used_up, barred):
        return refused
    if not sheet.carriage_known and not promotion.on_goods:
        return Given((), ())  # it will, once there is carriage to take it off
    benefit = promotion.benefit
    if isinstance(benefit, FreeGift):
        return Given((), ())  # what it gives is not there yet (`gifts`)
    given: Given | Refused | None
    if is_ours(benefit):
        given = given_by(benefit, sheet, entries, policy, bought_of(benefit, sheet) if isinstance(benefit, BuyGet) else ())
    else:
        given = asked(cast(HostBenefit, benefit), promotion.label, sheet, entries, policy)
    if isinstance(given, Refused):
        return given
    if given is not None and left is not None and given.amount > left:
        return Refused("budget-spent", promotion.label, str(Money(max(left, 0), sheet.currency)))
    return given or Refused("no-effect", promotion.label)


def stack(
    promotions: Iterable[Promotion],
    sheet: Sheet,
    now: datetime,
    *,
    codes: Collection[str] | None = None,
    used_up: Mapping[str, Refused] = MappingProxyType({}),
    budgets: Mapping[str, int] = MappingProxyType({}),
    policy: PricingPolicy = _POLICY,
    visit: Visit = _VISIT,
) -> Stacked:
    """The promotions applied one after another; `sheet.current` is what they leave.

    `codes` are those that were typed; promotions with another code are passed over (None: with any code). `used_up` is by promotion id,
    and so is what is left of `budgets`, in minor units.
    `visit` is what conditions look at, besides the goods; each is asked once. An automatic promotion for other variants of an experiment
    than this visit's is not there at all: nothing that the shopper does brings it.
    """
    rules = rule_set(tuple(promotions))
    applied: list[tuple[Promotion, Given]] = []
    refused: list[tuple[Promotion, Refused]] = []

    def asked_for(p: Promotion) -> bool:
        return p.id not in elsewhere if p.automatic else codes is None or p.code in codes

    answered: dict[str, Refused] = {}  # exclusive ones of the host's own classes: what they have answered stands, nobody is asked twice

    def verdict_on(p: Promotion) -> Given | Refused:
        if p.id in answered:
            return answered[p.id]
        verdict = _judge(p, sheet, now, used_up.get(p.id), budgets.get(p.id), barred[p.id] if p.when else (), policy)
        if p.exclusive and isinstance(verdict, Refused) and verdict.reason in _ANSWERS and not is_ours(p.benefit):
            answered[p.id] = verdict
        return verdict

    barred: Mapping[str, Sequence[Obstacle]] = {}
    elsewhere: Collection[str] = ()
    if rules.conditional:
        context = context_of(sheet, now, visit)
        elsewhere = {p.id for p in rules.tried if not _in_variant(p, context)}
        barred = {p.id: tuple(islice(unmet(p, context), 1)) for p in rules.conditional if asked_for(p)}
    alone: dict[str, Promotion] = {}  # by lane
    for p in rules.exclusive:
        if p.lane not in alone and asked_for(p) and isinstance(verdict := verdict_on(p), Given):
            alone[p.lane] = p
            _note(p, verdict, sheet, applied, refused)
    done = set[str]()
    for p in rules.order:
        alone_here = alone.get(p.lane) if alone else None
        if p is alone_here or not asked_for(p):
            continue
        if alone_here is None and (group := p.rivals) is not None:
            if group in done:
                continue
            done.add(group)
            rivals = [rival for rival in rules.groups[group] if asked_for(rival)]
            _compete([(rival, verdict_on(rival)) for rival in rivals], sheet, applied, refused)
            continue
        verdict = verdict_on(p)
        if alone_here is not None and (isinstance(verdict, Given) or verdict.reason in ABOUT_GOODS):
            verdict = Refused("not-combinable", p.label, alone_here.label)
        _note(p, verdict, sheet, applied, refused)
    return Stacked(tuple(applied), tuple(refused))


def _in_variant(p: Promotion, context: Context) -> bool:
    return all(condition.why_not(context) is None for condition in p.when if isinstance(condition, InVariant))


def again(deals: Iterable[tuple[Kept, str | None, Sequence[int], Sequence[int]]], sheet: Sheet, policy: PricingPolicy) -> list[Given]:
    """What benefits that did apply take off a sheet, worked out once more: each with its group, its entries and what counts as bought."""
    taken: list[Given] = []
    waiting = list(deals)
    while waiting:
        group = waiting[0][1]
        count = 1
        while group is not None and count < len(waiting) and waiting[count][1] == group:
            count += 1
        turn, waiting = waiting[:count], waiting[count:]
        offers = [given_by(benefit, sheet, entries, policy, buys) or Given((), ()) for benefit, _, entries, buys in turn]
        before = tuple(sheet.spent)
        for (benefit, *_), given in zip(turn, _best(offers) if group is not None else offers, strict=True):
            _take(benefit, given, sheet, before)
            taken.append(given)
    return taken


def _note(
    p: Promotion,
    verdict: Given | Refused,
    sheet: Sheet,
    applied: list[tuple[Promotion, Given]],
    refused: list[tuple[Promotion, Refused]],
    before: Sequence[int] | None = None,
) -> None:
    if isinstance(verdict, Refused):
        refused.append((p, verdict))
    else:
        _take(p.benefit, verdict, sheet, sheet.spent if before is None else before)
        applied.append((p, verdict))


def _take(benefit: Benefit | Kept, given: Given, sheet: Sheet, before: Sequence[int]) -> None:
    """Takes it off; `before` is how many units had been used when it was worked out."""
    sheet.take(given.entries, given.shares)
    if isinstance(benefit, Naming):
        sheet.spend(given.entries, given.units, given.shares, given.bought, before)


def _compete(
    verdicts: Sequence[tuple[Promotion, Given | Refused]],
    sheet: Sheet,
    applied: list[tuple[Promotion, Given]],
    refused: list[tuple[Promotion, Refused]],
) -> None:
    """The promotions of one group, worked out on the same amounts: of each entry the best one takes its share, the earlier on equality."""
    able = [(p, verdict) for p, verdict in verdicts if isinstance(verdict, Given)]
    best = dict(zip([p.id for p, _ in able], _best([given for _, given in able]), strict=True))
    winner = next((p for p, _ in able if any(best[p.id].shares)), None)
    before = tuple(sheet.spent)
    for p, verdict in verdicts:
        if isinstance(verdict, Given):
            kept = best[p.id]
            beaten = winner is not None and not any(kept.shares) and not isinstance(p.benefit, FreeGift)
            verdict = Refused("not-combinable", p.label, winner.label) if winner is not None and beaten else kept
        _note(p, verdict, sheet, applied, refused, before)


def _best(offers: Sequence[Given]) -> list[Given]:
    """The same offers with zero for every entry that another one takes more off, or as much and earlier."""
    most: dict[int, tuple[int, int]] = {}
    for n, offer in enumerate(offers):
        for entry, share in zip(offer.entries, offer.shares, strict=True):
            if share > most.get(entry, (0, 0))[0]:
                most[entry] = (share, n)
    return [
        evolve(offer, shares=tuple([s if most.get(e, (0, n))[1] == n else 0 for e, s in zip(offer.entries, offer.shares, strict=True)]))
        for n, offer in enumerate(offers)
    ]
