import { type Hash, damage } from "./audit";
import { type Database, type Durability, opened } from "./database";
import type { Chain, Change, Head, Holdings, Loss } from "./kept";
import { type Lasting, askToLast } from "./lasting";
import { Problem, type Result, attempt, within } from "./problems";
import { type Place, type Witness, acknowledged, missing, readWitness, shown, writeWitness } from "./witness";
import { takeTurn } from "./writer";

/** Ms after which a write that has no answer counts as not saved. */
const ANSWER = 15_000;

/** What the store is given; `locks` and `storage` are the navigator's. */
export interface Options {
  readonly places: readonly Place[];
  readonly now: () => number;
  readonly locks: LockManager | undefined;
  readonly storage: StorageManager | undefined;
  readonly name?: string;
  /** `relaxed` is for the proof that the torture can fail. */
  readonly durability?: Durability;
}

/** How the store was found: whether this tab may write, what was lost and nobody has read of, which witnesses could say so. */
export interface Opening {
  readonly writes: boolean;
  readonly losses: readonly Loss[];
  readonly witnesses: readonly string[];
  readonly lasting: Lasting;
}

/** What is saved now: the heads of the chains written to, the durability that was had, where the witness stands. */
export interface Saved {
  readonly heads: ReadonlyMap<string, Head>;
  readonly durability: string;
  readonly witnesses: readonly string[];
}

/** The open store. Everything that can fail returns a Result: a value, or a named problem. */
export class Store {
  private over: Problem | null = null;
  private turn: Promise<unknown> = Promise.resolve();
  private readonly lost = new Set<string>();
  private fresh: readonly Loss[] = [];

  private constructor(
    private readonly database: Database,
    private readonly options: Options,
    private readonly release: (() => void) | null,
    private witness: Witness,
    private readonly heard: readonly string[],
  ) {}

  /**
   * Open the store.
   *
   * 1. Take the turn of the one tab that writes; without it, open for reading.
   * 2. Open the database; a blocked upgrade or refused storage ends here with its problem.
   * 3. Compare with the witness; keep each new loss and end its chain.
   * 4. Ask the browser to keep the store, and keep its answer.
   */
  static async open(options: Options): Promise<Result<{ store: Store; opening: Opening }>> {
    return attempt(async () => {
      const release = await takeTurn(options.locks);
      try {
        return await Store.begun(options, release);
      } catch (thrown) {
        release?.();
        throw thrown;
      }
    });
  }

  private static async begun(options: Options, release: (() => void) | null): Promise<{ store: Store; opening: Opening }> {
    let store: Store | undefined;
    const end = (problem: Problem) => store && (store.over ??= problem);
    const database = await opened(options.name ?? "tongxin", options.durability ?? "strict", end);
    try {
      store = await Store.compared(database, options, release);
      return { store, opening: await store.opening() };
    } catch (thrown) {
      database.close();
      throw thrown;
    }
  }

  /** The store after what is missing was named. */
  private static async compared(database: Database, options: Options, release: (() => void) | null): Promise<Store> {
    const { witness, heard } = release ? await within(ANSWER, readWitness(options.places)) : { witness: new Map(), heard: [] };
    const store = new Store(database, options, release, witness, heard);
    store.fresh = await store.missing();
    if (release) await store.name(store.fresh);
    return store;
  }

  private async opening(): Promise<Opening> {
    const { facts, losses } = this.database;
    const lasting = await askToLast(this.options.storage, this.options.now());
    if (this.release) await attempt(async () => facts.put({ name: "lasting", value: lasting })); // a full disk must not keep us from reading
    const unread = distinct([...this.fresh, ...(await losses.toArray())]);
    return { writes: this.release !== null, losses: unread, witnesses: this.heard, lasting };
  }

  /**
   * Write changes together, and say that they are saved only when they are.
   *
   * 1. In one transaction of strict durability, each record and its chain's head; a record that is there already, byte for byte, is
   *    passed over, so that writing again after no answer does no harm.
   * 2. When it is complete, read the records and heads in a new transaction and compare.
   * 3. Write the witness.
   */
  async write(changes: readonly Change[]): Promise<Result<Saved>> {
    return this.inTurn(async () => {
      if (!this.release) throw new Problem("store.second_tab");
      const durability = await this.kept(changes);
      const heads = await this.readBack(changes);
      for (const [chain, head] of heads) this.witness = shown(this.witness, chain, head, this.options.now());
      const witnesses = heads.size ? await within(ANSWER, writeWitness(this.options.places, this.witness)) : [];
      return { heads, durability, witnesses };
    });
  }

  /** Read everything. */
  async read(): Promise<Result<Holdings>> {
    const { chains, records, receipts, drafts } = this.database;
    return this.guarded(async () =>
      this.database.transaction("r", [chains, records, receipts, drafts], async () => ({
        chains: (await chains.toArray()).sort((one, other) => one.number - other.number),
        records: await records.toArray(),
        receipts: await receipts.toArray(),
        drafts: await drafts.toArray(),
      })),
    );
  }

  /** Look through every record; return the damage, kept as losses of their chains. Takes a while: call it after the first view. */
  async audit(hash: Hash): Promise<Result<readonly Loss[]>> {
    return this.inTurn(async () => {
      const found: Loss[] = [];
      for (const chain of await this.database.chains.toArray()) {
        const records = await this.database.records.where("[chain+seq]").between([chain.id, 0], [chain.id, Infinity]).toArray();
        const loss = await damage(chain, records, hash, this.options.now());
        if (loss) found.push(loss);
      }
      if (this.release) await this.name(found);
      return found;
    });
  }

