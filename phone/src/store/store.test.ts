import "fake-indexeddb/auto";
import { Dexie } from "dexie";
import { beforeEach, describe, expect, test, vi } from "vitest";
import type { Change, Head } from "./kept";
import { Problem, named } from "./problems";
import { type Options, Store } from "./store";
import type { Place } from "./witness";

const GENESIS: Head = { seq: 0, hash: "" };
const hash = async (prev: string, text: string) => `${prev}|${text}`;
const locks = { request: async (_: string, __: object, hold: () => Promise<void>) => hold() } as unknown as LockManager;
const taken = {
  request: (_: string, { signal }: { signal: AbortSignal }) =>
    new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason))),
} as unknown as LockManager;

let files: { [name: string]: string };
let name: string;
let count = 0;

const place = (called: string): Place => ({
  name: called,
  read: async () => files[called] ?? null,
  write: async (text) => {
    files[called] = text;
  },
});

beforeEach(() => {
  files = {};
  name = `store-${count++}`;
});

const options = (more: Partial<Options> = {}): Options => ({
  name,
  places: [place("one"), place("two")],
  now: () => 1000,
  locks,
  storage: undefined,
  ...more,
});

async function open(more: Partial<Options> = {}) {
  const found = await Store.open(options(more));
  if (!found.ok) throw found.problem;
  return found.value;
}

/** The changes of a record behind a head, and the head after it. */
function record(chain: string, head: Head, text: string): { change: Change; head: Head } {
  const after = { seq: head.seq + 1, hash: `${head.hash}|${text}` };
  return { change: { kind: "record", chain, prev: head.hash, text, ...after }, head: after };
}

const begin = (chain: string): Change => ({ kind: "begin", chain, follows: null });

/** A store with so many records in chain a. */
async function holding(records: number, more: Partial<Options> = {}) {
  const { store } = await open(more);
  let head = GENESIS;
  for (let n = 1; n <= records; n++) {
    const made = record("a", head, `text ${n}`);
    expect((await store.write([begin("a"), made.change])).ok).toBe(true);
    head = made.head;
  }
  return { store, head };
}

const code = (result: { ok: boolean; problem?: Problem }) => result.problem?.code;

