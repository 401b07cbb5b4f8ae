// The layers of docs/architecture.md as rules: imports point down only. `npm run check` holds them, and
// tools/checks/layers.test.ts shows that each one bites.

/** Each layer: the layers of provider/ it may import, the packages it may, and Node's modules it may. */
const layers = {
  model: { below: [], packages: [], node: "" },
  schema: { below: ["model", "settings"], packages: ["zod"], node: "" },
  catalog: { below: ["model"], packages: [], node: "fs|path" },
  settings: { below: ["model", "catalog"], packages: ["zod"], node: "" },
  plan: { below: ["model", "catalog", "settings"], packages: [], node: "" },
  transport: { below: ["model"], packages: ["ssh2", "ssh-config"], node: ".*" },
  observe: { below: ["model", "settings", "transport"], packages: [], node: "fs|path" },
  apply: {
    below: ["model", "catalog", "settings", "plan", "transport", "observe"],
    packages: [],
    node: "fs|fs/promises|path|crypto|timers/promises",
  },
  resources: {
    below: ["model", "schema", "catalog", "settings", "plan", "transport", "observe", "apply"],
    packages: ["@pulumi/pulumi"],
    node: "fs|fs/promises|path|crypto|os|timers/promises|async_hooks|module",
  },
};

const layerRules = Object.entries(layers).flatMap(([layer, { below, packages, node }]) => [
  {
    name: `${layer}-imports-only-below`,
    severity: "error",
    comment: `provider/${layer} may import ${below.join(", ") || "no other layer"}.`,
    from: { path: `^provider/${layer}/` },
    to: {
      path: "^(provider|sdk|cli|test|tools|examples|dist)/",
      pathNot: `^provider/(${[layer, ...below].join("|")})/`,
    },
  },
  {
    name: `${layer}-outside-world`,
    severity: "error",
    comment: `provider/${layer} may use ${[...packages, node].filter(Boolean).join(", ") || "no package and no module of Node's"}.`,
    from: { path: `^provider/${layer}/` },
    to: {
      dependencyTypes: ["core", "npm", "npm-dev", "npm-peer"],
      pathNot: [`^(${node})$`, ...packages.map((name) => `(^|/)node_modules/(@types/)?${name}/`)],
    },
  },
]);

/** Each folder of provider/transport: those of its folders that it may import; none imports the files above them. */
const transportRooms = {
  config: [],
  trust: ["config"],
  link: ["config"],
  login: ["config", "trust", "link"],
  builtin: ["config", "trust", "link", "login"],
  openssh: ["config", "trust", "link", "login"],
  machine: ["config", "trust", "link", "login", "builtin", "openssh"],
  command: ["link", "machine"],
  lock: ["link", "machine", "command"],
};

const transportRules = Object.entries(transportRooms).map(([room, below]) => ({
  name: `transport-${room}-imports-only-below`,
  severity: "error",
  comment: `provider/transport/${room} may import ${below.join(", ") || "no other folder of provider/transport"}.`,
  from: { path: `^provider/transport/${room}/` },
  to: { path: "^provider/transport/", pathNot: `^provider/transport/(${[room, ...below].join("|")})/` },
}));

const onlyIn = (name, packages, folder) => ({
  name,
  severity: "error",
  comment: `Only ${folder} may import ${packages}.`,
  from: { path: "^(provider|sdk|cli)/", pathNot: folder },
  to: { path: `(^|/)node_modules/(${packages})/` },
});

module.exports = {
  forbidden: [
    ...layerRules,
    ...transportRules,
    onlyIn("only-the-built-in-way-knows-ssh2", "ssh2|@types/ssh2", "^provider/transport/(builtin|login)/"),
    onlyIn("only-config-knows-ssh-config", "ssh-config", "^provider/transport/config/"),
    onlyIn("only-schema-knows-zod", "zod", "^provider/(schema|settings)/"),
    {
      name: "settings-take-zod-for-types-only",
      severity: "error",
      comment: "Who plans need not load zod: the schema hands it in.",
      from: { path: "^provider/settings/" },
      to: { path: "(^|/)node_modules/zod/", dependencyTypesNot: ["type-only"] },
    },
    {
      name: "only-the-table-names-settings",
      severity: "error",
      comment: "Whoever sees, changes or shows settings walks provider/settings/order.ts.",
      from: { path: "^(provider|sdk|cli)/", pathNot: "^provider/settings/" },
      to: { path: "^provider/settings/[^/]+/" },
    },
    {
      name: "no-setting-knows-another",
      severity: "error",
      comment: "What a setting needs of another is in the facts.",
      from: { path: "^provider/settings/([^/]+)/" },
      to: { path: "^provider/settings/[^/]+/", pathNot: "^provider/settings/$1/" },
    },
    {
      name: "sdk-stays-pure",
      severity: "error",
      comment: "What a user's program loads does no I/O: model, plan and catalog are all it may import.",
      from: { path: "^sdk/" },
      to: { path: "^(provider|cli|test|tools|examples)/", pathNot: "^provider/(model|plan|catalog)/" },
    },
    {
      name: "the-door-opens-on-resources",
      severity: "error",
      comment:
        "provider/index.ts is the one module stored provider text requires: it only hands out lifecycles.",
      from: { path: "^provider/[^/]+\\.ts$" },
      to: { path: "^(provider|sdk|cli|test|tools)/", pathNot: "^provider/(resources|model)/" },
    },
    {
      name: "provider-takes-pulumi-for-types-only",
      severity: "error",
      comment: "The provider process is Pulumi's: loading the SDK again costs start-up time.",
      from: { path: "^provider/" },
      to: { path: "(^|/)node_modules/@pulumi/", dependencyTypesNot: ["type-only"] },
    },
    {
      name: "shipped-code-needs-nothing-unshipped",
      severity: "error",
      from: { path: "^(sdk|provider|cli)/" },
      to: { path: "^(test|tools|examples)/" },
    },
    {
      name: "shipped-code-needs-no-dev-dependency",
      severity: "error",
      from: { path: "^(sdk|provider|cli)/" },
      to: {
        dependencyTypes: ["npm-dev"],
        dependencyTypesNot: ["type-only", "npm-peer"],
        pathNot: "/@types/",
      },
    },
    {
      name: "fuse-behind-one-file",
      severity: "error",
      comment: "fuse-native is not kept any more: one file knows it, so that it can be replaced.",
      from: { pathNot: "^test/host/machine/[^/]*fuse[^/]*\\.(ts|cjs)$" },
      to: { path: "(^|/)node_modules/fuse-native/" },
    },
    { name: "no-cycles", severity: "error", from: {}, to: { circular: true } },
    { name: "no-unresolved", severity: "error", from: {}, to: { couldNotResolve: true } },
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    exclude: { path: "^dist/" },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.json" },
    enhancedResolveOptions: {
      exportsFields: ["exports"],
      conditionNames: ["require", "node", "default", "types"],
      extensions: [".ts", ".mjs", ".cjs", ".js", ".json"],
    },
  },
};
