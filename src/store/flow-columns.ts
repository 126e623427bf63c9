import { type Endpoint, parseEndpoint, printEndpoint } from '../core/endpoint.ts';
import { MalformedError } from '../core/errors.ts';
import type { Flow } from '../core/flow.ts';
import type { Row, Value } from './persistence.ts';
import { optionalIntegerOf, optionalTextOf, textOf, wordOf } from './row.ts';

/** The columns of a flow. A connection does not outlive the process: a new one is made to where the peer listens. */
export const FLOW_COLUMNS: { readonly [column: string]: (kept: { readonly flow: Flow }) => Value } = {
  transport: ({ flow }) => flow.transport,
  local: ({ flow }) => printEndpoint(flow.local),
  bound: ({ flow }) => (flow.bound === undefined ? null : printEndpoint(flow.bound)),
  remote: ({ flow }) => printEndpoint(flow.remote),
  listening_port: ({ flow }) => flow.listeningPort ?? null,
};

/** @throws MalformedError */
export function flowOf(row: Row): Flow {
  const bound = optionalTextOf(row, 'bound');
  const listeningPort = optionalIntegerOf(row, 'listening_port');
  return {
    transport: wordOf(row, 'transport', ['UDP', 'TCP']),
    local: endpointOf(textOf(row, 'local')),
    ...(bound !== undefined && { bound: endpointOf(bound) }),
    remote: endpointOf(textOf(row, 'remote')),
    ...(listeningPort !== undefined && { listeningPort }),
  };
}

function endpointOf(text: string): Endpoint {
  // Without a port it is none of ours.
  const endpoint = parseEndpoint(text, 0);
  if (endpoint === undefined || endpoint.port === 0) throw new MalformedError(`${text} is no address with a port`);
  return endpoint;
}
