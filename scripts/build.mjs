// Builds the browser's half: assets/ and Plotly's partial bundles become files in build/static whose
// names hold a hash of their content. build/manifest.json has the names, by what they are.
import { createHash } from "node:crypto";
import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import esbuild from "esbuild";

const OUT = "build/static";
const ENTRIES = {
  main: "assets/main.ts",
  style: "assets/main.css",
  worker: "assets/explore/surface/worker.ts",
};
const PLOTLY = ["basic", "cartesian", "gl3d"];

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
for (const [path, { entryPoint }] of Object.entries(built.metafile.outputs)) {
  const name = Object.keys(ENTRIES).find((each) => ENTRIES[each] === entryPoint);
  if (name) manifest[name] = basename(path);
}
for (const name of PLOTLY) {
  const source = `node_modules/plotly.js-${name}-dist-min/plotly-${name}.min.js`;
  const hash = createHash("sha256").update(readFileSync(source)).digest("hex").slice(0, 8);
  manifest[name] = `plotly-${name}-${hash}.js`;
  copyFileSync(source, join(OUT, manifest[name]));
}
writeFileSync("build/manifest.json", `${JSON.stringify(manifest, null, 2)}\n`);
