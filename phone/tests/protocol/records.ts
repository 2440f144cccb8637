/** A plain record, and when it was made. */

import { type Stamp } from "../../src/protocol/messages";
import { type Envelope, PLAIN } from "../../src/protocol/record";

/** 2022-03-22 12:00 in Shanghai. */
export const NOON = 1_647_921_600_000;
export const STAMP: Stamp = { wall: NOON, boot: "0190e5a2-0000-7000-8000-00000000b001", mono: 1000 };

/** Return a plain record. */
export function record(changes: Partial<Envelope> = {}): Envelope {
  const place = { device: "d", chain: "c", seq: 1, prev: "", follows: null };
  const clocks = { wall: NOON, boot: "b", mono: 1, seen: null };
  return { ...PLAIN, v: 1, id: "i", ...place, ...clocks, activity: "a", activity_hash: "h", order: "o", body: {}, ...changes };
}
