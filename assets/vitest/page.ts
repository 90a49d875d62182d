// What modules read of the page while they are loaded, for tests without a browser: the language and
// its catalogue, and the server's limits.
import { inject, vi } from "vitest";
import "./golden";

const blocks = { catalogue: inject("words"), limits: inject("golden").limits };

vi.stubGlobal("window", globalThis);
vi.stubGlobal("document", {
  documentElement: { lang: "en" },
  getElementById: (id: string) => (id in blocks ? { textContent: JSON.stringify(blocks[id]) } : null),
});
