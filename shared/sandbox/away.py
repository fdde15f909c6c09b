"""The error of a sandbox or virus scanner that gives no answer."""


class SandboxAway(Exception):
    """The sandbox's server, or the virus scanner before it, does not answer. A later attempt may succeed; the file is not to blame."""
