"""What the README claims about speed, as commands: `python -m benchmarks`, called by `make bench`."""
