// The link of a teacher, #board=…: what it holds is kept in this browser, and leaves the address.
import * as classApi from "../class/api";
import { byId } from "../core/dom";

const PREFIX = "#board=";

const take = () => {
  if (!location.hash.startsWith(PREFIX)) return false;
  classApi.keepToken("teacher", location.hash.slice(PREFIX.length));
  history.replaceState(history.state, "", `${location.pathname}${location.search}#board`);
  return true;
};

// A tab that is open already goes to the board of the link that it was given.
export const start = () => {
  take();
  byId("board-link").hidden = !classApi.token("teacher");
  addEventListener("hashchange", () => {
    if (take()) location.reload();
  });
};
