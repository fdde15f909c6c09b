"""Developers' tools: what writes the documents that are made from code. Nothing here is part of an image."""
