import { describe, it } from 'node:test';
import { killUnderMessages } from '../support/sms-kills.ts';

describe('a daemon with a state file', () => {
  it('loses none of 10,000 short messages in 50 kills', (t) => killUnderMessages(t, 200, 50));
});
