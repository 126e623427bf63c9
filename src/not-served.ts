import type { Settings } from './config/settings.ts';

/** Settings that are understood but whose service this version does not have: whoever sets one is told at the start. */
const WITHOUT_EFFECT: readonly (readonly [name: string, isSet: (settings: Settings) => boolean])[] = [
  ['com_addr', ({ com_addr }) => com_addr !== undefined],
];

/** Names of properties that are set and have no effect. */
export function withoutEffect(settings: Settings): readonly string[] {
  return WITHOUT_EFFECT.filter(([, isSet]) => isSet(settings)).map(([name]) => name);
}

/** Why the server cannot be what the configuration demands, in words; undefined when it can. */
export function unfulfillable({ rx_required, rx_server_addr }: Settings): string | undefined {
  if (!rx_required || rx_server_addr !== undefined) return undefined;
  return 'rx_required demands Rx: set rx_server_addr, or take it out to start without';
}
