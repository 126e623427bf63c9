/**
 * Rx as the P-CSCF speaks it (TS 29.214): sessions with the PCRF, one for each leg of a call, and what the PCRF says of
 * them by itself. Calls are not known here.
 */
import { type Avp, AvpError } from './avp.ts';
import { RESULT, RX } from './command.ts';
import { avp, need } from './dictionary.ts';
import type { DiameterMessage } from './message.ts';
import type { RxEvent } from './rx-machine.ts';
import { type Media, type RxParts, RxSession, type RxSubject, type RxUser } from './rx-session.ts';

/** The sessions there are. */
export class Rx {
  readonly #parts: RxParts;
  readonly #sessions = new Map<string, RxSession>();

  constructor(parts: RxParts) {
    this.#parts = parts;
    const { peer } = parts;
    peer.serve(RX, 'Re-Auth', (request) => this.#told(request, (session, avps) => session.reauthorized(avps)));
    peer.serve(RX, 'Abort-Session', (request) => this.#told(request, (session, avps) => session.aborted(avps)));
    peer.opened.add(() => this.#all({ type: 'connected' }));
    peer.restarted.add(() => this.#all({ type: 'restarted' }));
  }

  /** Whether the PCRF can be asked now. */
  get isAvailable(): boolean {
    return this.#parts.peer.serves(RX);
  }

  get sessions(): Iterable<RxSession> {
    return this.#sessions.values();
  }

  get size(): number {
    return this.#sessions.size;
  }

  open(subject: RxSubject, user: RxUser): RxSession {
    const id = this.#parts.peer.newSessionId();
    const session = new RxSession(this.#parts, id, subject, user, () => this.#sessions.delete(id));
    this.#sessions.set(id, session);
    return session;
  }

  #all(event: RxEvent<Media>): void {
    for (const session of [...this.#sessions.values()]) session.dispatch(event);
  }

  /** @throws AvpError */
  #told({ avps }: DiameterMessage, run: (session: RxSession, avps: readonly Avp[]) => void): readonly Avp[] {
    const session = this.#sessions.get(need(avps, 'Session-Id'));
    if (session === undefined || session.isOver) {
      throw new AvpError(RESULT.DIAMETER_UNKNOWN_SESSION_ID, 'no such session here');
    }
    run(session, avps);
    return [avp('Result-Code', RESULT.DIAMETER_SUCCESS)];
  }
}
