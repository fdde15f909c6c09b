"""Format the table of results as Markdown."""

from collections.abc import Iterator, Sequence

from benchmarks.measure import Line, Row, times_better

HEADS = ("", "figure", "median", "least – most", "Lingjun is")


def lines_of(row: Row, lines: Sequence[Line]) -> Iterator[str]:
    """Yield one row as Markdown: the figures of every entry, and how many times better ours is."""
    ours = {line.figure: line for line in lines if line.entry == lines[0].entry}
    yield f"\n### {row.title}\n"
    yield f"`make bench ARGS=--only={row.key}`; aim: {row.aim}\n"
    yield f"| {' | '.join(HEADS)} |"
    yield "|---|---|---:|---:|---:|"
    for line in lines:
        own = ours.get(line.figure)
        ratio = "" if own is None or own is line else f"{times_better(own, line):.2f}x"
        spread = f"{_number(min(line.values))} – {_number(max(line.values))}"
        yield f"| {line.entry} | {line.figure} | {_number(line.middle)} | {spread} | {ratio} |"


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}"
