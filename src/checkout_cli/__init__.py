"""The `checkout` command: for operators, and for whoever wants to see it work."""
