"""Codes, sessions and roles."""

import json
from datetime import timedelta

from django.test import Client
from tests.cast import COUNTY, Cast, id_of

from tongxin.base import clock
from tongxin.people.actions import found
from tongxin.people.models import Member, Role, SignInCode
from tongxin.people.queries import first_of_each_role, scope_of


def test_a_code_is_kept_only_as_a_digest(cast: Cast) -> None:
    code = cast.code("leader")
    assert code not in str(list(SignInCode.objects.values()))


def test_a_code_serves_however_it_is_typed(cast: Cast) -> None:
    answer = Client().post("/api/sign-in", json.dumps({"code": f" {cast.code('leader').lower()} "}), "application/json")
    assert answer.json()["roles"] == ["leader"]


def test_a_code_expires_by_the_real_clock(cast: Cast) -> None:
    code = cast.code("leader")
    SignInCode.objects.update(expires_at=clock.wall() - timedelta(seconds=1))
    answer = Client().post("/api/sign-in", json.dumps({"code": code}), "application/json")
    assert (answer.status_code, answer.json()["problem"]["code"]) == (401, "people.not_signed_in")


def test_a_role_that_has_ended_gives_nothing(cast: Cast) -> None:
    Role.objects.filter(member=id_of("leader")).update(until=cast.night - timedelta(minutes=1))
    assert scope_of(id_of("leader")).roles == frozenset()


def test_whoever_loses_every_role_loses_the_desk_at_once(cast: Cast) -> None:
    client = cast.at_desk("leader")
    Role.objects.filter(member=id_of("leader")).update(until=cast.night - timedelta(minutes=1))
    assert client.get("/api/incidents").status_code == 403


def test_the_founder_is_made_once_and_stands_last(cast: Cast) -> None:
    before = Member.objects.count()
    founder = found(COUNTY)
    assert Member.objects.count() == before
    assert first_of_each_role("430181")["commander"].member_id == id_of("commander") != founder.id
