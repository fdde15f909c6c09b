"""What the portal's commands share: they open the servers of the settings and say a refusal in one line.

Called by replay.py and rebuild.py.
"""

import argparse
import sys
from collections.abc import Callable

from services.portal.settings import PortalSettings
from shared.foundation.errors import Refusal
from shared.wiring.process import Process, open_process


def serve_command(
    name: str,
    add_options: Callable[[argparse.ArgumentParser], None],
    act: Callable[[Process, argparse.Namespace], int],
) -> int:
    """Runs `act` on the servers; returns the exit code, 2 for what was refused or cannot be reached."""
    parser = argparse.ArgumentParser(prog=f"python -m services.portal.{name}")
    add_options(parser)
    given = parser.parse_args()
    try:
        return act(open_process(PortalSettings()), given)
    except (Refusal, ConnectionError) as fault:
        sys.stderr.write(f"{fault}\n")
        return 2
