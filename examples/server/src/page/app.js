// The app: a login with a second factor, with only the requests of Auth0's MFA API.

import { clearOffer, element, showBudgets, showClock, showEvents, showMessages, showRequest } from "./view.js";
import { lastMessage, send, start, watch } from "./wire.js";

const CLIENT = "demo-public";
const GRANT = "http://auth0.com/oauth/grant-type/";
const SCOPE = "openid profile email enroll read:authenticators remove:authenticators";
const byId = (id) => document.getElementById(id);

/** `session` is the mfa_token of a login, or the access token that adds a phone. */
const state = { session: "", oobCode: "", access: "", claims: {}, recovery: "", saved: "", phones: [] };
let issuer = "";
let webOtp = new AbortController();

/** Shows a step: its title, its reason and its form. `doing` handles the buttons. */
function show({ step, template, title, hint, submit, doing = {}, focus }) {
  webOtp.abort();
  for (const item of document.querySelectorAll("[data-step]")) {
    if (item.dataset.step === step) item.setAttribute("aria-current", "step");
    else item.removeAttribute("aria-current");
  }
  byId("title").textContent = title;
  byId("hint").textContent = hint;
  say("");
  byId("step").replaceChildren(byId(template).content.cloneNode(true));
  const form = byId("step").querySelector("form");
  form?.addEventListener("submit", (event) => {
    event.preventDefault();
    run(() => submit(Object.fromEntries(new FormData(form))));
  });
  for (const button of byId("step").querySelectorAll("[data-do]")) {
    const action = doing[button.dataset.do];
    if (action) button.addEventListener("click", () => run(action));
    else button.remove();
  }
  (byId(focus) ?? byId("title")).focus({ preventScroll: true });
}

/** Runs an action with the buttons off, so nothing is sent twice. */
async function run(action) {
  const buttons = [...byId("step").querySelectorAll("button")];
  const focused = document.activeElement;
  buttons.forEach((button) => { button.disabled = true; });
  try {
    await action();
  } catch {
    fail("The server does not answer. Is it still running?");
  } finally {
    buttons.forEach((button) => { button.disabled = false; });
    if (document.activeElement === document.body && focused?.isConnected) focused.focus();
  }
}

function say(text) {
  byId("done").textContent = text;
  byId("problem").textContent = "";
  byId("step").querySelector("[aria-invalid]")?.removeAttribute("aria-invalid");
}

function fail(text) {
  byId("done").textContent = "";
  byId("problem").textContent = text;
  const input = byId("otp") ?? byId("recovery");
  if (input) {
    input.setAttribute("aria-invalid", "true");
    input.select();
  }
}

/** The response to a granted request; otherwise shows the reason and returns nothing. */
function granted({ status, answer, retryAfter }) {
  if (status < 300) return answer ?? {};
  const wait = retryAfter ? ` One is back in ${retryAfter > 90 ? `${Math.ceil(retryAfter / 60)} min` : `${retryAfter} s`}.` : "";
  fail(`${answer?.error_description ?? `The server answered ${status}.`}${wait}`);
  return null;
}

function signIn(said = "") {
  Object.assign(state, { session: "", oobCode: "", access: "", phones: [] });
  clearOffer();
  show({
    step: "password", template: "signin", title: "Sign in",
    hint: "The password is the first factor. It is not enough for a token: the server answers 403 with an mfa_token.",
    submit: async ({ username, password }) => {
      const form = { grant_type: "password", client_id: CLIENT, username, password, scope: SCOPE, audience: `${issuer}mfa/` };
      const { answer, ...rest } = await send("POST", "/oauth/token", { form });
      if (answer?.error !== "mfa_required") return void granted({ answer, ...rest });
      state.session = answer.mfa_token;
      if (answer.mfa_requirements.enroll) enroll();
      else await choose();
    },
  });
  say(said);
}

function enroll() {
  const adds = state.access !== "";
  show({
    step: "phone", template: "enroll", title: adds ? "Add a phone" : "Enroll a phone",
    hint: adds
      ? "A second factor guards this account, so adding one needs an access token with the scope enroll."
      : "No phone guards this account yet, so the first login enrolls one. It is active once you confirm its code.",
    submit: ({ phone, channel }) => associate(phone, channel),
    doing: { back: adds ? home : signIn },
  });
  byId("phone").value = adds ? "+14155550199" : "+14155558730";
}

async function associate(phone, channel) {
  const json = { authenticator_types: ["oob"], oob_channels: [channel], phone_number: phone.replace(/[^+\d]/g, "") };
  const answer = granted(await send("POST", "/mfa/associate", { token: state.session, json }));
  if (!answer) return;
  state.oobCode = answer.oob_code;
  state.recovery = answer.recovery_codes?.[0] ?? state.recovery;
  askCode(`The number ${phone} is pending until you type the code that it gets.`, () => associate(phone, channel), enroll);
}

async function list(token) {
  const answer = granted(await send("GET", "/mfa/authenticators", { token }));
  return answer?.filter(({ active, authenticator_type }) => active && authenticator_type === "oob") ?? [];
}

