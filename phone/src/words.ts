/** Every word of the app, in both languages: whole sentences, never glued pieces. */

import { computed, ref } from "vue";
import type { Doing } from "./playbook/findings";
import type { Text } from "./playbook/schema";
import type { State, Stop } from "./device/phone";

export type Language = "zh" | "en";

const zh = {
  app: "同心",
  other: "English",
  drill: "演练",
  join: {
    title: "登记这部手机",
    how: "输入组长给的登记码，或扫他出示的二维码。",
    code: "登记码",
    button: "登记",
    joining: "正在登记……",
    away: "没有连上服务器，还没有登记。看一下网络，再按一次。",
    refused: "登记没有成功。",
    fresh: "登记码 24 小时内有效；这部手机只属于登记的人。",
  },
  tonight: {
    title: "我的今晚",
    left: (count: number) => `还有 ${count} 件`,
    late: (count: number) => `${count} 件逾期`,
    go: "去办",
    doneToday: (count: number) => `已办 ${count} 件`,
    none: "没有要办的事。",
    noneWhy: "派给你的事会出现在这里。",
    never: "还没有拿到任务。",
    neverWhy: "连上服务器后会自己出现，不必守着。",
    more: (count: number) => `另有 ${count} 件，办完前面的再显示。`,
    asOf: (time: string) => `任务截至 ${time}`,
    unread: (count: number) => `有 ${count} 件任务这个版本还不会办：刷新这一页换新版本。`,
    overdue: (span: string) => `逾 ${span}`,
    within: (minutes: number) => (minutes > 0 ? `还有 ${minutes} 分` : "到点了"),
  },
  form: {
    back: "‹ 任务",
    yes: "是",
    no: "否",
    optional: "可不填",
    save: "保存",
    saving: "正在存……",
    left: (count: number) => `还有 ${count} 题没答`,
    notSaved: "没有存下。答案还在这一页。",
    unsupported: "这种题这台应用还不会填：请组长在桌面代填。",
    gone: "这件任务已不在你的名下。",
    range: (least: string, most: string) => `${least} 到 ${most}`,
    misfit: "这个答案不合要求",
    does: (does: Doing, title: string) =>
      ({
        opens: `这样答，将开立事项：${title}`,
        closes: `这样答，将结清事项：${title}`,
        waits: `这样答，等批准后结清：${title}`,
        touches: `事项仍未了结：${title}`,
      })[does],
  },
  saved: {
    title: { saved: "已存本机", sent: "已发送", confirmed: "已确认" } satisfies Record<State, string>,
    says: {
      saved: "写进这部手机并读回核对过。有信号自动发出，现在就可以走。",
      sent: "已经发出，还没有回执。没有回执就会再发，不会重复计数。",
      confirmed: "服务器收下了，有回执。",
    } satisfies Record<State, string>,
    marked: (code: string) => `服务器收下了，但作了标记，暂不计数，桌面会有人看。标记：${code}`,
    back: "回到任务",
    next: (place: string) => `下一处：${place}`,
  },
  foot: {
    states: { saved: "已存本机", sent: "已发送", confirmed: "已确认" } satisfies Record<State, string>,
    none: "还没有记录。",
    all: "记录都已确认，不用做什么。",
    waits: (count: number) => `没连上：${count} 条在本机，有信号就自动发出。`,
    sends: (count: number) => `正在发出 ${count} 条，不必守着。`,
    blocked: (code: string) => `服务器不收这部手机的记录；记录都在本机，请告诉组长。代码 ${code}`,
    forged: "回答的不是我们的服务器，回执没有算数；记录都在本机，换个网络再试。",
  },
  mode: {
    notSafe: "没有信号时别关掉这一页：离线还打不开它；已存的记录不会丢。",
    mayEvict: "没有信号时别关掉这一页，并尽早连网：离线还打不开它，浏览器也没有答应长期保存记录。",
  },
  loss: {
    title: (count: number) => `有 ${count} 条记录不见了。`,
    says: (since: string, until: string) =>
      `它们显示过“已存本机”，写于${since}至${until}；浏览器的存储被清过或退回过。请重做并告诉组长。`,
    unknown: "更早",
    button: "知道了",
  },
  stop: {
    title: "现在不能记录",
    insecure: "这个地址不安全，浏览器不许存密钥。请用 https 的地址打开。",
    "store.full": "手机没有空间了。没有存下；以前存下的都在。删些照片或应用，再存一次。",
    "store.refused": "浏览器不给这一页存储（无痕模式，或被禁止）。请用普通窗口打开。",
    "store.blocked": "另一个标签页开着旧版本。关掉它，再打开这一页。",
    "store.newer": "这一页的新版本已经打开过存储。请刷新。",
    "store.second_tab": "另一个标签页正在记录。到那边继续，或关掉它再刷新这一页。",
    "store.closed": "浏览器关掉了存储。请刷新；以前存下的都在。",
    "store.out_of_turn": "记录接不上前一条。没有存下；请刷新再存一次。",
    "store.ended": "这一串记录丢过东西，不再接着写。请刷新，另起一串。",
    "store.not_read_back": "写下去了，读回来却不一样。不算存下；请再存一次。",
    "store.no_answer": "浏览器的存储没有回应。不算存下；再存一次没有坏处。",
    "store.failed": "浏览器的存储出了错。不算存下；请再存一次。",
    "too.long": "答案太长，没有存下。请写短些。",
  } satisfies Record<Stop | "title" | "too.long", string>,
};

