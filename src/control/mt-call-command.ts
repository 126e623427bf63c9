import { type Command, CommandError } from './command.ts';
import { identities } from './users-command.ts';

/** A call of the server's own making (manual §7). */
export const mtCallCommand: Command = {
  synopsis: '<callee> [sip_file] [caller]',
  options: ['-d, --duration <seconds>'],
  summary: 'Call a user',
  details: [
    'The callee is an IMPI or IMPU; all its phones ring. It hears what it says.',
    '-d ends the call so many seconds after it was answered.',
    'sip_file holds the SDP to offer and is looked for beside the configuration; without it, mt_call_sdp_file of the user',
    'or of the server is offered, and without those what phones commonly understand.',
    'caller is the IMPU the phone is shown.',
  ],
  complete: (words, actions) => identities(words.at(-1) ?? '', actions),
  run({ callee = '', duration, sip_file: sipFile, caller }, actions) {
    if (duration !== undefined && !(/^[0-9]{1,7}(\.[0-9]{1,3})?$/.test(duration) && Number(duration) > 0)) {
      throw new CommandError(`seconds expected after -d, not '${duration}'`);
    }
    const started = actions.mtCall({
      callee,
      ...(duration !== undefined && { durationS: Number(duration) }),
      ...(sipFile !== undefined && { sipFile }),
      ...(caller !== undefined && { caller }),
    });
    if (typeof started === 'string') throw new CommandError(started);
    return { data: { session_id: started[0] }, print: () => [`Call started, session ${started.join(', ')}`] };
  },
};
