"""What happened: records, exactly once and never edited, and the matters that follow from them.

``append_all`` is the only way in: it checks batches against their chains, keeps the exact bytes, numbers records gaplessly
and answers with receipts. ``resolving`` and ``fold`` (pure) say which records count and which matters a subject's records
open and close; ``settle`` stores that as versions, each valid from one position until another, so that any earlier position
can be read again. Every unique key here carries the ledger, and nothing refers in or out by foreign key: a county's ledger
can move to a server of its own.
"""
