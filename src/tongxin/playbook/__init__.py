"""Activities: what kinds of work exist, declared in TOML files and read by every room above.

``schema`` is the shape of a file, ``loader`` reads and checks it, ``packs/`` are the files that ship. A further directory can be
named by the setting TONGXIN_PACKS. A new kind of inspection, patrol, log or visit is one file here and no code.
"""
