import { describe, expect, it, test } from "vitest";

import { findings } from "../../src/playbook/findings";
import { type Activity, type MatterRule } from "../../src/playbook/schema";
import { vectors } from "../vectors";
import { type Example, read, type Said, shipped } from "./activities";

interface Vector {
  why: string;
  records: { n: number; act: string; body: Record<string, unknown> }[];
  counting: { n: number; place: string }[];
  matters: { name: string; opened: number; closed: number | null }[];
}

const all = shipped();
const venue = all.find(({ activity }) => activity.id === "venue_closure")!.activity;

/** A matter that stands open: which record opened it, and whether it waits for an approval. */
interface Standing {
  opened: number;
  waits: boolean;
}

/** The matters of one subject, as findings tell of them report by report. */
class Story {
  readonly open = new Map<string, Standing>();
  readonly closed: { name: string; opened: number; closed: number }[] = [];

  constructor(readonly activity: Activity) {}

  report(n: number, body: Record<string, unknown>): void {
    for (const { matter, does } of findings(this.activity, body, new Set(this.open.keys()))) {
      if (does === "opens") this.open.set(matter.name, { opened: n, waits: false });
      else if (does === "closes") this.close(matter.name, n);
      else this.open.get(matter.name)!.waits = does === "waits";
    }
  }

  close(name: string, n: number): void {
    this.closed.push({ name, opened: this.open.get(name)!.opened, closed: n });
    this.open.delete(name);
  }

  get matters(): Vector["matters"] {
    return [...this.closed, ...[...this.open].map(([name, { opened }]) => ({ name, opened, closed: null }))];
  }
}

describe("vectors", () => {
  test.each(vectors<Vector[]>("fold"))(
    "$why: what reports open and close is said beforehand",
    ({ records, counting, matters }) => {
      const stories = new Map<string, Story>();
      for (const { n, place } of counting) {
        const { act, body } = records.find((record) => record.n === n)!;
        const story = stories.get(place) ?? new Story(venue);
        stories.set(place, story);
        if (act === "report" || act === "correct") story.report(n, body);
        else for (const { name, closed } of matters) if (closed === n) story.close(name, n); // the server's word: a decision
      }
      const found = [...stories.values()].flatMap((story) => story.matters);
      const wanted = matters.filter(({ name }) => !name.startsWith("conflict_"));
      expect(found).toEqual(wanted.map(({ name, opened, closed }) => ({ name, opened, closed })));
    },
  );
});

const ruled = (rule: MatterRule): boolean => rule.opens.startsWith("rule ") || rule.closes.startsWith("rule ");

/** Return which matters an example leaves open, without those that only the server can tell of. */
function left(activity: Activity, example: Example): string[] {
  const stories = new Map<string, Story>();
  const timed = example.records.map((said, index) => ({ said, n: index + 1 }));
  timed.sort((one, other) => when(one.said).localeCompare(when(other.said)) || one.n - other.n);
  for (const { said, n } of timed) {
    const duty = activity.matter.some(({ per }) => per === "duty") ? (said.duty ?? "D") : "";
    const whose = `${subject(activity, said, n)} ${duty}`;
    const story = stories.get(whose) ?? new Story(activity);
    stories.set(whose, story);
    if (!said.decides) story.report(n, said.say ?? {});
    else if (story.open.get(said.decides)?.waits) story.close(said.decides, n);
  }
  return [...stories.values()].flatMap((story) => [...story.open.keys()]).sort();
}

function when({ day = 0, at = "09:00" }: Said): string {
  return `${String(day).padStart(2, "0")} ${at}`;
}

function subject(activity: Activity, said: Said, n: number): string {
  const [kind, question = ""] = activity.subject.split(" ");
  if (kind === "place") return said.place ?? "A";
  if (kind === "member") return said.member ?? "M";
  return kind === "record" ? String(said.about ?? n) : String(said.say?.[question]);
}

const examples = all.flatMap(({ activity, examples: found }) =>
  found.map((example, index) => ({ id: activity.id, index, activity, example })),
);

describe("examples", () => {
  test.each(examples.filter(({ example }) => !example.refused))(
    "$id $index leaves open what it says",
    ({ activity, example }) => {
      const declared = new Set(activity.matter.filter((rule) => !ruled(rule)).map(({ name }) => name));
      expect(left(activity, example)).toEqual((example.open ?? []).filter((name) => declared.has(name)).sort());
    },
  );
});

const chained = read(`
id = "x"
title = { zh = "一", en = "X" }
kind = "log"
subject = "place"
ask = [{ name = "n", type = "number", label = { zh = "数", en = "N" } }]
matter = [
  { name = "after", title = { zh = "后", en = "After" }, opens = "closed low", closes = "n > 99" },
  { name = "low", title = { zh = "低", en = "Low" }, opens = "n < 5", closes = "n >= 5" },
  { name = "ruled", title = { zh = "规", en = "Ruled" }, opens = "rule short_rest", closes = "n > 99" },
  { name = "round", title = { zh = "圈", en = "Round" }, opens = "closed round", closes = "n > 99", approval = "leader" },
]
`).activity;

test.each([
  [4, [], ["low opens"]],
  [4, ["low"], ["low touches"]],
  [6, ["low"], ["after opens", "low closes"]],
  [100, ["after", "low"], ["after closes", "low closes"]],
  [100, ["ruled", "round"], ["ruled closes", "round waits"]],
  [6, ["ruled"], []],
])("%d while %j stand open: %j", (n, open, expected) => {
  expect(findings(chained, { n }, new Set(open)).map(({ matter, does }) => `${matter.name} ${does}`)).toEqual(expected);
});

it("says nothing where nothing was answered", () => {
  expect(findings(chained, {}, new Set(["low", "after"]))).toEqual([]);
});
