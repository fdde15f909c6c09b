"""The house: five services of one shape (intake, review, scheduling, billing, portal), the demo's player, and house.py,
which runs all of them in one process. Services never import each other."""
