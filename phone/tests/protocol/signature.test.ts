import { describe, expect, it, test } from "vitest";

import {
  BadSignatureError,
  type Bytes,
  digest,
  newKey,
  publicKey,
  publicText,
  requestValues,
  signatureBase,
  signRequest,
  verifyAnswer,
  verifyRequest,
} from "../../src/protocol/signature";
import { vectors } from "../vectors";

interface Message {
  method?: string;
  path?: string;
  query?: string;
  status?: number;
  content: string;
}

interface Vectors {
  keys: Record<"phone" | "server", { private: string; public: string }>;
  signed: { key: "phone" | "server"; keyid: string; message: Message; base: string; headers: Record<string, string> }[];
  refused: { why: string; key: "phone"; message: Message; headers: Record<string, string> }[];
}

const { keys, signed, refused } = vectors<Vectors>("signature");
const REQUEST = ["@method", "@path", "@query", "content-digest"];

function bytes(text: string): Bytes {
  return new TextEncoder().encode(text);
}

function request({ method = "", path = "", query = "", content }: Message) {
  return { method, path, query, content: bytes(content) };
}

function header(headers: Readonly<Record<string, string>>): (name: string) => string | null {
  return (name) => headers[name] ?? null;
}

function verified(key: CryptoKey, message: Message, headers: Readonly<Record<string, string>>): Promise<void> {
  if (message.status === undefined) return verifyRequest(key, header(headers), request(message));
  return verifyAnswer(key, header(headers), message.status, bytes(message.content));
}

/** Return a vector's private key, for signing. */
function privateKey(name: "phone" | "server"): Promise<CryptoKey> {
  const point = Buffer.from(keys[name].public, "base64url");
  const [x, y] = [point.subarray(1, 33).toString("base64url"), point.subarray(33).toString("base64url")];
  const d = Buffer.from(keys[name].private, "hex").toString("base64url");
  return crypto.subtle.importKey("jwk", { kty: "EC", crv: "P-256", x, y, d }, { name: "ECDSA", namedCurve: "P-256" }, false, [
    "sign",
  ]);
}

describe("vectors", () => {
  test.each(signed)(
    "$message.method $message.path $message.status is signed so",
    async ({ key, keyid, message, base, headers }) => {
      const said = await digest(bytes(message.content));
      const isRequest = message.status === undefined;
      const names = isRequest ? REQUEST : ["@status", "content-digest"];
      const values = isRequest ? requestValues(request(message), said) : [String(message.status), said];
      expect(said).toBe(headers["content-digest"]);
      expect(signatureBase(names, values, keyid)).toBe(base);
      await verified(await publicKey(keys[key].public), message, headers);
    },
  );

  test.each(signed.filter(({ message }) => message.status === undefined))("$message.path is signed anew", async (vector) => {
    const made = await signRequest(await privateKey(vector.key), vector.keyid, request(vector.message));
    expect(made["signature-input"]).toBe(vector.headers["signature-input"]);
    expect(made["content-digest"]).toBe(vector.headers["content-digest"]);
    await verified(await publicKey(keys[vector.key].public), vector.message, made);
  });

  test.each(refused)("$why is refused", async ({ key, message, headers }) => {
    await expect(verified(await publicKey(keys[key].public), message, headers)).rejects.toThrow(BadSignatureError);
  });
});

const receipt = signed.find(({ message }) => message.status !== undefined)!;
const named = receipt.headers["signature-input"]!;

test.each([
  ["another status", { message: { ...receipt.message, status: 409 } }],
  ["another content", { message: { ...receipt.message, content: "{}" } }],
  ["no headers", { headers: {} }],
  ["the phone's own key", { key: "phone" as const }],
  ["another keyid", { headers: { ...receipt.headers, "signature-input": named.replace("BO", "BP") } }],
  ["a label in capitals", { headers: { ...receipt.headers, "signature-input": named.replace("tongxin", "TONGXIN") } }],
])("a receipt with %s is none", async (_, changes) => {
  const { key, message, headers } = { ...receipt, ...changes };
  await expect(verified(await publicKey(keys[key].public), message, headers)).rejects.toThrow(BadSignatureError);
});

it("makes keys that nothing can read, and enrols with the public part", async () => {
  const pair = await newKey();
  await expect(crypto.subtle.exportKey("jwk", pair.privateKey)).rejects.toThrow();
  const text = await publicText(pair.publicKey);
  expect(text).toMatch(/^[A-Za-z0-9_-]{87}$/);
  const sent = { method: "POST", path: "/field/records", query: "", content: bytes("{}") };
  await verifyRequest(await publicKey(text), header(await signRequest(pair.privateKey, "device", sent)), sent);
});

test.each(["", "BA", "not base64!"])("%j is no public key", async (text) => {
  await expect((async () => publicKey(text))()).rejects.toThrow();
});
