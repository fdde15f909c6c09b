"""Review: authenticity, scores, ranking and seats. It consumes events on applications, interviews and payments, and
publishes who is returned, verified, rejected, admitted, waitlisted or not selected. Only review counts against the
quota."""
