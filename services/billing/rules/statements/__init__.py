"""Rules that read and check a bank's statement file."""
