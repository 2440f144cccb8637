"""What gives every act its authority: incidents, orders, the duties they bring and who is assigned to them.

An *order* has an issuer, a legal basis, a scope (areas × categories × organisations) and an end; without one nothing may be
collected. A *duty* is work at a place: a *visit* is done once before its deadline, a *post* is staffed through a window. The
room also keeps the drill clock, because a database belongs either to rehearsals or to real incidents.
"""
