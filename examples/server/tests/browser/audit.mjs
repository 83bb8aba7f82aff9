// What a page owes to those who do not see it, or not well: a list of what is missing.

export function audit(page) {
  return page.evaluate(() => {
    const missing = [];
    const shown = (node) => node.checkVisibility() && node.getClientRects().length > 0;
    const name = (node) => `${node.localName}${node.id ? `#${node.id}` : ""} ${node.textContent.trim().slice(0, 30)}`;
    if (!document.documentElement.lang) missing.push("html has no language");
    if (document.querySelectorAll("h1").length !== 1) missing.push("there is not one h1");
    const ids = [...document.querySelectorAll("[id]")].map(({ id }) => id);
    for (const id of new Set(ids)) if (ids.filter((other) => other === id).length > 1) missing.push(`two of #${id}`);
    for (const input of document.querySelectorAll("input, select, textarea")) {
      if (!input.labels?.[0]?.textContent.trim()) missing.push(`no label: ${name(input)}`);
    }
    for (const button of document.querySelectorAll("button, a[href]")) {
      if (!button.textContent.trim() && !button.ariaLabel) missing.push(`no name: ${name(button)}`);
    }
    for (const image of document.querySelectorAll("img")) if (!image.hasAttribute("alt")) missing.push(`no alt: ${image.src}`);
    for (const by of document.querySelectorAll("[aria-labelledby], [aria-describedby]")) {
      for (const id of `${by.getAttribute("aria-labelledby") ?? ""} ${by.getAttribute("aria-describedby") ?? ""}`.trim().split(/ +/)) {
        if (!document.getElementById(id)) missing.push(`nothing is #${id}`);
      }
    }
    for (const field of document.querySelectorAll("fieldset")) {
      if (!field.querySelector("legend")?.textContent.trim()) missing.push("a fieldset has no legend");
    }
    // A target of 24 by 24 pixels (WCAG 2.2, 2.5.8).
    for (const button of document.querySelectorAll("button")) {
      const { width, height } = button.getBoundingClientRect();
      if (shown(button) && Math.min(width, height) < 24) missing.push(`small: ${name(button)}`);
    }
    // A contrast of 4.5 (WCAG 1.4.3), of every text with the nearest background that is there.
    const rgb = (text) => text.match(/[\d.]+/g).map(Number);
    const light = (color) => {
      const [red, green, blue] = color.map((part) => part / 255)
        .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
      return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
    };
    const behind = (node) => {
      for (let at = node; at; at = at.parentElement) {
        const [red, green, blue, alpha = 1] = rgb(getComputedStyle(at).backgroundColor);
        if (alpha === 1) return [red, green, blue];
      }
      return [255, 255, 255];
    };
    let texts = 0;
    for (const node of document.body.querySelectorAll("*")) {
      const hasText = [...node.childNodes].some((child) => child.nodeType === 3 && child.data.trim());
      if (!(hasText || node.localName === "input") || !shown(node) || node.disabled) continue;
      texts += 1;
      const [one, other] = [light(rgb(getComputedStyle(node).color).slice(0, 3)), light(behind(node))];
      const contrast = (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
      if (contrast < 4.5) missing.push(`contrast ${contrast.toFixed(2)}: ${name(node)}`);
    }
    if (texts < 20) missing.push(`only ${texts} texts were looked at`);
    if (document.documentElement.scrollWidth > innerWidth) missing.push("it scrolls sideways");
    return missing;
  });
}