  /** A person has read of a loss: it is not named again. Until then it is, even if the store is lost once more. */
  async acknowledge(id: string): Promise<Result<void>> {
    return this.inTurn(async () => {
      const loss = await this.database.losses.get(id);
      if (!loss || !this.release) return;
      this.witness = acknowledged(this.witness, loss);
      await within(ANSWER, writeWitness(this.options.places, this.witness));
      await this.database.losses.delete(id);
    });
  }

  /** Close the store and let another tab write. */
  close(): void {
    this.over ??= new Problem("store.closed");
    this.database.close();
    for (const place of this.options.places) place.close?.();
    this.release?.();
  }

  private async guarded<T>(act: () => Promise<T>): Promise<Result<T>> {
    if (this.over) return { ok: false, problem: this.over };
    const ended = await attempt(act);
    return ended.ok || !this.over ? ended : { ok: false, problem: this.over };
  }

  /** One after the other: what a write finds is what the one before it left. */
  private async inTurn<T>(act: () => Promise<T>): Promise<Result<T>> {
    const ended = this.turn.then(async () => this.guarded(act));
    this.turn = ended;
    return ended;
  }

  private async kept(changes: readonly Change[]): Promise<string> {
    const now = this.options.now();
    const { chains, records, receipts, drafts } = this.database;
    const writing = this.database.transaction("rw!", [chains, records, receipts, drafts], async (transaction) => {
      for (const change of changes) await this.apply(change, now);
      return (transaction.idbtrans as IDBTransaction | undefined)?.durability ?? "unknown";
    });
    return within(ANSWER, writing);
  }

  private async apply(change: Change, now: number): Promise<void> {
    const { chains, receipts, drafts } = this.database;
    if (change.kind === "draft") await drafts.put({ id: change.id, at: now, value: change.value });
    else if (change.kind === "undraft") await drafts.delete(change.id);
    else if (change.kind === "begin") await this.begin(change.chain, change.follows);
    else {
      const chain = await chains.get(change.chain);
      if (!chain) throw new Problem("store.out_of_turn");
      if (change.kind === "record") await this.append(chain, change, now);
      else if (change.kind === "receipt")
        await receipts.put({ chain: chain.id, seq: change.receipt.seq, receipt: change.receipt });
      else if (change.kind === "lost")
        await receipts.where("[chain+seq]").between([chain.id, change.above], [chain.id, Infinity], false).delete();
      else if (change.kind === "moved") await chains.update(chain.id, { until: change.until });
      else await chains.update(chain.id, { heard: change.head });
    }
  }

  private async begin(id: string, follows: string | null): Promise<void> {
    const { chains } = this.database;
    if (await chains.get(id)) return;
    if (this.witness.has(id)) throw new Problem("store.ended");
    await chains.add({
      id,
      number: (await chains.count()) + 1,
      follows,
      seq: 0,
      hash: "",
      until: null,
      heard: null,
      ended: false,
    });
  }

  private async append(chain: Chain, record: Change & { kind: "record" }, now: number): Promise<void> {
    const { chains, records } = this.database;
    const { seq, hash, text } = record;
    const there = await records.get([chain.id, seq]);
    if (there && there.hash === hash && there.text === text) return;
    if (chain.ended || this.lost.has(chain.id)) throw new Problem("store.ended");
    if (seq !== chain.seq + 1 || record.prev !== chain.hash) throw new Problem("store.out_of_turn");
    await records.add({ chain: chain.id, seq, hash, text, at: now });
    await chains.update(chain.id, { seq, hash });
  }

  /** Read what was written in a transaction of its own; return the heads of its chains. */
  private async readBack(changes: readonly Change[]): Promise<Map<string, Head>> {
    const { chains, records, drafts } = this.database;
    const reading = this.database.transaction("r!", [chains, records, drafts], async () => {
      const heads = new Map<string, Head>();
      for (const change of changes) {
        if (change.kind === "draft") same(change.value, (await drafts.get(change.id))?.value);
        if (change.kind !== "record") continue;
        const [there, chain] = [await records.get([change.chain, change.seq]), await chains.get(change.chain)];
        same([change.text, change.hash], [there?.text, there?.hash]);
        if (!chain || chain.seq < change.seq) throw new Problem("store.not_read_back");
        heads.set(chain.id, { seq: chain.seq, hash: chain.hash });
      }
      return heads;
    });
    return within(ANSWER, reading);
  }

  private async missing(): Promise<Loss[]> {
    const { chains, records, losses } = this.database;
    const all = await chains.toArray();
    const last = await records.bulkGet(all.map((chain): [string, number] => [chain.id, chain.seq]));
    const keptAt = new Map(last.flatMap((record) => (record ? [[record.chain, record.at] as const] : [])));
    return missing(this.witness, all, await losses.toArray(), keptAt, this.options.now());
  }

  /** Keep losses and end their chains. What cannot be kept (a full disk) is found again at the next start; the chains end all the same. */
  private async name(found: readonly Loss[]): Promise<void> {
    if (!found.length) return;
    for (const loss of found) this.lost.add(loss.chain);
    const { chains, losses } = this.database;
    const keeping = async () =>
      this.database.transaction("rw", [chains, losses], async () => {
        await losses.bulkPut([...found]);
        for (const loss of found) await chains.update(loss.chain, { ended: true });
      });
    await attempt(keeping);
  }
}

function distinct(losses: readonly Loss[]): Loss[] {
  return [...new Map(losses.map((loss) => [loss.id, loss])).values()];
}

function same(written: unknown, read: unknown): void {
  if (JSON.stringify(written) !== JSON.stringify(read)) throw new Problem("store.not_read_back");
}
