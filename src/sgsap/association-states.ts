import type { TimerEvent } from '../core/machine.ts';
import type { Area } from './elements.ts';
import type { MessageType, SgsMessage } from './message.ts';

/**
 * The SGs association of one UE, at the VLR (TS 29.118 §4.3.3):
 *
 *     SGs-NULL --LOCATION-UPDATE-REQUEST--> LA-UPDATE-PRESENT --accepted--> SGs-ASSOCIATED
 *        ^  ^                                |  ^                                |    |
 *        |  +------------refused-------------+  +-----LOCATION-UPDATE-REQUEST----+    |
 *        +---------detached, IMSI unknown to the MME, reset of the MME----------------+
 *
 * and within SGs-ASSOCIATED what is known of its radio connection:
 *
 *     idle --page--> paging --SERVICE-REQUEST--> connected --release--> idle
 *      |                |                           |  ^
 *      |                +--Ts5, PAGING-REJECT-------+--|--UE-UNREACHABLE--> idle, with an alert requested
 *      +--UPLINK-UNITDATA------------------------------+
 */
export type AssociationState =
  | { readonly name: 'SGs-NULL' }
  | { readonly name: 'LA-UPDATE-PRESENT'; readonly lai: Area }
  | Associated;

export interface Associated {
  readonly name: 'SGs-ASSOCIATED';
  readonly radio: 'idle' | 'paging' | 'connected';
  /** For MM-INFORMATION-REQUEST, as soon as the UE has its TMSI. */
  readonly mmInformation: Uint8Array | undefined;
  /** ALERT-REQUESTs that may still be sent. */
  readonly alertsLeft: number;
  readonly timers: {
    /** Paging. */
    readonly Ts5?: number | undefined;
    /** The UE has not confirmed its TMSI yet. */
    readonly 'Ts6-2'?: number | undefined;
    /** ALERT-REQUEST. */
    readonly Ts7?: number | undefined;
  };
}

/** Messages of an MME that concern one UE. */
export type UeMessage = SgsMessage<
  Extract<
    MessageType,
    | 'LOCATION-UPDATE-REQUEST'
    | 'TMSI-REALLOCATION-COMPLETE'
    | 'SERVICE-REQUEST'
    | 'PAGING-REJECT'
    | 'UPLINK-UNITDATA'
    | 'ALERT-ACK'
    | 'ALERT-REJECT'
    | 'UE-ACTIVITY-INDICATION'
    | 'EPS-DETACH-INDICATION'
    | 'IMSI-DETACH-INDICATION'
    | 'MO-CSFB-INDICATION'
    | 'UE-UNREACHABLE'
    | 'STATUS'
  >
>;

export type AssociationEvent =
  | { readonly type: 'message'; readonly message: UeMessage }
  | {
      readonly type: 'accepted';
      /** A new one for the UE. */
      readonly tmsi: number | undefined;
      /** For MM-INFORMATION-REQUEST; none is sent without. */
      readonly mmInformation: Uint8Array | undefined;
    }
  | { readonly type: 'refused'; readonly cause: number }
  | { readonly type: 'page' }
  | { readonly type: 'downlink'; readonly nas: Uint8Array }
  | { readonly type: 'release' }
  /** The MME lost its associations. */
  | { readonly type: 'reset' }
  /** The MME cannot be reached. */
  | { readonly type: 'disconnected' }
  | TimerEvent<'Ts5' | 'Ts6-2' | 'Ts7'>;

export type AssociationEffect =
  /** Find out whether the UE may be served; answered by `accepted` or `refused`. */
  | { readonly type: 'admit'; readonly request: SgsMessage<'LOCATION-UPDATE-REQUEST'> }
  | { readonly type: 'send'; readonly message: SgsMessage }
  /** It is associated and has its TMSI, where it was given one: it can be paged. */
  | { readonly type: 'associated' }
  /** Its answer to a paging; downlink messages reach it now. */
  | { readonly type: 'connected'; readonly imeisv: string | undefined }
  /** The paging failed or the radio connection is gone. */
  | { readonly type: 'unreachable'; readonly why: string }
  | {
      readonly type: 'uplink';
      readonly nas: Uint8Array;
      readonly imeisv: string | undefined;
      /** Whether an answer may be sent. */
      readonly associated: boolean;
    }
  /** A UE that could not be reached has been heard of. */
  | { readonly type: 'available' };
