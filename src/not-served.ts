import type { Settings } from './config/settings.ts';

/** Settings that are understood but whose service this version does not have: whoever sets one is told at the start. */
const WITHOUT_EFFECT: readonly (readonly [name: string, isSet: (settings: Settings) => boolean])[] = [
  ['com_addr', ({ com_addr }) => com_addr !== undefined],
  ['rx_server_addr', ({ rx_server_addr }) => rx_server_addr !== undefined],
];

/** What must not be started without, because leaving it out would be a promise broken silently. */
const INDISPENSABLE: readonly (readonly [name: string, isSet: (settings: Settings) => boolean, needs: string])[] = [
  ['rx_required', ({ rx_required }) => rx_required, 'Rx'],
];

/** Names of properties that are set and have no effect. */
export function withoutEffect(settings: Settings): readonly string[] {
  return WITHOUT_EFFECT.filter(([, isSet]) => isSet(settings)).map(([name]) => name);
}

/** Why the server cannot be what the configuration demands, in words; undefined when it can. */
export function unfulfillable(settings: Settings): string | undefined {
  const found = INDISPENSABLE.find(([, isSet]) => isSet(settings));
  return found && `${found[0]} demands ${found[2]}, which this version does not have; take it out to start without`;
}
