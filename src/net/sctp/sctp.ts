/** SCTP as this machine can have it: the kernel's, else our stack over raw sockets, else none. */
import { systemClock } from '../../core/system-clock.ts';
import type { SctpNet } from '../ports.ts';
import { kernelSctp } from './kernel.ts';
import { loadPackage } from './package.ts';
import { RawStack } from './raw-stack.ts';
import type { OnBug, SctpStack } from './stack.ts';
import { systemCalls } from './system-calls.ts';

/** Found out when SCTP is first asked for; the process has one. */
let found: SctpStack | undefined;

/** @param onBug told what a handler threw. */
export function systemSctp(onBug: OnBug): SctpNet {
  const stack = () => {
    found ??= find(onBug);
    return found;
  };
  return {
    listenSctp: (options, onAssociation) => stack().listen(options, onAssociation, onBug),
    connectSctp: (options, handler) => stack().connect(options, handler, onBug),
  };
}

function find(onBug: OnBug): SctpStack {
  const kernel = attempt(() => {
    const calls = systemCalls();
    calls.close(calls.socket(false));
    return kernelSctp(calls);
  });
  if (!(kernel instanceof Error)) return kernel;
  const raw = attempt(() => new RawStack(loadPackage(), systemClock(onBug), onBug));
  if (!(raw instanceof Error)) return raw;
  const words = `the kernel has no SCTP (${kernel.message}), and raw sockets cannot be used: ${raw.message}`;
  return absent(Object.assign(new Error(words), { code: 'EPROTONOSUPPORT' }));
}

function attempt(make: () => SctpStack): SctpStack | Error {
  try {
    return make();
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

function absent(error: Error): SctpStack {
  return {
    listen: () => Promise.reject(error),
    connect({ remote, local }, handler, onBug) {
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
