/** A chain of records as a phone keeps it, and the lines of the journal that it is read back from. */

import { type HeadOf, type Receipt } from "./messages";
import { chainHash, GENESIS } from "./record";

/**
 * One line of a phone's journal: a chain begun, a record kept, a receipt, or what a number means no more.
 *
 * `lost`: receipts above this number no longer stand. `moved`: records above it live on in the newest chain. `heard`: the
 * server's head under which the receipts that now stand were given; written where there ever was a contradicting one.
 */
export interface Entry {
  readonly chain: string;
  readonly begins?: true;
  readonly follows?: string;
  readonly record?: string;
  readonly receipt?: Receipt;
  readonly lost?: number;
  readonly moved?: number;
  readonly heard?: HeadOf;
}

/** A record as the phone keeps it: `text` is exactly what is sent, `hash` its place in the chain. */
export interface Kept {
  readonly seq: number;
  readonly id: string;
  readonly hash: string;
  readonly text: string;
  readonly wall: number;
}

/** One chain: its records, their receipts by number, and up to which number the phone stands by it (null: to the end). */
export class Chain {
  readonly records: Kept[] = [];
  readonly receipts = new Map<number, Receipt>();
  until: number | null = null;
  heard: HeadOf | null = null;

  constructor(
    readonly id: string,
    readonly follows: string | null,
  ) {}

  /** How many records from the first on have a receipt without a hole. */
  get confirmed(): number {
    return this.receipts.size;
  }

  /** How many records the phone stands by in this chain. */
  get length(): number {
    return this.until ?? this.records.length;
  }

  /** The records that have no receipt. */
  get waiting(): Kept[] {
    return this.records.slice(this.confirmed, this.length);
  }

  /** The hash of its last record. */
  get end(): string {
    return this.hashAt(this.records.length);
  }

  /** Return the hash of a record; before the first, that of none; beyond the last, what no record has. */
  hashAt(seq: number): string {
    return seq === 0 ? GENESIS : (this.records[seq - 1]?.hash ?? "no such record");
  }

  /** Say whether this chain cannot have a head: the server holds other records under its numbers. */
  denies(head: HeadOf): boolean {
    return this.hashAt(head.last_seq) !== head.last_hash;
  }

  /** Take a line of the journal in; `kept` is the record that it carries. */
  apply(entry: Entry, kept: Kept | undefined): void {
    if (kept !== undefined) this.records.push(kept);
    if (entry.receipt !== undefined) this.receipts.set(entry.receipt.seq, entry.receipt);
    if (entry.lost !== undefined) this.#drop(entry.lost);
    this.until = entry.moved ?? this.until;
    this.heard = entry.heard ?? this.heard;
  }

  #drop(above: number): void {
    for (const seq of [...this.receipts.keys()]) if (seq > above) this.receipts.delete(seq);
  }
}

/**
 * Return the record that each entry carries, with its hash; `chains` are as they stand before the entries.
 *
 * Each is hashed as if it followed what it names, so that thousands are hashed at once; one that does not (a disk that changed
 * it) is hashed again where it stands, as the server will.
 */
export async function recordsOf(entries: readonly Entry[], chains: ReadonlyMap<string, Chain>): Promise<(Kept | undefined)[]> {
  const named = await Promise.all(entries.map(({ record }) => (record === undefined ? undefined : claimed(record))));
  const ends = new Map<string, string>();
  const found: (Kept | undefined)[] = [];
  for (const [index, { chain }] of entries.entries()) {
    const claim = named[index];
    if (claim === undefined) {
      found.push(undefined);
      continue;
    }
    const prev = ends.get(chain) ?? chains.get(chain)?.end ?? GENESIS;
    const kept = claim.prev === prev ? claim.kept : { ...claim.kept, hash: await chainHash(prev, claim.kept.text) };
    ends.set(chain, kept.hash);
    found.push(kept);
  }
  return found;
}

async function claimed(text: string): Promise<{ prev: string; kept: Kept }> {
  const { seq, id, wall, prev } = JSON.parse(text) as { seq: number; id: string; wall: number; prev: string };
  return { prev, kept: { seq, id, wall, text, hash: await chainHash(prev, text) } };
}