async function choose() {
  const entries = await list(state.session);
  show({
    step: "phone", template: "challenge", title: "Prove it is you",
    hint: "A phone guards this account. The server sends it a code that is good for 5 minutes and for this login only.",
    submit: ({ authenticator }) => challenge(authenticator),
    doing: { recovery: recover, back: signIn },
  });
  const words = { sms: "Text message to", voice: "Call" };
  const choices = entries.map(({ id, oob_channel, name }, at) => element("label", { class: "choice" },
    element("input", { type: "radio", name: "authenticator", value: id, ...(at === 0 && { checked: "" }) }),
    ` ${words[oob_channel]} ${name}`));
  byId("step").querySelector("[data-list]").replaceChildren(...choices);
}

async function challenge(authenticator) {
  const json = { client_id: CLIENT, mfa_token: state.session, challenge_type: "oob", authenticator_id: authenticator };
  const answer = granted(await send("POST", "/mfa/challenge", { json }));
  if (!answer) return;
  state.oobCode = answer.oob_code;
  askCode("A new code supersedes the one before. A wrong one is charged before the response says so.",
    () => challenge(authenticator), choose);
}

function askCode(hint, again, back) {
  show({
    step: "code", template: "code", title: "Type the code", hint, focus: "otp", submit: ({ otp }) => verify(otp),
    doing: { wrong: () => verify(wrong()), again, back },
  });
  say("A code is on its way to the phone.");
  fromSms();
}

/** A code that the phone did not get. */
function wrong() {
  const { code } = lastMessage();
  byId("otp").value = code.slice(0, -1) + ((Number(code.at(-1)) + 1) % 10);
  return byId("otp").value;
}

/** WebOTP: a browser on the phone offers the code of the message's last line, "@host #code". */
function fromSms() {
  if (!("OTPCredential" in window)) return;
  webOtp = new AbortController();
  navigator.credentials.get({ otp: { transport: ["sms"] }, signal: webOtp.signal })
    .then(({ code }) => fill(code), () => {});
}

function fill(code) {
  const input = byId("otp");
  if (!input) return;
  input.value = code;
  input.focus();
}

async function verify(binding_code) {
  const adds = state.access !== "";
  const form = {
    grant_type: `${GRANT}mfa-oob`, client_id: CLIENT, mfa_token: state.session, oob_code: state.oobCode, binding_code,
  };
  const answer = granted(await send("POST", "/oauth/token", { form }));
  if (!answer) return;
  clearOffer();
  await arrive(answer, adds ? "The phone is confirmed." : "The login is complete.");
}

function recover() {
  show({
    step: "code", template: "recover", title: "Use the recovery code", focus: "recovery",
    hint: "24 characters, shown once when the first phone was enrolled. It works once and is replaced by a new one.",
    submit: async ({ recovery }) => {
      const form = {
        grant_type: `${GRANT}mfa-recovery-code`, client_id: CLIENT, mfa_token: state.session, recovery_code: recovery,
      };
      const answer = granted(await send("POST", "/oauth/token", { form }));
      if (!answer) return;
      state.recovery = answer.recovery_code;
      await arrive(answer, "The login is complete. The code was replaced: keep the new one.");
    },
    doing: { back: choose, ...(state.saved && { saved: () => { byId("recovery").value = state.saved; } }) },
  });
}

async function arrive({ access_token, id_token }, said) {
  // Keeps the access token that adds a phone: a token from confirming never outlives it.
  state.access ||= access_token;
  state.session = state.access;
  if (id_token) state.claims = JSON.parse(atob(id_token.split(".")[1].replaceAll("-", "+").replaceAll("_", "/")));
  if (state.recovery) state.saved = state.recovery;
  await home();
  say(said);
}

async function home() {
  state.phones = await list(state.access);
  show({
    step: "in", template: "in", title: `Signed in as ${state.claims.email ?? state.claims.sub}`,
    hint: "Both factors have passed. The access token is signed, and its scopes let the user add and remove phones.",
    doing: { add: enroll, out: () => signIn("Signed out.") },
  });
  const keep = byId("step").querySelector(".keep");
  keep.hidden = state.recovery === "";
  keep.querySelector("output").textContent = state.recovery.match(/.{1,4}/g)?.join(" ") ?? "";
  state.recovery = "";
  const phones = state.phones.filter(({ id }) => id.startsWith("sms|"));
  const items = phones.map(({ id, name }) => {
    const button = element("button", { type: "button", "aria-label": `Remove the phone ${name}` }, "Remove");
    button.addEventListener("click", () => run(() => remove(id)));
    return element("li", {}, element("span", {}, name), button);
  });
  if (phones.length === 0) items.push(element("li", {}, "None. The next login enrolls one."));
  byId("step").querySelector(".phones").replaceChildren(...items);
  byId("step").querySelector("pre").textContent = JSON.stringify(state.claims, null, 2);
}

async function remove(id) {
  const path = `/mfa/authenticators/${encodeURIComponent(id)}`;
  if (!granted(await send("DELETE", path, { token: state.access }))) return;
  await home();
  say("The phone is removed, with both of its entries.");
}

let isFirst = true;
watch((change) => {
  showBudgets(change.budgets, change.charged);
  showEvents(change.events);
  showMessages(change.messages, isFirst ? null : fill);
  isFirst = false;
  if (change.request) showRequest(change);
});
showClock();
setInterval(showClock, 10_000);
signIn();
await run(async () => {
  ({ issuer } = await (await fetch("/.well-known/openid-configuration")).json());
  await start();
});
