/** The newest format of the records below `/etc/pulumi-vgpu` that this version knows; 1 is that without a number. */
export const knownFormat = 2;

/** Whether this version knows what records of this format mean. */
export function isKnownFormat(format: string): boolean {
  return isFormat(format) && Number(format) <= knownFormat;
}

/** Whether a text is the number of a format, known or not. */
export function isFormat(text: string): boolean {
  return /^\d{1,4}$/.test(text);
}
