"""The kill harness: a whole house on real servers, killed and stopped while applications come in, and a ledger that proves
that what was accepted was handled, once. `python -m tests.faults --minutes 2`; docs/operations.md says how to read it.
"""
