"""A seeded simulation of the whole house: real handlers, actions and jobs on a simulated bus and clock, with faults.

`make simulate` runs many worlds, `make simulate SEED=…` replays one, `make test` runs two hundred.
"""
