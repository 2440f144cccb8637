"""Which counties an installation serves: those whose areas are loaded, each with its first commander."""

from django.db import transaction

from tongxin.people.actions import found
from tongxin.places.actions import load_areas
from tongxin.places.table import County

FIRST = "430181"
"""Liuyang, which a database without any county gets unless another is asked for."""


@transaction.atomic
def open_county(county: County) -> None:
    """Load a county's areas and make its first commander, or change nothing if both are there."""
    load_areas(county)
    found(county.code)
