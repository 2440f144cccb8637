/** What a phone asks a server: to take records, or to say where its chains stand. */

import { type Chain, type Kept } from "./chain";
import { type Batch, type HeadOf, type Heartbeat, type Stamp } from "./messages";
import { VERSION } from "./record";

/** A request to make: `records` or `heartbeat`, with its JSON body. */
export interface Ask {
  readonly kind: "records" | "heartbeat";
  readonly body: string;
  readonly chain: string;
  readonly batch: readonly Kept[];
}

/** Return the request that hands in what waits first in a chain, `most` records of it at most. */
export function batchOf(chain: Chain, most: number, sent: Stamp): Ask {
  const batch = chain.waiting.slice(0, most);
  const records = batch.map((kept) => kept.text);
  const message: Batch = { v: VERSION, chain: chain.id, first_seq: chain.confirmed + 1, sent, records };
  return { kind: "records", body: JSON.stringify(message), chain: chain.id, batch };
}

/** Return the request that says what a phone still holds, and asks where its chains stand. */
export function heartbeatOf(chains: readonly Chain[]): Ask {
  const waiting = chains.flatMap((chain) => chain.waiting);
  const oldest = waiting.reduce<number | null>((least, { wall }) => (least === null ? wall : Math.min(least, wall)), null);
  const message: Heartbeat = { v: VERSION, holds: waiting.length, oldest, chains: chains.map(headOf) };
  return { kind: "heartbeat", body: JSON.stringify(message), chain: "", batch: [] };
}

function headOf(chain: Chain): HeadOf {
  return { chain: chain.id, last_seq: chain.confirmed, last_hash: chain.hashAt(chain.confirmed) };
}
