import type { PageMode } from './page-mode.ts';
import type { Service } from './service.ts';
import type { SmsOverIms } from './sms-over-ims.ts';
import { type UeCallParts, ueCall } from './ue-call.ts';

/** Who takes a request: the first that matches. What serves special numbers stands before what serves users. */
export function services(
  parts: UeCallParts & { readonly smsOverIms: SmsOverIms; readonly pageMode: PageMode },
): readonly Service[] {
  return [ueCall(parts), parts.smsOverIms, parts.pageMode];
}
