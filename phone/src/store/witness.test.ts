import { describe, expect, test } from "vitest";
import type { Chain, Loss } from "./kept";
import { slotted } from "./slots";
import { type Place, type Witness, acknowledged, missing, readWitness, shown, writeWitness } from "./witness";

const chain = (id: string, seq: number): Chain => ({
  id,
  seq,
  hash: `h${seq}`,
  number: 1,
  follows: null,
  until: null,
  heard: null,
  ended: false,
});
const saw = (id: string, seq: number, at = 100) => shown(new Map(), id, { seq, hash: `h${seq}` }, at);

function place(name: string, text: string | null = null): Place & { text: string | null } {
  const held = {
    name,
    text,
    read: async () => held.text,
    write: async (written: string) => {
      held.text = written;
    },
  };
  return held;
}

const broken: Place = {
  name: "broken",
  read: () => Promise.reject(new Error("no")),
  write: () => Promise.reject(new Error("no")),
};

describe("the witness", () => {
  test("what is all there is no loss", () => {
    expect(missing(saw("a", 5), [chain("a", 5)], [], new Map(), 200)).toEqual([]);
    expect(missing(saw("a", 5), [chain("a", 9)], [], new Map(), 200)).toEqual([]);
  });

  test("a store of which nothing is left was wiped, and it is said how many and since when", () => {
    const wanted: Loss = {
      id: "a/0-5",
      kind: "wiped",
      chain: "a",
      held: 0,
      shown: 5,
      missing: 5,
      since: 100,
      until: 100,
      found: 200,
    };
    expect(missing(saw("a", 5), [], [], new Map(), 200)).toEqual([wanted]);
  });

  test("an older store lacks the end of a chain, since the last record that is there", () => {
    const [loss] = missing(saw("a", 5), [chain("a", 3)], [], new Map([["a", 70]]), 200);
    expect(loss).toMatchObject({ kind: "rolled back", held: 3, shown: 5, missing: 2, since: 70, until: 100 });
  });

  test("a loss is named until a person has read of it, then only what is lost beyond it", () => {
    const [loss] = missing(saw("a", 5), [chain("a", 3)], [], new Map(), 200);
    expect(missing(saw("a", 5), [], [], new Map(), 300)).toMatchObject([{ held: 0, shown: 5 }]);
    const after = acknowledged(saw("a", 5), loss!);
    expect(missing(after, [chain("a", 3)], [], new Map(), 300)).toEqual([]);
    expect(missing(after, [chain("a", 1)], [], new Map(), 300)).toMatchObject([{ held: 1, shown: 3, missing: 2 }]);
  });

  test("of several places the one that reaches furthest counts; one that fails or holds garbage takes nothing away", async () => {
    const [late, right, garbage] = [place("late"), place("right"), place("garbage", "{")];
    await writeWitness([late], saw("a", 3));
    await writeWitness([right], saw("a", 5));
    expect((await readWitness([broken, late, garbage, right])).witness.get("a")?.seq).toBe(5);
    expect((await readWitness([right, late])).witness.get("a")?.seq).toBe(5);
    expect((await readWitness([broken, late])).heard).toEqual(["late"]);
    expect(await writeWitness([broken, late], saw("a", 6))).toEqual(["late"]);
  });

  test("of very many chains the newest are written, and they fit", async () => {
    const hash = "f".repeat(64);
    let witness: Witness = new Map();
    for (let n = 0; n < 500; n++)
      witness = shown(witness, `0198f0a0-0000-7000-8000-${String(n).padStart(12, "0")}`, { seq: 99_999, hash }, 1e12 + n);
    const kept = place("kept");
    await writeWitness([kept], witness);
    expect(slotted(1e9, kept.text!)).not.toBeNull();
    expect((await readWitness([kept])).witness.get("0198f0a0-0000-7000-8000-000000000499")?.seq).toBe(99_999);
  });

  test("that a person has read of a loss is known from one place alone", async () => {
    const [late, right] = [place("late"), place("right")];
    await writeWitness([late], saw("a", 4));
    const [loss] = missing(saw("a", 5), [chain("a", 3)], [], new Map(), 200);
    await writeWitness([right], acknowledged(saw("a", 5), loss!));
    expect(missing((await readWitness([late, right])).witness, [chain("a", 3)], [], new Map(), 300)).toEqual([]);
  });
});
