/** What registrations and calls cost the server, over UDP. */
import { answerCalls, call, softphoneSdp } from './calls.ts';
import { costOf, repeat } from './load.ts';
import { refresh, register } from './registrations.ts';
import { withPhones, withServer } from './server.ts';
import { ShortMessages } from './short-messages.ts';
import type { Result } from './table.ts';
import { type Authentication, userEntries } from './users.ts';
import { answerVolteCalls, volteCall } from './volte-calls.ts';

const USERS = 1000;
const REGISTRATIONS = 2000;
const CALLS = 1000;
const MESSAGES = 1000;

/** @param echo the floor, see floor.ts. */
export async function registrationBench(echo: number): Promise<Result[]> {
  const logged = { log_filename: 'ims.log', log_options: 'sip.level=debug,sip.max_size=1' };
  const cost = registrationCost;
  return [
    { name: 'registration, MD5 (401)', unit: 'µs', value: await cost('MD5'), floor: 2 * echo },
    {
      name: 'registration, MD5, with every message logged',
      unit: 'µs',
      value: await cost('MD5', logged),
      floor: 2 * echo,
    },
    { name: 'registration, AKAv1 with Milenage (401)', unit: 'µs', value: await cost('AKAv1'), floor: 2 * echo },
    { name: 'refresh, MD5 (no 401)', unit: 'µs', value: await refreshCost(), floor: echo },
  ];
}

function registrationCost(authentication: Authentication, config: object = {}): Promise<number> {
  return withServer(
    userEntries(USERS, authentication),
    ({ endpoint, process }) =>
      withPhones({ endpoint, process }, (phones) =>
        costOf(process, (index, done) => register(phones, index % USERS, done), REGISTRATIONS),
      ),
    config,
  );
}

function refreshCost(): Promise<number> {
  return withServer(userEntries(USERS, 'MD5'), (server) =>
    withPhones(server, async (phones) => {
      const challenges: string[] = [];
      await repeat((index, done) => {
        register(phones, index, (challenge) => {
          challenges[index] = challenge;
          done();
        });
      }, USERS);
      return costOf(
        server.process,
        (index, done) => {
          const user = index % USERS;
          refresh(phones, user, challenges[user] ?? '', 2 + Math.floor(index / USERS), done);
        },
        REGISTRATIONS,
      );
    }),
  );
}

/** @param echo the floor, see floor.ts. */
export async function callBench(echo: number): Promise<Result[]> {
  const believed = { auth_on_register_only: true };
  // 16 datagrams with a challenge, 13 without.
  return [
    { name: 'call, signalling only, no 407', unit: 'µs', value: await callCost(false, believed), floor: 6.5 * echo },
    { name: 'call, signalling only, 407', unit: 'µs', value: await callCost(false), floor: 8 * echo },
    { name: 'call with media ports, 407', unit: 'µs', value: await callCost(true), floor: 8 * echo },
    // 22 datagrams.
    { name: 'VoLTE call: 100rel, preconditions, media ports', unit: 'µs', value: await volteCost(), floor: 11 * echo },
  ];
}

function callCost(media: boolean, config: object = {}): Promise<number> {
  return withServer(
    userEntries(2 * USERS, 'MD5'),
    (server) =>
      withPhones(server, (callers) =>
        withPhones(server, async (called) => {
          await repeat((index, done) => register(index < USERS ? callers : called, index, () => done()), 2 * USERS);
          const sdp = softphoneSdp(server.endpoint.address, media ? 40_000 : 0);
          answerCalls(called, sdp);
          return costOf(
            server.process,
            (index, done) => call(callers, index % USERS, USERS + (index % USERS), sdp, done),
            CALLS,
          );
        }),
      ),
    config,
  );
}

function volteCost(): Promise<number> {
  // The phones of the benchmark do not register as those of VoLTE.
  const users = userEntries(2 * USERS, 'MD5').map((user) => ({ ...user, precondition: true }));
  return withServer(
    users,
    (server) =>
      withPhones(server, (callers) =>
        withPhones(server, async (called) => {
          await repeat((index, done) => register(index < USERS ? callers : called, index, () => done()), 2 * USERS);
          const { address } = server.endpoint;
          answerVolteCalls(called, address);
          return costOf(
            server.process,
            (index, done) => volteCall(callers, index % USERS, USERS + (index % USERS), address, done),
            CALLS,
          );
        }),
      ),
    { auth_on_register_only: true },
  );
}

/** @param echo the floor, see floor.ts. */
export async function smsBench(echo: number): Promise<Result[]> {
  const believed = { auth_on_register_only: true };
  const kept = { ...believed, ue_db_filename: 'state.db' };
  // MESSAGE and its answer each for RP-DATA and RP-ACK on both sides: 8 datagrams.
  return [
    { name: 'short message, from phone to phone', unit: 'µs', value: await messageCost(believed), floor: 4 * echo },
    { name: 'short message, with a state file', unit: 'µs', value: await messageCost(kept), floor: 4 * echo },
  ];
}

function messageCost(config: object): Promise<number> {
  return withServer(
    userEntries(USERS, 'MD5'),
    (server) =>
      withPhones(server, async (phones) => {
        await repeat((index, done) => register(phones, index, () => done(), ';+g.3gpp.smsip'), USERS);
        const messages = new ShortMessages(phones);
        return costOf(
          server.process,
          (index, done) => messages.send(index % USERS, (index + 1) % USERS, done),
          MESSAGES,
        );
      }),
    config,
  );
}
