/** The server's side, for tests: what a batch does to a chain, and a ledger in memory that answers as docs/protocol.md says. */

import { type Batch, type HeadOf, type Heartbeat, MOST_RECORDS, type Receipt } from "../../src/protocol/messages";
import { chainHash, decode, type Envelope, GENESIS, VERSION } from "../../src/protocol/record";
import { settle, type Settled } from "../../src/protocol/time";

/** The end of a chain, and the time of its last record. */
export interface Head extends HeadOf {
  readonly last: Settled | null;
}

/** A new record: its exact text, and what was read from it (null: it cannot be read). */
export interface Taken {
  readonly seq: number;
  readonly hash: string;
  readonly text: string;
  readonly envelope: Envelope | null;
  readonly settled: Settled;
}

/** What a batch does to a chain: records are taken, or it is refused and nothing has happened. */
export type Accepted = { after: Head; taken: Taken[] } | { refused: string; seq?: number };

/** Judge a batch; `held` are the hashes of the chain's records so far. */
export async function accept(head: Head, batch: Batch, held: readonly string[], received: number): Promise<Accepted> {
  const { v, records, first_seq: first } = batch;
  if (v !== VERSION || records.length < 1 || records.length > MOST_RECORDS || first < 1) return { refused: "ledger.bad_batch" };
  if (first > head.last_seq + 1) return { refused: "ledger.gap" };
  const taken: Taken[] = [];
  let [after, prev] = [head, held[first - 2] ?? GENESIS];
  for (const [index, text] of records.entries()) {
    const seq = first + index;
    const envelope = read(text);
    prev = await chainHash(prev, text);
    if (seq <= head.last_seq) {
      if (prev !== held[seq - 1]) return { refused: "ledger.fork", seq };
      continue;
    }
    if (envelope !== null && envelope.prev !== after.last_hash) return { refused: "ledger.fork", seq };
    const settled = settledAt(envelope, batch, received, after.last);
    taken.push({ seq, hash: prev, text, envelope, settled });
    after = { chain: head.chain, last_seq: seq, last_hash: prev, last: settled };
  }
  return { after, taken };
}

function settledAt(envelope: Envelope | null, batch: Batch, received: number, before: Settled | null): Settled {
  if (envelope !== null) return settle(envelope, batch.sent, received, before);
  return { occurred: received, earliest: before?.earliest ?? null, latest: received };
}

function read(text: string): Envelope | null {
  try {
    return decode(text);
  } catch {
    return null;
  }
}

/** A record as the server stores it. */
export interface Row extends Taken {
  readonly chain: string;
  readonly position: number;
  readonly received: number;
}

/** What comes back over the network. */
export interface Reply {
  readonly status: number;
  readonly body: string;
}

/** One phone's ledger in memory. */
export class Server {
  log: Row[] = [];
  readonly said = new Set<string>();

  /** Return the rows of a chain. */
  rows(chain: string): Row[] {
    return this.log.filter((row) => row.chain === chain);
  }

  /** Answer a batch. */
  async take(body: string, now: number): Promise<Reply> {
    const batch = JSON.parse(body) as Batch;
    const rows = this.rows(batch.chain);
    const head = this.#head(batch.chain);
    const found = await accept(
      head,
      batch,
      rows.map((row) => row.hash),
      now,
    );
    if ("refused" in found) return this.#refuse(found.refused, head);
    for (const taken of found.taken) {
      this.log.push({ ...taken, chain: batch.chain, position: this.log.length + 1, received: now });
    }
    const given = this.rows(batch.chain).slice(batch.first_seq - 1, batch.first_seq - 1 + batch.records.length);
    return { status: 200, body: JSON.stringify({ head: shown(found.after), receipts: given.map(receipt), now }) };
  }

  /** Answer a heartbeat. */
  hear(body: string, now: number): Reply {
    const { chains } = JSON.parse(body) as Heartbeat;
    return { status: 200, body: JSON.stringify({ heads: chains.map(({ chain }) => shown(this.#head(chain))), now }) };
  }

  /** Go back to the backup made when the ledger had so many rows. */
  restore(kept: number): void {
    this.log.length = kept;
  }

  #head(chain: string): Head {
    const last = this.rows(chain).pop();
    return { chain, last_seq: last?.seq ?? 0, last_hash: last?.hash ?? GENESIS, last: last?.settled ?? null };
  }

  #refuse(code: string, head: Head): Reply {
    this.said.add(code);
    return {
      status: code === "ledger.bad_batch" ? 400 : 409,
      body: JSON.stringify({ problem: { code, details: { head: shown(head) } } }),
    };
  }
}

function receipt({ seq, envelope, hash, position, received, settled }: Row): Receipt {
  return { seq, id: envelope?.id ?? null, hash, position, received, occurred: settled.occurred, quarantine: null };
}

function shown({ chain, last_seq, last_hash }: Head): HeadOf {
  return { chain, last_seq, last_hash };
}
