/** What a phone knows of an activity: its questions, and the matters that answers open and close. docs/activities.md explains it. */

/** A sentence or label in both languages. */
export interface Text {
  readonly zh: string;
  readonly en: string;
}

/** One answer of a choice. */
export interface Option {
  readonly name: string;
  readonly label: Text;
}

export const QUESTION_TYPES = [
  "yes_no",
  "choice",
  "number",
  "text",
  "phone",
  "date",
  "photo",
  "position",
  "code",
  "signature",
  "repeat",
] as const;
/** What kind of answer a question asks for. Phone numbers, photos and signatures come with sealing; until then no file has them. */
export type QuestionType = (typeof QUESTION_TYPES)[number];

/** A question of the form. `min` and `max` bound a number; `ask` are the questions of each row of a `repeat`. */
export interface Ask {
  readonly name: string;
  readonly type: QuestionType;
  readonly label: Text;
  readonly required: boolean;
  readonly show_when: string;
  readonly options: readonly Option[];
  readonly unit: Text | null;
  readonly min: number | null;
  readonly max: number | null;
  readonly decimals: number;
  readonly personal: boolean;
  readonly ask: readonly Ask[];
}

/** What opens and closes a matter, and when it is due: `tonight`, `duty` (its duty's deadline), `2h` or `3d`. */
export interface MatterRule {
  readonly name: string;
  readonly title: Text;
  readonly opens: string;
  readonly closes: string;
  readonly due: string;
  readonly owner: string;
  readonly escalates_to: string | null;
  readonly approval: string | null;
  readonly per: string;
}

/** A kind of work: its form and its matters. One object is one version of one file. */
export interface Activity {
  readonly id: string;
  readonly title: Text;
  readonly kind: string;
  readonly subject: string;
  readonly cadence: string;
  readonly ask: readonly Ask[];
  readonly matter: readonly MatterRule[];
}

/** What a server sent is no activity, or one that this phone is too old for; the message says where. */
export class BadActivityError extends Error {
  override readonly name = "BadActivityError";
}

/** Read an activity as the field door sends it (or as its file says it, which leaves out what is usual); throw BadActivityError. */
export function readActivity(value: unknown): Activity {
  const found = new Table(value, "activity");
  return {
    id: found.string("id"),
    title: found.text("title"),
    kind: found.string("kind"),
    subject: found.string("subject"),
    cadence: found.string("cadence", ""),
    ask: found.list("ask", question),
    matter: found.list("matter", matter),
  };
}

function question(found: Table): Ask {
  return {
    name: found.string("name"),
    type: found.word("type", QUESTION_TYPES),
    label: found.text("label"),
    required: found.flag("required"),
    show_when: found.string("show_when", ""),
    options: found.list("options", (option) => ({ name: option.string("name"), label: option.text("label") })),
    unit: found.textOrNull("unit"),
    min: found.numberOrNull("min"),
    max: found.numberOrNull("max"),
    decimals: found.numberOrNull("decimals") ?? 0,
    personal: found.flag("personal"),
    ask: found.list("ask", question),
  };
}

function matter(found: Table): MatterRule {
  return {
    name: found.string("name"),
    title: found.text("title"),
    opens: found.string("opens"),
    closes: found.string("closes"),
    due: found.string("due", "tonight"),
    owner: found.string("owner", "organisation"),
    escalates_to: found.stringOrNull("escalates_to"),
    approval: found.stringOrNull("approval"),
    per: found.string("per", "subject"),
  };
}

/** A table of an activity, read key by key. */
class Table {
  readonly #values: Record<string, unknown>;

  constructor(
    value: unknown,
    readonly at: string,
  ) {
    if (typeof value !== "object" || value === null || Array.isArray(value)) throw new BadActivityError(`${at}: not a table`);
    this.#values = value as Record<string, unknown>;
  }

  string(key: string, otherwise?: string): string {
    const value = this.#values[key] ?? otherwise;
    return typeof value === "string" ? value : this.#refuse(key);
  }

  stringOrNull(key: string): string | null {
    return this.#has(key) ? this.string(key) : null;
  }

  word<Word extends string>(key: string, words: readonly Word[]): Word {
    const value = this.#values[key];
    return words.find((word) => word === value) ?? this.#refuse(key);
  }

  numberOrNull(key: string): number | null {
    const value = this.#values[key] ?? null;
    return value === null || typeof value === "number" ? value : this.#refuse(key);
  }

  flag(key: string): boolean {
    const value = this.#values[key] ?? false;
    return typeof value === "boolean" ? value : this.#refuse(key);
  }

  text(key: string): Text {
    const found = new Table(this.#values[key], `${this.at}.${key}`);
    return { zh: found.string("zh"), en: found.string("en") };
  }

  textOrNull(key: string): Text | null {
    return this.#has(key) ? this.text(key) : null;
  }

  list<Item>(key: string, read: (table: Table) => Item): Item[] {
    const value = this.#values[key] ?? [];
    if (!Array.isArray(value)) return this.#refuse(key);
    return value.map((item, index) => read(new Table(item, `${this.at}.${key}[${index}]`)));
  }

  #has(key: string): boolean {
    return (this.#values[key] ?? null) !== null;
  }

  #refuse(key: string): never {
    throw new BadActivityError(`${this.at}.${key}: missing, or not what this phone knows`);
  }
}
