"""The HTTP side of every service: the app, its middleware, sign-in, statistics."""
