// A teacher's link, #board=<token>: the token is stored in this browser and removed from the URL.
import * as classApi from "../class/api";
import { byId } from "../core/dom";

const PREFIX = "#board=";

const storeToken = () => {
  if (!location.hash.startsWith(PREFIX)) return false;
  classApi.keepToken("teacher", location.hash.slice(PREFIX.length));
  history.replaceState(history.state, "", `${location.pathname}${location.search}#board`);
  return true;
};

// If such a link is opened in a tab that already shows the page, the page is reloaded.
export const start = () => {
  storeToken();
  byId("board-link").hidden = !classApi.token("teacher");
  addEventListener("hashchange", () => {
    if (storeToken()) location.reload();
  });
};
