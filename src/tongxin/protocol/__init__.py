"""What a phone and a server say to each other, version 1: docs/protocol.md for those who write another client.

``record`` is the bytes of a record and its chain, ``time`` when it happened, ``messages`` what goes over the wire, ``client`` and
``server`` the two state machines. Pure Python: no clock, network, disk or database of its own; tests/vectors holds examples.
"""
