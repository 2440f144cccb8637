/** The phone's way to the doors: it signs what it sends, and believes no receipt that the server did not sign. */

import type { Ask } from "../protocol/ask";
import { type Bytes, newKey, publicKey, publicText, signRequest, verifyAnswer } from "../protocol/signature";
import { type Identity, keep, known } from "./facts";

/** Ms after which no answer will come. */
const PATIENCE = 20_000;
/** Bodies of so many bytes are packed. */
const WORTH_PACKING = 4_000;
const UTF8 = new TextEncoder();

/** An answer as the client takes it in; `retryAfter` in ms. */
export interface Answer {
  readonly status: number;
  readonly body: string;
  readonly retryAfter: number;
}

/** The server refused; both sentences are its own, in the language that was asked for. */
export class RefusedError extends Error {
  override readonly name = "RefusedError";

  constructor(
    readonly code: string,
    message: string,
    readonly next: string,
  ) {
    super(message);
  }
}

/**
 * Make this phone a member's, and keep who it is. Its id and key are kept first: whoever asks again after no answer is the same.
 *
 * Reject with RefusedError, or with a TypeError if no answer came.
 */
export async function enrol(code: string, newId: () => string, language: string): Promise<Identity> {
  const begun = (await known("begun")) ?? { device: newId(), key: await newKey() };
  await keep("begun", begun);
  const body = JSON.stringify({ code, device: begun.device, key: await publicText(begun.key.publicKey) });
  const headers = { "content-type": "application/json", "accept-language": language };
  const response = await fetch("/field/enrol", { method: "POST", body, headers, signal: AbortSignal.timeout(PATIENCE) });
  if (!response.ok) throw await refusal(response);
  const said = (await response.json()) as {
    ledger: string;
    member: { id: string; name: string };
    intake_url: string;
    receipt_key: string;
  };
  const identity = { ...begun, ledger: said.ledger, member: said.member, intake: said.intake_url, receiptKey: said.receipt_key };
  await keep("identity", identity);
  return identity;
}

/** The way of one enrolled phone. */
export class Wire {
  constructor(
    readonly identity: Identity,
    private readonly language: () => string,
  ) {}

  /** Ask the web server's field door; reject with RefusedError, or as `fetch` does. */
  async get(path: string): Promise<unknown> {
    const response = await this.send("GET", new URL(`/field/${path}`, location.href), new Uint8Array());
    if (!response.ok) throw await refusal(response);
    return response.json();
  }

  /** Bring the intake what the client asks; reject with BadSignatureError, or as `fetch` does: both mean that no answer came. */
  async carry(ask: Ask): Promise<Answer> {
    const response = await this.send("POST", new URL(this.identity.intake + ask.kind), UTF8.encode(ask.body));
    const content = new Uint8Array(await response.arrayBuffer());
    if (response.status === 200 && ask.kind === "records") {
      const key = await publicKey(this.identity.receiptKey);
      await verifyAnswer(key, (name) => response.headers.get(name), response.status, content);
    }
    const wait = response.headers.get("retry-after") ?? "";
    const retryAfter = /^[0-9]{1,6}$/.test(wait) ? Number(wait) * 1000 : 0;
    return { status: response.status, body: new TextDecoder().decode(content), retryAfter };
  }

  private async send(method: string, url: URL, plain: Bytes): Promise<Response> {
    const packs = plain.length >= WORTH_PACKING && "CompressionStream" in globalThis;
    const content = packs ? await packed(plain) : plain;
    const { device, key } = this.identity;
    const request = { method, path: url.pathname, query: url.search.slice(1), content };
    const headers: Record<string, string> = {
      "accept-language": this.language(),
      ...(content.length > 0 ? { "content-type": "application/json" } : {}),
      ...(packs ? { "content-encoding": "gzip" } : {}),
      ...(await signRequest(key.privateKey, device, request)),
    };
    const body = content.length > 0 ? { body: content } : {};
    return fetch(url, { method, headers, ...body, cache: "no-store", signal: AbortSignal.timeout(PATIENCE) });
  }
}

async function packed(plain: Bytes): Promise<Bytes> {
  const stream = new Blob([plain]).stream().pipeThrough(new CompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

async function refusal(response: Response): Promise<RefusedError> {
  try {
    const { problem } = (await response.json()) as { problem: { code: string; message: string; next: string } };
    return new RefusedError(problem.code, problem.message, problem.next);
  } catch {
    return new RefusedError(String(response.status), "", "");
  }
}
