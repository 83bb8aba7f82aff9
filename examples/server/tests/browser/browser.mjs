// Shared by the scripts: Debian's Chromium, and a line of JSON per step.

import { chromium } from "playwright-core";
import { execFileSync } from "node:child_process";

const ARGUMENTS = [
  "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync",
];

export function launch(...more) {
  const executablePath = execFileSync("sh", ["-c", "command -v chromium"], { encoding: "utf8" }).trim();
  return chromium.launch({ executablePath, args: [...ARGUMENTS, ...more] });
}

export function print(line) {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

/** What a page does that it should not: errors, violations of its policy, requests to another origin. */
export async function watched(page, origin) {
  const faults = [];
  page.on("pageerror", (error) => faults.push(`error: ${error.message}`));
  page.on("console", (message) => {
    // Chromium reports each error response; those are the API's.
    const isAnswer = message.text().startsWith("Failed to load resource: the server responded with a status of 4");
    if (["error", "warning"].includes(message.type()) && !isAnswer) faults.push(`console: ${message.text()}`);
  });
  page.on("request", (request) => {
    if (new URL(request.url()).origin !== origin) faults.push(`request: ${request.url()}`);
  });
  await page.exposeFunction("reportViolation", (what) => faults.push(`policy: ${what}`));
  await page.addInitScript(() => addEventListener("securitypolicyviolation",
    ({ violatedDirective, blockedURI }) => window.reportViolation(`${violatedDirective} ${blockedURI}`)));
  return faults;
}
