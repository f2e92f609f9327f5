"""`python -m checkout_cli` is `checkout`."""

from checkout_cli.app import main

main()
