/** Ids that a phone makes: of records, chains and itself. */

/** Return a UUIDv7 (RFC 9562): 48 bits of Unix milliseconds, then 10 random bytes, so that ids sort by age. */
export function uuid7(ms: number, random: Uint8Array): string {
  const bytes = [...random.subarray(0, 10)];
  if (bytes.length < 10) throw new Error("10 random bytes are needed");
  bytes[0] = 0x70 | ((bytes[0] ?? 0) & 0x0f);
  bytes[2] = 0x80 | ((bytes[2] ?? 0) & 0x3f);
  const time = Math.max(0, Math.trunc(ms) % 2 ** 48);
  const hex = time.toString(16).padStart(12, "0") + bytes.map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}
