import fc from "fast-check";
import { describe, expect, it, test } from "vitest";

import { type Ask } from "../../src/protocol/ask";
import { type Entry } from "../../src/protocol/chain";
import { BrokenServerError, Client, type Content, TooLongError } from "../../src/protocol/client";
import { MOST_RETRY, retryAfter, type Stamp } from "../../src/protocol/messages";
import { chainHash, decode, GENESIS, MOST_BYTES, NotARecordError } from "../../src/protocol/record";
import { vectors } from "../vectors";
import { asks, content, Disk, hears, ids, phone, receipts, refusal, says } from "./cast";
import { NOON, STAMP } from "./records";

interface Step {
  do: "write" | "next" | "heard" | "missed" | "restart";
  now: number;
  stamp: Stamp;
  content: Content;
  status: number;
  answer: unknown;
  retry_after: number | null;
  journal: Entry[];
  wakes: number;
  holding: object | null;
  result: unknown;
}

/** One phone of a conversation, as the script that was written down drove it. */
class Actor {
  readonly disk = new Disk();
  client!: Client;
  #ask: Ask | null = null;
  #ids = 0;

  async start(): Promise<null> {
    const newId = () => `0190e5a2-0000-7000-9000-${String((this.#ids += 1)).padStart(12, "0")}`;
    const pace = { first: 500, most: 4_000, beat: 600_000 };
    const means = { random: () => 1, newId, pace, batch: 2 };
    this.client = await Client.open("0190e5a2-0000-7000-8000-00000000d001", this.disk, means);
    return null;
  }

  async does(step: Step): Promise<unknown> {
    if (step.do === "restart") return this.start();
    if (step.do === "write") return (await this.client.write(step.content, step.stamp)).text;
    if (step.do === "missed") return this.client.missed(step.now) ?? null;
    if (step.do === "next") {
      this.#ask = this.client.next(step.now, step.stamp);
      return this.#ask && { kind: this.#ask.kind, body: JSON.parse(this.#ask.body) };
    }
    const body = typeof step.answer === "string" ? step.answer : JSON.stringify(step.answer);
    await this.client.heard(this.#ask!, step.status, body, step.now, step.stamp, step.retry_after ?? 0);
    return this.client.blocked;
  }
}

describe("vectors", () => {
  test.each(vectors<{ why: string; steps: Step[] }[]>("client"))("conversation:$why", async ({ steps }) => {
    const actor = new Actor();
    await actor.start();
    for (const [index, step] of steps.entries()) {
      const before = actor.disk.entries.length;
      const result = await actor.does(step);
      const said = {
        result,
        journal: actor.disk.entries.slice(before),
        wakes: actor.client.wakes(),
        holding: actor.client.holding(),
      };
      const holding = step.holding ?? said.holding;
      expect(said, `step ${index}: ${step.do}`).toEqual({
        result: step.result,
        journal: step.journal,
        wakes: step.wakes,
        holding,
      });
    }
  });
});

it("sends all in batches and gets all confirmed", async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 5 }), async (count, batch) => {
      const client = await phone(new Disk(), ids(), batch);
      await says(client, count);
      expect(client.holding()).toEqual({ saved: count, sent: 0, confirmed: 0 });
      let sendings = 0;
      while (client.holding().confirmed < count) {
        const ask = asks(client);
        expect(client.holding().sent).toBe(ask.batch.length);
        await hears(client, ask, 200, receipts(ask));
        sendings += 1;
      }
      expect(sendings).toBe(Math.ceil(count / batch));
      expect(client.holding()).toEqual({ saved: 0, sent: 0, confirmed: count });
    }),
  );
});

