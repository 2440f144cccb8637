/** The tables, and how they are opened. */
import { Dexie, type Table } from "dexie";
import type { Chain, Draft, Loss, Receipt, Record } from "./kept";
import { Problem, named, within } from "./problems";

export type Durability = "strict" | "relaxed";

/** Ms after which a database that does not open is given up. */
const OPENING = 10_000;

/** Of the tables; Dexie gives the browser ten times as much, and opens a newer one without a word. */
const VERSION = 1;

/** The phone's database. A change of the tables is a new `version` with its upgrade; old ones stay. */
export class Database extends Dexie {
  declare readonly chains: Table<Chain, string>;
  declare readonly records: Table<Record, [string, number]>;
  declare readonly receipts: Table<{ chain: string; seq: number; receipt: Receipt }, [string, number]>;
  declare readonly drafts: Table<Draft, string>;
  declare readonly losses: Table<Loss, string>;
  declare readonly facts: Table<{ name: string; value: unknown }, string>;

  /** `relaxed` is for the proof that the torture can fail. */
  constructor(name: string, durability: Durability) {
    super(name, { autoOpen: false, cache: "disabled", chromeTransactionDurability: durability });
    this.version(VERSION).stores({
      chains: "id",
      records: "[chain+seq]",
      receipts: "[chain+seq]",
      drafts: "id",
      losses: "id",
      facts: "name",
    });
  }
}

/** Open a database; `ended` hears why it was closed under us. Throws a Problem. */
export async function opened(name: string, durability: Durability, ended: (problem: Problem) => void): Promise<Database> {
  const database = new Database(name, durability);
  const blocked = new Promise<never>((_, reject) => database.on("blocked", () => reject(new Problem("store.blocked"))));
  database.on("versionchange", () => {
    ended(new Problem("store.newer")); // first: closing tells of itself
    database.close();
    return false;
  });
  database.on("close", () => ended(new Problem("store.closed")));
  try {
    await within(OPENING, Promise.race([database.open(), blocked]));
    if (database.backendDB().version > VERSION * 10) throw new Problem("store.newer");
  } catch (thrown) {
    database.close();
    throw named(thrown);
  }
  return database;
}
