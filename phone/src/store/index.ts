/**
 * The phone's disk: chains of records, their receipts, drafts, and what was ever shown as saved.
 *
 * A record counts as saved when its transaction was complete with strict durability, it was read back in another transaction and
 * compared, and its number stands in the witness outside the database. What fails ends in a named problem; what is missing at the
 * next start is a named loss. See docs/phone.md for what a browser may still do.
 */
export type { Chain, Change, Draft, Head, Holdings, Loss, Receipt, Record } from "./kept";
export type { Code, Result } from "./problems";
export { Problem } from "./problems";
export type { Opening, Options, Saved } from "./store";
export { Store } from "./store";
export { browserPlaces } from "./places";
export type { Place, Witness } from "./witness";
