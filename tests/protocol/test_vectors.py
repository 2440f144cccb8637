"""The vectors are what the Python implementation does; and the simplest of them hold without it."""

import base64
import hashlib
import json
import re
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from tests.vectors import build

from tongxin.base import crypto
from tongxin.protocol.signature import BadSignatureError, verify_request

STORED = {file.stem: json.loads(file.read_text("utf-8")) for file in build.FOLDER.glob("*.json")}


@pytest.mark.parametrize("name", ["record", "time", "batch", "client", "answers", "fold", "signature"])
def test_a_stored_vector_is_what_comes_out_today(name: str) -> None:
    assert STORED[name] == json.loads(build.text(build.everything()[name])), "the protocol has changed: run make vectors"


def test_the_bytes_of_a_record_need_nothing_but_json_and_sha256() -> None:
    prev = ""
    for vector in STORED["record"]["records"]:
        written = json.dumps(_whole(vector["record"]), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        assert written == vector["bytes"]
        assert hashlib.sha256((prev + written).encode()).hexdigest() == vector["hash"]
        prev = vector["hash"]


def _whole(value: Any) -> Any:
    """Write whole numbers without a point."""
    if isinstance(value, dict):
        return {key: _whole(part) for key, part in value.items()}
    return int(value) if isinstance(value, float) and value.is_integer() else value


def test_what_is_signed_needs_nothing_but_sha256_and_a_curve() -> None:
    """RFC 9421, 2.5, written down once more; the signature as any library makes it that knows RFC 6979."""
    for vector in STORED["signature"]["signed"]:
        message, headers = vector["message"], vector["headers"]
        digest = base64.b64encode(hashlib.sha256(message["content"].encode()).digest()).decode()
        assert headers["content-digest"] == f"sha-256=:{digest}:"
        label, _, params = headers["signature-input"].partition("=")
        assert params.endswith(f';keyid="{vector["keyid"]}";alg="ecdsa-p256-sha256"')
        parts = {"@query": f"?{message.get('query')}", "content-digest": headers["content-digest"]}
        parts |= {f"@{name}": str(value) for name, value in message.items() if name not in ("query", "content")}
        names = re.findall('"([^"]+)"', params.partition(")")[0])
        lines = [f'"{name}": {parts[name]}' for name in names] + [f'"@signature-params": {params}']
        assert vector["base"] == "\n".join(lines)
        assert (label, headers["signature"]) == ("tongxin", f"tongxin=:{_made(vector['key'], vector['base'])}:")


def _made(key: str, base: str) -> str:
    private = ec.derive_private_key(int(STORED["signature"]["keys"][key]["private"], 16), ec.SECP256R1())
    r, s = decode_dss_signature(private.sign(base.encode(), ec.ECDSA(hashes.SHA256(), deterministic_signing=True)))
    return base64.b64encode(r.to_bytes(32) + s.to_bytes(32)).decode()


def test_a_stored_secret_gives_its_stored_key() -> None:
    for key in STORED["signature"]["keys"].values():
        assert crypto.to_text(crypto.public(crypto.key_of(key["secret"]))) == key["public"]


@pytest.mark.parametrize("vector", STORED["signature"]["refused"], ids=lambda vector: vector["why"])
def test_a_stored_forgery_is_refused(vector: dict[str, Any]) -> None:
    message, public = vector["message"], crypto.from_text(STORED["signature"]["keys"][vector["key"]]["public"])
    with pytest.raises(BadSignatureError):
        verify_request(
            public, vector["headers"], message["method"], message["path"], message["query"], message["content"].encode()
        )


def test_every_kind_of_outcome_is_among_the_vectors() -> None:
    assert {case.get("refused", "taken") for case in STORED["batch"]} == {
        "taken",
        "ledger.bad_batch",
        "ledger.gap",
        "ledger.fork",
    }
    steps = [step for story in STORED["client"] for step in story["steps"]]
    assert {step["do"] for step in steps} == {"write", "next", "heard", "missed", "restart"}
    assert {(step["result"] or {}).get("kind") for step in steps if step["do"] == "next"} == {None, "records", "heartbeat"}
    names = {matter["name"] for case in STORED["fold"] for matter in case["matters"]}
    assert names >= {"venue_open", "conflict_copies", "conflict_corrections", "conflict_decision"}
