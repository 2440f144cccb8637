/**
 * A small world in virtual time that tries to make one phone lose a record: a bad network, a disk that goes back, a server that is
 * restored. `live` lets events befall it, then all faults stop, and what is stored is compared with what was written.
 *
 * The Python world (tests/protocol/world.py) tells longer stories of more phones; here the same machine runs as browsers run it.
 */

import { type Ask } from "../../src/protocol/ask";
import { type Entry } from "../../src/protocol/chain";
import { Client, type Journal, type Means } from "../../src/protocol/client";
import { type Stamp } from "../../src/protocol/messages";
import { decode, type Envelope } from "../../src/protocol/record";
import { NOON } from "./records";
import { type Reply, type Row, Server } from "./server";

/** What can befall a phone; `n` says how much, or which. */
export const KINDS = [
  "write",
  "write while asking",
  "ask",
  "request lost",
  "answer lost",
  "request twice",
  "request late",
  "late request arrives",
  "portal",
  "busy",
  "refused",
  "too large",
  "another's receipts",
  "server restored",
  "crash before write",
  "crash after write",
  "disk rolled back",
  "reboot",
  "clock jump",
] as const;
export type Kind = (typeof KINDS)[number];
export interface Event {
  readonly kind: Kind;
  readonly n: number;
}

/** What the server said and the phone did because of faults. */
export const CONSEQUENCES = ["ledger.gap", "ledger.fork", "receipts dropped", "chain moved"] as const;

/** The phone stops in the middle of what it does. */
class Crash extends Error {}

type Opens = (device: string, journal: Journal, means: Means) => Promise<Client>;

const YEAR = 31_557_600_000;
const PACE = { first: 100, most: 5_000, beat: 60_000 };
/** The calm phase must be quiet after so many requests. */
const CALM = 300;

/** A phone, its disk, the network and a server. */
export class World {
  readonly happened = new Set<string>();
  readonly complaints: string[] = [];
  readonly server = new Server();
  disk: Entry[][] = [];
  #client!: Client;
  #now = NOON;
  #ids = 0;
  #boot = { id: "boot 0", at: NOON };
  #offset = 0;
  #late: Ask[] = [];
  #crash: "before" | "after" | null = null;
  readonly #madeAt = new Map<string, number>();

  constructor(private readonly open: Opens = (...given) => Client.open(...given)) {}

  /** Let events happen, then all be calm; return everything that is wrong with how it ended. */
  async live(events: readonly Event[]): Promise<string[]> {
    await this.#start();
    for (const event of events) await this.#befall(event);
    this.#crash = null;
    for (const ask of this.#late) await this.#reach(ask);
    await this.#write();
    await this.#calmDown();
    return [...this.complaints, ...this.#wrong()];
  }

  async #befall({ kind, n }: Event): Promise<void> {
    this.happened.add(kind);
    this.#now += 1 + n * 37;
    if (kind === "write") await this.#alive(() => this.#write());
    else if (kind === "write while asking") await this.#alive(() => this.#asks({ kind: "ask", n }, () => this.#write()));
    else if (kind === "server restored") this.server.restore(Math.max(0, this.server.log.length - n));
    else if (kind === "crash before write" || kind === "crash after write")
      this.#crash = kind.includes("after") ? "after" : "before";
    else if (kind === "clock jump") this.#offset = (n - 10) * (n % 2 ? YEAR : 1000);
    else if (kind === "late request arrives") await this.#arriveLate();
    else if (kind === "reboot" || kind === "disk rolled back") await this.#restart(kind, n);
    else await this.#alive(() => this.#asks({ kind, n }));
  }

  async #restart(kind: Kind, n: number): Promise<void> {
    if (kind === "reboot") this.#boot = { id: `boot ${this.#now}`, at: this.#now };
    else this.disk.splice(Math.max(0, this.disk.length - 1 - (n % 10)));
    await this.#start();
  }

  // --- the phone

