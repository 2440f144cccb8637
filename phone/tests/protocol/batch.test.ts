import { expect, test } from "vitest";

import { type Batch } from "../../src/protocol/messages";
import { vectors } from "../vectors";
import { accept, type Head } from "./server";

/** What batches do to a chain: it holds the server in these tests to the real one. */
interface Vector {
  why: string;
  head: Head;
  held: string[];
  batch: Batch;
  after?: Head;
  taken?: object[];
  refused?: string;
  seq?: number;
}

const RECEIVED = 1_647_921_600_000 + 10_000;

test.each(vectors<Vector[]>("batch"))("$why", async ({ head, held, batch, after, taken, refused, seq }) => {
  const found = await accept(head, batch, held, RECEIVED);
  if ("refused" in found) {
    expect(found).toEqual(seq === undefined ? { refused } : { refused, seq });
    return;
  }
  expect(found.after).toEqual(after);
  const rows = found.taken.map((new_) => ({ seq: new_.seq, hash: new_.hash, readable: new_.envelope !== null, ...new_.settled }));
  expect(rows).toEqual(taken);
});
