import { SERVER, USER_AGENT } from '../sip/message/header-types.ts';
import type { Headers } from '../sip/message/headers.ts';
import { headerText, isRequest, type Message } from '../sip/message/message.ts';

/** A header the configuration adds (manual §5.2, custom_headers). */
export interface CustomHeader {
  readonly name: string;
  readonly value: string;
  /** Methods of the requests that get it; `*` stands for all. */
  readonly methods?: readonly string[];
  /** Status codes of the responses that get it; 0 stands for all. */
  readonly codes?: readonly number[];
}

/**
 * Dresses every message of ours on its way out: what the configuration adds, and our name in User-Agent of requests
 * and Server of responses (RFC 3261 §20.35, §20.41) where there is none. A header is added beside others of its name,
 * as the manual says, but not beside its like: a message that is sent anew, or comes with it already, has it once.
 */
export function dresser(userAgent: string, custom: readonly CustomHeader[]): (message: Message) => void {
  const agent = headerText(userAgent);
  const added = custom.map(({ name, value, methods = [], codes = [] }) => ({
    name,
    value: headerText(value),
    methods: new Set(methods.map((method) => method.toUpperCase())),
    codes: new Set(codes),
  }));
  return (message) => {
    const { headers } = message;
    for (const { name, value, methods, codes } of added) {
      const wanted = isRequest(message)
        ? methods.has('*') || methods.has(message.method)
        : codes.has(0) || codes.has(message.status);
      if (wanted) addOnce(headers, name, value);
    }
    const { name } = isRequest(message) ? USER_AGENT : SERVER;
    if (!headers.has(name)) headers.setRaw(name, agent);
  };
}

function addOnce(headers: Headers, name: string, value: string): void {
  if (!headers.rawAll(name).includes(value)) headers.addRaw(name, value);
}
