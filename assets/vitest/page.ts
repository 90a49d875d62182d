// Stubs for tests without a browser: the language, the messages and the limits, which modules read from the page when
// they are imported.
import { inject, vi } from "vitest";
import "./golden";

const blocks: Record<string, unknown> = { catalogue: inject("words"), limits: inject("golden").limits };

vi.stubGlobal("window", globalThis);
vi.stubGlobal("document", {
  documentElement: { lang: "en" },
  getElementById: (id: string) => (id in blocks ? { textContent: JSON.stringify(blocks[id]) } : null),
});
