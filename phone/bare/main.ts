/**
 * A bare page that saves records as fast as no person could, and says of each what it shows as saved: in the document, and to the
 * server that served it, which no kill of the browser can rewind.
 *
 * `?early` shows before it saves, `?blind` keeps no witness, `?durability=relaxed` saves without waiting for the disk: they are
 * for the proof that the torture can fail.
 */
import { type Change, type Head, type Holdings, Store, browserPlaces } from "../src/store";

const asked = new URLSearchParams(location.search);
const EARLY = asked.has("early");
const PAD = 200;
/** Reports on their way; more wait, so that no more than these may be lost with a kill. */
const UNHEARD = 3;

const flying = new Set<Promise<unknown>>();

async function tell(what: string, value: unknown): Promise<void> {
  while (flying.size >= UNHEARD) await Promise.race(flying);
  const sent: Promise<unknown> = fetch(what, { method: "POST", body: JSON.stringify(value) }).finally(() => flying.delete(sent));
  flying.add(sent);
}

function say(id: string, text: string): void {
  const output = document.getElementById(id);
  if (output) output.textContent = text;
}

async function chainHash(prev: string, text: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(prev + text));
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** The chain to go on with, or a new one. */
function goOn(held: Holdings): { chain: string; head: Head; begin: Change[] } {
  const last = held.chains.at(-1);
  if (last && !last.ended) return { chain: last.id, head: last, begin: [] };
  const chain = crypto.randomUUID();
  return { chain, head: { seq: 0, hash: "" }, begin: [{ kind: "begin", chain, follows: null }] };
}

/** A record with the receipt of the one before it; every third ends a draft. Written together: all of it is there, or nothing. */
async function next(chain: string, head: Head): Promise<{ changes: Change[]; draft: Change | null; head: Head }> {
  const [seq, id] = [head.seq + 1, crypto.randomUUID()];
  const pad = btoa(String.fromCharCode(...crypto.getRandomValues(new Uint8Array(PAD))));
  const text = JSON.stringify({ body: { pad }, chain, id, prev: head.hash, seq, v: 1 });
  const hash = await chainHash(head.hash, text);
  const changes: Change[] = [{ kind: "record", chain, seq, prev: head.hash, hash, text }];
  if (seq > 1) {
    const receipt = { seq: seq - 1, id, hash: head.hash, position: seq - 1, received: 0, occurred: 0, quarantine: null };
    changes.push({ kind: "receipt", chain, receipt });
  }
  const draft: Change | null = seq % 3 === 0 ? { kind: "draft", id, value: { pad: pad.slice(0, 50) } } : null;
  if (draft) changes.push({ kind: "undraft", id });
  return { changes, draft, head: { seq, hash } };
}

async function run(): Promise<void> {
  const durability = asked.get("durability") === "relaxed" ? "relaxed" : "strict";
  const places = asked.has("blind") ? [] : browserPlaces();
  const found = await Store.open({ places, now: Date.now, locks: navigator.locks, storage: navigator.storage, durability });
  if (!found.ok) return stop(found.problem.code, found.problem.cause);
  const { store, opening } = found.value;
  const audited = await store.audit(chainHash);
  const held = await store.read();
  if (!held.ok) return stop(held.problem.code, held.problem.cause);
  await tell("start", { opening, held: held.value, damage: audited.ok ? audited.value : audited.problem.code });
  await Promise.all(flying);
  for (const loss of opening.losses) await store.acknowledge(loss.id);
  if (!opening.writes) return stop("store.second_tab");
  say("state", "saving");
  let { chain, head, begin } = goOn(held.value);
  for (;;) {
    const record = await next(chain, head);
    const shown = { chain, ...record.head };
    if (EARLY) await tell("shown", { ...shown, ms: 0 });
    if (record.draft) await store.write([record.draft]);
    const began = performance.now();
    const saved = await store.write([...begin, ...record.changes]);
    const ms = performance.now() - began;
    if (!saved.ok) return stop(saved.problem.code, saved.problem.cause);
    say("saved", `${shown.chain} ${shown.seq} ${shown.hash}`);
    if (!EARLY) await tell("shown", { ...shown, ms, durability: saved.value.durability, witnesses: saved.value.witnesses });
    [head, begin] = [record.head, []];
  }
}

function stop(code: string, cause?: unknown): void {
  say("state", code);
  void tell("problem", { code, cause: String(cause) });
}

void run();
