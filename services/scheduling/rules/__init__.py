"""The pure decisions of scheduling: working days, teaching plan, interviews, certificates.

Called by the actions and jobs of scheduling; plain values in, plain values out: no session, clock or network.
"""
