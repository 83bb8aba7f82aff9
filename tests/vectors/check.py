"""Computes the published vectors from README.md beside this file, without the crate.

    python3 tests/vectors/check.py
"""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import published
from formulas import (
    Budget,
    Source,
    code_digest,
    delivery_id,
    encode,
    is_phone,
    mask,
    open_token,
    recovery_digest,
    seal_token,
    session_tag,
    typed_recovery_code,
)
from published import check, load
from story import Story


def codes():
    vectors = load("codes.json")
    for number, vector in enumerate(vectors["challenges"]):
        what = f"codes.json, challenge {number}"
        source = Source(vector["random"])
        check(encode(source.bytes(16)), vector["oob_code"], what)
        check(source.binding_code(vector["digits"]), vector["binding_code"], what)
        check(source.is_used_up(), True, f"{what}: bytes that are not drawn")
    for number, vector in enumerate(vectors["recovery_codes"]):
        what = f"codes.json, recovery code {number}"
        source = Source(vector["random"])
        check(source.device(), vector["device"], what)
        check(source.recovery_code(), vector["recovery_code"], what)
        check(source.is_used_up(), True, f"{what}: bytes that are not drawn")
    for number, vector in enumerate(vectors["devices"]):
        what = f"codes.json, device {number}"
        source = Source(vector["random"])
        check(source.device(), vector["device"], what)
        check(source.is_used_up(), True, f"{what}: bytes that are not drawn")
    for vector in vectors["typed_recovery_codes"]:
        read = typed_recovery_code(vector["typed"])
        check(read, vector["recovery_code"], f"codes.json, typed {vector['typed']!r}")


def digests():
    vectors = load("digests.json")
    for number, vector in enumerate(vectors["binding_codes"]):
        what = f"digests.json, binding code {number}"
        secret = bytes.fromhex(vector["key"]["secret"])
        challenge = bytes.fromhex(vector["challenge"])
        session = bytes.fromhex(vector["session"])
        digest = code_digest(secret, challenge, session, vector["binding_code"])
        check(digest, vector["digest"], what)
        check(encode(challenge), vector["stored_challenge"], what)
        check(encode(session), vector["stored_session"], what)
        check(delivery_id(challenge), vector["delivery"], what)
    for number, vector in enumerate(vectors["recovery_codes"]):
        digest = recovery_digest(vector["device"], vector["recovery_code"])
        check(digest, vector["digest"], f"digests.json, recovery code {number}")
    for vector in vectors["sessions"]:
        tag = encode(session_tag(vector["assurance"], vector["id"]))
        check(tag, vector["session"], f"digests.json, session {vector['id']!r}")


def tokens():
    vectors = load("tokens.json")
    for number, vector in enumerate(vectors["issued"]):
        token = seal_token(vector["key"], bytes.fromhex(vector["session"]), vector)
        check(token, vector["mfa_token"], f"tokens.json, issued {number}")
    for number, vector in enumerate(vectors["opened"]):
        expected = vector.get("session", vector.get("denied"))
        check(open_token(vector), expected, f"tokens.json, opened {number}")


def budgets():
    for trace in load("budgets.json"):
        budget = Budget(trace, trace["full_at"])
        for number, step in enumerate(trace["steps"]):
            what = f"budgets.json, {trace['name']}, step {number}"
            check(budget.remaining(step["now"]), step["remaining"], what)
            retry_at = budget.take(step["now"])
            check("taken" if retry_at is None else "empty", step["answer"], what)
            check(retry_at, step["retry_at"], what)
            check(budget.full_at, step["full_at"], what)


def phones():
    vectors = load("phones.json")
    for vector in vectors["phones"]:
        check(is_phone(vector["phone"]), True, f"phones.json, {vector['phone']}")
        check(mask(vector["phone"]), vector["mask"], f"phones.json, {vector['phone']}")
    for text in vectors["invalid"]:
        check(is_phone(text), False, f"phones.json, {text!r}")


def ceremonies():
    for ceremony in load("ceremonies.json"):
        story = Story(ceremony)
        for number, step in enumerate(ceremony["steps"]):
            story.step(step, f"ceremonies.json, {ceremony['name']}, step {number}, {step['operation']}")


for part in (codes, digests, tokens, budgets, phones, ceremonies):
    before = published.checked
    part()
    print(f"{part.__name__}: {published.checked - before} values computed and as published")
