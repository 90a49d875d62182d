// The tour is offered once, beside the status of the first net that a browser shows, and in the help sheet.
// It is there while that line says "Ready", and makes room for good when it says anything else.
import * as chunks from "../chunks";
import * as classApi from "../class/api";
import { byId } from "../core/dom";
import * as storage from "../core/storage";
import * as i18n from "../core/text/i18n";

const KEY = "pwl.tour"; // this browser has been offered it

const take = async () => {
  byId("help", HTMLDialogElement).close();
  byId("tour-dismiss").click();
  try {
    await (await chunks.load("lessons")).show("tour");
    byId("lessons").focus({ preventScroll: true });
  } catch {
    // the page has told that they cannot be loaded
  }
};

// Whether an address opens nothing but the page.
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
  for (const id of ["tour-start", "tour-help"]) byId(id).addEventListener("click", take);
  if (storage.readLocal(KEY) || !isPlain(location) || isInClass()) return;
  storage.writeLocal(KEY, "offered");
  offer();
};
