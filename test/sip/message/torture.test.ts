import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { CONTACT } from '../../../src/sip/message/header-types.ts';
import type { Request } from '../../../src/sip/message/message.ts';
import { isSip, parseUri, unescapeUri } from '../../../src/sip/message/uri.ts';
import { judge, passed } from '../../support/sip-judge.ts';

/** expected.json beside the messages of RFC 4475; its legend says what the fields mean. */
interface Expected {
  readonly files: readonly {
    readonly file: string;
    readonly section: string;
    readonly class: string;
    readonly expect: {
      readonly parse?: true;
      readonly never?: readonly number[];
      readonly ok?: readonly number[];
      readonly prefer?: number;
      readonly error?: true;
      readonly liberal?: true;
      readonly ok_any?: true;
      readonly response?: null;
    };
  }[];
}

const folder = process.env.TORTURE_DIR;

describe('RFC 4475', { skip: folder === undefined && 'TORTURE_DIR names no folder with the messages' }, () => {
  if (folder === undefined) return;
  const read = (file: string) => readFileSync(join(folder, file));
  const { files } = JSON.parse(read('expected.json').toString()) as Expected;

  for (const { file, section, expect } of files) {
    it(`${section} ${file}`, () => {
      const verdict = judge(read(file));
      if (expect.response === null) {
        // A response: usable when it may be parsed, else dropped without an answer.
        if (expect.parse) assert.equal(verdict.kind, 'response');
        else assert.ok(verdict.kind === 'malformed' || verdict.kind === 'dropped', verdict.kind);
      } else if (verdict.kind === 'refused') {
        if (expect.ok_any) return;
        assert.ok(!expect.never?.includes(verdict.status), `${verdict.status}: ${verdict.refusal.message}`);
        if (expect.prefer !== undefined) assert.equal(verdict.status, expect.prefer);
        if (expect.ok !== undefined) assert.ok(expect.ok.includes(verdict.status), `${verdict.status}`);
        else assert.ok(expect.error, `refused with ${verdict.status}: ${verdict.refusal.message}`);
      } else {
        // What is only decided above (401, 404, 420, 483 …) passes this layer.
        assert.equal(verdict.kind, 'request');
        assert.ok(expect.parse || expect.liberal, 'passed, although a refusal is owed');
      }
    });
  }

  const uriOf = (request: Request) => {
    const uri = parseUri(request.uri);
    assert.ok(isSip(uri));
    return uri;
  };
  const contactsOf = (request: Request) =>
    request.headers.all(CONTACT).map((contact) => {
      assert.ok(contact !== '*' && isSip(contact.uri));
      return contact as { uri: typeof contact.uri; params: typeof contact.params };
    });

  it('keeps the NULs of escnull apart', () => {
    const users = contactsOf(passed(read('escnull.dat'))).map(({ uri }) => unescapeUri(uri.user ?? ''));
    assert.deepEqual(users, ['\0', '\0\0']);
  });

  it('finds two contacts in esc02', () => {
    assert.equal(contactsOf(passed(read('esc02.dat'))).length, 2);
  });

  it('finds all of the user part in semiuri', () => {
    assert.equal(unescapeUri(uriOf(passed(read('semiuri.dat'))).user ?? ''), 'user;par=u@example.net');
  });

  it('gives unknownparam to the header in cparam01 and to the URI in cparam02', () => {
    const [inHeader] = contactsOf(passed(read('cparam01.dat')));
    assert.deepEqual([inHeader?.params.has('unknownparam'), inHeader?.uri.params.has('unknownparam')], [true, false]);
    const [inUri] = contactsOf(passed(read('cparam02.dat')));
    assert.deepEqual([inUri?.params.has('unknownparam'), inUri?.uri.params.has('unknownparam')], [false, true]);
  });

  it('keeps the header part of regescrt', () => {
    assert.equal(contactsOf(passed(read('regescrt.dat')))[0]?.uri.headers, 'Route=%3Csip:sip.example.com%3E');
  });

  it('frames the bodies of mpart01 and dblreq by Content-Length', () => {
    assert.equal(passed(read('mpart01.dat')).body.length, 553);
    assert.equal(passed(read('dblreq.dat')).body.length, 0);
  });
});
