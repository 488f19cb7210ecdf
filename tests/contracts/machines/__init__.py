"""What a course, an enrollment, a submission and a certificate go through, against small models of ``domain.md`` §4.

Each machine keeps beside the platform what the domain's rules say should be there now; Hypothesis looks for an order of
calls after which the two differ, and shortens it. ``python -m tests.contracts.machines --examples 500`` looks long.
"""
