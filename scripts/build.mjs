// Builds the browser's half: assets/, and scripts that npm packages bring ready to use, become files in
// build/static whose names hold a hash of their content. build/manifest.json has the names, by what they are.
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import esbuild from "esbuild";

const OUT = "build/static";
const ENTRIES = {
  main: "assets/main.ts",
  style: "assets/main.css",
  "explore-style": "assets/explore/explore.css",
  "share-style": "assets/share/share.css",
  "board-style": "assets/board/board.css",
  "lessons-style": "assets/lessons/lessons.css",
  "class-style": "assets/class/class.css",
  worker: "assets/explore/surface/worker.ts",
};
const READY = {
  basic: "plotly.js-basic-dist-min/plotly-basic.min.js",
  cartesian: "plotly.js-cartesian-dist-min/plotly-cartesian.min.js",
  gl3d: "plotly.js-gl3d-dist-min/plotly-gl3d.min.js",
  // What Dash's components need of the polyfill that Dash ships, a tenth of it.
  runtime: "regenerator-runtime/runtime.js",
};

rmSync(OUT, { recursive: true, force: true });
mkdirSync(OUT, { recursive: true });

const built = await esbuild.build({
  entryPoints: ENTRIES,
  outdir: OUT,
  entryNames: "[name]-[hash]",
  chunkNames: "[name]-[hash]",
  bundle: true,
  splitting: true,
  format: "esm",
  minify: true,
  target: ["chrome111", "firefox115", "safari16.4"],
  metafile: true,
  logLevel: "warning",
});

const manifest = {};
const outputs = built.metafile.outputs;
for (const [path, { entryPoint }] of Object.entries(outputs)) {
  const name = Object.keys(ENTRIES).find((each) => ENTRIES[each] === entryPoint);
  if (name) manifest[name] = basename(path);
}
// What the page's entry imports is preloaded.
outputs[`${OUT}/${manifest.main}`].imports
  .filter(({ kind }) => kind === "import-statement")
  .forEach(({ path }, k) => {
    manifest[`main/${k}`] = basename(path);
  });
// Plotly's bundles are one function, handed over as an argument. A browser parses such a function twice, the
// second time while the page waits. Called where it stands, it is parsed once, in the background.
const unwrapped = (text) => {
  const parts = /^(?<licence>\/\*.*?\*\/).*?"use strict";(?<code>var Plotly=.*)window\.Plotly = Plotly;\s*return/s;
  const { licence, code } = text.match(parts).groups;
  return `${licence}\n"use strict";${code}`;
};

for (const [name, path] of Object.entries(READY)) {
  const whole = readFileSync(join("node_modules", path), "utf8");
  const text = path.startsWith("plotly") ? unwrapped(whole) : whole;
  const { code } = path.endsWith(".min.js") ? { code: text } : await esbuild.transform(text, { minify: true });
  const hash = createHash("sha256").update(code).digest("hex").slice(0, 8);
  manifest[name] = `${basename(path).replace(/(\.min)?\.js$/, "")}-${hash}.js`;
  writeFileSync(join(OUT, manifest[name]), code);
}
writeFileSync("build/manifest.json", `${JSON.stringify(manifest, null, 2)}\n`);
