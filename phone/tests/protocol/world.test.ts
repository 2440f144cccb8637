import fc from "fast-check";
import { beforeAll, expect, it, test } from "vitest";

import { type Entry } from "../../src/protocol/chain";
import { Client, type Journal, type Means } from "../../src/protocol/client";
import { CONSEQUENCES, type Event, KINDS, World } from "./world";

/** Worlds are the same each time; `WORLDS=5000 SEED=7 npm test -- world` lets others pass. */
const RUNS = Number(process.env["WORLDS"] ?? 300);
const SEED = Number(process.env["SEED"] ?? 1);

const often = (kind: Event["kind"], weight: number) => ({ weight, arbitrary: fc.constant(kind) });
const kinds = fc.oneof(
  often("write", 10),
  often("ask", 8),
  often("write while asking", 4),
  often("disk rolled back", 2),
  often("crash after write", 2),
  ...KINDS.map((kind) => often(kind, 1)),
);
const events = fc.array(fc.record({ kind: kinds, n: fc.nat(20) }), { minLength: 20, maxLength: 120, size: "max" });
const happened = new Set<string>();

beforeAll(async () => {
  const lives = fc.asyncProperty(events, async (all) => {
    const world = new World();
    expect(await world.live(all)).toEqual([]);
    for (const one of world.happened) happened.add(one);
  });
  await fc.assert(lives, { numRuns: RUNS, seed: SEED });
}, 600_000);

it("loses no record and tells none twice, whatever happens", () => {
  expect(happened.size).toBeGreaterThan(0);
});

it("met every fault, and with them every answer that a server can give", () => {
  expect([...happened].sort()).toEqual([...new Set([...KINDS, ...CONSEQUENCES])].sort());
});

const writes = (count: number): Event[] => Array.from({ length: count }, () => ({ kind: "write", n: 1 }) as const);
const asks: Event = { kind: "ask", n: 0 };

/** Records that the server has taken, a disk that forgets the last of them, and others in their place: a fork. */
const fork: Event[] = [asks, ...writes(3), asks, asks, { kind: "disk rolled back", n: 2 }, ...writes(3), asks, asks];

test("a phone whose disk drops what a fork carried over is found out", async () => {
  const forgetful = (device: string, journal: Journal, means: Means) => {
    const moves = (entries: readonly Entry[]) => entries.some(({ moved }) => moved !== undefined);
    const kept = (entries: readonly Entry[]) => (moves(entries) ? entries.filter(({ record }) => record === undefined) : entries);
    return Client.open(device, { read: () => journal.read(), write: (entries) => journal.write(kept(entries)) }, means);
  };
  const restarts: Event[] = [...fork, { kind: "reboot", n: 0 }];
  expect(await new World().live(restarts)).toEqual([]);
  expect(await new World(forgetful).live(restarts)).not.toEqual([]);
});

test("a server that compares nothing is found out", async () => {
  const world = new World();
  const take = world.server.take.bind(world.server);
  world.server.take = async (body, now) => {
    const reply = await take(body, now);
    return reply.body.includes("ledger.fork") ? { status: 200, body: JSON.stringify({ heads: [], now }) } : reply;
  };
  expect(await world.live(fork)).not.toEqual([]);
});
