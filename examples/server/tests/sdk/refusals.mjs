// The other requests of the SDK, and its errors for our responses.

import { isMfaRequiredError } from "@auth0/auth0-auth-js";
import {
  behindTls, issuer, manage, password, print, publicMfa, sdk, sentCode, step, username, wrong,
} from "./client.mjs";

const client = sdk();
const { mfa } = client;
const absent = "sms|dev_NU1Ofuw3Cw0XCt5x";
const phone = { authenticatorTypes: ["oob"], oobChannels: ["sms"], phoneNumber: "+14155558730" };

async function login(options = {}) {
  const required = await client.getTokenByPassword({ username, password, ...options }).catch((error) => error);
  if (!isMfaRequiredError(required)) throw required;
  return required.cause.mfa_token;
}

/** A token whose last byte is another. */
function tampered(token) {
  return token.slice(0, -5) + (token.at(-5) === "A" ? "B" : "A") + token.slice(-4);
}

// The first factor, and the client.
await step("wrong password", () => client.getTokenByPassword({ username, password: "wrong" }));
await step("unknown client", () => sdk({ clientId: "nobody" }).getTokenByPassword({ username, password }));
await step("wrong secret", () => sdk({ clientSecret: "wrong" }).getTokenByPassword({ username, password }));
const rsa = { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256", modulusLength: 2048, publicExponent: new Uint8Array([1, 0, 1]) };
const { privateKey } = await crypto.subtle.generateKey(rsa, false, ["sign", "verify"]);
await step("assertion for a secret", () => sdk({
  clientSecret: undefined, clientAssertionSigningKey: privateKey,
}).getTokenByPassword({ username, password }));
await step("another issuer", () => sdk({ domain: "other.example.com" }).getTokenByPassword({ username, password }));
await step("refresh token", () => client.getTokenByRefreshToken({ refreshToken: "x" }));

// Nothing is enrolled.
let mfaToken = await login();
await step("challenge of none", () => mfa.challengeAuthenticator({ challengeType: "oob", mfaToken }));
await step("recovery of none", () => mfa.verify({ mfaToken, factorType: "recovery-code", recoveryCode: "x" }));
const enroll = (name, options) => step(name, () => mfa.enrollAuthenticator({ mfaToken, ...options }));
await enroll("enroll otp", { authenticatorTypes: ["otp"] });
await enroll("enroll push", { authenticatorTypes: ["oob"], oobChannels: ["auth0"] });
await enroll("enroll email", { authenticatorTypes: ["oob"], oobChannels: ["email"], email: "alice@example.com" });
await enroll("enroll no number", { authenticatorTypes: ["oob"], oobChannels: ["sms"] });
await enroll("enroll no E.164", { ...phone, phoneNumber: "4155558730" });
const enrolled = await enroll("enroll", { ...phone, oobChannels: ["sms", "voice"] });
const confirmation = { mfaToken, factorType: "oob", oobCode: enrolled.oobCode, bindingCode: sentCode() };
await step("confirm with a wrong secret", () => sdk({ clientSecret: "wrong" }).mfa.verify(confirmation));
await step("confirm", () => mfa.verify(confirmation));

// Spent, altered and invalid tokens.
const verify = (name, options) => step(name, () => mfa.verify({ mfaToken, factorType: "oob", ...options }));
await verify("verify with a spent token", { oobCode: enrolled.oobCode, bindingCode: "123456" });
await verify("full response with a spent token", {
  oobCode: enrolled.oobCode, bindingCode: "123456", fullResponse: true,
});
for (const [kind, token] of [["no token", "x"], ["an altered token", tampered(mfaToken)]]) {
  await step(`list with ${kind}`, () => mfa.listAuthenticators({ mfaToken: token }));
  await step(`enroll with ${kind}`, () => mfa.enrollAuthenticator({ ...phone, mfaToken: token }));
  await step(`challenge with ${kind}`, () => mfa.challengeAuthenticator({ challengeType: "oob", mfaToken: token }));
  await step(`delete with ${kind}`, () => mfa.deleteAuthenticator({ authenticatorId: absent, mfaToken: token }));
  await step(`verify with ${kind}`, () => mfa.verify({
    mfaToken: token, factorType: "oob", oobCode: "x", bindingCode: "123456",
  }));
  await step(`recover with ${kind}`, () => mfa.verify({
    mfaToken: token, factorType: "recovery-code", recoveryCode: "x",
  }));
}

// A phone is enrolled, and this is a first-factor session.
mfaToken = await login();
await enroll("enroll again", phone);
const challenge = (name, options) => step(name, () => mfa.challengeAuthenticator({ mfaToken, ...options }));
await challenge("challenge otp", { challengeType: "otp" });
await challenge("challenge of an absent one", { challengeType: "oob", authenticatorId: absent });
await step("challenge with a wrong secret", () => sdk({ clientSecret: "wrong" }).mfa.challengeAuthenticator({
  challengeType: "oob", mfaToken,
}));
await step("challenge by another client", () => publicMfa().challengeAuthenticator({ challengeType: "oob", mfaToken }));
await step("delete with an mfa_token", () => mfa.deleteAuthenticator({ authenticatorId: absent, mfaToken }));
await verify("verify otp", { factorType: "otp", otp: "123456" });
await verify("verify no binding code", { oobCode: "x" });
await verify("verify an unknown oob code", { oobCode: "x", bindingCode: "123456" });
await verify("wrong recovery code", { factorType: "recovery-code", recoveryCode: "N3BGPZZWJ85JLCNPZBDW6QXC" });

// A client without a secret.
const body = new URLSearchParams({ grant_type: "password", client_id: "demo-public", username, password });
const required = await (await behindTls(`${issuer}oauth/token`, { method: "POST", body })).json();
await step("public list", () => publicMfa().listAuthenticators({ mfaToken: required.mfa_token }));
await step("public challenge", () => publicMfa().challengeAuthenticator({
  challengeType: "oob", mfaToken: required.mfa_token,
}));

// An MFA session without the scope.
const audience = `${issuer}mfa/`;
async function accessToken(scope) {
  const mfaToken = await login({ audience, scope });
  const { oobCode } = await mfa.challengeAuthenticator({ challengeType: "oob", mfaToken });
  const answer = { mfaToken, factorType: "oob", oobCode, bindingCode: sentCode() };
  return (await mfa.verify(answer)).accessToken;
}
const reader = await accessToken("read:authenticators");
await step("enroll without the scope", () => mfa.enrollAuthenticator({ ...phone, mfaToken: reader }));
await step("delete without the scope", () => mfa.deleteAuthenticator({ authenticatorId: absent, mfaToken: reader }));
const manager = await accessToken(manage);
await step("delete an absent one", () => mfa.deleteAuthenticator({ authenticatorId: absent, mfaToken: manager }));
await step("delete what is not an id", () => mfa.deleteAuthenticator({ authenticatorId: "../a b/é", mfaToken: manager }));
await step("enroll the same number", () => mfa.enrollAuthenticator({ ...phone, mfaToken: manager }));

// 10 wrong codes are judged, and 10 messages are sent.
mfaToken = await login();
const { oobCode } = await mfa.challengeAuthenticator({ challengeType: "oob", mfaToken });
const code = sentCode();
for (let count = 1; count <= 10; count += 1) {
  await verify(`wrong code ${count}`, { oobCode, bindingCode: wrong(code) });
}
await verify("right code too late", { oobCode, bindingCode: code });
let sent;
do {
  sent = await mfa.challengeAuthenticator({ challengeType: "oob", mfaToken }).catch((error) => error);
} while (!(sent instanceof Error));
await challenge("challenge too often", { challengeType: "oob" });
print({ step: "end" });
