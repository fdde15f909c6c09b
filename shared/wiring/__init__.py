"""Settings, and the process with the adapters that they configure."""
