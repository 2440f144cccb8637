"""Ground that every room stands on: problems, clock, ids, scope.

Pure Python: nothing here knows Django, the database or the network.
"""
