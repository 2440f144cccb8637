/** The phone as its screens see it: who it is, what is to do, what was done and how far that has come. */

import { computed, shallowRef } from "vue";
import { fits } from "../playbook/answers";
import { findings } from "../playbook/findings";
import type { Activity } from "../playbook/schema";
import type { Kept } from "../protocol/chain";
import { Client, type Holding } from "../protocol/client";
import { uuid7 } from "../protocol/ids";
import { type Body, chainHash, decode, type Envelope } from "../protocol/record";
import { type Clocks, stampOf } from "../protocol/time";
import { browserPlaces, type Opening, Problem, Store } from "../store";
import { type Duty, readDuties } from "./duties";
import { type Identity, keep, known } from "./facts";
import { StoreJournal, valueOf } from "./journal";
import { Sync } from "./sync";
import { enrol, RefusedError, Wire } from "./wire";

/** How often duties are asked for while somebody looks, in ms. */
const REFRESH = 120_000;
/** A page is a boot session of its own: its monotonic clock counts from its beginning. */
const CLOCKS: Clocks = { boot: crypto.randomUUID?.() ?? "", wall: Date.now, mono: () => performance.now() };

export type State = keyof Holding;

/** A record that this phone made: what it says, and how far it has come. */
export interface Done {
  readonly record: Envelope;
  readonly state: State;
  /** What the server marked it with; null without a mark. */
  readonly mark: string | null;
}

/** What keeps the phone from working: a code that the words have a sentence for. */
export type Stop = Problem["code"] | "insecure";

export const stage = shallowRef<"opening" | "joining" | "working" | "stopped">("opening");
export const stop = shallowRef<Stop>("store.failed");
export const identity = shallowRef<Identity>();
export const duties = shallowRef<readonly Duty[]>([]);
export const unread = shallowRef(0);
/** When the duties were last heard of, by this phone's clock; null: never. */
export const heardAt = shallowRef<number | null>(null);
export const done = shallowRef<readonly Done[]>([]);
export const holding = shallowRef<Holding>({ saved: 0, sent: 0, confirmed: 0 });
export const blocked = shallowRef("");
export const forged = shallowRef(false);
export const online = shallowRef(true);
export const losses = shallowRef<Opening["losses"]>([]);
/** Whether the browser promises to keep what is stored. */
export const lasting = shallowRef<boolean | null>(null);
/** Now, as the server counts (a drill has its own time); it moves on by itself. */
export const now = shallowRef(Date.now());
/** What is still to do: visits that were not made, and posts, which never end by one record. */
export const open = computed(() => {
  const made = new Set(done.value.map(({ record }) => record.duty));
  return duties.value.filter((duty) => duty.kind !== "visit" || !made.has(duty.id));
});

let store: Store | undefined;
let client: Client | undefined;
let journal: StoreJournal | undefined;
let wire: Wire | undefined;
let sync: Sync | undefined;
let ahead = 0;
let language = "zh-hans";
const read = new Map<string, Envelope>();

export function newId(): string {
  return uuid7(Date.now(), crypto.getRandomValues(new Uint8Array(10)));
}

/** Open the store, and go on as whom this phone is enrolled for. */
export async function start(): Promise<void> {
  setInterval(() => (now.value = Date.now() + ahead), 1000);
  if (!isSecureContext) return ended("insecure");
  try {
    const places = browserPlaces();
    const opened = valueOf(await Store.open({ places, now: Date.now, locks: navigator.locks, storage: navigator.storage }));
    store = opened.store;
    losses.value = opened.opening.losses;
    lasting.value = opened.opening.lasting.granted;
    if (!opened.opening.writes) return ended("store.second_tab");
    const enrolled = await known("identity");
    if (enrolled === undefined) stage.value = "joining";
    else await work(enrolled);
  } catch (error) {
    ended(error instanceof Problem ? error.code : "store.failed");
  }
}

/** Enrol this phone with a code, and begin; reject as `enrol` does. */
export async function join(code: string): Promise<void> {
  const enrolled = await enrol(code, newId, language);
  await navigator.storage?.persist?.().then((granted) => (lasting.value = granted));
  await work(enrolled);
}

/** Speak so to the server from now on. */
export function speak(to: "zh" | "en"): void {
  language = to === "zh" ? "zh-hans" : "en";
  if (wire) void refresh();
}

/** Make the record of a duty; fulfil with its id once the store has read it back. Reject with a Problem or TooLongError: nothing was saved. */
export async function save(duty: Duty, body: Body): Promise<string> {
  if (client === undefined) throw new Problem("store.closed");
  const content = {
    activity: duty.activity.id,
    activity_hash: duty.hash,
    order: duty.order.id,
    place: duty.place.id,
    duty: duty.id,
    body,
  };
  const kept = await client.write(content, stampOf(CLOCKS));
  show();
  sync?.nudge();
  return kept.id;
}

