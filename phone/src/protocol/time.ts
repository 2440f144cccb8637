/**
 * When a record happened: settled once, at intake, with bounds. All times are ms since 1970 (UTC).
 *
 * The wall clock of a phone may be wrong by years; its monotonic clock counts on until the phone reboots, and may stand still
 * while it sleeps. So what the monotonic clock counted is the least that has passed:
 *
 * - a record was made at least `sent.mono - mono` before its batch was received, if both belong to one boot session;
 * - and at least `mono - seen.mono` after the server said what time it was.
 *
 * Between these bounds the wall clock is believed. The server decides; a phone can say beforehand what it will come to.
 */

import { type Stamp } from "./messages";
import { type Envelope } from "./record";

/** How far a monotonic clock may run fast: no phone's crystal is ten times better than this. */
export const DRIFT = 0.001;

/**
 * When it happened as far as anyone will ever know, and between which moments that truly was.
 *
 * `earliest` is null where nothing bounds it. If the phone's clocks count honestly the truth lies in the bounds;
 * `occurred` may lie outside them only where the record ahead of it in the chain was settled later.
 */
export interface Settled {
  readonly occurred: number;
  readonly earliest: number | null;
  readonly latest: number;
}

/** What of a record its time follows from. */
export type Timed = Pick<Envelope, "wall" | "boot" | "mono" | "seen" | "at">;

/** A phone's clocks: an id of its boot session, its wall clock, and ms since the session began, as the platform counts them. */
export interface Clocks {
  readonly boot: string;
  readonly wall: () => number;
  readonly mono: () => number;
}

/** Read the clocks: whole ms, as records and batches carry them. */
export function stampOf(clocks: Clocks): Stamp {
  return { wall: Math.floor(clocks.wall()), boot: clocks.boot, mono: Math.floor(clocks.mono()) };
}

/** Return how far off `occurred` can be, in ms; null: unbounded. */
export function uncertainty(settled: Settled): number | null {
  const { occurred, earliest, latest } = settled;
  return earliest === null ? null : Math.max(occurred - earliest, latest - occurred, 0);
}

/** Return when a record happened: never after `received`, never before the record ahead of it in the chain. */
export function settle(record: Timed, sent: Stamp, received: number, before: Settled | null): Settled {
  const latest = latestOf(record, sent, received);
  const earliest = earliestOf(record, latest, before);
  const wall = earliest === null ? record.wall : Math.max(record.wall, earliest);
  const believed = Math.max(0, Math.min(wall, latest));
  const occurred = before === null ? believed : Math.min(Math.max(believed, before.occurred), received);
  return { occurred, earliest, latest };
}

/** Return the time that a record states (`at`) in place of the one settled: never after receipt, bounded by nothing else. */
export function stated(record: Timed, received: number, settled: Settled): Settled {
  if (record.at === null) return settled;
  return { occurred: Math.max(0, Math.min(record.at, received)), earliest: null, latest: received };
}

function latestOf(record: Timed, sent: Stamp, received: number): number {
  const counts = record.boot === sent.boot && sent.mono >= record.mono;
  return counts ? received - atLeast(sent.mono - record.mono) : received;
}

function earliestOf(record: Timed, latest: number, before: Settled | null): number | null {
  const bounds = before === null || before.earliest === null ? [] : [before.earliest];
  if (record.seen !== null && record.mono >= record.seen[1]) {
    bounds.push(record.seen[0] + atLeast(record.mono - record.seen[1]));
  }
  const earliest = bounds.length === 0 ? null : Math.max(...bounds);
  return earliest !== null && earliest > latest ? null : earliest; // a clock ran backwards: what the server saw itself stands
}

/** Return how much has surely passed while a monotonic clock counted so much. */
function atLeast(counted: number): number {
  return Math.floor(counted * (1 - DRIFT));
}
