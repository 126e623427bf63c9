import { loadPackage } from '../../../src/net/sctp/package.ts';

/** Why raw sockets cannot be had here, in words. */
export function whyNoRawSockets(): string | undefined {
  try {
    loadPackage();
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
