/**
 * Header text is one character per octet (latin1), whatever the octets mean: RFC 3261 §25.1 allows UTF-8 in display
 * names, reason phrases and extension headers, and what is only forwarded must leave as it came.
 */

/**
 * The same header text, holding on to nothing else. Text cut out of a message keeps all of the message in memory;
 * what outlives the message (a binding, a dialog) is kept as its own.
 */
export function ownText(text: string): string {
  return Buffer.from(text, 'latin1').toString('latin1');
}

const NOT_ONE_LINE = /[\r\n\u0100-\uffff]/;

/** Text for one line: line ends are spaces, and when there is a character beyond an octet all are UTF-8. */
export function octetText(text: string): string {
  if (!NOT_ONE_LINE.test(text)) return text;
  const octets = /[\u0100-\uffff]/.test(text) ? Buffer.from(text, 'utf8').toString('latin1') : text;
  return octets.replace(/[\r\n]+/g, ' ');
}
