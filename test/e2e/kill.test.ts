import { describe, it } from 'node:test';
import { killUnderLoad } from '../support/kills.ts';

describe('a daemon with a state file', () => {
  it('loses no acknowledged registration when it is killed', (t) => killUnderLoad(t, 3));
});
