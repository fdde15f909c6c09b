"""The portal's pure decisions: passwords, access, what may be shown, and how an event reads."""
