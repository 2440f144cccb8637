"""Rehearsals over the real HTTP doors, their true figures known beforehand: a first night, and the 18 days of the report."""


class DrillError(Exception):
    """The rehearsal cannot go on; the message says why."""
