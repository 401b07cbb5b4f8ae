/** The longest time that a timer of Node takes, milliseconds. */
const longestMs = 2 ** 31 - 1;

/** Returns what `promise` gives, or throws what `late` returns when it gave nothing within `milliseconds`. */
export async function within<T>(promise: Promise<T>, milliseconds: number, late: () => Error): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const expired = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(late()), Math.min(Math.max(milliseconds, 0), longestMs));
  });
  return Promise.race([promise, expired]).finally(() => clearTimeout(timer));
}
