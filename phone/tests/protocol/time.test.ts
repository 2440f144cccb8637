import { expect, it, test } from "vitest";

import { type Stamp } from "../../src/protocol/messages";
import { settle, type Settled, stampOf, stated, type Timed, uncertainty } from "../../src/protocol/time";
import { vectors } from "../vectors";

interface Vector {
  why: string;
  record: Timed;
  sent: Stamp;
  received: number;
  before: Settled | null;
  settled: Settled;
  uncertainty: number | null;
  stated: Settled;
}

test.each(vectors<Vector[]>("time"))("$why", (vector) => {
  const settled = settle(vector.record, vector.sent, vector.received, vector.before);
  expect(settled).toEqual(vector.settled);
  expect(uncertainty(settled)).toBe(vector.uncertainty);
  expect(stated(vector.record, vector.received, settled)).toEqual(vector.stated);
});

it("reads clocks in whole milliseconds, also before 1970", () => {
  expect(stampOf({ boot: "b", wall: () => -0.5, mono: () => 12.9 })).toEqual({ wall: -1, boot: "b", mono: 12 });
});
