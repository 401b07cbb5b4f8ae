// Turns the facts folder's types.json and releases.json into the rows of provider/catalog/data.

/** Rules that the facts give in words only: which guest branches a host branch takes where no build list exists. */
const derivedBranchRules = [
  { host: "18", guests: ["18", "17"] },
  { host: "19", guests: ["19", "18", "16"] },
  { host: "20", guests: ["20", "19"] },
];
const ruleSource = {
  code: "G1",
  text: "NVIDIA vGPU release notes 15.x and 19.0, host and guest compatibility: the rule in words; applied, not listed per build",
};

/** The last branch that has vGPU for a board; the facts have it in words only. */
const lastBranches = [
  { of: (board) => board.architecture === "Pascal", branch: "16", source: "G2" },
  { of: (board) => board.architecture === "Volta", branch: "19", source: "G2" },
  { of: (board) => /^Quadro RTX [68]000/.test(board.name), branch: "19", source: "G2" },
  { of: (board) => board.architecture === "Maxwell", branch: "19", source: "G3" },
];
const lastBranchSources = [
  {
    code: "G2",
    text: "NVIDIA's vGPU lifecycle pages, as a field report quotes them (anomixer/proxmox-vgpu-installer#29): Pascal ended with 16, V100 and Quadro RTX 6000/8000 with 19",
  },
  {
    code: "G3",
    text: "kernel logs of R595 drivers in field reports: from R590 on the driver ignores Maxwell boards, so 19 (R580) is the last branch that can have them",
  },
];

const withoutUnknown = (row) =>
  Object.fromEntries(Object.entries(row).filter(([, value]) => value !== null && value !== undefined));
const prefixed = (prefix, codes) => codes.map((code) => code.replace(/^S/, prefix));
const compareText = (a, b) => (a < b ? -1 : a > b ? 1 : 0);

/** Returns one row per board. */
function boardRows(facts) {
  return facts.boards.map((board) => {
    const last = lastBranches.find((row) => row.of(board));
    return withoutUnknown({
      name: board.name,
      deviceId: board.pciDeviceId,
      subsystemId: board.subsystemId,
      architecture: board.architecture,
      sriov: board.sriov,
      fractionalMultiVgpu: board.fractionalMultiVgpu,
      mig: board.mig,
      displayModeTool: board.displayModeTool,
      factoryDisplayMode: board.factoryDisplayMode,
      lastBranch: last?.branch,
      typeFamilies: board.typeFamilies.length === 0 ? null : board.typeFamilies,
      sources: [...prefixed("T", board.sources), ...(last === undefined ? [] : [last.source])],
    });
  });
}

const shape = /^(.+?)(?:-([1-7]))?-(\d+)([A-Z])(.*)$/;

function typeOrder(row) {
  const [, family, slices = "0", size, series, tail] = shape.exec(row.shortName);
  return [
    family.toLowerCase(),
    slices,
    series,
    size.padStart(4, "0"),
    tail,
    String(row.vgpuTypeId ?? ""),
  ].join(" ");
}

/** Returns one row per vGPU type and id, sorted by family, slices, series and size. */
function typeRows(facts) {
  const rows = facts.types.map((type) =>
    withoutUnknown({
      shortName: type.shortName,
      name: type.name,
      vgpuTypeId: type.typeId,
      staleId: type.staleId,
      series: type.series,
      vgpuClass: type.vgpuClass,
      framebufferMiB: type.profileSizeMiB,
      guestFramebufferMiB: type.guestFramebufferMiB,
      maxInstancesPerGpu: type.maxInstancesPerGpu,
      maxHeads: type.maxHeads,
      maxResolution: type.maxResolution,
      frameRateLimit: type.frameRateLimit,
      cuda: type.cuda,
      ecc: type.ecc,
      multiVgpu: type.multiVgpu,
      licenses: type.licenses,
      migBacked: type.migBacked,
      migSlices: type.giSlices,
      gpuInstanceProfileId: type.gpuInstanceProfileId,
      boards: type.boards.length === 0 ? null : type.boards,
      sources: prefixed("T", type.sources),
    }),
  );
  return rows.sort((a, b) => compareText(typeOrder(a), typeOrder(b)));
}

function releaseRows(facts) {
  const releases = facts.releases.map((row) =>
    withoutUnknown({
      release: row.release,
      managerVersion: row.vgpuManagerLinux,
      windowsManagerVersion: row.vgpuManagerWindows,
      linuxGuestVersion: row.linuxGuest,
      windowsGuestVersion: row.windowsGuest,
      released: row.released,
      catalogDates: row.catalogDates,
      sources: prefixed("R", row.sources),
    }),
  );
  const branches = facts.branches.map((row) =>
    withoutUnknown({
      branch: row.branch,
      driverBranch: row.driverBranch,
      type: row.type === "unknown" ? null : row.type,
      endOfLife: row.endOfLife,
      sources: prefixed("R", [row.source]),
    }),
  );
  const dates = Object.values(facts.sources).flatMap((text) => text.match(/\d{4}-\d{2}-\d{2}/g) ?? []);
  return { asOf: dates.sort().at(-1), branches, releases };
}

/** `["13.11 and 13.12", "13.10"]` to releases, `["13"]` to a whole branch. */
function namedReleases(texts) {
  return (texts ?? []).flatMap((text) => text.split(" and "));
}

function compatibilityRows(facts) {
  const sources = prefixed("R", [facts.guestCompatibility.source]);
  const builds = new Map();
  for (const host of facts.guestCompatibility.hosts) {
    for (const guest of host.guests) builds.set(guest.build, namedReleases(guest.vgpu));
  }
  return {
    builds: [...builds]
      .sort(([a], [b]) => compareText(b, a))
      .map(([build, releases]) => ({ build, releases, sources })),
    hosts: facts.guestCompatibility.hosts.map((host) => ({
      hostBuild: host.hostBuild,
      releases: namedReleases(host.vgpu),
      guestBuilds: host.guests.map((guest) => guest.build),
      sources,
    })),
    branchRules: derivedBranchRules.map((rule) => ({ ...rule, sources: [ruleSource.code] })),
  };
}

function sourceRows(typeFacts, releaseFacts) {
  const rows = (prefix, sources) =>
    Object.entries(sources).map(([code, text]) => ({
      code: code.replace(/^S/, prefix),
      text: text.replace(/^seed document \((.*)\)$/, "$1"),
    }));
  return [
    ...rows("T", typeFacts.sources),
    ...rows("R", releaseFacts.sources),
    ruleSource,
    ...lastBranchSources,
  ];
}

/** Returns the content of each data file by its name. */
export function catalogData(typeFacts, releaseFacts) {
  return {
    "boards.json": boardRows(typeFacts),
    "types.json": typeRows(typeFacts),
    "releases.json": releaseRows(releaseFacts),
    "compatibility.json": compatibilityRows(releaseFacts),
    "sources.json": sourceRows(typeFacts, releaseFacts),
  };
}

const line = (row) => JSON.stringify(row, null, 1).replace(/\n\s*/g, " ");
const list = (rows) => `[\n${rows.map(line).join(",\n")}\n]`;

/** Returns the text of a data file: one row per line, so that a person can read, diff and correct it. */
export function dataText(content) {
  if (Array.isArray(content)) return `${list(content)}\n`;
  const parts = Object.entries(content).map(
    ([key, value]) => `${JSON.stringify(key)}: ${Array.isArray(value) ? list(value) : JSON.stringify(value)}`,
  );
  return `{\n${parts.join(",\n")}\n}\n`;
}
