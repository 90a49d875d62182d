// Offers the tour: in the help dialog, and, once in each browser, beside Fit's status while that is "Ready".
import * as chunks from "../chunks";
import * as classApi from "../class/api";
import { byId } from "../core/dom";
import * as storage from "../core/storage";
import * as i18n from "../core/text/i18n";

const KEY = "pwl.tour"; // set when this browser has been offered the tour

const startTour = async () => {
  byId("help", HTMLDialogElement).close();
  byId("tour-dismiss").click();
  try {
    await (await chunks.load("lessons")).show("tour");
    byId("lessons").focus({ preventScroll: true });
  } catch {
    // chunks.load shows the failure
  }
};

// Whether a URL opens the page as it is: no view, link or lesson, no hidden controls, no projector mode.
export const isPlain = ({ hash, search }: { hash: string; search: string }) =>
  !hash && !/[?&](hide|lesson|projector)=/.test(search);
const isInClass = () => classApi.token("seat") !== null || classApi.token("teacher") !== null;

const offer = () => {
  const [box, status] = [byId("tour-offer"), byId("count-status")];
  const follow = new MutationObserver(() => {
    const isReady = status.textContent === i18n.t("status.idle");
    box.hidden = !isReady;
    if (!isReady) follow.disconnect();
  });
  follow.observe(status, { childList: true, characterData: true, subtree: true });
  byId("tour-dismiss").addEventListener("click", () => {
    follow.disconnect();
    box.hidden = true;
  });
};

export const start = () => {
  for (const id of ["tour-start", "tour-help"]) byId(id).addEventListener("click", startTour);
  if (storage.readLocal(KEY) || !isPlain(location) || isInClass()) return;
  storage.writeLocal(KEY, "offered");
  offer();
};
