"""The portal's settings. Only the portal has the private key that signs sessions. It has no keys of personal data."""

import re
from pathlib import Path
from typing import Annotated, ClassVar

from pydantic import AfterValidator

from shared.wiring.settings import Settings, unless_off

_TRACE = re.compile(r"https?://[^\s{}]+\{trace\}[^\s{}]*")


def _trace_url(value: str) -> str:
    return unless_off(value, _TRACE, "LINGJUN_TRACE_URL", "http://127.0.0.1:16686/trace/{trace}")


class PortalSettings(Settings):
    """See shared.wiring.settings.Settings. `trace_url`: address of a trace in the trace store, with {trace} for its id; off
    when empty or "none"."""

    SERVICE: ClassVar[str] = "portal"

    token_private_key_file: Path | None = None
    trace_url: Annotated[str, AfterValidator(_trace_url)] = ""

    @property
    def private_key_file(self) -> Path:
        """Return the path of the private key: the configured one, else next to the public key."""
        return self.token_private_key_file or self.token_public_key_file.with_name("private.pem")
