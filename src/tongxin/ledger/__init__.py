"""What happened: records, exactly once and never edited, and the matters that follow from them.

``append`` is the only way in: it checks a batch against its chain, keeps the exact bytes, numbers records gaplessly and
answers with receipts. ``fold`` (pure) says which matters a subject's records open and close; ``settle`` stores that as
versions, each valid from one position until another, so that any earlier position can be read again. Every unique key here
carries the ledger, and nothing refers in or out by foreign key: a county's ledger can move to a server of its own.
"""
