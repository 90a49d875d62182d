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

  // Of each legend, what there is to see.
  const showLegends = (net, data) => {
    const shown = {
      unit1: net.plain, unit2: net.plain && net.h > 1, others: net.plain && net.h > 2,
      truth: Boolean(data?.truth ?? !data), "held-out": Boolean(data?.test), "test-loss": Boolean(data?.test),
    };
    for (const [role, on] of Object.entries(shown)) {
      for (const swatch of document.querySelectorAll(`#fit .legend .${role}`)) swatch.closest("li").hidden = !on;
    }
  };

  const hasSlopes = (net) => net.plain && net.activation === "relu";

  // `data` is null before it is known
  const show = (net, data) => {
    pwl.equations.architecture(byId("fit-architecture"), data?.x.length ?? null, net);
    byId("fit-layers").textContent = layers(net);
    byId("count-slopes").closest(".count").hidden = !hasSlopes(net);
    const title = byId("fit-logit-plot").closest(".card").querySelector(".card-title [data-t-bce]");
    title.dataset.tBce = net.activation === "relu" ? "fit.before_sigmoid" : "fit.before_sigmoid_smooth";
    pwl.i18n.speakOf(net.loss, data?.isBinary);
    showLegends(net, data);
    byId("count-test").closest(".count").hidden = !data?.test;
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