it("has lost nothing when it starts again, and goes on in its chain", async () => {
  await fc.assert(
    fc.asyncProperty(fc.nat(6), fc.nat(6), async (confirmed, waiting) => {
      const [disk, newId] = [new Disk(), ids()];
      const client = await phone(disk, newId);
      await says(client, confirmed);
      const ask = client.next(0, STAMP);
      if (ask?.kind === "records") await hears(client, ask, 200, receipts(ask));
      await says(client, waiting);
      const again = await phone(disk, newId);
      expect(again.holding()).toEqual({ saved: waiting, sent: 0, confirmed });
      expect(again.chain.records).toEqual(client.chain.records);
      await says(client);
      expect(decode(client.chain.records[confirmed + waiting]!.text).prev).toBe(again.chain.end);
    }),
  );
});

it("gives records that are made at once their own numbers", async () => {
  const disk = new Disk();
  const client = await phone(disk, ids());
  const kept = await Promise.all([1, 2, 3, 4].map((n) => client.write(content(n), STAMP)));
  expect(kept.map(({ seq, text }) => [seq, decode(text).body["n"]])).toEqual([1, 2, 3, 4].map((n) => [n, n]));
  expect((await phone(disk, ids())).chain.records).toEqual(kept);
});

it("lets no record join a chain that is being left", async () => {
  const client = await phone(new Disk(), ids());
  await says(client, 2);
  const other = { chain: client.chain.id, last_seq: 0, last_hash: "" };
  const moved = hears(client, asks(client), 409, refusal("ledger.fork", other));
  const late = client.write(content(9), STAMP);
  await Promise.all([moved, late]);
  expect([...client.chains.values()].map((chain) => chain.length)).toEqual([0, 3]);
  expect(client.waiting.map(({ text }) => decode(text).body["n"])).toEqual([0, 1, 9]);
});

it("keeps nothing that its disk did not take, and goes on", async () => {
  const disk = new Disk();
  const client = await phone(disk, ids());
  disk.write = () => Promise.reject(new Error("full"));
  await expect(client.write(content(1), STAMP)).rejects.toThrow("full");
  expect(client.holding()).toEqual({ saved: 0, sent: 0, confirmed: 0 });
  disk.write = Disk.prototype.write.bind(disk);
  await says(client);
  expect(client.chain.records.map(({ seq }) => seq)).toEqual([1]);
});

it("takes no receipt that its disk did not take", async () => {
  const disk = new Disk();
  const client = await phone(disk, ids());
  await says(client);
  const ask = asks(client);
  disk.write = () => Promise.reject(new Error("full"));
  await expect(hears(client, ask, 200, receipts(ask))).rejects.toThrow("full");
  expect(client.holding()).toEqual({ saved: 0, sent: 1, confirmed: 0 });
});

it("keeps no record that no server can read", async () => {
  const client = await phone(new Disk(), ids());
  await expect(client.write({ ...content(1), body: { text: "x".repeat(MOST_BYTES) } }, STAMP)).rejects.toThrow(TooLongError);
  await expect(client.write(content(1), { ...STAMP, mono: 0.5 })).rejects.toThrow(NotARecordError);
  expect(client.chain.records).toEqual([]);
});

test.each([{ hash: "another" }, { seq: 9 }])("a receipt with %o is for another record, and none", async (changes) => {
  const client = await phone(new Disk(), ids());
  await says(client);
  const ask = asks(client);
  await expect(hears(client, ask, 200, receipts(ask, undefined, changes))).rejects.toThrow(BrokenServerError);
  expect(client.holding().confirmed).toBe(0);
});

test.each([
  [0, 0.5],
  [1, 1],
])("waiting doubles up to the most, less a random part (%d), and an answer ends it", async (random, share) => {
  const client = await phone(new Disk(), ids(), 200, random);
  await says(client);
  let now = 0;
  for (const longest of [100, 200, 400, 800, 1000, 1000]) {
    asks(client, now);
    client.missed(now);
    expect(client.wakes() - now).toBe(longest * share);
    expect(client.next(client.wakes() - 1, STAMP)).toBeNull();
    now = client.wakes();
  }
  await hears(client, asks(client, now), 200, { heads: [], now: 1 }, now);
  expect(client.next(now, STAMP)).not.toBeNull();
});

