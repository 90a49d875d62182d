// The parts of Fit that depend on the kind of net: texts, legends, layers, formula and sliders.

import * as equations from "../build/equations";
import { ancestor, byId, query } from "../core/dom";
import * as nets from "../core/net/net";
import type { Handlers, WeightRows } from "../core/net/weight-rows";
import * as weightRows from "../core/net/weight-rows";
import * as painting from "../core/plots/painting";
import * as i18n from "../core/text/i18n";
import * as netFormula from "../core/text/net-formula";
import * as numbers from "../core/text/numbers";
import type { FitNet, NetDescription, Weights } from "../core/types";
import type { FitData } from "./data";

// Linear(1, 2, bias=False) → ReLU → Linear(2, 1) → Sigmoid
export const layers = ({ h, bias1, activation, loss }: NetDescription) =>
  [
    `Linear(1, ${h}, bias=${bias1 ? "True" : "False"})`,
    activation === "relu" ? "ReLU" : "Sigmoid",
    `Linear(${h}, 1)`,
    ...(loss === "bce" ? ["Sigmoid"] : []),
  ].join(" → ");

// "2 units", "ReLU", "no bias", "BCE". `units` is a text, because the number may not be valid.
export const words = (units: string, { bias1, activation, loss }: Omit<NetDescription, "h">) => [
  i18n.t("summary.units", { units }),
  i18n.t(`activation.${activation}`),
  i18n.t(bias1 ? "summary.bias" : "summary.no_bias"),
  i18n.t(`summary.${loss}`),
];

// Show the items of each legend that the plots contain.
const showLegends = (net: FitNet, data: FitData | null) => {
  const shown = {
    unit1: net.plain,
    unit2: net.plain && net.h > 1,
    others: net.plain && net.h > 2,
    truth: Boolean(data?.truth ?? !data),
    "held-out": Boolean(data?.test),
    "test-loss": Boolean(data?.test),
  };
  for (const [role, on] of Object.entries(shown)) {
    for (const swatch of document.querySelectorAll(`#fit .legend .${role}`)) ancestor(swatch, "li").hidden = !on;
  }
};

export const hasSlopes = (net: FitNet) => net.plain && net.activation === "relu";

// `data` is null before they are loaded
export const show = (net: FitNet, data: FitData | null) => {
  equations.architecture(byId("fit-architecture"), data?.x.length ?? null, net);
  byId("fit-layers").textContent = layers(net);
  ancestor(byId("count-slopes"), ".count").hidden = !hasSlopes(net);
  const title = query(".card-title [data-t-bce]", ancestor(byId("fit-logit-plot"), ".card"));
  title.dataset.tBce = net.activation === "relu" ? "fit.before_sigmoid" : "fit.before_sigmoid_smooth";
  i18n.setLossWords(net.loss, data?.isBinary);
  showLegends(net, data);
  ancestor(byId("count-test"), ".count").hidden = !data?.test;
  query(".hint", ancestor(byId("fit-weights"), ".card")).hidden = !net.plain;
};

// Sliders for the weights of a plain net, below its formula, which shows their values.
const plainWeights = (host: HTMLElement, net: FitNet, handlers: Handlers): WeightRows => {
  const showFormula = (p: Weights) => netFormula.show(byId("fit-formula"), net, (place) => p[place]);
  const showFormulaSoon = painting.throttle(painting.TEXT_UPDATE_MS, () => {
    if (host.contains(firstRow)) showFormula(rows.get()); // not if the sliders have been replaced meanwhile
  });
  const onInput = (p: Weights) => {
    showFormulaSoon();
    handlers.onInput(p);
  };
  const rows = weightRows.create(host, { ...handlers, onInput, net, step: 0.01, format: numbers.fixed });
  const firstRow = host.firstElementChild;
  host.querySelectorAll<HTMLElement>(".weight-row").forEach((row, place) => {
    row.dataset.weight = String(place);
  });
  showFormula(rows.get());
  return {
    ...rows,
    set: (p: Weights) => {
      rows.set(p);
      showFormula(p);
    },
  };
};

// Make the sliders, or, for a wide net, a sentence in their place.
export const buildWeights = (host: HTMLElement, net: FitNet, handlers: Handlers): WeightRows => {
  byId("fit-formula").hidden = !net.plain;
  if (net.plain) return plainWeights(host, net, handlers);
  const args = { units: numbers.whole(net.h), numbers: numbers.whole(nets.size(net)) };
  host.replaceChildren(i18n.translated("p", "fit.too_many", {}, args));
  return { set: () => {}, get: () => [] };
};
