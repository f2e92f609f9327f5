"""The migrations, in the wheel: `checkout db upgrade` runs them."""
