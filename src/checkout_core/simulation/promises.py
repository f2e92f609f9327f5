"""What each id promises, in a sentence for people who never saw the formula (docs/guarantees.md has that)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

PROMISES: Final[Mapping[str, str]] = {
    "I1": "The numbers of every pool are the sums of its holds and of its movements.",
    "I2": "No more is promised than there is.",
    "I3": "Every order that stands has its goods, and goods that are sold belong to one order.",
    "I4": "No order is placed before its money is there.",
    "I5": "One checkout is never charged twice at the same time.",
    "I6": "No money lies at the gateway for nothing without somebody being due to send it back.",
    "I7": "No more is sent back than was taken, and no more is taken than was agreed.",
    "I8": "What is charged is what was quoted, to the last minor unit.",
    "I9": "A coupon is used no more often than it may be, in all and by one person.",
    "I10": "Of a gift card no more is spent than was on it, and it pays what is taken from it.",
    "I11": "The ledger's postings add up to nothing, and are never changed.",
    "I12": "A total is the sum of its parts.",
    "I13": "Everything moves along its table of states, one version at a time.",
    "I14": "Every change is announced once, in order and without a gap.",
    "I15": "Nothing is announced, written or said that was not stored.",
    "I16": "No goods are held without an end.",
    "I17": "The same request has one effect and one answer, however often it is sent.",
    "I18": "A cart is bought once, and a line is in one cart.",
    "I20": "When all is at rest, our books, the gateway's and the tax provider's say the same.",
    "I21": "Nobody is told what is not so, or told to wait for ever.",
    "I25": "Nothing is tried without end.",
    "L1": "Everything that was begun comes to an end.",
    "L2": "Every refund that is due is made, or waits for a person.",
    "L3": "Every message is delivered, or given up for a person to see.",
    "L5": "Coming to rest takes no more steps than there is work.",
    "Q1": "Who paid in time for what is there gets it.",
    "Q2": "Nobody is refused what is there.",
    "Q3": "A message is sent twice only if the first answer was lost.",
    "R27": "Rows are locked in one order everywhere, so that no two units wait for each other.",
    "guard": "Whatever happens, the shop answers with a result, a refusal, or that something is away.",
    "expect": "The run ends as its scenario expects.",
}
"""The sentence of each id that a check of the simulator can name."""
