import re

from tongxin.base import ids


def test_ids_are_version_seven_and_never_the_same() -> None:
    made = {ids.uuid7() for _ in range(1000)}
    assert len(made) == 1000
    assert {(value.version, value.variant) for value in made} == {(7, "specified in RFC 4122")}


def test_codes_can_be_read_out_over_a_telephone() -> None:
    for _ in range(100):
        assert re.fullmatch(r"([A-HJKMNP-Z2-9]{4}-){2}[A-HJKMNP-Z2-9]{4}", ids.code())