/** Keep what was answered so far; that it could not be kept is told when it is saved. */
export async function keepDraft(duty: Duty, answers: Body): Promise<void> {
  await journal?.draft(duty.id, answers).catch(() => undefined);
}

/** Return what was answered before, as far as the form still asks it: it may have changed since. */
export function draftOf(duty: Duty): Body {
  const kept = journal?.drafts.get(duty.id);
  if (typeof kept !== "object" || kept === null) return {};
  const answers = Object.entries(kept as Body);
  return Object.fromEntries(
    answers.filter(([name, answer]) => duty.activity.ask.some((ask) => ask.name === name && fits(ask, answer))),
  );
}

/** Return the matters that stand open at a duty's place as far as this phone's own records tell. */
export function openMatters(duty: Duty): ReadonlySet<string> {
  const opened = new Set<string>();
  const about = done.value.filter(({ record }) => record.activity === duty.activity.id && record.place === duty.place.id);
  for (const { record } of about) applied(duty.activity, record.body, opened);
  return opened;
}

/** A person has read of a loss. */
export async function acknowledge(id: string): Promise<void> {
  await store?.acknowledge(id);
  losses.value = losses.value.filter((loss) => loss.id !== id);
}

/** Ask what is to do; what was last heard stays if no answer comes. */
export async function refresh(): Promise<void> {
  if (wire === undefined) return;
  try {
    const clock = (await wire.get("clock")) as { now: string };
    ahead = Date.parse(clock.now) - Date.now();
    now.value = Date.now() + ahead;
    await keep("ahead", ahead);
    const answer = await wire.get("duties");
    listed(answer);
    heardAt.value = Date.now() + ahead;
    await keep("duties", answer);
  } catch (error) {
    if (error instanceof RefusedError && error.code === "people.unknown_device") blocked.value = error.code;
  }
}

async function work(enrolled: Identity): Promise<void> {
  if (store === undefined) throw new Problem("store.closed");
  identity.value = enrolled;
  ahead = (await known("ahead")) ?? 0;
  remembered(await known("duties"));
  journal = new StoreJournal(store, newId);
  client = await Client.open(enrolled.device, journal, { random: Math.random, newId });
  wire = new Wire(enrolled, () => language);
  sync = new Sync(client, wire, () => stampOf(CLOCKS), show);
  show();
  stage.value = "working";
  void sync.run();
  void refresh();
  void audited(store);
  setInterval(() => document.visibilityState === "visible" && void refresh(), REFRESH);
  for (const event of ["online", "offline"]) addEventListener(event, turned);
  document.addEventListener("visibilitychange", turned);
}

/** Look through every record that is kept: what the disk has changed is named too. */
async function audited(kept: Store): Promise<void> {
  const found = await kept.audit(chainHash);
  if (found.ok) losses.value = [...losses.value, ...found.value.filter((loss) => !losses.value.some(({ id }) => id === loss.id))];
}

function turned(): void {
  sync?.nudge();
  show();
  if (navigator.onLine && document.visibilityState === "visible") void refresh();
}

/** What was last heard, kept for a start without a network; what an older version kept may be unreadable, and comes again. */
function remembered(told: unknown): void {
  try {
    if (told !== undefined) listed(told);
  } catch {
    duties.value = [];
  }
}

function listed(answer: unknown): void {
  const found = readDuties(answer);
  duties.value = found.duties;
  unread.value = found.unread;
}

function show(): void {
  if (client === undefined) return;
  holding.value = client.holding();
  blocked.value = client.blocked;
  forged.value = sync?.forged ?? false;
  online.value = navigator.onLine && sync?.reached !== false;
  const shown: Done[] = [];
  for (const chain of client.chains.values()) {
    for (const kept of chain.records.slice(0, chain.length)) {
      const record = recordOf(kept);
      if (record === null) continue;
      const mark = chain.receipts.get(kept.seq)?.quarantine ?? null;
      shown.push({ record, state: client.stateOf(chain, kept.seq), mark });
    }
  }
  done.value = shown;
}

/** Read a kept record once; null for one that the disk has changed, which the audit names. */
function recordOf({ hash, text }: Kept): Envelope | null {
  const known = read.get(hash);
  if (known !== undefined) return known;
  try {
    const record = decode(text);
    read.set(hash, record);
    return record;
  } catch {
    return null;
  }
}

function applied(activity: Activity, body: Body, opened: Set<string>): void {
  for (const { matter, does } of findings(activity, body, opened)) {
    if (does === "opens") opened.add(matter.name);
    if (does === "closes") opened.delete(matter.name);
  }
}

function ended(why: Stop): void {
  stop.value = why;
  stage.value = "stopped";
}
