// Stubs for tests without a browser: what modules read from the page when they are imported, namely its
// language, its messages and its limits.
import { inject, vi } from "vitest";
import "./golden";

const blocks: Record<string, unknown> = { catalogue: inject("words"), limits: inject("golden").limits };

vi.stubGlobal("window", globalThis);
vi.stubGlobal("document", {
  documentElement: { lang: "en" },
  getElementById: (id: string) => (id in blocks ? { textContent: JSON.stringify(blocks[id]) } : null),
});
