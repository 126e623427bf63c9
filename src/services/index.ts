import { type EchoParts, echo } from './echo.ts';
import { type EmergencyParts, emergencyElsewhere } from './emergency.ts';
import type { PageMode } from './page-mode.ts';
import type { Service } from './service.ts';
import type { SmsOverIms } from './sms-over-ims.ts';
import { type UeCallParts, ueCall } from './ue-call.ts';

export interface ServicesParts extends EmergencyParts, EchoParts, UeCallParts {
  readonly smsOverIms: SmsOverIms;
  readonly pageMode: PageMode;
}

/** Who takes a request: the first that matches. What serves special numbers stands before what serves users. */
export function services(parts: ServicesParts): readonly Service[] {
  return [emergencyElsewhere(parts), echo(parts), ueCall(parts), parts.smsOverIms, parts.pageMode];
}
