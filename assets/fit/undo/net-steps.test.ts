// Fit's undo steps, with a simulated server that has a history like pwlapp/sessions/history.py.
import { beforeEach, describe, expect, test, vi } from "vitest";
import * as history from "../../core/history";
import type { Snapshot } from "../../core/types";
import * as steps from "./net-steps";

const server = vi.hoisted(() => ({
  nets: ["first"], // the net after each step
  state: { version: 1, can_undo: 0, epoch: 0, first_seq: 0, params: [1, 2, 3, 4, 5] },
  refusal: null as { code: string } | null,
  get net() {
    return this.nets[this.state.can_undo];
  },
  // A command that replaces the net.
  put(net: string) {
    const { version, can_undo } = this.state;
    this.nets = [...this.nets.slice(0, can_undo + 1), net];
    this.state = { ...this.state, version: version + 1, can_undo: can_undo + 1 };
  },
  send(verb: string) {
    if (this.refusal) return { error: this.refusal };
    const to = this.state.can_undo + (verb === "undo" ? -1 : 1);
    if (to in this.nets) this.state = { ...this.state, version: this.state.version + 1, can_undo: to };
    return { snapshot: this.state };
  },
}));
const page = vi.hoisted(() => ({ fields: "seed 1", build: [1, -1], reset: new EventTarget(), place: "own", own: "a" }));

vi.mock("../../core/dom", () => ({ byId: () => page.reset }));
vi.mock("../../core/text/i18n", () => ({ announce: () => {}, t: () => "" }));
vi.mock("../../build/build", () => ({
  now: () => page.build,
  show: (build: number[]) => (page.build = build),
}));
vi.mock("./field-steps", () => ({
  read: () => page.fields,
  put: async (fields: string) => {
    await Promise.resolve(); // as Dash shows values a little later
    page.fields = fields;
  },
}));
vi.mock("../fields", () => ({ valuesOf: () => "of the session", values: () => page.fields }));
vi.mock("../session", () => ({
  get state() {
    return server.state;
  },
  send: async (verb: string) => server.send(verb),
  historyKey: () => page.place,
  get own() {
    return page.own;
  },
}));
const stored = new Map<string, string>();
vi.stubGlobal("sessionStorage", {
  getItem: (key: string) => stored.get(key) ?? null,
  setItem: (key: string, value: string) => stored.set(key, value),
});

const whole = () => [server.net, page.fields, ...page.build];
const FIRST = ["first", "seed 1", 1, -1];
const record = vi.spyOn(history, "record");
steps.start();

beforeEach(() => {
  vi.useFakeTimers();
  Object.assign(server, { nets: ["first"], refusal: null });
  server.state = { ...server.state, can_undo: 0, epoch: 0, first_seq: 0 };
  Object.assign(page, { fields: "seed 1", build: [1, -1] });
  record.mockClear();
});

describe("an action that changes the session", () => {
  test("is one step, with the page's fields and Build's weights", async () => {
    await steps.asOneStep(async () => {
      server.put("other data"); // two commands of the server
      server.put("and a run");
      Object.assign(page, { fields: "seed 2", build: [3, 4] });
    });
    const after = ["and a run", "seed 2", 3, 4];
    expect(whole()).toEqual(after);
    await history.undo();
    expect(whole()).toEqual(FIRST);
    await history.redo();
    expect(whole()).toEqual(after);
    expect(record).toHaveBeenCalledOnce();
  });

  test("redo restores what was trained or typed after it", async () => {
    await steps.asOneStep(async () => server.put("a link's"));
    server.put("trained");
    page.fields = "seed 7";
    await history.undo();
    expect(whole()).toEqual(FIRST);
    server.nets[1] = "a link's, trained";
    await history.redo();
    expect(whole()).toEqual(["a link's, trained", "seed 7", 1, -1]);
  });

  test("is no step if it was refused, but is one if its first command was accepted", async () => {
    const error = { code: "busy" };
    expect(await steps.asOneStep(async () => ({ error }))).toEqual({ error });
    expect(record).not.toHaveBeenCalled();
    await steps.asOneStep(async () => {
      server.put("other data");
      return { error };
    });
    expect(record).toHaveBeenCalledOnce();
    await history.undo();
    expect(server.net).toBe("first");
  });

  test("stays a step if the server refuses to undo it", async () => {
    await steps.asOneStep(async () => server.put("other data"));
    server.refusal = { code: "server" };
    await history.undo();
    expect(server.net).toBe("other data");
    server.refusal = null;
    await history.undo();
    expect(server.net).toBe("first");
  });

  test("undo stops where the server has no more steps", async () => {
    server.put("one");
    await steps.asOneStep(async () => server.put("two"));
    server.nets = ["elsewhere"]; // another tab has started over
    server.state = { ...server.state, can_undo: 0 };
    await history.undo();
    expect(server.net).toBe("elsewhere");
  });
});

