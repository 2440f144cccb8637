"""Where work happens: the administrative tree and the places in it.

An *area* is a node of the tree (county, town, village) with its 12-digit statistical code; a *place* is a venue, a checkpoint, a
muster point, and lies in one area. The areas of the whole country ship in a table, from which those of a county are loaded;
places come through the desk's door.
"""
