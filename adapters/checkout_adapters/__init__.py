"""Adapters: each turns one technology into the values of one port."""
