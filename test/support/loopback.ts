let count = 0;

/**
 * A loopback address nobody else uses: `node --test` runs test files side by side, each a process of its own, so the
 * process's id is part of it.
 */
export function loopbackAddress(): string {
  count++;
  const own = process.pid % (21 * 254);
  return `127.${40 + Math.floor(own / 254)}.${1 + (own % 254)}.${count}`;
}