it("asks after three lost answers where its chains stand", async () => {
  const client = await phone(new Disk(), ids());
  await says(client);
  for (let lost = 0; lost < 3; lost++) {
    expect(asks(client, client.wakes()).kind).toBe("records");
    client.missed(client.wakes());
  }
  const beat = asks(client, client.wakes());
  expect([beat.kind, JSON.parse(beat.body).holds, JSON.parse(beat.body).oldest]).toEqual(["heartbeat", 1, NOON]);
});

it("sends again from where a restored server stands", async () => {
  const client = await phone(new Disk(), ids());
  await says(client, 4);
  const ask = asks(client);
  await hears(client, ask, 200, receipts(ask));
  const head = { chain: client.chain.id, last_seq: 1, last_hash: client.chain.hashAt(1) };
  await hears(client, asks(client, 10_000), 200, { heads: [head], now: 1 }, 10_000);
  expect(asks(client, 10_000).batch.map(({ seq }) => seq)).toEqual([2, 3, 4]);
});

it("carries over at a fork what has no receipt, under the same ids", async () => {
  const [disk, newId] = [new Disk(), ids()];
  const client = await phone(disk, newId, 2);
  await says(client, 5);
  let ask = asks(client);
  await hears(client, ask, 200, receipts(ask));
  const old = client.chain;
  const other = { chain: old.id, last_seq: 3, last_hash: "other" };
  await hears(client, asks(client), 409, refusal("ledger.fork", other));
  expect(client.holding(), "the receipts may be of records that the server has lost").toEqual({
    saved: 1,
    sent: 4,
    confirmed: 0,
  });
  ask = asks(client);
  await hears(client, ask, 200, receipts(ask, other));
  await hears(client, asks(client), 409, refusal("ledger.fork", other));
  expect(client.chain).not.toBe(old);
  expect(client.chain.records.map(({ id }) => id)).toEqual(old.records.slice(2).map(({ id }) => id));
  const [begun, next] = client.chain.records.map(({ text }) => decode(text));
  expect([begun!.seq, begun!.prev, begun!.follows, next!.follows]).toEqual([1, "", old.hashAt(2), null]);
  expect((await phone(disk, newId)).holding()).toEqual(client.holding());
  expect(client.holding()).toEqual({ saved: 3, sent: 0, confirmed: 2 });
});

it("takes no receipts in a chain beyond where it left it", async () => {
  const client = await phone(new Disk(), ids());
  await says(client, 2);
  const [ask, old] = [asks(client), client.chain];
  await hears(client, ask, 409, refusal("ledger.fork", { chain: old.id, last_seq: 0, last_hash: "" }));
  await hears(client, ask, 200, receipts(ask));
  expect([old.confirmed, client.holding()]).toEqual([0, { saved: 2, sent: 0, confirmed: 0 }]);
});

it("believes receipts no more that a head contradicts, unless they were given under it", async () => {
  const [disk, newId] = [new Disk(), ids()];
  const client = await phone(disk, newId);
  await says(client, 4);
  let ask = asks(client);
  await hears(client, ask, 200, receipts(ask));
  const other = { chain: client.chain.id, last_seq: 4, last_hash: "other" };
  await hears(client, asks(client, 10_000), 200, { heads: [other], now: 1 }, 10_000);
  expect([client.holding().confirmed, (await phone(disk, newId)).holding().confirmed]).toEqual([0, 0]);
  ask = asks(client, 10_000);
  await hears(client, ask, 200, receipts(ask, other), 10_000);
  for (const [moment, again] of [
    [20_000, client],
    [0, await phone(disk, newId)],
  ] as const) {
    await hears(again, asks(again, moment), 200, { heads: [other], now: 1 }, moment);
    expect(again.holding(), "the receipts were given under this head").toEqual({ saved: 0, sent: 0, confirmed: 4 });
  }
});

