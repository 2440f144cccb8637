/** Whether answers fit their questions: type, range, what is required, what was not to be asked. */

import { comparison, holds } from "./condition";
import { type Activity, type Ask } from "./schema";

export const MOST_TEXT = 2000;
export const MOST_ROWS = 200;

/** What is wrong with an answer: no such question, none given, not asked now, or of the wrong type or range. */
export type Reason = "unknown" | "missing" | "not_asked" | "misfit";

/** An answer at fault; `question` is its name, in a row of a repeat `rows[0].name`. */
export interface Fault {
  readonly question: string;
  readonly reason: Reason;
}

type Answers = Readonly<Record<string, unknown>>;

/** Return every answer that does not fit, and every one that is missing. */
export function faults(activity: Activity, body: Answers): Fault[] {
  return [
    ...unknown(activity.ask, body, ""),
    ...activity.ask.flatMap((ask) => answerFaults(ask, body, isAsked(activity, ask, body), "")),
  ];
}

/** Return the questions to ask, given the answers so far. */
export function asked(activity: Activity, body: Answers): Ask[] {
  return activity.ask.filter((ask) => isAsked(activity, ask, body));
}

/** Say whether an answer has its question's type and range; of a repeat, whether it is rows at all. */
export function fits(ask: Ask, answer: unknown): boolean {
  return TYPES[ask.type](ask, answer);
}

function isAsked(activity: Activity, ask: Ask, body: Answers): boolean {
  return ask.show_when === "" || holds(comparison(ask.show_when, activity), body);
}

function unknown(asks: readonly Ask[], answers: Answers, at: string): Fault[] {
  const names = new Set(asks.map((ask) => ask.name));
  const strange = Object.keys(answers).filter((name) => !names.has(name));
  return strange.map((name) => ({ question: at + name, reason: "unknown" }));
}

function answerFaults(ask: Ask, answers: Answers, shown: boolean, at: string): Fault[] {
  const fault = (reason: Reason): Fault[] => [{ question: at + ask.name, reason }];
  if (!Object.hasOwn(answers, ask.name)) return ask.required && shown ? fault("missing") : [];
  if (!shown) return fault("not_asked");
  const answer = answers[ask.name];
  if (!fits(ask, answer)) return fault("misfit");
  return ask.type === "repeat" ? rowFaults(ask, answer as Answers[], at) : [];
}

function rowFaults(ask: Ask, rows: readonly Answers[], at: string): Fault[] {
  return rows.flatMap((row, index) => {
    const here = `${at}${ask.name}[${index}].`;
    return [...unknown(ask.ask, row, here), ...ask.ask.flatMap((inner) => answerFaults(inner, row, true, here))];
  });
}

const CODE = /^[0-9A-Za-z][0-9A-Za-z ./:-]{0,63}$/;

type Check = (ask: Ask, answer: unknown) => boolean;

const isNumber: Check = (ask, answer) => {
  if (typeof answer !== "number" || !Number.isFinite(answer)) return false;
  const inRange = (ask.min === null || answer >= ask.min) && (ask.max === null || answer <= ask.max);
  return inRange && Number(answer.toFixed(ask.decimals)) === answer;
};

/** Characters are counted, not the units that JavaScript stores them in. */
const isText: Check = (_, answer) => typeof answer === "string" && answer !== "" && [...answer].length <= MOST_TEXT;

const isDate: Check = (_, answer) => {
  if (typeof answer !== "string" || !/^[0-9]{4}-[0-9]{2}-[0-9]{2}$/.test(answer) || answer < "0001") return false;
  const day = new Date(`${answer}T00:00:00Z`);
  return !Number.isNaN(day.valueOf()) && day.toISOString().startsWith(answer);
};

/** Accept millionths of a degree and the accuracy in metres, all whole. */
const isPosition: Check = (_, answer) => {
  if (!isTable(answer) || Object.keys(answer).sort().join() !== "lat,lon,within") return false;
  return isWithin(answer["lat"], -90e6, 90e6) && isWithin(answer["lon"], -180e6, 180e6) && isWithin(answer["within"], 0, 100_000);
};

const isRows: Check = (_, answer) => Array.isArray(answer) && answer.length <= MOST_ROWS && answer.every(isTable);

/** The seam where phone numbers, photos and signatures will come in, sealed: until then no answer fits. */
const notYet: Check = () => false;

const TYPES: Record<Ask["type"], Check> = {
  yes_no: (_, answer) => typeof answer === "boolean",
  choice: (ask, answer) => ask.options.some((option) => option.name === answer),
  number: isNumber,
  text: isText,
  date: isDate,
  position: isPosition,
  code: (_, answer) => typeof answer === "string" && CODE.test(answer),
  repeat: isRows,
  phone: notYet,
  photo: notYet,
  signature: notYet,
};

function isTable(value: unknown): value is Answers {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isWithin(value: unknown, least: number, most: number): boolean {
  return typeof value === "number" && Number.isInteger(value) && value >= least && value <= most;
}
