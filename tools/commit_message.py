"""Checks a commit message: `area: Summary in the imperative` of at most 72 characters, then a blank line and the body.

`python -m tools.commit_message FILE`, called by git's commit-msg hook (.pre-commit-config.yaml).
"""

import re
import sys
from pathlib import Path

LONGEST = 72
_SUBJECT = re.compile(r"[a-z][a-z0-9_./-]*: [A-Z]\S*( \S+)+")
# Words such as "Added", "Adding" and "Adds"; "Need", "Pass" and "Bring" are imperatives.
_NOT_IMPERATIVE = re.compile(r": (?!Need|Feed|Seed|Embed|Bring|Ring)\w+(ed|ing|(?<!s)s)\b")
_BY_A_TOOL = ("Merge ", "Revert ", "fixup! ", "squash! ")


def faults(message: str) -> list[str]:
    """What is wrong with a commit message, and what to do; empty if nothing is."""
    lines = [line for line in message.splitlines() if not line.startswith("#")]
    subject = lines[0] if lines else ""
    if subject.startswith(_BY_A_TOOL):
        return []
    found = []
    if not _SUBJECT.fullmatch(subject):
        found.append("Begin with `area: Summary`, such as `billing: Reject a statement without a date`.")
    elif _NOT_IMPERATIVE.search(subject):
        found.append("Write the summary in the imperative: `Add`, not `Added`, `Adding` or `Adds`.")
    if len(subject) > LONGEST:
        found.append(
            f"The subject has {len(subject)} characters: shorten it to {LONGEST}, and move the rest to the body."
        )
    if subject.endswith("."):
        found.append("Leave out the full stop at the end of the subject.")
    if len(lines) > 1 and lines[1]:
        found.append("Leave the second line blank, then write the body.")
    return found


if __name__ == "__main__":
    wrong = faults(Path(sys.argv[1]).read_text(encoding="utf-8"))
    sys.exit("\n".join(wrong) if wrong else 0)
