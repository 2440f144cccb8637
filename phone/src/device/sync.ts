/** The loop that carries what the client asks to the server, and brings back what it says. */

import type { Client } from "../protocol/client";
import type { Stamp } from "../protocol/messages";
import { BadSignatureError } from "../protocol/signature";
import type { Wire } from "./wire";

/** Ms after which it is tried although the browser says that there is no network: some say so wrongly. */
const DISBELIEF = 60_000;

/** Drives one client until the page ends. */
export class Sync {
  /** Whether the last answer came; null before the first. */
  reached: boolean | null = null;
  /** Whether something answers that is not our server: its receipts are not signed with the key of enrolling. */
  forged = false;
  private wake: () => void = () => undefined;

  constructor(
    private readonly client: Client,
    private readonly wire: Wire,
    private readonly stamp: () => Stamp,
    private readonly changed: () => void,
  ) {}

  /** There is something to send, or the network is back. */
  nudge(): void {
    this.wake();
  }

  async run(): Promise<never> {
    for (let sinceOnline = performance.now(); ;) {
      const now = performance.now();
      if (navigator.onLine) sinceOnline = now;
      const held = !navigator.onLine && now - sinceOnline < DISBELIEF;
      const ask = held ? null : this.client.next(now, this.stamp());
      if (ask === null) {
        await this.sleep(held ? DISBELIEF : Math.max(50, this.client.wakes() - now));
        continue;
      }
      if (!navigator.onLine) sinceOnline = now;
      this.changed();
      await this.carried(ask);
      this.changed();
    }
  }

  private async carried(ask: NonNullable<ReturnType<Client["next"]>>): Promise<void> {
    try {
      const { status, body, retryAfter } = await this.wire.carry(ask);
      await this.client.heard(ask, status, body, performance.now(), this.stamp(), retryAfter);
      [this.reached, this.forged] = [true, false];
    } catch (error) {
      // no answer, one that nobody signed, one that cannot be kept: nothing of it counts
      this.client.missed(performance.now());
      [this.reached, this.forged] = [false, error instanceof BadSignatureError];
    }
  }

  private async sleep(ms: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
