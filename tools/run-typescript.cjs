// Lets Node run this repository's TypeScript from source: `node --require ./tools/run-typescript.cjs FILE.ts`.
// Node's own type stripping does not do: the sources are CommonJS and import each other as "./name.js".
const { createHash, randomBytes } = require("node:crypto");
const fs = require("node:fs");
const module_ = require("node:module");
const path = require("node:path");
const { fileURLToPath, pathToFileURL } = require("node:url");

const root = path.dirname(__dirname);
const cache = path.join(root, ".cache", "typescript");
const ours = (url) => url.startsWith("file:") && !url.includes("/node_modules/");

module_.registerHooks({
  resolve(specifier, context, next) {
    if (/^\.\.?\//.test(specifier) && specifier.endsWith(".js") && ours(context.parentURL ?? "")) {
      const wanted = fileURLToPath(new URL(specifier, context.parentURL));
      const source = wanted.replace(/\.js$/, ".ts");
      if (!fs.existsSync(wanted) && fs.existsSync(source)) {
        return { url: pathToFileURL(source).href, format: "commonjs", shortCircuit: true };
      }
    }
    return next(specifier, context);
  },
  load(url, context, next) {
    if (!url.endsWith(".ts") || !ours(url)) return next(url, context);
    return { format: "commonjs", source: compiled(fileURLToPath(url)), shortCircuit: true };
  },
});

function compiled(file) {
  const text = fs.readFileSync(file, "utf8");
  const key = createHash("sha256")
    .update(process.version)
    .update(file)
    .update("\0")
    .update(text)
    .digest("hex");
  const stored = path.join(cache, `${key}.js`);
  if (fs.existsSync(stored)) return fs.readFileSync(stored, "utf8");
  const ts = require("typescript");
  const { outputText } = ts.transpileModule(text, {
    fileName: file,
    compilerOptions: { target: "es2022", module: "commonjs", inlineSourceMap: true, esModuleInterop: true },
  });
  fs.mkdirSync(cache, { recursive: true });
  const unfinished = `${stored}.${process.pid}.${randomBytes(6).toString("hex")}`;
  fs.writeFileSync(unfinished, outputText);
  fs.renameSync(unfinished, stored);
  return outputText;
}
