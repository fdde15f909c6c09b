"""Developers' tools, such as generators of documents. Not part of any image."""
