/**
 * A record's bytes, version 1, and its place in a chain: docs/protocol.md.
 *
 * A record is kept and sent as a text, which stands for its UTF-8 bytes: there is one way to write what it says, the same in
 * every language.
 */

export const VERSION = 1;
/** `prev` of the first record of a chain. */
export const GENESIS = "";
/** The longest record, in bytes. */
export const MOST_BYTES = 65_536;
/** Numbers that are not whole lie between minus and plus this, so that every language writes them alike. */
export const LARGEST = 1e12;
/** So many digits may stand after a number's point. */
export const DECIMALS = 3;
/** Characters of the reason that an act may give. */
export const MOST_REASON = 200;

/** Any value that JSON can say. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };
/** Answers by question, or what an act says. */
export type Body = { readonly [question: string]: Json };

const ACTS = ["report", "correct", "withdraw", "release", "merge", "approve", "settle", "reassign"] as const;
const CHANNELS = ["phone", "desk", "call", "paper", "import"] as const;

/** What a record does: it reports, or does something to the record or matter that `target` names. */
export type Act = (typeof ACTS)[number];
/** How a record came to be written down. */
export type Channel = (typeof CHANNELS)[number];
/** The server's time (ms since 1970) that the phone last heard, and its own `mono` at that moment, in the same boot. */
export type Seen = readonly [server: number, mono: number];

/** What every record carries, whatever its activity. Times in ms; `wall` since 1970 UTC, `mono` since the phone's boot. */
export interface Envelope {
  readonly v: number;
  readonly id: string;
  readonly device: string;
  readonly chain: string;
  readonly seq: number;
  readonly prev: string;
  /** On the first record of a chain that carries on another: the hash of the last record there that had a receipt. */
  readonly follows: string | null;
  readonly act: Act;
  readonly target: string | null;
  readonly activity: string;
  readonly activity_hash: string;
  readonly order: string;
  readonly place: string | null;
  readonly duty: string | null;
  readonly subject: string | null;
  readonly speaker: string | null;
  readonly channel: Channel;
  readonly wall: number;
  readonly boot: string;
  readonly mono: number;
  readonly seen: Seen | null;
  /** A stated time, for what was not written down as it happened. */
  readonly at: number | null;
  readonly body: Body;
}

/** What a record says unless it says otherwise. */
export const PLAIN = {
  act: "report",
  target: null,
  place: null,
  duty: null,
  subject: null,
  speaker: null,
  channel: "phone",
  at: null,
} as const satisfies Partial<Envelope>;

/** A value is no record: a key is missing, unknown or of the wrong type; the message names it. */
export class NotARecordError extends Error {
  override readonly name = "NotARecordError";
}

/** A value has no canonical form, or bytes are not in it; the message says where. */
export class NotCanonicalError extends Error {
  override readonly name = "NotCanonicalError";
}

/** Return the canonical text of a record. Throw NotARecordError or NotCanonicalError. */
export function encode(record: Envelope): string {
  requireEnvelope(record);
  return written(record, "");
}

/** Read a record's text. Throw NotARecordError, or NotCanonicalError if it is not the one way to write what it says. */
export function decode(text: string): Envelope {
  if (byteLength(text) > MOST_BYTES) throw new NotARecordError(`more than ${MOST_BYTES} bytes`);
  const found = parsed(text);
  requireEnvelope(found);
  if (written(found, "") !== text) throw new NotCanonicalError("keys, spaces, escapes or numbers are not in the canonical form");
  return found;
}

/** Return how many bytes a text takes on the wire and in the ledger. */
export function byteLength(text: string): number {
  return UTF8.encode(text).length;
}

/** Return SHA-256(prev ‖ text) in hex: the hash of a record that follows the one with hash `prev`. */
export async function chainHash(prev: string, text: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", UTF8.encode(prev + text));
  let hex = "";
  for (const byte of new Uint8Array(digest)) hex += HEX[byte];
  return hex;
}

