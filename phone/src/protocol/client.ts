/**
 * The phone's side: what it keeps, what it sends next, and what an answer changes. No clock, network or disk of its own.
 *
 * Whoever drives it says what time it is, carries an `Ask` to the server, and brings back the answer or the news that none came.
 * Everything that must survive a crash is written to the `Journal` before it counts; a phone that starts again reads it back.
 *
 * Disks and hashes of browsers answer later, so whatever writes takes turns: in the midst of a fork no record joins the old chain.
 */

import { type Ask, batchOf, heartbeatOf } from "./ask";
import { Chain, type Entry, type Kept, recordsOf } from "./chain";
import {
  type Answer,
  GarbledError,
  type HeadOf,
  MOST_RECORDS,
  type Stamp,
  readAnswer,
  readHeard,
  readRefusal,
  sameHead,
} from "./messages";
import { byteLength, chainHash, decode, encode, type Envelope, GENESIS, MOST_BYTES, PLAIN, type Seen, VERSION } from "./record";

/** After so many lost answers in a row the phone asks where its chains stand before it sends on. */
export const UNSURE_AFTER = 3;
const [OK, CONFLICT, TOO_LARGE] = [200, 409, 413];
/** Statuses that mean: later. */
const BUSY: ReadonlySet<number> = new Set([408, 425, 429, 500, 502, 503, 504]);

/** A phone's disk: entries written together survive together, or none does. */
export interface Journal {
  /** Fulfil once all entries would survive a crash; reject if none does. */
  write(entries: readonly Entry[]): Promise<void>;
  /** Return everything that was written, in order. */
  read(): Promise<readonly Entry[]>;
}

/** The three states of records: saved on this phone, sent without an answer yet, confirmed by a receipt. */
export interface Holding {
  readonly saved: number;
  readonly sent: number;
  readonly confirmed: number;
}

/** How a phone waits, in ms: from `first` it doubles up to `most` with every failure; `beat` lies between heartbeats. */
export interface Pace {
  readonly first: number;
  readonly most: number;
  readonly beat: number;
}

/** What a record is made of: all that its maker says, an `id` if it has one; the rest is the chain's and the clocks'. */
export type Content = Pick<Envelope, "activity" | "activity_hash" | "order" | "body"> &
  Partial<Pick<Envelope, "id" | "act" | "target" | "place" | "duty" | "subject" | "speaker" | "channel" | "at">>;

/** What a client is given: where randomness (from 0 to 1) and ids come from, how it waits, how many records it sends at once. */
export interface Means {
  readonly random: () => number;
  readonly newId: () => string;
  readonly pace?: Pace;
  readonly batch?: number;
}

const PACE: Pace = { first: 500, most: 60_000, beat: 600_000 };

/** An answer that no server of this protocol gives; the message says what is wrong with it. */
export class BrokenServerError extends Error {
  override readonly name = "BrokenServerError";
}

/** A record is longer than any server reads; nothing was kept. */
export class TooLongError extends Error {
  override readonly name = "TooLongError";
}

/** A phone's chains and its conversation with the server. */
export class Client {
  /** The status and code of a refusal that trying again does not mend; empty if there is none. */
  blocked = "";
  readonly #chains = new Map<string, Chain>();
  readonly #journal: Journal;
  readonly #random: () => number;
  readonly #newId: () => string;
  readonly #pace: Pace;
  #most: number;
  #seen: { boot: string; seen: Seen } | null = null;
  readonly #highestSent = new Map<string, number>();
  #failures = 0;
  #waitUntil = 0;
  #beatAt = 0;
  #unsure = false;
  #turn: Promise<unknown> = Promise.resolve();

  private constructor(
    readonly device: string,
    journal: Journal,
    means: Means,
  ) {
    this.#journal = journal;
    this.#random = means.random;
    this.#newId = means.newId;
    this.#pace = means.pace ?? PACE;
    this.#most = means.batch ?? MOST_RECORDS;
  }

