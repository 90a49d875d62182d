// Builds the front end: bundles assets/ with esbuild, and copies ready-made scripts of npm packages, into build/static,
// under names that contain a hash of the content. build/manifest.json maps each file's role to its name.
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
  // The only part of Dash's polyfill bundle that its components need; a tenth of its size.
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
// The server preloads the chunks that the entry point imports.
outputs[`${OUT}/${manifest.main}`].imports
  .filter(({ kind }) => kind === "import-statement")
  .forEach(({ path }, k) => {
    manifest[`main/${k}`] = basename(path);
  });
// What every page needs at once is compiled as a whole in the background, while it is loaded: else Chromium
// compiles each function when it is first called, while the page waits. Other browsers take it as a comment.
const AT_ONCE = "//# allFunctionsCalledOnLoad\n";

for (const [name, path] of Object.entries(READY)) {
  const text = readFileSync(join("node_modules", path), "utf8");
  const { code: small } = path.endsWith(".min.js") ? { code: text } : await esbuild.transform(text, { minify: true });
  const code = name === "basic" ? AT_ONCE + small : small;
  const hash = createHash("sha256").update(code).digest("hex").slice(0, 8);
  manifest[name] = `${basename(path).replace(/(\.min)?\.js$/, "")}-${hash}.js`;
  writeFileSync(join(OUT, manifest[name]), code);
}
writeFileSync("build/manifest.json", `${JSON.stringify(manifest, null, 2)}\n`);
