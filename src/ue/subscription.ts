/** A handset's subscription (RFC 6665 §4.1), to its own registration state by default (RFC 3680, TS 24.229 §5.1.1.3). */
import { Dialog } from '../sip/dialog/dialog.ts';
import { header } from '../sip/message/build.ts';
import { ACCEPT, EVENT, EXPIRES, SUBSCRIPTION_STATE } from '../sip/message/header-types.ts';
import type { Request } from '../sip/message/message.ts';
import { Params } from '../sip/message/params.ts';
import type { ServerTransaction } from '../sip/transaction/user.ts';
import type { Agent, Outcome } from './agent.ts';
import { Inbox } from './inbox.ts';
import { parseRegInfo, type RegInfo } from './reg-info.ts';

export interface SubscribeOptions {
  /** Default `reg`. */
  readonly event?: string;
  /** Default: the handset's own identity. */
  readonly uri?: string;
  /** Seconds; default 600000. */
  readonly expires?: number;
  /** Default `application/reginfo+xml`; undefined leaves Accept out. */
  readonly accept?: string | undefined;
  /** The last word on each SUBSCRIBE before it goes out. */
  readonly edit?: (request: Request) => void;
}

export interface Notification {
  readonly request: Request;
  /** `active`, `pending` or `terminated`. */
  readonly state: string;
  /** Why it was terminated. */
  readonly reason?: string;
  /** Seconds left. */
  readonly expires?: number;
  readonly body: string;
  /** Of a reg event. */
  readonly info?: RegInfo;
}

const EXPIRES_ASKED = 600_000;

export class Subscription {
  /** Every NOTIFY so far. */
  readonly notifications: Notification[] = [];
  /** Told of each NOTIFY. */
  onNotify: ((notification: Notification) => void) | undefined;
  readonly #agent: Agent;
  readonly #options: SubscribeOptions;
  readonly #uri: string;
  readonly #sequence;
  readonly #key: string;
  readonly #inbox: Inbox<Notification>;
  #dialog: Dialog | undefined;

  constructor(agent: Agent, options: SubscribeOptions) {
    this.#agent = agent;
    this.#options = options;
    this.#uri = options.uri ?? agent.options.impu;
    this.#sequence = agent.requests.sequence();
    this.#inbox = new Inbox(agent.patience);
    this.#key = `${this.#sequence.callId}\n${this.#sequence.tag}`;
    agent.halfDialogs.set(this.#key, (transaction) => this.#onRequest(transaction));
  }

  /** Subscribes, or refreshes the subscription; 0 seconds end it. */
  async subscribe(expires = this.#options.expires ?? EXPIRES_ASKED): Promise<Outcome> {
    const outcome = await this.#agent.exchange(() => this.#request(expires));
    const { status, request, response } = outcome;
    if (response !== undefined && status >= 200 && status < 300) {
      this.#dialog ??= Dialog.fromResponse(request, response, this.#agent.flow);
    } else if (this.#dialog === undefined || status === 481) this.#end();
    return outcome;
  }

  unsubscribe(): Promise<Outcome> {
    return this.subscribe(0);
  }

  /** The next NOTIFY that was not given before. */
  next(): Promise<Notification> {
    return this.#inbox.next(`no NOTIFY came but the first ${this.notifications.length}`);
  }

  #request(expires: number): Request {
    const { requests } = this.#agent;
    const { event = 'reg', edit } = this.#options;
    const accept = 'accept' in this.#options ? this.#options.accept : 'application/reginfo+xml';
    const headers = [
      header(EVENT, { value: event, params: Params.none }),
      header(EXPIRES, expires),
      ...(accept === undefined ? [] : [header(ACCEPT, { value: accept, params: Params.none })]),
      requests.contactHeader,
      requests.allow,
    ];
    const request =
      this.#dialog?.request('SUBSCRIBE', headers) ?? requests.next('SUBSCRIBE', this.#uri, this.#sequence, { headers });
    edit?.(request);
    return request;
  }

  #onRequest(transaction: ServerTransaction): void {
    const { request } = transaction;
    if (request.method !== 'NOTIFY') {
      transaction.respond(this.#agent.response(request, 405, { headers: [this.#agent.requests.allow] }));
      return;
    }
    transaction.respond(this.#agent.response(request, 200));
    const notification = read(request);
    this.notifications.push(notification);
    if (notification.state === 'terminated') this.#end();
    this.#inbox.put(notification);
    this.onNotify?.(notification);
  }

  #end(): void {
    this.#agent.halfDialogs.delete(this.#key);
  }
}

function read(request: Request): Notification {
  const state = request.headers.tryGet(SUBSCRIPTION_STATE);
  const body = Buffer.from(request.body).toString('utf8');
  const [reason, expires] = [state?.params.get('reason'), state?.params.get('expires')];
  const info = parseRegInfo(body);
  return {
    request,
    state: state?.value ?? '',
    body,
    ...(reason !== undefined && { reason }),
    ...(expires !== undefined && { expires: Number(expires) }),
    ...(info !== undefined && { info }),
  };
}
