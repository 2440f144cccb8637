"""Signatures as others read and write them; what is altered is refused; and nothing that anybody sends is more than refused."""

import string
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import http_message_signatures as independent
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from http_message_signatures.algorithms import ECDSA_P256_SHA256
from hypothesis import example, given
from hypothesis import strategies as st

from tongxin.base import crypto
from tongxin.protocol.signature import (
    DIGEST,
    INPUT,
    SIGNATURE,
    BadSignatureError,
    digest,
    key_id_of,
    sign_answer,
    sign_request,
    verify_answer,
    verify_request,
)

KEY = crypto.key_of("a secret for tests of signatures, and for nothing else")
PUBLIC = crypto.public(KEY)
OTHER = crypto.key_of("another secret for tests of signatures")
DEVICE = "0190e5a2-0000-7000-8000-00000000d001"
REQUEST, ANSWER = ("@method", "@path", "@query", "content-digest"), ("@status", "content-digest")

contents = st.binary(max_size=60)
queries = st.text("abc=&%20", max_size=12).filter(lambda text: "%" not in text)
Headers = dict[str, str]


@dataclass
class Message:
    """A request, or an answer if it has a status, as the independent library takes them."""

    headers: Headers
    method: str = "POST"
    url: str = "http://intake/field/records"


@dataclass
class Answered:
    """An answer as the independent library takes them."""

    headers: Headers
    status_code: int = 200
    request: None = None


class Profile(independent.HTTPMessageSigner):
    """The library's signer, without the one parameter that our profile leaves out and the library always writes."""

    def _build_signature_base(self, message: Any, *, signature_params: dict[str, Any], **more: Any) -> Any:
        signature_params.pop("created", None)
        return super()._build_signature_base(message, signature_params=signature_params, **more)


class AnyTime(independent.HTTPMessageVerifier):
    """The library's verifier, which does not insist on that parameter: the RFC leaves it to each profile."""

    require_created = False


def keys(key_id: str) -> independent.MappingKeyResolver:
    return independent.MappingKeyResolver(public_keys={key_id: KEY.public_key()}, private_keys={key_id: KEY})


def others_verify(message: Message | Answered, key_id: str, covered: tuple[str, ...], content: bytes) -> None:
    verifier = AnyTime(signature_algorithm=ECDSA_P256_SHA256, key_resolver=keys(key_id))
    (result,) = verifier.verify(message, max_age=None, require_components=covered, body=content)
    assert (result.label, result.parameters["keyid"], result.body) == ("tongxin", key_id, content)


def others_sign(message: Message | Answered, key_id: str, covered: tuple[str, ...]) -> None:
    _sign(Profile, message, key_id, covered)


def _sign(
    signer: type[independent.HTTPMessageSigner], message: Message | Answered, key_id: str, covered: tuple[str, ...]
) -> None:
    made = signer(signature_algorithm=ECDSA_P256_SHA256, key_resolver=keys(key_id))
    made.sign(message, key_id=key_id, label="tongxin", covered_component_ids=covered, use_existing_digest=True)


@given(contents, queries)
def test_others_verify_our_requests(content: bytes, query: str) -> None:
    headers = sign_request(KEY, DEVICE, "POST", "/field/records", query, content)
    others_verify(Message(headers, url=f"http://intake/field/records?{query}"), DEVICE, REQUEST, content)


@given(contents, st.sampled_from([200, 409]))
def test_others_verify_our_answers(content: bytes, status: int) -> None:
    ours = crypto.to_text(PUBLIC)
    others_verify(Answered(sign_answer(KEY, ours, status, content), status), ours, ANSWER, content)


@given(contents, queries)
def test_we_verify_requests_that_others_sign(content: bytes, query: str) -> None:
    message = Message({DIGEST: digest(content)}, url=f"http://intake/field/records?{query}")
    others_sign(message, DEVICE, REQUEST)
    headers = {name.lower(): value for name, value in message.headers.items()}
    verify_request(PUBLIC, headers, "POST", "/field/records", query, content)
    assert key_id_of(headers) == DEVICE


@given(contents)
def test_we_verify_answers_that_others_sign(content: bytes) -> None:
    message = Answered({DIGEST: digest(content)})
    others_sign(message, crypto.to_text(PUBLIC), ANSWER)
    verify_answer(PUBLIC, {name.lower(): value for name, value in message.headers.items()}, 200, content)


def test_another_way_to_sign_is_refused_though_others_would_take_it() -> None:
    """With a time, or with other parts covered: valid by the RFC, and not in the one form."""
    ways = ((independent.HTTPMessageSigner, REQUEST), (Profile, REQUEST[1:]), (Profile, REQUEST[::-1]))
    for signer, covered in ways:
        message = Message({DIGEST: digest(b"")})
        _sign(signer, message, DEVICE, covered)
        others_verify(message, DEVICE, covered, b"")
        with pytest.raises(BadSignatureError):
            verify_request(PUBLIC, message.headers, "POST", "/field/records", "", b"")


PARTS: Mapping[str, str] = {"method": "POST", "path": "/field/records", "query": "chain=7", "content": '{"v":1}'}
SIGNED = sign_request(KEY, DEVICE, PARTS["method"], PARTS["path"], PARTS["query"], PARTS["content"].encode())
WHOLE: Mapping[str, str] = {**PARTS, **SIGNED}


def verify(whole: Mapping[str, str]) -> None:
    headers = {name: whole[name] for name in (DIGEST, INPUT, SIGNATURE) if name in whole}
    verify_request(PUBLIC, headers, whole["method"], whole["path"], whole["query"], whole["content"].encode("latin-1"))


def test_the_message_that_is_altered_below_is_good() -> None:
    verify(WHOLE)


