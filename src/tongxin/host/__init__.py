"""The room that runs the house: an installation's home, its PostgreSQL, its processes and their settings.

Everything below works on a database it was given; only this room knows where that database is, which
processes there are, and how one command starts and stops them all.
"""
