/** One tree of problems: what can keep a record from being saved, by stable codes. */

/** Each code, and what it means for the record and the person. */
export const MEANINGS = {
  "store.full": "The phone has no room for it. It was not saved; what was saved stays.",
  "store.refused": "This browser gives the page no storage (private mode, or forbidden). Nothing can be saved here.",
  "store.blocked": "Another tab holds an older version open. Close it, then open this page again.",
  "store.newer": "A newer version of this page has opened the store. Open the page again to go on.",
  "store.second_tab": "Another tab of this phone writes. Go on there; nothing is written here.",
  "store.closed": "The browser closed the store. Open the page again; what was saved stays.",
  "store.out_of_turn": "The record does not follow the last one that is kept. It was not saved.",
  "store.ended": "Records of this chain were lost; it takes no more. Begin a new chain.",
  "store.not_read_back": "It was written, but something else was read back. Do not count it as saved.",
  "store.no_answer":
    "The browser's storage does not answer. Do not count it as saved; to save the same record again does no harm.",
  "store.failed": "The browser's storage failed for a reason of its own. Do not count it as saved.",
} as const;

export type Code = keyof typeof MEANINGS;

/** A named problem; `cause` is what the browser threw. */
export class Problem extends Error {
  override readonly name = "Problem";

  constructor(
    readonly code: Code,
    cause?: unknown,
  ) {
    super(MEANINGS[code], { cause });
  }
}

/** A value, or the problem that stands in its place. */
export type Result<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly problem: Problem };

const BY_NAME: { readonly [name: string]: Code } = {
  QuotaExceededError: "store.full",
  SecurityError: "store.refused",
  InvalidStateError: "store.closed",
  DatabaseClosedError: "store.closed",
  MissingAPIError: "store.refused",
  NotAllowedError: "store.refused",
  VersionError: "store.newer",
};

/** Name whatever was thrown. A full disk comes as the reason inside an abort, sometimes only as its text. */
export function named(thrown: unknown): Problem {
  for (let reason = thrown; reason instanceof Object; reason = (reason as { inner?: unknown }).inner) {
    if (reason instanceof Problem) return reason;
    const { name, message } = reason as { name?: string; message?: string };
    const code = BY_NAME[name ?? ""] ?? (/QuotaExceeded|disk.*full|no space/i.test(message ?? "") ? "store.full" : undefined);
    if (code) return new Problem(code, thrown);
  }
  return new Problem("store.failed", thrown);
}

/** Do something; return its value or the named problem. */
export async function attempt<T>(act: () => Promise<T>): Promise<Result<T>> {
  try {
    return { ok: true, value: await act() };
  } catch (thrown) {
    return { ok: false, problem: named(thrown) };
  }
}

/** Wait at most so many ms for what may never answer. */
export async function within<T>(ms: number, promise: PromiseLike<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Problem("store.no_answer")), ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
