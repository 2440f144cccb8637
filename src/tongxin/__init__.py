"""Tongxin 同心: a county turns out against an emergency, and every number opens to its records."""
