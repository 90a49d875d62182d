// What Fit looks like for one kind of net or another: words, legends, layers, and the sliders.

import * as equations from "../build/equations";
import { byId, element } from "../core/dom";
import * as i18n from "../core/i18n";
import * as nets from "../core/net";
import * as netFormula from "../core/net-formula";
import * as numbers from "../core/numbers";
import * as weightRows from "../core/weight-rows";

// Linear(1, 2, bias=False) → ReLU → Linear(2, 1) → Sigmoid
export const layers = ({ h, bias1, activation, loss }) =>
  [
    `Linear(1, ${h}, bias=${bias1 ? "True" : "False"})`,
    activation === "relu" ? "ReLU" : "Sigmoid",
    `Linear(${h}, 1)`,
    ...(loss === "bce" ? ["Sigmoid"] : []),
  ].join(" → ");

// Of each legend, what there is to see.
const showLegends = (net, data) => {
  const shown = {
    unit1: net.plain,
    unit2: net.plain && net.h > 1,
    others: net.plain && net.h > 2,
    truth: Boolean(data?.truth ?? !data),
    "held-out": Boolean(data?.test),
    "test-loss": Boolean(data?.test),
  };
  for (const [role, on] of Object.entries(shown)) {
    for (const swatch of document.querySelectorAll(`#fit .legend .${role}`)) swatch.closest("li").hidden = !on;
  }
};

export const hasSlopes = (net) => net.plain && net.activation === "relu";

// `data` is null before it is known
export const show = (net, data) => {
  equations.architecture(byId("fit-architecture"), data?.x.length ?? null, net);
  byId("fit-layers").textContent = layers(net);
  byId("count-slopes").closest(".count").hidden = !hasSlopes(net);
  const title = byId("fit-logit-plot").closest(".card").querySelector(".card-title [data-t-bce]");
  title.dataset.tBce = net.activation === "relu" ? "fit.before_sigmoid" : "fit.before_sigmoid_smooth";
  i18n.speakOf(net.loss, data?.isBinary);
  showLegends(net, data);
  byId("count-test").closest(".count").hidden = !data?.test;
  byId("fit-weights").closest(".card").querySelector(".hint").hidden = !net.plain;
};

// Sliders for the net's numbers with its formula above, which follows them.
const plainWeights = (host, net, handlers) => {
  const write = (p) => netFormula.show(byId("fit-formula"), net, (place) => p[place]);
  const onInput = (p) => {
    write(p);
    handlers.onInput(p);
  };
  const rows = weightRows.create(host, { ...handlers, onInput, net, step: 0.01, format: numbers.fixed });
  host.querySelectorAll(".weight-row").forEach((row, place) => (row.dataset.weight = place));
  write(rows.get());
  return {
    ...rows,
    set: (p) => {
      rows.set(p);
      write(p);
    },
  };
};

// The same, or a sentence where there are too many numbers. Returns {set, get}.
export const buildWeights = (host, net, handlers) => {
  byId("fit-formula").hidden = !net.plain;
  if (net.plain) return plainWeights(host, net, handlers);
  const args = { units: numbers.whole(net.h), numbers: numbers.whole(nets.size(net)) };
  const sentence = element("p", { textContent: i18n.t("fit.too_many", args) });
  Object.assign(sentence.dataset, { t: "fit.too_many", tArgs: JSON.stringify(args) });
  host.replaceChildren(sentence);
  return { set: () => {}, get: () => null };
};
