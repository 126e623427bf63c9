import { describe, it } from 'node:test';
import { killUnderMessages } from '../support/sms-kills.ts';

describe('a daemon with a state file', () => {
  it('loses no short message when it is killed', (t) => killUnderMessages(t, 20, 5));
});
