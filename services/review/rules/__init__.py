"""Pure rules of review: points, ranking, deadlines, checklists. No session, no clock, no framework."""
