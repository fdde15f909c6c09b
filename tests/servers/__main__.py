"""`python -m tests.servers install` installs missing servers and tools, `engine` starts a Docker engine.

`keep` holds one server for a test run (internal, started by keeper.py).
"""

import sys
from pathlib import Path

from tests.servers import engine, foreign, keeper, packages


def main(arguments: list[str]) -> int:
    """Run the command; return the exit code."""
    match arguments:
        case ["install"]:
            return packages.install() or foreign.install()
        case ["engine"]:
            return engine.start()
        case ["keep", name, directory, run_pid]:
            keeper.keep(name, Path(directory), int(run_pid))
            return 0
    sys.stderr.write("usage: python -m tests.servers install|engine\n")
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
