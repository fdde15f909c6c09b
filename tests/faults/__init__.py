"""The kill harness: it kills and stops processes of a whole installation on real servers while applications come in.

A ledger proves that each accepted application was handled exactly once. Run it with
`lingjun faults --minutes 2`; docs/operations.md explains the output.
"""
