import { XMLParser } from 'fast-xml-parser';
import { MalformedError } from '../core/errors.ts';

/** What User-Data says of a user (TS 29.228 Annexes B and E) that matters here: whom to serve under which names. */
export interface UserProfile {
  readonly impi: string;
  /** In the document's order: the first that is not barred is the default one (TS 24.229 §5.4.1.2.2F). */
  readonly identities: readonly ProfileIdentity[];
}

export interface ProfileIdentity {
  /** A SIP or tel URI. */
  readonly impu: string;
  /** May register the set, and do nothing else (TS 29.228 Annex B.2.1). */
  readonly barred: boolean;
}

/** IdentityType of what is no user's own name (TS 29.228 Annex E): public service identities, and wildcards. */
const USER_IDENTITY = 0;
const MOST_OCTETS = 256 * 1024;
const MOST_IDENTITIES = 64;

/**
 * Initial filter criteria are left out: there is no application server. Entities other than XML's own five are not
 * expanded, and a document type is refused.
 * @throws MalformedError
 */
export function parseUserProfile(octets: Uint8Array): UserProfile {
  if (octets.length > MOST_OCTETS) throw new MalformedError(`User-Data of ${octets.length} octets`);
  const text = Buffer.from(octets.buffer, octets.byteOffset, octets.length).toString('utf8').replace(/\0+$/, '');
  if (/<!(DOCTYPE|ENTITY)/i.test(text)) throw new MalformedError('User-Data declares a document type');
  const document = read(text);
  const subscription = element(document, 'IMSSubscription');
  const impi = textOf(subscription, 'PrivateID');
  const identities = elements(subscription, 'ServiceProfile')
    .flatMap((profile) => elements(profile, 'PublicIdentity'))
    .filter((one) => identityType(one) === USER_IDENTITY)
    .map((one) => ({ impu: textOf(one, 'Identity'), barred: isTrue(one) }));
  if (identities.length === 0) throw new MalformedError('User-Data names no public identity');
  if (identities.length > MOST_IDENTITIES) throw new MalformedError(`User-Data names ${identities.length} identities`);
  return { impi, identities };
}

type Node = Readonly<Record<string, unknown>>;

function read(text: string): Node {
  try {
    const parser = new XMLParser({
      ignoreAttributes: true,
      ignoreDeclaration: true,
      ignorePiTags: true,
      removeNSPrefix: true,
      parseTagValue: false,
      processEntities: false,
    });
    const document: unknown = parser.parse(text);
    if (isNode(document)) return document;
  } catch (error) {
    throw new MalformedError(`User-Data is no XML: ${error instanceof Error ? error.message : String(error)}`);
  }
  throw new MalformedError('User-Data is no XML');
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** One occurrence is an object, several are a list. */
function elements(parent: Node, name: string): Node[] {
  const value = Object.hasOwn(parent, name) ? parent[name] : undefined;
  return (Array.isArray(value) ? value : [value]).filter(isNode);
}

function element(parent: Node, name: string): Node {
  const [found] = elements(parent, name);
  if (found === undefined) throw new MalformedError(`User-Data has no ${name}`);
  return found;
}

function optionalText(parent: Node, name: string): string | undefined {
  const value = Object.hasOwn(parent, name) ? parent[name] : undefined;
  return typeof value === 'string' && value !== '' ? unescapeXml(value.trim()) : undefined;
}

function textOf(parent: Node, name: string): string {
  const text = optionalText(parent, name);
  if (text === undefined) throw new MalformedError(`User-Data has no ${name}`);
  return text;
}

/** tBool of the schema. */
function isTrue(identity: Node): boolean {
  const barring = optionalText(identity, 'BarringIndication');
  return barring === '1' || barring?.toLowerCase() === 'true';
}

function identityType(identity: Node): number {
  const [extension] = elements(identity, 'Extension');
  return Number((extension && optionalText(extension, 'IdentityType')) ?? USER_IDENTITY);
}

const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

function unescapeXml(text: string): string {
  return text.replace(/&(amp|lt|gt|quot|apos);/g, (_, name: string) => ENTITIES[name] ?? '');
}
