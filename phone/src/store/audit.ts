/** Looking through everything that is kept: does each record follow the one before it, byte for byte? */
import type { Chain, Loss, Record } from "./kept";

/** The chain's hash over a record, as docs/protocol.md says. */
export type Hash = (prev: string, text: string) => Promise<string>;

/**
 * Return the damage in one chain, or null: a number that is missing, a text that is not what its hash says, a head that is not its
 * last record. `records` are those of the chain in order.
 */
export async function damage(chain: Chain, records: readonly Record[], hash: Hash, now: number): Promise<Loss | null> {
  const bySeq = new Map(records.map((record) => [record.seq, record]));
  let good = 0;
  let whole = 0;
  let prev = "";
  for (let seq = 1; seq <= chain.seq; seq++) {
    const record = bySeq.get(seq);
    const right = record !== undefined && (await hash(prev, record.text)) === record.hash;
    if (right) whole++;
    if (right && good === seq - 1) good = seq;
    prev = record?.hash ?? prev;
  }
  const missing = chain.seq - whole;
  if (missing === 0 && prev === chain.hash) return null;
  const since = bySeq.get(good)?.at ?? null;
  const id = `${chain.id}/damaged-${good}-${chain.seq}`;
  return {
    id,
    kind: "damaged",
    chain: chain.id,
    held: good,
    shown: chain.seq,
    missing: Math.max(1, missing),
    since,
    until: now,
    found: now,
  };
}
