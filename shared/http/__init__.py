"""HTTP for all services: the app, its middleware, authentication, statistics."""