  /** Begin, or go on with what the journal holds. */
  static async open(device: string, journal: Journal, means: Means): Promise<Client> {
    const client = new Client(device, journal, means);
    const entries = await journal.read();
    client.#apply(entries, await recordsOf(entries, client.#chains));
    if (client.#chains.size === 0) await client.#write([{ chain: client.#newId(), begins: true }]);
    client.#unsure = [...client.#chains.values()].some((chain) => chain.records.length > 0);
    return client;
  }

  // --- what is kept

  /** All chains by id, the oldest first. */
  get chains(): ReadonlyMap<string, Chain> {
    return this.#chains;
  }

  /** The chain that new records join. */
  get chain(): Chain {
    const newest = [...this.#chains.values()].pop();
    if (newest === undefined) throw new Error("a client has a chain from the first");
    return newest;
  }

  /** Every record without a receipt, oldest chain first. */
  get waiting(): Kept[] {
    return [...this.#chains.values()].flatMap((chain) => chain.waiting);
  }

  /** Say how many records are in which state. */
  holding(): Holding {
    let [waiting, sent, confirmed] = [0, 0, 0];
    for (const chain of this.#chains.values()) {
      waiting += chain.length - chain.confirmed;
      sent += Math.max(0, Math.min(this.#highestSent.get(chain.id) ?? 0, chain.length) - chain.confirmed);
      confirmed += chain.confirmed;
    }
    return { saved: waiting - sent, sent, confirmed };
  }

  /** Say in which of the three states a record of a chain is. */
  stateOf(chain: Chain, seq: number): keyof Holding {
    if (chain.receipts.has(seq)) return "confirmed";
    return seq <= (this.#highestSent.get(chain.id) ?? 0) ? "sent" : "saved";
  }

  /** Make a record and keep it; fulfil once it would survive a crash. Reject with TooLongError, or as the journal does. */
  write(content: Content, stamp: Stamp): Promise<Kept> {
    return this.#inTurn(async () => {
      const chain = this.chain;
      const seen = this.#seen?.boot === stamp.boot ? this.#seen.seen : null;
      const clocks = { wall: stamp.wall, boot: stamp.boot, mono: stamp.mono, seen };
      const said = { ...PLAIN, ...content, id: content.id ?? this.#newId(), ...clocks };
      const text = this.#text(chain, said, chain.records[chain.records.length - 1]);
      if (byteLength(text) > MOST_BYTES) throw new TooLongError(`more than ${MOST_BYTES} bytes`);
      await this.#write([{ chain: chain.id, record: text }]);
      return chain.records[chain.records.length - 1] as Kept;
    });
  }

  #text(chain: Chain, content: Omit<Envelope, "v" | "device" | "chain" | "seq" | "prev" | "follows">, ahead?: Kept): string {
    return encode({
      ...content,
      v: VERSION,
      device: this.device,
      chain: chain.id,
      seq: ahead ? ahead.seq + 1 : 1,
      prev: ahead ? ahead.hash : GENESIS,
      follows: ahead ? null : chain.follows,
    });
  }

  /** Do what writes when all that was asked before is done, whether or not it went well. */
  #inTurn<Done>(work: () => Promise<Done>): Promise<Done> {
    const done = this.#turn.then(work);
    this.#turn = done.catch(() => undefined);
    return done;
  }

  async #write(entries: readonly Entry[]): Promise<void> {
    const kept = await recordsOf(entries, this.#chains);
    await this.#journal.write(entries);
    this.#apply(entries, kept);
  }

  #apply(entries: readonly Entry[], kept: readonly (Kept | undefined)[]): void {
    for (const [index, entry] of entries.entries()) {
      if (entry.begins) this.#chains.set(entry.chain, new Chain(entry.chain, entry.follows ?? null));
      this.#named(entry.chain).apply(entry, kept[index]);
    }
  }

  #named(id: string): Chain {
    const chain = this.#chains.get(id);
    if (chain === undefined) throw new Error(`no chain ${id}`);
    return chain;
  }

  // --- what is sent

  /** Return the next request, or null: nothing to say, or not yet. `now` is any steady count of ms, for waiting only. */
  next(now: number, stamp: Stamp): Ask | null {
    if (now < this.#waitUntil) return null;
    const chain = [...this.#chains.values()].find((one) => one.confirmed < one.length);
    if (this.#unsure || (chain === undefined && now >= this.#beatAt)) return heartbeatOf([...this.#chains.values()]);
    return chain === undefined ? null : this.#batch(chain, stamp);
  }

  /** Return the `now` before which `next` has nothing to say. */
  wakes(): number {
    const waiting = [...this.#chains.values()].some((chain) => chain.confirmed < chain.length);
    return waiting || this.#unsure ? this.#waitUntil : Math.max(this.#waitUntil, this.#beatAt);
  }

  #batch(chain: Chain, sent: Stamp): Ask {
    const ask = batchOf(chain, this.#most, sent);
    const last = chain.confirmed + ask.batch.length;
    this.#highestSent.set(chain.id, Math.max(this.#highestSent.get(chain.id) ?? 0, last));
    return ask;
  }

  // --- what comes back

  /** No answer came, or none that can be read: wait, and after some tries ask where the chains stand. */
  missed(now: number): void {
    this.#failures += 1;
    this.#unsure ||= this.#failures % UNSURE_AFTER === 0;
    const longest = Math.min(this.#pace.first * 2 ** Math.min(this.#failures - 1, 16), this.#pace.most);
    this.#waitUntil = now + Math.floor(longest * (0.5 + this.#random() / 2));
  }

  /**
   * Take an answer in. `retryAfter` (ms) is what a busy server asked for; what time cannot mend sets `blocked`.
   *
   * Reject with BrokenServerError, or as the journal does; then nothing of the answer counts: tell `missed`.
   */
  heard(ask: Ask, status: number, body: string, now: number, stamp: Stamp, retryAfter = 0): Promise<void> {
    return this.#inTurn(async () => {
      if (BUSY.has(status)) {
        this.missed(now);
        this.#waitUntil = Math.max(this.#waitUntil, now + retryAfter);
      } else if (status === OK) {
        await this.#answeredIfReadable(ask, body, now, stamp);
      } else {
        await this.#refused(ask, status, body, now);
      }
    });
  }

  async #answeredIfReadable(ask: Ask, body: string, now: number, stamp: Stamp): Promise<void> {
    try {
      await this.#answered(ask, body, now, stamp);
    } catch (error) {
      if (!(error instanceof GarbledError)) throw error;
      this.missed(now);
    }
  }

  async #answered(ask: Ask, body: string, now: number, stamp: Stamp): Promise<void> {
    const server = ask.kind === "heartbeat" ? await this.#beaten(body, now) : await this.#confirm(ask, readAnswer(body));
    this.#failures = 0;
    this.#waitUntil = now;
    this.blocked = "";
    this.#seen = { boot: stamp.boot, seen: [server, stamp.mono] };
  }

  async #beaten(body: string, now: number): Promise<number> {
    const heard = readHeard(body);
    for (const head of heard.heads) await this.#resume(head);
    this.#unsure = false;
    this.#beatAt = now + this.#pace.beat;
    return heard.now;
  }

  /**
   * Keep a batch's receipts; throw BrokenServerError if they are not for its own records.
   *
   * A receipt's hash stands for every record ahead of it too: under the answer's head all of them are held.
   */
  async #confirm(ask: Ask, answer: Answer): Promise<number> {
    const chain = this.#named(ask.chain);
    const given = new Map(answer.receipts.map((receipt) => [receipt.seq, receipt]));
    const fresh: Entry[] = [];
    for (const kept of ask.batch) {
      const receipt = given.get(kept.seq);
      if (receipt?.hash !== kept.hash) {
        throw new BrokenServerError(`no receipt for record ${kept.seq} of chain ${chain.id}, or another record's`);
      }
      if (!chain.receipts.has(kept.seq) && kept.seq <= chain.length) fresh.push({ chain: chain.id, receipt });
    }
    const contradicted = chain.heard !== null && chain.denies(chain.heard);
    if (!sameHead(answer.head, chain.heard) && (contradicted || chain.denies(answer.head))) {
      fresh.push({ chain: chain.id, heard: answer.head });
    }
    if (fresh.length > 0) await this.#write(fresh);
    return answer.now;
  }

