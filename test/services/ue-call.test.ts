import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { another, OFFER, pair } from '../call/flows.ts';
import { Rig } from '../call/rig.ts';

describe('a call from user to user', () => {
  for (const uri of [
    'sip:bob@ims.test',
    'sip:bob@elsewhere.test',
    'tel:+15550002',
    'tel:1-555-0002;phone-context=ims.test',
    'sip:+15550002@ims.test;user=phone',
  ]) {
    it(`finds Bob as ${uri}`, async () => {
      const { rig, alice, bob } = pair();
      alice.invite(uri, { sdp: OFFER });
      await rig.settle();
      bob.takeRequest('INVITE');
    });
  }

  it('is refused 404 when nobody has the number', () => {
    const { alice } = pair();
    alice.invite('tel:+19999', { sdp: OFFER }).take('404 INVITE');
  });

  it('is refused 480 when the user is not registered', () => {
    const { rig, alice, bob } = pair();
    const removed = rig.registrations.of(bob.subscriber).map((binding) => {
      return { binding, event: 'unregistered' as const, replaced: false };
    });
    rig.registrations.change({ subscriber: bob.subscriber, removed, bound: [] });
    alice.invite('sip:bob@ims.test', { sdp: OFFER }).take('480 INVITE');
  });

  it('is refused 486 when somebody calls the phone it calls from', () => {
    const { alice } = pair();
    alice.invite('sip:alice@ims.test', { sdp: OFFER }).take('486 INVITE');
  });

  it('is so too when that phone names another Contact', () => {
    const { alice } = pair();
    const headers = { Contact: '<sip:alice@192.168.0.7>' };
    alice.invite('sip:alice@ims.test', { sdp: OFFER, headers }).take('486 INVITE');
  });

  it('is so too when that phone calls over another connection', () => {
    const { alice } = pair();
    alice.flow = { ...alice.flow, remote: { ...alice.flow.remote, port: 40_000 } };
    alice.invite('sip:alice@ims.test', { sdp: OFFER }).take('486 INVITE');
  });

  it('to the own number rings the other phones', async () => {
    const { rig, alice } = pair();
    const desk = another(rig, alice, '10.0.0.3');
    alice.invite('tel:+15550001', { sdp: OFFER });
    await rig.settle();
    desk.takeRequest('INVITE');
    assert.deepEqual(alice.takeAll(), []);
  });

  it('of a shared number finds the user who is registered', async () => {
    const rig = new Rig();
    const away = rig.phone(['sip:away@ims.test', 'tel:+15550009'], '10.0.0.8');
    const [binding] = rig.registrations.of(away.subscriber);
    assert(binding !== undefined);
    const removed = [{ binding, event: 'expired' as const, replaced: false }];
    rig.registrations.change({ subscriber: away.subscriber, removed, bound: [] });
    const here = rig.phone(['sip:here@ims.test', 'tel:+15550009'], '10.0.0.9');
    const { alice } = pair(rig);
    alice.invite('tel:+15550009', { sdp: OFFER });
    await rig.settle();
    here.takeRequest('INVITE');
  });
});
