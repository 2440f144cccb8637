/** What goes over the wire, as JSON: docs/protocol.md. Times are ms since 1970 (UTC) unless they say otherwise. */

/** Records in a batch. */
export const MOST_RECORDS = 200;

/** A moment by the phone's clocks: its wall clock, its boot session, and ms since that boot; all whole. */
export interface Stamp {
  readonly wall: number;
  readonly boot: string;
  readonly mono: number;
}

/** Consecutive records of one chain, each the exact text; the first has number `first_seq`; `sent`: when it left. */
export interface Batch {
  readonly v: number;
  readonly chain: string;
  readonly first_seq: number;
  readonly sent: Stamp;
  readonly records: readonly string[];
}

/** Where a chain stands at the server: 0 and "" for one it has never seen. */
export interface HeadOf {
  readonly chain: string;
  readonly last_seq: number;
  readonly last_hash: string;
}

/** What a phone gets for a record; `quarantine` is null, or the code of what is wrong with it. */
export interface Receipt {
  readonly seq: number;
  readonly id: string | null;
  readonly hash: string;
  readonly position: number;
  readonly received: number;
  readonly occurred: number;
  readonly quarantine: string | null;
}

/** The answer to a batch; `now` is the server's time as it answered. */
export interface Answer {
  readonly head: HeadOf;
  readonly receipts: readonly Receipt[];
  readonly now: number;
}

/** “I still hold N”: how many records have no receipt, the oldest one's wall time, where the phone thinks its chains stand. */
export interface Heartbeat {
  readonly v: number;
  readonly holds: number;
  readonly oldest: number | null;
  readonly chains: readonly HeadOf[];
}

/** The answer to a heartbeat: where the chains really stand. */
export interface Heard {
  readonly heads: readonly HeadOf[];
  readonly now: number;
}

/** What a refusal says that the phone acts on; an empty `code` if it says nothing that can be read. */
export interface Refusal {
  readonly code: string;
  readonly head: HeadOf | null;
}

/** An answer that cannot be read: a hotel's sign-in page says 200 too. */
export class GarbledError extends Error {
  override readonly name = "GarbledError";
}

/** Say whether two heads are the same. */
export function sameHead(one: HeadOf | null, other: HeadOf | null): boolean {
  if (one === null || other === null) return one === other;
  return one.chain === other.chain && one.last_seq === other.last_seq && one.last_hash === other.last_hash;
}

/** Read the answer to a batch; throw GarbledError. */
export function readAnswer(text: string): Answer {
  const { head, receipts, now } = object(parsed(text));
  return { head: headOf(head), receipts: list(receipts).map(receipt), now: whole(now) };
}

/** Read the answer to a heartbeat; throw GarbledError. */
export function readHeard(text: string): Heard {
  const { heads, now } = object(parsed(text));
  return { heads: list(heads).map(headOf), now: whole(now) };
}

/** Read a refusal; whatever cannot be read says nothing. */
export function readRefusal(text: string): Refusal {
  try {
    const { code = "", details = {} } = object(object(parsed(text))["problem"] ?? {});
    const { head = null } = object(details);
    return { code: string(code), head: head === null ? null : headOf(head) };
  } catch (error) {
    if (error instanceof GarbledError) return { code: "", head: null };
    throw error;
  }
}

/** Nothing between phone and server may silence a phone for longer, in ms. */
export const MOST_RETRY = 3_600_000;

/** Return for how many ms a busy server asks to be left alone; 0 if its `Retry-After` says no seconds (dates need a right clock). */
export function retryAfter(header: string | null): number {
  return header !== null && /^[0-9]+$/.test(header) ? Math.min(Number(header) * 1000, MOST_RETRY) : 0;
}

function receipt(value: unknown): Receipt {
  const { seq, id, hash, position, received, occurred, quarantine } = object(value);
  return {
    seq: whole(seq),
    id: id === null ? null : string(id),
    hash: string(hash),
    position: whole(position),
    received: whole(received),
    occurred: whole(occurred),
    quarantine: quarantine === null ? null : string(quarantine),
  };
}

function headOf(value: unknown): HeadOf {
  const { chain, last_seq, last_hash } = object(value);
  return { chain: string(chain), last_seq: whole(last_seq), last_hash: string(last_hash) };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new GarbledError("not JSON");
  }
}

function object(value: unknown): Record<string, unknown> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw new GarbledError("not an object");
  return value as Record<string, unknown>;
}

function list(value: unknown): unknown[] {
  if (!Array.isArray(value)) throw new GarbledError("not a list");
  return value;
}

function string(value: unknown): string {
  if (typeof value !== "string") throw new GarbledError("not a text");
  return value;
}

function whole(value: unknown): number {
  if (!Number.isSafeInteger(value)) throw new GarbledError("not a whole number");
  return value as number;
}
