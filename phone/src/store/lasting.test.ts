import { expect, test } from "vitest";
import { askToLast } from "./lasting";

const manager = (more: Partial<StorageManager>) => more as StorageManager;
const estimate = async () => ({ quota: 1000, usage: 10 });

test("the browser's answer is kept with what it holds and how much it may", async () => {
  const asked = manager({ persisted: async () => false, persist: async () => true, estimate });
  expect(await askToLast(asked, 5)).toEqual({ granted: true, asked: 5, quota: 1000, usage: 10 });
});

test("who granted it before is not asked again", async () => {
  const persist = () => Promise.reject(new Error("asked again"));
  expect((await askToLast(manager({ persisted: async () => true, persist, estimate }), 5)).granted).toBe(true);
});

test("a browser that refuses, cannot answer or does not answer has not granted it, and keeps nobody waiting", async () => {
  const never = () => new Promise<boolean>(() => undefined);
  expect((await askToLast(manager({ persisted: async () => false, persist: async () => false, estimate }), 5)).granted).toBe(
    false,
  );
  expect(await askToLast(undefined, 5)).toEqual({ granted: null, asked: 5, quota: null, usage: null });
  expect((await askToLast(manager({ persisted: async () => false, persist: never, estimate }), 5)).granted).toBeNull();
});
