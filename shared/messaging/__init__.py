"""Messaging: two transports with the same guarantees, the relay and the consumer.

Delivery is at least once, effects are exactly once: the relay deletes an outbox row only after the broker's confirm,
and the consumer writes the inbox row in the transaction of the effects. Used by every service's bus.py.
"""
