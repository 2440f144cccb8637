/** The client on the phone's store: what a phone that starts again reads back is what it knew. */

import "fake-indexeddb/auto";
import { describe, expect, test } from "vitest";
import { StoreJournal } from "../../src/device/journal";
import type { Chain } from "../../src/protocol/chain";
import { Client } from "../../src/protocol/client";
import { Store } from "../../src/store";

const LOCKS = { request: async (_: string, __: object, hold: () => Promise<void>) => hold() } as unknown as LockManager;
const STAMP = { wall: 1_647_957_600_000, boot: "11111111-1111-4111-8111-111111111111", mono: 5 };
const CONTENT = { activity: "venue_closure", activity_hash: "0".repeat(64), order: "o", body: { open: false } };
const DEVICE = "22222222-2222-4222-8222-222222222222";

let ids = 0;
const newId = () => `id-${++ids}`;

async function opened(name: string): Promise<{ store: Store; client: Client }> {
  const found = await Store.open({ name, places: [], now: () => STAMP.wall, locks: LOCKS, storage: undefined });
  if (!found.ok) throw found.problem;
  const { store } = found.value;
  const client = await Client.open(DEVICE, new StoreJournal(store, newId), { random: () => 0.5, newId });
  return { store, client };
}

/** What a chain knows, to be compared. */
function known(client: Client): unknown {
  const of = ({ id, follows, records, receipts, until, heard }: Chain) => ({ id, follows, records, receipts, until, heard });
  return [...client.chains.values()].map(of);
}

async function answered(client: Client, status: number, answer: (chain: Chain) => unknown): Promise<void> {
  const ask = client.next(0, STAMP);
  if (ask === null) throw new Error("nothing to say");
  await client.heard(ask, status, JSON.stringify(answer(client.chain)), 0, STAMP);
}

const receiptsOf = (chain: Chain) => ({
  head: { chain: chain.id, last_seq: chain.records.length, last_hash: chain.end },
  receipts: chain.records.map(({ seq, id, hash }) => {
    return { seq, id: seq === 1 ? id : null, hash, position: seq, received: 1, occurred: 1, quarantine: null };
  }),
  now: 1,
});

describe("the client on the store", () => {
  test("starts again with its records, receipts and heads", async () => {
    const { store, client } = await opened("again");
    await client.write(CONTENT, STAMP);
    await client.write(CONTENT, STAMP);
    await answered(client, 200, receiptsOf);
    await client.write(CONTENT, STAMP);
    expect(client.holding()).toEqual({ saved: 1, sent: 0, confirmed: 2 });
    store.close();
    const again = await opened("again");
    expect(known(again.client)).toEqual(known(client));
    again.store.close();
  });

  test("starts again behind a fork, with the chain that carries on", async () => {
    const { store, client } = await opened("fork");
    await client.write(CONTENT, STAMP);
    await answered(client, 200, receiptsOf);
    await client.write(CONTENT, STAMP);
    await answered(client, 409, (chain) => ({
      problem: { code: "ledger.fork", details: { head: { chain: chain.id, last_seq: 1, last_hash: chain.hashAt(1) } } },
    }));
    expect(client.chains.size).toBe(2);
    store.close();
    const again = await opened("fork");
    expect(known(again.client)).toEqual(known(client));
    expect(again.client.waiting).toHaveLength(1);
    again.store.close();
  });

  test("forgets receipts that no longer stand, and remembers under which head", async () => {
    const { store, client } = await opened("lost");
    await client.write(CONTENT, STAMP);
    await answered(client, 200, receiptsOf);
    await client.write(CONTENT, STAMP);
    const other = { last_seq: 1, last_hash: "f".repeat(64) };
    await answered(client, 409, (chain) => ({
      problem: { code: "ledger.gap", details: { head: { chain: chain.id, ...other } } },
    }));
    expect(client.chain.receipts.size).toBe(0);
    expect(client.chain.heard).toMatchObject(other);
    store.close();
    const again = await opened("lost");
    expect(known(again.client)).toEqual(known(client));
    again.store.close();
  });

  test("keeps a draft until its duty's record, and no longer", async () => {
    const found = await Store.open({ name: "draft", places: [], now: () => STAMP.wall, locks: LOCKS, storage: undefined });
    if (!found.ok) throw found.problem;
    const { store } = found.value;
    const journal = new StoreJournal(store, newId);
    const client = await Client.open(DEVICE, journal, { random: () => 0.5, newId });
    for (const duty of ["one", "two"]) await journal.draft(duty, { open: true });
    await client.write({ ...CONTENT, duty: "one" }, STAMP);
    const held = await store.read();
    expect(held.ok && held.value.drafts.map(({ id, value }) => [id, value])).toEqual([["two", { open: true }]]);
    const again = new StoreJournal(store, newId);
    await again.read();
    expect([...again.drafts]).toEqual([["two", { open: true }]]);
    store.close();
  });

  test("rejects what the store does not keep, and counts nothing", async () => {
    const { store, client } = await opened("closed");
    store.close();
    await expect(client.write(CONTENT, STAMP)).rejects.toMatchObject({ code: "store.closed" });
    expect(client.holding()).toEqual({ saved: 0, sent: 0, confirmed: 0 });
  });
});
