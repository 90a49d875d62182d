// The page's entry point: the functions that Dash calls, the parts that start with the page, and the conditions
// under which other parts are loaded.
import * as boardToken from "./board/token";
import * as buildSection from "./build/build";
import * as chunks from "./chunks";
import { byId } from "./core/dom";
import * as undo from "./core/history";
import * as choices from "./core/option-roles";
import { Placed } from "./core/placed";
import * as storage from "./core/storage";
import * as i18n from "./core/text/i18n";
import { linkIn } from "./core/urls";
import * as views from "./core/views";
import * as choiceSteps from "./explore/choice-steps";
import * as dataCard from "./explore/data/card";
import * as stuck from "./explore/seeds/stuck";
import * as drawers from "./fit/drawers";
import * as fitSection from "./fit/fit";
import * as fieldSteps from "./fit/undo/field-steps";
import * as netSteps from "./fit/undo/net-steps";
import * as keys from "./help/keys";
import * as tourOffer from "./lessons/offer";
import * as printing from "./printing";
import * as projector from "./projector";

const STARTED_WITH_THE_PAGE = [
  i18n,
  choices,
  buildSection,
  fitSection,
  drawers,
  undo,
  choiceSteps,
  dataCard,
  stuck,
  keys,
  fieldSteps,
  netSteps,
  printing,
  projector,
  tourOffer,
];

const loadOnDemand = () => {
  const query = new URLSearchParams(location.search);
  views.onShow("explore", () => chunks.start("explore"));
  views.onShow("explore-surface", () => chunks.start("surface"));
  chunks.loadOnClick("explore", "#compare-keep-in-fit");
  views.onShow("share", () => chunks.start("share"));
  chunks.loadOnClick("share", "#share-open");
  chunks.loadOnClick("lessons", "#lessons-open");
  views.onShow("board", () => chunks.start("board"));
  boardToken.start();
  views.onShow("class", () => chunks.start("class"));
  const loadForLink = () => {
    if (location.hash.startsWith("#room=")) chunks.start("class");
    if (linkIn(location.hash) !== null) chunks.start("share");
  };
  window.addEventListener("hashchange", loadForLink);
  loadForLink();
  if (storage.readLocal("pwl.seat")) chunks.start("class");
  // Screen readers need the descriptions, the first paint does not.
  setTimeout(() => import("./core/plots/descriptions").then(({ start }) => start()).catch(() => {}), 5000);
  if (query.has("hide")) chunks.start("share");
  if (query.has("lesson") || storage.readTab("pwl.lesson")) chunks.start("lessons");
};

let isBooted = false;

// Dash calls this when it has rendered its part of the page.
const boot = () => {
  if (isBooted) return;
  isBooted = true;
  byId("page").inert = false;
  for (const part of STARTED_WITH_THE_PAGE) part.start();
  loadOnDemand();
  views.start(); // last, because it shows the first view and so calls the listeners set above
};

// Tell Dash's renderer, which starts after this script, the path of its requests. Behind a proxy that adds a
// path prefix, only the browser knows the full path.
const setRequestsPath = () => {
  const config = byId("_dash-config");
  const { pathname } = new URL(".", location.href);
  config.textContent = JSON.stringify({ ...JSON.parse(config.textContent), requests_pathname_prefix: pathname });
};
setRequestsPath();

// Dash finds the page's component in window.pwlapp, and the functions of clientside callbacks in
// window.dash_clientside.pwlapp.
window.pwlapp = { Placed };
window.dash_clientside ??= {} as Window["dash_clientside"]; // Dash adds set_props
window.dash_clientside.pwlapp = {
  boot,
  opened: fitSection.opened,
  reply: fitSection.reply,
  logX: fitSection.logX,
  fieldsChanged: (...values) => fitSection.fieldsChanged(values),
  showConstructions: buildSection.showConstructions,
};

// For browser tests: the page's modules by name.
export const testing = async () => (await import("./testing")).modules;
