import { describe, expect, it, test } from "vitest";

import { asked, faults, fits, MOST_ROWS, MOST_TEXT } from "../../src/playbook/answers";
import { BadConditionError, comparison, holds } from "../../src/playbook/condition";
import { type Activity, BadActivityError, readActivity } from "../../src/playbook/schema";
import { vectors } from "../vectors";
import { read, shipped } from "./activities";

interface Vectors {
  form: string;
  cases: { body: Record<string, unknown>; faults: string[] }[];
}

const { form, cases } = vectors<Vectors>("answers");
const { activity } = read(form);

describe("vectors", () => {
  test.each(cases)("$body has the faults $faults", ({ body, faults: wanted }) => {
    expect(faults(activity, body).map(({ question }) => question)).toEqual(wanted);
  });
});

test.each([
  [{}, "yes", "missing"],
  [{ yes: true, why: "rain" }, "why", "not_asked"],
  [{ yes: true, kg: 101 }, "kg", "misfit"],
  [{ yes: true, x: 1 }, "x", "unknown"],
  [{ yes: true, rows: [{ n: 1 }, { m: 2 }] }, "rows[1].m", "unknown"],
])("%j says of %s that it is %s", (body, question, reason) => {
  expect(faults(activity, body)).toContainEqual({ question, reason });
});

it("asks what is shown now", () => {
  expect(asked(activity, {}).map(({ name }) => name)).not.toContain("why");
  expect(asked(activity, { yes: false }).map(({ name }) => name)).toContain("why");
});

function question(name: string) {
  return activity.ask.find((ask) => ask.name === name)!;
}

it("counts characters, not the units they are stored in", () => {
  expect(fits(question("note"), "😀".repeat(MOST_TEXT))).toBe(true);
  expect(fits(question("note"), "字".repeat(MOST_TEXT + 1))).toBe(false);
});

it("takes no more rows than a form may have, and no rows that are none", () => {
  expect(fits(question("rows"), Array(MOST_ROWS).fill({ n: 1 }))).toBe(true);
  expect(fits(question("rows"), Array(MOST_ROWS + 1).fill({ n: 1 }))).toBe(false);
  expect(fits(question("rows"), [[1]])).toBe(false);
});

test.each(["0000-01-01", "2022-13-01", "20220101", "2022-01-01 ", 20220101])("%j is no day", (answer) => {
  expect(fits(question("on"), answer)).toBe(false);
});

test.each([NaN, Infinity, 0.05])("%d is no number of kilograms", (answer) => {
  expect(fits(question("kg"), answer)).toBe(false);
});

test.each(["a\n", "-a", "a".repeat(65)])("%j is no code", (answer) => {
  expect(fits(question("lot"), answer)).toBe(false);
});

it("takes no answer yet that would have to be sealed", () => {
  for (const type of ["phone", "photo", "signature"] as const) expect(fits({ ...question("note"), type }, "x")).toBe(false);
});

test.each([
  ["kg < 5", { kg: 4.9 }, true],
  ["kg < 5", { kg: 5 }, false],
  ["kg <= 5", { kg: 5 }, true],
  ["kg >= 5", { kg: 5 }, true],
  ["kg >= -.5", { kg: -1 }, false],
  ["kg > 1e1", { kg: 10.1 }, true],
  ["kg > 5", {}, false],
  ["kg > 5", { kg: "9" }, false],
  ["kg = 5", { kg: "5" }, false],
  ["why != rain", { why: "night" }, true],
  ["why != rain", {}, false],
  ["why = rain", { why: "rain" }, true],
  ["yes = no", { yes: false }, true],
  ["yes = no", { yes: 0 }, true],
  ["yes = no", { yes: null }, false],
  ["yes = no", { yes: [] }, false],
])("whether %s holds for %j: %s", (text, body, expected) => {
  expect(holds(comparison(text, activity), body)).toBe(expected);
});

test.each([
  "yes=no",
  "yes = maybe",
  "yes > no",
  "kg > x",
  "kg > ",
  "nothing = 1",
  "why = hail",
  "note = x",
  "kg == 5",
  "rows.n = 1",
])("%j is no condition", (text) => {
  expect(() => comparison(text, activity)).toThrow(BadConditionError);
});

it("reads every activity that ships, with every condition in it", () => {
  const found = shipped();
  expect(found.length).toBeGreaterThanOrEqual(24);
  for (const { activity: one } of found) {
    for (const ask of one.ask) if (ask.show_when) expect(comparison(ask.show_when, one).question).not.toBe(ask.name);
  }
});

describe("examples", () => {
  test.each(
    shipped().flatMap(({ activity: one, examples }) => examples.map((example, index) => ({ id: one.id, index, one, example }))),
  )("$id $index is refused where it says so and nowhere else", ({ one, example }) => {
    const wrong = example.records.map((said) => (said.decides ? [] : names(one, said.say ?? {})));
    const last = wrong.pop()!;
    expect(wrong.flat()).toEqual([]);
    if (example.refused) expect(last).toContain(example.refused);
    else expect(last).toEqual([]);
  });
});

function names(one: Activity, body: Record<string, unknown>): string[] {
  return faults(one, body).map((fault) => fault.question);
}

test.each([
  ["no table", "activity", []],
  ["no title", "activity.title", { id: "x" }],
  ["a new type of question", "activity.ask[0].type", { ...activity, ask: [{ ...activity.ask[0], type: "smell" }] }],
  ["questions that are none", "activity.ask", { ...activity, ask: {} }],
  ["a number that is none", "activity.ask[0].min", { ...activity, ask: [{ ...activity.ask[0], min: "0" }] }],
])("an activity with %s is refused at %s", (_, at, value) => {
  expect(() => readActivity(value)).toThrow(BadActivityError);
  expect(() => readActivity(value)).toThrow(`${at}:`);
});

it("is the same when it comes as the door sends it", () => {
  expect(readActivity(JSON.parse(JSON.stringify(activity)))).toEqual(activity);
});
