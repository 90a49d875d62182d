// Saves plots as pictures, on a white background and with a legend, independent of the page's theme.
import { byId, element } from "../core/dom";
import * as plotting from "../core/plots/plotting";
import { legendOf, roleOf } from "../core/plots/roles";
import * as i18n from "../core/text/i18n";
import { t } from "../core/text/i18n";
import * as numbers from "../core/text/numbers";
import * as views from "../core/views";
import { changeOf } from "../fit/changes";
import * as fitSection from "../fit/fit";
import * as downloads from "./downloads";
import { isDrawn, namesOf } from "./legend";
import * as sharing from "./sharing";

const SIZE = { width: 1000, height: 620 };
const PNG_SCALE = 2; // pixels of a PNG per unit of SIZE
const INK = "#1a2233";
const TRUTH = "#222c40";
const FONT = "Noto Sans KR, Noto Sans CJK KR, Apple SD Gothic Neo, Malgun Gothic, Arial, sans-serif";
type Picture = { box: Element; layers: PlotlyGraph[]; name: string; title: string };

let chooser: HTMLSelectElement;
let preview: HTMLImageElement; // in-app browsers of messengers can save a picture only by a long press on it
let say: downloads.Say;

// All plots that can be saved. Graphs that are stacked in one box are the layers of one picture.
const boxes = (): Picture[] => {
  const found = new Map<Element, PlotlyGraph[]>();
  for (const gd of document.querySelectorAll<PlotlyGraph>("main .js-plotly-plot")) {
    if (!gd.calcdata?.some(isDrawn) || gd.closest(".panel") || !views.isReachable(gd)) continue;
    const box = gd.closest(".graph") ?? gd;
    found.set(box, [...(found.get(box) ?? []), gd]);
  }
  return [...found].map(([box, layers], k) => ({ box, layers, name: nameOf(layers, k), title: titleOf(box) }));
};

// A picture's name from the id of its graph: "yhat" from "fit-yhat-plot"
const nameOf = (layers: PlotlyGraph[], k: number) => {
  const top = layers[layers.length - 1];
  const id = (top.closest("[id$='-plot']") ?? top.closest("[id]"))?.id ?? `plot-${k + 1}`;
  return id.replace(/-plot$/, "").replace(/^(fit|build)-/, "") || `plot-${k + 1}`;
};
// The title of the card, and, if the card has several plots, the plot's own.
const titleOf = (box: Element) => {
  const above =
    box.closest(".card")?.querySelector(".card-title, .construction-name") ?? box.closest(".view")?.querySelector("h2");
  const own =
    box.previousElementSibling?.matches(".plot-title, .panel-title, figcaption") && box.previousElementSibling;
  const titles = [above, own && (own.querySelector("span") ?? own)];
  return titles.flatMap((title) => (title ? [title.textContent.trim()] : [])).join(" · ");
};

const onWhite = (trace: PlotlyTrace, role: string | undefined, name: string | null) => {
  const painted = { ...trace, name: name ?? "", showlegend: name !== null };
  if (role === "truth" && trace.line) painted.line = { ...trace.line, color: TRUTH };
  if (trace.mode === "markers" && role !== "bend") {
    painted.marker = { ...trace.marker, opacity: Math.max(trace.marker?.opacity ?? 1, 0.3) };
  }
  return painted;
};

const axisOnWhite = (axis: { title?: object }) => ({
  ...axis,
  gridcolor: "#e6e9ef",
  zerolinecolor: "#b8c0cd",
  linecolor: "#b8c0cd",
  color: INK,
  automargin: true,
  title: { ...axis.title, font: { size: 18, color: INK } },
  tickfont: { size: 16, color: INK },
});

