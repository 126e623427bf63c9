import { type Endpoint, parseEndpoint, printEndpoint } from '../core/endpoint.ts';
import { MalformedError } from '../core/errors.ts';
import type { Flow } from '../core/flow.ts';
import type { Row, Value } from './persistence.ts';
import { optionalIntegerOf, optionalTextOf, textOf, wordOf } from './row.ts';

/**
 * The columns of a flow. A connection does not outlive the process: a new one is made to where the peer listens. Nor
 * does the set a message came in: its response is gone by then, and requests take the set the handset has.
 */
export const FLOW_COLUMNS: { readonly [column: string]: (kept: { readonly flow: Flow }) => Value } = {
  transport: ({ flow }) => flow.transport,
  local: ({ flow }) => printEndpoint(flow.local),
  bound: ({ flow }) => (flow.bound === undefined ? null : printEndpoint(flow.bound)),
  remote: ({ flow }) => printEndpoint(flow.remote),
  listening_port: ({ flow }) => flow.listeningPort ?? null,
  association: ({ flow }) => flow.protected?.association ?? null,
};

/** Sets are numbered from 1. */
const NO_SET = 0;

/** @throws MalformedError */
export function flowOf(row: Row): Flow {
  const bound = optionalTextOf(row, 'bound');
  const listeningPort = optionalIntegerOf(row, 'listening_port');
  const association = optionalIntegerOf(row, 'association');
  return {
    transport: wordOf(row, 'transport', ['UDP', 'TCP']),
    local: endpointOf(textOf(row, 'local')),
    ...(bound !== undefined && { bound: endpointOf(bound) }),
    remote: endpointOf(textOf(row, 'remote')),
    ...(listeningPort !== undefined && { listeningPort }),
    ...(association !== undefined && { protected: { association, set: NO_SET } }),
  };
}

function endpointOf(text: string): Endpoint {
  // Without a port it is none of ours.
  const endpoint = parseEndpoint(text, 0);
  if (endpoint === undefined || endpoint.port === 0) throw new MalformedError(`${text} is no address with a port`);
  return endpoint;
}
