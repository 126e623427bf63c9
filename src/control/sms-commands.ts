import type { Actions } from './actions.ts';
import { type Command, CommandError, type Output } from './command.ts';
import { identities } from './users-command.ts';

export const smsCommand: Command = {
  synopsis: '<identity> <text...>',
  summary: 'Send a short message to a user',
  details: [
    'The identity is an IMPI or IMPU. A user that cannot be reached gets the message when it can; sms_expires says how',
    'long it is kept. Quote a text whose spaces matter.',
  ],
  complete: (words, actions) => (words.length === 1 ? identities(words[0] ?? '', actions) : []),
  run({ identity = '', text = '' }, actions) {
    const parts = sent(identity, text, actions);
    if (parts === undefined) throw new CommandError(nobody(identity));
    return parts === 1
      ? said('Short message taken', { parts })
      : said(`Short message taken, ${parts} parts`, { parts });
  },
};

export const smsFlushCommand: Command = {
  synopsis: '<identity>',
  summary: 'Forget the short messages that wait for a user',
  details: ["The identity is an IMPI or IMPU. 'users' shows how many wait."],
  complete: (words, actions) => (words.length === 1 ? identities(words[0] ?? '', actions) : []),
  run({ identity = '' }, actions) {
    const count = actions.flushSms(identity);
    if (count === undefined) throw new CommandError(nobody(identity));
    return said(`${count} short ${count === 1 ? 'message' : 'messages'} forgotten`, { messages: count });
  },
};

function sent(identity: string, text: string, actions: Actions): number | undefined {
  try {
    return actions.sendSms(identity, text);
  } catch (error) {
    if (error instanceof RangeError) throw new CommandError(error.message);
    throw error;
  }
}

function nobody(identity: string): string {
  return `nobody has the identity '${identity}'; 'users' lists them`;
}

function said(line: string, data: object): Output {
  return { data, print: () => [line] };
}
