import type { Direction } from '../sdp/attributes.ts';

/** What one leg shows of one media (manual §6.5, dialog_get). */
export interface MediaRow {
  /** Of its m= line, from 0. */
  readonly index: number;
  /** `audio`, `video`, … */
  readonly type: string;
  /** As we say it on this leg. */
  readonly direction: Direction;
  /** Where packets go, `192.0.2.1:4000`; undefined while that is not known. */
  readonly rtpTarget: string | undefined;
  readonly rtcpTarget: string | undefined;
  readonly rtpReceived: number;
  readonly rtpSent: number;
  readonly rtcpReceived: number;
  readonly rtcpSent: number;
}
