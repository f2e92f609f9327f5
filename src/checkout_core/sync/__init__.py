"""The sync twins of the rooms whose source is async; made by tests/project/twins.py."""
