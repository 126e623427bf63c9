/** SCTP as this machine can have it: the kernel's, else our stack over raw sockets, else none. */
import { systemClock } from '../../core/system-clock.ts';
import type { SctpNet } from '../ports.ts';
import { kernelSctp } from './kernel.ts';
import { loadPackage } from './package.ts';
import { RawStack } from './raw-stack.ts';
import { systemCalls } from './system-calls.ts';

type OnBug = (error: unknown) => void;

/** Found out when SCTP is first asked for. @param onBug told what a handler threw. */
export function systemSctp(onBug: OnBug): SctpNet {
  let found: SctpNet | undefined;
  const stack = () => {
    found ??= find(onBug);
    return found;
  };
  return {
    listenSctp: (options, onAssociation) => stack().listenSctp(options, onAssociation),
    connectSctp: (options, handler) => stack().connectSctp(options, handler),
  };
}

function find(onBug: OnBug): SctpNet {
  const kernel = attempt(() => {
    const calls = systemCalls();
    calls.close(calls.socket(false));
    return kernelSctp(calls, onBug);
  });
  if (!(kernel instanceof Error)) return kernel;
  const raw = attempt(() => new RawStack(loadPackage(), systemClock(onBug), onBug));
  if (!(raw instanceof Error)) return raw;
  const words = `the kernel has no SCTP (${kernel.message}), and raw sockets cannot be used: ${raw.message}`;
  return absent(Object.assign(new Error(words), { code: 'EPROTONOSUPPORT' }), onBug);
}

function attempt(make: () => SctpNet): SctpNet | Error {
  try {
    return make();
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

function absent(error: Error, onBug: OnBug): SctpNet {
  return {
    listenSctp: () => Promise.reject(error),
    connectSctp({ remote, local }, handler) {
      queueMicrotask(() => {
        try {
          handler.onClose(error);
        } catch (bug) {
          onBug(bug);
        }
      });
      const nowhere = { address: '', port: 0 };
      return { remote, local: local ?? nowhere, pending: 0, send() {}, shutdown() {}, abort() {} };
    },
  };
}
