"""What is said in public: values of figures frozen at a ledger position, in whole sentences of both languages.

A bulletin stores the position, the values and the hashes of the definitions that it was counted by. Once frozen it never
changes (the application role cannot change it); corrections appear in a later one.
"""
