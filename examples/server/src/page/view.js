// The phone and the server on the page.

import { verdict } from "./wire.js";

const byId = (id) => document.getElementById(id);
const LIMITS = {
  sends: ["Messages", "SMS and voice together"],
  binding_failures: ["Wrong codes", "then the right one waits too"],
  recovery_failures: ["Wrong recovery codes", "a budget of its own"],
};

const LABELS = { half: "1 of 2" };

/** An element with its text or children. */
export function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

const time = (at, parts = { timeStyle: "medium" }) => new Date(at).toLocaleTimeString("en-GB", parts);

function every(seconds) {
  return seconds % 3600 === 0 ? `${seconds / 3600} h` : `${seconds / 60} min`;
}

let shown = "";

/** The last charge stays marked until a budget changes again. */
export function showBudgets(budgets, charged) {
  if (shown === JSON.stringify(budgets)) return;
  shown = JSON.stringify(budgets);
  const list = budgets.map(({ limit, left, burst, refill_seconds }) => {
    const [name, note] = LIMITS[limit];
    const pips = element("span", { class: "pips", "aria-hidden": "true" });
    for (let at = 0; at < burst; at += 1) pips.append(element("i", at < left ? { class: "left" } : {}));
    const item = element("li", { "data-limit": limit },
      element("b", {}, name), element("span", { class: "count" }, `${left} of ${burst}`), pips,
      element("small", {}, `${note}, one back every ${every(refill_seconds)}`));
    if (charged.some((charge) => charge.limit === limit)) item.classList.add("charged");
    return item;
  });
  byId("budgets").replaceChildren(...list);
}

export function showEvents(events) {
  for (const { at, event, phone, authenticator, failures, limit, notifies_owner } of events) {
    const to = phone && `…${phone.slice(-4)}`;
    const about = failures ? `${failures} in a row` : to ?? limit ?? (authenticator && `by ${authenticator.split("|")[0]}`);
    const item = element("li", {}, element("time", {}, time(at)), element("code", {}, event));
    if (about) item.append(element("span", {}, about));
    if (notifies_owner) item.append(element("em", {}, "tell the owner"));
    byId("events").prepend(item);
    byId("uneventful").hidden = true;
  }
}

/** Adds messages to the phone. `fill` gets a code that its owner has seen; without `fill`, the messages are old. */
export function showMessages(messages, fill) {
  for (const message of messages) {
    byId("quiet").hidden = true;
    // A call is over when the next message comes.
    byId("messages").querySelectorAll("button").forEach((button) => button.remove());
    const { at, to, text, channel } = message;
    const head = element("small", {}, `${channel === "voice" ? "Call" : "Text"} to ${to} · ${time(at)}`);
    const item = element("li", { class: channel }, head, element("p", {}, text));
    if (fill && channel === "voice") item.append(takesCall(message, fill));
    else if (fill) offer(message.code, fill);
    byId("messages").append(item);
    byId("screen").scrollTop = byId("screen").scrollHeight;
  }
}

/** A call says its code once the keys that it asked for are pressed: a mailbox presses none. */
function takesCall({ keys, answered, code }, fill) {
  const button = element("button", { type: "button" }, `Press ${[...keys].join(" ")}`);
  byId("offer").replaceChildren();
  button.addEventListener("click", () => {
    button.replaceWith(element("p", {}, answered));
    byId("screen").scrollTop = byId("screen").scrollHeight;
    offer(code, fill).focus();
  });
  return button;
}

/** The suggestion above the keyboard, as on phones. */
function offer(code, fill) {
  const button = element("button", { type: "button" }, "Fill in ", element("b", {}, code));
  button.addEventListener("click", () => fill(code));
  byId("offer").replaceChildren(button);
  return button;
}

/** Takes the code from the keyboard's suggestions, once it is used. */
export const clearOffer = () => byId("offer").replaceChildren();

export function showRequest(change) {
  const { method, path, sent, status, answer } = change.request;
  const [kind, words] = verdict(change);
  const charged = change.charged.map(({ limit, before, left }) =>
    element("span", { class: "charge" }, `${LIMITS[limit][0]} ${before} → ${left}`));
  const summary = element("summary", {}, element("b", { class: "method" }, method), " ",
    element("code", {}, decodeURIComponent(path)), " ", element("small", {}, about(sent)));
  const part = (name, value) => [element("h4", {}, name), element("pre", {}, JSON.stringify(value, shorten, 2))];
  const details = element("details", {}, summary,
    ...(sent ? part("Request", sent) : []), ...(answer ? part("Answer", answer) : []));
  byId("requests").prepend(element("tr", { class: kind },
    element("td", {}, details),
    element("td", {}, element("span", { class: "status" }, String(status))),
    element("td", {}, element("span", { class: `verdict ${kind}` }, LABELS[kind] ?? kind), " ", words),
    element("td", {}, ...(charged.length ? charged : ["nothing"]))));
  byId("silent").hidden = true;
  byId("table").hidden = false;
}

function about(sent) {
  if (sent?.grant_type) return `grant ${sent.grant_type.split("/").at(-1)}`;
  if (sent?.oob_channels) return `by ${sent.oob_channels[0]} to ${sent.phone_number}`;
  return sent?.authenticator_id?.split("|")[0] ?? "";
}

/** Shortens tokens and omits passwords. */
function shorten(key, value) {
  if (key === "password") return "…";
  return typeof value === "string" && value.length > 48 && !value.includes(" ") ? `${value.slice(0, 24)}…` : value;
}

export function showClock() {
  byId("clock").textContent = time(Date.now(), { timeStyle: "short" });
}
