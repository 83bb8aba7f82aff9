"""Computes the published vectors from README.md beside this file, without the crate.

    python3 tests/vectors/check.py
"""

import hashlib
import hmac
import json
import os
import sys

FOLDER = os.path.dirname(os.path.abspath(__file__))
BASE64URL = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
DEVICE = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
RECOVERY = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
LAST_OF_CLOCK = 253402300799999
GREATEST = 2**53 - 1
DAY = 86_400_000

checked = 0


def check(found, expected, what):
    global checked
    checked += 1
    if found != expected:
        sys.exit(f"{what}: computed {found!r}, published {expected!r}")


def encode(data):
    bits = "".join(f"{byte:08b}" for byte in data)
    bits += "0" * (-len(bits) % 6)
    return "".join(BASE64URL[int(bits[at : at + 6], 2)] for at in range(0, len(bits), 6))


def decode(text):
    """The bytes, or None where the text is not strictly base64url."""
    if len(text) % 4 == 1 or any(character not in BASE64URL for character in text):
        return None
    bits = "".join(f"{BASE64URL.index(character):06b}" for character in text)
    whole = len(bits) // 8 * 8
    if "1" in bits[whole:]:
        return None
    return bytes(int(bits[at : at + 8], 2) for at in range(0, whole, 8))


def sha256(label, *parts):
    return hashlib.sha256(label + b"".join(parts)).digest()


def mac(secret, label, *parts):
    return hmac.new(secret, label + b"".join(parts), hashlib.sha256).digest()


class Source:
    def __init__(self, text):
        self.rest = bytes.fromhex(text)

    def bytes(self, count):
        assert len(self.rest) >= count, "drawn past the end"
        taken, self.rest = self.rest[:count], self.rest[count:]
        return taken

    def below(self, bound):
        rejected = 2**32 % bound
        while True:
            word = int.from_bytes(self.bytes(4), "little")
            if word < 2**32 - rejected:
                return word % bound

    def device(self):
        return "dev_" + "".join(DEVICE[self.below(62)] for _ in range(16))

    def recovery_code(self):
        return "".join(RECOVERY[self.below(32)] for _ in range(24))

    def binding_code(self, digits):
        return str(self.below(10**digits)).zfill(digits)

    def is_used_up(self, what):
        check(self.rest, b"", f"{what}: bytes that are not drawn")


def typed_recovery_code(text):
    characters = []
    for character in text:
        point = ord(character)
        if 0xFF01 <= point <= 0xFF5E:
            character = chr(point - 0xFF01 + 0x21)
        elif character in "\u3000\u00a0\t\r\n":
            character = " "
        elif 0x2010 <= point <= 0x2015 or point == 0x2212:
            character = "-"
        if character in " -":
            continue
        if "a" <= character <= "z":
            character = character.upper()
        characters.append(character)
    if len(characters) != 24 or any(not 0 < ord(character) < 256 for character in characters):
        return None
    return "".join(characters)


def code_digest(secret, challenge, session, code):
    presented = code.encode()
    if not 6 <= len(presented) <= 8:
        presented = b""
    return encode(mac(secret, b"oob-mfa code 1", challenge, session, presented))


def recovery_digest(device, code):
    return encode(sha256(b"oob-mfa recv 1", device[4:].encode(), code.encode("latin-1")))


def delivery_id(challenge):
    return encode(sha256(b"oob-mfa dlvr 1", challenge)[:16])


def session_tag(text):
    return sha256(b"oob-mfa sess 1", text.encode())[:16]


def mask(phone):
    return "X" * (len(phone) - 4) + phone[-4:]


def is_phone(text):
    digits = text[1:]
    return (
        text[:1] == "+"
        and 7 <= len(digits) <= 15
        and all(digit in "0123456789" for digit in digits)
        and digits[0] != "0"
    )


ASSURANCES = {"first_factor": 1, "mfa": 2}
TEXTS = (("subject", 1, 255), ("client", 0, 255), ("scope", 0, 1024), ("audience", 0, 1024))