it("doubts a head again that contradicted before, once receipts came under another", async () => {
  const [disk, newId] = [new Disk(), ids()];
  const client = await phone(disk, newId);
  await says(client, 2);
  const other = { chain: client.chain.id, last_seq: 2, last_hash: "other" };
  for (const now of [0, 20_000]) {
    const ask = asks(client, now);
    await hears(client, ask, 200, receipts(ask), now);
    expect(client.holding().confirmed).toBe(2);
    const beat = asks(await phone(disk, newId), now);
    for (const again of [await phone(disk, newId), client]) {
      await hears(again, beat, 200, { heads: [other], now: 1 }, now);
      expect(again.holding().confirmed).toBe(0);
    }
  }
});

test.each(["<html>", "\uFFFD", "{}", "[]", "null", '{"heads":[],"now":1}'])("the answer %s is a missing one", async (body) => {
  const client = await phone(new Disk(), ids());
  await says(client);
  await hears(client, asks(client), 200, body);
  expect([client.holding(), client.wakes() > 0]).toEqual([{ saved: 0, sent: 1, confirmed: 0 }, true]);
});

test.each([408, 425, 429, 500, 502, 503, 504])("a busy server (%d) is left alone as long as it asks", async (status) => {
  const client = await phone(new Disk(), ids());
  await says(client);
  await client.heard(asks(client), status, "", 0, STAMP, 30_000);
  expect(client.next(29_999, STAMP)).toBeNull();
  expect([client.next(30_000, STAMP)?.kind, client.blocked]).toEqual(["records", ""]);
});

it("halves a body that is too large until it goes through", async () => {
  const client = await phone(new Disk(), ids(), 8);
  await says(client, 8);
  const sizes: number[] = [];
  for (let time = 0; time < 5; time++) {
    const ask = asks(client, client.wakes());
    if (ask.kind === "records") {
      sizes.push(ask.batch.length);
      await hears(client, ask, 413, "", client.wakes());
    } else {
      await hears(client, ask, 200, { heads: [], now: 1 }, client.wakes());
    }
  }
  expect(sizes).toEqual([8, 4, 2, 1]);
});

test.each([
  [401, '{"problem":{"code":"people.unknown_device"}}', "401 people.unknown_device"],
  [404, "no", "404"],
  [409, '{"problem":{"code":"ledger.gap","details":{"head":3}}}', "409"],
])("what time cannot mend (%d %s) is shown, and nothing is dropped", async (status, body, said) => {
  const client = await phone(new Disk(), ids());
  await says(client);
  await hears(client, asks(client), status, body);
  expect([client.blocked, client.holding()]).toEqual([said, { saved: 0, sent: 1, confirmed: 0 }]);
  const ask = asks(client, client.wakes());
  await hears(client, ask, 200, receipts(ask), client.wakes());
  expect([client.blocked, client.holding()]).toEqual(["", { saved: 0, sent: 0, confirmed: 1 }]);
});

it("writes into a record the server's time as last heard in this boot", async () => {
  const client = await phone(new Disk(), ids());
  await says(client);
  const ask = asks(client);
  await hears(client, ask, 200, receipts(ask));
  await says(client);
  await client.write(content(2), { ...STAMP, boot: "another boot" });
  expect(client.chain.records.map(({ text }) => decode(text).seen)).toEqual([null, [NOON, 1000], null]);
});

it("sends what a disk changed as it is, chained as the server will chain it", async () => {
  const [disk, newId] = [new Disk(), ids()];
  await says(await phone(disk, newId), 3);
  const [begun, first, ...rest] = disk.entries;
  disk.entries = [begun!, { ...first!, record: first!.record!.replace('{"n":0}', '{"n":7}') }, ...rest];
  const { records } = (await phone(disk, newId)).chain;
  expect(decode(records[1]!.text).prev).not.toBe(records[0]!.hash);
  let prev = GENESIS;
  for (const { hash, text } of records) expect(hash).toBe((prev = await chainHash(prev, text)));
});

test.each([
  [null, 0],
  ["", 0],
  ["30", 30_000],
  ["-1", 0],
  ["Wed, 21 Oct 2015 07:28:00 GMT", 0],
  ["999999999999999999999", MOST_RETRY],
])("Retry-After: %s means %d ms", (header, ms) => {
  expect(retryAfter(header)).toBe(ms);
});
