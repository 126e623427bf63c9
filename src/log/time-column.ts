import type { TimeStyle } from './options.ts';

/** The first column of a line, in the machine's time zone. What changes once a second is made once a second. */
export class TimeColumn {
  readonly #startedAt: number;
  #second = Number.NaN;
  #date = '';
  #timeOfDay = '';
  #secondOfDay = 0;

  /** @param startedAt milliseconds since 1970 that the style `sec` counts from. */
  constructor(startedAt: number) {
    this.#startedAt = startedAt;
  }

  /** @param wallMs milliseconds since 1970. */
  print(wallMs: number, style: TimeStyle): string {
    if (style === 'sec') return (Math.max(0, wallMs - this.#startedAt) / 1000).toFixed(3);
    const fraction = this.#enter(wallMs);
    const time = `${this.#timeOfDay}.${padded(fraction, 3)}`;
    return style === 'short' ? time : `${this.#date} ${time}`;
  }

  /** Seconds since midnight, milliseconds in the fraction: the timestamp of log_get (manual §6.4). */
  secondOfDay(wallMs: number): number {
    const fraction = this.#enter(wallMs);
    return (this.#secondOfDay * 1000 + fraction) / 1000;
  }

  /** `2026-11-23 04:50:16`. */
  dateAndTime(wallMs: number): string {
    this.#enter(wallMs);
    return `${this.#date} ${this.#timeOfDay}`;
  }

  /** Makes the texts of the second `wallMs` lies in; the milliseconds into it. */
  #enter(wallMs: number): number {
    const second = Math.floor(wallMs / 1000);
    if (second !== this.#second) {
      this.#second = second;
      const local = new Date(second * 1000);
      const [hours, minutes, seconds] = [local.getHours(), local.getMinutes(), local.getSeconds()];
      this.#date = `${padded(local.getFullYear(), 4)}-${padded(local.getMonth() + 1, 2)}-${padded(local.getDate(), 2)}`;
      this.#timeOfDay = `${padded(hours, 2)}:${padded(minutes, 2)}:${padded(seconds, 2)}`;
      this.#secondOfDay = (hours * 60 + minutes) * 60 + seconds;
    }
    return Math.floor(wallMs) - second * 1000;
  }
}

function padded(value: number, width: number): string {
  return String(value).padStart(width, '0');
}