def seal_token(key, tag, session):
    body = bytes([1]) + key["id"].to_bytes(4, "big") + tag
    body += bytes([ASSURANCES[session["assurance"]]])
    body += session["issued_at"].to_bytes(8, "big") + session["expires_at"].to_bytes(8, "big")
    for name, _, _ in TEXTS:
        text = session[name].encode()
        body += len(text).to_bytes(2, "big") + text
    return encode(body + mac(bytes.fromhex(key["secret"]), b"oob-mfa token 1", body))


class Malformed(Exception):
    pass


def token_fields(body):
    """The tag and the session of a token's bytes without the seal."""
    rest = body[5:]

    def take(count):
        nonlocal rest
        if len(rest) < count:
            raise Malformed
        taken, rest = rest[:count], rest[count:]
        return taken

    tag = take(16)
    assurances = {number: name for name, number in ASSURANCES.items()}
    session = {"assurance": assurances.get(take(1)[0])}
    if session["assurance"] is None:
        raise Malformed
    for name in ("issued_at", "expires_at"):
        session[name] = int.from_bytes(take(8), "big")
        if session[name] > GREATEST:
            raise Malformed
    for name, least, most in TEXTS:
        text = take(int.from_bytes(take(2), "big"))
        if not least <= len(text) <= most:
            raise Malformed
        try:
            session[name] = text.decode()
        except UnicodeDecodeError:
            raise Malformed from None
    if rest:
        raise Malformed
    return tag, session


def open_token(vector):
    token = decode(vector["mfa_token"]) if len(vector["mfa_token"]) <= 4096 else None
    if token is None or len(token) < 32:
        return "TokenMalformed"
    body, seal = token[:-32], token[-32:]
    if body[:1] != b"\x01" or len(body) < 5:
        return "TokenMalformed"
    keys = {key["id"]: bytes.fromhex(key["secret"]) for key in vector["keys"]}
    secret = keys.get(int.from_bytes(body[1:5], "big"))
    if secret is None or not hmac.compare_digest(mac(secret, b"oob-mfa token 1", body), seal):
        return "TokenInvalid"
    try:
        _, session = token_fields(body)
    except Malformed:
        return "TokenMalformed"
    if vector["client"] not in (None, session["client"]):
        return "TokenOfAnotherClient"
    if session["expires_at"] <= clock(vector["now"]):
        return "TokenExpired"
    return session


def clock(now):
    return min(max(now, 0), LAST_OF_CLOCK)


