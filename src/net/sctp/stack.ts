import type { SctpAssociation, SctpConnectOptions, SctpHandler, SctpListener, SctpListenOptions } from '../ports.ts';

export type OnAssociation = (association: SctpAssociation) => SctpHandler;
export type OnBug = (error: unknown) => void;

/** SctpNet (ports.ts) as the kernel or our own stack does it. @param onBug told what a handler threw. */
export interface SctpStack {
  listen(options: SctpListenOptions, onAssociation: OnAssociation, onBug: OnBug): Promise<SctpListener>;
  connect(options: SctpConnectOptions, handler: SctpHandler, onBug: OnBug): SctpAssociation;
}
