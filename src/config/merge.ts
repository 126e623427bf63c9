// Duplicate properties and included files: objects are merged, everything else is replaced (manual §5.1, items 6 and 7).
import type { Member, ObjectValue } from './value.ts';

/** Adds a property read after those `object` has. Changes `object`; takes over the member's value. */
export function addMember(object: ObjectValue, name: string, member: Member): void {
  const present = object.members.get(name)?.value;
  if (present?.kind === 'object' && member.value.kind === 'object') addMembers(present, member.value);
  else object.members.set(name, member);
}

/** Adds all the properties of an object read after `object`. */
export function addMembers(object: ObjectValue, added: ObjectValue): void {
  for (const [name, member] of added.members) addMember(object, name, member);
}
