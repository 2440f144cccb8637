/** Whether the browser promises not to clear the store by itself. */
import { within } from "./problems";

/** Ms to wait for an answer: some browsers ask the person, who may take their time. */
const PATIENCE = 1_000;

/** Its answer: `granted` null if it has no such promise to give; `quota` and `usage` in bytes as it estimates them. */
export interface Lasting {
  readonly granted: boolean | null;
  readonly asked: number;
  readonly quota: number | null;
  readonly usage: number | null;
}

/** Ask for persistent storage; a browser that has not answered has not granted it. */
export async function askToLast(storage: StorageManager | undefined, now: number): Promise<Lasting> {
  const granted = await quietly(async () => (await storage?.persisted?.()) || (await storage?.persist?.()));
  const estimate = await quietly(async () => storage?.estimate?.());
  return { granted: granted ?? null, asked: now, quota: estimate?.quota ?? null, usage: estimate?.usage ?? null };
}

async function quietly<T>(ask: () => Promise<T>): Promise<T | undefined> {
  try {
    return await within(PATIENCE, ask());
  } catch {
    return undefined;
  }
}