type Words = typeof zh;

const en: Words = {
  app: "Tongxin",
  other: "中文",
  drill: "Drill",
  join: {
    title: "Enrol this phone",
    how: "Type the code that your leader gave you, or scan the QR code on their screen.",
    code: "Code",
    button: "Enrol",
    joining: "Enrolling…",
    away: "The server was not reached; the phone is not enrolled. Look at the network and press again.",
    refused: "The phone was not enrolled.",
    fresh: "A code is good for 24 hours; this phone is then its owner's alone.",
  },
  tonight: {
    title: "My tonight",
    left: (count) => `${count} left`,
    late: (count) => `${count} overdue`,
    go: "Go",
    doneToday: (count) => `Done: ${count}`,
    none: "Nothing to do.",
    noneWhy: "What you are given to do will be shown here.",
    never: "No duties have come yet.",
    neverWhy: "They come by themselves once the server is reached; no need to wait here.",
    more: (count) => `${count} more, shown when those above are done.`,
    asOf: (time) => `Duties as of ${time}`,
    unread: (count) => `Duties that this version cannot do: ${count}. Reload the page for a newer one.`,
    overdue: (span) => `${span} late`,
    within: (minutes) => (minutes > 0 ? `${minutes} min left` : "due now"),
  },
  form: {
    back: "‹ Duties",
    yes: "Yes",
    no: "No",
    optional: "optional",
    save: "Save",
    saving: "Saving…",
    left: (count) => `${count} to answer`,
    notSaved: "It was not saved. Your answers are still on this page.",
    unsupported: "This app cannot ask this kind of question yet: have your leader enter it at the desk.",
    gone: "This duty is no longer yours.",
    range: (least, most) => `${least} to ${most}`,
    misfit: "This answer does not fit",
    does: (does, title) =>
      ({
        opens: `This answer opens: ${title}`,
        closes: `This answer settles: ${title}`,
        waits: `Settled once approved: ${title}`,
        touches: `Still stands: ${title}`,
      })[does],
  },
  saved: {
    title: { saved: "Saved on this phone", sent: "Sent", confirmed: "Confirmed" },
    says: {
      saved: "It was written to this phone, read back and compared. It is sent by itself when there is a signal; you may go.",
      sent: "It is on its way, without a receipt yet. Without one it is sent again, and never counts twice.",
      confirmed: "The server has taken it and gave a receipt.",
    },
    marked: (code) =>
      `The server has taken it and marked it: it does not count until somebody at the desk has looked. Mark: ${code}`,
    back: "Back to duties",
    next: (place) => `Next: ${place}`,
  },
  foot: {
    states: { saved: "Saved", sent: "Sent", confirmed: "Confirmed" },
    none: "No records yet.",
    all: "All records are confirmed. Nothing to do.",
    waits: (count) => `Not connected. ${count} kept here, sent when there is a signal.`,
    sends: (count) => `Being sent: ${count}. No need to wait.`,
    blocked: (code) => `The server refuses this phone's records; all are kept here. Tell your leader. Code ${code}`,
    forged:
      "Something answered that is not our server; its receipts do not count. All records are kept here; try another network.",
  },
  mode: {
    notSafe: "Not safe offline: without a signal do not close this page, it cannot be opened again yet; saved records stay.",
    mayEvict:
      "Not safe offline: this page cannot be opened again yet, nor does the browser promise to keep records, so connect soon.",
  },
  loss: {
    title: (count) => `Records are missing: ${count}.`,
    says: (since, until) =>
      `They were shown as saved, between ${since} and ${until}; the browser's storage was cleared or put back. Make them again and tell your leader.`,
    unknown: "earlier",
    button: "I have read this",
  },
  stop: {
    title: "Nothing can be recorded now",
    insecure: "This address is not secure, so the browser keeps no key. Open the address that begins with https.",
    "store.full": "The phone has no room. It was not saved; what was saved stays. Delete some photos or apps and save again.",
    "store.refused": "The browser gives this page no storage (private mode, or forbidden). Open it in an ordinary window.",
    "store.blocked": "Another tab holds an older version open. Close it, then open this page again.",
    "store.newer": "A newer version of this page has opened the storage. Reload the page.",
    "store.second_tab": "Another tab is recording. Go on there, or close it and reload this page.",
    "store.closed": "The browser closed the storage. Reload the page; what was saved stays.",
    "store.out_of_turn": "The record does not follow the one before. It was not saved; reload and save again.",
    "store.ended": "Records of this chain were lost; it takes no more. Reload to begin a new one.",
    "store.not_read_back": "It was written, but something else was read back. It does not count as saved; save again.",
    "store.no_answer": "The browser's storage does not answer. It does not count as saved; to save again does no harm.",
    "store.failed": "The browser's storage failed. It does not count as saved; save again.",
    "too.long": "The answers are too long and were not saved. Write less.",
  },
};

