/** What the store keeps, and what is changed together. */

/** Where a chain stands: the number and hash of its last record; 0 and "" before the first. */
export interface Head {
  readonly seq: number;
  readonly hash: string;
}

/** One record: `text` is exactly what is sent, `hash` its place in the chain, `at` when it was kept (ms). */
export interface Record extends Head {
  readonly chain: string;
  readonly text: string;
  readonly at: number;
}

/** A receipt as docs/protocol.md says. */
export interface Receipt {
  readonly seq: number;
  readonly id: string;
  readonly hash: string;
  readonly position: number;
  readonly received: number;
  readonly occurred: number;
  readonly quarantine: string | null;
}

/**
 * A chain: `number` counts the chains of this phone from 1; up to `until` the phone stands by it (null: to the end); `heard` is
 * the server's head under which its receipts stand, kept where there ever was a contradicting one. A chain with a loss has `ended`.
 */
export interface Chain extends Head {
  readonly id: string;
  readonly number: number;
  readonly follows: string | null;
  readonly until: number | null;
  readonly heard: Head | null;
  readonly ended: boolean;
}

/** What a person has begun to write down. */
export interface Draft {
  readonly id: string;
  readonly at: number;
  readonly value: unknown;
}

/** One thing that changes. Changes written together are kept together, or none is. */
export type Change =
  | { readonly kind: "begin"; readonly chain: string; readonly follows: string | null }
  | {
      readonly kind: "record";
      readonly chain: string;
      readonly seq: number;
      readonly prev: string;
      readonly hash: string;
      readonly text: string;
    }
  | { readonly kind: "receipt"; readonly chain: string; readonly receipt: Receipt }
  /** Receipts above `above` no longer stand. */
  | { readonly kind: "lost"; readonly chain: string; readonly above: number }
  /** Records above `until` live on in a newer chain. */
  | { readonly kind: "moved"; readonly chain: string; readonly until: number }
  | { readonly kind: "heard"; readonly chain: string; readonly head: Head }
  | { readonly kind: "draft"; readonly id: string; readonly value: unknown }
  | { readonly kind: "undraft"; readonly id: string };

/** Everything that is kept, in the order in which it came. */
export interface Holdings {
  readonly chains: readonly Chain[];
  readonly records: readonly Record[];
  readonly receipts: readonly { readonly chain: string; readonly receipt: Receipt }[];
  readonly drafts: readonly Draft[];
}

/**
 * Records that were shown as saved and are not there: `missing` of them, those after `held` up to `shown` (of a damaged chain: one
 * or more among them), written after `since` (null: nobody knows) and not after `until`, found missing at `found`.
 */
export interface Loss {
  readonly id: string;
  readonly kind: "wiped" | "rolled back" | "damaged";
  readonly chain: string;
  readonly held: number;
  readonly shown: number;
  readonly missing: number;
  readonly since: number | null;
  readonly until: number;
  readonly found: number;
}