const layoutOnWhite = (layout: PlotlyLayout, title: string): PlotlyLayout => {
  const axes = Object.entries(layout).filter(([name]) => /^[xy]axis\d*$/.test(name));
  return {
    ...layout,
    ...Object.fromEntries(axes.map(([name, axis]) => [name, axisOnWhite(Object(axis))])),
    ...SIZE,
    autosize: false,
    paper_bgcolor: "#fff",
    plot_bgcolor: "#fff",
    template: undefined,
    font: { family: FONT, size: 16, color: INK },
    title: { text: title, font: { size: 18, color: INK }, x: 0.02, xanchor: "left", y: 0.97, yanchor: "top" },
    margin: { l: 70, r: 24, t: 96, b: 60 },
    showlegend: true,
    legend: {
      orientation: "h",
      traceorder: "normal",
      x: 0,
      y: 1.02,
      xanchor: "left",
      yanchor: "bottom",
      font: { size: 15, color: INK },
    },
  };
};

// "After the sigmoid: probability ŷ · seed 1, epoch 10,000, changed by hand" for plots of the net in Fit; otherwise the
// title alone.
const heading = ({ box, title }: Picture) => {
  const now = fitSection.now();
  if (!box.closest("#fit, #explore-pieces") || !fitSection.isReady(now) || !now.frame) return title;
  const { state, frame, playback } = now;
  const args = { seed: numbers.whole(state.seed), epoch: numbers.whole(frame.epoch ?? state.epoch) };
  const change = changeOf({ state, frame, frames: playback.frames });
  return `${title} · ${[t("pictures.at", args), ...(change ? [t(`change.${change}`)] : [])].join(", ")}`;
};

const figure = (picture: Picture): PlotlyFigure => {
  const { layers, box } = picture;
  const traces = layers.flatMap((gd) =>
    gd.data.map((trace, k) => ({ trace, role: roleOf(trace), isDrawn: isDrawn(gd.calcdata?.[k]) })),
  );
  const { layout } = layers[layers.length - 1];
  const axis = layout.yaxis?.title?.text ?? "";
  const names = namesOf(
    traces.map(({ trace, ...found }) => ({ ...found, name: trace.name })),
    legendOf(box),
    axis,
  );
  const data = traces.map(({ trace, role }, k) => onWhite(trace, role, names[k]));
  return { data, layout: layoutOnWhite(layout, heading(picture)), config: { staticPlot: true } };
};

// As those of the other files; see programs.py.
const fileName = (name: string, format: string) => {
  const { state, frame, playback } = fitSection.open();
  const isChanged = frame && changeOf({ state, frame, frames: playback.frames });
  return `pwlapp-seed${state.seed}-${frame?.epoch ?? state.epoch}${isChanged ? "-changed" : ""}-${name}.${format}`;
};

const save = async (format: string) => {
  const picture = boxes().find(({ name }) => name === chooser.value);
  if (!picture) {
    say("pictures.gone");
    list();
    return;
  }
  const url = await Plotly.toImage(figure(picture), { format, ...SIZE, scale: format === "png" ? PNG_SCALE : 1 });
  const name = fileName(picture.name, format);
  await downloads.save({ name, blob: await (await fetch(url)).blob() });
  say("files.saved", { name });
  preview.src = url;
  byId("pictures-made").hidden = false;
};

const list = () => {
  const chosen = chooser.value;
  const found = boxes();
  const options = found.map(({ name, title }) => element("option", { value: name, textContent: title }));
  chooser.replaceChildren(...options);
  const wanted = found.some(({ name }) => name === chosen) ? chosen : "yhat";
  if (found.some(({ name }) => name === wanted)) chooser.value = wanted;
};

export const start = () => {
  say = downloads.status("share-pictures-status");
  chooser = i18n.label(element("select", { id: "pictures-choose" }), "pictures.choose");
  const buttons = ["png", "svg"].map((format) => {
    const button = element("button", {
      type: "button",
      id: `pictures-${format}`,
      className: "button",
      textContent: format.toUpperCase(),
    });
    button.addEventListener("click", () => save(format));
    return button;
  });
  preview = i18n.label(element("img", { alt: "", role: "img" }), "pictures.made");
  const hold = i18n.translated("figcaption", "pictures.hold", { className: "hint" });
  const box = element("figure", { id: "pictures-made", hidden: true }, preview, hold);
  byId("share-pictures").append(chooser, ...buttons, box);
  for (const event of ["focus", "pointerdown"]) chooser.addEventListener(event, list);
  plotting.whenNear(byId("share-pictures"), () => sharing.ready().then(list));
  i18n.onLanguage(list);
};
