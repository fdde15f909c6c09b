"""Health check of the sandbox's container: `python -m shared.sandbox.alive SOCKET` fails when the server does not answer."""

import sys

from shared.sandbox.client import Sandbox

if __name__ == "__main__":
    Sandbox(sys.argv[1]).open("nothing", b"")
