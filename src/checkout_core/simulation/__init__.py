"""Deterministic simulation of a whole shop."""
