import { expect, test } from "vitest";
import { toOpen } from "./panel";

test.each<[inUrl: string, kept: string, isHidden: boolean, name: string, isNew: boolean]>([
  ["", "", false, "", false],
  ["", "seeds.2|", false, "seeds.2", false],
  ["page.1", "", false, "page.1", true],
  ["page.1", "seeds.2|", false, "page.1", true],
  ["page.1", "page.3|page.1", false, "page.3", false],
  ["page.1", "|page.1", false, "", false], // closed before the reload
  ["", "seeds.2|", true, "", false],
  ["", "list|", true, "", false],
  ["page.1", "", true, "page.1", true],
  ["page.1", "page.3|page.1", true, "page.3", false],
])("what is opened with %j in the URL after %j, hidden: %j", (inUrl, kept, isHidden, name, isNew) => {
  expect(toOpen(inUrl, kept, isHidden)).toEqual({ name, isNew });
});
