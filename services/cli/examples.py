"""The examples at the end of a command's help."""


def examples(*lines: str) -> str:
    """Return the text of the examples. The first character keeps Typer from joining the lines."""
    return "\n".join(["\b", "Examples:", *(f"  {line}" for line in lines)])
