"""Offices' lists become rows: every row of a roster, of premises or of organisations is judged, then written.

A file is kept from its upload until it is imported or forgotten. Nothing is guessed and nothing is merged: what could mean two
things is asked, what cannot be used is refused with its row and reason, and what was read is what was taken, left alone, refused,
asked and ignored together.
"""
