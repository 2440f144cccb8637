/**
 * One comparison: `question = value`, with `=`, `!=`, `<`, `<=`, `>`, `>=`. It never grows into a language.
 *
 * What opens or closes a matter may instead be `closed MATTER` (another one was settled) or `rule NAME`, which only the server
 * can judge: it looks at earlier records that this phone may not hold.
 */

import { type Activity, type Ask } from "./schema";

type Value = boolean | number | string;
type Operator = "=" | "!=" | "<" | "<=" | ">" | ">=";

/** A comparison with its value already read as the question's type. */
export interface Comparison {
  readonly kind: "comparison";
  readonly question: string;
  readonly op: Operator;
  readonly value: Value;
}

/** What opens or closes a matter. */
export type Trigger =
  Comparison | { readonly kind: "closed"; readonly matter: string } | { readonly kind: "rule"; readonly rule: string };

/** A condition cannot be read: the activity is for a newer phone. The loader lets no other through. */
export class BadConditionError extends Error {
  override readonly name = "BadConditionError";
}

const SHAPE = /^(\w+) (=|!=|<=?|>=?) (\S+)$/;
const DECIMAL = /^[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?$/;

/** Read a condition over an activity's questions; throw BadConditionError. */
export function comparison(text: string, activity: Activity): Comparison {
  const [, name, op, word] = SHAPE.exec(text) ?? [];
  const question = activity.ask.find((ask) => ask.name === name);
  if (question === undefined || word === undefined) throw new BadConditionError(`“${text}” compares no question`);
  if (op !== "=" && op !== "!=" && question.type !== "number")
    throw new BadConditionError(`“${text}”: ${question.type} has no order`);
  return { kind: "comparison", question: question.name, op: op as Operator, value: valueOf(word, question) };
}

/** Read what opens or closes a matter; throw BadConditionError. */
export function trigger(text: string, activity: Activity): Trigger {
  const [verb, ...rest] = text.split(" ");
  if (verb === "closed") return { kind: "closed", matter: rest.join(" ") };
  if (verb === "rule") return { kind: "rule", rule: rest.join(" ") };
  return comparison(text, activity);
}

/** Say whether answers satisfy a comparison; an unanswered question satisfies nothing. */
export function holds({ question, op, value }: Comparison, body: Readonly<Record<string, unknown>>): boolean {
  const answer = Object.hasOwn(body, question) ? body[question] : undefined;
  if (typeof answer !== "boolean" && typeof answer !== "number" && typeof answer !== "string") return false;
  const [left, right] = [counted(answer), counted(value)];
  if (op === "=") return left === right;
  if (op === "!=") return left !== right;
  return typeof left === "number" && typeof right === "number" && ORDERS[op](left, right);
}

const ORDERS: Record<Exclude<Operator, "=" | "!=">, (left: number, right: number) => boolean> = {
  "<": (left, right) => left < right,
  "<=": (left, right) => left <= right,
  ">": (left, right) => left > right,
  ">=": (left, right) => left >= right,
};

/** In the server's language yes is 1 and no is 0; it matters only for answers of the wrong type, which are then wrong alike. */
function counted(value: Value): number | string {
  return typeof value === "boolean" ? Number(value) : value;
}

function valueOf(word: string, question: Ask): Value {
  if (question.type === "yes_no" && (word === "yes" || word === "no")) return word === "yes";
  if (question.type === "number" && DECIMAL.test(word)) return Number(word);
  if (question.type === "choice" && question.options.some((option) => option.name === word)) return word;
  throw new BadConditionError(`“${word}” is no answer to ${question.name}`);
}
