const most = 6;

/** Returns the names as a list for people, the first ones of many. */
export function shownList(names: readonly string[]): string {
  if (names.length <= most) return names.join(", ");
  return `${names.slice(0, most).join(", ")} and ${names.length - most} more`;
}
