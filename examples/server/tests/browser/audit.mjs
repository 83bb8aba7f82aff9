// Accessibility: the findings of axe.

import { readFileSync } from "node:fs";

const axe = readFileSync("../node_modules/axe-core/axe.min.js", "utf8");

export async function audit(page) {
  if (!await page.evaluate(() => "axe" in window)) await page.evaluate(axe);
  return page.evaluate(async () => {
    const { violations, incomplete, passes } = await window.axe.run({ resultTypes: ["violations", "incomplete"] });
    // axe cannot decide the contrast of half-scrolled list items; they were checked when new.
    const undecided = incomplete.filter(({ id }) => id !== "color-contrast");
    const missing = [...violations, ...undecided].flatMap(({ id, nodes }) =>
      nodes.map(({ target, any }) => `${id}: ${target.join(" ")} ${any[0]?.message ?? ""}`));
    if (passes.length < 15) missing.push(`only ${passes.length} rules were looked at`);
    if (document.documentElement.scrollWidth > innerWidth) missing.push("it scrolls sideways");
    return missing;
  });
}
