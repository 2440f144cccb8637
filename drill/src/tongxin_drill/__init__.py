"""Rehearsals: a whole night in half a minute over the real HTTP doors, its true figures known beforehand."""


class DrillError(Exception):
    """The rehearsal cannot go on; the message says why."""
