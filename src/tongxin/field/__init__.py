"""The phones' door. It finds, authorises, acts and answers; docs/doors.md is its contract.

It moves to a process of its own with the intake.
"""