/** Every byte in hex: a phone that starts hashes all its records. */
const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

const UTF8 = new TextEncoder();

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new NotARecordError("not JSON");
  }
}

type Check = (value: unknown) => boolean;

const isText: Check = (value) => typeof value === "string";
const isWhole: Check = Number.isSafeInteger;
const isSeen: Check = (value) => Array.isArray(value) && value.length === 2 && value.every(isWhole);
const isOneOf =
  (words: readonly unknown[]): Check =>
  (value) =>
    words.includes(value);
const orNull =
  (check: Check): Check =>
  (value) =>
    value === null || check(value);

const SHAPE: Record<keyof Envelope, Check> = {
  v: isWhole,
  id: isText,
  device: isText,
  chain: isText,
  seq: isWhole,
  prev: isText,
  follows: orNull(isText),
  act: isOneOf(ACTS),
  target: orNull(isText),
  activity: isText,
  activity_hash: isText,
  order: isText,
  place: orNull(isText),
  duty: orNull(isText),
  subject: orNull(isText),
  speaker: orNull(isText),
  channel: isOneOf(CHANNELS),
  wall: isWhole,
  boot: isText,
  mono: isWhole,
  seen: orNull(isSeen),
  at: orNull(isWhole),
  body: isObject,
};

const KEYS: ReadonlySet<string> = new Set(Object.keys(SHAPE));

function isObject(value: unknown): value is { readonly [key: string]: unknown } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function requireEnvelope(value: unknown): asserts value is Envelope {
  if (!isObject(value)) throw new NotARecordError("not an object");
  for (const [key, fits] of Object.entries(SHAPE)) {
    if (!fits(value[key])) throw new NotARecordError(`${key}: missing, or of the wrong type`);
  }
  const unknown = Object.keys(value).find((key) => !KEYS.has(key));
  if (unknown !== undefined) throw new NotARecordError(`${unknown}: no such key`);
}

function written(value: unknown, at: string): string {
  if (value === null || typeof value === "boolean") return String(value);
  if (typeof value === "string") return quoted(value, at);
  if (typeof value === "number") return numeral(value, at);
  if (Array.isArray(value)) return `[${value.map((part, index) => written(part, `${at}[${index}]`)).join(",")}]`;
  if (isObject(value)) return `{${members(value, at).join(",")}}`;
  throw new NotCanonicalError(`${at}: ${typeof value} is nothing that JSON can say`);
}

function members(value: { readonly [key: string]: unknown }, at: string): string[] {
  const keys = Object.keys(value).sort(byCodePoint);
  return keys.map((key) => `${quoted(key, at)}:${written(value[key], at ? `${at}.${key}` : key)}`);
}

/** JSON.stringify escapes exactly what the protocol wants escaped; but half a character has no UTF-8. */
function quoted(text: string, at: string): string {
  if (/\p{Surrogate}/u.test(text)) throw new NotCanonicalError(`${at}: half of a character`);
  return JSON.stringify(text);
}

function numeral(value: number, at: string): string {
  const tidy = Math.abs(value) < LARGEST && Number(value.toFixed(DECIMALS)) === value;
  if (!Number.isSafeInteger(value) && !tidy) {
    throw new NotCanonicalError(`${at}: ${value} is too large, or has more than ${DECIMALS} decimals`);
  }
  return String(value);
}

/** Compare by code point: by itself JavaScript compares UTF-16 units, and puts U+1F600 before U+FFFD. */
function byCodePoint(one: string, other: string): number {
  for (let at = 0; at < Math.min(one.length, other.length); at++) {
    const [left, right] = [one.charCodeAt(at), other.charCodeAt(at)];
    if (left !== right) return rank(left) - rank(right);
  }
  return one.length - other.length;
}

/** Halves of characters beyond U+FFFF come after all that are whole. */
function rank(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit;
}
