"""Pure rules of scheduling: working days, teaching plans, interviews, certificates.

Called by the actions and jobs of scheduling. Plain values in and out: no session, clock or network.
"""
