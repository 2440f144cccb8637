"""Who may see and change places: everyone sees those of their areas."""

MAY_EDIT_PLACES = frozenset({"commander", "secretary"})
