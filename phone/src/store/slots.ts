/**
 * A text in a file of two slots of fixed size, written in turn, in place: the file never grows, so it can be written when no room
 * is left; and a write that was cut short spoils one slot, so the text before it is still there.
 */
export const SLOT = 64 * 1024;

/** A slot's content and its number; null if it cannot hold the text. */
export function slotted(number: number, text: string): Uint8Array | null {
  const bytes = new TextEncoder().encode(`${JSON.stringify({ number, sum: sum(number, text), text })}\n`);
  return bytes.length <= SLOT ? bytes : null;
}

/** The newest whole text of a file and its number; 0 and null if there is none. */
export function newest(file: Uint8Array): { number: number; text: string | null } {
  const slots = [file.subarray(0, SLOT), file.subarray(SLOT, 2 * SLOT)].map(whole);
  return slots.reduce((best, slot) => (slot.number > best.number ? slot : best), { number: 0, text: null });
}

function whole(slot: Uint8Array): { number: number; text: string | null } {
  const end = slot.indexOf(0x0a);
  try {
    const said = JSON.parse(new TextDecoder().decode(slot.subarray(0, Math.max(0, end)))) as {
      number: number;
      sum: number;
      text: string;
    };
    if (said.sum === sum(said.number, said.text)) return { number: said.number, text: said.text };
  } catch {
    // a slot that was never written, or not to its end
  }
  return { number: 0, text: null };
}

/** FNV-1a over both: the beginning of a new slot before the end of an old one must not pass for either. */
function sum(number: number, text: string): number {
  const all = `${number} ${text}`;
  let hash = 0x811c9dc5;
  for (let index = 0; index < all.length; index++) hash = Math.imul(hash ^ all.charCodeAt(index), 0x01000193);
  return hash >>> 0;
}
