// Shared by both walks: the SDK's client, the sent codes, and a line of JSON per step.

import { AuthClient, MfaClient } from "@auth0/auth0-auth-js";
import { createRemoteJWKSet, customFetch, jwtVerify } from "jose";
import { readFileSync } from "node:fs";

/** The issuer's host. The SDK speaks https to it and nothing else. */
export const domain = process.env.DOMAIN;
export const issuer = `https://${domain}/`;
export const clientId = "demo";
export const username = "alice@example.com";
export const password = "correct horse battery staple";
export const manage = "enroll read:authenticators remove:authenticators";

/** Where TLS would end: the same request, to the server that listens on loopback. */
export function behindTls(input, init) {
  const url = new URL(input);
  if (url.protocol !== "https:") throw new Error(`not https: ${url}`);
  const signal = AbortSignal.timeout(60_000);
  return fetch(process.env.SERVER + url.pathname + url.search, { signal, ...init });
}

export function sdk(options = {}) {
  return new AuthClient({
    domain, clientId, clientSecret: "demo-secret", customFetch: behindTls, ...options,
  });
}

/** The part for factors alone, as a client without a secret has it. */
export function publicMfa() {
  return new MfaClient({ domain, clientId: "demo-public", customFetch: behindTls });
}

/** The code of the last message. */
export function sentCode() {
  const lines = readFileSync(process.env.OUTBOX, "utf8").trimEnd().split("\n");
  return JSON.parse(lines.at(-1)).code;
}

/** A code that is not `code`. */
export function wrong(code) {
  return code.slice(0, -1) + ((Number(code.at(-1)) + 1) % 10);
}

/** Takes a step and prints what the SDK makes of it; returns the answer, or the error. */
export async function step(name, call) {
  let result;
  try {
    result = await call();
    print({ step: name, answer: result });
  } catch (error) {
    result = error;
    const { name: kind, code, message, statusCode, cause } = error;
    const retryAfter = error.headers?.get("retry-after");
    print({ step: name, error: { kind, code, message, statusCode, retryAfter, cause } });
  }
  return result;
}

export function print(line) {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

const keys = createRemoteJWKSet(new URL(`${issuer}.well-known/jwks.json`), { [customFetch]: behindTls });

/** Prints the claims of an ID token by the key set of its issuer: the SDK itself leaves its signature to TLS. */
export async function checkIdToken(name, idToken) {
  return step(name, async () => {
    const { payload, protectedHeader } = await jwtVerify(idToken, keys, { issuer, audience: clientId });
    return { payload, protectedHeader };
  });
}
