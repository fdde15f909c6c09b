"""Foreign files and the process that opens them; SANDBOX is one for all tests of this interpreter, started at first use."""

from shared.sandbox import Sandbox

SANDBOX = Sandbox()
