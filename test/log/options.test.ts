import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { MalformedError } from '../../src/core/errors.ts';
import { LAYERS, LEVELS } from '../../src/core/logger.ts';
import { checkLogOptions, DEFAULT_LOG_OPTIONS, parseLogOptions, printLogOptions } from '../../src/log/options.ts';

describe('log_options', () => {
  it('reads the published example', () => {
    const { options } = parseLogOptions(
      'all.level=error,sip.level=debug,sip.max_size=1,ims.level=debug,rx.level=debug,rx.max_size=1,cx.level=debug,cx.max_size=1',
    );
    assert.deepEqual(
      LAYERS.map((layer) => [layer, options.layers[layer].level, options.layers[layer].maxSize]),
      [
        ['ims', 'debug', -1],
        ['sip', 'debug', 1],
        ['cx', 'debug', 1],
        ['rx', 'debug', 1],
        ['media', 'error', -1],
        ['ipsec', 'error', -1],
        ['sgsap', 'error', -1],
      ],
    );
  });

  it('lets later assignments win, those of all included', () => {
    assert.equal(parseLogOptions('sip.level=debug,all.level=info').options.layers.sip.level, 'info');
    assert.equal(parseLogOptions('all.level=info,sip.level=debug').options.layers.sip.level, 'debug');
    assert.equal(parseLogOptions('time=sec,time=full').options.time, 'full');
  });

  it('keeps what it is not told to change', () => {
    const { options: before } = parseLogOptions('all.level=info,append=1,file.path=/old');
    const { options } = parseLogOptions('cx.key=1', before);
    assert.deepEqual(options, {
      ...before,
      layers: { ...before.layers, cx: { ...before.layers.cx, key: true } },
    });
  });

  it('reads every other assignment', () => {
    const { options, actions } = parseLogOptions(
      ' ims.payload=1, ims.key = 1 ,ims.crypto=1,file=cut,file.rotate=10M,file.rotate=now,file.path=/var/my logs,append=1,',
    );
    assert.deepEqual(options.layers.ims, { level: 'error', maxSize: -1, payload: true, key: true, crypto: true });
    assert.equal(options.rotateSize, 10 * 1024 * 1024);
    assert.equal(options.path, '/var/my logs');
    assert.equal(options.append, true);
    assert.deepEqual(actions, ['cut', 'rotate']);
  });

  it('reads sizes', () => {
    for (const [size, octets] of [
      ['0', 0],
      ['500', 500],
      ['1k', 1024],
      ['100K', 102_400],
      ['3G', 3 * 2 ** 30],
    ] as const) {
      assert.equal(parseLogOptions(`file.rotate=${size}`).options.rotateSize, octets, size);
    }
  });

  const wrong: readonly [string, string, number][] = [
    ['sip.level=verbose', 'sip.level=verbose: level is one of none, error, warn, info, debug', 0],
    ['all.level=info, sip.level', 'sip.level: an assignment has the form name=value', 16],
    ['nas.level=info', "nas.level=info: unknown layer 'nas', known are all, ims, sip, cx, rx, media, ipsec, sgsap", 0],
    ['sip.color=1', "sip.color=1: unknown property 'color', a layer has level, max_size, payload, key, crypto", 0],
    ['time=long', 'time=long: time is one of sec, short, full', 0],
    ['append=yes', 'append=yes: append is 0 or 1', 0],
    ['sip.max_size=-2', 'sip.max_size=-2: max_size is a number of bytes, 0 for none or -1 for no limit', 0],
    ['file=new', 'file=new: file takes only cut', 0],
    [
      'all.level=error ims.level=info',
      'all.level=error ims.level=info: assignments are separated by commas: one is missing before ims.level',
      0,
    ],
    [
      'file.path=old append=1',
      'file.path=old append=1: assignments are separated by commas: one is missing before append',
      0,
    ],
    ['time=sec,file.rotate=5T', 'file.rotate=5T: file.rotate is now or a size such as 4096, 100K, 10M or 1G', 9],
  ];
  for (const [text, message, offset] of wrong) {
    it(`refuses ${text}`, () => {
      assert.throws(
        () => parseLogOptions(text),
        (error) => error instanceof MalformedError && error.offset === offset,
      );
      assert.equal(checkLogOptions(text), `${message} at offset ${offset}`);
    });
  }

  it('takes a path with a blank', () => {
    assert.equal(parseLogOptions('file.path=/var/my logs/a=b').options.path, '/var/my logs/a=b');
  });

  it('refuses names that only objects have', () => {
    for (const text of ['constructor=1', 'sip.constructor=1', 'toString.level=info', 'sip.level.x=1']) {
      assert.match(checkLogOptions(text) ?? 'accepted', /unknown/, text);
    }
  });

  it('prints what reads back as the same options', () => {
    const assignment = fc.oneof(
      fc.tuple(fc.constantFrom('all', ...LAYERS), fc.constantFrom(...LEVELS)).map(([l, v]) => `${l}.level=${v}`),
      fc.tuple(fc.constantFrom(...LAYERS), fc.integer({ min: -1, max: 99 })).map(([l, v]) => `${l}.max_size=${v}`),
      fc.tuple(fc.constantFrom(...LAYERS), fc.constantFrom('payload', 'key', 'crypto')).map(([l, p]) => `${l}.${p}=1`),
      fc.constantFrom('time=sec', 'time=full', 'append=1', 'file.rotate=7K', 'file.path=old'),
    );
    fc.assert(
      fc.property(fc.array(assignment), (assignments) => {
        const { options } = parseLogOptions(assignments.join(','));
        assert.deepEqual(parseLogOptions(printLogOptions(options)).options, options);
      }),
      { numRuns: 50 },
    );
    assert.equal(checkLogOptions(''), undefined);
    assert.deepEqual(parseLogOptions('').options, DEFAULT_LOG_OPTIONS);
  });
});