describe("the store", () => {
  test("keeps records with their chain's head, and says so with the heads", async () => {
    const { store, head } = await holding(1);
    const made = record("a", head, "text 2");
    const saved = await store.write([made.change]);
    expect(saved).toMatchObject({ ok: true, value: { witnesses: ["one", "two"] } });
    expect(saved.ok && saved.value.heads.get("a")).toEqual(made.head);
    const held = await store.read();
    expect(held.ok && held.value.records.map((kept) => kept.text)).toEqual(["text 1", "text 2"]);
    expect(held.ok && held.value.chains).toMatchObject([{ id: "a", seq: 2, hash: made.head.hash }]);
    expect(await store.audit(hash)).toEqual({ ok: true, value: [] });
  });

  test("takes nothing of what is written together if one of it does not follow", async () => {
    const { store, head } = await holding(1);
    const [two, wrong] = [record("a", head, "two"), record("a", { seq: 5, hash: "x" }, "six")];
    expect(code(await store.write([{ kind: "draft", id: "d", value: 1 }, two.change, wrong.change]))).toBe("store.out_of_turn");
    const held = await store.read();
    expect(held.ok && [held.value.records.length, held.value.drafts.length]).toEqual([1, 0]);
  });

  test("a record written again, byte for byte, does no harm; another under its number is refused", async () => {
    const { store } = await holding(2);
    const again = record("a", GENESIS, "text 1");
    expect(await store.write([again.change])).toMatchObject({ ok: true });
    expect(code(await store.write([record("a", GENESIS, "another").change]))).toBe("store.out_of_turn");
    const held = await store.read();
    expect(held.ok && held.value.records.length).toBe(2);
  });

  test("a draft ends with its record; receipts above a number are dropped", async () => {
    const { store, head } = await holding(2);
    const receipt = (seq: number): Change => ({
      kind: "receipt",
      chain: "a",
      receipt: { seq, id: "i", hash: "h", position: seq, received: 1, occurred: 1, quarantine: null },
    });
    await store.write([{ kind: "draft", id: "d", value: { a: 1 } }, receipt(1), receipt(2)]);
    await store.write([record("a", head, "three").change, { kind: "undraft", id: "d" }, { kind: "lost", chain: "a", above: 1 }]);
    const held = await store.read();
    expect(held.ok && [held.value.drafts, held.value.receipts.map((row) => row.receipt.seq)]).toEqual([[], [1]]);
  });

  test("a store that was cleared is named lost at the next start, until a person has read it", async () => {
    const { store } = await holding(3);
    store.close();
    await Dexie.delete(name);
    const again = await open();
    expect(again.opening.losses).toMatchObject([{ kind: "wiped", chain: "a", missing: 3, since: 1000 }]);
    expect(code(await again.store.write([begin("a")]))).toBe("store.ended");
    expect((await again.store.acknowledge(again.opening.losses[0]!.id)).ok).toBe(true);
    again.store.close();
    expect((await open()).opening.losses).toEqual([]);
  });

  test("a chain that lost its end takes no more", async () => {
    const { store } = await holding(3);
    store.close();
    const older = new Dexie(name);
    await older.open();
    await older.table("records").delete(["a", 3]);
    await older.table("chains").update("a", { seq: 2, hash: "|text 1|text 2" });
    older.close();
    const again = await open();
    expect(again.opening.losses).toMatchObject([{ kind: "rolled back", held: 2, shown: 3, missing: 1, since: 1000 }]);
    expect(code(await again.store.write([record("a", { seq: 2, hash: "|text 1|text 2" }, "other").change]))).toBe("store.ended");
  });

  test("a loss that cannot be kept is named all the same, its chain takes no more, and it is named again", async () => {
    const { store } = await holding(3);
    store.close();
    const older = new Dexie(name);
    await older.open();
    await older.table("records").delete(["a", 3]);
    await older.table("chains").update("a", { seq: 2, hash: "|text 1|text 2" });
    older.close();
    const put = vi.spyOn(IDBObjectStore.prototype, "put").mockImplementation(() => {
      throw new DOMException("full", "QuotaExceededError");
    });
    const again = await open();
    put.mockRestore();
    expect(again.opening.losses).toMatchObject([{ held: 2, shown: 3 }]);
    expect(code(await again.store.write([record("a", { seq: 2, hash: "|text 1|text 2" }, "other").change]))).toBe("store.ended");
    again.store.close();
    expect((await open()).opening.losses).toMatchObject([{ held: 2, shown: 3 }]);
  });

  test("an audit names a record whose text is not what its hash says", async () => {
    const { store } = await holding(3);
    store.close();
    const spoiling = new Dexie(name);
    await spoiling.open();
    await spoiling.table("records").update(["a", 2], { text: "spoiled" });
    spoiling.close();
    const again = await open();
    expect(await again.store.audit(hash)).toMatchObject({
      ok: true,
      value: [{ kind: "damaged", held: 1, shown: 3, missing: 1 }],
    });
  });

  test("a second tab reads and does not write", async () => {
    const { store } = await holding(1);
    const second = await open({ locks: taken });
    expect(second.opening.writes).toBe(false);
    expect(code(await second.store.write([{ kind: "draft", id: "d", value: 1 }]))).toBe("store.second_tab");
    store.close();
  });

  test("without locks nothing is written at all", async () => {
    expect(code(await Store.open(options({ locks: undefined })))).toBe("store.refused");
  });

  test("a newer version elsewhere closes the store, and it says so", async () => {
    const { store } = await holding(1);
    const newer = new Dexie(name);
    newer.version(99).stores({});
    await newer.open();
    expect(code(await store.write([{ kind: "draft", id: "d", value: 1 }]))).toBe("store.newer");
    newer.close();
    expect(code(await Store.open(options()))).toBe("store.newer");
  });

  test("an upgrade that another tab blocks ends in its name", async () => {
    const request = indexedDB.open(name, 1);
    await new Promise((done) => (request.onsuccess = done));
    expect(code(await Store.open(options()))).toBe("store.blocked");
    request.result.close();
  });

  test("what the browser threw is named, a full disk also where only the abort's reason tells", () => {
    const full = Object.assign(new Error("abort"), { name: "AbortError", inner: { name: "QuotaExceededError" } });
    const told = Object.assign(new Error("QuotaExceededError "), { name: "AbortError" });
    const whatever = [full, told, { name: "SecurityError" }, "nonsense", new Problem("store.ended")];
    expect(whatever.map((thrown) => named(thrown).code)).toEqual([
      "store.full",
      "store.full",
      "store.refused",
      "store.failed",
      "store.ended",
    ]);
  });
});
