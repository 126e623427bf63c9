import { type Random, randomBelow } from '../core/random.ts';
import type { Avp } from './avp.ts';
import { BASE, COMMANDS, type CommandName } from './command.ts';
import { avp } from './dictionary.ts';
import type { DiameterMessage } from './message.ts';
import type { Unsent } from './requests.ts';
import { endToEndIdentifiers, type Identity, sessionIdentifiers } from './routing.ts';

/** Makes our requests: whose they are, and the identifiers nothing else has. */
export class Composer {
  readonly newSessionId: () => string;
  /** Rises with each start of ours (RFC 6733 §8.16). */
  readonly stateId: number;
  readonly #own: Identity;
  readonly #newEndToEnd: () => number;
  #hopByHop: number;

  /** @param wallNow milliseconds since 1970. */
  constructor(own: Identity, random: Random, wallNow: number) {
    this.#own = own;
    this.stateId = Math.floor(wallNow / 1000);
    this.newSessionId = sessionIdentifiers(own.host, wallNow);
    this.#newEndToEnd = endToEndIdentifiers(random, wallNow);
    this.#hopByHop = randomBelow(random, 2 ** 32);
  }

  newHopByHop(): number {
    this.#hopByHop = (this.#hopByHop + 1) >>> 0;
    return this.#hopByHop;
  }

  /** A request of an application. @param avps those of the command, its Session-Id first. */
  request(application: number, command: CommandName, avps: readonly Avp[], destination: readonly Avp[]): Unsent {
    return {
      request: true,
      proxiable: true,
      error: false,
      command: COMMANDS[command],
      application,
      endToEnd: this.#newEndToEnd(),
      avps: [...avps, ...this.#origin(), this.state(), ...destination],
    };
  }

  /** A request of the base protocol, for the peer itself. */
  base(command: CommandName, avps: readonly Avp[]): DiameterMessage {
    return {
      request: true,
      proxiable: false,
      error: false,
      retransmitted: false,
      command: COMMANDS[command],
      application: BASE,
      hopByHop: this.newHopByHop(),
      endToEnd: this.#newEndToEnd(),
      avps: [...this.#origin(), ...avps],
    };
  }

  state(): Avp {
    return avp('Origin-State-Id', this.stateId);
  }

  #origin(): readonly Avp[] {
    return [avp('Origin-Host', this.#own.host), avp('Origin-Realm', this.#own.realm)];
  }
}
