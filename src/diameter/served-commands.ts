import { type Avp, AvpError } from './avp.ts';
import { applicationOf } from './capabilities.ts';
import { applicationName, COMMANDS, type CommandName, RESULT } from './command.ts';
import { find, nameOf } from './dictionary.ts';
import type { DiameterMessage } from './message.ts';
import { answerTo, type Identity } from './routing.ts';

/** Answers a request of the peer's with AVPs, the result among them. @throws AvpError for the refusal. */
export type RequestHandler = (request: DiameterMessage) => readonly Avp[];

/** What the applications do for the peer: requests of an HSS or a PCRF that serves us. */
export class ServedCommands {
  readonly #own: Identity;
  readonly #applications: readonly number[];
  readonly #handlers = new Map<string, RequestHandler>();

  constructor(own: Identity, applications: readonly number[]) {
    this.#own = own;
    this.#applications = applications;
  }

  serve(application: number, command: CommandName, handler: RequestHandler): void {
    this.#handlers.set(`${application}:${COMMANDS[command]}`, handler);
  }

  /** @throws AvpError for the refusal. */
  answer(request: DiameterMessage): DiameterMessage {
    const { application, command, avps } = request;
    if (!this.#applications.includes(application)) {
      throw new AvpError(RESULT.DIAMETER_APPLICATION_UNSUPPORTED, `${applicationName(application)} is not served`);
    }
    const handler = this.#handlers.get(`${application}:${command}`);
    if (handler === undefined) throw new AvpError(RESULT.DIAMETER_COMMAND_UNSUPPORTED, `command ${command}`);
    const destination = find(avps, 'Destination-Host');
    if (destination !== undefined && destination.toLowerCase() !== this.#own.host.toLowerCase()) {
      throw new AvpError(RESULT.DIAMETER_UNABLE_TO_DELIVER, `${destination} is not here`);
    }
    const unknown = avps.find((one) => one.mandatory && nameOf(one) === undefined);
    if (unknown !== undefined) {
      throw new AvpError(RESULT.DIAMETER_AVP_UNSUPPORTED, `AVP ${unknown.code} is not known`, unknown);
    }
    return answerTo(request, this.#own, [applicationOf(application), ...handler(request)]);
  }
}
