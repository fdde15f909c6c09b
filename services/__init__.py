"""The five services (intake, review, scheduling, billing, portal), the demo's player, and standalone.py.

standalone.py runs all five in one process. All services have the same structure. Services never import each other.
"""
