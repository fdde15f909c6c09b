"""The portal's pure rules: passwords, access, masking, dead letters, and the display text of events."""
