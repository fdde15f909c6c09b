"""Review's pure decisions: points, order, deadlines, checklists. No session, no clock, no framework."""
