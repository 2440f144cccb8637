import fc from "fast-check";
import { describe, expect, it, test } from "vitest";

import {
  byteLength,
  chainHash,
  decode,
  encode,
  type Envelope,
  GENESIS,
  MOST_BYTES,
  NotCanonicalError,
} from "../../src/protocol/record";
import { uuid7 } from "../../src/protocol/ids";
import { vectors } from "../vectors";
import { record } from "./records";

interface Vectors {
  records: { record: Envelope; bytes: string; hash: string }[];
  unreadable: { why: string; bytes: string }[];
}

const { records, unreadable } = vectors<Vectors>("record");

describe("vectors", () => {
  test.each(records.map((vector, index) => ({ ...vector, index })))(
    "record $index has its bytes and its hash",
    async (vector) => {
      expect(encode(vector.record)).toBe(vector.bytes);
      expect(decode(vector.bytes)).toEqual(vector.record);
      expect(await chainHash(records[vector.index - 1]?.hash ?? GENESIS, vector.bytes)).toBe(vector.hash);
    },
  );

  test.each(unreadable)("$why is no record", ({ bytes }) => {
    expect(() => decode(bytes)).toThrow();
  });
});

const numbers = fc.oneof(
  fc.maxSafeInteger(),
  fc.integer({ min: -1e9, max: 1e9 }).map((thousandths) => thousandths / 1000),
);
const texts = fc.string({ unit: "binary" });
const bodies = fc.dictionary(texts, fc.oneof(fc.boolean(), numbers, texts, fc.array(numbers)), { noNullPrototype: true });

it("is read back as it was written, and there is one way to write it", () => {
  fc.assert(
    fc.property(bodies, (body) => {
      const text = encode(record({ body }));
      expect(encode(record({ body: Object.fromEntries(Object.entries(body).reverse()) }))).toBe(text);
      expect(encode(decode(text))).toBe(text);
      expect(JSON.parse(text).body).toEqual(JSON.parse(JSON.stringify(body)));
    }),
  );
});

it("sorts its keys by code point, not by the units that JavaScript stores", () => {
  const body = { "\u{1F600}": 1, "\uFFFD": 2, é: 3, z: 4, Z: 5, zz: 6 };
  expect(encode(record({ body }))).toContain('"body":{"Z":5,"z":4,"zz":6,"é":3,"\uFFFD":2,"\u{1F600}":1}');
});

test.each([0.0001, 1e12 + 0.5, 0.1 + 0.2, NaN, Infinity, 2 ** 53, -(2 ** 53)])("%d has no bytes", (answer) => {
  expect(() => encode(record({ body: { answer } }))).toThrow(/body\.answer/);
});

test.each([
  [-0, "0"],
  [3.0, "3"],
  [-12.125, "-12.125"],
  [999_999_999_999.999, "999999999999.999"],
  [2 ** 53 - 1, "9007199254740991"],
])("%d is written %s", (answer, written) => {
  expect(encode(record({ body: { answer } }))).toContain(`{"answer":${written}}`);
});

it("has no bytes for half a character, or for what JSON cannot say", () => {
  for (const answer of ["\ud83d", undefined as never, (() => 1) as never]) {
    expect(() => encode(record({ body: { answer } }))).toThrow(NotCanonicalError);
  }
});

it("cannot be read if it is too long, and can if it is just not", () => {
  const room = MOST_BYTES - byteLength(encode(record({ body: { text: "" } })));
  expect(decode(encode(record({ body: { text: "x".repeat(room) } }))).body["text"]).toHaveLength(room);
  expect(() => decode(encode(record({ body: { text: "字".repeat(room / 2) } })))).toThrow(String(MOST_BYTES));
});

it("names the key that is missing, unknown or of the wrong type", () => {
  const { order: _, ...less } = record();
  expect(() => encode(less as Envelope)).toThrow("order:");
  expect(() => encode({ ...record(), toString: 1 } as unknown as Envelope)).toThrow("toString:");
  expect(() => encode(record({ wall: 1.5 }))).toThrow("wall:");
});

it("has an id that sorts by age and is a UUID of version 7", () => {
  const bytes = new Uint8Array(10).fill(255);
  expect(uuid7(0x0190e5a20000, bytes)).toBe("0190e5a2-0000-7fff-bfff-ffffffffffff");
  expect(uuid7(-5, new Uint8Array(10))).toBe("00000000-0000-7000-8000-000000000000");
  expect(() => uuid7(0, new Uint8Array(9))).toThrow();
});
