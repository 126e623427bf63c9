import { describe, it } from 'node:test';
import { killUnderLoad } from '../support/kills.ts';

describe('a daemon with a state file', () => {
  it('loses no acknowledged registration in 20 kills', (t) => killUnderLoad(t, 20));
});
