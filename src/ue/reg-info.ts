/** The registration state a NOTIFY brings (RFC 3680 §5), as far as a handset looks at it. */

export interface RegInfoContact {
  readonly id: string;
  readonly uri: string;
  /** `active` or `terminated`. */
  readonly state: string;
  /** `registered`, `created`, `deactivated`, `rejected`, … */
  readonly event: string;
  readonly expires?: number;
}

export interface RegInfoRegistration {
  readonly aor: string;
  readonly id: string;
  readonly state: string;
  readonly contacts: readonly RegInfoContact[];
}

export interface RegInfo {
  readonly version: number;
  /** `full` or `partial`. */
  readonly state: string;
  readonly registrations: readonly RegInfoRegistration[];
}

/** Undefined when the text is no reginfo document. Elements and attributes of other namespaces are passed over. */
export function parseRegInfo(text: string): RegInfo | undefined {
  const root = /<reginfo\b([^>]*)>/.exec(text);
  if (root === null) return undefined;
  const { version, state = '' } = attributesOf(root[1]);
  return {
    version: Number(version),
    state,
    registrations: elements(text, 'registration').map(readRegistration),
  };
}

function readRegistration({ attributes, content }: Element): RegInfoRegistration {
  const { aor = '', id = '', state = '' } = attributes;
  return { aor, id, state, contacts: elements(content, 'contact').map(readContact) };
}

function readContact({ attributes, content }: Element): RegInfoContact {
  const { id = '', state = '', event = '', expires } = attributes;
  const uri = unescapeXml(/<uri>\s*([^<]*?)\s*<\/uri>/.exec(content)?.[1] ?? '');
  return { id, uri, state, event, ...(expires !== undefined && { expires: Number(expires) }) };
}

interface Attributes {
  readonly [name: string]: string;
}

interface Element {
  readonly attributes: Attributes;
  readonly content: string;
}

/** The elements of this name, which does not stand inside itself. */
function elements(text: string, name: string): readonly Element[] {
  const found = text.matchAll(new RegExp(String.raw`<${name}\b((?:[^>"]|"[^"]*")*?)(?:/>|>([\s\S]*?)</${name}>)`, 'g'));
  return [...found].map(([, attributes, content = '']) => ({ attributes: attributesOf(attributes), content }));
}

function attributesOf(text = ''): Attributes {
  return Object.fromEntries(
    [...text.matchAll(/([\w:.-]+)\s*=\s*"([^"]*)"/g)].map(([, name = '', value = '']) => [name, unescapeXml(value)]),
  );
}

const ENTITIES: { readonly [name: string]: string } = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" };

function unescapeXml(text: string): string {
  return text.replace(/&(?:#(\d+)|#x([\da-fA-F]+)|(\w+));/g, (whole, decimal?: string, hex?: string, name?: string) => {
    if (name !== undefined) return ENTITIES[name] ?? whole;
    return String.fromCodePoint(decimal === undefined ? Number.parseInt(hex ?? '', 16) : Number(decimal));
  });
}
