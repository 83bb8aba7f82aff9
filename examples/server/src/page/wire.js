// The requests of the app, like those of any client of the API. Beside each is what the server did for
// it: the events and charges that were new when its response arrived.

const watchers = [];
let seen = { budgets: [], messages: [], events: [] };
let busy = 0;
let polled = Promise.resolve();

/** Calls `watcher` with what is new on the server, and with its request, if it was ours. */
export function watch(watcher) {
  watchers.push(watcher);
}

/** The last message of the phone. */
export const lastMessage = () => seen.messages.at(-1);

/** Sends a request: its status and body. `form` and `json` are bodies, `token` is a bearer. */
export async function send(method, path, { token, form, json } = {}) {
  busy += 1;
  try {
    // Events that a poll finds from now on would be missing from this request.
    await polled;
    const headers = {};
    if (token) headers.authorization = `Bearer ${token}`;
    if (json) headers["content-type"] = "application/json";
    const body = form ? new URLSearchParams(form) : json && JSON.stringify(json);
    const answer = await fetch(path, { method, headers, body });
    const text = await answer.text();
    const request = {
      method, path, sent: form ?? json, status: answer.status,
      retryAfter: answer.headers.get("retry-after"), answer: text ? JSON.parse(text) : null,
    };
    await refresh(request);
    return request;
  } finally {
    busy -= 1;
  }
}

async function refresh(request) {
  const answer = await fetch("/demo/live");
  if (!answer.ok) throw new Error(`/demo/live: ${answer.status}`);
  const now = await answer.json();
  const after = (entries, last) => entries.filter((entry) => entry.number > (last?.number ?? 0));
  const left = (limit) => seen.budgets.find((budget) => budget.limit === limit)?.left;
  const change = {
    request,
    budgets: now.budgets,
    messages: after(now.messages, seen.messages.at(-1)),
    events: after(now.events, seen.events.at(-1)),
    charged: now.budgets.filter((budget) => budget.left < left(budget.limit))
      .map((budget) => ({ ...budget, before: left(budget.limit) })),
  };
  seen = now;
  watchers.forEach((watcher) => watcher(change));
}

/** Shows the current state, and from then on also what other clients do. */
export async function start() {
  await refresh();
  setInterval(() => {
    if (busy === 0 && !document.hidden) polled = refresh().catch(() => {});
  }, 2000);
}

/** The decision: the class of the verdict, and its text. */
export function verdict({ request, events }) {
  const { status, answer, retryAfter } = request;
  const said = answer?.error_description ?? "";
  if (status < 300) return ["granted", granted(events)];
  if (answer?.error === "mfa_required") return ["half", "The password is right: a second factor is required"];
  // The server handles the first factor itself: it counts wrong passwords in memory.
  if (request.sent?.grant_type === "password" && answer?.error === "invalid_grant") return ["rejected", said];
  if (events.some(({ event }) => event.startsWith("wrong_"))) return ["rejected", said];
  return ["refused", retryAfter ? `${said} Retry after ${retryAfter} s.` : said];
}

const DONE = {
  authenticator_added: "Phone confirmed", authenticator_removed: "Phone removed",
  recovery_code_used: "Recovery code accepted and replaced", authenticated: "Code accepted: login complete",
  code_issued: "Code issued and sent",
};

function granted(events) {
  const names = events.map(({ event }) => event);
  const name = Object.keys(DONE).find((name) => names.includes(name));
  return name ? DONE[name] : "Read: nothing written";
}
