"""A seeded simulation of the installation: real handlers, actions and jobs on a simulated bus and clock, with faults.

`make simulate` runs many worlds, `make simulate SEED=…` replays one, and `make test` runs two hundred.
"""
