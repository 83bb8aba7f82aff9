"""The formulas of README.md beside this file, as functions: bytes to codes, digests, tokens and budgets.

Written from the page, with nothing but the standard library of Python.
"""

import hashlib
import hmac
import unicodedata

BASE64URL = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
DEVICE = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
RECOVERY = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
LAST_OF_CLOCK = 253402300799999
GREATEST = 2**53 - 1


def encode(data):
    bits = "".join(f"{byte:08b}" for byte in data)
    bits += "0" * (-len(bits) % 6)
    return "".join(BASE64URL[int(bits[at : at + 6], 2)] for at in range(0, len(bits), 6))


def decode(text):
    """The bytes, or None if the text is not strict base64url."""
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

    def call_keys(self):
        return str(self.below(1000)).zfill(3)

    def is_used_up(self):
        return self.rest == b""


WHITE_SPACE = set("\t\n\v\f\r \x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000") | {
    chr(point) for point in range(0x2000, 0x200B)
}


# The minus sign, long vowel marks, and invisible characters.
SEPARATORS = set("\u2212\u30fc\uff70\u00ad\u034f\u061c\u3164\ufeff\uffa0") | {
    chr(point)
    for first, last in (
        (0x115F, 0x1160),
        (0x17B4, 0x17B5),
        (0x180B, 0x180F),
        (0x200B, 0x200F),
        (0x202A, 0x202E),
        (0x2060, 0x206F),
        (0xFE00, 0xFE0F),
        (0xFFF0, 0xFFFB),
        (0x13430, 0x1343F),
        (0x1BCA0, 0x1BCA3),
        (0x1D173, 0x1D17A),
        (0xE0000, 0xE0FFF),
    )
    for point in range(first, last + 1)
}


def typed(text):
    """The characters of a code as a person types it."""
    for character in text:
        category = unicodedata.category(character)
        if character in WHITE_SPACE or category == "Pd" or character in SEPARATORS:
            continue
        point = ord(character)
        if 0xFF01 <= point <= 0xFF5E:
            yield chr(point - 0xFF01 + 0x21)
        elif category == "Nd":
            yield str(unicodedata.decimal(character))
        else:
            yield character


def typed_recovery_code(text):
    if len(text.encode()) == 24:
        return text.upper() if text.isascii() else None
    if len(text.encode()) > 192:
        return None
    characters = "".join(typed(text))
    if len(characters) != 24 or any(not "!" <= character <= "~" for character in characters):
        return None
    return characters.upper()


def code_digest(secret, challenge, session, code):
    presented = code.encode()
    if not 6 <= len(presented) <= 8:
        presented = b""
    return encode(mac(secret, b"oob-mfa code 1", challenge, session, presented))


def recovery_digest(device, code):
    return encode(sha256(b"oob-mfa recv 1", device[4:].encode(), code.encode("latin-1")))


def delivery_id(challenge):
    return encode(sha256(b"oob-mfa dlvr 1", challenge)[:16])


ASSURANCES = {"first_factor": 1, "mfa": 2}


def session_tag(assurance, text):
    return sha256(b"oob-mfa sess 1", bytes([ASSURANCES[assurance]]), text.encode())[:16]


def mask(phone):
    return "X" * (len(phone) - 4) + phone[-4:]


# Country codes of 1 and 2 digits, without Italy's 39.
NO_ZERO_AFTER = """1 7 20 27 30 31 32 33 34 36 40 41 43 44 45 46 47 48 49 51 52 53 54 55 56 57 58
60 61 62 63 64 65 66 81 82 84 86 90 91 92 93 94 95 98""".split()


def is_phone(text):
    digits = text[1:]
    return (
        text[:1] == "+"
        and 7 <= len(digits) <= 15
        and all(digit in "0123456789" for digit in digits)
        and digits[0] != "0"
        and not any(digits.startswith(code + "0") for code in NO_ZERO_AFTER)
    )


MOMENTS = ("issued_at", "expires_at", "authenticated_at")
TEXTS = (("subject", 1, 255), ("client", 0, 255), ("scope", 0, 1024), ("audience", 0, 1024))


def seal_token(key, tag, session):
    body = bytes([1]) + key["id"].to_bytes(4, "big") + tag
    body += bytes([ASSURANCES[session["assurance"]]])
    for name in MOMENTS:
        body += session[name].to_bytes(8, "big")
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
    for name in MOMENTS:
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

    def rewind(self, now):
        self.full_at = min(self.full_at, clock(now) + self.window)

    def retry(self):
        return max(self.full_at - (self.window - self.period), 0)

    def take(self, now):
        """None if one was taken, otherwise when the budget gives one again."""
        if self.retry() > clock(now):
            return min(self.retry(), LAST_OF_CLOCK)
        self.full_at = max(self.full_at, clock(now)) + self.period
        return None
