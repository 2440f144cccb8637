/** Holds the witness's file open and writes it in place; only a worker may. Says `{id, text}` or `{id, failed}` to each `{id, text?}`. */
import { SLOT, newest, slotted } from "./slots";

interface Handle {
  read(into: Uint8Array, options: { at: number }): number;
  write(from: Uint8Array, options: { at: number }): number;
  truncate(size: number): void;
  flush(): void;
  getSize(): number;
}

/** Ms for which the tab before this one may still hold the file: on a slow phone a browser that was ended takes its time to let go. */
const PATIENCE = 10_000;
const NAME = "tongxin-witness";

async function open(): Promise<Handle> {
  const folder = await navigator.storage.getDirectory();
  const file = (await folder.getFileHandle(NAME, { create: true })) as unknown as { createSyncAccessHandle(): Promise<Handle> };
  for (const began = performance.now(); ;) {
    try {
      const handle = await file.createSyncAccessHandle();
      if (handle.getSize() < 2 * SLOT) handle.truncate(2 * SLOT);
      return handle;
    } catch (thrown) {
      if (performance.now() - began > PATIENCE) throw thrown;
      await new Promise((wake) => setTimeout(wake, 30));
    }
  }
}

const opening = open();
let last: { number: number; text: string | null } | undefined;

function look(handle: Handle): { number: number; text: string | null } {
  const bytes = new Uint8Array(2 * SLOT);
  handle.read(bytes, { at: 0 });
  return newest(bytes);
}

async function answer(text: string | undefined): Promise<string | null> {
  const handle = await opening;
  last ??= look(handle);
  if (text === undefined) return last.text;
  const bytes = slotted(last.number + 1, text);
  if (!bytes) throw new Error("too long for its slot");
  handle.write(bytes, { at: ((last.number + 1) % 2) * SLOT });
  handle.flush();
  last = { number: last.number + 1, text };
  return text;
}

addEventListener("message", (event: MessageEvent<{ id: number; text?: string }>) => {
  const { id, text } = event.data;
  answer(text).then(
    (said) => postMessage({ id, text: said }),
    (thrown: unknown) => postMessage({ id, failed: String(thrown) }),
  );
});
