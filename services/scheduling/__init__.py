"""Scheduling: interviews and their panels, the year of teaching, attendance, and the certificate list.

Consumes events on programmes, on applications verified, rejected and withdrawn, on seats admitted and released, and on
fees paid and reversed. Publishes InterviewScheduled, InterviewMissed, PlanPublished, StudentRegistered and
CertificateRecorded.
"""
