"""Settings, and the process that opens what they name."""
