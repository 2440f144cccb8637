/** The phone's light tokens are the desk's. */

import { readFileSync } from "node:fs";
import { expect, test } from "vitest";

function tokens(path: string): Map<string, string> {
  const css = readFileSync(new URL(path, import.meta.url), "utf8");
  const root = /:root \{([^}]*)\}/.exec(css)?.[1] ?? "";
  return new Map([...root.matchAll(/--([\w-]+): ([^;]+);/g)].map(([, name = "", value = ""]) => [name, value]));
}

test("the tokens are those of the desk", () => {
  const [phone, desk] = [tokens("../src/app.css"), tokens("../../src/tongxin/desk/static/desk.css")];
  expect(desk.size).toBeGreaterThan(10);
  for (const [name, value] of desk) expect([name, phone.get(name)]).toEqual([name, value]);
});
