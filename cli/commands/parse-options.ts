/** Option values, with what is wrong with them. Pure. */
import { InvalidArgumentError } from 'commander';

export const numberBetween =
  (min: number, max: number, { whole = false } = {}) =>
  (text: string): number => {
    const value = text.trim() === '' ? Number.NaN : Number(text);
    if (!(value >= min && value <= max) || (whole && !Number.isInteger(value)))
      throw new InvalidArgumentError(`It must be a ${whole ? 'whole ' : ''}number from ${min} to ${max}.`);
    return value;
  };

/** Options that may be given more than once, or as a list with commas. */
export const oneOf =
  (allowed: readonly string[]) =>
  (text: string, before: string[] = []): string[] => {
    const values = text.split(',').map((value) => allowed.find((name) => name.toLowerCase() === value.trim().toLowerCase()));
    if (values.includes(undefined)) throw new InvalidArgumentError(`Choose from ${allowed.join(', ')}.`);
    return [...before, ...values.filter((value) => value !== undefined)];
  };

export const several = (text: string, before: string[] = []): string[] => [...before, text];
