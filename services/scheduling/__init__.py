"""Scheduling: who is interviewed when and by whom, the year of teaching, attendance, and the certificate list.

Hears of programmes, of applications verified, rejected and withdrawn, of seats held and released, and of fees paid and
reversed. Says InterviewScheduled, InterviewMissed, PlanPublished, StudentRegistered and CertificateRecorded.
"""
