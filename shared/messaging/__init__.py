"""Events on the wire: one envelope, two transports that keep the same promises, the relay and the consumer.

At least once on the wire, once in effect: the relay deletes an outbox row only after the broker has confirmed it, the
consumer writes the inbox row in the transaction of the effects. Used by every service's bus.py.
"""
