"""The portal's settings. Only the portal has the private key that signs sessions. It has no keys of personal data."""

from pathlib import Path
from typing import ClassVar

from shared.wiring.settings import Settings


class PortalSettings(Settings):
    """See shared.wiring.settings.Settings."""

    SERVICE: ClassVar[str] = "portal"

    token_private_key_file: Path | None = None

    @property
    def private_key_file(self) -> Path:
        """Return the path of the private key: the configured one, else next to the public key."""
        return self.token_private_key_file or self.token_public_key_file.with_name("private.pem")
