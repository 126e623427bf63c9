import { isSip, isTel, parseUri, type Uri } from '../sip/message/uri.ts';
import { identityKey } from '../store/identity.ts';
import type { Identity, IdentityOwner, Subscribers } from '../store/subscribers.ts';

/** What a Request-URI stands for. */
export interface Called {
  /** The identity of the echo service it names. */
  readonly echo: Identity | undefined;
  /** The users who have it, when it is none of the echo service. */
  readonly owners: readonly IdentityOwner[];
  readonly emergency: EmergencyRequest | undefined;
}

/** An emergency service that somebody asks for. */
export interface EmergencyRequest {
  /** `urn:service:sos` or one below it (RFC 5031), in lower case. */
  readonly service: string;
  /** The number, when that was dialled: the phone does not know that it is one for emergencies. */
  readonly dialled: string | undefined;
}

export interface DirectoryOptions {
  readonly subscribers: Subscribers;
  readonly echo: readonly Identity[];
  /** Numbers that mean `urn:service:sos` unless somebody has them. */
  readonly emergencyNumbers: readonly string[];
}

const SOS = 'urn:service:sos';

/** Finds what is called: numbers of services, then users. */
export class Directory {
  readonly #subscribers: Subscribers;
  readonly #echo: ReadonlyMap<string, Identity>;
  readonly #emergencyNumbers: ReadonlySet<string>;

  constructor({ subscribers, echo, emergencyNumbers }: DirectoryOptions) {
    this.#subscribers = subscribers;
    // Of one identity that is written twice the first counts, as among users.
    this.#echo = new Map([...echo].reverse().map((identity) => [identity.key, identity]));
    this.#emergencyNumbers = new Set(emergencyNumbers.map((number) => identityKey(parseUri(`tel:${number}`))));
  }

  find(uri: Uri): Called {
    const named = this.#owned(uri);
    const emergency = this.#emergency(uri, named !== undefined);
    const found = named ?? this.#emergencyCentre(emergency);
    return { echo: undefined, owners: [], ...found, emergency };
  }

  #owned(uri: Uri): Pick<Called, 'echo' | 'owners'> | undefined {
    const echo = this.#echo.get(identityKey(uri));
    if (echo !== undefined) return { echo, owners: [] };
    const owners = this.#subscribers.owners(uri);
    return owners.length === 0 ? undefined : { echo: undefined, owners };
  }

  #emergency(uri: Uri, isOwned: boolean): EmergencyRequest | undefined {
    if (!isSip(uri) && !isTel(uri)) {
      const service = isOther(uri) ? `${uri.scheme}:${uri.opaque}`.toLowerCase() : '';
      return service === SOS || service.startsWith(`${SOS}.`) ? { service, dialled: undefined } : undefined;
    }
    const key = identityKey(uri);
    return !isOwned && this.#emergencyNumbers.has(key) ? { service: SOS, dialled: key } : undefined;
  }

  /** Whoever has the service or, where nobody has just that, the one above it (RFC 5031). */
  #emergencyCentre(emergency: EmergencyRequest | undefined): Pick<Called, 'echo' | 'owners'> | undefined {
    for (let service = emergency?.service ?? ''; service.startsWith(SOS); ) {
      const found = this.#owned(parseUri(service));
      if (found !== undefined) return found;
      service = service.slice(0, Math.max(0, service.lastIndexOf('.')));
    }
    return undefined;
  }
}

function isOther(uri: Uri): uri is Extract<Uri, { readonly opaque: string }> {
  return 'opaque' in uri;
}
