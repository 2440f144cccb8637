/** A phone for tests: its disk in memory, its ids in a row, its waiting without chance. */

import { type Ask } from "../../src/protocol/ask";
import { type Entry } from "../../src/protocol/chain";
import { Client, type Content, type Journal } from "../../src/protocol/client";
import { type HeadOf } from "../../src/protocol/messages";
import { NOON, STAMP } from "./records";

/** A phone's journal in memory; it answers later, as a browser's does. */
export class Disk implements Journal {
  entries: Entry[] = [];

  async write(entries: readonly Entry[]): Promise<void> {
    await Promise.resolve();
    this.entries.push(...structuredClone(entries));
  }

  async read(): Promise<readonly Entry[]> {
    return this.entries;
  }
}

/** Return a source of ids in a row. */
export function ids(): () => string {
  let last = 0;
  return () => `id ${(last += 1)}`;
}

/** Open a phone; `random` says how long it waits, between half (0) and all (1) of what it may. */
export function phone(disk: Journal, newId: () => string, batch = 200, random = 0.5): Promise<Client> {
  return Client.open("device", disk, { random: () => random, newId, pace: { first: 100, most: 1000, beat: 10_000 }, batch });
}

/** Return what a record says, with a number in it. */
export function content(n: number): Content {
  return { activity: "a", activity_hash: "h", order: "o", body: { n } };
}

/** Write records. */
export async function says(client: Client, count = 1): Promise<void> {
  for (let n = 0; n < count; n++) await client.write(content(n), STAMP);
}

/** Ask what to send; there must be something. */
export function asks(client: Client, now = 0): Ask {
  const ask = client.next(now, STAMP);
  if (ask === null) throw new Error("nothing to say");
  return ask;
}

/** Bring an answer. */
export function hears(client: Client, ask: Ask, status: number, answer: unknown, now = 0): Promise<void> {
  return client.heard(ask, status, typeof answer === "string" ? answer : JSON.stringify(answer), now, STAMP);
}

/** Answer a batch: the server holds it, and no more unless `head` says so. */
export function receipts(ask: Ask, head?: HeadOf, changes: object = {}): object {
  const given = ask.batch.map(({ seq, id, hash }) => {
    return { seq, id, hash, position: seq, received: 1, occurred: 1, quarantine: null, ...changes };
  });
  const last = ask.batch[ask.batch.length - 1];
  return { head: head ?? { chain: ask.chain, last_seq: last?.seq, last_hash: last?.hash }, receipts: given, now: NOON };
}

/** Return a refusal with a head. */
export function refusal(code: string, head: HeadOf): object {
  return { problem: { code, details: { head } } };
}
