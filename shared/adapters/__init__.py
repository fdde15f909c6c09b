"""Adapters besides database and broker: keys, stored files, mail, PDF typesetting."""
