/**
 * What was ever shown as saved, written down outside the database, so that a database that was cleared or put back is noticed.
 *
 * Chromium clears a database that it finds damaged, and starts a new one without a word: only something beside it can tell.
 */
import type { Chain, Loss } from "./kept";

/** Of one chain: the last record shown as saved, when, when its first was; `named`: what was held when a person read of a loss. */
export interface Seen {
  readonly seq: number;
  readonly hash: string;
  readonly began: number;
  readonly at: number;
  readonly named?: number;
}

/** By chain. */
export type Witness = ReadonlyMap<string, Seen>;

/** Somewhere to write it down. Both may fail: then this place knows nothing, and the others must do. */
export interface Place {
  readonly name: string;
  read(): Promise<string | null>;
  write(text: string): Promise<void>;
  close?(): void;
}

/** Read all places: of each chain what reaches furthest, and the names of the places that answered. */
export async function readWitness(places: readonly Place[]): Promise<{ witness: Witness; heard: string[] }> {
  const texts = await Promise.allSettled(places.map(async (place) => place.read()));
  const merged = new Map<string, Seen>();
  for (const text of texts) {
    if (text.status === "fulfilled")
      for (const [chain, seen] of parsed(text.value)) merged.set(chain, further(merged.get(chain), seen));
  }
  return { witness: merged, heard: places.filter((_, index) => texts[index]?.status === "fulfilled").map((place) => place.name) };
}

/** Chains that are written down, the newest: as many as surely fit. A phone begins a new one after a loss or a fork. */
const MOST = 200;

/** Write to all places; return the names of those that took it. */
export async function writeWitness(places: readonly Place[], witness: Witness): Promise<string[]> {
  const newest = [...witness].sort(([, one], [, other]) => one.at - other.at).slice(-MOST);
  const text = JSON.stringify({ v: 1, chains: Object.fromEntries(newest) });
  const ended = await Promise.allSettled(places.map(async (place) => place.write(text)));
  return places.filter((_, index) => ended[index]?.status === "fulfilled").map((place) => place.name);
}

/** What a place says, or nothing if it cannot be read. */
function parsed(text: string | null): [string, Seen][] {
  try {
    const said = JSON.parse(text ?? "{}") as { v?: number; chains?: { [chain: string]: Seen } };
    return said.v === 1 ? Object.entries(said.chains ?? {}).filter(([, seen]) => Number.isSafeInteger(seen.seq)) : [];
  } catch {
    return [];
  }
}

function further(one: Seen | undefined, other: Seen): Seen {
  if (!one) return other;
  const named = Math.min(one.named ?? Infinity, other.named ?? Infinity);
  const far = other.seq > one.seq ? other : one;
  return named === Infinity ? far : { ...far, named };
}

/** The witness after a chain's record was shown. */
export function shown(witness: Witness, chain: string, head: { seq: number; hash: string }, now: number): Witness {
  const began = witness.get(chain)?.began ?? now;
  return new Map(witness).set(chain, { ...head, began, at: now });
}

/** The witness after a person has read of a loss. */
export function acknowledged(witness: Witness, loss: Loss): Witness {
  const seen = witness.get(loss.chain);
  if (!seen || loss.kind === "damaged") return witness;
  return new Map(witness).set(loss.chain, { ...seen, named: Math.min(seen.named ?? Infinity, loss.held) });
}

/**
 * Compare the witness with the chains that are there; return what is missing and was not named before.
 *
 * Of a chain of which nothing was named, all that was shown is expected; else what was held at that time. What is missing is
 * always the end of a chain: the store was wiped if nothing is left of any, else rolled back.
 */
export function missing(
  witness: Witness,
  chains: readonly Chain[],
  before: readonly Loss[],
  keptAt: ReadonlyMap<string, number>,
  now: number,
): Loss[] {
  const found: Loss[] = [];
  for (const [id, seen] of witness) {
    const held = chains.find((chain) => chain.id === id)?.seq ?? 0;
    const already = before.filter((loss) => loss.chain === id && loss.kind !== "damaged").map((loss) => loss.held);
    const expected = Math.min(seen.seq, seen.named ?? Infinity, ...already);
    if (held >= expected) continue;
    const kind = chains.length ? "rolled back" : "wiped";
    const since = keptAt.get(id) ?? seen.began;
    found.push({
      id: `${id}/${held}-${expected}`,
      kind,
      chain: id,
      held,
      shown: expected,
      missing: expected - held,
      since,
      until: seen.at,
      found: now,
    });
  }
  return found;
}
