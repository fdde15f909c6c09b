"""Review: authenticity, scores, ranking, and the seat. It hears applications, interviews and payments, and says who is
returned, verified, rejected, admitted, waiting or not selected; only review counts against the quota.
"""
