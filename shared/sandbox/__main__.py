"""Process: the sandbox's server, on a Unix socket: `python -m shared.sandbox SOCKET`.

With `--child` after it, it ends when its standard input closes: when the process that started it has ended.
"""

import sys
from pathlib import Path

from shared.sandbox.server import serve

if __name__ == "__main__":
    serve(Path(sys.argv[1]), is_child=sys.argv[2:] == ["--child"])
