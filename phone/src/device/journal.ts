/** The client's journal on the phone's store: its entries are the store's changes, and what the store holds is read back as entries. */

import type { Entry } from "../protocol/chain";
import type { Journal } from "../protocol/client";
import type { Receipt } from "../protocol/messages";
import { chainHash } from "../protocol/record";
import type { Chain, Change, Holdings, Result, Store } from "../store";

/** A journal whose writing is fulfilled when the store has read back what it wrote; rejects with the store's Problem. */
export class StoreJournal implements Journal {
  /** What was begun and not saved, by duty. */
  readonly drafts = new Map<string, unknown>();

  constructor(
    private readonly store: Store,
    private readonly newId: () => string,
  ) {}

  /** Write entries; a record ends its duty's draft in the same transaction, so that neither is ever there without the other. */
  async write(entries: readonly Entry[]): Promise<void> {
    const changes = (await Promise.all(entries.map(changesOf))).flat();
    const ended = entries.some(({ begins }) => begins) ? [] : entries.flatMap((entry) => this.draftsOf(entry));
    valueOf(await this.store.write([...changes, ...ended.map((id): Change => ({ kind: "undraft", id }))]));
    for (const id of ended) this.drafts.delete(id);
  }

  /** Keep what was begun for a duty; reject with the store's Problem. */
  async draft(duty: string, value: unknown): Promise<void> {
    this.drafts.set(duty, value);
    valueOf(await this.store.write([{ kind: "draft", id: duty, value }]));
  }

  /** Read everything; behind a chain with a loss, which takes no more records, begin another. */
  async read(): Promise<readonly Entry[]> {
    const held = valueOf(await this.store.read());
    for (const { id, value } of held.drafts) this.drafts.set(id, value);
    const entries = held.chains.flatMap((chain) => entriesOf(chain, held));
    const newest = held.chains.at(-1);
    if (newest === undefined || !newest.ended) return entries;
    const follows = lastConfirmed(newest, held);
    const fresh: Entry = { chain: this.newId(), begins: true, ...(follows === undefined ? {} : { follows }) };
    await this.write([fresh]);
    return [...entries, fresh];
  }

  private draftsOf({ record }: Entry): string[] {
    if (record === undefined) return [];
    const { duty } = JSON.parse(record) as { duty: string | null };
    return duty !== null && this.drafts.has(duty) ? [duty] : [];
  }
}

/** Return a result's value, or throw its problem. */
export function valueOf<T>(result: Result<T>): T {
  if (!result.ok) throw result.problem;
  return result.value;
}

async function changesOf(entry: Entry): Promise<Change[]> {
  const { chain } = entry;
  const changes: Change[] = [];
  if (entry.begins) changes.push({ kind: "begin", chain, follows: entry.follows ?? null });
  if (entry.record !== undefined) {
    const { seq, prev } = JSON.parse(entry.record) as { seq: number; prev: string };
    changes.push({ kind: "record", chain, seq, prev, text: entry.record, hash: await chainHash(prev, entry.record) });
  }
  if (entry.receipt !== undefined)
    changes.push({ kind: "receipt", chain, receipt: { ...entry.receipt, id: entry.receipt.id ?? "" } });
  if (entry.lost !== undefined) changes.push({ kind: "lost", chain, above: entry.lost });
  if (entry.moved !== undefined) changes.push({ kind: "moved", chain, until: entry.moved });
  if (entry.heard !== undefined) {
    changes.push({ kind: "heard", chain, head: { seq: entry.heard.last_seq, hash: entry.heard.last_hash } });
  }
  return changes;
}

function entriesOf(chain: Chain, held: Holdings): Entry[] {
  const { id } = chain;
  const records = held.records.filter((record) => record.chain === id).sort((one, other) => one.seq - other.seq);
  const receipts = held.receipts.filter((kept) => kept.chain === id).map(({ receipt }) => receiptOf(receipt));
  return [
    { chain: id, begins: true, ...(chain.follows === null ? {} : { follows: chain.follows }) },
    ...records.map(({ text }) => ({ chain: id, record: text })),
    ...receipts.map((receipt) => ({ chain: id, receipt })),
    ...(chain.until === null ? [] : [{ chain: id, moved: chain.until }]),
    ...(chain.heard === null
      ? []
      : [{ chain: id, heard: { chain: id, last_seq: chain.heard.seq, last_hash: chain.heard.hash } }]),
  ];
}

/** A record that nobody could read has a receipt without an id, which the store keeps as an empty one. */
function receiptOf(receipt: Holdings["receipts"][number]["receipt"]): Receipt {
  return { ...receipt, id: receipt.id || null };
}

function lastConfirmed(chain: Chain, held: Holdings): string | undefined {
  const confirmed = held.receipts.filter((kept) => kept.chain === chain.id).length;
  return held.records.find((record) => record.chain === chain.id && record.seq === confirmed)?.hash;
}
