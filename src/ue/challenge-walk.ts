import { MalformedError } from '../core/errors.ts';
import {
  AUTHORIZATION,
  type Challenge,
  PROXY_AUTHENTICATE,
  PROXY_AUTHORIZATION,
  WWW_AUTHENTICATE,
} from '../sip/message/authorization.ts';
import { type HeaderValue, header } from '../sip/message/build.ts';
import type { Request, Response } from '../sip/message/message.ts';
import type { Answer, ChallengeAnswers } from './challenge-answer.ts';

/** One challenge of a request and what became of it. */
export interface AuthenticationStep {
  /** 401 or 407. */
  readonly status: number;
  readonly challenge: Challenge;
  readonly answer: Answer;
}

/** RFC 3261 §22.1: what was refused is not sent again; once more only because the nonce was stale. */
const MOST_ANSWERS = 2;
/** TS 24.229 §5.1.1.5.3: two consecutive invalid challenges are answered, then the handset gives up. */
const MOST_INVALID = 2;

/** The challenges of one request until it is accepted, refused, or given up. */
export class ChallengeWalk {
  readonly steps: AuthenticationStep[] = [];
  readonly #answers: ChallengeAnswers;
  readonly #onStep: (step: AuthenticationStep) => void;
  #answered = 0;
  #invalid = 0;

  constructor(answers: ChallengeAnswers, onStep: (step: AuthenticationStep) => void) {
    this.#answers = answers;
    this.#onStep = onStep;
  }

  /**
   * The header to send `request` again with after `response` challenged it; undefined when that was no challenge, or one
   * there is no answer to.
   */
  next(request: Request, response: Response): HeaderValue | undefined {
    const { status } = response;
    if (status !== 401 && status !== 407) return undefined;
    const challenges = challengesOf(response);
    const refused = this.#answered > 0 && challenges.every(({ stale }) => stale !== true);
    if (refused || this.#answered >= MOST_ANSWERS || this.#invalid >= MOST_INVALID) return undefined;
    const answer = this.#answer(status, challenges, request);
    if (answer === undefined || answer.kind === 'unanswerable') return undefined;
    if (answer.kind === 'mac-failure' || answer.kind === 'sync-failure') this.#invalid++;
    else this.#answered++;
    return header(status === 401 ? AUTHORIZATION : PROXY_AUTHORIZATION, answer.credentials);
  }

  /** RFC 8760 §2.4: the first challenge in the server's order that can be answered. */
  #answer(status: number, challenges: readonly Challenge[], request: Request): Answer | undefined {
    let answer: Answer | undefined;
    for (const challenge of challenges) {
      answer = this.#answers.answer(challenge, request.method, request.uri);
      const step = { status, challenge, answer };
      this.steps.push(step);
      this.#onStep(step);
      if (answer.kind !== 'unanswerable') break;
    }
    return answer;
  }
}

/** None when they cannot be read: nothing can be answered then. */
function challengesOf({ status, headers }: Response): readonly Challenge[] {
  try {
    return headers.all(status === 401 ? WWW_AUTHENTICATE : PROXY_AUTHENTICATE);
  } catch (error) {
    if (error instanceof MalformedError) return [];
    throw error;
  }
}
