// Preloaded (`node --require`) into processes that run this repository's TypeScript without a build:
// compiles each .ts as CommonJS, as tsc would, and keeps the result under .cache/ts by content.
const { createHash } = require("node:crypto");
const fs = require("node:fs");
const path = require("node:path");
const { registerHooks } = require("node:module");
const { fileURLToPath, pathToFileURL } = require("node:url");

const cacheDir = path.resolve(__dirname, "../../../.cache/ts");
const compilerOptions = {
  target: "es2022",
  module: "commonjs",
  esModuleInterop: true,
  isolatedModules: true,
  inlineSourceMap: true,
};

function compile(file, source) {
  const key = createHash("sha256").update(file).update(source).update("2").digest("hex").slice(0, 32);
  const cached = path.join(cacheDir, `${key}.js`);
  try {
    return fs.readFileSync(cached, "utf8");
  } catch {}
  const { outputText } = require("typescript").transpileModule(source, { fileName: file, compilerOptions });
  fs.mkdirSync(cacheDir, { recursive: true });
  const part = `${cached}.${process.pid}-${process.hrtime.bigint()}`;
  fs.writeFileSync(part, outputText);
  fs.renameSync(part, cached);
  return outputText;
}

function typescriptSibling(specifier, parentURL) {
  if (!/^\.{0,2}\//.test(specifier) || !specifier.endsWith(".js") || !parentURL?.startsWith("file:")) return;
  const file = path.resolve(path.dirname(fileURLToPath(parentURL)), `${specifier.slice(0, -3)}.ts`);
  return fs.existsSync(file) ? file : undefined;
}

registerHooks({
  resolve(specifier, context, next) {
    const file = typescriptSibling(specifier, context.parentURL);
    if (file) return { url: pathToFileURL(file).href, format: "commonjs", shortCircuit: true };
    const found = next(specifier, context);
    return found.url.endsWith(".ts") && !found.url.includes("/node_modules/")
      ? { ...found, format: "commonjs" }
      : found;
  },
  load(url, context, next) {
    if (!url.endsWith(".ts") || url.includes("/node_modules/")) return next(url, context);
    const file = fileURLToPath(url);
    return { format: "commonjs", source: compile(file, fs.readFileSync(file, "utf8")), shortCircuit: true };
  },
});
