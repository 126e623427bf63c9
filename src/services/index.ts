import type { Service } from './service.ts';
import { type UeCallParts, ueCall } from './ue-call.ts';

/** Who takes a request: the first that matches. What serves special numbers stands before what serves users. */
export function services(parts: UeCallParts): readonly Service[] {
  return [ueCall(parts)];
}
