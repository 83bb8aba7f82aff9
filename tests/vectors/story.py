"""Ceremonies: the draws, digests, seals, masks, charges and times of every step."""

from formulas import (
    Budget,
    Source,
    code_digest,
    decode,
    delivery_id,
    encode,
    mask,
    recovery_digest,
    seal_token,
    session_tag,
    token_fields,
    typed_recovery_code,
)
from published import check

CHARGES = {
    "associate": "sends",
    "challenge": "sends",
    "InvalidBindingCode": "binding_failures",
    "InvalidRecoveryCode": "recovery_failures",
}
BUDGETS = ("sends", "binding_failures", "recovery_failures")
# They make sessions and read no account, or do not change it.
READS = ("begin", "trusted", "authenticators")
# How long after its issue an expired challenge is remembered.
REMEMBERED = 600_000
NOT_STORED = {
    "revision": 0,
    "as_of": 0,
    "budgets": dict.fromkeys(BUDGETS, 0),
    "revoked_until": {"first_factor": None, "every": None},
    "phones": [],
    "recovery": None,
    "challenges": [],
    "spent": [],
}


class Story:
    def __init__(self, ceremony):
        self.key = ceremony["key"]
        self.secret = bytes.fromhex(self.key["secret"])
        self.policy = ceremony["policy"]
        self.skew = self.policy["skew"]
        self.record = NOT_STORED

    def step(self, step, what):
        operation, request, source = step["operation"], step["request"], Source(step["random"])
        granted = step.get("granted")
        tag, session = self.presented(step["mfa_token"], what)
        self.answered(step, what)
        self.timely(step, tag, session, what)
        if granted is not None:
            if operation == "begin":
                self.begun(source, step, what)
            elif operation == "trusted":
                tag = session_tag(request["assurance"], request["id"])
                check(seal_token(self.key, tag, request), granted["mfa_token"], what)
            elif operation in ("associate", "challenge"):
                self.issued(source, step, tag, what)
            elif operation == "import_phone":
                device = source.device()
                check(f"{request['channel']}|{device}", granted["authenticator"], what)
                phone = self.account(step)["phones"][-1]
                check(phone["device"], device, what)
                check(phone["number"], request["phone"], what)
                check(phone["last_used"], self.time(step), what)
            elif operation == "verify_oob":
                self.binding_code_was_right(request, tag, granted, what)
            elif operation in ("verify_recovery_code", "regenerate_recovery_code"):
                if operation == "verify_recovery_code":
                    read = typed_recovery_code(request["recovery_code"])
                    recovery = self.record["recovery"]
                    check(recovery_digest(recovery["device"], read), recovery["digest"], what)
                    check(granted["authenticator"], f"recovery-code|{recovery['device']}", what)
                stored = self.account(step)["recovery"]
                self.recovery_code(source, granted["recovery_code"], stored, what)
            if operation.startswith("verify"):
                self.verified(granted, session, self.time(step), what)
        check(source.is_used_up(), True, f"{what}: bytes that are not drawn")
        self.events(step, what)
        self.saved(step, what)

    def account(self, step):
        """The account after the step."""
        return step["next"]["account"] if step["next"] else self.record

    def time(self, step):
        """Account time."""
        return max(step["now"], self.record["as_of"])

    def timely(self, step, tag, session, what):
        """Whether the clocks allow the step, and the session's times."""
        operation, t = step["operation"], self.time(step)
        ahead = self.record["as_of"] > step["now"] + self.skew
        refusal = None
        if operation == "rewind":
            refusal = None if ahead else "ClockNotAhead"
        elif operation not in READS and ahead:
            refusal = "ClockBehind"
        elif session is not None:
            refusal = self.session_refusal(tag, session, t)
        by_time = {
            "ClockBehind",
            "ClockNotAhead",
            "TokenExpired",
            "SessionNotYetValid",
            "SessionTooLong",
            "SessionRevoked",
            "SessionSpent",
        }
        name = step["denied"]["name"] if "denied" in step else None
        check(refusal, name if name in by_time else None, what)

    def session_refusal(self, tag, session, t):
        issued, is_first_factor = session["issued_at"], session["assurance"] == "first_factor"
        revoked = self.record["revoked_until"]
        until = [revoked["every"], revoked["first_factor"] if is_first_factor else None]
        if session["expires_at"] <= t:
            return "TokenExpired"
        if issued > t + self.skew:
            return "SessionNotYetValid"
        if session["expires_at"] > t + self.skew + self.policy["longest_session"]:
            return "SessionTooLong"
        if any(moment is not None and issued <= moment for moment in until):
            return "SessionRevoked"
        spent = [spent["session"] for spent in self.record["spent"]]
        if is_first_factor and encode(tag) in spent:
            return "SessionSpent"
        return None

    def presented(self, token, what):
        if token is None:
            return None, None
        tag, session = token_fields(decode(token)[:-32])
        check(seal_token(self.key, tag, session), token, what)
        return tag, session

    def answered(self, step, what):
        denied = step.get("denied")
        check("granted" in step, denied is None, what)
        if denied is None:
            return
        if denied["name"] == "ClockBehind":
            check((denied["status"], denied["retry_at"], denied["retry_after"]), (503, None, 5), what)
        if denied["retry_at"] is not None:
            wait = max(denied["retry_at"] - step["now"], 0)
            check(-(-wait // 1000), denied["retry_after"], what)

    def begun(self, source, step, what):
        request, now = step["request"], step["now"]
        expires_at = now + self.policy["token_lifetime"]
        session = dict(request, assurance="first_factor", issued_at=now, expires_at=expires_at)
        session["authenticated_at"] = now
        token = seal_token(self.key, source.bytes(16), session)
        check(token, step["granted"]["mfa_token"], what)

    def issued(self, source, step, tag, what):
        granted, request, now = step["granted"], step["request"], self.time(step)
        stored = next(
            challenge
            for challenge in self.account(step)["challenges"]
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
            if not self.record["phones"] and self.policy["recovery_codes"] == "issued":
                shown = granted["recovery_code"]
                self.recovery_code(source, shown, enrollment["recovery"], what)
            else:
                check(granted["recovery_code"], None, what)
        else:
            check(code["target"]["phone"], device, what)
        challenge = source.bytes(16)
        binding_code = source.binding_code(self.policy["code_digits"])
        delivery = granted["delivery"]
        keys = source.call_keys() if channel == "voice" else None
        check(keys, delivery["keys"], what)
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
        """The device of an earlier enrollment of this number by the session."""
        for challenge in self.record["challenges"]:
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

    def verified(self, granted, session, t, what):
        for name in ("subject", "client", "scope", "audience", "assurance"):
            check(granted[name], session[name], what)
        is_mfa = session["assurance"] == "mfa"
        check(granted["verified_at"], t, what)
        check(granted["not_after"], session["expires_at"] if is_mfa else None, what)
        check(granted["authenticated_at"], session["authenticated_at"] if is_mfa else t, what)

    def events(self, step, what):
        phones = {phone["device"]: phone["number"] for phone in self.account(step)["phones"]}
        for phone in self.record["phones"]:
            phones[phone["device"]] = phone["number"]
        if "phone" in step["request"] and "granted" in step and step["operation"] == "associate":
            device = step["granted"]["authenticator"].split("|")[1]
            phones[device] = step["request"]["phone"]
        for event in step["events"]:
            if "phone" in event:
                device = event.get("device") or event["authenticator"].split("|")[1]
                check(event["phone"], mask(phones[device]), what)
            if event["event"] == "code_issued":
                check(event["delivery"], step["granted"]["delivery"]["id"], what)
            elif "delivery" in event and event["event"] != "code_dropped":
                answered = step["request"].get("oob_code")
                expected = delivery_id(decode(answered)) if answered else None
                check(event["delivery"], expected, what)
        told = [
            (event["authenticator"], event["delivery"])
            for event in step["events"]
            if event["event"] == "code_dropped"
        ]
        check(sorted(told), sorted(self.dropped(step)), what)

    def dropped(self, step):
        """The codes that were live before the step and are not after it, except one that was used."""
        used = step["request"].get("oob_code") if "granted" in step else None
        t = step["now"] if step["operation"] == "rewind" else self.time(step)
        kept = [
            challenge["id"]
            for challenge in self.account(step)["challenges"]
            if "issued" in challenge["code"]
        ]
        for challenge in self.record["challenges"]:
            if "issued" not in challenge["code"] or challenge["id"] in (used, *kept):
                continue
            code = challenge["code"]["issued"]
            target = code["target"]
            device = target["phone"] if "phone" in target else target["enrollment"]["device"]
            if code["expires_at"] > t:
                yield f"{code['channel']}|{device}", delivery_id(decode(challenge["id"]))

    def saved(self, step, what):
        denied = step["denied"]["name"] if "denied" in step else None
        is_saved = step["operation"] not in READS and denied in (None, *CHARGES)
        check(step["next"] is not None, is_saved, what)
        if not is_saved:
            return
        name = denied or step["operation"]
        before, after = self.record, self.account(step)
        t = step["now"] if name == "rewind" else self.time(step)
        check(step["next"]["version"], 1, what)
        check(after["revision"], before["revision"] + 1, what)
        check(after["as_of"], t, what)
        for budget in BUDGETS:
            self.charged(budget, name, before, after, t, step["events"], what)
        self.revoked(name, before, after, t, what)
        self.settled(name, before, after, t, what)
        self.record = after

    def charged(self, budget, name, before, after, t, events, what):
        if name == "restore_budgets":
            check(after["budgets"][budget], 0, what)
            return
        expected = Budget(self.policy[budget], before["budgets"][budget])
        if name == "rewind":
            expected.rewind(t)
        reached = []
        if CHARGES.get(name) == budget:
            check(expected.take(t), None, what)
            if expected.retry() > t:
                reached = [expected.retry()]
            told = [
                event["retry_at"]
                for event in events
                if event["event"] == "limit_reached" and event["limit"] == budget
            ]
            check(told, reached, what)
        check(expected.full_at, after["budgets"][budget], what)

    def revoked(self, name, before, after, t, what):
        expected = dict(before["revoked_until"])
        if name == "reset":
            expected["every"] = t + self.skew
        elif name == "rewind":
            expected = {"first_factor": None, "every": t + self.skew}
        elif before["phones"] and not after["phones"]:
            expected["first_factor"] = t
        check(after["revoked_until"], expected, what)

    def settled(self, name, before, after, t, what):
        """Checks that expired parts are dropped, and that no time is later."""
        if name in ("reset", "rewind"):
            check(after["challenges"], [], what)
        if name == "reset":
            check((after["phones"], after["recovery"]), ([], None), what)
        if name == "rewind":
            check(after["spent"], [], what)
            used = [min(phone["last_used"], t) for phone in before["phones"]]
            check([phone["last_used"] for phone in after["phones"]], used, what)
        for phone in after["phones"]:
            check(phone["last_used"] <= t, True, what)
        for spent in after["spent"]:
            check(spent["expires_at"] > t, True, what)
        for challenge in after["challenges"]:
            check(0 <= t - challenge["issued_at"] < REMEMBERED, True, what)
            code = challenge["code"]
            if code != "expired":
                ((_, fields),) = code.items()
                check(fields["expires_at"] > t, True, what)
