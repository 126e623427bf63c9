/** What `ip` and the kernel say when they refuse, in words a person can act on. */
import type { NetError } from '../ports.ts';

export class XfrmError extends Error implements NetError {
  override readonly name = 'XfrmError';
  readonly code?: string;
  /** The cause alone, without the act that failed. */
  readonly why: string;

  constructor(what: string, { code, why }: Cause) {
    super(what === '' ? why : `${what}: ${why}`);
    this.why = why;
    if (code !== undefined) this.code = code;
  }
}

export interface Cause {
  readonly code?: string;
  readonly why: string;
  /** It would be the same for any other change: nothing of the kind works here. */
  readonly general?: boolean;
}

/** The texts are those of strerror(3), of the kernel's extended acknowledgements and of iproute2. */
const CAUSES: readonly (readonly [RegExp, Cause])[] = [
  [
    /Operation not permitted/,
    {
      code: 'EPERM',
      general: true,
      why: 'this process may not change the IPsec state of the kernel; it needs root or the capability CAP_NET_ADMIN',
    },
  ],
  [
    /Cannot open netlink socket/,
    { code: 'EPROTONOSUPPORT', general: true, why: 'the kernel has no IPsec to configure (module xfrm_user)' },
  ],
  [
    // An old one wants a protocol named where there are ports.
    /Object "xfrm" is unknown|are invalid with|usage:|BusyBox/i,
    {
      code: 'ENOENT',
      general: true,
      why: 'the program `ip` here knows too little of IPsec; a newer iproute2 is needed (Debian package iproute2)',
    },
  ],
  [
    /Requested type not found|Protocol not supported/,
    { code: 'EPROTONOSUPPORT', why: 'the kernel has no ESP for this kind of address (modules esp4 and esp6)' },
  ],
  [
    /algorithm not found|Function not implemented/,
    { code: 'ENOSYS', why: 'the kernel does not have this algorithm, or its rules forbid it' },
  ],
  [/File exists/, { code: 'EEXIST', why: 'there is one already' }],
  [/No such process|No such file or directory/, { code: 'ESRCH', why: 'there is none' }],
];

/** @param errors what it wrote to its standard error. */
export function causeOf(errors: string): Cause {
  const known = CAUSES.find(([pattern]) => pattern.test(errors));
  if (known !== undefined) return known[1];
  // It may quote an argument, and that may be a key.
  const words = errors
    .trim()
    .replaceAll('\n', ', ')
    .replaceAll(/0x[0-9a-f]{16,}/gi, '(a key)');
  return { why: words || 'no reason was given' };
}

export function spawnFailure(program: string, error: Error & { readonly code?: string }): XfrmError {
  const { code, message } = error;
  const why =
    code === 'ENOENT'
      ? `the program \`${program}\` is missing (Debian package iproute2)`
      : `the program \`${program}\` does not start: ${message}`;
  return new XfrmError('', { why, ...(code !== undefined && { code }) });
}

export function timeoutFailure(program: string, ms: number): XfrmError {
  return new XfrmError('', { code: 'ETIMEDOUT', why: `the program \`${program}\` did not end within ${ms / 1000} s` });
}