  async #refused(ask: Ask, status: number, body: string, now: number): Promise<void> {
    const { code, head } = readRefusal(body);
    this.missed(now);
    if (status === TOO_LARGE) {
      this.#most = Math.max(1, Math.floor(this.#most / 2));
    } else if (status === CONFLICT && code === "ledger.gap" && head !== null) {
      this.#waitUntil = now;
      await this.#resume(head);
    } else if (status === CONFLICT && code === "ledger.fork") {
      this.#waitUntil = now;
      const chain = this.#named(ask.chain);
      if (head === null || !(await this.#doubt(chain, head))) await this.#move(chain);
    } else {
      this.blocked = `${status} ${code}`.trim();
    }
  }

  /**
   * Go on from where the server says that a chain stands.
   *
   * What has no receipt is sent again even if the head lies beyond it: sending twice is safe, and only a receipt says that a
   * record was taken in. A head behind the receipts means that the server has lost records (it was restored): the phone still
   * has them, forgets those receipts and sends again from there.
   */
  async #resume(head: HeadOf): Promise<void> {
    const chain = this.#chains.get(head.chain);
    if (chain === undefined || (await this.#doubt(chain, head))) return;
    if (!chain.denies(head) && head.last_seq < chain.confirmed) await this.#write([{ chain: chain.id, lost: head.last_seq }]);
  }

  /**
   * Forget all receipts of a chain if the server's head contradicts them; say whether that was so.
   *
   * Of a head that this chain cannot have nobody can tell which receipts still stand, unless they were given under that very
   * head: the phone sends from the first record on, the server skips what it holds and names the fork at the first difference.
   */
  async #doubt(chain: Chain, head: HeadOf): Promise<boolean> {
    if (!chain.denies(head) || sameHead(head, chain.heard)) return false;
    await this.#write([{ chain: chain.id, lost: 0, heard: head }]);
    return true;
  }

  /** After a fork: carry what has no receipt over to a new chain, under the same ids. */
  async #move(chain: Chain): Promise<void> {
    const fresh = new Chain(this.#newId(), chain.hashAt(chain.confirmed) || null);
    const entries: Entry[] = [{ chain: fresh.id, begins: true, ...(fresh.follows === null ? {} : { follows: fresh.follows }) }];
    let last: Kept | undefined;
    for (const kept of chain.waiting) {
      const text = this.#text(fresh, decode(kept.text), last);
      last = { ...kept, seq: (last?.seq ?? 0) + 1, text, hash: await chainHash(last?.hash ?? GENESIS, text) };
      entries.push({ chain: fresh.id, record: text });
    }
    await this.#write([...entries, { chain: chain.id, moved: chain.confirmed }]);
  }
}
