"""What this project promises, each promise beside the test that would break."""
