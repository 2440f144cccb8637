"""Offices' tables: workbooks and CSV files read as rows of clean text, their columns matched by meaning, a report written back.

Pure: it knows which kinds of rows there are and what their columns may be called (``kinds.toml``), not what is held already; the
room ``imports`` judges each row against that.
"""
