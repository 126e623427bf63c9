// Public identities (manual §5.2.1, impu) and what users and identities have in common.
import { object } from '../schema/object.ts';
import { optional, type Result, required, type Type } from '../schema/property.ts';
import { choice, flag, integer, pattern } from '../schema/scalar.ts';
import { quote } from '../value.ts';

/** A boolean, also in the later spelling "on" and "off". */
export const onOff: Type<boolean> = {
  expected: 'boolean, "on" or "off"',
  read(value, path, check) {
    if (value.kind === 'string' && value.value === 'on') return true;
    if (value.kind === 'string' && value.value === 'off') return false;
    return value.kind === 'string' ? check.wrong(value, path, this.expected) : flag.read(value, path, check);
  },
};

export const preconditionPolicy = choice(['pass', 'strip', 'force-ready']);
const equipment = pattern('14 to 16 digits', /^[0-9]{14,16}$/);
const SIP_USER = /^[A-Za-z0-9\-_.!~*'()&=+$,;?/%#]+(@[A-Za-z0-9.:[\]-]+)?$/;
const TEL_NUMBER = /^\+?[().-]*[0-9A-Fa-f*#][0-9A-Fa-f*#().-]*(;[^\s<>"]+)?$/;

/** An identity as a URI; one without a scheme is a SIP URI (manual §5.2.1). */
export const impuText: Type<string> = {
  expected: 'IMPU ("user", "sip:user", "tel:+33123456789" or "urn:service:sos")',
  read(value, path, check) {
    if (value.kind !== 'string') return check.wrong(value, path, this.expected);
    const [, scheme, rest = value.value] = /^(sips?|tel|urn):(.*)$/i.exec(value.value) ?? [];
    const form = scheme === undefined ? SIP_USER : formOf(scheme.toLowerCase());
    if (!form.test(rest)) return check.wrong(value, path, this.expected, quote(value.value));
    return `${scheme?.toLowerCase() ?? 'sip'}:${rest}`;
  },
};

function formOf(scheme: string): RegExp {
  if (scheme === 'tel') return TEL_NUMBER;
  return scheme === 'urn' ? /^[A-Za-z0-9-]+:[A-Za-z0-9.:-]+$/ : SIP_USER;
}

/** Properties of an identity that a user may have too; the identity's own counts. */
export const identityTable = {
  imei: optional(equipment, 'any phone', 'IMEI of the phone to reach; with multi_sim only.'),
  imeisv: optional(equipment, 'any phone', 'IMEISV of the phone to reach; with multi_sim only.'),
  code: optional(
    integer({ min: 200, max: 699 }),
    '200',
    'Status code that answers calls to it; 200 of an echo identity is the echo.',
  ),
  anonymous: optional(flag, 'false', 'Calls to it are taken from phones that are not registered (emergency calls).'),
  authentication: optional(flag, 'true', 'false: it is not challenged.'),
  ring_only: optional(flag, 'false', 'Calls to it ring and are never answered.'),
  precondition: optional(onOff, 'as the phone shows', 'Whether preconditions are used with it.'),
  '100rel': optional(flag, 'true', 'Whether provisional responses are reliable (RFC 3262).'),
} as const;

const impuTable = {
  impu: required(impuText, 'The identity; without a scheme a SIP URI. The host part is not looked at.'),
  ...identityTable,
} as const;

/** One public identity. `impu` always begins with its scheme. */
export type ImpuSettings = Result<typeof impuTable>;

const impuObject = object('object', impuTable);

export const impuType: Type<ImpuSettings> = {
  expected: 'string or object',
  table: impuTable,
  read(value, path, check) {
    if (value.kind === 'object') return impuObject.read(value, path, check);
    const impu = impuText.read(value, path, check);
    return impu === undefined ? undefined : { impu };
  },
};
