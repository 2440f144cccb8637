/**
 * Who speaks: requests signed by this phone, receipts signed by the server. One fixed profile of RFC 9421 (HTTP Message Signatures).
 *
 * A phone signs the method, path and query of a request and the digest of its content (RFC 9530); the server signs the status and
 * digest of an answer with receipts. `keyid` is the device's id, or the server's public key. There is one way to write each
 * header, so texts are compared, not parsed. Keys are P-256, made here and never to leave: the browser keeps the private part.
 */

/** Bytes that the platform's cryptography takes. */
export type Bytes = Uint8Array<ArrayBuffer>;
/** Headers by name in lower case; a missing one is null. */
export type HeaderOf = (name: string) => string | null;

const LABEL = "tongxin";
const ALGORITHM = "ecdsa-p256-sha256";
const CURVE = { name: "ECDSA", namedCurve: "P-256" };
const ECDSA = { name: "ECDSA", hash: "SHA-256" };
const [DIGEST, INPUT, SIGNATURE] = ["content-digest", "signature-input", "signature"] as const;
const REQUEST = ["@method", "@path", "@query", DIGEST];
const ANSWER = ["@status", DIGEST];
const MOST_KEY_ID = 200;
/** What stands for itself in a string of a header (RFC 9651, 3.3.3): printable ASCII but quotes and backslashes. */
const PLAIN = /^[ !#-[\]-~]*$/;

/** A request as it is signed: `path` as in the URL, `query` without the question mark, `content` as it is sent (compressed). */
export interface Request {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly content: Bytes;
}

/** The headers that sign a message. */
export type SignatureHeaders = Record<typeof DIGEST | typeof INPUT | typeof SIGNATURE, string>;

/** A message is not signed, not in this profile's way, or not by this key; the text says which. */
export class BadSignatureError extends Error {
  override readonly name = "BadSignatureError";
}

/** Make a key pair; nothing can read the private part, not even this phone's own code. */
export function newKey(): Promise<CryptoKeyPair> {
  return crypto.subtle.generateKey(CURVE, false, ["sign", "verify"]);
}

/** Return the public part of a key as it is enrolled: 65 bytes in base64url. */
export async function publicText(key: CryptoKey): Promise<string> {
  const text = base64(new Uint8Array(await crypto.subtle.exportKey("raw", key)));
  return text.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

/** Read a public key in base64url, as the server gives its own; reject what is none. */
export function publicKey(text: string): Promise<CryptoKey> {
  const bytes = unbase64(text.replaceAll("-", "+").replaceAll("_", "/"));
  return crypto.subtle.importKey("raw", bytes, CURVE, true, ["verify"]);
}

/** Return the `Content-Digest` of a body as it is sent (after compression). */
export async function digest(content: Bytes): Promise<string> {
  return `sha-256=:${base64(new Uint8Array(await crypto.subtle.digest("SHA-256", content)))}:`;
}

/** Return the headers with which a request is sent; `keyId` is the device's id. */
export async function signRequest(key: CryptoKey, keyId: string, request: Request): Promise<SignatureHeaders> {
  const said = await digest(request.content);
  const base = signatureBase(REQUEST, requestValues(request, said), keyId);
  const made = new Uint8Array(await crypto.subtle.sign(ECDSA, key, UTF8.encode(base)));
  return { [DIGEST]: said, [INPUT]: input(REQUEST, keyId), [SIGNATURE]: `${LABEL}=:${base64(made)}:` };
}

/** Return if a request was signed with a device's key; throw BadSignatureError. */
export async function verifyRequest(key: CryptoKey, header: HeaderOf, request: Request): Promise<void> {
  await verify(key, header, REQUEST, request.content, (said) => requestValues(request, said));
}

/** Return if an answer was signed with the server's key; throw BadSignatureError. */
export async function verifyAnswer(key: CryptoKey, header: HeaderOf, status: number, content: Bytes): Promise<void> {
  await verify(key, header, ANSWER, content, (said) => [String(status), said]);
}

/** Return what is signed: RFC 9421, 2.5. */
export function signatureBase(names: readonly string[], values: readonly string[], keyId: string): string {
  const lines = names.map((name, index) => `"${name}": ${values[index] ?? ""}`);
  return [...lines, `"@signature-params": ${params(names, keyId)}`].join("\n");
}

/** Return the values of what a request's signature covers; `said` is its digest. */
export function requestValues({ method, path, query }: Omit<Request, "content">, said: string): string[] {
  return [method, path, `?${query}`, said];
}

const UTF8 = new TextEncoder();

async function verify(
  key: CryptoKey,
  header: HeaderOf,
  names: readonly string[],
  content: Bytes,
  values: (said: string) => string[],
): Promise<void> {
  const said = await digest(content);
  if (header(DIGEST) !== said) throw new BadSignatureError(`${DIGEST}: missing, or not that of the content`);
  const keyId = keyIdOf(header(INPUT) ?? "", names);
  const made = signatureOf(header(SIGNATURE) ?? "");
  const base = signatureBase(names, values(said), keyId);
  if (!(await crypto.subtle.verify(ECDSA, key, made, UTF8.encode(base)))) {
    throw new BadSignatureError(`${SIGNATURE}: not made with this key, or not over this message`);
  }
}

function params(names: readonly string[], keyId: string): string {
  return `(${names.map((name) => `"${name}"`).join(" ")});keyid="${keyId}";alg="${ALGORITHM}"`;
}

function input(names: readonly string[], keyId: string): string {
  return `${LABEL}=${params(names, keyId)}`;
}

function keyIdOf(text: string, names: readonly string[]): string {
  const [before = "", after = ""] = input(names, "\0").split("\0");
  const keyId = text.slice(before.length, text.length - after.length);
  if (text !== input(names, keyId) || keyId.length > MOST_KEY_ID || !PLAIN.test(keyId)) {
    throw new BadSignatureError(`${INPUT}: missing, or not in the one form`);
  }
  return keyId;
}

/** Read a signature; base64 has bits to spare at its end, so only what is written again alike is one. */
function signatureOf(text: string): Bytes {
  const [, inner] = /^tongxin=:([A-Za-z0-9+/]+={0,2}):$/.exec(text) ?? [];
  if (inner === undefined) throw new BadSignatureError(`${SIGNATURE}: missing, or not in the one form`);
  const bytes = unbase64(inner);
  if (base64(bytes) !== inner) throw new BadSignatureError(`${SIGNATURE}: not in the one form`);
  return bytes;
}

function base64(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes));
}

function unbase64(text: string): Bytes {
  try {
    return Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  } catch {
    throw new BadSignatureError("not base64");
  }
}
