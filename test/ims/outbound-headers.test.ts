import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { dresser } from '../../src/ims/outbound-headers.ts';
import { Headers } from '../../src/sip/message/headers.ts';
import { EMPTY_BODY } from '../../src/sip/message/message.ts';

const dress = dresser('us/1', [
  { name: 'X-A', value: '1', methods: ['*'] },
  { name: 'X-A', value: '2', methods: ['INVITE'], codes: [0] },
]);

function dressed(headers: Headers, method = 'INVITE'): string[] {
  const request = { method, uri: 'sip:a', headers, body: EMPTY_BODY };
  dress(request);
  dress(request);
  return headers.lines.map(({ name, value }) => `${name}=${value}`);
}

describe('what is added to each message', () => {
  it('comes beside other values of the same header', () => {
    assert.deepEqual(dressed(new Headers().addRaw('x-a', 'own')), ['x-a=own', 'X-A=1', 'X-A=2', 'User-Agent=us/1']);
  });
  it('is not doubled when it is there', () => {
    assert.deepEqual(dressed(new Headers().addRaw('X-A', '1'), 'BYE'), ['X-A=1', 'User-Agent=us/1']);
  });
  it('is for the statuses named', () => {
    const headers = new Headers();
    dress({ status: 404, reason: 'Not Found', headers, body: EMPTY_BODY });
    assert.deepEqual([headers.rawAll('X-A'), headers.raw('Server')], [['2'], 'us/1']);
  });
});
