import { type EchoParts, echo } from './echo.ts';
import { type EmergencyParts, emergencyElsewhere } from './emergency.ts';
import type { Service } from './service.ts';
import { type UeCallParts, ueCall } from './ue-call.ts';

/** Who takes a request: the first that matches. What serves special numbers stands before what serves users. */
export function services(parts: EmergencyParts & EchoParts & UeCallParts): readonly Service[] {
  return [emergencyElsewhere(parts), echo(parts), ueCall(parts)];
}
