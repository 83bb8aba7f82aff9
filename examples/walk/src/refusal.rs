//! The refusals of the API, as clients get them.

/// The status, `error` and `error_description`.
pub type Refusal = (u16, &'static str, &'static str);

pub const WRONG_PASSWORD: Refusal = (403, "invalid_grant", "Wrong email or password.");
pub const TOO_MANY_PASSWORDS: Refusal = (
    429,
    "too_many_attempts",
    "Too many wrong passwords. Wait for some minutes before retrying.",
);
pub const INVALID_CLIENT: Refusal = (401, "invalid_client", "Client authentication failed");
pub const OTHER_CLIENT: Refusal = (
    400,
    "invalid_request",
    "mfa_token not issued to this client",
);
pub const OTHER_AUDIENCE: Refusal = (
    403,
    "access_denied",
    "The client is not allowed to ask for this audience.",
);
pub const UNSUPPORTED_GRANT: Refusal = (
    400,
    "unsupported_grant_type",
    "The grant_type is not supported. Check its spelling.",
);
pub const UNSUPPORTED_OTP: Refusal = (
    401,
    "unsupported_challenge_type",
    "The user does not support the requested challenge type (otp). Supported type: oob.",
);
pub const MALFORMED_TOKEN: Refusal = (401, "invalid_grant", "Malformed mfa_token");
pub const EXPIRED_TOKEN: Refusal = (401, "expired_token", "mfa_token is expired");
pub const INVALID_TOKEN: Refusal = (
    401,
    "invalid_grant",
    "The mfa_token provided is invalid. Try getting a new token.",
);
pub const MAY_NOT_REMOVE: Refusal = (
    403,
    "insufficient_scope",
    "Insufficient scope, expected: remove:authenticators",
);
pub const NOT_ENROLLED: Refusal = (
    401,
    "association_required",
    "User is not enrolled. You can use /mfa/associate endpoint to enroll the first authenticator.",
);
pub const ALREADY_ENROLLED: Refusal = (403, "access_denied", "User is already enrolled.");
pub const INVALID_PHONE: Refusal = (400, "invalid_request", "The phone number is invalid.");
pub const PHONE_ENROLLED: Refusal = (
    400,
    "invalid_request",
    "The phone number is already enrolled.",
);
pub const NOT_CHALLENGEABLE: Refusal = (
    400,
    "invalid_authenticator",
    "No active phone matches the request. List the authenticators.",
);
pub const NO_AUTHENTICATOR: Refusal = (
    404,
    "invalid_authenticator",
    "No phone matches this id. List the authenticators.",
);
pub const MALFORMED_OOB_CODE: Refusal = (403, "invalid_grant", "Malformed oob_code");
pub const EXPIRED_OOB_CODE: Refusal = (403, "expired_token", "oob_code is expired");
pub const WRONG_CODE: Refusal = (403, "invalid_grant", "Invalid binding_code.");
pub const WRONG_RECOVERY_CODE: Refusal = (403, "invalid_grant", "MFA Authorization rejected.");
pub const NO_RECOVERY_CODE: Refusal = (
    403,
    "unsupported_challenge_type",
    "User does not have a recovery-code.",
);
pub const TOO_MANY_SENDS: Refusal = (
    429,
    "too_many_attempts",
    "Too many SMS sent by the user. Wait for some minutes before retrying.",
);
pub const TOO_MANY_FAILURES: Refusal = (
    429,
    "too_many_attempts",
    "Too many failed codes. Wait for some minutes before retrying.",
);
pub const NOT_SENT: Refusal = (502, "bad_gateway", "Error sending SMS.");
pub const UNAVAILABLE: Refusal = (
    503,
    "temporarily_unavailable",
    "The service is temporarily unavailable. Try again.",
);
pub const SERVER_ERROR: Refusal = (
    500,
    "server_error",
    "The server failed to answer the request.",
);
pub const NO_ENDPOINT: Refusal = (404, "not_found", "There is no such endpoint.");
pub const NO_METHOD: Refusal = (
    405,
    "method_not_allowed",
    "The endpoint does not take this method.",
);
