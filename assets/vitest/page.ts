// What modules read of the page while they are loaded, for tests without a browser: the language, its
// catalogue and the limits.
import { inject, vi } from "vitest";
import "./golden";

const blocks: Record<string, unknown> = { catalogue: inject("words"), limits: inject("golden").limits };

vi.stubGlobal("window", globalThis);
vi.stubGlobal("document", {
  documentElement: { lang: "en" },
  getElementById: (id: string) => (id in blocks ? { textContent: JSON.stringify(blocks[id]) } : null),
});
