/** One writer per phone: the tab that holds the lock. */
import { Problem } from "./problems";

const NAME = "tongxin-writer";

/** Ms for which a new tab waits for the lock: that of a page that is just being reloaded or was killed comes free within. */
const PATIENCE = 1_500;

/** Take the lock until the page ends or the returned function is called; null if another tab has it. Throws a Problem without locks. */
export async function takeTurn(locks: LockManager | undefined, patience = PATIENCE): Promise<(() => void) | null> {
  if (!locks) throw new Problem("store.refused");
  const giveUp = new AbortController();
  setTimeout(() => giveUp.abort(), patience);
  return new Promise((resolve, reject) => {
    const hold = () => new Promise<void>((release) => resolve(release));
    locks.request(NAME, { signal: giveUp.signal }, hold).catch((thrown: unknown) => {
      if (giveUp.signal.aborted) resolve(null);
      else reject(new Problem("store.refused", thrown));
    });
  });
}
