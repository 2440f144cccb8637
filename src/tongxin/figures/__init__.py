"""What it adds up to: declared counts over records, by day, area, organisation and category, each opening to its records.

``compile`` (pure) says what one subject's records contribute; ``pull`` applies a slice of the ledger and moves its cursor in
one transaction; ``queries`` read values and trace them back; ``verify`` recomputes everything by a second path, straight from
the stored bytes. A cell holds amounts that add up; cells with a ``key`` are the members of an exact distinct count.
"""
