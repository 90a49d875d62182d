// The page's entry: what Dash calls, what starts with the page, and what is loaded later.
import * as boardToken from "./board/token";
import * as buildSection from "./build/build";
import * as chunks from "./chunks";
import { linkIn } from "./core/addresses";
import * as choices from "./core/choices";
import { byId } from "./core/dom";
import * as undo from "./core/history";
import { Placed } from "./core/placed";
import * as storage from "./core/storage";
import * as i18n from "./core/text/i18n";
import * as views from "./core/views";
import * as choiceSteps from "./explore/choice-steps";
import * as dataCard from "./explore/data/card";
import * as stuck from "./explore/seeds/stuck";
import * as drawers from "./fit/drawers";
import * as fieldSteps from "./fit/field-steps";
import * as fitSection from "./fit/fit";
import * as fitSteps from "./fit/steps";
import * as keys from "./help/keys";
import * as tourOffer from "./lessons/offer";
import * as printing from "./printing";
import * as projector from "./projector";

// The plots of the view that is open are drawn first.
const sections = views.isOpen("build") ? [buildSection, fitSection] : [fitSection, buildSection];

const STARTED_WITH_THE_PAGE = [
  i18n,
  choices,
  ...sections,
  drawers,
  undo,
  choiceSteps,
  dataCard,
  stuck,
  keys,
  fieldSteps,
  fitSteps,
  printing,
  projector,
  tourOffer,
];

const loadLater = () => {
  const address = new URLSearchParams(location.search);
  views.onShow("explore", () => chunks.start("explore"));
  views.onShow("explore-surface", () => chunks.start("surface"));
  chunks.loadOnClick("explore", "#compare-keep-in-fit");
  views.onShow("share", () => chunks.start("share"));
  chunks.loadOnClick("share", "#share-open");
  chunks.loadOnClick("lessons", "#lessons-open");
  views.onShow("board", () => chunks.start("board"));
  boardToken.start();
  views.onShow("class", () => chunks.start("class"));
  const loadClass = () => location.hash.startsWith("#room=") && chunks.start("class");
  window.addEventListener("hashchange", loadClass);
  loadClass();
  if (storage.recallForever("pwl.seat")) chunks.start("class");
  // for screen readers: not needed for what is painted first
  setTimeout(() => import("./core/plots/in-words").then(({ start }) => start()).catch(() => {}), 5000);
  const loadShare = () => linkIn(location.hash) !== null && chunks.start("share");
  window.addEventListener("hashchange", loadShare);
  loadShare();
  if (address.has("hide")) chunks.start("share");
  if (address.has("lesson") || storage.recall("pwl.lesson")) chunks.start("lessons");
};

let isBooted = false;

// Dash has made its part of the page.
const boot = () => {
  if (isBooted) return;
  isBooted = true;
  byId("page").inert = false;
  for (const part of STARTED_WITH_THE_PAGE) part.start();
  loadLater();
  views.start(); // shows the first view, for which all others listen
};

// Where Dash's renderer, which starts after this script, finds the server: under a proxy's path, only the
// browser knows the whole of it.
const tellDashWhereItIs = () => {
  const config = byId("_dash-config");
  const { pathname } = new URL(".", location.href);
  config.textContent = JSON.stringify({ ...JSON.parse(config.textContent), requests_pathname_prefix: pathname });
};
tellDashWhereItIs();

// Dash finds its components by their namespace, and clientside callbacks their functions, here.
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

// For tests: the page's modules by name, with all parts loaded.
export const testing = async () => {
  await Promise.all(
    (["explore", "surface", "share", "lessons", "class", "board"] as const).map((name) => chunks.load(name)),
  );
  const { modules } = await import("./testing");
  return modules;
};
