import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Headers } from '../../../src/sip/message/headers.ts';
import { isNestedDeeper, partOfType } from '../../../src/sip/message/multipart.ts';

interface Body {
  readonly type: string;
  readonly text: string;
}

/** Multipart bodies inside each other; `boundary` names that of a level, counted from the innermost. */
function nested(levels: number, boundary = (level: number) => `b${level}`, end = '\r\n'): Body {
  let body: Body = { type: 'text/plain', text: 'x' };
  for (let level = 1; level <= levels; level++) {
    const name = boundary(level);
    const part = [`Content-Type: ${body.type}`, '', body.text].join(end);
    body = {
      type: `multipart/mixed;boundary="${name}"`,
      text: ['preamble', `--${name}`, '', 'a part without headers', `--${name}`, part, `--${name}--`, ''].join(end),
    };
  }
  return body;
}

const isDeeper = ({ type, text }: Body, most: number) =>
  isNestedDeeper(
    { method: 'MESSAGE', uri: 'sip:a', headers: new Headers().addRaw('c', type), body: Buffer.from(text, 'latin1') },
    most,
  );

/** The least limit a body keeps to. */
function depth(body: Body): number {
  let most = 0;
  while (isDeeper(body, most)) most++;
  return most;
}

describe('multipart bodies inside each other', () => {
  it('are counted', () => {
    for (const levels of [0, 1, 2, 7, 30]) assert.equal(depth(nested(levels)), levels);
    assert.equal(depth(nested(5, undefined, '\n')), 5);
  });

  it('are counted when one boundary begins like another', () => {
    assert.equal(depth(nested(6, (level) => 'a'.repeat(level))), 6);
    assert.equal(depth(nested(6, (level) => 'a'.repeat(10 - level))), 6);
  });

  it('are not what only looks like them', () => {
    const mixed = 'multipart/mixed;boundary=b';
    const inner = `Content-Type: ${mixed}`;
    assert.equal(depth({ type: 'application/sdp', text: nested(3).text }), 0);
    assert.equal(depth({ type: 'multipart/mixed', text: nested(3).text }), 0);
    assert.equal(depth({ type: mixed, text: '' }), 0);
    assert.equal(depth({ type: mixed, text: `--b\r\n\r\n${inner}\r\n\r\nx\r\n--b--` }), 1);
    assert.equal(depth({ type: mixed, text: `--b--\r\n--b\r\n${inner}\r\n\r\nx` }), 1);
    assert.equal(depth({ type: mixed, text: `--b\r\ncontent-type :\r\n multipart/x; boundary=c\r\n\r\nx` }), 2);
    for (const text of ['--b', '--b\r\n', '--b\r\nc', '--b\r\nContent-Type', '\r\n\r\n--b\r\n\r\n']) {
      assert.equal(depth({ type: mixed, text }), 1, text);
    }
  });

  it('cost time in proportion to their octets', () => {
    const flat = { type: 'multipart/mixed;boundary=b', text: `--b\r\n${inner(12)}\r\n\r\n`.repeat(1500) };
    const deep = nested(300, () => 'b');
    const started = process.cpuUsage();
    for (let round = 0; round < 20; round++) for (const body of [flat, deep]) isDeeper(body, 8);
    const { user } = process.cpuUsage(started);
    assert.ok(user < 2_000_000, `${user} µs`);
  });
});

describe('the part of a type', () => {
  const found = ({ type, text }: Body, wanted = 'application/sdp') => {
    const headers = new Headers().addRaw('Content-Type', type);
    const part = partOfType({ method: 'INVITE', uri: 'sip:a', headers, body: Buffer.from(text, 'latin1') }, wanted);
    return part && Buffer.from(part).toString('latin1');
  };
  const mixed = 'multipart/mixed;boundary=b';

  it('is the first of that type, without the line break of the delimiter', () => {
    const parts = ['text/plain', 'Application/SDP; a=b', 'application/sdp'].map((type) => {
      return `--b\r\nContent-Type: ${type}\r\n\r\n${type}\r\n`;
    });
    assert.equal(found({ type: mixed, text: `${parts.join('')}--b--\r\n` }), 'Application/SDP; a=b');
    assert.equal(found({ type: mixed, text: parts.join('').replaceAll('\r', '') }), 'Application/SDP; a=b');
  });

  it('may lie in a part of parts', () => {
    const inside = '--c\r\nc: application/sdp\r\n\r\nv=0\r\n\r\n--c--';
    const text = `--b\r\nContent-Type: multipart/alternative; boundary="c"\r\n\r\n${inside}\r\n--b--`;
    assert.equal(found({ type: mixed, text }), 'v=0\r\n');
  });

  it('is not there', () => {
    assert.equal(found({ type: mixed, text: '--b\r\n\r\nv=0\r\n--b--' }), undefined);
    assert.equal(found({ type: 'application/sdp', text: 'v=0' }), undefined);
    assert.equal(found({ type: 'multipart/mixed', text: 'v=0' }), undefined);
  });
});

function inner(length: number): string {
  return `Content-Type: multipart/mixed;boundary=${'c'.repeat(length)}`;
}