class Budget:
    def __init__(self, limit, full_at):
        self.burst, self.period = limit["burst"], limit["period"]
        self.window = self.burst * self.period
        self.full_at = full_at

    def remaining(self, now):
        missing = max(self.full_at - clock(now), 0)
        return max(self.burst - -(-missing // self.period), 0)

    def clamp(self, now):
        if self.full_at > clock(now) + self.window + DAY:
            self.full_at = clock(now) + self.window

    def retry(self):
        return max(self.full_at - (self.window - self.period), 0)

    def take(self, now):
        """None where one was taken, else when one will be back."""
        self.clamp(now)
        if self.retry() > clock(now):
            return min(self.retry(), LAST_OF_CLOCK)
        self.full_at = max(self.full_at, clock(now)) + self.period
        return None


def load(name):
    with open(os.path.join(FOLDER, name), encoding="utf-8") as file:
        return json.load(file)


def codes():
    vectors = load("codes.json")
    for number, vector in enumerate(vectors["challenges"]):
        what = f"codes.json, challenge {number}"
        source = Source(vector["random"])
        check(encode(source.bytes(16)), vector["oob_code"], what)
        check(source.binding_code(vector["digits"]), vector["binding_code"], what)
        source.is_used_up(what)
    for number, vector in enumerate(vectors["recovery_codes"]):
        what = f"codes.json, recovery code {number}"
        source = Source(vector["random"])
        check(source.device(), vector["device"], what)
        check(source.recovery_code(), vector["recovery_code"], what)
        source.is_used_up(what)
    for number, vector in enumerate(vectors["devices"]):
        what = f"codes.json, device {number}"
        source = Source(vector["random"])
        check(source.device(), vector["device"], what)
        source.is_used_up(what)
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
        tag = encode(session_tag(vector["id"]))
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


# Ceremonies.

CHARGES = {
    "associate": "sends",
    "challenge": "sends",
    "InvalidBindingCode": "binding_failures",
    "InvalidRecoveryCode": "recovery_failures",
}
BUDGETS = ("sends", "binding_failures", "recovery_failures")


class Story:
    def __init__(self, ceremony):
        self.key = ceremony["key"]
        self.secret = bytes.fromhex(self.key["secret"])
        self.policy = ceremony["policy"]
        self.record = None

    def step(self, step, what):
        operation, request, source = step["operation"], step["request"], Source(step["random"])
        granted = step.get("granted")
        tag, session = self.presented(step["mfa_token"], what)
        self.answered(step, what)
        if granted is not None:
            if operation == "begin":
                self.begun(source, step, what)
            elif operation == "trusted":
                token = seal_token(self.key, session_tag(request["id"]), request)
                check(token, granted["mfa_token"], what)
            elif operation in ("associate", "challenge"):
                self.issued(source, step, tag, what)
            elif operation == "import_phone":
                device = source.device()
                check(f"{request['channel']}|{device}", granted["authenticator"], what)
                phone = step["next"]["phones"][-1]
                check(phone["device"], device, what)
                check(phone["number"], request["phone"], what)
            elif operation == "verify_oob":
                self.binding_code_was_right(request, tag, granted, what)
            elif operation in ("verify_recovery_code", "regenerate_recovery_code"):
                if operation == "verify_recovery_code":
                    read = typed_recovery_code(request["recovery_code"])
                    recovery = self.record["recovery"]
                    check(recovery_digest(recovery["device"], read), recovery["digest"], what)
                    check(granted["authenticator"], f"recovery-code|{recovery['device']}", what)
                self.recovery_code(source, granted["recovery_code"], step["next"]["recovery"], what)
            if operation.startswith("verify"):
                for name in ("subject", "client", "scope", "audience"):
                    check(granted[name], session[name], what)
        source.is_used_up(what)
        self.events(step, what)
        self.saved(step, what)

    def presented(self, token, what):
        if token is None:
            return None, None
        tag, session = token_fields(decode(token)[:-32])
        check(seal_token(self.key, tag, session), token, what)
        return tag, session

    def answered(self, step, what):
        denied = step.get("denied")
        check("granted" in step, denied is None, what)
        if denied is not None and denied["retry_at"] is not None:
            wait = max(denied["retry_at"] - step["now"], 0)
            check(-(-wait // 1000), denied["retry_after"], what)

    def begun(self, source, step, what):
        request, now = step["request"], step["now"]
        expires_at = now + self.policy["token_lifetime"]
        session = dict(request, assurance="first_factor", issued_at=now, expires_at=expires_at)
        token = seal_token(self.key, source.bytes(16), session)
        check(token, step["granted"]["mfa_token"], what)

    def issued(self, source, step, tag, what):
        granted, request, now = step["granted"], step["request"], step["now"]
        stored = next(
            challenge
            for challenge in step["next"]["challenges"]
            if challenge["id"] == granted["oob_code"]
        )
        code = stored["code"]["issued"]
        enrollment = code["target"].get("enrollment")
        channel, device = granted["authenticator"].split("|")
        if step["operation"] == "associate":
            pending = self.pending(encode(tag), request["phone"])
            check(device, pending or source.device(), what)
            check(channel, request["channel"], what)
            check(enrollment["device"], device, what)
            check(enrollment["number"], request["phone"], what)
            enrolled = self.record is not None and self.record["phones"]
            if not enrolled and self.policy["recovery_codes"] == "issued":
                shown = granted["recovery_code"]
                self.recovery_code(source, shown, enrollment["recovery"], what)
            else:
                check(granted["recovery_code"], None, what)
        else:
            check(code["target"]["phone"], device, what)
        challenge = source.bytes(16)
        binding_code = source.binding_code(self.policy["code_digits"])
        delivery = granted["delivery"]
        check(encode(challenge), granted["oob_code"], what)
        check(binding_code, delivery["binding_code"], what)
        check(delivery_id(challenge), delivery["id"], what)
        check(delivery["channel"], channel, what)
        digest = code_digest(self.secret, challenge, tag, binding_code)
        check(code["digest"], {"key": self.key["id"], "digest": digest}, what)
        check(stored["session"], encode(tag), what)
        check(stored["issued_at"], now, what)
        check(code["expires_at"], now + self.policy["code_lifetime"], what)
        check(delivery["expires_at"], code["expires_at"], what)
        check(code["attempts"], 0, what)

    def pending(self, session, phone):
        """The device of an enrollment of this number that the session has begun before."""
        for challenge in (self.record or {}).get("challenges", []):
            if challenge["session"] == session and "issued" in challenge["code"]:
                enrollment = challenge["code"]["issued"]["target"].get("enrollment")
                if enrollment is not None and enrollment["number"] == phone:
                    return enrollment["device"]
        return None

    def recovery_code(self, source, shown, stored, what):
        check(source.device(), stored["device"], what)
        check(source.recovery_code(), shown, what)
        check(recovery_digest(stored["device"], shown), stored["digest"], what)

    def binding_code_was_right(self, request, tag, granted, what):
        stored = next(
            challenge
            for challenge in self.record["challenges"]
            if challenge["id"] == request["oob_code"]
        )
        code = stored["code"]["issued"]
        challenge = decode(request["oob_code"])
        digest = code_digest(self.secret, challenge, tag, request["binding_code"])
        check(digest, code["digest"]["digest"], what)
        purpose = "login" if "phone" in code["target"] else "enrollment"
        check(granted["purpose"], purpose, what)

    def events(self, step, what):
        phones = {phone["device"]: phone["number"] for phone in (step["next"] or {}).get("phones", [])}
        for phone in (self.record or {}).get("phones", []):
            phones[phone["device"]] = phone["number"]
        if "phone" in step["request"] and "granted" in step and step["operation"] == "associate":
            device = step["granted"]["authenticator"].split("|")[1]
            phones[device] = step["request"]["phone"]
        for event in step["events"]:
            if "phone" in event:
                device = event.get("device") or event["authenticator"].split("|")[1]
                check(event["phone"], mask(phones[device]), what)

    def saved(self, step, what):
        after, now = step["next"], step["now"]
        granted = "granted" in step
        name = step["operation"] if granted else step["denied"]["name"]
        if after is None:
            return
        before = self.record or {"revision": 0, "budgets": dict.fromkeys(BUDGETS, 0)}
        check(after["revision"], before["revision"] + 1, what)
        for budget in BUDGETS:
            if name == "restore_budgets":
                check(after["budgets"][budget], 0, what)
                continue
            expected = Budget(self.policy[budget], before["budgets"][budget])
            expected.clamp(now)
            reached = []
            if CHARGES.get(name) == budget:
                check(expected.take(now), None, what)
                if expected.retry() > now:
                    reached = [expected.retry()]
                told = [
                    event["retry_at"]
                    for event in step["events"]
                    if event["event"] == "limit_reached" and event["limit"] == budget
                ]
                check(told, reached, what)
            check(expected.full_at, after["budgets"][budget], what)
        self.record = after


def ceremonies():
    for ceremony in load("ceremonies.json"):
        story = Story(ceremony)
        for number, step in enumerate(ceremony["steps"]):
            story.step(step, f"ceremonies.json, {ceremony['name']}, step {number}, {step['operation']}")


for part in (codes, digests, tokens, budgets, phones, ceremonies):
    before = checked
    part()
    print(f"{part.__name__}: {checked - before} values computed and as published")
