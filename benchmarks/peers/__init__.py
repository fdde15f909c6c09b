"""The usual stack, as its own documentation shows it: FastAPI, SQLModel with an asynchronous session, FastStream."""
