// Auth0's SDK for single-page apps, in a page of another origin.

import { launch, print } from "./browser.mjs";
import { files, terminator, trust } from "./tls.mjs";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline/promises";

let server;
const port = await terminator(() => server);
const bundle = readFileSync("../node_modules/@auth0/auth0-spa-js/dist/auth0-spa-js.production.js", "utf8");
const app = await files({
  "/": "<!doctype html><html lang=en><title>App</title><link rel=icon href=data:,><script src=/auth0.js></script>",
  "/auth0.js": bundle,
});
const [origin, other] = ["app", "other"].map((name) => `https://${name}.localhost:${app}`);
print({ step: "ports", issuer: `https://localhost:${port}/`, origin });
// The server starts with them, and reports its address.
const lines = createInterface({ input: process.stdin });
server = (await lines[Symbol.asyncIterator]().next()).value;
lines.close();

const browser = await launch(trust);

/** A page of the app, with the SDK's client and one function per step. */
async function open(at, client_id = "spa") {
  const page = await browser.newPage();
  await page.goto(at);
  await page.evaluate(({ domain, client_id }) => {
    window.domain = `https://${domain}`;
    window.client = new auth0.Auth0Client({
      domain, clientId: client_id, authorizationParams: { scope: "openid profile email" },
    });
    // The SDK has no password grant: the app sends the request and passes the response to the SDK.
    window.signIn = async (username, scope = "openid profile email", audience = undefined) => {
      const form = {
        grant_type: "password", client_id, username, password: "correct horse battery staple", scope,
        ...(audience && { audience }),
      };
      const answer = await fetch(`${window.domain}/oauth/token`, { method: "POST", body: new URLSearchParams(form) });
      const required = await answer.json();
      client.mfa.setMFAAuthDetails(required.mfa_token, scope, audience, required.mfa_requirements);
      return required;
    };
    window.verifySignature = async (token) => {
      const [header, payload, signature] = token.split(".");
      const bytes = (text) => Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (byte) => byte.charCodeAt(0));
      const { alg, kid } = JSON.parse(new TextDecoder().decode(bytes(header)));
      const { keys } = await (await fetch(`${window.domain}/.well-known/jwks.json`)).json();
      const [name, use] = {
        RS256: [{ name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" }, "RSASSA-PKCS1-v1_5"],
        ES256: [{ name: "ECDSA", namedCurve: "P-256" }, { name: "ECDSA", hash: "SHA-256" }],
      }[alg];
      const key = await crypto.subtle.importKey("jwk", keys.find((key) => key.kid === kid), name, false, ["verify"]);
      return { alg, valid: await crypto.subtle.verify(use, key, bytes(signature), new TextEncoder().encode(`${header}.${payload}`)) };
    };
  }, { domain: `localhost:${port}`, client_id });
  const step = async (name, call, argument) => {
    try {
      const answer = await page.evaluate(call, argument);
      print({ step: name, answer: answer ?? null });
      return answer;
    } catch (error) {
      print({ step: name, error: error.message.split("\n")[0] });
      return undefined;
    }
  };
  /** A call of the SDK that it refuses, by an error that has a code and a text. */
  const refused = async (name, call, argument) => {
    const error = await page.evaluate(async ([source, argument]) => {
      const { error, error_description } = await (0, eval)(`(${source})`)(argument).catch((error) => error);
      return { error, error_description };
    }, [call.toString(), argument]);
    print({ step: name, error });
  };
  return { page, step, refused };
}

const sentCode = () => JSON.parse(readFileSync("outbox.jsonl", "utf8").trimEnd().split("\n").at(-1)).code;
const wrong = (code) => code.slice(0, -1) + ((Number(code.at(-1)) + 1) % 10);

const { page, step, refused } = await open(origin);
print({ step: "version", version: JSON.parse(readFileSync("../node_modules/@auth0/auth0-spa-js/package.json")).version });

// The first login, by a text message.
const { mfa_token: mfaToken, ...required } = await page.evaluate(() => signIn("alice@example.com"));
print({ step: "login", answer: required });
await step("enrollment factors", (token) => client.mfa.getEnrollmentFactors(token), mfaToken);
await step("list of none", (token) => client.mfa.getAuthenticators(token), mfaToken);
const enrolled = await step("enroll", (mfaToken) => client.mfa.enroll({ mfaToken, factorType: "sms", phoneNumber: "+14155558730" }), mfaToken);
await refused("enroll no number", (mfaToken) => client.mfa.enroll({ mfaToken, factorType: "sms", phoneNumber: "555" }), mfaToken);
const verify = (params) => client.mfa.verify(params);
const confirmed = { mfaToken, oobCode: enrolled.oobCode };
await refused("wrong code of the enrollment", verify, { ...confirmed, bindingCode: wrong(sentCode()) });
await step("confirm", verify, { ...confirmed, bindingCode: sentCode() });
await step("user", () => client.getUser());
await step("claims", async () => { const { __raw, ...claims } = await client.getIdTokenClaims(); return claims; });
await step("signature", async () => verifySignature((await client.getIdTokenClaims()).__raw));
await step("altered signature", async () => verifySignature((await client.getIdTokenClaims()).__raw.slice(0, -8) + "AAAAAAAA"));
await step("token", async () => (await client.getTokenSilently({ cacheMode: "cache-only" })).split(".").length);

// The second login: challenge, wrong code, right code.
const second = (await page.evaluate(() => signIn("alice@example.com"))).mfa_token;
const listed = await step("list", (token) => client.mfa.getAuthenticators(token), second);
const challenge = ([mfaToken, authenticatorId]) => client.mfa.challenge({ mfaToken, challengeType: "oob", authenticatorId });
const challenged = await step("challenge", challenge, [second, listed.find(({ id }) => id.startsWith("sms|")).id]);
const answered = { mfaToken: second, oobCode: challenged.oobCode };
await refused("wrong code", verify, { ...answered, bindingCode: wrong(sentCode()) });
await step("right code", verify, { ...answered, bindingCode: sentCode() });
await refused("spent", (params) => {
  client.mfa.setMFAAuthDetails(params.mfaToken, "openid");
  return client.mfa.verify(params);
}, { ...answered, bindingCode: sentCode() });

// The third login: the recovery code, which is replaced.
const third = (await page.evaluate(() => signIn("alice@example.com"))).mfa_token;
const [recoveryCode] = enrolled.recoveryCodes;
await refused("wrong recovery code", verify, { mfaToken: third, recoveryCode: "A".repeat(24) });
const recovered = await step("recovery", verify, { mfaToken: third, recoveryCode });

// Another phone, with an access token for the MFA API, by a call.
const scope = "openid enroll read:authenticators remove:authenticators";
const manage = (await page.evaluate(([scope, audience]) => signIn("alice@example.com", scope, audience), [scope, `https://localhost:${port}/mfa/`])).mfa_token;
const { oobCode } = await step("challenge to manage", challenge, [manage]);
const { access_token } = await step("manage", verify, { mfaToken: manage, oobCode, bindingCode: sentCode() });
const voice = await step("enroll by voice", ([mfaToken, scope]) => {
  client.mfa.setMFAAuthDetails(mfaToken, scope);
  return client.mfa.enroll({ mfaToken, factorType: "voice", phoneNumber: "+14155550000" });
}, [access_token, scope]);
await step("confirm by voice", verify, { mfaToken: access_token, oobCode: voice.oobCode, bindingCode: sentCode() });
await step("list of both", (token) => {
  client.mfa.setMFAAuthDetails(token);
  return client.mfa.getAuthenticators(token);
}, access_token);
// The SDK cannot remove a phone: the app sends the request, with a preflight for DELETE.
await step("remove", async ([token, id]) => {
  const headers = { authorization: `Bearer ${token}`, "auth0-client": "e30" };
  const answer = await fetch(`${domain}/mfa/authenticators/${encodeURIComponent(id)}`, { method: "DELETE", headers });
  return answer.status;
}, [access_token, listed.find(({ id }) => id.startsWith("sms|")).id]);

// What a page can read of a refusal.
const fourth = (await page.evaluate(() => signIn("alice@example.com"))).mfa_token;
await step("headers", async (mfa_token) => {
  const unauthorized = await fetch(`${domain}/mfa/authenticators`);
  let limited;
  do {
    const body = JSON.stringify({ client_id: "spa", mfa_token, challenge_type: "oob" });
    limited = await fetch(`${domain}/mfa/challenge`, { method: "POST", headers: { "content-type": "application/json" }, body });
  } while (limited.ok);
  return {
    unauthorized: [unauthorized.status, unauthorized.headers.get("www-authenticate")],
    limited: [limited.status, Number(limited.headers.get("retry-after"))],
  };
}, fourth);

// The SDK rejects an ID token of another issuer.
await step("another issuer", async ({ mfaToken, ...rest }) => {
  const strict = new auth0.Auth0Client({
    domain: domain.slice("https://".length), issuer: "login.example.com", clientId: "spa", authorizationParams: { scope: "openid" },
  });
  strict.mfa.setMFAAuthDetails(mfaToken, "openid");
  return strict.mfa.verify({ mfaToken, ...rest }).catch(({ message }) => message);
}, { mfaToken: fourth, recoveryCode: recovered.recovery_code });

// A page of an origin that is not allowed can read nothing.
const stranger = await open(other);
await stranger.step("not allowed", () => signIn("alice@example.com").catch(({ message }) => message));
await stranger.step("not allowed to read", () => fetch(`${domain}/healthz`).catch(({ message }) => message));
await browser.close();
print({ step: "end" });
process.exit();
