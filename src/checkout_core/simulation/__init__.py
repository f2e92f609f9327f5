"""Deterministic simulation of a whole shop: every seed is a story, and the same one every time.

simulate(scenario, seeds=200)    in a host's own tests; what fails says how to see it again
"""

from checkout_core.simulation.calling import Failed, simulate
from checkout_core.simulation.many import Report

__all__ = ["Failed", "Report", "simulate"]
