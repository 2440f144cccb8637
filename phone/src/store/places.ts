/** Where a browser lets the witness be written. */
import { within } from "./problems";
import type { Place } from "./witness";

const KEY = "tongxin-witness";

/** Ms after which the file has failed: more than its worker waits for the tab before this one to let go of it. */
const ANSWER = 12_000;

/** So often in a row the file may fail before it is given up: where a browser has none, every try costs a worker. */
const TRIES = 3;

/**
 * localStorage is everywhere, but Chromium writes it to disk only after seconds or a minute; a file of the page's own directory is
 * on disk when the answer comes.
 */
export function browserPlaces(): Place[] {
  return [inLocalStorage, new File()];
}

const inLocalStorage: Place = {
  name: "localStorage",
  read: async () => localStorage.getItem(KEY),
  write: async (text) => localStorage.setItem(KEY, text),
};

/** The file, through its worker, which is started when needed. Given up after some failures in a row: the other place must do. */
class File implements Place {
  readonly name = "file";
  private worker: Worker | undefined;
  private failures = 0;
  private asked = 0;
  private readonly waiting = new Map<number, { resolve: (text: string | null) => void; reject: (thrown: unknown) => void }>();

  async read(): Promise<string | null> {
    return this.ask({});
  }

  async write(text: string): Promise<void> {
    await this.ask({ text });
  }

  close(): void {
    this.worker?.terminate();
    this.worker = undefined;
    this.waiting.clear();
  }

  private async ask(what: { text?: string }): Promise<string | null> {
    if (this.failures >= TRIES) throw new Error("given up");
    try {
      const said = await within(ANSWER, this.answer((this.worker ??= this.started()), what));
      this.failures = 0;
      return said;
    } catch (thrown) {
      this.failures += 1;
      this.close();
      throw thrown;
    }
  }

  private async answer(worker: Worker, what: { text?: string }): Promise<string | null> {
    const id = ++this.asked;
    return new Promise((resolve, reject) => {
      this.waiting.set(id, { resolve, reject });
      worker.postMessage({ id, ...what });
    });
  }

  private started(): Worker {
    const worker = new Worker(new URL("./file.worker.ts", import.meta.url), { type: "module" });
    worker.onmessage = (event: MessageEvent<{ id: number; text?: string | null; failed?: string }>) => {
      const { id, text, failed } = event.data;
      const waits = this.waiting.get(id);
      this.waiting.delete(id);
      if (failed === undefined) waits?.resolve(text ?? null);
      else waits?.reject(new Error(failed));
    };
    worker.onerror = (event) => {
      for (const waits of this.waiting.values()) waits.reject(new Error(event.message));
      this.waiting.clear();
    };
    return worker;
  }
}
