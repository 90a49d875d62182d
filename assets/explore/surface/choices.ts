// The plane of the loss surface: two of the net's weights, or a plane through three nets of its run.
import { byId, element } from "../../core/dom";
import * as nets from "../../core/net/net";
import * as weightRows from "../../core/net/weight-rows";
import * as i18n from "../../core/text/i18n";
import * as numbersModule from "../../core/text/numbers";
import type { Frame, NetDescription, Weights } from "../../core/types";
import type { Now } from "../../fit/fit";

type PlainFrame = Frame & { p: Weights };
export type Run = { start: PlainFrame; end: PlainFrame; thirds: PlainFrame[] };
// The plane of the weights with the indices i and j ("two"), or the plane through the run's start, its end and its net
// at epoch `third` ("run").
export type View = { kind: "two" | "run"; i: number; j: number; third: number | null };
export type Choices = ReturnType<typeof create>;
type Option = [value: string, words: string, disabled?: boolean];

const TENTHS = [5, 1, 2, 3, 4, 6, 7, 8, 9]; // the third net can be chosen at these tenths of the run; default first

// Start and end of a run, and the frames between them that may be the plane's third net. Weights set by hand are
// excluded, so that a drag does not rotate the plane. Null if nothing was trained.
export const runOf = ({ frames }: Now["playback"]): Run | null => {
  const trained = frames.filter((frame): frame is PlainFrame => frame.p !== null && frame.mark !== "edit");
  const [start, end] = [trained[0], trained[trained.length - 1]];
  if (!start || end.epoch === start.epoch) return null;
  const within = trained.filter(({ epoch }) => epoch > start.epoch && epoch < end.epoch);
  const nearest = (epoch: number) =>
    within.reduce(
      (best, frame) => (Math.abs(frame.epoch - epoch) < Math.abs(best.epoch - epoch) ? frame : best),
      within[0],
    );
  const span = end.epoch - start.epoch;
  const thirds = within.length ? TENTHS.map((k) => nearest(start.epoch + (span * k) / 10)) : [];
  return { start, end, thirds: [...new Set(thirds)] };
};

const fill = (id: string, options: Option[], value: string) => {
  const select = byId(id, HTMLSelectElement);
  const key = JSON.stringify(options);
  if (select.dataset.options !== key) {
    select.dataset.options = key;
    select.replaceChildren(
      ...options.map(([name, words, disabled]) =>
        element("option", { value: name, textContent: words, disabled: Boolean(disabled) }),
      ),
    );
  }
  select.value = value;
};

// "W1, unit 1" and so on, in the net's order
export const names = (net: NetDescription) => weightRows.rowsOf(net).map(({ label, sub }) => i18n.t(label, { k: sub }));

// Set up the select elements; `onChange` is called at each choice.
export const create = (onChange: () => void) => {
  const view: View = { kind: "two", i: 0, j: 1, third: null };

  // Update the options for a net and its run. A choice that no longer exists is replaced by the default.
  const show = (net: NetDescription, run: Run | null) => {
    const { t } = i18n;
    const size = nets.size(net);
    if (view.i >= size || view.j >= size) Object.assign(view, { i: 0, j: 1 });
    const thirds = run?.thirds ?? [];
    if (!thirds.some(({ epoch }) => epoch === view.third)) view.third = thirds[0]?.epoch ?? null;
    fill(
      "surface-view",
      [
        ["two", t("surface.view_two")],
        ["run", t("surface.view_run"), !thirds.length],
      ],
      view.kind,
    );
    const numbers = names(net).map((name, k): Option => [String(k), name]);
    fill("surface-x", numbers, String(view.i));
    fill("surface-y", numbers, String(view.j));
    const byEpoch = thirds.map(({ epoch }) => epoch).sort((a, b) => a - b);
    fill(
      "surface-third",
      byEpoch.map((epoch): Option => [String(epoch), t("surface.epoch", { epoch: numbersModule.whole(epoch) })]),
      String(view.third),
    );
    byId("surface-two").hidden = view.kind !== "two";
    byId("surface-run").hidden = view.kind !== "run";
  };

  const listen = (id: string, choose: (value: string) => void) => {
    const select = byId(id, HTMLSelectElement);
    select.addEventListener("change", () => {
      choose(select.value);
      onChange();
    });
  };
  listen("surface-view", (value) => (view.kind = value === "run" ? "run" : "two"));
  listen("surface-third", (value) => (view.third = Number(value)));
  // The same weight cannot be on both axes: the other axis gets the previous weight of this one.
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
