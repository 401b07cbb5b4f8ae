// Rows that a person corrected or added in provider/catalog/data: they name a source whose code begins with C, and a rebuild keeps them.

const isCorrected = (row) => [...(row.sources ?? []), row.code ?? ""].some((code) => /^C\d+$/.test(code));

function keyOf(row) {
  if (row.deviceId !== undefined) return `${row.deviceId} ${row.subsystemId ?? ""}`;
  if (row.shortName !== undefined) return `${row.shortName} ${row.staleId ?? ""}`;
  return row.release ?? row.hostBuild ?? row.build ?? row.host ?? row.branch ?? row.code;
}

function keptList(rows, existing) {
  const corrected = new Map(existing.filter(isCorrected).map((row) => [keyOf(row), row]));
  const replaced = rows.map((row) => {
    const correction = corrected.get(keyOf(row));
    corrected.delete(keyOf(row));
    return correction ?? row;
  });
  return [...replaced, ...corrected.values()];
}

/** Returns the built content of a data file with the corrected rows of the existing one in place of theirs, new ones at the end. */
export function withCorrections(content, existing) {
  if (existing === undefined) return content;
  if (Array.isArray(content)) return keptList(content, existing);
  const parts = Object.entries(content).map(([name, part]) => [
    name,
    Array.isArray(part) ? keptList(part, existing[name] ?? []) : part,
  ]);
  return Object.fromEntries(parts);
}
