"""`python -m services` runs the command line `lingjun`."""

import sys

from services.cli import main

sys.exit(main())
