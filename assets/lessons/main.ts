// Lessons: short courses that set the page and check what was done.
import { load } from "../chunks";
import * as panel from "./panel";

export const start = async () => {
  await load("share"); // a step puts a whole net in place, as a link does
  panel.start();
};

export { page } from "./panel";
