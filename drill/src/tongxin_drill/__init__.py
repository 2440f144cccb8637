"""Rehearsals over the real HTTP doors, their true figures known beforehand."""


class DrillError(Exception):
    """The rehearsal cannot go on; the message says why."""
