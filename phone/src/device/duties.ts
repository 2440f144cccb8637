/** What the server says that this phone's member is to do. */

import { type Activity, readActivity } from "../playbook/schema";

/** One duty, as `GET duties` gives it; times in ms. */
export interface Duty {
  readonly id: string;
  readonly order: { readonly id: string; readonly number: string; readonly title: string };
  readonly drill: boolean;
  readonly activity: Activity;
  readonly hash: string;
  readonly kind: string;
  readonly place: { readonly id: string; readonly name: string };
  readonly due: number;
}

interface Listed {
  readonly id: string;
  readonly order: Duty["order"];
  readonly incident: { readonly drill: boolean };
  readonly activity: { readonly id: string; readonly hash: string };
  readonly kind: string;
  readonly place: Duty["place"];
  readonly due_at: string;
}

/** Read an answer of `GET duties`; a duty whose form this phone is too old for is left out and counted. */
export function readDuties(answer: unknown): { duties: Duty[]; unread: number } {
  const { duties: listed, activities } = answer as { duties: Listed[]; activities: Record<string, unknown> };
  const forms = new Map(Object.entries(activities).map(([hash, form]) => [hash, formOf(form)]));
  const duties = listed.flatMap((row): Duty[] => {
    const activity = forms.get(row.activity.hash);
    if (activity === undefined) return [];
    const { id, order, kind, place } = row;
    return [
      { id, order, kind, place, activity, hash: row.activity.hash, drill: row.incident.drill, due: Date.parse(row.due_at) },
    ];
  });
  return { duties, unread: listed.length - duties.length };
}

function formOf(form: unknown): Activity | undefined {
  try {
    return readActivity(form);
  } catch {
    return undefined;
  }
}
