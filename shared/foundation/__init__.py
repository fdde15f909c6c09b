"""What everything else stands on: refusals, time, money, languages, state machines. Imports nothing of the project."""
