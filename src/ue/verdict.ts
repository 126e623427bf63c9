/** What went wrong with a handset's registration or call, in one sentence that says what to look at. */
import { hostOf, printEndpoint } from '../core/endpoint.ts';
import type { AssociationSet } from '../ipsec/association-set.ts';
import type { Outcome } from './agent.ts';
import type { CallEnd } from './call.ts';
import type { AuthenticationStep } from './challenge-walk.ts';
import type { HandsetOptions } from './options.ts';

/** What a challenge asked and what was answered. */
export function describeStep({ challenge, answer }: AuthenticationStep): string {
  const algorithm = challenge.algorithm ?? 'MD5';
  switch (answer.kind) {
    case 'password':
      return `challenged with ${algorithm} for ${challenge.realm}: answered with the password`;
    case 'res':
      return `challenged with ${algorithm} for ${challenge.realm}: the SIM accepted the network and answered`;
    case 'mac-failure':
      return `challenged with ${algorithm}: the SIM refused the network, MAC is wrong: answered with an empty response`;
    case 'sync-failure':
      return `challenged with ${algorithm}: the SIM wants another sequence number than ${hex(answer.sqnMs)}: answered with AUTS`;
    case 'unanswerable':
      return `challenged with ${algorithm}, which cannot be answered: ${answer.why}`;
  }
}

/** The security associations a handset and its server have set up. */
export function describeSet({ algorithms, ours, handset }: AssociationSet): string {
  const [here, there] = [hostOf(ours.address), hostOf(handset.address)];
  const ways = `${here}:${ours.portC} -> ${there}:${handset.portS}, ${here}:${ours.portS} <- ${there}:${handset.portC}`;
  return `security associations with ${algorithms.integrity} and ${algorithms.encryption}: ${ways}`;
}

/** Why a REGISTER was not accepted. */
export function registrationVerdict(
  { status, response, failure, flow, steps, withheld }: Outcome,
  options: HandsetOptions,
): string {
  const server = printEndpoint(options.server);
  const last = steps.at(-1)?.answer;
  if (withheld !== undefined) return `no security associations: ${withheld}`;
  if (failure?.kind === 'transport') return failure.error.message;
  if (failure !== undefined && flow.protected !== undefined) {
    const [here, there] = [flow.local.address, flow.remote.address];
    return (
      `nothing came back through the security associations: between ${here} and ${there} ESP (IP protocol 50) must be ` +
      'let through, without a NAT, and both must find the way to each other; or the server made them with other keys, ' +
      'which `ip -s xfrm state` there counts as failed'
    );
  }
  if (SECURITY_STATUS.has(status)) return REGISTER_CAUSES[status] ?? '';
  if (failure !== undefined) return `nobody answered at ${server}: is the server running there, and SIP let through?`;
  if (last?.kind === 'mac-failure') {
    return 'the SIM does not believe the server: K, OP or OPc, or sim_algo differ between the two';
  }
  if (last?.kind === 'sync-failure') {
    return 'the server does not follow the sequence number the SIM told: K, OP or OPc differ, or it ignores AUTS';
  }
  if (last?.kind === 'unanswerable')
    return `the handset has nothing to answer with: ${last.why}; see pwd and K of its entry`;
  if (last?.kind === 'password')
    return `the server refused the password: pwd of ${options.impi} differs between the two`;
  if (last?.kind === 'res') return 'the server refused what the SIM answered: K or res_len differ between the two';
  return REGISTER_CAUSES[status] ?? `the server refused: ${status} ${response?.reason ?? ''}`.trim();
}

/** Those that say more than the challenge before them. */
const SECURITY_STATUS: ReadonlySet<number> = new Set([420, 421, 494]);

const REGISTER_CAUSES: { readonly [status: number]: string } = {
  400: 'the server found the REGISTER malformed; its log says where',
  403: 'the server does not know this user, or the identity is not its own: compare impi and impu with its ue_db',
  404: 'the server does not know this identity: compare impu with its ue_db',
  420: 'the server does no IPsec, or with none of the algorithms offered; its log says why',
  421: 'the server takes phones with IPsec only (ipsec_required): try --ipsec',
  494: 'the server was told another Security-Verify or Security-Client than it knows: something between changes messages',
  503: 'the server is not ready',
};

/** Why a call was not answered, or how it ended. */
export function callVerdict({ status, why, by }: CallEnd): string {
  if (by === 'us') return why;
  const cause = status === undefined ? undefined : CALL_CAUSES[status];
  return cause === undefined ? why : `${why}: ${cause}`;
}

const CALL_CAUSES: { readonly [status: number]: string } = {
  403: 'the server does not let this handset call: is it registered from here?',
  404: 'nobody has this number or identity in ue_db',
  407: 'the answer to the challenge was not accepted',
  408: 'no answer in time',
  480: 'the callee is not registered',
  486: 'the callee is busy',
  487: 'the call was given up',
  488: 'the callee has no codec in common',
  500: 'a fault of the server; its log says more',
  503: 'no media ports, bearer or server: its log says which',
  603: 'the callee declined',
};

function hex(sqn: number): string {
  return sqn.toString(16).padStart(12, '0');
}
