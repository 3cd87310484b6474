import type { SearchKey } from '#lib/imap';

/** Source of the data for a key, cheapest first: #mail/search evaluates in this order. */
const KeyCost = { Image: 0, Rows: 1, Text: 2 } as const;

/** Returns the cost of the most expensive part of a key. */
function keyCost(key: SearchKey): (typeof KeyCost)[keyof typeof KeyCost] {
  switch (key.kind) {
    case 'and':
      return dearest(key.keys.map(keyCost));
    case 'or':
      return dearest([keyCost(key.left), keyCost(key.right)]);
    case 'not':
      return keyCost(key.key);
    case 'bcc':
    case 'cc':
    case 'from':
    case 'to':
    case 'subject':
    case 'header':
    case 'body':
    case 'text':
      return KeyCost.Text;
    case 'before':
    case 'on':
    case 'since':
    case 'sentBefore':
    case 'sentOn':
    case 'sentSince':
    case 'savedBefore':
    case 'savedOn':
    case 'savedSince':
    case 'larger':
    case 'smaller':
    case 'older':
    case 'younger':
      return KeyCost.Rows;
    default:
      return KeyCost.Image;
  }
}

function dearest(costs: readonly (typeof KeyCost)[keyof typeof KeyCost][]): (typeof KeyCost)[keyof typeof KeyCost] {
  return costs.reduce((most, cost) => (cost > most ? cost : most), KeyCost.Image);
}

/** Cost of testing one message for a key, by `KeyCost`, relative to a test in the memory image. */
const weights = [1, 20, 200] as const;

/** Returns the cost of all keys for one message, nested ones included. */
export function keyWeight(key: SearchKey): number {
  switch (key.kind) {
    case 'and':
      return key.keys.reduce((sum, inner) => sum + keyWeight(inner), 0);
    case 'or':
      return keyWeight(key.left) + keyWeight(key.right);
    case 'not':
      return keyWeight(key.key);
    default:
      return weights[keyCost(key)] ?? 0;
  }
}

/** Counts the keys, nested ones included. */
export function countKeys(key: SearchKey): number {
  switch (key.kind) {
    case 'and':
      return key.keys.reduce((count, inner) => count + countKeys(inner), 1);
    case 'or':
      return 1 + countKeys(key.left) + countKeys(key.right);
    case 'not':
      return 1 + countKeys(key.key);
    default:
      return 1;
  }
}
