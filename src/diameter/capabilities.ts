// Capabilities-Exchange (RFC 6733 §5.3): what we say of ourselves, and whether the peer can serve us.
import { type Avp, AvpError } from './avp.ts';
import { CX, RESULT } from './command.ts';
import { VENDOR_3GPP } from './dictionary/row.ts';
import { avp, find, findAll } from './dictionary.ts';
import type { DiameterMessage } from './message.ts';

export interface Capabilities {
  readonly product: string;
  readonly applications: readonly number[];
}

/** A relay agent serves any application (RFC 6733 §2.4). */
const RELAY = 0xffff_ffff;

/** What the CER says besides who we are. @param address our end of the connection. */
export function capabilities({ product, applications }: Capabilities, address: string): readonly Avp[] {
  return [
    ...(address === '' ? [] : [avp('Host-IP-Address', address)]),
    avp('Vendor-Id', VENDOR_3GPP),
    avp('Product-Name', product),
    avp('Supported-Vendor-Id', VENDOR_3GPP),
    ...applications.map(vendorApplication),
  ];
}

/** How 3GPP's applications are named in a CER (RFC 6733 §6.11). */
function vendorApplication(application: number): Avp {
  const members = [avp('Vendor-Id', VENDOR_3GPP), avp('Auth-Application-Id', application)];
  return avp('Vendor-Specific-Application-Id', members);
}

/**
 * How an application is named in its messages: Cx as vendor specific (TS 29.229 §6.1), Rx by its identifier alone
 * (TS 29.214 §5.6).
 */
export function applicationOf(application: number): Avp {
  return application === CX ? vendorApplication(application) : avp('Auth-Application-Id', application);
}

/** Those of the applications that the peer serves too. @throws AvpError when the CEA does not say whose it is. */
export function commonApplications({ avps }: DiameterMessage, { applications }: Capabilities): readonly number[] {
  if (find(avps, 'Origin-Host') === undefined || find(avps, 'Origin-Realm') === undefined) {
    throw new AvpError(RESULT.DIAMETER_MISSING_AVP, 'it does not say whose it is');
  }
  const grouped = findAll(avps, 'Vendor-Specific-Application-Id').flatMap((members) => [
    find(members, 'Auth-Application-Id'),
    find(members, 'Acct-Application-Id'),
  ]);
  const served = new Set([...findAll(avps, 'Auth-Application-Id'), ...grouped]);
  return applications.filter((one) => served.has(RELAY) || served.has(one));
}
