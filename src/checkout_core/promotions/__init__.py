"""Promotions as values: what they give (`benefits`), to whom and when (`conditions`, `rules`), how much that is (`working`), and all of
them together (`stacking`).

They are applied by priority, the higher first and equals in the order given, each to what the ones before it left. If exclusive ones
of a lane qualify, the first of them applies alone in it; of a group only the best one takes something off each line. Nothing is taken
below zero or below a floor: a discount is limited to what its entries can give, then split over them with nothing lost (RB-68, OB-2).
"""

from checkout_core.promotions.benefits import (
    BENEFITS,
    FREE_SHIPPING,
    AmountOff,
    Answer,
    Benefit,
    Bundle,
    BuyGet,
    Entry,
    EntryOff,
    EveryNth,
    HostBenefit,
    Kept,
    On,
    Part,
    Percent,
    SetPrice,
    SetTotal,
    Tier,
    TieredPercent,
    Told,
    UnitOff,
)
from checkout_core.promotions.conditions import (
    CONDITIONS,
    DAYS,
    Assortment,
    Channel,
    Condition,
    Context,
    FirstOrder,
    Good,
    Hours,
    InGroup,
    PaidBy,
    Quantity,
    ShipTo,
    Visit,
)
from checkout_core.promotions.rules import ABOUT_GOODS, Promotion
from checkout_core.promotions.stacking import RuleSet, Stacked, judge, rule_set, stack
from checkout_core.promotions.windows import Window
from checkout_core.promotions.working import Given

__all__ = [
    "ABOUT_GOODS",
    "BENEFITS",
    "CONDITIONS",
    "DAYS",
    "FREE_SHIPPING",
    "AmountOff",
    "Answer",
    "Assortment",
    "Benefit",
    "Bundle",
    "BuyGet",
    "Channel",
    "Condition",
    "Context",
    "Entry",
    "EntryOff",
    "EveryNth",
    "FirstOrder",
    "Given",
    "Good",
    "HostBenefit",
    "Hours",
    "InGroup",
    "Kept",
    "On",
    "PaidBy",
    "Part",
    "Percent",
    "Promotion",
    "Quantity",
    "RuleSet",
    "SetPrice",
    "SetTotal",
    "ShipTo",
    "Stacked",
    "Tier",
    "TieredPercent",
    "Told",
    "UnitOff",
    "Visit",
    "Window",
    "judge",
    "rule_set",
    "stack",
]
