"""Where work happens: the administrative tree and the places in it.

An *area* is a node of the tree (county, town, village) with its 12-digit statistical code; a *place* is a venue, a checkpoint, a
muster point, and lies in one area. Areas ship as a file and are loaded at start; places come through the desk's door.
"""
