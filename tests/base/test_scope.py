from uuid import uuid4

import pytest

from tongxin.base.problems import Forbidden
from tongxin.base.scope import Scope, prefix, town_of

COUNTY, TOWN, VILLAGE = "430181000000", "430181105000", "430181105201"


def scope(*areas: str, role: str = "leader") -> Scope:
    return Scope(uuid4(), "430181", frozenset({role}), frozenset(areas))


def test_a_code_is_cut_to_the_digits_that_its_area_shares() -> None:
    assert [prefix(code) for code in (COUNTY, TOWN, VILLAGE)] == ["430181", "430181105", VILLAGE]


def test_the_town_of_a_village_is_the_first_nine_digits() -> None:
    assert (town_of(VILLAGE), town_of(TOWN)) == (TOWN, TOWN)


def test_a_scope_covers_what_lies_inside_its_areas_and_nothing_else() -> None:
    assert scope(TOWN).covers(VILLAGE)
    assert not scope(TOWN).covers("430181001010")
    assert not scope().covers(VILLAGE)


def test_requiring_names_the_act_and_the_roles_that_it_needs() -> None:
    with pytest.raises(Forbidden) as refused:
        scope(TOWN).require("发令", {"commander"})
    assert refused.value.details == {"act": "发令", "roles": ["commander"]}


def test_a_role_does_not_reach_beyond_its_areas() -> None:
    scope(TOWN).require("派工", {"leader"}, VILLAGE)
    with pytest.raises(Forbidden, match="430181001010"):
        scope(TOWN).require("派工", {"leader"}, "430181001010")
