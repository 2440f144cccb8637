"""The phones' door; docs/doors.md is its contract.

``views`` (in the web process) enrols phones and gives out duties and forms. ``intake`` (a process of its own) takes records in:
``signed`` says which phone speaks, ``limits`` how much may come, ``writer`` appends, ``metrics`` tells how it goes.
"""
