import type { B2bua } from './call/b2bua.ts';
import type { Settings } from './config/settings.ts';
import type { MtCallRequest } from './control/actions.ts';
import type { SessionDescription } from './sdp/session-description.ts';
import { offerOf, startMtCall, type Template } from './services/mt-call.ts';
import type { Registrations } from './store/registrations.ts';
import type { Subscribers } from './store/subscribers.ts';

export interface MtCallerParts {
  readonly b2bua: B2bua;
  readonly subscribers: Subscribers;
  readonly registrations: Registrations;
  /** Reads a file named by a command, relative to the configuration. Throws when that cannot be. */
  readonly readFile: (name: string) => Template;
}

/** What the server offers in calls of its own making, as the configuration says it. */
export interface OwnOffers {
  readonly common: SessionDescription;
  /** Of users who are offered something of their own, by IMPI. */
  readonly ofUsers: ReadonlyMap<string, SessionDescription>;
}

/** @throws Error in words when a file holds no SDP. */
export function ownOffers(settings: Settings): OwnOffers {
  const ofUsers = new Map<string, SessionDescription>();
  for (const { impi, mt_call_sdp_file: file } of settings.ue_db) {
    if (file !== undefined) ofUsers.set(impi, offerOf(file));
  }
  return { common: offerOf(settings.mt_call_sdp_file), ofUsers };
}

/** Makes the calls that commands ask for. */
export function mtCaller(settings: Settings, offers: OwnOffers, parts: MtCallerParts) {
  const { b2bua, subscribers, registrations, readFile } = parts;
  const callParts = {
    b2bua,
    subscribers,
    registrations,
    domain: settings.domain,
    offerTo: ({ impi }: { readonly impi: string }) => offers.ofUsers.get(impi) ?? offers.common,
  };
  return ({ callee, sipFile, caller, durationS }: MtCallRequest): readonly string[] | string => {
    let template: Template | undefined;
    try {
      // Read when it is asked for, so that it may be edited while the server runs.
      template = sipFile === undefined ? undefined : readFile(sipFile);
    } catch (error) {
      return `file ${sipFile} cannot be read: ${error instanceof Error ? error.message : String(error)}`;
    }
    const durationMs = durationS === undefined ? undefined : durationS * 1000;
    return startMtCall(callParts, { callee, template, caller, durationMs });
  };
}