const KEY = "tongxin-language";

/** The language that is spoken: what was chosen on this phone, else what the browser speaks, else Chinese. */
export const language = ref<Language>(chosen());
export const words = computed<Words>(() => (language.value === "zh" ? zh : en));

/** Speak the other language, and remember it. */
export function switchLanguage(): void {
  language.value = language.value === "zh" ? "en" : "zh";
  try {
    localStorage.setItem(KEY, language.value);
  } catch {
    // a browser without storage forgets it
  }
}

/** Return what an activity file says, in the language that is spoken. */
export function say(text: Text): string {
  return text[language.value];
}

/** Return a time of day in the county; midnight, where a day's work ends, as 24:00. */
export function clockTime(ms: number): string {
  const time = new Intl.DateTimeFormat("en-GB", { timeZone: "Asia/Shanghai", hour: "2-digit", minute: "2-digit" }).format(ms);
  return time === "00:00" ? "24:00" : time;
}

/** Return a span as hours and minutes: 2:42. */
export function span(ms: number): string {
  const minutes = Math.floor(ms / 60_000);
  return `${Math.floor(minutes / 60)}:${String(minutes % 60).padStart(2, "0")}`;
}

function chosen(): Language {
  try {
    const kept = localStorage.getItem(KEY);
    if (kept === "zh" || kept === "en") return kept;
  } catch {
    // as above
  }
  return navigator.language.toLowerCase().startsWith("en") ? "en" : "zh";
}
