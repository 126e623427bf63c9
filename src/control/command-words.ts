import { CommandError } from './command.ts';

/**
 * Cuts a line into words at blanks. Single quotes keep everything, double quotes everything but `\"` and `\\`, and a
 * backslash outside quotes the next character; quotes may stand inside a word: `file.path="/var/my logs"`.
 * @throws CommandError when a quote is not closed.
 */
export function splitWords(line: string): string[] {
  const words: string[] = [];
  let word: string | undefined;
  let quote = '';
  for (let at = 0; at < line.length; at++) {
    const char = line[at] as string;
    if (char === quote) quote = '';
    else if (quote === "'") word += char;
    else if (char === '\\' && at + 1 < line.length && (quote === '' || /["\\]/.test(line[at + 1] as string))) {
      word = (word ?? '') + line[++at];
    } else if (quote === '' && (char === '"' || char === "'")) {
      quote = char;
      word ??= '';
    } else if (quote === '' && /\s/.test(char)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else word = (word ?? '') + char;
  }
  if (quote !== '') throw new CommandError(`a ${quote} is not closed`);
  if (word !== undefined) words.push(word);
  return words;
}
