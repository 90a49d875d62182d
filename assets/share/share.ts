// The link to the present state: its field, the copy button and its QR code.

import * as buildSection from "../build/build";
import { byId, element, query } from "../core/dom";
import { limits } from "../core/limits";
import * as painting from "../core/plots/painting";
import * as plotting from "../core/plots/plotting";
import * as api from "../core/session/api";
import * as i18n from "../core/text/i18n";
import { t } from "../core/text/i18n";
import * as views from "../core/views";
import { changeOf } from "../fit/changes";
import * as fitSection from "../fit/fit";
import * as downloads from "./downloads";
import * as lecturer from "./lecturer";
import * as linkField from "./link-field";
import * as sharing from "./sharing";

const UPDATE_MS = 500; // the least time between two updates of the link

let field: HTMLInputElement;
let dialog: HTMLDialogElement;
let isNear = false; // whether the view has been shown; from then on the link is kept up to date
type Made = Omit<sharing.Collected, "fragment"> & { key: string; link: string };
let made: Made | null = null;
let isCodeShown = false;
let codeUrl: string | null = null; // object URL of the QR code that is shown
let say: downloads.Say;

// Identifies everything on which the link depends.
const keyOf = () => {
  const { sid, state } = fitSection.now();
  return JSON.stringify([sid, state?.version, buildSection.now(), lecturer.query()]);
};

const address = () => location.origin + location.pathname + lecturer.query();

// The link to the present state.
export const make = async () => {
  const key = keyOf();
  if (made?.key === key) return made.link;
  const { fragment, ...rest } = await sharing.collect();
  const link = address() + fragment;
  made = { key, link, ...rest };
  show();
  return link;
};

// --- texts -------------------------------------------------------------------------------------
const contents = ({ kind, session: { seed, net, epoch } }: Made) => {
  const args = { seed, units: net.h, epochs: epoch };
  const parts = [t("share.holds_build"), t(`share.holds_${kind}`, i18n.formatArgs(args))];
  const change = kind === "weights" ? newestChange() : null;
  if (change) parts.push(t(`change.${change}`));
  return parts.join(" · ");
};

// How the net in Fit differs from what its seed and settings alone would give; see fit/changes.ts.
const newestChange = () => {
  const now = fitSection.now();
  const { frames } = now.playback;
  const newest = frames.at(-1);
  return now.state && newest ? changeOf({ state: now.state, frames, frame: newest }) : null;
};

const show = () => {
  if (!made) return;
  const tooLong = made.link.length > limits.max_link;
  const long: sharing.Note = ["share.note_long", { n: made.link.length }];
  const notes = tooLong ? [...made.notes, long] : made.notes;
  field.value = made.link;
  byId("share-holds").textContent = contents(made);
  byId("share-note").textContent = notes.map(([key, args]) => t(key, i18n.formatArgs(args))).join(" ");
  byId("share-qr-show", HTMLButtonElement).disabled = tooLong;
  if (isCodeShown) drawCode(made.link);
};

// Update the link, but not during a run, because the link would be outdated at once.
const refresh = painting.throttle(UPDATE_MS, async () => {
  const { state } = fitSection.now();
  if (!isNear || !state || state.status === "running" || made?.key === keyOf()) return;
  say(null);
  await make().catch(complain);
});

const complain = (error: unknown) => downloads.complain(say, error);

const copy = async () => {
  try {
    await make();
    say((await linkField.copy(field)) ? "share.copied" : "share.selected");
  } catch (error) {
    complain(error);
  }
};

// --- the QR code -------------------------------------------------------------------------------
let drawnLink = "";
const drawCode = async (link: string) => {
  if (link === drawnLink || link.length > limits.max_link) return;
  drawnLink = link;
  try {
    const answer = await api.requireOk(api.postResponse("qr", { text: link }));
    if (drawnLink !== link) return; // another link has been requested meanwhile
    if (codeUrl) URL.revokeObjectURL(codeUrl);
    codeUrl = URL.createObjectURL(await answer.blob());
  } catch (error) {
    if (drawnLink === link) drawnLink = "";
    return complain(error);
  }
  for (const image of document.querySelectorAll<HTMLImageElement>(".qr-image")) image.src = codeUrl;
};

const image = () => i18n.label(element("img", { className: "qr-image" }), "share.qr_label");

const showCode = async () => {
  let link: string;
  try {
    link = await make();
  } catch (error) {
    complain(error);
    return;
  }
  isCodeShown = true;
  query(".share-code").hidden = false;
  await drawCode(link);
};

const buildDialog = () => {
  const close = i18n.button("share.qr_close", () => dialog.close(), { id: "share-qr-close" });
  dialog = element("dialog", { className: "qr-full" }, image(), close);
  i18n.label(dialog, "share.qr_label");
  dialog.addEventListener("close", () => {
    if (document.fullscreenElement) document.exitFullscreen();
  });
  byId("share-qr-dialog").append(dialog);
};

const enlarge = () => {
  dialog.showModal();
  dialog.requestFullscreen?.().catch(() => {}); // if refused, the dialog fills the window
};

// --- start -------------------------------------------------------------------------------------
export const start = () => {
  say = downloads.status("share-copied");
  field = linkField.create("share.link_label", { id: "share-address" });
  byId("share-link").append(field);
  byId("share-qr").append(image());
  buildDialog();
  byId("share-copy").addEventListener("click", copy);
  byId("share-qr-show").addEventListener("click", showCode);
  byId("share-qr-large").addEventListener("click", enlarge);
  byId("share-open").addEventListener("click", () => {
    views.reveal(byId("share"));
    byId("share-copy").focus({ preventScroll: true });
  });
  plotting.whenNear(byId("share"), () => {
    isNear = true;
    refresh();
  });
  fitSection.onChange(refresh);
  buildSection.onChange(refresh);
  lecturer.onChange(refresh);
  i18n.onLanguage(show);
};
