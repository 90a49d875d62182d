import { readFileSync } from "node:fs";
import { defineConfig } from "vitest/config";

const read = (path: string) => JSON.parse(readFileSync(path, "utf-8"));

// `npm test` writes the golden numbers first: python -m tests.golden.
export default defineConfig({
  test: {
    include: ["assets/**/*.test.ts"],
    setupFiles: ["assets/vitest/page.ts"],
    provide: { golden: read("build/golden.json"), words: read("pwlapp/ui/locales/en.json") },
  },
});