@given(st.sampled_from(sorted(WHOLE)), st.integers(0, 400), st.integers(0, 255))
def test_any_byte_that_differs_is_refused(part: str, where: int, byte: int) -> None:
    text = WHOLE[part]
    at = where % len(text)
    altered = text[:at] + chr(byte) + text[at + 1 :]
    if altered != text:
        with pytest.raises(BadSignatureError):
            verify({**WHOLE, part: altered})


def test_no_character_of_a_signature_can_stand_for_another() -> None:
    """Its last one carries bits that no byte needs; only one of the sixteen ways to write them is right."""
    text = WHOLE[SIGNATURE]
    for at, held in enumerate(text):
        for other in set(string.ascii_letters + string.digits + "+/=:-_ ") - {held}:
            with pytest.raises(BadSignatureError):
                verify({**WHOLE, SIGNATURE: text[:at] + other + text[at + 1 :]})


@pytest.mark.parametrize("name", [DIGEST, INPUT, SIGNATURE])
@pytest.mark.parametrize(
    "alter", [lambda text: text + " ", lambda text: " " + text, lambda text: text + "\n", lambda text: text.upper(), lambda _: ""]
)
def test_a_header_written_another_way_is_refused(name: str, alter: Callable[[str], str]) -> None:
    with pytest.raises(BadSignatureError):
        verify({**WHOLE, name: alter(WHOLE[name])})


def test_a_request_is_no_answer_and_an_answer_no_request() -> None:
    with pytest.raises(BadSignatureError):
        verify_answer(PUBLIC, SIGNED, 200, PARTS["content"].encode())
    with pytest.raises(BadSignatureError):
        verify_request(PUBLIC, sign_answer(KEY, DEVICE, 200, b""), "POST", "/", "", b"")


anything = st.text(st.characters()) | st.text('abc=:;"\\()@ ')
GOOD = sign_request(KEY, DEVICE, "GET", "/", "", b"")
headers_of_any_kind = st.fixed_dictionaries(
    {DIGEST: st.just(GOOD[DIGEST]) | anything},
    optional={
        INPUT: anything | anything.map(lambda text: GOOD[INPUT].replace(DEVICE, text)),
        SIGNATURE: st.just(GOOD[SIGNATURE]) | anything | anything.map(lambda text: f"tongxin=:{text}:"),
    },
)


@given(headers_of_any_kind)
@example({**GOOD, INPUT: GOOD[INPUT].replace(DEVICE, "\ud800")})
def test_headers_of_any_text_are_refused_and_no_more(headers: Headers) -> None:
    with pytest.raises(BadSignatureError):
        verify_request(crypto.public(OTHER), headers, "GET", "/", "", b"")
    with pytest.raises(BadSignatureError):
        verify_answer(crypto.public(OTHER), headers, 200, b"")


@given(headers_of_any_kind)
def test_who_signs_is_a_plain_text_or_refused(headers: Headers) -> None:
    try:
        named = key_id_of(headers)
    except BadSignatureError:
        return
    assert named.isascii()
    assert named.isprintable() or not named


@given(st.binary(min_size=65, max_size=65) | st.binary(min_size=64, max_size=64).map(lambda point: b"\x04" + point), contents)
def test_any_65_bytes_are_a_key_or_refused_as_one(key: bytes, data: bytes) -> None:
    try:
        crypto.require_public(key)
    except crypto.BadKeyError:
        with pytest.raises(crypto.BadKeyError):
            crypto.verify(key, bytes(64), data)
    else:
        assert not crypto.verify(key, bytes(64), data)


@given(st.binary(max_size=70), contents)
def test_no_made_up_signature_is_one(signature: bytes, data: bytes) -> None:
    assert not crypto.verify(PUBLIC, signature, data)


@given(contents)
def test_what_is_signed_verifies_and_is_signed_alike_every_time(data: bytes) -> None:
    signature = crypto.sign(KEY, data)
    assert (len(signature), crypto.sign(KEY, data)) == (64, signature)
    assert crypto.verify(PUBLIC, signature, data)
    assert not crypto.verify(PUBLIC, signature, data + b"\x00")
    assert not crypto.verify(PUBLIC, signature[:32] + b"\x00" + signature[32:], data), "the same numbers, one byte longer"


@given(st.binary(max_size=70))
def test_bytes_in_base64url_are_read_back(data: bytes) -> None:
    assert crypto.from_text(crypto.to_text(data)) == data
    assert not set(crypto.to_text(data)) & set("+/=")


@given(anything)
def test_any_text_is_base64url_or_refused(text: str) -> None:
    try:
        crypto.from_text(text)
    except ValueError:
        return
    assert text.isascii()


def test_a_secret_gives_the_same_key_for_ever() -> None:
    secret = "a fixed secret of more than thirty-two bytes"
    assert crypto.to_text(crypto.public(crypto.key_of(secret))) == (
        "BCvOwxDz3mczc-I-E1gQdgKNgEVFZAcA2LXkcptxPQwu6CoS-JhgXbpmYdG1Q-V1-t-TFxDCiYInYeVJ6hq3Hhk"
    )
    assert crypto.public(crypto.key_of(secret)) != crypto.public(crypto.key_of(secret + "."))


def test_rfc_6979_signs_as_its_own_example_does() -> None:
    """A.2.5: P-256 with SHA-256, the message “sample”."""
    key = ec.derive_private_key(0xC9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721, ec.SECP256R1())
    assert crypto.sign(key, b"sample").hex().upper() == (
        "EFD48B2AACB6A8FD1140DD9CD45E81D69D2C877B56AAF991C34D0EA84EAF3716"
        "F7CB1C942D657C41D436C7A1B6E29F65F3E900DBB9AFF4064DC4AB2F843ACDA8"
    )
