import { describe, expect, test } from "vitest";
import { SLOT, newest, slotted } from "./slots";

/** A file into whose slots these texts were written in turn. */
function file(...texts: string[]): Uint8Array {
  const bytes = new Uint8Array(2 * SLOT);
  texts.forEach((text, index) => bytes.set(slotted(index + 1, text)!, ((index + 1) % 2) * SLOT));
  return bytes;
}

describe("a file of two slots", () => {
  test("says what was written last", () => {
    expect(newest(new Uint8Array())).toEqual({ number: 0, text: null });
    expect(newest(file("一"))).toEqual({ number: 1, text: "一" });
    expect(newest(file("one", "two", "三"))).toEqual({ number: 3, text: "三" });
  });

  test("says what was written before if the last write was cut short anywhere", () => {
    const before = file("one", "two");
    const last = slotted(3, "three, which is longer")!;
    for (let cut = 0; cut < last.length - 1; cut++) {
      const torn = before.slice();
      torn.set(last.subarray(0, cut), SLOT);
      expect(newest(torn).text).toMatch(/^two$/);
    }
  });

  test("refuses what does not fit", () => {
    expect(slotted(1, "x".repeat(SLOT))).toBeNull();
  });
});
