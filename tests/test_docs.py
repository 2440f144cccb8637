"""The docs list every setting, problem, door, activity and noun."""

import hashlib
import importlib
import json
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from django.urls import get_resolver
from django.urls.resolvers import URLPattern, URLResolver

import tongxin
from tongxin.base.problems import Problem, every_problem
from tongxin.host.activities import json_schema
from tongxin.playbook import schema
from tongxin.playbook.registry import activities

ROOT = Path(__file__).resolve().parent.parent
NOT_IMPORTED = ("migrations", "prepare", "worker", "wsgi")


def doc(name: str) -> str:
    return (ROOT / "docs" / name).read_text("utf-8")


def test_every_problem_is_listed_with_its_code_status_meaning_and_next_step() -> None:
    for module in pkgutil.walk_packages(tongxin.__path__, "tongxin."):
        if not any(part in module.name for part in NOT_IMPORTED):
            importlib.import_module(module.name)
    listed = doc("problems.md")
    for problem in every_problem():
        if problem is not Problem:
            meaning = " ".join((problem.__doc__ or "").split())
            assert f"| `{problem.code}` | {problem.status} | {meaning} | {problem.next_step}<br>" in listed


def test_no_two_problems_share_a_code() -> None:
    codes = [problem.code for problem in every_problem()]
    assert len(codes) == len(set(codes))


def test_every_setting_is_listed() -> None:
    read = r'environ(?:\.get\(|\[)"([A-Z_]+)"'
    names = {name for file in (ROOT / "src").rglob("*.py") for name in re.findall(read, file.read_text("utf-8"))}
    listed = doc("settings.md")
    assert {name for name in names - {"DJANGO_SETTINGS_MODULE", "LANG", "LC_ALL"} if f"`{name}`" not in listed} == set()


def addresses(resolver: URLResolver, before: str = "") -> Iterator[str]:
    for part in resolver.url_patterns:
        address = before + str(part.pattern)
        if isinstance(part, URLPattern):
            yield address
        else:
            yield from addresses(part, address)


def test_every_address_of_the_two_doors_is_listed() -> None:
    listed = doc("doors.md")
    for address in addresses(get_resolver()):
        door, _, call = address.partition("/")
        if door in ("api", "field"):
            assert call.replace("<uuid:id_>", "ID") in listed, address


def test_every_activity_and_every_key_of_the_grammar_is_listed() -> None:
    listed = doc("activities.md")
    for name in activities():
        assert f"| `{name}` |" in listed
    for table in (schema.Activity, schema.Ask, schema.MatterRule, schema.FigureRule, schema.Option):
        for field in msgspec.structs.fields(table):
            assert re.search(rf"\b{field.name}\b", listed) or field.name in ("hash", "source"), field.name


NOUNS = """
incident 事件, area 区域, place 场所, organisation 单位, member 成员, order 令, duty 任务,
assignment 派工, record 记录, matter 事项, figure 数字, bulletin 战报, activity 专项, head 链头,
cell 格子, cursor 游标, drill 演练, receipt 回执, device 设备, role 职责
"""


@pytest.mark.parametrize("noun", [noun.strip() for noun in NOUNS.split(",")])
def test_the_glossary_has(noun: str) -> None:
    english, _, chinese = noun.partition(" ")
    assert f"| {english} | {chinese} |" in doc("glossary.md")


def test_every_link_between_the_docs_leads_somewhere() -> None:
    for file in (*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")):
        for target in re.findall(r"\]\((?!https?:)([^)#]+)", file.read_text("utf-8")):
            assert (file.parent / target).exists(), f"{file.name}: {target}"


def test_htmx_is_the_file_whose_hash_stands_beside_it() -> None:
    vendor = ROOT / "src" / "tongxin" / "desk" / "static" / "vendor"
    written, name = (vendor / "htmx.sha256").read_text("utf-8").split()
    assert hashlib.sha256((vendor / name).read_bytes()).hexdigest() == written
    assert (vendor / "htmx.LICENSE").exists()


def test_lock_files_carry_hashes_and_no_addresses() -> None:
    for file in (ROOT / "requirements").glob("*.txt"):
        text = file.read_text("utf-8")
        assert not re.search(r"https?://", text)
        for pinned in re.findall(r"(?m)^[\w.-]+(?:\[[\w,]+\])?==\S+.*", text):
            assert pinned.endswith("\\"), pinned


def test_the_phones_lock_file_carries_hashes_and_no_addresses_to_fetch_from() -> None:
    packages = json.loads((ROOT / "phone" / "package-lock.json").read_text("utf-8"))["packages"]
    named = {name: package for name, package in packages.items() if name}
    assert {name for name, package in named.items() if "integrity" not in package} == set()
    assert {name for name, package in named.items() if "resolved" in package} == set()
    licences = {package["license"] for package in named.values()}
    assert not [licence for licence in licences if "GPL" in licence]


def test_every_problem_of_the_phones_store_is_listed_as_the_code_has_it() -> None:
    written = (ROOT / "phone" / "src" / "store" / "problems.ts").read_text("utf-8")
    meanings = re.findall(r'"(store\.\w+)": "(.+)",', written)
    assert len(meanings) > 5
    assert [code for code, meaning in meanings if f"| `{code}` | {meaning} |" not in doc("phone.md")] == []


def test_the_json_schema_for_editors_is_that_of_the_loader() -> None:
    assert doc("activity.schema.json") == json_schema() + "\n", "run tongxin activity schema > docs/activity.schema.json"
    schema = json.loads(doc("activity.schema.json"))
    assert {"hash", "source"} & schema["$defs"]["Activity"]["properties"].keys() == set()
