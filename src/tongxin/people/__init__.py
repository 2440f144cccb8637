"""Who serves: organisations, members, their roles and their phones.

A *role* ties a member to an organisation with a kind (commander, duty officer, secretary, leader, inspector), areas and a
time; it is ended, never deleted, because authority is judged at the time of an act. A member enters by a printed code, at the
desk or with a phone; ``scope_of`` turns a member into the ``Scope`` that every room above asks for permission.
"""
