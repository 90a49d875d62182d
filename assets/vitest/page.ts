// What modules read of the page while they are loaded, for tests without a browser: the language and
// its catalogue.
import { inject, vi } from "vitest";
import "./golden";

const catalogue = { textContent: JSON.stringify(inject("words")) };

vi.stubGlobal("window", globalThis);
vi.stubGlobal("document", {
  documentElement: { lang: "en" },
  getElementById: (id: string) => (id === "catalogue" ? catalogue : null),
});
