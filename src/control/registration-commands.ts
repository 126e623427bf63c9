import { DEREGISTRATION_EVENTS, type DeregistrationEvent } from './actions.ts';
import { type Command, CommandError, type Output } from './command.ts';
import { identities } from './users-command.ts';

const DEFAULT_WITHIN_S = 60;

/** Network-initiated deregistration (TS 24.229 §5.4.1.5). */
export const unregisterCommand: Command = {
  synopsis: '<identity> [event]',
  summary: 'End the registration of a user',
  details: [
    'The identity is an IMPI or IMPU. Its phones are told by NOTIFY: deactivated (the default) lets a phone register',
    'again at once, rejected does not.',
  ],
  complete: (words, actions) =>
    words.length === 1 ? identities(words[0] ?? '', actions) : words.length === 2 ? DEREGISTRATION_EVENTS : [],
  run({ identity = '', event = 'deactivated' }, actions) {
    if (!isEvent(event)) throw new CommandError(`event ${DEREGISTRATION_EVENTS.join(' or ')} expected, not '${event}'`);
    return counted('ended', identity, actions.unregister(identity, event));
  },
};

/** Network-initiated re-authentication (TS 24.229 §5.4.1.6). */
export const reauthenticateCommand: Command = {
  synopsis: '<identity> [seconds]',
  summary: 'Let the phones of a user register and authenticate anew',
  details: [
    'The identity is an IMPI or IMPU. Its registrations are shortened to so many seconds (60 unless given) and its',
    'phones are told by NOTIFY; one that does not register anew in time is deregistered.',
  ],
  complete: (words, actions) => (words.length === 1 ? identities(words[0] ?? '', actions) : []),
  run({ identity = '', seconds = String(DEFAULT_WITHIN_S) }, actions) {
    if (!/^[1-9][0-9]{0,5}$/.test(seconds))
      throw new CommandError(`seconds from 1 to 999999 expected, not '${seconds}'`);
    return counted('shortened', identity, actions.reauthenticate(identity, Number(seconds)));
  },
};

function isEvent(text: string): text is DeregistrationEvent {
  return (DEREGISTRATION_EVENTS as readonly string[]).includes(text);
}

function counted(done: string, identity: string, count: number | undefined): Output {
  if (count === undefined) throw new CommandError(`nobody has the identity '${identity}'; 'users' lists them`);
  if (count === 0) throw new CommandError(`${identity} is not registered`);
  return { data: { bindings: count }, print: () => [`${count} ${count === 1 ? 'binding' : 'bindings'} ${done}`] };
}
