/** What this phone knows of itself and was last told: kept beside the records, since a record needs none of it to be sent again. */

import { Dexie, type Table } from "dexie";

/** Who this phone is. The private part of `key` cannot be read, not even here. */
export interface Identity {
  readonly device: string;
  readonly key: CryptoKeyPair;
  readonly ledger: string;
  readonly member: { readonly id: string; readonly name: string };
  /** Where records go; ends in `/field/`. */
  readonly intake: string;
  /** The key that signs receipts, as enrolling gave it. */
  readonly receiptKey: string;
}

/** Each fact by its name. `begun`: the id and key with which this phone began to enrol, so that to try again is to be the same. */
export interface Facts {
  readonly begun: Pick<Identity, "device" | "key">;
  readonly identity: Identity;
  readonly duties: unknown;
  /** How far the server's clock (a drill has its own) is ahead of this phone's, in ms. */
  readonly ahead: number;
}

class Database extends Dexie {
  declare readonly facts: Table<{ name: string; value: unknown }, string>;

  constructor() {
    super("tongxin-phone", { cache: "disabled", chromeTransactionDurability: "strict" });
    this.version(1).stores({ facts: "name" });
  }
}

const database = new Database();

/** Return a fact, or undefined. */
export async function known<Name extends keyof Facts>(name: Name): Promise<Facts[Name] | undefined> {
  return (await database.facts.get(name))?.value as Facts[Name] | undefined;
}

/** Keep a fact; fulfil once it would survive a crash. */
export async function keep<Name extends keyof Facts>(name: Name, value: Facts[Name]): Promise<void> {
  await database.facts.put({ name, value });
}