  async #start(): Promise<void> {
    let dead = false;
    const write = async (entries: readonly Entry[]) => {
      await Promise.resolve();
      const crash = this.#crash;
      this.#crash = null;
      if (!dead && crash !== "before") this.#keep(entries);
      dead ||= crash !== null;
      if (dead) throw new Crash();
    };
    const read = () => Promise.resolve(this.disk.flat());
    const means = { random: () => 0.5, newId: () => this.#newId(), pace: PACE, batch: 4 };
    await this.#alive(async () => {
      this.#client = await this.open("device", { write, read }, means);
    });
  }

  #keep(entries: readonly Entry[]): void {
    this.disk.push(structuredClone([...entries]));
    for (const { lost, moved } of entries) {
      if (lost !== undefined) this.happened.add("receipts dropped");
      if (moved !== undefined) this.happened.add("chain moved");
    }
  }

  /** Do something; if the phone crashes, begin anew from what the disk holds. */
  async #alive(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (!(error instanceof Crash)) throw error;
      await this.#start();
    }
  }

  async #write(): Promise<void> {
    const id = this.#newId();
    this.#madeAt.set(id, this.#now);
    const body = { n: this.#madeAt.size };
    await this.#client.write({ id, activity: "a", activity_hash: "h", order: "o", body }, this.#stamp());
  }

  #stamp(): Stamp {
    return { wall: this.#now + this.#offset, boot: this.#boot.id, mono: this.#now - this.#boot.at };
  }

  #newId(): string {
    return `id ${(this.#ids += 1)}`;
  }

  /** Ask what there is to ask, as soon as the phone will; do something else while the answer is taken in. */
  async #asks(event: Event, meanwhile: () => Promise<void> = async () => undefined): Promise<void> {
    this.#now = Math.max(this.#now, this.#client.wakes());
    const ask = this.#client.next(this.#now, this.#stamp());
    if (ask === null) return meanwhile();
    const reply = await this.#carry(ask, event);
    this.#now += 50;
    const heard = reply === null ? this.#client.missed(this.#now) : this.#hear(ask, reply, event);
    const done = await Promise.allSettled([heard, meanwhile()]);
    for (const one of done) if (one.status === "rejected") throw one.reason;
  }

  async #hear(ask: Ask, { status, body }: Reply, { kind, n }: Event): Promise<void> {
    try {
      await this.#client.heard(ask, status, body, this.#now, this.#stamp(), status === 503 ? n * 100 : 0);
    } catch (error) {
      if (error instanceof Crash) throw error;
      if (kind !== "another's receipts") this.complaints.push(`a phone says that the server is broken: ${String(error)}`);
      this.#client.missed(this.#now);
    }
  }

  // --- the network

  async #carry(ask: Ask, { kind }: Event): Promise<Reply | null> {
    if (kind === "request lost") return null;
    if (kind === "request late") {
      this.#late.push(ask);
      return null;
    }
    if (kind === "portal") return { status: 200, body: "<html>欢迎入住，请登录</html>" };
    if (kind === "busy") return { status: 503, body: "" };
    if (kind === "refused") return { status: 403, body: "<html>" };
    if (kind === "too large" && ask.kind === "records") return { status: 413, body: "" };
    const reply = await this.#reach(ask);
    if (kind === "request twice") return this.#reach(ask);
    if (kind === "answer lost") return null;
    if (kind === "another's receipts")
      return { ...reply, body: reply.body.replaceAll(/"hash":"[0-9a-f]{8}/g, '"hash":"00000000') };
    return reply;
  }

  #reach(ask: Ask): Promise<Reply> {
    return ask.kind === "records"
      ? this.server.take(ask.body, this.#now)
      : Promise.resolve(this.server.hear(ask.body, this.#now));
  }

  async #arriveLate(): Promise<void> {
    const ask = this.#late.shift();
    if (ask !== undefined) await this.#reach(ask);
  }

  async #calmDown(): Promise<void> {
    const ends = this.#now + PACE.beat;
    for (let asked = 0; asked < CALM; asked++) {
      if (this.#now > ends && this.#client.waiting.length === 0) return;
      await this.#asks({ kind: "ask", n: 0 });
    }
    this.complaints.push(`stalled: the phone still holds ${this.#client.waiting.length}, blocked ${this.#client.blocked}`);
  }

  // --- what must hold in the end

  *#wrong(): Generator<string> {
    for (const code of this.server.said) this.happened.add(code);
    const there = new Set(this.server.log.map((row) => said(row).id));
    const kept = this.disk.flat().flatMap(({ record }) => (record === undefined ? [] : [decode(record).id]));
    for (const id of new Set(kept)) if (!there.has(id)) yield `lost: ${id} is on the disk, and the server has it not`;
    yield* this.#knows();
    yield* this.#copies();
    yield* this.#times();
  }

  /** The phone knows that all it stands by is there, and nothing else. */
  *#knows(): Generator<string> {
    const chains = [...this.#client.chains.values()];
    const holding = this.#client.holding();
    const all = chains.reduce((sum, chain) => sum + chain.length, 0);
    if (holding.saved !== 0 || holding.sent !== 0 || holding.confirmed !== all)
      yield `of ${all} it says ${JSON.stringify(holding)}`;
    for (const chain of chains) {
      const held = this.server.rows(chain.id).map((row) => row.hash);
      const ours = chain.records.slice(0, chain.confirmed).map((record) => record.hash);
      if (ours.some((hash, index) => held[index] !== hash)) yield `receipts in ${chain.id} for what the server has not`;
    }
  }

  /** An id is one logical record, and once in a chain. */
  *#copies(): Generator<string> {
    const contents = new Map<string, string>();
    const places = new Set<string>();
    for (const row of this.server.log) {
      const { id, chain, seq: _, prev: __, follows: ___, ...content } = said(row);
      if (places.has(`${id} ${chain}`)) yield `twice: ${id} in chain ${chain}`;
      places.add(`${id} ${chain}`);
      const written = JSON.stringify(content);
      if ((contents.get(id) ?? written) !== written) yield `two contents: copies of ${id} differ`;
      contents.set(id, written);
    }
  }

  *#times(): Generator<string> {
    for (const row of this.server.log) {
      const made = this.#madeAt.get(said(row).id) ?? NaN;
      const { earliest, latest } = row.settled;
      if (made > latest + 1 || (earliest !== null && made < earliest - 1)) yield `time: ${said(row).id} at ${made}`;
    }
  }
}

function said(row: Row): Envelope {
  if (row.envelope === null) throw new Error("a phone here writes no record that cannot be read");
  return row.envelope;
}
