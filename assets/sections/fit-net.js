// What Fit looks like for one kind of net or another: words, legends, layers, and the sliders.
(() => {
  const pwl = (window.pwl ??= {});
  const byId = (id) => document.getElementById(id);

  // Linear(1, 2, bias=False) → ReLU → Linear(2, 1) → Sigmoid
  const layers = ({ h, bias1, activation, loss }) =>
    [
      `Linear(1, ${h}, bias=${bias1 ? "True" : "False"})`,
      activation === "relu" ? "ReLU" : "Sigmoid",
      `Linear(${h}, 1)`,
      ...(loss === "bce" ? ["Sigmoid"] : []),
    ].join(" → ");

  const showLegend = (net) => {
    const legend = byId("fit-logit-plot").closest(".card").querySelector(".legend");
    const shown = { unit1: net.plain, unit2: net.plain && net.h > 1, others: net.plain && net.h > 2 };
    for (const [role, on] of Object.entries(shown)) {
      legend.querySelector(`.${role}`).closest("li").hidden = !on;
    }
  };

  const hasSlopes = (net) => net.plain && net.activation === "relu";

  // `n` is the number of points; null before it is known
  const show = (net, n) => {
    pwl.equations.architecture(byId("fit-architecture"), n, net);
    byId("fit-layers").textContent = layers(net);
    byId("count-slopes").closest(".count").hidden = !hasSlopes(net);
    const title = byId("fit-logit-plot").closest(".card").querySelector(".card-title [data-t-bce]");
    title.dataset.tBce = net.activation === "relu" ? "fit.before_sigmoid" : "fit.before_sigmoid_smooth";
    pwl.i18n.speakOf(net.loss);
    showLegend(net);
    byId("fit-weights").closest(".card").querySelector(".hint").hidden = !net.plain;
  };

  // Sliders for the net's numbers, or a sentence where there are too many. Returns {set, get}.
  const buildWeights = (host, net, handlers) => {
    if (net.plain) {
      return pwl.weights.create(host, { ...handlers, net, step: 0.01, format: pwl.numbers.fixed });
    }
    const args = { units: pwl.numbers.whole(net.h), numbers: pwl.numbers.whole(pwl.net.size(net)) };
    const sentence = pwl.weights.element("p", { textContent: pwl.i18n.t("fit.too_many", args) });
    Object.assign(sentence.dataset, { t: "fit.too_many", tArgs: JSON.stringify(args) });
    host.replaceChildren(sentence);
    return { set: () => {}, get: () => null };
  };

  pwl.fitNet = { show, hasSlopes, buildWeights };
})();
