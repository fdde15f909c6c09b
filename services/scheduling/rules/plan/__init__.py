"""The teaching plan: values, checks, staffing, and the search for a feasible plan."""
