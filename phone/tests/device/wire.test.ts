/** What leaves the phone is signed over what is sent, packed or not; what nobody signed is no receipt. */

import { gunzipSync } from "node:zlib";
import { afterEach, beforeAll, expect, test, vi } from "vitest";
import { Wire } from "../../src/device/wire";
import type { Ask } from "../../src/protocol/ask";
import { newKey, publicText, verifyRequest } from "../../src/protocol/signature";

const DEVICE = "22222222-2222-4222-8222-222222222222";
let [key, wire] = [{} as CryptoKeyPair, {} as Wire];

beforeAll(async () => {
  key = await newKey();
  const receiptKey = await publicText((await newKey()).publicKey);
  const identity = {
    device: DEVICE,
    key,
    ledger: "430181",
    member: { id: "m", name: "M" },
    intake: "http://intake/field/",
    receiptKey,
  };
  wire = new Wire(identity, () => "en");
});
afterEach(() => vi.unstubAllGlobals());

function ask(kind: Ask["kind"], body: string): Ask {
  return { kind, body, chain: "c", batch: [] };
}

/** Answer every request so; return what was asked. */
function answering(make: () => Response): { url: URL; headers: Headers; body: Uint8Array<ArrayBuffer> }[] {
  const heard: { url: URL; headers: Headers; body: Uint8Array<ArrayBuffer> }[] = [];
  vi.stubGlobal("fetch", async (url: URL, init: { headers: Record<string, string>; body: Uint8Array<ArrayBuffer> }) => {
    heard.push({ url, headers: new Headers(init.headers), body: init.body });
    return make();
  });
  return heard;
}

test.each([
  [100, null],
  [10_000, "gzip"],
])("a body of %i bytes goes signed, coded as %s", async (size, coding) => {
  const heard = answering(() => new Response("{}", { status: 503, headers: { "retry-after": "7" } }));
  const body = JSON.stringify({ pad: "x".repeat(size) });
  expect(await wire.carry(ask("heartbeat", body))).toEqual({ status: 503, body: "{}", retryAfter: 7000 });
  const [sent] = heard;
  if (sent === undefined) throw new Error("nothing was sent");
  expect(sent.headers.get("content-encoding")).toBe(coding);
  expect(Buffer.from(coding ? gunzipSync(sent.body) : sent.body).toString()).toBe(body);
  const request = { method: "POST", path: "/field/heartbeat", query: "", content: sent.body };
  await verifyRequest(key.publicKey, (name) => sent.headers.get(name), request);
});

test("an answer with receipts that the server did not sign is none", async () => {
  answering(() => new Response("{}"));
  await expect(wire.carry(ask("records", "{}"))).rejects.toThrow("content-digest");
  expect(await wire.carry(ask("heartbeat", "{}"))).toMatchObject({ status: 200 });
});
