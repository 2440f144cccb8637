"""What a phone and a server say to each other: the bytes of a record, the chain, the time rule.

Pure Python, shared by every client. The bytes are provisional (``v`` 0) until the protocol is settled; docs/doors.md shows them.
"""