describe("the reset button", () => {
  const press = () => page.reset.dispatchEvent(new Event("click"));
  const answer = (changes: object) => ({ error: null, snapshot: { ...server.state, ...changes } as Snapshot });

  test("is a step when the answer has come", async () => {
    press();
    page.fields = "typed since";
    steps.answered(answer({ epoch: 20 })); // to something else
    expect(record).not.toHaveBeenCalled();
    server.put("reset");
    steps.answered(answer({ epoch: 0, first_seq: 9 }));
    await history.undo();
    expect(whole()).toEqual(FIRST);
    await history.redo();
    expect(whole()).toEqual(["reset", "typed since", 1, -1]);
  });

  test("is undone even if Undo is pressed before the answer has come", async () => {
    await steps.asOneStep(async () => server.put("a link's"));
    press();
    const undone = history.undo();
    server.put("reset");
    Object.assign(server.state, { epoch: 0, first_seq: 9 });
    steps.answered(answer({}));
    await undone;
    expect(server.net).toBe("a link's");
  });

  test("is no step when it was refused or not pressed", () => {
    press();
    steps.answered({ error: { code: "bad_hidden" }, snapshot: null });
    steps.answered(answer({ epoch: 0, first_seq: 9 }));
    expect(record).not.toHaveBeenCalled();
  });
});

describe("weights by hand", () => {
  const [one, two] = [
    [7, 2, 3, 4, 5],
    [8, 2, 3, 4, 5],
  ];
  const edit = (p: number[]) => {
    steps.edited(p);
    server.put(`W1 ${p[0]}`); // the server records them a little later
  };

  test("are a step each, unless they follow quickly on the same slider", async () => {
    edit(one);
    vi.advanceTimersByTime(1000);
    edit(two);
    edit([9, 2, 3, 4, 5]);
    await history.undo();
    expect(server.net).toBe("W1 7");
    await history.undo();
    expect(server.net).toBe("first");
    await history.redo();
    await history.redo();
    expect(server.net).toBe("W1 9");
  });

  test("undo waits until the server has recorded them", async () => {
    steps.edited(one);
    const undone = history.undo();
    await vi.advanceTimersByTimeAsync(100);
    server.put("W1 7");
    await vi.advanceTimersByTimeAsync(20);
    await undone;
    expect(server.net).toBe("first");
  });

  test("undo waits for at most 3 s", async () => {
    steps.edited(one);
    const undone = history.undo();
    await vi.advanceTimersByTimeAsync(3000);
    await undone;
    expect(server.net).toBe("first");
  });
});

describe("another session", () => {
  const snapshot = { can_undo: 0, can_redo: 0 } as Snapshot;
  const show = (place: string) => {
    steps.save(page.place);
    page.place = place;
    return steps.restore(place, snapshot);
  };

  test("has its own values in the fields", async () => {
    await steps.restore("own", snapshot);
    expect(page.fields).toBe("of the session");
    page.fields = "typed";
    await show("of the class");
    expect(page.fields).toBe("of the session");
    await show("own");
    expect(page.fields).toBe("typed");
  });

  test("does not change the values of one that it replaces before its fields are filled", async () => {
    await steps.restore("own", snapshot);
    page.fields = "typed";
    await show("of the class");
    const filling = show("own");
    const again = show("of the class");
    await filling;
    await again;
    expect(page.fields).toBe("of the session");
    await show("own");
    expect(page.fields).toBe("typed");
  });

  test("leaves the kept fields of the tab's own session as they are, for a reload", async () => {
    await steps.restore("own", snapshot);
    const type = (fields: string) => {
      page.fields = fields;
      steps.keepFields();
    };
    const open = (place: string) => {
      page.place = place; // without `save`, as when the page is loaded
      return steps.restore(place, snapshot);
    };
    type("typed");
    await open("of the class");
    type("typed while the teacher leads");
    await open("own");
    expect(page.fields).toBe("typed");
    page.own = "b"; // the server did not know the session, and has made another one
    await open("own");
    expect(page.fields).toBe("of the session");
  });
});
