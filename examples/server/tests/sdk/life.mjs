// The life of two phones, with Auth0's SDK.

import { isMfaRequiredError } from "@auth0/auth0-auth-js";
import {
  checkIdToken, issuer, manage, password, print, sdk, sentCode, step, username, wrong,
} from "./client.mjs";

const client = sdk();
const { mfa } = client;

async function login(name, options = { scope: "openid profile" }) {
  const required = await step(name, () => client.getTokenByPassword({ username, password, ...options }));
  if (!isMfaRequiredError(required)) throw required;
  return required.cause.mfa_token;
}

// The first login: nothing is enrolled.
let mfaToken = await login("login");
await step("list of none", () => mfa.listAuthenticators({ mfaToken }));
const enrolled = await step("enroll", () => mfa.enrollAuthenticator({
  authenticatorTypes: ["oob"], oobChannels: ["sms"], phoneNumber: "+14155558730", mfaToken,
}));
await step("list of pending", () => mfa.listAuthenticators({ mfaToken }));
const confirmed = await step("confirm", () => mfa.verify({
  mfaToken, factorType: "oob", oobCode: enrolled.oobCode, bindingCode: sentCode(),
}));
await checkIdToken("id token", confirmed.idToken);
await checkIdToken("altered id token", confirmed.idToken.slice(0, -8) + "A".repeat(8));

// The next login: challenge, a wrong code, the right one.
mfaToken = await login("second login", { scope: "openid profile", realm: "users" });
const listed = await step("list", () => mfa.listAuthenticators({ mfaToken }));
const sms = listed.find(({ id }) => id.startsWith("sms|"));
const challenged = await step("challenge", () => mfa.challengeAuthenticator({
  challengeType: "oob", authenticatorId: sms.id, mfaToken,
}));
const answer = { mfaToken, factorType: "oob", oobCode: challenged.oobCode };
await step("wrong code", () => mfa.verify({ ...answer, bindingCode: wrong(sentCode()) }));
const full = await step("right code", () => mfa.verify({
  ...answer, bindingCode: sentCode(), audience: "https://api.example.com", fullResponse: true,
}));
await checkIdToken("second id token", full.data.idToken);

// The phone is lost for a while: each recovery code works once.
mfaToken = await login("third login");
const recoveryCode = enrolled.recoveryCodes[0];
const recovered = await step("recovery code", () => mfa.verify({
  mfaToken, factorType: "recovery-code", recoveryCode,
}));
await checkIdToken("third id token", recovered.idToken);
mfaToken = await login("fourth login");
await step("used recovery code", () => mfa.verify({ mfaToken, factorType: "recovery-code", recoveryCode }));
await step("new recovery code", () => mfa.verify({
  mfaToken, factorType: "recovery-code", recoveryCode: recovered.recoveryCode,
}));

// A token that manages factors.
mfaToken = await login("login to manage", { scope: manage, audience: `${issuer}mfa/` });
const any = await step("challenge of any", () => mfa.challengeAuthenticator({ challengeType: "oob", mfaToken }));
const tokens = await step("answer to manage", () => mfa.verify({
  mfaToken, factorType: "oob", oobCode: any.oobCode, bindingCode: sentCode(),
}));
mfaToken = tokens.accessToken;
const second = await step("enroll another", () => mfa.enrollAuthenticator({
  authenticatorTypes: ["oob"], oobChannels: ["voice"], phoneNumber: "+14155550000", mfaToken,
}));
await step("confirm another", () => mfa.verify({
  mfaToken, factorType: "oob", oobCode: second.oobCode, bindingCode: sentCode(),
}));
const both = await step("list of both", () => mfa.listAuthenticators({ mfaToken }));
const voices = both.filter(({ id }) => id.startsWith("voice|"));
const first = voices.find(({ id }) => id.endsWith(sms.id.split("|")[1]));
await step("delete", async () => (await mfa.deleteAuthenticator({ authenticatorId: first.id, mfaToken })) ?? null);
await step("list without the first", () => mfa.listAuthenticators({ mfaToken }));
const last = voices.find(({ id }) => id !== first.id);
await step("delete the last", async () => (await mfa.deleteAuthenticator({ authenticatorId: last.id, mfaToken })) ?? null);
await step("list at the end", () => mfa.listAuthenticators({ mfaToken }));
await login("login after all");
print({ step: "end" });
