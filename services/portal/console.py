"""Entry point of the portal's commands: connects to the servers of the settings and prints a refusal in one line.

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
    """Run `act` and return its exit code, or 2 for a refusal or an unreachable server."""
    parser = argparse.ArgumentParser(prog=f"python -m services.portal.{name}")
    add_options(parser)
    arguments = parser.parse_args()
    try:
        return act(open_process(PortalSettings()), arguments)
    except (Refusal, ConnectionError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
