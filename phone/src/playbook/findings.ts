/** What a report does to the matters of its subject, as a phone shows it before the server has judged it. */

import { holds, trigger, type Trigger } from "./condition";
import { type Activity, type MatterRule } from "./schema";

/** What a report does to a matter: opens it, closes it, would close it but for an approval, or tells that it still stands. */
export type Doing = "opens" | "closes" | "waits" | "touches";

/** A matter that a report touches, and how. */
export interface Finding {
  readonly matter: MatterRule;
  readonly does: Doing;
}

/**
 * Return what answers do to an activity's matters, those named in `open` standing open as they are given.
 *
 * A matter that a named rule opens or closes is left out of it: only the server knows all that went before.
 */
export function findings(activity: Activity, body: Readonly<Record<string, unknown>>, open: ReadonlySet<string>): Finding[] {
  const known = new Map<string, Doing | null>();

  function doing(rule: MatterRule): Doing | null {
    if (!known.has(rule.name)) {
      known.set(rule.name, null); // a circle between matters ends here
      known.set(rule.name, open.has(rule.name) ? standing(rule) : isSo(rule.opens) ? "opens" : null);
    }
    return known.get(rule.name) ?? null;
  }

  function standing(rule: MatterRule): Doing | null {
    if (isSo(rule.closes)) return rule.approval === null ? "closes" : "waits";
    const opens = trigger(rule.opens, activity);
    return opens.kind === "comparison" && Object.hasOwn(body, opens.question) ? "touches" : null;
  }

  function isSo(text: string): boolean {
    const when: Trigger = trigger(text, activity);
    if (when.kind === "comparison") return holds(when, body);
    const other = when.kind === "closed" ? activity.matter.find((rule) => rule.name === when.matter) : undefined;
    return other !== undefined && doing(other) === "closes";
  }

  return activity.matter.flatMap((matter) => {
    const does = doing(matter);
    return does === null ? [] : [{ matter, does }];
  });
}
