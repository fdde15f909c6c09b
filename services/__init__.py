"""The services of the registry (shared/wiring/registry.py), the demo's player, and standalone.py.

standalone.py runs all of them in one process. All services have the same structure. Services never import each other.
"""
