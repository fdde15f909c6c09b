"""What two services or more use, layered from foundation to runtime."""

VERSION = "0.1.0"
