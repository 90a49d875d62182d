// What the loss surface is over: two of the net's numbers, or a plane through its run.
import { byId } from "../../core/dom";
import * as i18n from "../../core/i18n";
import * as nets from "../../core/net";
import * as numbersModule from "../../core/numbers";
import * as weightRows from "../../core/weight-rows";

const TENTHS = [5, 1, 2, 3, 4, 6, 7, 8, 9]; // the first one is offered first

// Start and end of a run, and the frames in between that a plane may go through. What was set by
// hand since is no part of it, so that a drag does not turn the plane.
export const runOf = (playback) => {
  const { frames } = playback;
  const trained = frames.filter((frame) => frame.p && frame.mark !== "edit");
  const [start, end] = [trained[0], trained[trained.length - 1]];
  if (!start || end.epoch === start.epoch) return { start, end, thirds: [] };
  const within = trained.filter(({ epoch }) => epoch > start.epoch && epoch < end.epoch);
  const nearest = (epoch) =>
    within.reduce(
      (best, frame) => (Math.abs(frame.epoch - epoch) < Math.abs(best.epoch - epoch) ? frame : best),
      within[0],
    );
  const span = end.epoch - start.epoch;
  const thirds = within.length ? TENTHS.map((k) => nearest(start.epoch + (span * k) / 10)) : [];
  return { start, end, thirds: [...new Set(thirds)] };
};

const fill = (select, options, value) => {
  const key = JSON.stringify(options);
  if (select.dataset.options !== key) {
    select.dataset.options = key;
    select.replaceChildren(
      ...options.map(([name, words, disabled]) =>
        Object.assign(document.createElement("option"), {
          value: name,
          textContent: words,
          disabled: Boolean(disabled),
        }),
      ),
    );
  }
  select.value = value;
};

// "W1, unit 1" and so on, in the net's order
export const names = (net) => weightRows.rowsOf(net).map(({ label, sub }) => i18n.t(label, { k: sub }));

// Returns {show, view}: `view` is {kind: "two", i, j} or {kind: "run", third}, the epoch of the
// third net; `onChange()` is called when somebody chooses.
export const create = (onChange) => {
  const view = { kind: "two", i: 0, j: 1, third: null };

  // Make the lists fit the net and its run; what is no longer there is given up.
  const show = (net, run) => {
    const { t } = i18n;
    const size = nets.size(net);
    if (view.i >= size || view.j >= size) Object.assign(view, { i: 0, j: 1 });
    const possible = run.thirds.length > 0;
    if (!run.thirds.some(({ epoch }) => epoch === view.third)) view.third = run.thirds[0]?.epoch ?? null;
    fill(
      byId("surface-view"),
      [
        ["two", t("surface.view_two")],
        ["run", t("surface.view_run"), !possible],
      ],
      view.kind,
    );
    const numbers = names(net).map((name, k) => [String(k), name]);
    fill(byId("surface-x"), numbers, String(view.i));
    fill(byId("surface-y"), numbers, String(view.j));
    const byEpoch = run.thirds.map(({ epoch }) => epoch).sort((a, b) => a - b);
    fill(
      byId("surface-third"),
      byEpoch.map((epoch) => [String(epoch), t("surface.epoch", { epoch: numbersModule.whole(epoch) })]),
      String(view.third),
    );
    byId("surface-two").hidden = view.kind !== "two";
    byId("surface-run").hidden = view.kind !== "run";
  };

  const listen = (id, choose) =>
    byId(id).addEventListener("change", ({ target }) => {
      choose(target.value);
      onChange();
    });
  listen("surface-view", (value) => (view.kind = value));
  listen("surface-third", (value) => (view.third = Number(value)));
  // the same number twice makes no plane: the other axis takes what this one had
  listen("surface-x", (value) => {
    if (Number(value) === view.j) view.j = view.i;
    view.i = Number(value);
  });
  listen("surface-y", (value) => {
    if (Number(value) === view.i) view.i = view.j;
    view.j = Number(value);
  });
  return { show, view };
};
