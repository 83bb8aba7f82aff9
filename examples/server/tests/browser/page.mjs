// A user on the demo page.

import { audit } from "./audit.mjs";
import { launch, print, watched } from "./browser.mjs";

const { SERVER, SCREENSHOT } = process.env;
const browser = await launch();

async function open(options) {
  const page = await browser.newPage({ reducedMotion: "reduce", ...options });
  const faults = await watched(page, SERVER);
  const response = await page.goto(`${SERVER}/`);
  await page.locator("#budgets li").first().waitFor();
  const settled = () => page.waitForFunction(() => !document.querySelector("#step button:disabled"));
  const click = async (name) => {
    await page.getByRole("button", { name, exact: true }).click();
    await settled();
  };
  const press = async (key) => {
    await page.keyboard.press(key);
    await settled();
  };
  /** What the user sees and where the focus is. */
  const see = async (step) => {
    const seen = await page.evaluate(() => {
      const text = (selector) => document.querySelector(selector)?.innerText.replace(/\s+/g, " ").trim();
      const focus = document.activeElement;
      return {
        title: text("#title"), at: text("[aria-current]"), problem: text("#problem"), done: text("#done"),
        focus: focus.id || (focus === document.body ? "nothing" : focus.textContent.trim()),
        request: [...document.querySelectorAll("#requests tr:first-child > td")].map((cell) => cell.innerText.replace(/\s+/g, " ").trim()),
        budgets: [...document.querySelectorAll(".count")].map((count) => count.textContent),
        event: text("#events li:first-child code"), message: document.querySelector("#messages li:last-child p:last-of-type")?.textContent,
        offer: text("#offer button"),
      };
    });
    print({ step, ...seen, missing: await audit(page) });
  };
  return { page, response, click, press, see, settled, end: async () => { print({ step: "faults", faults }); await page.close(); } };
}

const { page, response, click, see, end } = await open({ viewport: { width: 1280, height: 800 }, colorScheme: "light" });
print({ step: "headers", headers: response.headers() });
await see("start");
const order = [];
for (let tab = 0; tab < 7; tab += 1) {
  await page.keyboard.press("Tab");
  order.push(await page.evaluate(() => {
    const { id, textContent } = document.activeElement;
    return document.activeElement === document.body ? "the browser" : id || textContent.trim();
  }));
}
print({ step: "focus order", order });

await page.getByLabel("Password").fill("wrong");
await click("Sign in");
await see("wrong password");
await page.getByLabel("Password").fill("correct horse battery staple");
await click("Sign in");
await see("nothing is enrolled");
await page.getByLabel("Phone number, with its country code").fill("+1 (415) 555-8730");
await click("Send the code");
await see("enrolled");
print({
  step: "code field",
  ...await page.evaluate(() => ({ autocomplete: otp.autocomplete, inputMode: otp.inputMode, describedBy: otp.getAttribute("aria-describedby") })),
});
await click("Try a wrong code");
await see("wrong code");
await page.locator("#offer button").click();
await see("autofilled");
print({ step: "filled", code: await page.getByLabel("Code from the phone").inputValue() });
await click("Confirm");
await see("confirmed");
const recovery = await page.locator(".keep output").textContent();
print({ step: "recovery code", recovery });

await click("Sign out");
await see("signed out");
await click("Sign in");
await see("choices");
await page.getByLabel("Call XXXXXXXX8730").check();
await click("Send the code");
await see("call");
await page.locator("#messages button").click();
await see("keys pressed");
await click("Try a wrong code");
await see("wrong code of the call");
if (SCREENSHOT) await page.screenshot({ path: SCREENSHOT });
await page.locator("#offer button").click();
await click("Confirm");
await see("second login");

await click("Sign out");
await click("Sign in");
await click("Use the recovery code");
await see("recovery");
await page.getByRole("textbox", { name: "Recovery code" }).fill("AAAA AAAA AAAA AAAA AAAA AAAA");
await page.locator("form .primary").click();
await page.getByText("MFA Authorization rejected.").first().waitFor();
await see("wrong recovery code");
await click("Fill in the saved one");
await page.locator("form .primary").click();
await page.getByText("Signed in as").waitFor();
await see("recovered");
print({ step: "replaced", recovery: await page.locator(".keep output").textContent() });

await click("Add a phone");
await see("add");
await click("Send the code");
await page.locator("#offer button").click();
await click("Confirm");
await see("added");
print({ step: "both", phones: await page.locator(".phones span").allTextContents() });
await click("Remove the phone XXXXXXXX0199");
await see("removed");
print({ step: "one", phones: await page.locator(".phones span").allTextContents() });

// The same user on a small screen in dark mode, with only the keyboard.
const small = await open({ viewport: { width: 390, height: 844 }, colorScheme: "dark", hasTouch: true, isMobile: true });
await small.see("small start");
print({ step: "colors", background: await small.page.evaluate(() => getComputedStyle(document.body).backgroundColor) });
await small.page.getByLabel("Password").focus();
await small.press("Enter");
await small.page.getByText("Prove it is you").waitFor();
await small.see("small choices");
await small.press("Tab");
await small.press("Enter");
await small.page.locator("#otp").waitFor();
await small.see("small code");
await small.page.keyboard.type((await small.page.locator("#offer b").textContent()).replace(/^.../, "$& "));
await small.press("Enter");
await small.page.getByText("Signed in as").waitFor();
await small.see("small signed in");
await small.end();

await click("Sign out");
await click("Sign in");
await click("Send the code");
for (let sent = 5; sent < 10; sent += 1) await click("Send another");
await see("budget is empty");
await click("Send another");
await see("refused");
await page.locator("#offer button").click();
await click("Confirm");
await click("Remove the phone XXXXXXXX8730");
await see("removed the last");
await page.locator("#requests summary").first().click();
print({ step: "details", details: await page.locator("#requests tr:nth-child(3) pre").allTextContents() });
await end();

await browser.close();
print({ step: "end" });
