/**
 * Returns the first position in ascending numbers whose value is at least `value`; `end` when there is none.
 * @param end  Position before which the numbers ascend; what follows is not looked at.
 */
export function lowerBound(numbers: Uint32Array, value: number, end: number = numbers.length): number {
  let low = 0;
  let high = end;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((numbers[middle] ?? 0) < value) low = middle + 1;
    else high = middle;
  }
  return low;
}
