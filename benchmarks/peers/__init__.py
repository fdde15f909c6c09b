"""Peers for comparison, written as their documentation shows: FastAPI, SQLModel with an async session, FastStream."""
