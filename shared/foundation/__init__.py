"""The base of all other packages: refusals, time, money, languages, state machines. Imports no other package."""
