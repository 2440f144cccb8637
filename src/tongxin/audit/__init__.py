"""Who did what at the desk, and when: one line for every write that is not a field record.

Lowest of the rooms with tables, so that every action above can leave its line in the same transaction.
"""
