// The invitation to students: the room's code, and a link with its QR code for each network, in a full-size dialog.
// Also the teacher's own links.

import * as classApi from "../../class/api";
import { formatCode } from "../../class/room-status";
import { byId, element } from "../../core/dom";
import * as i18n from "../../core/text/i18n";
import { isLocal } from "../../core/urls";
import * as linkField from "../../share/link-field";
import { command } from "../controls";
import * as state from "../state";

type Link = { url: string; qr: string };

let dialog: HTMLDialogElement;
let links: Link[] = [];
let at = 0; // index of the link that is shown

const warning = () => i18n.translated("p", "board.join_local", { className: "invite-warning" });

const hostOf = (url: string) => url.replace(/^https?:\/\//, "").replace(/\/?#.*/, "");

// The URL of this page, which may have a path prefix of a proxy.
const page = () => `${location.origin}${location.pathname}`;

const networks = () =>
  links.map(({ url }, i) => {
    const button = element("button", { type: "button", className: "button", textContent: hostOf(url) });
    button.setAttribute("aria-pressed", String(i === at));
    button.addEventListener("click", () => {
      at = i;
      show();
    });
    return button;
  });

const show = () => {
  const { room } = state;
  const link = links[at];
  if (!room) return;
  const code = element("p", { className: "invite-code", textContent: formatCode(room.code) });
  const parts: HTMLElement[] = [i18n.translated("p", "board.join_at", { className: "invite-words" })];
  if (link) {
    const url = element("p", { className: "invite-url", textContent: link.url });
    parts.push(url, code, element("div", { className: "invite-qr", innerHTML: link.qr }));
    if (isLocal(link.url)) parts.push(warning());
    if (links.length > 1) parts.push(element("div", { className: "buttons invite-networks" }, ...networks()));
  } else parts.push(code);
  dialog.replaceChildren(
    ...parts,
    i18n.button("board.close", () => dialog.close()),
  );
};

const load = async () => {
  const answer = await command<{ links: Link[] }>("addresses", { page: page() });
  links = answer?.links ?? links;
};

const invite = async () => {
  show();
  dialog.showModal();
  await load();
  at = Math.max(
    0,
    links.findIndex(({ url }) => url.startsWith(page())),
  );
  show();
};

// --- the teacher's links ---------------------------------------------------------------------------
// The page's URL for other devices, if one is known; otherwise the one for this device.
const pageForAll = () => {
  const found = isLocal(page()) ? links.find(({ url }) => !isLocal(url)) : undefined;
  return found?.url.replace(/#.*/, "") ?? page();
};
const teacherLink = (key: string, query: string) => {
  const url = `${pageForAll()}${query}#board=${classApi.token("teacher")}`;
  const field = linkField.create(key, { value: url });
  const copy = i18n.button("board.copy", async () => {
    field.focus();
    await linkField.copy(field);
    copy.textContent = i18n.t("board.copied");
  });
  return element("div", {}, i18n.translated("span", key), element("div", { className: "board-row" }, field, copy));
};

const showTeacherLinks = async () => {
  if (!byId("board-room", HTMLDetailsElement).open) return;
  await load();
  const parts = [teacherLink("board.link_board", ""), teacherLink("board.link_projector", "?projector=1")];
  if (isLocal(pageForAll())) parts.push(warning());
  byId("board-links").replaceChildren(...parts);
};

export const start = () => {
  dialog = element("dialog", { className: "invite" });
  i18n.label(dialog, "board.join_at");
  byId("board").append(dialog);
  byId("board-code").addEventListener("click", invite);
  byId("board-room").addEventListener("toggle", showTeacherLinks);
};
