// Builds the front end into build/static: bundles assets/ with esbuild, and copies scripts of npm packages. Each file's
// name contains a hash of its content; build/manifest.json maps the names in ENTRIES and READY to the files.
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
  // The only part of Dash's polyfill bundle that Dash's components need; a tenth of the bundle's size.
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
// Makes Chromium compile a whole script in the background while it is loaded. Without this line it compiles each
// function when it is first called, while the page waits. To other browsers it is a comment.
const COMPILE_EAGERLY = "//# allFunctionsCalledOnLoad\n";

for (const [name, path] of Object.entries(READY)) {
  const text = readFileSync(join("node_modules", path), "utf8");
  const { code: small } = path.endsWith(".min.js") ? { code: text } : await esbuild.transform(text, { minify: true });
  const code = name === "basic" ? COMPILE_EAGERLY + small : small;
  const hash = createHash("sha256").update(code).digest("hex").slice(0, 8);
  manifest[name] = `${basename(path).replace(/(\.min)?\.js$/, "")}-${hash}.js`;
  writeFileSync(join(OUT, manifest[name]), code);
}
writeFileSync("build/manifest.json", `${JSON.stringify(manifest, null, 2)}\n`);
