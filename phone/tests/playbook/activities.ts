/** Activities for tests, read from their files as they ship. */

import { readdirSync, readFileSync } from "node:fs";
import { parse } from "smol-toml";

import { type Activity, readActivity } from "../../src/playbook/schema";

/** A record of an example: answers, and who gave them where; `decides` names a matter that is approved or settled instead. */
export interface Said {
  say?: Record<string, unknown>;
  about?: number;
  decides?: string;
  at?: string;
  day?: number;
  place?: string;
  member?: string;
  duty?: string;
}

/** Records, and what they come to. */
export interface Example {
  records: Said[];
  open?: string[];
  refused?: string;
}

export interface Shipped {
  activity: Activity;
  examples: Example[];
}

const PACKS = new URL("../../../src/tongxin/playbook/packs/", import.meta.url);

/** Read an activity's file. */
export function read(toml: string): Shipped {
  const table = parse(toml);
  return { activity: readActivity(table), examples: (table["example"] ?? []) as unknown as Example[] };
}

/** Return every activity that ships. */
export function shipped(): Shipped[] {
  const files = readdirSync(PACKS, { recursive: true, encoding: "utf-8" }).filter((name) => name.endsWith(".toml"));
  return files.sort().map((name) => read(readFileSync(new URL(name, PACKS), "utf-8")));
}
